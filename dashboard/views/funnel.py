"""The funnel plot: how far each place lies from all of them together, and how far chance alone may carry one of its size.

Size on x, figure on y; the funnel is the exact 95 % and 99.8 % limits round the pooled figure of the group. Only outside
the outer limits is anything said of a place; inside, an order of figures is an order of accidents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard.look import (
    FONTS,
    STATE_LABELS,
    STATE_REASONS,
    TYPE,
    WAN,
    WAN_FROM,
    Look,
    count,
    exact,
    parts,
    rgba,
    shown,
    unit_of,
    with_unit,
)
from dashboard.views.funnel_labels import Spot, place_names
from dashboard.views.trend import CONFIG
from metrics.core.fairness.cases import family_of
from metrics.core.fairness.judge import BAND_LABELS, VERDICT_LABELS, funnel_curve
from metrics.core.model import Metric

OUTER_WORDS = "99.8% 控制限"
_CURVES = ("centre", "inner_lower", "inner_upper", "outer_lower", "outer_upper")
#: Above the limits, below them, within: told by the shape as well as by the colour.
_SYMBOLS = {"above": "triangle-up", "below": "triangle-down"}
_LOG_FROM = 25
_MOST_NAMED = 3
Row = dict[str, Any]


def figure(
    frame: pl.DataFrame,
    metric: Metric,
    look: Look,
    names: Mapping[str, str],
    *,
    selected: str | None = None,
    width: int = 560,
    height: int = 320,
    factor: float = 1.0,
) -> go.Figure | None:
    """The funnel of one league; None where it has none: a count, a score, or fewer than two places with cases.

    ``frame``: judged observations (see ``metrics.core.fairness.judge.judged``), means with their ``squares``; ``selected``:
    a code that gets a ring; ``width``: about how wide the picture will be, for the names; px at 1080 lines.
    """
    curve = _curve(frame, metric)
    rows = drawn(frame)
    if curve is None or not rows:
        return None
    in_wan = max(row["denominator"] for row in rows) >= WAN_FROM
    scale = WAN if in_wan else 1
    box = _Box(rows, curve, metric, scale, width, height, factor)
    picture = go.Figure()
    for trace in _limits(curve, metric, look, scale, factor):
        picture.add_trace(trace)
    picture.add_trace(_points(rows, metric, look, names, box, selected, factor))
    picture.update_layout(**_layout(look, height, factor))
    picture.update_xaxes(**box.size_axis(in_wan))
    picture.update_yaxes(**box.value_axis(look))
    _name_limits(picture, curve, metric, look, box, factor)
    return picture


def show(picture: go.Figure, *, key: str, alt: str, codes: Sequence[str]) -> str | None:
    """Draw the funnel; the region_code of the point clicked in this run, else None. Needs a Streamlit session."""
    fresh = f"{key}-clicked"

    def clicked() -> None:
        st.session_state[fresh] = True

    state = st.plotly_chart(
        picture,
        key=key,
        theme=None,
        config=CONFIG,
        width="stretch",
        alt=alt,
        on_select=clicked,
        selection_mode="points",
    )
    # The picture keeps what was clicked; only the run that the click itself started follows it.
    return clicked_code(state, codes) if st.session_state.pop(fresh, False) else None


def clicked_code(state: Mapping[str, Any], codes: Sequence[str]) -> str | None:
    """The code of the selected point, if it is one of ``codes``: a browser may send anything."""
    points = state.get("selection", {}).get("points", [])
    data = points[0].get("customdata") if points else None
    code = data[0] if isinstance(data, list) and data else data
    return code if isinstance(code, str) and code in codes else None


def drawn(frame: pl.DataFrame) -> list[Row]:
    """The rows that have a point, by code."""
    plain = frame.filter(
        pl.col("state").is_in(["ok", "small_n"]), pl.col("value").is_not_null(), pl.col("denominator") > 0
    )
    return plain.sort("region_code").rows(named=True)


def left_out(frame: pl.DataFrame, names: Mapping[str, str]) -> str:
    """What has no point, and why, as one sentence; empty where all have one."""
    known = {row["region_code"] for row in drawn(frame)}
    said: dict[str, list[str]] = {}
    for row in frame.sort("region_code").iter_rows(named=True):
        if row["region_code"] not in known:
            state = row["state"] if row["state"] in STATE_REASONS else "undefined"
            said.setdefault(state, []).append(names.get(row["region_code"], row["region_code"]))
    listed = [f"{_some(places)}（{STATE_LABELS[state]}：{STATE_REASONS[state]}）" for state, places in said.items()]
    return f"未画：{'；'.join(listed)}。" if listed else ""


def finding(frame: pl.DataFrame, names: Mapping[str, str], metric: Metric, label: str = "区划") -> str:
    """Who lies outside the outer limits, as a title: ``醴陵市低于 99.8% 控制限，其余差异不显著``.

    ``label``: what the places are called together. A neutral metric is not judged, and the sentence says so.
    """
    if metric.polarity == "neutral":
        return f"各{label}{metric.label}：中性指标，只列不评"
    rows = drawn(frame)
    judged = sum(row.get("band") is not None for row in rows)
    outside = {band: _outside(rows, band, names) for band in ("below", "above")}
    few = {band: places for band, places in outside.items() if places}
    if not judged:
        return f"各{label}样本不足，不作比较"
    if not few:
        return f"各{label}差异不显著"
    count_all = sum(len(places) for places in few.values())
    rest = "，其余差异不显著" if judged > count_all else ""
    if count_all > _MOST_NAMED:
        counted = "、".join(f"{len(places)} 个{BAND_LABELS[band]}" for band, places in few.items())
        return f"{judged} 个{label}中 {counted} {OUTER_WORDS}"
    return "，".join(f"{'、'.join(places)}{BAND_LABELS[band]} {OUTER_WORDS}" for band, places in few.items()) + rest


def _outside(rows: Sequence[Row], band: str, names: Mapping[str, str]) -> list[str]:
    """The names of the places on that side of the outer limits, the lowest figure first."""
    found = sorted((row for row in rows if row.get("band") == band), key=lambda row: (row["value"], row["region_code"]))
    return [names.get(row["region_code"], row["region_code"]) for row in found]


def own_finding(frame: pl.DataFrame, metric: Metric) -> str:
    """The same of one place among the others: ``frame`` is its judged row."""
    if metric.polarity == "neutral":
        return "中性指标，只列不评"
    band = next((row.get("band") for row in drawn(frame)), None)
    if band is None:
        return "样本不足，不作比较"
    return "差异不显著" if band == "within" else f"{BAND_LABELS[band]} {OUTER_WORDS}"


def alt(frame: pl.DataFrame, metric: Metric, names: Mapping[str, str], label: str = "区划") -> str:
    """The funnel as one sentence."""
    rows = drawn(frame)
    if not rows or family_of(metric) is None:
        return f"{metric.label}漏斗图：没有可比较的数值。"
    few = sum(row["state"] == "small_n" for row in rows)
    doubt = f"；{few} 个样本不足，不作判断" if few else ""
    return f"{metric.label}漏斗图，共 {len(rows)} 个：{finding(frame, names, metric, label)}{doubt}。{left_out(frame, names)}"


def _some(places: Sequence[str], most: int = _MOST_NAMED) -> str:
    return "、".join(places) if len(places) <= most else f"{'、'.join(places[:most])}等 {len(places)} 个"


# The funnel itself ------------------------------------------------------------------------------------------------


def _curve(frame: pl.DataFrame, metric: Metric) -> pl.DataFrame | None:
    """The limits over a grid of sizes and at every member's own size, where they must be exact."""
    grid = funnel_curve(frame, metric)
    if grid.is_empty():
        return None
    own = frame.filter(pl.col("outer_lower").is_not_null()).select(pl.col("denominator").alias("size"), *_CURVES)
    return pl.concat([own, grid]).unique("size", keep="first").sort("size")


