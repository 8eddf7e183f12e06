"""The frame of every page: title, region path, period, metric, freshness, export; and what the panels draw from.

The address bar holds what is selected; the controls only read it and write it. So a link opens the same view, and the
browser's Back undoes one step, because every step is one change of the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from html import escape
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from dashboard import address, answers, current
from dashboard.address import Selection
from dashboard.look import asset, page_css
from dashboard.routes import EXPORT_PATH
from dashboard.span import PICKABLE, Span, buckets_back
from dashboard.views.screen import Screen, current_screen
from data_access.regions import LEVEL_KEYS, LEVEL_LABELS, TOWNSHIP, Region, RegionTree
from data_access.snapshot import Snapshot
from metrics.core.model import Metric
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics

#: How many buckets a trend shows, by the grain of the page's period.
TREND_BUCKETS = {Grain.day: 63, Grain.week: 53, Grain.month: 25, Grain.quarter: 13, Grain.year: 6}
_KEY_OF_LEVEL = {level: key for key, level in LEVEL_KEYS.items()}


@dataclass(frozen=True)
class PageSpec:
    """What a page is about. ``path``: its address; ``metrics``: the choices for map, trend and league, the first is the
    default; ``grain``: the period's default calendar."""

    path: str
    metrics: tuple[str, ...]
    grain: Grain


@dataclass(frozen=True)
class Page:
    """An opened page: its snapshot, what is selected, and the questions that its panels ask.

    ``visit`` counts the changes of region in this session. A map keeps what was clicked on it; by the visit a click that
    has been followed is told from a new one, also after Back and on the same region.
    """

    title: str
    spec: PageSpec
    snapshot: Snapshot
    selection: Selection
    default: Selection
    screen: Screen
    visit: int

    @property
    def tree(self) -> RegionTree:
        """The region tree of the snapshot."""
        return self.snapshot.regions

    @property
    def region(self) -> Region:
        """The selected region."""
        return self.tree.get(self.selection.region)

    @property
    def business_date(self) -> date:
        """The last day that figures may speak of."""
        return self.snapshot.provenance.business_date

    @property
    def metric(self) -> Metric:
        """The metric of map, trend and league."""
        return metrics()[self.selection.metric]

    @property
    def grain(self) -> Grain:
        """The calendar of the selected period."""
        return self.selection.span.grain

    @property
    def trend_grain(self) -> Grain:
        """How the trend is cut: as the period's calendar; a free range by day."""
        return Grain.day if self.grain is Grain.total else self.grain

    @cached_property
    def period(self) -> Period:
        """The selected days up to the business date."""
        shown = self.selection.span.until(self.business_date)
        return shown if shown is not None else Period.inclusive(self.business_date, self.business_date)

    @property
    def unfinished(self) -> bool:
        """Whether the selected period is still running."""
        return self.period.stop < self.selection.span.whole.stop

    @cached_property
    def compared_region(self) -> Region:
        """The region whose parts map and league show: the selected one, or above it where it has no parts to show."""
        region = self.region
        while region.parent is not None and self._measured_below(region) is None:
            region = self.tree.get(region.parent)
        return region

    @cached_property
    def compared_level(self) -> int:
        """The level that map and league show."""
        level = self._measured_below(self.compared_region)
        return self.compared_region.level if level is None else level

    def _level_below(self, region: Region) -> int | None:
        below = [level for level in self.tree.levels_below(region.code) if TOWNSHIP <= level < region.level]
        return max(below, default=None)

    def _measured_below(self, region: Region) -> int | None:
        """The level below, unless the metric is not measured there: such a level is not offered."""
        level = self._level_below(region)
        measured = level is not None and self.metric.measured_at(level, self.tree.root.level)
        return level if measured else None

    def compared(self, keys: Sequence[str], period: Period | None = None) -> pl.DataFrame:
        """The selected region's own figures with ``previous`` and ``year_ago``; another period is a free range."""
        grain = self.grain if period is None else Grain.total
        query = Query(tuple(keys), self.region.code, self.region.level, period or self.period)
        return answers.compared(self.snapshot, query, grain)

    def parts(self, key: str) -> pl.DataFrame:
        """The figures of the compared level, by region code: ``previous``, ``year_ago`` and what may fairly be said."""
        query = Query((key,), self.compared_region.code, self.compared_level, self.period)
        return answers.league(self.snapshot, query, self.grain)

    def whole(self, key: str) -> pl.DataFrame:
        """The figure of the compared region itself, what the parts add up to."""
        query = Query((key,), self.compared_region.code, self.compared_region.level, self.period)
        return answers.compared(self.snapshot, query, self.grain)

    def series(
        self, keys: Sequence[str], code: str, level: int, buckets: int, grain: Grain | None = None
    ) -> pl.DataFrame:
        """Observations by bucket up to the period's last day; each metric from where its data begins."""
        grain = grain or self.trend_grain
        query = Query(tuple(keys), code, level, buckets_back(self.period.last, grain, buckets), grain)
        frame = answers.observations(self.snapshot, query)
        begun = {key: answers.begins(self.snapshot, metrics()[key]) or self.period.last for key in keys}
        first = pl.col("metric").replace_strict(begun, return_dtype=pl.Date)
        return frame.filter(pl.col("period") >= first)

    def go(self, code: str) -> None:
        """Narrow or widen the page to another region: one step in the browser's history."""
        if code != self.selection.region and code in self.tree:
            _write(self.selection.in_region(code), self.default)
            st.rerun()

    def export_link(self) -> str:
        """The address of the table behind map and league."""
        words = {
            "metric": self.metric.key,
            "region": self.compared_region.code,
            "level": _KEY_OF_LEVEL[self.compared_level],
            "from": str(self.period.start),
            "to": str(self.period.last),
        }
        return f"{EXPORT_PATH}?{urlencode(words)}"


