"""要情 of the days since the last meeting: what is watched, what is told of it, and where each line leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import polars as pl

from dashboard import answers, bar, navigation
from dashboard.look import with_unit
from dashboard.page import Page
from dashboard.panels.due import orders_of
from dashboard.panels.frame import changes, narrowed, panel, running
from dashboard.shell import headline
from dashboard.span import Span
from dashboard.views import news
from dashboard.views.news import Line, Told
from data_access.regions import COUNTY, TOWNSHIP
from metrics.core import story
from metrics.core.model import Metric
from metrics.core.period import DAY, Grain, Period
from metrics.core.query import Query
from metrics.core.signal import possible_gaps, with_gaps
from metrics.core.story import Counted, Finding, Kind, Watched
from metrics.registry import metrics

RATE_DAYS = 28
_MOST, _MOST_DAYS = 4, 7
_BACK = 3
# A rate that was outside on one of so many days before has not left the range now: it wanders about its limit.
_WOBBLE = 7
_PETITIONS = "petitions"
#: The daily counts that are watched in the selected region and its parts.
WATCHED = (
    Watched("petition_volume", "登记", _PETITIONS),
    Watched("visit_batches", "来访", _PETITIONS),
    Watched("group_visit_batches", "集体访", "group_visits"),
    Watched("over_level_batches", "越级走访", "over_level"),
    Watched("mediation_accepted", "调解受理", "mediation"),
    Watched("police_disputes", "纠纷警情", "police"),
    Watched("civil_filings", "民商事收案", "court"),
    *(
        Watched("petition_volume", name, _PETITIONS, (("channel", (code,)),))
        for code, name in (("web", "网信"), ("letter", "来信"), ("phone", "来电"))
    ),
)
_STOCKS = ("overdue_petitions",)
_RATES = ("reply_on_time_rate", "accept_on_time_rate", "mediation_success_rate", "satisfaction_rate")
#: What an excess is broken down by, besides the places below.
_BREAKDOWN = {**dict.fromkeys(("petitions", "group_visits", "over_level"), "category"), "mediation": "dispute_type"}
_PAGES = {
    "petition_volume": "volume",
    "visit_batches": "volume",
    "group_visit_batches": "over_level",
    "over_level_batches": "over_level",
    "mediation_accepted": "mediation",
    "police_disputes": "mediation",
    "civil_filings": "mediation",
    "mediation_success_rate": "mediation",
    "overdue_petitions": "quality",
    "reply_on_time_rate": "quality",
    "accept_on_time_rate": "quality",
    "satisfaction_rate": "quality",
    "orders_overdue": "supervision",
}


@dataclass(frozen=True)
class News:
    """``window``: the days spoken of; ``words`` of the address that each line's key leads to; ``left_out``: the watched
    metrics that cannot follow the chosen filters; ``own``: the bands of the selected region itself, ``series`` is the place in
    WATCHED."""

    story: story.Story
    lines: tuple[Line, ...]
    words: Mapping[str, tuple[str, dict[str, str | list[str]]]]
    window: Period
    left_out: tuple[str, ...]
    own: pl.DataFrame


def read(page: Page) -> News:
    """All that is to be told of the page's days, of the last seven where there are more."""
    window = page.period
    if window.days > _MOST_DAYS:
        window = Period(window.stop - _MOST_DAYS * DAY, window.stop)
    judged = {level: _judged(page, window, level) for level in _levels(page)}
    findings, looked_at = _bands(judged, window)
    rates, standing, within = _rates(page, window)
    findings += [*_stocks(page, window), *_orders(page, window), *rates]
    open_to_all = [finding for finding in findings if _disclosed(page, finding)]
    whole = replace(looked_at, usual=looked_at.usual + within)
    told = story.story(open_to_all, whole, partial(_related, page), _MOST, standing)
    told = replace(told, more=told.more + len(findings) - len(open_to_all))
    lines, words = [], {}
    for number, finding in enumerate(told.told):
        key = f"{number}-{finding.region}-{finding.metric}"
        name, address = _leads(page, finding, window)
        words[key] = (name, address)
        lines.append(_line(page, finding, key, f"{name}?{urlencode(address, doseq=True)}", window))
    left_out = dict.fromkeys(series.name for series in WATCHED if page.unfiltered(metrics()[series.metric]))
    own = judged[page.region.level][0].filter(pl.col("day") == window.last)
    rest = news.rest(told, window.days, lambda code: page.tree.get(code).name)
    return News(told, (*lines, rest), words, window, tuple(left_out), own)