def _limits(curve: pl.DataFrame, metric: Metric, look: Look, scale: int, factor: float) -> list[go.Scatter]:
    sizes = [size / scale for size in curve["size"].to_list()]
    quiet: Row = {"x": sizes, "mode": "lines", "hoverinfo": "skip", "showlegend": False}

    def edge(name: str, alpha: float, fill: bool) -> go.Scatter:
        tint = {"fill": "tonexty", "fillcolor": rgba(look.accent, 0.07)} if fill else {}
        line = {"color": rgba(look.secondary, alpha), "width": 1.2 * factor}
        return go.Scatter(y=_shown(curve, name, metric), line=line, **tint, **quiet)

    centre = go.Scatter(
        y=_shown(curve, "centre", metric),
        line={"color": look.secondary, "width": 1.2 * factor, "dash": "dash"},
        **quiet,
    )
    return [
        edge("outer_lower", 0.55, False),
        edge("outer_upper", 0.55, True),
        edge("inner_lower", 0.25, False),
        edge("inner_upper", 0.25, True),
        centre,
    ]


def _shown(curve: pl.DataFrame, name: str, metric: Metric) -> list[float | None]:
    return [None if value is None else shown(value, metric) for value in curve[name].to_list()]


def _points(
    rows: Sequence[Row],
    metric: Metric,
    look: Look,
    names: Mapping[str, str],
    box: _Box,
    selected: str | None,
    factor: float,
) -> go.Scatter:
    inks = [_ink(row, look) for row in rows]
    few = [row["state"] == "small_n" for row in rows]
    chosen = [row["region_code"] == selected for row in rows]
    places = box.name_places(names, selected)
    labels = [_safe(names.get(row["region_code"], row["region_code"])) for row in rows]
    strong = [row.get("band") in ("above", "below") or row["region_code"] == selected for row in rows]
    return go.Scatter(
        x=[row["denominator"] / box.scale for row in rows],
        y=[shown(row["value"], metric) for row in rows],
        customdata=[[row["region_code"]] for row in rows],
        mode="markers+text",
        text=[
            (f"<b>{label}</b>" if bold else label) if row["region_code"] in places else ""
            for row, label, bold in zip(rows, labels, strong, strict=True)
        ],
        textposition=[places.get(row["region_code"], "middle right") for row in rows],
        textfont={
            "family": FONTS,
            "size": TYPE.small * factor,
            "color": [_label_ink(row, look, selected) for row in rows],
            "shadow": _halo(look, factor),
        },
        hovertext=[_hover(row, metric, label) for row, label in zip(rows, labels, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "symbol": [_SYMBOLS.get(str(row.get("band")), "circle") for row in rows],
            "size": [(13 if mark else 11) * factor for mark in strong],
            "color": [look.panel if hollow else ink for hollow, ink in zip(few, inks, strict=True)],
            "line": {
                "color": [look.text if mark else ink for mark, ink in zip(chosen, inks, strict=True)],
                "width": [(2.5 if mark else 1.6) * factor for mark in chosen],
            },
            "opacity": 1,
        },
        # A click opens the place; it must not make the others fade first.
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        cliponaxis=False,
        showlegend=False,
    )


def _ink(row: Row, look: Look) -> str:
    return {"better": look.better, "worse": look.worse}.get(str(row.get("verdict")), look.secondary)


def _label_ink(row: Row, look: Look, selected: str | None) -> str:
    if row.get("verdict") is not None:
        return _ink(row, look)
    return look.text if row["region_code"] == selected else look.secondary


def _halo(look: Look, factor: float) -> str:
    """The panel's colour round a name, so that it stands clear of the limits it lies on."""
    reach = f"{1.5 * factor:g}px"
    return ", ".join(f"{x}{reach} {y}{reach} {reach} {look.panel}" for x in ("", "-") for y in ("", "-"))


def _hover(row: Row, metric: Metric, label: str) -> str:
    unit = unit_of(metric)
    counted = parts(row["numerator"], row["denominator"])
    lines = [f"{label}<br><b>{exact(row['value'], metric)}</b>{unit if unit == '%' else f' {unit}'}　{counted}"]
    if row.get("lower") is not None:
        lines.append(f"95% 区间 {exact(row['lower'], metric)}–{exact(row['upper'], metric)}")
    if row.get("outer_lower") is not None:
        lines.append(f"同规模的 {OUTER_WORDS} {exact(row['outer_lower'], metric)}–{exact(row['outer_upper'], metric)}")
    return "<br>".join([*lines, _judgement(row, metric)])


def _judgement(row: Row, metric: Metric) -> str:
    if row["state"] == "small_n":
        return f"{STATE_LABELS['small_n']}：{STATE_REASONS['small_n']}"
    if metric.polarity == "neutral" or row.get("band") is None:
        return "只列不评"
    if row["band"] == "within":
        return "与全体差异不显著"
    return f"{BAND_LABELS[row['band']]}界限，{VERDICT_LABELS[row['verdict']]}"


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Axes -------------------------------------------------------------------------------------------------------------


class _Box:
    """The picture's frame: which sizes and figures it holds, and where they come to lie in px."""

    def __init__(
        self,
        rows: Sequence[Row],
        curve: pl.DataFrame,
        metric: Metric,
        scale: int,
        width: int,
        height: int,
        factor: float,
    ) -> None:
        self.rows, self.metric, self.scale, self.factor = rows, metric, scale, factor
        self.first, self.last = curve["size"][0] / scale, curve["size"][-1] / scale
        self.log = self.last / self.first > _LOG_FROM
        self.low, self.high = _value_range(rows, curve, metric)
        # What the axes' own words take of the picture.
        self.wide, self.high_px = (width - 110) * factor, (height - 60) * factor

    def spot(self, row: Row) -> tuple[float, float]:
        """Where a row's point lies, px from the top left of the plot."""
        from math import log

        size, value = row["denominator"] / self.scale, shown(row["value"], self.metric)
        along = (
            log(size / self.first) / log(self.last / self.first)
            if self.log
            else (size - self.first) / (self.last - self.first)
        )
        return along * self.wide, (self.high - value) / (self.high - self.low) * self.high_px

    def name_places(self, names: Mapping[str, str], selected: str | None) -> dict[str, str]:
        """Which points bear their name, and on which side."""
        spots = [
            Spot(
                row["region_code"],
                names.get(row["region_code"], row["region_code"]),
                *self.spot(row),
                must=row["region_code"] == selected,
                wanted=row.get("band") in ("above", "below"),
            )
            for row in self.rows
        ]
        return place_names(spots, self.wide, self.high_px, TYPE.small * self.factor, 6.5 * self.factor)

    def size_axis(self, in_wan: bool) -> Row:
        """The x axis of plotly."""
        from math import log10

        ends = (log10(self.first), log10(self.last)) if self.log else (self.first, self.last)
        ticks = _log_ticks(self.first, self.last) if self.log else None
        own: Row = {"tickvals": ticks, "ticktext": [count(round(tick)) for tick in ticks]} if ticks else {"nticks": 6}
        words = f"常住人口（{'万' if in_wan else ''}人）" if family_of(self.metric) == "poisson" else "分母"
        words += "，对数刻度" if self.log else ""
        return {
            **own,
            "type": "log" if self.log else "linear",
            "range": list(ends),
            "tickformat": ",",
            "title": {"text": words, "font": {"size": TYPE.small * self.factor}, "standoff": 6 * self.factor},
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
        }

    def value_axis(self, look: Look) -> Row:
        """The y axis of plotly."""
        return {
            "range": [self.low, self.high],
            "nticks": 6,
            "ticksuffix": "%" if self.metric.percent else "",
            "showgrid": True,
            "gridcolor": look.line,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
            "ticklabelstandoff": round(6 * self.factor),
        }


def _value_range(rows: Sequence[Row], curve: pl.DataFrame, metric: Metric) -> tuple[float, float]:
    """Holds all points and the limits at a middling size; those of the smallest sizes would flatten everything."""
    sizes = sorted(row["denominator"] for row in rows)
    middle = sizes[(len(sizes) - 1) // 3]
    limits = curve.filter(pl.col("size") >= middle).drop_nulls().head(1)
    ends = [shown(row["value"], metric) for row in rows] + [
        shown(value, metric) for name in ("outer_lower", "outer_upper") for value in limits[name].to_list()
    ]
    room = (max(ends) - min(ends)) * 0.15 or 1.0
    low, high = min(ends) - room, max(ends) + room
    # Nothing, and a full hundred, need a little room beyond, or their points are cut in half.
    low = max(low, -room / 3) if min(ends) >= 0 else low
    return low, min(high, 100.0 + room / 3) if metric.percent else high


def _log_ticks(first: float, last: float) -> list[float]:
    powers = [10.0**power for power in range(-2, 9)]
    return [power * part for power in powers for part in (1, 2, 5) if first <= power * part <= last]


def _layout(look: Look, height: int, factor: float) -> Row:
    font = {"family": FONTS, "size": TYPE.small * factor, "color": look.secondary}
    hover = {"family": FONTS, "size": (TYPE.body - 2) * factor, "color": look.text}
    return {
        "height": round(height * factor),
        "margin": {"l": 4, "r": 62 * factor, "t": 8 * factor, "b": 4, "autoexpand": True},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": font,
        "hovermode": "closest",
        "hoverdistance": 30,
        "hoverlabel": {"bgcolor": look.panel, "bordercolor": look.accent, "font": hover, "align": "left"},
        "dragmode": False,
        "showlegend": False,
        "separators": ".,",
    }


def _name_limits(picture: go.Figure, curve: pl.DataFrame, metric: Metric, look: Look, box: _Box, factor: float) -> None:
    """What the lines are, at their right ends instead of a legend; the group's own figure at the dashed one."""
    last = curve.drop_nulls().tail(1)
    if last.is_empty():
        return
    ends = {name: shown(last[name].item(), metric) for name in _CURVES}
    words = {
        "outer_upper": "99.8%",
        "inner_upper": "95%",
        "centre": f"合计<br>{with_unit(last['centre'].item(), metric)}",
        "inner_lower": "95%",
        "outer_lower": "99.8%",
    }
    apart = 1.25 * TYPE.small * factor * (box.high - box.low) / box.high_px
    tight = min(ends["outer_upper"] - ends["inner_upper"], ends["inner_lower"] - ends["outer_lower"]) < apart
    crowded = min(ends["inner_upper"] - ends["centre"], ends["centre"] - ends["inner_lower"]) < 1.4 * apart
    flat = min(ends["outer_upper"] - ends["centre"], ends["centre"] - ends["outer_lower"]) < 1.4 * apart
    for name, text in words.items():
        hidden = (name.startswith("inner") and (tight or crowded)) or (name != "centre" and flat)
        if not hidden and box.low <= ends[name] <= box.high:
            picture.add_annotation(
                x=1,
                xref="paper",
                xanchor="left",
                xshift=5 * factor,
                y=ends[name],
                text=text,
                align="left",
                showarrow=False,
                font={"family": FONTS, "size": (TYPE.small - 1) * factor, "color": look.secondary},
            )
