"""矛盾化解结构: what was settled near home, what came to the police, what came to the courts, one bar each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import streamlit as st

from dashboard.look import WAN_FROM, count, number
from metrics.core.model import Metric


@dataclass(frozen=True)
class Step:
    """One layer of the pyramid; ``value`` None where it is not measured."""

    label: str
    value: float | None
    metric: Metric


def finding(steps: Sequence[Step]) -> str:
    """Whether it stands on a broad base (正立), or not (倒置); empty where a layer is missing or all are nothing."""
    values = [step.value for step in steps]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not any(known):
        return ""
    if all(one > other for one, other in pairwise(known)):
        return "正立"
    return "倒置" if known[0] < max(known[1:]) else "未正立"


def alt(steps: Sequence[Step]) -> str:
    """The bars as one sentence."""
    said = [f"{step.label} {number(step.value, step.metric)} {step.metric.unit}" for step in steps]
    return f"矛盾化解结构：{'，'.join(said)}。"


def html(steps: Sequence[Step]) -> str:
    """The bars, drawn against the longest."""
    longest = max([step.value for step in steps if step.value is not None], default=0) or 1
    rows = "".join(_row(step, longest, place) for place, step in enumerate(steps))
    return f'<div class="yp-structure" role="img" aria-label="{escape(alt(steps))}">{rows}</div>'


def _row(step: Step, longest: float, place: int) -> str:
    if step.value is None:
        return f"<span>{escape(step.label)}</span><em>该级不统计</em><b>—</b>"
    width = f"{100 * step.value / longest:.1f}%"
    title = f"{count(round(step.value))} {step.metric.unit}" if step.value >= WAN_FROM else ""
    figure = escape(number(step.value, step.metric))
    bar = f'<i class="layer-{place}" style="width:{width}"></i>'
    return f'<span>{escape(step.label)}</span><div>{bar}</div><b title="{escape(title)}">{figure}</b>'


def show(steps: Sequence[Step]) -> None:
    """Draw the bars. Needs a Streamlit session."""
    st.html(html(steps))