def open_page(title: str | None, spec: PageSpec) -> Page:
    """Draw the page's head and read what is selected. Stops the run while no snapshot is there."""
    name = (title or spec.path).strip()
    screen = current_screen()
    st.html(page_css(screen.look) + f"<style>{asset('shell.css')}</style>")
    snapshot = current.snapshot()
    if snapshot is None:
        _waiting()
        st.stop()
    default = _default(snapshot, spec)
    selection, notes = address.read(
        st.query_params.to_dict(), snapshot.regions, default, spec.metrics, snapshot.provenance.business_date
    )
    page = Page(name, spec, snapshot, selection, default, screen, _visit(selection.region))
    _bar(page)
    for note in notes:
        st.caption(note)
    return page


def headline(title: str, finding: str, detail: str) -> None:
    """The page's name, what it finds, and quietly what exactly is shown and of when."""
    st.html(
        f'<div class="yp-head"><h1>{escape(title)}</h1><b>{escape(finding)}</b></div>'
        f'<p class="yp-quiet yp-detail">{escape(detail)}</p>'
    )


def _visit(region: str) -> int:
    last_region, number = st.session_state.get("yp-visit", (region, 0))
    number += last_region != region
    st.session_state["yp-visit"] = (region, number)
    return int(number)


def _default(snapshot: Snapshot, spec: PageSpec) -> Selection:
    span = Span.holding(snapshot.provenance.business_date, spec.grain)
    return Selection(snapshot.regions.root.code, span, spec.metrics[0])


def _write(selection: Selection, default: Selection) -> None:
    st.query_params.from_dict(selection.words(default))


@st.fragment(run_every=2.0)
def _waiting() -> None:
    if current.snapshot() is not None:
        st.rerun(scope="app")
    status = current.status()
    with st.container(key="panel-waiting"):
        if status.fault:
            st.html(f"<b>还没有可用的数据</b><p>{escape(status.fault)}</p><p class='yp-quiet'>系统会继续重试。</p>")
        else:
            st.html(f"<b>首次取数，请稍候</b><p class='yp-quiet'>{escape(status.doing or '正在准备数据')}</p>")


def _bar(page: Page) -> None:
    with st.container(key="yp-bar", horizontal=True, vertical_alignment="center", gap="small"):
        _region_path(page)
        _period_picker(page)
        _metric_picker(page)
        st.html(f'<a class="yp-button" href="{escape(page.export_link())}" download>导出</a>', width="content")
        st.html(_marks(page), width="stretch")


