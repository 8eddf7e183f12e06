"""What the sources delivered, and which of them, or which county, may have stopped delivering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from dashboard import navigation
from dashboard.page import Page
from dashboard.panels.frame import panel
from dashboard.span import Span
from dashboard.views import feeds, table
from dashboard.views.table import Cell, Column, Row
from data_access.regions import COUNTY, LEVEL_LABELS, Region
from metrics.core.period import DAY, Grain, Period
from metrics.core.query import Query
from metrics.core.signal import possible_gaps
from metrics.registry import metrics

#: So many days up to the period's last are looked at.
DAYS = 30


@dataclass(frozen=True, eq=False)
class Missing:
    """What may be missing in the last days. ``feeds``: daily bands by source; ``gaps``: of ``possible_gaps``; either None
    where there is no history to judge by."""

    span: Period
    feeds: pl.DataFrame | None
    gaps: pl.DataFrame | None

    @property
    def judged(self) -> bool:
        """Whether anything could be judged."""
        return self.feeds is not None or self.gaps is not None

    @property
    def sources(self) -> int:
        """How many sources have days below their band."""
        return 0 if self.feeds is None else feeds.gap_days(self.feeds)["source"].n_unique()

    @property
    def places(self) -> int:
        """How many regions look like a dead feed."""
        return 0 if self.gaps is None else self.gaps["region_code"].n_unique()

    @property
    def none(self) -> bool:
        """Whether nothing seems to be missing."""
        return not self.sources and not self.places


def missing(page: Page) -> Missing:
    """The last days of all sources, and of the counties inside the selected region."""
    root = page.tree.root
    span = Period(page.period.stop - DAYS * DAY, page.period.stop)
    delivered = page.signals(Query(("feed_records",), root.code, root.level, span, Grain.day, by=("source",)))
    level = _level(page)
    arrived = page.signals(Query(("petition_volume",), root.code, level, span, Grain.day, by=("channel",)))
    if arrived is None:
        return Missing(span, delivered, None)
    inside = [place.code for place in _places(page, level)]
    gaps = possible_gaps(arrived).filter(pl.col("region_code").is_in(inside))
    return Missing(span, delivered, gaps.sort("last", "region_code", descending=[True, False]))


def feeds_panel(page: Page, found: Missing) -> None:
    """Bars by source and day."""
    metric = metrics()["feed_records"]
    whole = f"{page.tree.root.name} · 汇聚没有属地" if page.region != page.tree.root else page.tree.root.name
    detail = f"近 {DAYS} 日，至 {found.span.last:%m-%d} · {whole} · 浅色为预期范围，橙色为可能断数"
    with panel("feeds", _feeds_title(found), detail, metric):
        if found.feeds is None:
            table.show(_nothing("还没有足够的历史可以判断。"), key="feeds-none")
            return
        days = [found.span.start + n * DAY for n in range(found.span.days)]
        picture = feeds.payload(found.feeds, lambda code: page.names.of("source", code), days)
        feeds.show(picture, key="feeds")


def gaps_panel(page: Page, found: Missing) -> None:
    """Counties whose channels all fell silent at once; a click opens their petitions of those days."""
    level = LEVEL_LABELS[_level(page)]
    title = f"{found.places} 个{level}可能断数" if found.places else f"{page.region.name}近 {DAYS} 日未见断数"
    detail = "各渠道同时不足预期一成、偶然几率小于十万分之一的，才列在这里"
    with panel("gaps", title, detail):
        columns = (
            Column(level),
            Column("日期"),
            *(Column(name, right=True) for name in ("实到", "预期")),
            Column("请先核对", wrap=True),
        )
        rows = [] if found.gaps is None else [_gap_row(page, gap) for gap in found.gaps.iter_rows(named=True)]
        empty = f"没有哪个{level}像是断了数。预期不足十五件的地方，两日以内的中断看不出来。"
        drawn = table.payload(columns, rows, label=title, empty=empty, height=13)
        opened = table.show(drawn, key="gaps")
    if opened is not None:
        code, first, last = opened.split(":")
        span = Span.over(Period.inclusive(date.fromisoformat(first), date.fromisoformat(last)))
        navigation.go_to("volume", {"region": code, "period": span.word})


def _feeds_title(found: Missing) -> str:
    return f"{found.sources} 个来源可能断数" if found.sources else "各来源汇聚"


def _gap_row(page: Page, gap: dict[str, Any]) -> Row:
    first, last = gap["first"], gap["last"]
    days = f"{first:%m-%d}" if first == last else f"{first:%m-%d} 至 {last:%m-%d}"
    name = page.tree.get(str(gap["region_code"])).name
    cells = [
        Cell(name),
        Cell(days),
        Cell(f"{gap['value']:,.0f}", unit="件", tone="worse", strong=True),
        Cell(f"{gap['expected']:,.0f}", unit="件"),
        Cell("该地汇聚是否中断", tone="muted"),
    ]
    return Row(f"{gap['region_code']}:{first}:{last}", cells, open=True, alt=f"{name} {days} 可能断数")


def _nothing(why: str) -> dict[str, Any]:
    return table.payload((), (), label=why, empty=why)


def _level(page: Page) -> int:
    """Counties; where the root itself is one, what lies below it."""
    below = page.level_below(page.tree.root)
    return page.tree.root.level if below is None else min(COUNTY, below)


def _places(page: Page, level: int) -> list[Region]:
    """Those inside the selected region, or the one that holds it."""
    inside = page.tree.at_level(page.region.code, level)
    return inside or [step for step in page.tree.path(page.region.code) if step.level == level]
