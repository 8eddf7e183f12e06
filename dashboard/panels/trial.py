"""试算: the scheme in view with other weights. Nothing is stored, and everything says so."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.look import signed, state_label
from dashboard.panels.scheme import Standing
from dashboard.views import table
from metrics.core.scheme import Scheme

_STEPS = 20


def trial_popover(found: Standing) -> None:
    """Sliders for the weights of the scheme's parts, and how everyone would stand; none where it has no parts."""
    if not found.chosen.parts:
        return
    with st.popover("试算权重", type="tertiary"), st.container(key="yp-trial"):
        _trial(found)


@st.fragment
def _trial(found: Standing) -> None:
    st.html(
        '<div class="yp-panel-title"><b>试算权重</b><span class="yp-tag">试算，不保存</span></div>'
        '<p class="yp-quiet">只改变这里的试算，不影响本页其他数字、现行方案和导出；各项按权重之和折算。</p>'
    )
    chosen = found.chosen
    left, right = st.columns([0.36, 0.64], gap="medium")
    with left:
        weights = {part.label: _slider(chosen, part.label, part.weight) for part in chosen.parts}
    with right:
        if not any(weights.values()):
            st.html('<p class="yp-quiet">至少要有一项的权重大于 0。</p>')
            return
        changed = any(weights[part.label] != part.weight for part in chosen.parts)
        tried = chosen.with_weights(weights) if changed else chosen
        table.show(_outcome(found, tried), key="trial")


def _slider(chosen: Scheme, label: str, weight: float) -> float:
    """The weight of one part, in steps of 0.05; untouched it is the scheme's own."""
    step = 1 / _STEPS
    value = st.slider(
        f"{label}（现为 {weight:.2f}）", 0.0, 1.0, round(weight / step) * step, step, key=f"trial-{chosen.name}-{label}"
    )
    return weight if abs(value - weight) < step / 2 else float(value)


def _outcome(found: Standing, tried: Scheme) -> dict[str, Any]:
    now = {row["region_code"]: row for row in found.league.rows(named=True)}
    then = found.league_under(tried, found.page.period).rows(named=True)
    order = sorted(then, key=lambda row: (row["value"] is None, -(row["value"] or 0.0), row["region_code"]))
    rows = [
        table.Row(
            row["region_code"],
            [
                table.Cell(found.names[row["region_code"]]),
                table.Cell(_places(now[row["region_code"]]), "muted"),
                table.Cell(_places(row), strong=True),
                table.Cell(state_label("small_n") if row["value"] is None else f"{row['value']:.1f}"),
                table.Cell(_moved(now[row["region_code"]]["value"], row["value"]), "muted"),
            ],
        )
        for row in order
    ]
    heads = ("", "现在位次", "试算位次", "试算得分", "得分变化")
    return table.payload(
        [table.Column(head, right=index > 0) for index, head in enumerate(heads)],
        rows,
        label="试算权重下的位次区间和得分",
        empty="没有可试算的区划。",
        foot="试算结果，未经研究，不作考核依据。",
        dense=True,
    )


def _places(row: dict[str, Any]) -> str:
    low, high = row["rank_low"], row["rank_high"]
    if low is None:
        return state_label("small_n")
    return f"{low}–{high}" if low != high else str(low)


def _moved(before: float | None, after: float | None) -> str:
    return "—" if before is None or after is None else signed(after - before, 1)