def news_panel(page: Page, told: News) -> None:
    """The list; a click on a line leads to the place that shows it."""
    shorter = told.window.days < page.period.days
    detail = f"{bar.span_label(page)}的最后 {told.window.days} 天" if shorter else bar.span_label(page)
    foot = f"不分所选条件，未看：{'、'.join(told.left_out)}。" if told.left_out else ""
    with panel("news", "要情", detail):
        opened = news.show(news.payload(told.lines, foot), key="news")
    if opened is not None:
        navigation.go_to(*told.words[opened])


def finding(page: Page, told: News) -> None:
    """The page's title: the weightiest line, else that all is as usual and the main figure."""
    metric = page.metric
    row = page.compared([metric.key]).row(0, named=True)
    before = changes(page, row, metric)[0]
    figure = f"{page.region.name}{metric.label} {with_unit(row['value'], metric)}"
    if row["value"] is not None and row["previous"] is not None:
        figure += f"，{before.label} {before.text}"
    known = told.story.standing or told.story.more or told.story.told
    calm = "没有新的特殊波动" if known else "各项在正常范围内"
    new = bool(told.story.told) and not told.story.told[0].lasting
    said = told.lines[0].text if new else f"{calm}，{figure}"
    detail = f"{bar.span_label(page)}{running(page)}{narrowed(page, metric)}。"
    headline(page, said, detail + (f"{figure}。" if new else metric.definition))


# What is looked at ------------------------------------------------------------------------------------------------------


def _levels(page: Page) -> list[int]:
    """The selected region's own level and, where there is one, that of its parts."""
    below = page.level_below(page.region)
    return [page.region.level] if below is None else [page.region.level, below]


def _follows(page: Page, series: Watched) -> bool:
    """Whether the series can follow the chosen filters, and is not itself one of them."""
    chosen = {name for name, _ in page.selection.where}
    return not page.unfiltered(metrics()[series.metric]) and not chosen & {name for name, _ in series.where}


def _bands(
    judged: Mapping[int, tuple[pl.DataFrame, pl.DataFrame | None]], window: Period
) -> tuple[list[Finding], Counted]:
    findings: list[Finding] = []
    for frame, gaps in judged.values():
        findings += story.outside(frame, window, WATCHED)
        findings += story.stopped(gaps, window, "petition_volume", _PETITIONS) if gaps is not None else []
    found = [story.counted(frame, window) for frame, _ in judged.values()]
    return findings, Counted(
        sum(one.usual for one in found), sum(one.one_sided for one in found), sum(one.unjudged for one in found)
    )