def _region_path(page: Page) -> None:
    steps = page.tree.path(page.region.code)
    with st.container(key="yp-path", horizontal=True, vertical_alignment="center", gap="xxsmall", width="content"):
        for step in steps[:-1]:
            st.button(
                step.name,
                key=f"path-{step.code}",
                type="tertiary",
                on_click=_write,
                args=(_at(page, step), page.default),
            )
            st.html('<span class="yp-quiet">›</span>', width="content")
        st.html(f"<b>{escape(page.region.name)}</b>", width="content")
        level = page._level_below(page.region)
        if level is not None:
            _child_picker(page, level)


def _child_picker(page: Page, level: int) -> None:
    children = page.tree.at_level(page.region.code, level)
    names = {child.code: child.name for child in children}
    key = f"child-{page.region.code}"

    def chosen() -> None:
        code = st.session_state[key]
        if code in page.tree:
            _write(page.selection.in_region(code), page.default)

    st.selectbox(
        "下级区划",
        list(names),
        index=None,
        format_func=names.__getitem__,
        key=key,
        on_change=chosen,
        placeholder=f"全部{LEVEL_LABELS[level].split('(')[0]}",
        label_visibility="collapsed",
        filter_mode=None,
        width=170,
    )


def _period_picker(page: Page) -> None:
    span, last = page.selection.span, page.business_date
    key = "yp-grain"
    st.session_state[key] = span.grain if span.grain in PICKABLE else None

    def grain_chosen() -> None:
        grain = st.session_state[key]
        if grain is not None:
            _write(replace(page.selection, span=span.in_grain(grain, last)), page.default)

    st.segmented_control(
        "粒度",
        list(PICKABLE),
        format_func=lambda grain: PICKABLE[grain],
        key=key,
        on_change=grain_chosen,
        label_visibility="collapsed",
    )
    with st.container(key="yp-span", horizontal=True, vertical_alignment="center", gap="xxsmall", width="content"):
        _step("‹", "上一期", span.previous(), page)
        # A key of its own for every span: the list closes once one is chosen.
        with st.popover(span.label, type="tertiary", key=f"periods-{span.word}"):
            _bucket_list(page)
        _step("›", "下一期", span.next(), page)


def _step(sign: str, words: str, to: Span, page: Page) -> None:
    st.button(
        sign,
        key=f"step-{words}",
        type="tertiary",
        help=words,
        disabled=to.whole.start > page.business_date,
        on_click=_write,
        args=(replace(page.selection, span=to), page.default),
    )


def _bucket_list(page: Page) -> None:
    """The latest periods of the same calendar, newest first."""
    grain = page.trend_grain
    span = Span.holding(page.business_date, grain)
    for _ in range(14):
        st.button(
            span.label,
            key=f"span-{span.word}",
            type="tertiary",
            on_click=_write,
            args=(replace(page.selection, span=span), page.default),
        )
        span = span.previous()


def _metric_picker(page: Page) -> None:
    if len(page.spec.metrics) < 2:
        return
    key = "yp-metric"
    st.session_state[key] = page.selection.metric

    def chosen() -> None:
        _write(replace(page.selection, metric=st.session_state[key]), page.default)

    st.selectbox(
        "指标",
        list(page.spec.metrics),
        format_func=lambda name: metrics()[name].label,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
        filter_mode=None,
        width=200,
    )


def _marks(page: Page) -> str:
    made = page.snapshot.provenance
    status = current.status()
    mark = f'<span class="yp-tag">{escape(made.synthetic)}</span>' if made.synthetic else ""
    newest = f"{made.newest_event:%m-%d}" if made.newest_event else "无"
    tone, fault = ("caution", "　取数失败，显示上一次的数据") if status.fault else ("", "")
    words = f"业务截至 {newest}　{escape(made.replica)}　快照 №{made.number}{fault}"
    title = f"取数时间 {made.taken_at:%Y-%m-%d %H:%M}；业务日期 {made.business_date}{'；' + status.fault if status.fault else ''}"
    badge = f'<span class="yp-badge" title="{escape(title)}"><span class="yp-dot {tone}"></span>{words}</span>'
    return f'<div class="yp-marks">{mark}<span class="yp-grow"></span>{badge}</div>'


def _at(page: Page, region: Region) -> Selection:
    return page.selection.in_region(region.code)
