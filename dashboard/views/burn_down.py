"""The burn-down: how much of each batch is still open, month by month since it was assigned, of all that it ever held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.look import DASH, FONTS, TYPE, Look, count, rgba
from dashboard.views.trend import CONFIG
from metrics.core.period import Grain, Period

#: What the picture shows, where there is no finding to say.
MEASURE = "各批积案未化解占比"
#: Earlier batches that a comparison at the same age needs.
FEWEST_BEFORE = 3
#: The newest batches, which are drawn in colour.
MARKED = 3
_LABEL_PX, _LINE_PX = 150, 19


@dataclass(frozen=True)
class Batch:
    """One batch. ``began``: the month in which it was first assigned; ``assigned``: all that it held at the end, the fixed
    denominator; ``resolved``: so far, at the end of the 1st, 2nd … calendar month, the month of assignment counted;
    ``running``: the last month is not over. ``state`` as of the last observation."""

    name: str
    began: date
    assigned: int
    resolved: tuple[int, ...]
    running: bool
    state: str

    @property
    def open(self) -> tuple[int, ...]:
        """What was left at the end of each month."""
        return tuple(self.assigned - done for done in self.resolved)

    @property
    def shares(self) -> tuple[float, ...]:
        """``open`` as a fraction of all."""
        return tuple(left / self.assigned for left in self.open)

    @property
    def full_months(self) -> int:
        """How many months of its age are over."""
        return len(self.resolved) - self.running


@dataclass(frozen=True)
class Plan:
    """What was aimed at: ``share`` open after ``months``, a straight line from the newest batch's assignment on."""

    months: float
    share: float
    label: str


@dataclass(frozen=True)
class SameAge:
    """The newest batch after ``months`` whole months against ``others`` earlier ones at that age: shares resolved."""

    batch: Batch
    months: int
    resolved: float
    usual: float
    others: int


def batches_of(frame: pl.DataFrame, dimension: str, last: date, names: Sequence[tuple[str | None, str]]) -> list[Batch]:
    """The batches in ``frame``, the newest first.

    ``frame``: observations by month and ``dimension`` of a share resolved so far (numerator) of what was assigned so far
    (denominator), up to the day ``last``; ``names``: code and name of the batches. A batch whose state hides its counts
    brings none. One that was there in the first month of the frame already may be older than it looks: the caller asks
    far enough back.
    """
    called = dict(names)
    running = Period.holding(last, Grain.month).last > last
    found = []
    for (code,), rows in frame.sort("period").partition_by(dimension, as_dict=True).items():
        state = str(rows["state"][-1])
        known = rows.filter(pl.col("denominator") > 0)
        if known.is_empty() or state not in ("ok", "small_n"):
            continue
        assigned = int(known["denominator"][-1])
        found.append(
            Batch(
                called.get(code, str(code)),
                known["period"][0],
                assigned,
                tuple(known["numerator"].to_list()),
                running,
                state,
            )
        )
    return sorted(found, key=lambda batch: (batch.began, batch.name), reverse=True)


def same_age(batches: Sequence[Batch], months: int = 3) -> SameAge | None:
    """The newest batch that is ``months`` old or more against the median of earlier ones; None with too few of them."""
    sure = [batch for batch in batches if batch.state == "ok"]
    newest = next((batch for batch in sure if batch.full_months >= months), None)
    if newest is None:
        return None
    age = newest.full_months
    before = [batch for batch in sure if batch.began < newest.began and batch.full_months >= age]
    if len(before) < FEWEST_BEFORE:
        return None
    usual = median(1 - batch.shares[age - 1] for batch in before)
    return SameAge(newest, age, 1 - newest.shares[age - 1], usual, len(before))


def title(batches: Sequence[Batch]) -> str:
    """The finding: the newest batch against earlier ones at the same age; without enough of them the measure."""
    found = same_age(batches)
    if found is None:
        return MEASURE
    left, usual = _rate(1 - found.resolved), _rate(1 - found.usual)
    return f"{found.batch.name}交办 {found.months} 个月后未化解 {left}，以往同期 {usual}"


