"""The pyramid of disputes: settled near home, then the police, then the courts; the base below, as broad as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import streamlit as st

from dashboard.look import DASH, asset, count, state_label
from dashboard.look import number as written
from metrics.core.model import Metric

#: upright: the base is at least as broad as the layers above it; inverted: narrower than one of them.
Form = Literal["upright", "inverted", "few", "unknown"]
FORM_LABELS: dict[Form, str] = {
    "upright": "正金字塔",
    "inverted": "倒金字塔",
    "few": state_label("small_n"),
    "unknown": "无从判断",
}
FORM_SHAPES: dict[Form, str] = {"upright": "▲", "inverted": "▼", "few": "", "unknown": ""}


@dataclass(frozen=True)
class Layer:
    """One layer. ``value`` None where it is not recorded for this region, which ``note`` then says; ``change``: against the
    previous period, in words."""

    metric: Metric
    label: str
    value: int | None
    change: str = ""
    note: str = ""


def form(base: int | None, police: int | None, civil: int | None, minimum: int) -> Form:
    """What the three layers make: inverted where the base is narrower than the police or the courts' layer.

    A layer that is None is not recorded and not compared; fewer than ``minimum`` disputes together say nothing.
    """
    above = [layer for layer in (police, civil) if layer is not None]
    if base is None or not above:
        return "unknown"
    if base + sum(above) < minimum:
        return "few"
    return "inverted" if any(base < layer for layer in above) else "upright"


def finding(name: str, base: int | None, police: int | None, civil: int | None, minimum: int) -> str:
    """The form in words with the figures that make it: ``株洲市呈倒金字塔：基层化解 2,054，少于警情 4,242``."""
    found = form(base, police, civil, minimum)
    if found in ("few", "unknown"):
        return f"{name}矛盾化解结构：{FORM_LABELS[found]}"
    said = [
        f"{words} {count(layer)}"
        for words, layer in (("警情", police), ("收案", civil))
        if layer is not None and (found == "upright" or (base or 0) < layer)
    ]
    than = "少于" if found == "inverted" else "不少于"
    return f"{name}呈{FORM_LABELS[found]}：基层化解 {count(base)}，{than}{'、'.join(said)}"


def alt(name: str, layers: Sequence[Layer]) -> str:
    """The picture as one sentence."""
    said = [f"{layer.label} {_said(layer)}" for layer in layers]
    return f"{name}矛盾化解结构，自下而上：{'，'.join(reversed(said))}。"


def html(name: str, layers: Sequence[Layer], found: Form) -> str:
    """The picture, ``layers`` from the top down. Everything from data is escaped."""
    most = max((layer.value for layer in layers if layer.value is not None), default=0) or 1
    drawn = "".join(_layer(layer, most, base=layer is layers[-1], found=found) for layer in layers)
    return (
        f"<style>{asset('pyramid.css')}</style>"
        f'<div class="yp-pyramid" role="img" aria-label="{escape(alt(name, layers))}">{drawn}</div>'
    )


def show(name: str, layers: Sequence[Layer], found: Form) -> None:
    """Draw the picture. Needs a Streamlit session."""
    st.html(html(name, layers, found))


def _said(layer: Layer) -> str:
    return layer.note or DASH if layer.value is None else f"{written(layer.value, layer.metric)} 件"


def _layer(layer: Layer, most: int, *, base: bool, found: Form) -> str:
    label = f"<span>{escape(layer.label)}</span>"
    if layer.value is None:
        return f'<div class="layer none"><p>{label}<i>{escape(layer.note or DASH)}</i></p></div>'
    classes = " ".join(["bar", *(["base"] if base else []), *(["narrow"] if base and found == "inverted" else [])])
    figure = (
        f'<b title="{escape(count(layer.value))} 件">{escape(written(layer.value, layer.metric))}</b><small>件</small>'
    )
    moved = f"<i>{escape(layer.change)}</i>" if layer.change else ""
    return (
        f'<div class="layer"><p>{label}{figure}{moved}</p>'
        f'<div class="{classes}" style="width:{100 * layer.value / most:.2f}%"></div></div>'
    )
