"""今日态势 on one screen: the map against expected, the trend over a compact league, 要情 over what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import answers
from dashboard.look import DASH, STATE_LABELS, asset, exact, with_unit
from dashboard.page import Page
from dashboard.panels.due import due_panel
from dashboard.panels.frame import narrowed, panel
from dashboard.panels.league import centre_of
from dashboard.panels.news import RATE_DAYS, WATCHED, News, news_panel
from dashboard.panels.region_map import map_panel
from dashboard.panels.trend import trend_panel
from dashboard.views import league, structure, table
from dashboard.views.region_map import Mark
from dashboard.views.table import Cell, Column, Row
from data_access.regions import LEVEL_LABELS
from metrics.core.model import Count, Metric
from metrics.core.period import DAY, Grain, Period
from metrics.core.query import Query
from metrics.core.signal import VERDICT_LABELS, Verdict
from metrics.registry import metrics

_MAP_SHARE, _MAP_HEIGHT = 0.3, 400
# How many orders have room below so many lines of 要情.
_DUE_ROOM = (8, 7, 5, 3, 2)
_LEAGUES = ("mediation_success_rate", "reply_on_time_rate")
_BASE = (("committee_kind", ("village", "township")),)
_LAYERS = (("基层化解", "mediation_succeeded"), ("纠纷警情", "police_disputes"), ("民商事收案", "civil_filings"))


def screen(page: Page, told: News) -> None:
    """Everything below the cards, in three columns that end together at the bottom of the screen."""
    st.html(f"<style>{asset('today.css')}</style>")
    # A township has no orders: there is room for each of its series with its band.
    small = page.level_below(page.region) is None
    with st.container(key="today"):
        left, middle, right = st.columns([_MAP_SHARE, 0.385, 0.315], gap="medium")
        with left:
            expected_map(page)
            structure_panel(page)
        with middle:
            trend_panel(page, height=188)
            rates_panel(page)
        with right:
            news_panel(page, told)
            if small:
                own_panel(page, told)
            due_panel(page, _DUE_ROOM[len(told.story.told)])


def expected_map(page: Page) -> None:
    """The map, with what lies outside its band outlined, and the band in every tooltip."""
    marks = _marks(page)
    high = [page.tree.get(code).name for code, mark in marks.items() if mark.side == "▲" and mark.tone == "worse"]
    more = f"等 {len(high)} 个" if len(high) > 2 else ""
    title = f"{'、'.join(high[:2])}{more}{page.metric.label}高于预期" if high else None
    map_panel(page, height=_MAP_HEIGHT, share=_MAP_SHARE, marks=marks, title=title)


def _marks(page: Page) -> dict[str, Mark]:
    """How the compared regions stand to what is expected: counts to their days' bands, rates to the range of the others."""
    metric = page.metric
    if isinstance(metric.kind, Count) and page.grain is Grain.day:
        region, level = page.compared_region, page.compared_level
        judged = page.signals(Query((metric.key,), region.code, level, page.period, Grain.day))
        if judged is None:
            return {}
        by_region = judged.sort("day").partition_by("region_code", as_dict=True, maintain_order=True)
        return {str(code): _banded(rows.rows(named=True), metric) for (code,), rows in by_region.items()}
    if not metric.percent:
        return {}
    return {row["region_code"]: _ranged(row, metric) for row in page.parts(metric.key).iter_rows(named=True)}


def _banded(days: Sequence[Mapping[str, Any]], metric: Metric) -> Mark:
    """Of several days the first side that any of them is on, the excess before the fall."""
    bands = [
        f"{exact(day['lower'], metric)}–{exact(day['upper'], metric)}" if day["upper"] is not None else "不判断"
        for day in days
    ]
    if len(days) == 1:
        note = f"预期范围 {bands[0]}"
    else:
        note = "；".join(
            f"{day['day']:%m-%d} {exact(day['value'], metric)}（{band}）" for day, band in zip(days, bands, strict=True)
        )
    sides = {_daily_side(day) for day in days}
    if "▲" in sides:
        return Mark("▲", "worse", "高于预期上限", note)
    if "▼" in sides:
        return Mark("▼", "caution", "低于预期下限", note)
    return Mark(note=note)


def _daily_side(day: Mapping[str, Any]) -> str:
    if day["upper"] is None:
        return ""
    return "▲" if day["value"] > day["upper"] else "▼" if day["value"] < day["lower"] else ""