def alt(batches: Sequence[Batch]) -> str:
    """The picture as one sentence."""
    drawn = drawable(batches)
    if not drawn:
        return f"{MEASURE}：没有可画的批次。"
    said = [f"{batch.name} 未化解 {batch.open[-1]}/{batch.assigned}" for batch in drawn[:MARKED]]
    rest = f"；更早 {len(drawn) - MARKED} 批略" if len(drawn) > MARKED else ""
    return f"{MEASURE}：{'，'.join(said)}{rest}。"


def drawable(batches: Sequence[Batch]) -> list[Batch]:
    """Those with enough cases for a share."""
    return [batch for batch in batches if batch.state == "ok"]


def figure(
    batches: Sequence[Batch],
    look: Look,
    *,
    plan: Plan | None = None,
    width: int = 740,
    height: int = 200,
    factor: float = 1.0,
) -> go.Figure:
    """A line per batch from 100 % down; the newest in colour, the others quiet, the last month dashed while it runs.

    ``width`` (of the plot) and ``height``: design px at 1080 lines; the width only serves to keep labels apart.
    """
    drawn = drawable(batches)
    longest = max((len(batch.resolved) for batch in drawn), default=1)
    picture = go.Figure()
    if plan is not None:
        picture.add_trace(_planned(plan, longest, look, factor))
    for place, batch in reversed(list(enumerate(drawn))):
        for trace in _lines(batch, _colour(place, look), place < MARKED, look, factor):
            picture.add_trace(trace)
    _name(picture, drawn, longest, look, width, height, factor)
    _name_axis(picture, look, factor)
    picture.update_layout(**_layout(look, height, factor))
    picture.update_xaxes(**_months_axis(longest, factor))
    picture.update_yaxes(
        range=[-4, 104],
        tickvals=[0, 25, 50, 75, 100],
        ticktext=["0", "25%", "50%", "75%", "100%"],
        gridcolor=look.line,
        zeroline=False,
        fixedrange=True,
        automargin=True,
    )
    return picture


def show(picture: go.Figure, *, key: str, alt: str) -> None:
    """Draw the figure. Needs a Streamlit session."""
    st.plotly_chart(picture, key=key, theme=None, config=CONFIG, width="stretch", alt=alt)


def _rate(share: float) -> str:
    return f"{100 * share:.1f}%"


def _colour(place: int, look: Look) -> str:
    """Blue tones only: orange would call a batch bad."""
    return (look.accent, look.series[3], look.series[2])[place] if place < MARKED else look.secondary


def _lines(batch: Batch, colour: str, marked: bool, look: Look, factor: float) -> list[go.Scatter]:
    """The whole months, and the running one as a dashed end with a hollow point."""
    months = list(range(len(batch.shares) + 1))
    shares = [100.0, *(100 * share for share in batch.shares)]
    texts = [f"{_plain(batch.name)} 交办 {count(batch.assigned)} 件", *_hovers(batch)]
    width = (2.6 if marked else 1.3) * factor
    stop = len(months) - batch.running
    common = {"mode": "lines", "hovertemplate": "%{text}<extra></extra>", "showlegend": False}
    opacity = 1.0 if marked else 0.55
    traces = [
        go.Scatter(
            x=months[:stop],
            y=shares[:stop],
            text=texts[:stop],
            line={"color": colour, "width": width},
            opacity=opacity,
            **common,
        )
    ]
    if batch.running:
        traces.append(
            go.Scatter(
                x=months[-2:],
                y=shares[-2:],
                text=texts[-2:],
                line={"color": colour, "width": width, "dash": "dot"},
                opacity=opacity,
                **common,
            )
        )
    end = {"size": (8 if marked else 5) * factor, "color": look.panel if batch.running else colour}
    traces.append(
        go.Scatter(
            x=months[-1:],
            y=shares[-1:],
            mode="markers",
            hoverinfo="skip",
            showlegend=False,
            opacity=opacity if not marked else 1.0,
            marker={**end, "line": {"color": colour, "width": 1.6 * factor}},
        )
    )
    return traces


