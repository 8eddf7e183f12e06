"""The waterfall of one score: from the period before to this one, step by step, adding up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.look import FONTS, TYPE, Look, rgba, signed, signed_zero
from dashboard.views.trend import CONFIG

#: A step that moves less than this and stands for nothing in both periods is not drawn.
_NOTHING = 5e-4
_SHORT = {"weights": "权重分摊", "bounds": "封顶封底", "ledger": "台账扣分"}
_ROOM = 0.16
_BAR = 0.68
Row = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One column: from ``start`` to ``stop`` on the axis. ``total``: a score itself, else what moved it."""

    label: str
    words: str
    start: float
    stop: float
    total: bool

    @property
    def change(self) -> float:
        """The points that it adds."""
        return self.stop - self.start


def steps_of(frame: pl.DataFrame) -> list[Step]:
    """The rows of ``metrics.core.waterfall.waterfall`` for one region as columns; those that are nothing in both periods
    are left out, so the changes still add up."""
    found: list[Step] = []
    level = 0.0
    for row in frame.sort("step").iter_rows(named=True):
        if row["change"] is None:
            level = row["after"]
            found.append(Step(row["label"], f"{row['label']} {signed_zero(level, 2)}", 0.0, level, True))
        elif _drawn(row):
            label = _SHORT.get(row["kind"], row["label"])
            found.append(Step(label, _words(row), level, level + row["change"], False))
            level += row["change"]
    return found


def figure(frame: pl.DataFrame, look: Look, *, height: int = 300, factor: float = 1.0) -> go.Figure:
    """The steps as hanging columns between the two scores. ``frame``: the rows of one region; ``height`` px at 1080 lines.

    Scores change little against their height: the axis begins below the lowest step, and the two scores are drawn torn.
    """
    steps = steps_of(frame)
    picture = go.Figure()
    picture.update_layout(**_layout(look, height, factor))
    if not steps:
        return picture
    low, high = _axis(steps)
    for index, step in enumerate(steps):
        picture.add_trace(_column(step, index, low, look))
        picture.add_annotation(**_figure_of(step, index, look, factor))
    for index, (step, after) in enumerate(pairwise(steps)):
        picture.add_shape(
            type="line",
            x0=index + _BAR / 2,
            x1=index + 1 - _BAR / 2,
            y0=step.stop,
            y1=step.stop if not after.total else after.stop,
            line={"color": look.secondary, "width": factor, "dash": "dot"},
        )
    for index in (0, len(steps) - 1):
        if low > 0:
            _tear(picture, index, low, high, look)
    picture.update_xaxes(
        tickvals=list(range(len(steps))),
        ticktext=[_wrapped(step.label, len(steps)) for step in steps],
        range=[-0.5, len(steps) - 0.5],
        tickangle=0,
    )
    picture.update_yaxes(range=[low, high])
    return picture


def alt(frame: pl.DataFrame, name: str) -> str:
    """The waterfall as one sentence: both scores, the change, the steps that moved it most."""
    steps = steps_of(frame)
    if not steps:
        return f"{name}：上期或本期没有得分，无法分解变化。"
    first, last = steps[0], steps[-1]
    moved = [f"{step.label} {signed(step.change, 1)}" for step in biggest(steps)]
    said = f"，变动最大的是{'、'.join(moved)}" if moved else ""
    return (
        f"{name}得分由 {signed_zero(first.stop, 1)} 到 {signed_zero(last.stop, 1)}，"
        f"变化 {signed(last.stop - first.stop, 1)} 分{said}。"
    )


def biggest(steps: Sequence[Step], most: int = 2) -> list[Step]:
    """The steps that moved the score most, the largest first; those that round to nothing are none."""
    moved = [step for step in steps if not step.total and abs(step.change) >= 0.05]
    return sorted(moved, key=lambda step: -abs(step.change))[:most]


def show(picture: go.Figure, *, key: str, alt: str) -> None:
    """Draw the figure. Needs a Streamlit session."""
    st.plotly_chart(picture, key=key, theme=None, config=CONFIG, width="stretch", alt=alt)