def _ranged(row: Mapping[str, Any], metric: Metric) -> Mark:
    if row["band"] is None:
        return Mark()
    note = f"全体范围 {exact(row['outer_lower'], metric)}%–{exact(row['outer_upper'], metric)}%"
    if row["band"] == "within":
        return Mark(note=note)
    side, words = ("▲", "高于全体范围") if row["band"] == "above" else ("▼", "低于全体范围")
    tone = "better" if row["verdict"] == "better" else "worse"
    return Mark(side, tone, words, note)  # type: ignore[arg-type]


def rates_panel(page: Page) -> None:
    """A compact league of a rate over 28 days; a click opens the region."""
    period = Period(page.period.stop - RATE_DAYS * DAY, page.period.stop)
    metric = _rate(page, period)
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    (asked,) = page.narrowed(Query((metric.key,), region.code, level, period))
    frame = answers.league(page.snapshot, asked, Grain.total, page.compare, None, page.scope)
    names = {place.code: place.name for place in page.tree.at_level(region.code, level)}
    # The line that the members are judged by: what is coded above them stands in none of them.
    centre = centre_of(frame)
    mean = f"虚线为所列合计 {with_unit(centre, metric)}"
    detail = f"近{RATE_DAYS}日 · 位次为区间 · {mean}{narrowed(page, metric)}"
    with panel("rates", metric.label, detail, metric):
        drawn = league.payload(
            frame, metric, names, selected=page.region.code, mean=centre, place_label=LEVEL_LABELS[level]
        )
        opened = league.show(drawn | {"foot": ""}, key="rates")
    if opened is not None:
        page.go(opened)


def _rate(page: Page, period: Period) -> Metric:
    """The page's metric if it is a rate, else the first that the filters leave something of."""
    known = metrics()
    wanted = [page.metric] if page.metric.percent else [known[key] for key in _LEAGUES]
    wholes = []
    for metric in wanted:
        region = page.compared_region_of(metric)
        row = page.ask(Query((metric.key,), region.code, region.level, period)).row(0, named=True)
        wholes.append((metric, row["value"]))
    return next((metric for metric, value in wholes if value is not None), wholes[0][0])


def structure_panel(page: Page) -> None:
    """What was settled near home against what came to the police and the courts."""
    period = Period(page.period.stop - RATE_DAYS * DAY, page.period.stop)
    steps = [structure.Step(label, _layer(page, key, period), metrics()[key]) for label, key in _LAYERS]
    found = structure.finding(steps)
    ignored = "（未筛选）" if page.selection.where else ""
    with panel("structure", "矛盾化解结构", f"近{RATE_DAYS}日{' · ' + found if found else ''}{ignored}"):
        structure.show(steps)


def _layer(page: Page, key: str, period: Period) -> float | None:
    where = _BASE if key == "mediation_succeeded" else ()
    if not page.measured(metrics()[key], page.region.code, page.region.level):
        return None
    row = page.observations(Query((key,), page.region.code, page.region.level, period, where=where)).row(0, named=True)
    return row["value"] if row["state"] == "ok" else None


def own_panel(page: Page, told: News) -> None:
    """The watched metrics of the selected region on the last day, with what was expected of each."""
    columns = (Column("项目"), Column("件数", right=True), Column("预期范围", right=True), Column("判断", right=True))
    shown = [row for row in told.own.sort("series").iter_rows(named=True) if not WATCHED[row["series"]].where]
    rows = [_own_row(row) for row in shown] + [_unknown_row(number) for number in _unknown(page)]
    with panel("own", f"{page.region.name}各项", f"{told.window.last:%m-%d}"):
        table.show(
            table.payload(columns, rows, label="各项与预期范围", empty="没有可以判断的项目。"),
            key="own",
        )


def _unknown(page: Page) -> list[int]:
    """The places in WATCHED of what the source does not tell apart at the region's level."""
    return [
        number
        for number, series in enumerate(WATCHED)
        if not series.where and not page.measured(metrics()[series.metric], page.region.code, page.region.level)
    ]


def _unknown_row(number: int) -> Row:
    said = Cell(STATE_LABELS["not_measured"], tone="muted")
    return Row(str(number), (Cell(WATCHED[number].name), Cell(DASH, tone="muted"), Cell(DASH, tone="muted"), said))


def _own_row(row: Mapping[str, Any]) -> Row:
    series = WATCHED[row["series"]]
    metric = metrics()[series.metric]
    verdict = Verdict(row["verdict"])
    outside = verdict in (Verdict.high, Verdict.low, Verdict.gap)
    band = f"{exact(row['lower'], metric)}–{exact(row['upper'], metric)}" if row["upper"] is not None else "—"
    cells = (
        Cell(series.name),
        Cell(exact(row["value"], metric), strong=True),
        Cell(band, tone="muted"),
        Cell(VERDICT_LABELS[verdict], tone="worse" if outside else "muted"),
    )
    return Row(str(row["series"]), cells)
