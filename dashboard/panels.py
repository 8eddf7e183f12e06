"""The panels that pages are made of: cards, map, trend, league. Each asks the page its question and places one view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import answers
from dashboard.look import Tone, change, count, exact, number, parts, unit_of, with_unit
from dashboard.shell import TREND_BUCKETS, Page, headline
from dashboard.span import WEEKDAYS
from dashboard.views import kpi, league, region_map, trend
from data_access.boundaries import boundaries_of, special_units
from data_access.regions import LEVEL_LABELS
from metrics.catalogue import facts_of
from metrics.core.calendar import calendar
from metrics.core.compare import reference_period
from metrics.core.model import Metric, Score
from metrics.core.period import DAY, Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics

_SPARK_BUCKETS = 12
_SPARK_DAYS = 30


@dataclass(frozen=True)
class CardSpec:
    """One card. ``days``: the last so many days instead of the page's period, which the card then says."""

    metric: str
    label: str | None = None
    days: int | None = None


@contextmanager
def panel(name: str, title: str, detail: str = "", metric: Metric | None = None) -> Iterator[None]:
    """A framed panel with its title; with ``metric`` the 口径 opens beside it."""
    with st.container(key=f"panel-{name}"):
        head = f'<div class="yp-panel-title"><b>{escape(title)}</b><span>{escape(detail)}</span></div>'
        if metric is None:
            st.html(head)
        else:
            with st.container(key=f"head-{name}", horizontal=True, vertical_alignment="center", gap="small"):
                st.html(head, width="stretch")
                with st.popover("口径", type="tertiary"):
                    definition(metric)
        yield


#: What the popover leaves to the catalogue: formulas and dimensions are for those who write queries.
_LEFT_OUT = ("算法", "维度")


def definition(metric: Metric) -> None:
    """What exactly the figure is, from its declaration."""
    rows = [(name, text) for name, text in facts_of(metric).items() if name not in _LEFT_OUT]
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in [*rows, ("代码", metric.key)])
    st.html(f'<div class="yp-definition"><b>{escape(metric.label)}</b><dl>{body}</dl></div>')


def finding(page: Page) -> None:
    """The page's title: the measure of the selected region and how it moved, as far as a rule can say it."""
    metric = page.metric
    row = page.compared([metric.key]).row(0, named=True)
    said = [f"{page.region.name}{metric.label} {with_unit(row['value'], metric)}"]
    for word, column in ((_previous_word(page), "previous"), ("同比", "year_ago")):
        if row["value"] is not None and row[column] is not None:
            said.append(f"{word} {change(word, row['value'], row[column], metric).text}")
    running = f"，截至 {page.period.last:%m-%d}，与上期同样天数比" if page.unfinished else ""
    headline(page.title, "，".join(said), f"{page.selection.span.label}{running}。{metric.definition}")


def _previous_word(page: Page, days: int | None = None) -> str:
    """At day grain the same weekday a week before is meant, and said."""
    if page.grain is Grain.day and days is None:
        return f"较上周{WEEKDAYS[page.period.last.weekday()]}"
    return "环比"


def map_trend_league(page: Page) -> None:
    """The three pictures of one selection side by side: where, since when, who."""
    left, right = st.columns([0.37, 0.63], gap="medium")
    with left:
        map_panel(page)
    with right:
        trend_panel(page)
        league_panel(page)


def cards(page: Page, specs: Sequence[CardSpec]) -> None:
    """The row of headline figures of the selected region."""
    drawn: dict[CardSpec, kpi.Card] = {}
    for days in dict.fromkeys(spec.days for spec in specs):
        alike = [spec for spec in specs if spec.days == days]
        keys = [spec.metric for spec in alike]
        period = None if days is None else Period(page.period.stop - days * DAY, page.period.stop)
        figures = {row["metric"]: row for row in page.compared(keys, period).iter_rows(named=True)}
        sparks = _sparks(page, keys, days)
        verdicts = _verdicts(page, keys) if days is None else {}
        for spec in alike:
            card = _card(spec, figures[spec.metric], sparks.get(spec.metric, ()), _previous_word(page, days))
            drawn[spec] = _badged(card, verdicts.get(spec.metric))
    kpi.show([drawn[spec] for spec in specs], key="cards")


def _card(spec: CardSpec, row: dict[str, Any], spark: tuple[float | None, ...], previous: str) -> kpi.Card:
    metric = metrics()[spec.metric]
    days = "" if spec.days is None else f"近{spec.days}日"
    return kpi.Card(
        key=spec.metric,
        label=spec.label or metric.label,
        value=number(row["value"], metric),
        unit=unit_of(metric),
        badge=days if row["state"] == "ok" else "",
        changes=(
            change(previous, row["value"], row["previous"], metric),
            change("同比", row["value"], row["year_ago"], metric),
        ),
        spark=spark,
        # The badge of a figure in doubt says that it is; its days then stand beside the counts.
        note=_note(row, metric) if row["state"] == "ok" else f"{days} {_note(row, metric)}".strip(),
        state=row["state"],
        definition=metric.definition,
        caution=metric.caution,
        exact=f"{exact(row['value'], metric)} {unit_of(metric)}",
    )