def _drawn(row: Row) -> bool:
    """A part that counts in either period stands there even when it did not move; the rest only when it moved."""
    counts = row["kind"] == "part" and ((row["before"] or 0.0) > 0 or (row["after"] or 0.0) > 0)
    return counts or abs(row["change"]) >= _NOTHING


def _words(row: Row) -> str:
    behind = ""
    if row["before"] is not None and row["after"] is not None:
        behind = f"<br>得分中占 {signed_zero(row['before'], 2)} → {signed_zero(row['after'], 2)} 分"
    return f"{row['label']} {signed(row['change'], 2)} 分{behind}"


def _axis(steps: Sequence[Step]) -> tuple[float, float]:
    """From where to where the axis goes: round the levels, never below 0."""
    levels = [level for step in steps for level in ((step.stop,) if step.total else (step.start, step.stop))]
    low, high = min(levels), max(levels)
    room = max(high - low, 2.0)
    return max(floor(low - 0.45 * room), 0.0), high + _ROOM * room


def _column(step: Step, index: int, low: float, look: Look) -> go.Bar:
    colour = look.secondary if step.total else _tone(step, look)
    base = low if step.total else step.start
    return go.Bar(
        x=[index],
        y=[step.stop - base],
        base=[base],
        width=_BAR,
        marker={"color": colour, "line": {"width": 0}, "cornerradius": 3},
        hovertemplate=f"{step.words}<extra></extra>",
        showlegend=False,
    )


def _tone(step: Step, look: Look) -> str:
    if abs(step.change) < 0.05:
        return look.quiet
    return look.better if step.change > 0 else look.worse


def _figure_of(step: Step, index: int, look: Look, factor: float) -> Row:
    text = f"<b>{signed_zero(step.stop, 1)}</b>" if step.total else signed(step.change, 1)
    tone = _tone(step, look)
    return {
        "x": index,
        "y": max(step.start, step.stop) if not step.total else step.stop,
        "text": text,
        "showarrow": False,
        "yanchor": "bottom",
        "yshift": 3 * factor,
        "font": {
            "size": (TYPE.body if step.total else 16) * factor,
            "color": look.text if step.total else look.secondary if tone == look.quiet else tone,
        },
    }


def _tear(picture: go.Figure, index: int, low: float, high: float, look: Look) -> None:
    """A slanted gap through a column whose foot is not the zero of the axis."""
    foot, tall = low + 0.07 * (high - low), 0.022 * (high - low)
    left, right = index - _BAR / 2 - 0.05, index + _BAR / 2 + 0.05
    rise = 0.03 * (high - low)
    picture.add_shape(
        type="path",
        path=f"M {left} {foot} L {right} {foot + rise} L {right} {foot + rise + tall} L {left} {foot + tall} Z",
        fillcolor=look.panel,
        line={"width": 0},
    )


def _wrapped(label: str, columns: int) -> str:
    """In two lines where the columns are narrow, in three where it is long."""
    if columns <= 5:
        return label
    width = max((len(label) + 1) // 2, 2) if len(label) <= 6 else (len(label) + 2) // 3
    return "<br>".join(label[start : start + width] for start in range(0, len(label), width))


def _layout(look: Look, height: int, factor: float) -> dict[str, Any]:
    font = {"family": FONTS, "size": 15 * factor, "color": look.secondary}
    return {
        "height": height * factor,
        "margin": {"l": 4 * factor, "r": 4 * factor, "t": 8 * factor, "b": 6 * factor},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": font,
        "dragmode": False,
        "bargap": 0.2,
        "hoverlabel": {
            "bgcolor": look.panel,
            "bordercolor": look.line,
            "font": {"family": FONTS, "size": 15 * factor, "color": look.text},
        },
        "xaxis": {
            "showgrid": False,
            "zeroline": False,
            "showline": True,
            "linecolor": rgba(look.secondary, 0.5),
            "automargin": True,
            "fixedrange": True,
        },
        "yaxis": {"visible": False, "fixedrange": True},
    }