def _judged(page: Page, window: Period, level: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Bands of all watched series in the regions of the level, a few days before the window too, and the feeds' gaps."""
    days = Period(window.start - _BACK * DAY, window.stop)
    wanted = [
        (number, series)
        for number, series in enumerate(WATCHED)
        if _follows(page, series) and page.measured(metrics()[series.metric], page.region.code, level)
    ]
    plain = {series.metric: number for number, series in wanted if not series.where}
    channels = {str(series.where[0][1][0]): number for number, series in wanted if series.where}
    query = Query(tuple(plain), page.region.code, level, days, Grain.day)
    frames = [_numbered(page.signals(query) if plain else None, "metric", plain)]
    split = page.signals(replace(query, metrics=("petition_volume",), by=("channel",))) if channels else None
    frames.append(_numbered(split, "channel", channels))
    known = [frame for frame in frames if frame is not None]
    if not known:
        return story.NOTHING_JUDGED, None
    judged = pl.concat(known)
    # Of a part of the petitions, or of a township, nobody can tell a dead feed from a quiet day.
    if split is None or level < COUNTY or page.selection.where:
        return judged, None
    gaps = possible_gaps(split)
    ours = pl.col("series").is_in([n for n, series in enumerate(WATCHED) if series.family == _PETITIONS])
    return pl.concat([with_gaps(judged.filter(ours), gaps), judged.filter(~ours)]), gaps


def _numbered(judged: pl.DataFrame | None, column: str, numbers: Mapping[str, int]) -> pl.DataFrame | None:
    """With the column ``series``, without the columns that told the series apart."""
    if judged is None:
        return None
    rows = judged.filter(pl.col(column).is_in(list(numbers)))
    number = pl.col(column).replace_strict(numbers, return_dtype=pl.Int64)
    return rows.with_columns(series=number).drop("metric", "channel", strict=False)


def _stocks(page: Page, window: Period) -> list[Finding]:
    found = []
    for key in _STOCKS:
        metric = metrics()[key]
        if page.unfiltered(metric) or not page.measured(metric, page.region.code, page.region.level):
            continue
        days = Period(window.start - timedelta(days=380), window.stop)
        values = page.series([key], page.region.code, page.region.level, days.days, Grain.day)
        stock = values.select(day="period", value="value")
        found.append(story.moved(stock, window, key, metric.label, page.region.code))
    return [finding for finding in found if finding is not None]


def _orders(page: Page, window: Period) -> list[Finding]:
    orders = orders_of(page)
    metric = metrics()["orders_overdue"]
    if orders is None:
        return []
    found = story.fallen_overdue(orders, window, page.region.code, metric.key, metric.label)
    return [found] if found is not None else []


def _rates(page: Page, window: Period) -> tuple[list[Finding], list[Finding], int]:
    """Rates of the last 28 days that left the range of the others; those outside before already; how many are within."""
    found: list[Finding] = []
    standing: list[Finding] = []
    within = 0
    now = Period(window.stop - RATE_DAYS * DAY, window.stop)
    for key in _RATES:
        metric = metrics()[key]
        region = page.compared_region_of(metric)
        if page.unfiltered(metric) or not page.measured(metric, region.code, page.compared_level_of(metric)):
            continue
        league = _league(page, metric, now)
        spans = [now.shifted_days(-window.days - days) for days in range(_WOBBLE)]
        new, old = story.crossed(league, [_league(page, metric, spans[0])], now, metric.label)
        if new:
            new, old = story.crossed(league, [_league(page, metric, span) for span in spans], now, metric.label)
        found += new
        standing += old
        within += league.filter(pl.col("band") == "within").height
    return found, standing, within


def _league(page: Page, metric: Metric, period: Period) -> pl.DataFrame:
    """The league of the compared level, of it only what lies in the selected region: neighbours are not its news."""
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    (asked,) = page.narrowed(Query((metric.key,), region.code, level, period))
    frame = answers.league(page.snapshot, asked, Grain.total, page.compare, None, page.scope)
    ours = [code for code in frame["region_code"].to_list() if _within(page, code, page.region.code)]
    return frame.filter(pl.col("region_code").is_in(ours))


def _within(page: Page, inner: str, outer: str) -> bool:
    return any(step.code == outer for step in page.tree.path(inner))


def _related(page: Page, one: str, other: str) -> bool:
    return _within(page, one, other) or _within(page, other, one)


def _disclosed(page: Page, finding: Finding) -> bool:
    """A township's day among others is told of only from the floor on; what is selected shows its figures anyway."""
    region = page.tree.get(finding.region)
    small = region.level <= TOWNSHIP and region.code != page.region.code
    return not small or finding.kind is Kind.rate or finding.value >= story.FLOOR


# What is said of it -----------------------------------------------------------------------------------------------------


def _line(page: Page, finding: Finding, key: str, href: str, window: Period) -> Line:
    told = Told(lambda code: page.tree.get(code).name, metrics()[finding.metric], window.days > 1)
    said = [
        news.comparison(finding, told),
        *_where_it_lies(page, finding, told, window),
        news.beside(finding.beside, told.place, finding.region),
    ]
    return news.line(key, finding, told, "；".join(part for part in said if part), href)


def _where_it_lies(page: Page, finding: Finding, told: Told, window: Period) -> list[str]:
    if finding.kind is Kind.moved:
        return _moved_most(page, finding, told, window)
    if finding.kind is Kind.orders:
        return _overdue_where(page, told, window)
    if finding.kind is not Kind.high:
        return []
    return [words for words in (_by_kind(page, finding, told), _by_place(page, finding, told)) if words is not None]


def _by_kind(page: Page, finding: Finding, told: Told) -> str | None:
    dimension = _BREAKDOWN.get(finding.family)
    if dimension is None or dimension not in told.metric.dimensions:
        return None
    level = page.tree.get(finding.region).level
    parts = page.signals(replace(_question(finding, level), by=(dimension,)))
    part = None if parts is None else story.concentration(parts, dimension, finding)
    return None if part is None else news.held(part, page.names.of(dimension, part.code), told.metric)


def _by_place(page: Page, finding: Finding, told: Told) -> str | None:
    level = page.level_below(page.tree.get(finding.region))
    if level is None or not page.measured(told.metric, finding.region, level):
        return None
    parts = page.signals(_question(finding, level))
    part = None if parts is None else story.concentration(parts, "region_code", finding)
    if part is None or part.code is None or part.share < 0.5:
        return None
    return news.held(part, told.place(part.code), told.metric, mainly="集中在")


def _question(finding: Finding, level: int) -> Query:
    day = Period(finding.last, finding.last + DAY)
    return Query((finding.metric,), finding.region, level, day, Grain.day, where=finding.where)


def _moved_most(page: Page, finding: Finding, told: Told, window: Period) -> list[str]:
    level = page.level_below(page.region)
    if level is None or not page.measured(told.metric, page.region.code, level):
        return []
    days = Period(window.start - DAY, window.stop)
    rows = page.ask(Query((finding.metric,), page.region.code, level, days, Grain.day)).sort("period")
    ends = rows.group_by("region_code", maintain_order=True).agg(
        by=pl.col("value").last() - pl.col("value").first(), now=pl.col("value").last()
    )
    if level <= TOWNSHIP:
        ends = ends.filter(pl.col("now") >= story.FLOOR)
    moved = ends.filter(pl.col("by") * finding.total > 0).sort(
        pl.col("by").abs(), "region_code", descending=[True, False]
    )
    return [news.grew(told.place(code), by, told.metric) for code, by, _ in moved.head(1).iter_rows()]


def _overdue_where(page: Page, told: Told, window: Period) -> list[str]:
    orders = orders_of(page)
    if orders is None:
        return []
    fell = (
        story.fell_overdue(orders, window)
        .group_by("region_code")
        .len()
        .sort("len", "region_code", descending=[True, False])
    )
    return ["、".join(f"{told.place(code)} {number} 件" for code, number in fell.head(3).iter_rows())]


def _leads(page: Page, finding: Finding, window: Period) -> tuple[str, dict[str, str | list[str]]]:
    """The page that shows the finding, and the words of its address; of several days outside, all days of the window."""
    name = "health" if finding.kind is Kind.gap else _PAGES[finding.metric]
    several = finding.kind in (Kind.high, Kind.low) and finding.days > 1
    span = Span.over(window if several else Period.inclusive(finding.first, finding.last))
    chosen = {
        dimension: [code or "" for code in codes]
        for dimension, codes in (*page.where(metrics()[finding.metric]), *finding.where)
    }
    words: dict[str, str | list[str]] = {"region": finding.region, "period": span.word}
    seen = {} if page.selection.snapshot is None else {"snapshot": str(page.selection.snapshot)}
    return name, {**words, "metric": finding.metric, **chosen, **seen}