def _verdicts(page: Page, keys: Sequence[str]) -> dict[str, str]:
    """What the selected day or whole week is called, by metric; nothing for other periods."""
    if page.unfinished:
        return {}
    query = Query(tuple(keys), page.region.code, page.region.level, page.period, page.grain)
    judged = answers.signals(page.snapshot, query)
    return {} if judged is None else dict(judged.select("metric", "verdict").iter_rows())


_BADGES: dict[str, tuple[str, Tone]] = {
    "high": ("特殊波动", "worse"),
    "low": ("特殊波动", "worse"),
    "gap": ("可能断数", "worse"),
    "usual": ("正常波动", "neutral"),
    "too_few": ("样本不足", "neutral"),
}


def _badged(card: kpi.Card, verdict: str | None) -> kpi.Card:
    if verdict is None:
        return card
    words, tone = _BADGES[verdict]
    return replace(card, badge=words, badge_tone=tone)


def _sparks(page: Page, keys: Sequence[str], days: int | None) -> dict[str, tuple[float | None, ...]]:
    """The last thirty days, or the last twelve buckets of a coarser calendar, by metric, oldest first."""
    grain = page.trend_grain if days is None else Grain.week
    buckets = _SPARK_DAYS if grain is Grain.day else _SPARK_BUCKETS
    frame = page.series(keys, page.region.code, page.region.level, buckets, grain)
    by_metric = frame.sort("period").partition_by("metric", as_dict=True, maintain_order=True)
    return {str(key): tuple(part["value"].to_list()) for (key,), part in by_metric.items()}


def _note(row: dict[str, Any], metric: Metric) -> str:
    return parts(row["numerator"], row["denominator"]) if metric.percent else ""


def map_panel(page: Page, height: int = 606, width: int = 560) -> None:
    """The map of the compared level; a click on a region opens it."""
    metric = page.metric
    frame = page.parts(metric.key)
    codes = frame["region_code"].to_list()
    selected = page.region.code if page.region.code in codes else None
    where = f"{page.compared_region.name} · 按{LEVEL_LABELS[page.compared_level]}"
    with panel("map", metric.label, where if metric.percent else f"{unit_of(metric)} · {where}", metric):
        picture = region_map.build(
            frame,
            metric,
            page.screen.look,
            places=_places(page, frame, metric),
            boundaries=boundaries_of(codes),
            specials=special_units(codes),
            scope=f"{page.compared_region.code}@{page.visit}",
            selected=selected,
            width=width,
            height=height,
            factor=page.screen.factor,
        )
        clicked = region_map.show(picture, key="map")
    if clicked is not None:
        page.go(clicked)


def _places(page: Page, frame: pl.DataFrame, metric: Metric) -> dict[str, region_map.Place]:
    places = {}
    for row in frame.iter_rows(named=True):
        region = page.tree.get(row["region_code"])
        known = region.longitude is not None and region.latitude is not None
        compared = ((_previous_word(page), "previous"), ("同比", "year_ago"))
        changes = [change(word, row["value"], row[name], metric) for word, name in compared]
        places[region.code] = region_map.Place(
            region.name,
            (region.longitude, region.latitude) if known else None,  # type: ignore[arg-type]
            "　".join(f"{item.label} {item.text}" for item in changes),
        )
    return places


def trend_panel(page: Page, height: int = 190) -> None:
    """The selected region's metric over the buckets, last year's behind it."""
    metric, grain = page.metric, page.trend_grain
    frame = page.series([metric.key], page.region.code, page.region.level, TREND_BUCKETS[grain])
    unfinished = frame["period"].max() if _last_is_running(page) else None
    band = _expected(page, metric, frame)
    beside = "浅色带为同类日期的预期范围，圈为特殊波动" if band is not None else "细线为上年同期"
    detail = f"按{_GRAIN_WORDS[grain]} · {beside}" + ("，虚线段未完" if unfinished else "")
    covered = Period.inclusive(frame["period"].min(), page.period.last) if frame.height else None  # type: ignore[arg-type]
    with panel("trend", f"{page.region.name}{metric.label}走势", detail, metric):
        picture = trend.figure(
            frame,
            metric,
            page.screen.look,
            grain=grain,
            year_ago=_year_before(page, frame, metric) if band is None else None,
            band=band,
            marks=calendar().marks(covered) if covered is not None and grain is Grain.day else (),
            unfinished=unfinished,  # type: ignore[arg-type]
            height=height,
            factor=page.screen.factor,
        )
        trend.show(picture, key="trend", alt=trend.alt(frame, metric, grain))


