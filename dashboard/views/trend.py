"""The trend: one quiet line over the buckets, last year behind it, or at most five places told apart by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.look import (
    FONTS,
    STATE_LABELS,
    TYPE,
    Look,
    decimals_of,
    exact,
    parts,
    rgba,
    shown,
    signed_zero,
    unit_of,
    with_unit,
)
from metrics.core.calendar import Mark
from metrics.core.model import Metric
from metrics.core.period import Grain

MOST_SERIES = 5
#: Nothing to press and nothing to drag: the period is chosen in the page's own control.
CONFIG = {
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
    "showAxisDragHandles": False,
    "responsive": True,
}
Row = dict[str, Any]


def bucket_label(day: date, grain: Grain) -> str:
    """A bucket by its full name: 2026-11-18, 2026年第47周, 2026年3月, 2026年第3季度, 2026年."""
    if grain is Grain.week:
        year, week, _ = day.isocalendar()
        return f"{year}年第{week}周（{day:%m-%d} 起）"
    names = {
        Grain.month: f"{day.year}年{day.month}月",
        Grain.quarter: f"{day.year}年第{(day.month + 2) // 3}季度",
        Grain.year: f"{day.year}年",
    }
    return names.get(grain, f"{day:%Y-%m-%d}")


def tick_label(day: date, grain: Grain, before: date | None) -> str:
    """A bucket under the axis, short; the year stands where it differs from the tick ``before`` it."""
    year, week, _ = day.isocalendar()
    if grain is Grain.year:
        return f"{day.year}年"
    if grain is Grain.week:
        new = before is None or before.isocalendar()[0] != year
        return f"第{week}周" + (f"<br>{year}年" if new else "")
    short = {Grain.quarter: f"{(day.month + 2) // 3}季度", Grain.month: f"{day.month}月"}.get(grain, f"{day:%m-%d}")
    return short + (f"<br>{day.year}年" if before is None or before.year != day.year else "")


def figure(
    frame: pl.DataFrame,
    metric: Metric,
    look: Look,
    *,
    grain: Grain,
    year_ago: pl.DataFrame | None = None,
    by: str = "region_code",
    names: Mapping[str, str] | None = None,
    unfinished: date | None = None,
    band: pl.DataFrame | None = None,
    marks: Sequence[Mark] = (),
    targets: Mapping[date, float] | None = None,
    height: int = 320,
    factor: float = 1.0,
) -> go.Figure:
    """The observations of one metric over its buckets.

    ``by``: the column that tells series apart (the five with the highest last value are drawn), ``names`` its values in
    words. ``unfinished``: first day of a last bucket that is not over, drawn hollow and dashed on a hatched ground.
    ``year_ago``: the same observations of the year compared with, their period already set to the bucket they stand beside;
    drawn for a single series. ``targets``: bucket → what was aimed at in it (in the metric's value), drawn as steps.
    ``band``: day, lower, upper, verdict as ``metrics.core.signal`` gives them, for a single series. ``marks``: holidays and
    events, shaded. ``height`` px at 1080 lines.
    """
    series = _series(frame, by)
    days = sorted(set(frame["period"].to_list()))
    if len(series) != 1:
        year_ago = band = targets = None
    picture = go.Figure()
    for mark in marks if days else ():
        _shade(picture, mark, days, look, factor)
    if band is not None:
        picture.add_traces(_band(band, metric, look))
    if year_ago is not None:
        picture.add_trace(_last_year(year_ago, metric, look, grain, factor))
    for index, (name, rows) in enumerate(series):
        colour = look.accent if len(series) == 1 else look.series[index]
        label = (names or {}).get(name, name) if len(series) > 1 else ""
        traces = _traces(rows, metric, look, grain, unfinished, colour, label, factor)
        picture.add_traces([trace for trace in traces if band is None or trace.fill is None])
    if band is not None:
        picture.add_trace(_unusual(band, metric, look, factor))
    picture.update_layout(**_layout(look, height, factor, bool(marks)))
    picture.update_xaxes(**_time_axis(days, grain, factor))
    picture.update_yaxes(**_value_axis(series, year_ago, _reached(band, targets), metric, look, factor))
    if unfinished is not None and unfinished in days:
        picture.add_trace(_hatched(picture, days, unfinished, look))
    if targets:
        _draw_targets(picture, targets, days, metric, look, factor)
    if len(series) == 1:
        picture.add_trace(_reachable(series[0][1], metric, grain, unfinished, factor))
    else:
        _name_series(picture, series, names or {}, metric, look, factor)
    return picture


def _reached(band: pl.DataFrame | None, targets: Mapping[date, float] | None) -> list[float]:
    """What the axis must hold besides the observations."""
    tops = [] if band is None else [value for value in band["upper"].to_list() if value is not None]
    return tops + list((targets or {}).values())


def show(picture: go.Figure, *, key: str, alt: str, on_day: Callable[[date], None] | None = None) -> None:
    """Draw the figure. ``on_day`` is called with the first day of the bucket that was clicked. Needs a Streamlit session."""
    if on_day is None:
        st.plotly_chart(picture, key=key, theme=None, config=CONFIG, width="stretch", alt=alt)
        return

    def clicked() -> None:
        day = clicked_day(st.session_state[key])
        if day is not None:
            on_day(day)

    st.plotly_chart(
        picture,
        key=key,
        theme=None,
        config=CONFIG,
        width="stretch",
        alt=alt,
        on_select=clicked,
        selection_mode="points",
    )


def clicked_day(state: Mapping[str, Any]) -> date | None:
    """The bucket selected in a plotly selection state; a browser may send anything."""
    points = (state.get("selection") or {}).get("points") or []
    try:
        return date.fromisoformat(str(points[0]["x"])[:10])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def alt(
    frame: pl.DataFrame, metric: Metric, grain: Grain, names: Mapping[str, str] | None = None, by: str = "region_code"
) -> str:
    """The trend as one sentence: last value, the highest and lowest of the span."""
    series = _series(frame, by)
    if len(series) > 1:
        said = [f"{(names or {}).get(name, name)} {with_unit(_last_value(rows), metric)}" for name, rows in series]
        return f"{metric.label}走势，最近一期：{'，'.join(said)}。"
    rows = [row for row in (series[0][1] if series else []) if _plain(row)]
    if not rows:
        return f"{metric.label}走势：没有可显示的数值。"
    high, low = max(rows, key=lambda row: row["value"]), min(rows, key=lambda row: row["value"])
    return (
        f"{metric.label}走势：{bucket_label(rows[-1]['period'], grain)} {with_unit(rows[-1]['value'], metric)}，"
        f"最高 {with_unit(high['value'], metric)}（{bucket_label(high['period'], grain)}），"
        f"最低 {with_unit(low['value'], metric)}（{bucket_label(low['period'], grain)}）。"
    )


def _plain(row: Row) -> bool:
    return row["state"] == "ok" and row["value"] is not None


def _last_value(rows: Sequence[Row]) -> float | None:
    return next((row["value"] for row in reversed(rows) if _plain(row)), None)


def _series(frame: pl.DataFrame, by: str) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in frame.sort("period").iter_rows(named=True):
        found.setdefault(str(row[by]), []).append(row)
    ordered = sorted(found.items(), key=lambda item: (-(_last_value(item[1]) or 0.0), item[0]))
    return ordered[:MOST_SERIES]


def _hover(row: Row, metric: Metric, grain: Grain, prefix: str) -> str:
    head = f"{prefix}{bucket_label(row['period'], grain)}"
    if not _plain(row):
        return f"{head}<br>{STATE_LABELS.get(row['state'], STATE_LABELS['undefined'])}"
    unit = unit_of(metric)
    value = f"<br><b>{exact(row['value'], metric)}</b>{unit if unit == '%' else f' {unit}'}"
    counted = parts(row["numerator"], row["denominator"])
    return head + value + (f"<br>分子/分母 {counted}" if counted else "")


def _traces(
    rows: Sequence[Row],
    metric: Metric,
    look: Look,
    grain: Grain,
    unfinished: date | None,
    colour: str,
    label: str,
    factor: float,
) -> list[go.Scatter]:
    closed = [row for row in rows if unfinished is None or row["period"] < unfinished]
    open_rows = [row for row in rows if unfinished is not None and row["period"] >= unfinished]
    prefix = f"{_markup_free(label)} " if label else ""
    traces = _areas(closed, metric, colour) if not label and not metric.percent else []
    traces.append(_line(closed, metric, grain, prefix, colour, factor, dash="solid"))
    dots = [row for row in closed[-1:] if _plain(row) and not open_rows]
    traces += [_dots(dots, metric, colour, colour, factor)] if dots else []
    if open_rows:
        traces.append(_line([*closed[-1:], *open_rows], metric, grain, prefix, colour, factor, dash="dot"))
        ends = [row for row in open_rows if _plain(row)]
        traces.append(_dots(ends, metric, look.panel, colour, factor))
    return traces


def _line(
    rows: Sequence[Row],
    metric: Metric,
    grain: Grain,
    prefix: str,
    colour: str,
    factor: float,
    *,
    dash: str,
) -> go.Scatter:
    open_note = "（未满期）" if dash != "solid" else ""
    texts = [
        _hover(row, metric, grain, prefix) + (open_note if dash != "solid" and index else "")
        for index, row in enumerate(rows)
    ]
    silent = not prefix or (dash != "solid" and len(rows) < 2)
    lonely = len([row for row in rows if _plain(row)]) == 1
    return go.Scatter(
        x=[row["period"].isoformat() for row in rows],
        y=[shown(row["value"], metric) if _plain(row) else None for row in rows],
        text=texts,
        # A line by itself leaves hovering and clicking to the unseen points over it; a template would win over "skip".
        hovertemplate=None if silent else "%{text}<extra></extra>",
        hoverinfo="skip" if silent else None,
        mode="lines+markers" if lonely else "lines",
        line={"color": colour, "width": 2.4 * factor, "dash": dash},
        marker={"size": 7 * factor, "color": colour},
        connectgaps=False,
        showlegend=False,
    )


def _areas(rows: Sequence[Row], metric: Metric, colour: str) -> list[go.Scatter]:
    """The tint under the line, one piece between two gaps: a single one would bridge them."""
    runs: list[list[Row]] = [[]]
    for row in rows:
        if _plain(row):
            runs[-1].append(row)
        elif runs[-1]:
            runs.append([])
    return [
        go.Scatter(
            x=[row["period"].isoformat() for row in run],
            y=[shown(row["value"], metric) for row in run],
            mode="none",
            fill="tozeroy",
            fillcolor=rgba(colour, 0.10),
            hoverinfo="skip",
            showlegend=False,
        )
        for run in runs
        if len(run) > 1
    ]


def _reachable(rows: Sequence[Row], metric: Metric, grain: Grain, unfinished: date | None, factor: float) -> go.Scatter:
    """Unseen points, large enough to be hit, that bear the words of each bucket and can be clicked; a bare line cannot."""
    plain = [row for row in rows if _plain(row)]
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[row["period"].isoformat() for row in plain],
        y=[shown(row["value"], metric) for row in plain],
        text=[
            _hover(row, metric, grain, "")
            + ("（未满期）" if unfinished is not None and row["period"] >= unfinished else "")
            for row in plain
        ],
        hovertemplate="%{text}<extra></extra>",
        mode="markers",
        marker={"size": 16 * factor, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        showlegend=False,
    )


def _hatched(picture: go.Figure, days: Sequence[date], unfinished: date, look: Look) -> go.Scatter:
    """The column of the bucket that is not over, from half-way to it up to the edge."""
    low, high = picture.layout.yaxis.range
    edge = picture.layout.xaxis.range[1]
    before = max((day for day in days if day < unfinished), default=unfinished)
    start = datetime.combine(unfinished, datetime.min.time()) - (unfinished - before) / 2
    return go.Scatter(
        x=[start.isoformat(), edge, edge, start.isoformat()],
        y=[low, low, high, high],
        mode="none",
        fill="toself",
        fillpattern={
            "shape": "/",
            "fgcolor": rgba(look.secondary, 0.35),
            "bgcolor": "rgba(0,0,0,0)",
            "size": 7,
            "solidity": 0.12,
        },
        hoverinfo="skip",
        showlegend=False,
    )


def _draw_targets(
    picture: go.Figure, targets: Mapping[date, float], days: Sequence[date], metric: Metric, look: Look, factor: float
) -> None:
    """What was aimed at as quiet steps, the last one with its value."""
    aimed = [(day, targets[day]) for day in days if day in targets]
    if not aimed:
        return
    picture.add_trace(
        go.Scatter(
            x=[day.isoformat() for day, _ in aimed],
            y=[shown(value, metric) for _, value in aimed],
            mode="lines",
            line={"color": look.caution, "width": 1.6 * factor, "dash": "dash", "shape": "hv"},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    step = next(day for day, value in aimed if value == aimed[-1][1])
    picture.add_annotation(
        x=step.isoformat(),
        y=shown(aimed[-1][1], metric),
        text=f"目标 {with_unit(aimed[-1][1], metric)}",
        showarrow=False,
        xanchor="left",
        yanchor="top",
        font={"family": FONTS, "size": TYPE.small * factor, "color": look.caution},
    )


def _dots(rows: Sequence[Row], metric: Metric, fill: str, edge: str, factor: float) -> go.Scatter:
    return go.Scatter(
        x=[row["period"].isoformat() for row in rows],
        y=[shown(row["value"], metric) for row in rows],
        mode="markers",
        hoverinfo="skip",
        marker={"size": 9 * factor, "color": fill, "line": {"color": edge, "width": 2 * factor}},
        showlegend=False,
    )


def _last_year(frame: pl.DataFrame, metric: Metric, look: Look, grain: Grain, factor: float) -> go.Scatter:
    rows = frame.sort("period").rows(named=True)
    return go.Scatter(
        x=[row["period"].isoformat() for row in rows],
        y=[shown(row["value"], metric) if _plain(row) else None for row in rows],
        text=[_hover(row, metric, grain, "上年同期（对 ").replace("<br>", "）<br>", 1) for row in rows],
        hovertemplate="%{text}<extra></extra>",
        mode="lines",
        line={"color": look.secondary, "width": 1.4 * factor},
        opacity=0.6,
        connectgaps=False,
        showlegend=False,
    )


def _band(band: pl.DataFrame, metric: Metric, look: Look) -> list[go.Scatter]:
    """The range that comparable days let expect, as one tint; broken where too few days compare."""
    rows = [row for row in band.sort("day").iter_rows(named=True) if row["lower"] is not None]
    days = [row["day"].isoformat() for row in rows]
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    return [
        go.Scatter(x=days, y=[shown(row["lower"], metric) for row in rows], **edge),
        go.Scatter(
            x=days,
            y=[shown(row["upper"], metric) for row in rows],
            fill="tonexty",
            fillcolor=rgba(look.band, look.band_alpha),
            **edge,
        ),
    ]


def _unusual(band: pl.DataFrame, metric: Metric, look: Look, factor: float) -> go.Scatter:
    """A ring round every day that lies outside its band."""
    rows = band.filter(pl.col("verdict").is_in(["high", "low", "gap"]), pl.col("value").is_not_null()).rows(named=True)
    return go.Scatter(
        x=[row["day"].isoformat() for row in rows],
        y=[shown(row["value"], metric) for row in rows],
        mode="markers",
        hoverinfo="skip",
        marker={"size": 11 * factor, "color": "rgba(0,0,0,0)", "line": {"color": look.worse, "width": 2.4 * factor}},
        showlegend=False,
    )


def _shade(picture: go.Figure, mark: Mark, days: Sequence[date], look: Look, factor: float) -> None:
    """A holiday or an event as a quiet column with its name, as far as it lies within the picture."""
    first, last = max(mark.first, days[0]), min(mark.last, days[-1])
    if first > last:
        return
    half = timedelta(hours=12)
    start, stop = (datetime.combine(day, datetime.min.time()) for day in (first, last))
    picture.add_vrect(
        x0=(start - half).isoformat(),
        x1=(stop + half).isoformat(),
        fillcolor=rgba(look.secondary, 0.12),
        line_width=0,
        layer="below",
        annotation={
            "text": _markup_free(mark.name),
            "font": {"family": FONTS, "size": TYPE.small * factor, "color": look.secondary},
            "yanchor": "bottom",
            "y": 1.0,
            "showarrow": False,
        },
        annotation_position="top",
    )


def _markup_free(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Axes -------------------------------------------------------------------------------------------------------------


def _layout(look: Look, height: int, factor: float, marked: bool) -> dict[str, Any]:
    font = {"family": FONTS, "size": TYPE.small * factor, "color": look.secondary}
    hover = {"family": FONTS, "size": (TYPE.body - 2) * factor, "color": look.text}
    return {
        "height": round(height * factor),
        "margin": {"l": 4, "r": 14 * factor, "t": (30 if marked else 12) * factor, "b": 4, "autoexpand": True},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": font,
        "hovermode": "closest",
        "hoverdistance": 60,
        "hoverlabel": {"bgcolor": look.panel, "bordercolor": look.accent, "font": hover, "align": "left"},
        "dragmode": False,
        "showlegend": False,
        "separators": ".,",
    }


def _time_axis(days: Sequence[date], grain: Grain, factor: float) -> dict[str, Any]:
    ticks = _tick_days(days)
    return {
        "type": "date",
        "tickvals": [day.isoformat() for day in ticks],
        "ticktext": [tick_label(day, grain, before) for day, before in zip(ticks, [None, *ticks], strict=False)],
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "range": _date_range(days),
        "fixedrange": True,
        "tickangle": 0,
        "ticklen": 6 * factor,
        "tickcolor": "rgba(0,0,0,0)",
        "automargin": True,
        "showspikes": False,
    }


def _date_range(days: Sequence[date]) -> list[str] | None:
    if not days:
        return None
    room = max(timedelta(hours=12), (days[-1] - days[0]) * 0.012)
    first, last = (datetime.combine(day, datetime.min.time()) for day in (days[0], days[-1]))
    return [(first - room).isoformat(), (last + room).isoformat()]


def _tick_days(days: Sequence[date]) -> list[date]:
    """At most eight of the buckets, evenly, counted from the last, which always bears a label."""
    step = max(1, -(-len(days) // 8))
    return list(days)[::-1][::step][::-1]


def _value_axis(
    series: Sequence[tuple[str, Sequence[Row]]],
    year_ago: pl.DataFrame | None,
    tops: Sequence[float],
    metric: Metric,
    look: Look,
    factor: float,
) -> dict[str, Any]:
    rows = [row for _, rows in series for row in rows] + (year_ago.rows(named=True) if year_ago is not None else [])
    values = [shown(row["value"], metric) for row in rows if _plain(row)] + [shown(top, metric) for top in tops]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    floor = low if metric.percent else min(0.0, low)
    ticks = _round_ticks(floor, high, 1.0 if metric.additive else 0.0)
    room = (ticks[-1] - ticks[0]) * 0.04
    decimals = 0 if all(float(tick).is_integer() for tick in ticks) else max(1, decimals_of(metric))
    in_wan = max(abs(ticks[0]), abs(ticks[-1])) >= 100_000
    texts = [f"{signed_zero(tick / 10_000, 1)}万" if in_wan and tick else signed_zero(tick, decimals) for tick in ticks]
    return {
        "tickvals": ticks,
        "ticktext": [f"{text}%" if metric.percent else text for text in texts],
        "range": [ticks[0] - (0 if ticks[0] == 0 else room), max(ticks[-1], high) + room],
        "showgrid": True,
        "gridcolor": look.line,
        "gridwidth": max(1.0, 0.8 * factor),
        "zeroline": False,
        "showline": False,
        "fixedrange": True,
        "ticks": "",
        "automargin": True,
        "ticklabelstandoff": round(6 * factor),
    }


def _round_ticks(low: float, high: float, least: float = 0.0) -> list[float]:
    """Three to five round values that hold low … high, at least ``least`` apart (there is no half case)."""
    spread = (high - low) or abs(high) or 1.0
    power = 1e-6
    while power * 10 <= spread / 3:
        power *= 10
    step = max(least, next(power * part for part in (1, 2, 5, 10) if spread / (power * part) <= 4))
    first = int(low // step)
    last = first
    while last * step < high:
        last += 1
    return [round(index * step, 10) for index in range(first, last + 1)]


def _name_series(
    picture: go.Figure,
    series: Sequence[tuple[str, Sequence[Row]]],
    names: Mapping[str, str],
    metric: Metric,
    look: Look,
    factor: float,
) -> None:
    """Each line's name at its end instead of a legend, pushed apart where the ends lie close."""
    low, high = picture.layout.yaxis.range
    inner = picture.layout.height - 60 * factor
    gap = 1.5 * TYPE.small * factor
    ends = [(index, name, _last_value(rows)) for index, (name, rows) in enumerate(series)]
    floor = float("-inf")
    for index, name, value in sorted((end for end in ends if end[2] is not None), key=lambda end: (end[2], end[0])):
        natural = (shown(value or 0.0, metric) - low) / (high - low) * inner
        floor = max(natural, floor + gap)
        picture.add_annotation(
            x=1,
            xref="paper",
            xanchor="left",
            xshift=8 * factor,
            y=shown(value or 0.0, metric),
            yshift=floor - natural,
            text=_markup_free(names.get(name, name)),
            showarrow=False,
            font={"color": look.series[index], "size": TYPE.small * factor, "family": FONTS},
        )
    longest = max((len(names.get(name, name)) for name, _ in series), default=0)
    picture.update_layout(margin={"r": (longest * TYPE.small + 18) * factor})