def _hovers(batch: Batch) -> list[str]:
    said = []
    for month, left in enumerate(batch.open, start=1):
        last = batch.running and month == len(batch.resolved)
        head = f"{_plain(batch.name)} 第 {month} 个月{'（未满）' if last else '末'}"
        said.append(f"{head}<br><b>未化解 {_rate(left / batch.assigned)}</b>　{count(left)}/{count(batch.assigned)}")
    return said


def _planned(plan: Plan, longest: int, look: Look, factor: float) -> go.Scatter:
    end = min(plan.months, float(longest))
    reached = 100 - (100 - 100 * plan.share) * (end / plan.months)
    return go.Scatter(
        x=[0, end],
        y=[100, reached],
        mode="lines",
        line={"color": look.caution, "width": 1.6 * factor, "dash": "dash"},
        text=[_plain(plan.label)] * 2,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )


def _name(
    picture: go.Figure, drawn: Sequence[Batch], longest: int, look: Look, width: int, height: int, factor: float
) -> None:
    """The name at the end of each line, the newest first, as far as the names leave each other room."""
    taken: list[tuple[float, float, float]] = []
    for place, batch in enumerate(drawn):
        end = len(batch.resolved) / (longest * 1.02 + 0.1) * width
        beyond = end + _LABEL_PX > width
        left, right = (end - _LABEL_PX, end) if beyond else (end, end + _LABEL_PX)
        down = (1 - batch.shares[-1]) * (height - 40)
        if any(
            left < other_right and other_left < right and abs(down - other) < _LINE_PX
            for other_left, other_right, other in taken
        ):
            continue
        taken.append((left, right, down))
        picture.add_annotation(
            x=len(batch.resolved),
            y=100 * batch.shares[-1],
            text=f"{_plain(batch.name)} <b>{_rate(batch.shares[-1])}</b>",
            showarrow=False,
            xanchor="right" if beyond else "left",
            yanchor="bottom",
            xshift=(0 if beyond else 3) * factor,
            yshift=1 * factor,
            bgcolor=rgba(look.panel, 0.7),
            borderpad=0,
            font={
                "family": FONTS,
                "size": TYPE.small * factor,
                "color": look.text if place < MARKED else look.secondary,
            },
        )


def _name_axis(picture: go.Figure, look: Look, factor: float) -> None:
    """What the height means, over its axis: the same that the title speaks of."""
    picture.add_annotation(
        x=0,
        y=1,
        xref="paper",
        yref="paper",
        text="未化解占比",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        xshift=-36 * factor,
        yshift=4 * factor,
        font={"family": FONTS, "size": TYPE.small * factor, "color": look.secondary},
    )


def _layout(look: Look, height: int, factor: float) -> dict[str, Any]:
    return {
        "height": round(height * factor),
        "margin": {"l": 4, "r": 12 * factor, "t": 26 * factor, "b": 2, "autoexpand": True},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONTS, "size": TYPE.small * factor, "color": look.secondary},
        "hovermode": "closest",
        "hoverdistance": 30,
        "hoverlabel": {
            "bgcolor": look.panel,
            "bordercolor": rgba(look.accent),
            "font": {"family": FONTS, "size": (TYPE.body - 2) * factor, "color": look.text},
            "align": "left",
        },
        "dragmode": False,
        "showlegend": False,
    }


def _months_axis(longest: int, factor: float) -> dict[str, Any]:
    step = next(step for step in (1, 2, 3, 6, 12, 24, 60) if longest / step <= 10 or step == 60)
    ticks = list(range(0, longest + 1, step))
    return {
        "range": [-0.01 * longest, longest * 1.02 + 0.1],
        "tickvals": ticks,
        "ticktext": ["交办", *(f"{tick}个月" for tick in ticks[1:])],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickangle": 0,
        "ticklen": 3 * factor,
        "automargin": True,
        "tickcolor": "rgba(0,0,0,0)",
    }


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") or DASH