def _expected(page: Page, metric: Metric, frame: pl.DataFrame) -> pl.DataFrame | None:
    """The band of the trend's days or weeks; None where nothing can be judged."""
    if frame.is_empty():
        return None
    span = Period.inclusive(frame["period"].min(), page.period.last)  # type: ignore[arg-type]
    query = Query((metric.key,), page.region.code, page.region.level, span, page.trend_grain)
    return answers.signals(page.snapshot, query)


_GRAIN_WORDS = {Grain.day: "日", Grain.week: "周", Grain.month: "月", Grain.quarter: "季", Grain.year: "年"}


def _last_is_running(page: Page) -> bool:
    last = Period.holding(page.period.last, page.trend_grain)
    return last.stop > page.period.stop


def _year_before(page: Page, frame: pl.DataFrame, metric: Metric) -> pl.DataFrame | None:
    """Last year's observations, each placed on the bucket of this year that it is held against."""
    grain = page.trend_grain
    begun = answers.begins(page.snapshot, metric)
    moved = []
    for day in frame["period"].to_list():
        before = reference_period(Period.holding(day, grain), grain, "year_ago")
        if begun is not None and before is not None and before.start >= begun:
            moved.append((day, before.start))
    if not moved:
        return None
    span = Period(moved[0][1], Period.holding(moved[-1][1], grain).stop)
    query = Query((metric.key,), page.region.code, page.region.level, span, grain)
    days = pl.DataFrame(moved, schema={"now": pl.Date, "period": pl.Date}, orient="row")
    past = answers.observations(page.snapshot, query).join(days, on="period")
    return past.with_columns(period=pl.col("now")).drop("now")


def league_panel(page: Page) -> None:
    """The compared regions in order; a click on a row opens the region."""
    metric = page.metric
    frame = page.parts(metric.key)
    whole = page.whole(metric.key).row(0, named=True)
    names = {code: page.tree.get(code).name for code in frame["region_code"].to_list()}
    place = LEVEL_LABELS[page.compared_level]
    title = f"{page.compared_region.name}各{place}"
    with panel("league", title, f"{metric.label} · {page.selection.span.label}", metric):
        table = league.payload(
            frame,
            metric,
            names,
            compare=league.Comparisons(
                previous=_renamed(frame, "previous"),
                year_ago=_renamed(frame, "year_ago"),
                previous_label=_previous_word(page),
                history=page.series([metric.key], page.compared_region.code, page.compared_level, _SPARK_BUCKETS),
            ),
            selected=page.region.code,
            rest=_rest(frame, whole, metric),
            mean=whole["value"],
            place_label=place,
        )
        opened = league.show(table, key="league")
    if opened is not None:
        page.go(opened)


def _renamed(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The compared values in the form of observations."""
    return frame.select("region_code", value=pl.col(column), state=pl.lit("ok"))


def _rest(frame: pl.DataFrame, whole: dict[str, Any], metric: Metric) -> pl.DataFrame | None:
    """未细分: what is coded above the level shown; None where the parts already add up to the whole."""
    if not metric.additive:
        return None
    left = frame.select(
        period=pl.lit(None, pl.Date),
        region_code=pl.lit(""),
        metric=pl.lit(metric.key),
        value=pl.lit(whole["value"]) - pl.col("value").sum(),
        numerator=pl.lit(whole["numerator"]) - pl.col("numerator").sum(),
        denominator=pl.lit(None, pl.Int64),
        state=pl.lit("ok"),
    ).head(1)
    return left if left["numerator"].item() != 0 else None


def score_panel(page: Page) -> None:
    """How the selected region's score comes about: each part with its weight, figure and worth."""
    kind = page.metric.kind
    if not isinstance(kind, Score):
        return
    query = Query((page.metric.key,), page.region.code, page.region.level, page.period)
    frame = answers.score_parts(page.snapshot, kind, query)
    with panel(
        "score", f"{page.region.name}：怎么算的", "每项得分 = 权重 × 达成度；样本不足的项不计，权重由其余项分担"
    ):
        st.html(_score_table(frame))


def _score_table(frame: pl.DataFrame) -> str:
    head = "<tr><th>分项</th><th>权重</th><th>本期</th><th>分子/分母</th><th>达成度</th></tr>"
    return f'<table class="yp-table">{head}{"".join(_score_row(row) for row in frame.iter_rows(named=True))}</table>'


def _score_row(row: dict[str, Any]) -> str:
    figure = with_unit(row["value"], metrics()[row["metric"]])
    if row["participation"] is not None:
        figure += f"（参评 {100 * row['participation']:.1f}%）"
    reached = f"{100 * row['worth']:.0f}%" if row["counted"] else "样本不足"
    of = f"{count(row['numerator'])}/{count(row['denominator'])}"
    cells = [row["part"], f"{row['weight']:.2f}", figure, of, reached]
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
