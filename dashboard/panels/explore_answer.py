"""The answer to a free question: a table page by page, with bars, lines or a map beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import bar, explored, exploring
from dashboard.explored import PAGE_ROWS, Answer
from dashboard.exploring import ExploreQuery
from dashboard.look import STATE_LABELS, STATE_REASONS, change, count, exact, parts, unit_of, with_unit
from dashboard.page import Page
from dashboard.panels import region_map
from dashboard.panels.frame import definition, panel, previous_label
from dashboard.views import bars, explore_table, trend
from dashboard.views import region_map as map_view
from dashboard.views.explore_table import Cell, Head, Paging
from data_access.boundaries import boundaries_of, special_units
from data_access.regions import LEVEL_LABELS, TOWNSHIP
from metrics.core.compare import Reference, reference_period
from metrics.core.model import Count, Metric, Ratio, Stock
from metrics.core.period import Grain, bucket_start, next_bucket
from metrics.core.query import Query
from metrics.labels import DIMENSION_LABELS
from metrics.registry import metrics

_MAP_HEIGHT = 600
#: The part of the page's width that the answer has, beside its question (``explore.question_and_answer``).
_ANSWER_SHARE = 0.77
#: Up to so many rows leave room for bars below the table; from so many columns on the table is given more width.
_FEW, _SOME, _MANY = 12, 5, 7
_MOST_LETTERS = 9


@dataclass(frozen=True)
class Shown:
    """An answer and the page that shows it."""

    page: Page
    asked: ExploreQuery
    answer: Answer

    @property
    def query(self) -> Query:
        """What was asked."""
        return self.answer.query

    @property
    def changes(self) -> bool:
        """Whether the table has the columns of the comparison."""
        return bool(self.answer.references)

    @property
    def held(self) -> tuple[str, ...]:
        """The table's columns of values of other spans."""
        return ("previous", "other")[: len(self.answer.references)]

    @cached_property
    def metric(self) -> Metric:
        """The metric of the picture: the one by which the table is sorted, else the first."""
        key = exploring.order_of(self.asked)[0].partition(".")[0]
        return metrics()[key if key in self.query.metrics else self.query.metrics[0]]

    @property
    def places(self) -> bool:
        """Whether rows tell places apart."""
        return self.answer.places


def answer(page: Page) -> None:
    """The answer in the layout that was chosen, or why there is none."""
    asked, query = page.asked, page.exported
    if asked is None:
        raise ValueError(f"{page.spec.path} does not ask freely")
    if (refused := explored.refusal(query, page.tree)) is not None:
        with panel("answer", "太多了"):
            st.html(f'<p class="yp-empty">{escape(refused)}</p>')
        return
    references = _references(page) if asked.changes and asked.grain is Grain.total else ()
    shown = Shown(page, asked, Answer(page.snapshot, query, page.grain, references, page.scope))
    _LAYOUTS[exploring.layout_of(asked, query, page.region)](shown)


def _table_and_picture(shown: Shown) -> None:
    if shown.query.grain is Grain.total and explored.table(shown.answer).height <= _FEW:
        # A short table leaves no room beside it that bars would fill: both take the whole width.
        _table(shown)
        _picture(shown, 320)
        return
    columns = len(heads(shown))
    share = 0.5 if columns < _SOME else 0.42 if columns < _MANY else 0.34
    left, right = st.columns([1 - share, share], gap="medium")
    with left:
        _table(shown)
    with right:
        _picture(shown, 580)


def _table_and_map(shown: Shown) -> None:
    share = 0.47 if len(heads(shown)) < _MANY else 0.42
    left, right = st.columns([1 - share, share], gap="medium")
    with left:
        _table(shown)
        if len(shown.page.tree.at_level(shown.query.region, shown.query.level)) <= _FEW:
            # There is room, and bars say at a glance what a short table and a map do not.
            _picture(shown, 320)
    with right:
        _map(shown, share)


def _references(page: Page) -> tuple[Reference, ...]:
    """环比 and the second comparison; of a year both are the year before, which need not stand there twice."""
    both: tuple[Reference, ...] = ("previous", page.compare)
    spans = [reference_period(page.period, page.grain, reference) for reference in both]
    return both[:1] if spans[0] == spans[1] else both


# Table ------------------------------------------------------------------------------------------------------------------


def _table(shown: Shown) -> None:
    page = shown.page
    rows, total, number = explored.page(shown.answer, shown.asked)
    with st.container(key="panel-table"):
        _head(shown)
        paging = Paging((number - 1) * PAGE_ROWS + 1, total, number, max(1, -(-total // PAGE_ROWS)))
        content = explore_table.payload(
            heads(shown),
            cells(shown, rows),
            paging,
            label=f"{'、'.join(metric.label for metric in page.chosen)}，共 {count(total)} 行",
            find=shown.asked.find,
            empty=_nothing(shown),
            foot=foot(shown),
        )
        step = explore_table.show(content, key="explore-table")
    if step is not None:
        _follow(shown, step)


def _head(shown: Shown) -> None:
    """The table's title, the plain download, and what exactly the figures are."""
    page = shown.page
    with st.container(key="head-table", horizontal=True, vertical_alignment="center", gap="small"):
        st.html('<div class="yp-panel-title"><b>明细</b><span>点表头排序</span></div>', width="stretch")
        link = escape(page.export_link("csv", "wide"))
        st.html(
            f'<a class="yp-button yp-download" href="{link}" download title="全部行，与此表相同；其他格式见页面上方的导出">下载此表</a>',
            width="content",
        )
        with st.popover("口径", type="tertiary"):
            for metric in page.chosen:
                definition(metric)


def _follow(shown: Shown, step: explore_table.Step) -> None:
    page, asked = shown.page, shown.asked
    if step.kind == "open":
        # What was searched for here need not occur there.
        page.show(page.asking(asked.asking(find="")).in_region(step.word))
    elif step.kind == "page":
        page.show(page.asking(replace(asked, page=int(step.word))))
    elif step.kind == "find":
        page.show(page.asking(asked.asking(find=step.word)))
    else:
        page.show(page.asking(asked.asking(sort=step.word)))


def heads(shown: Shown) -> list[Head]:
    """The columns: days, place, break-downs, and for each metric its figure, its parts and its changes."""
    page, query = shown.page, shown.query
    column, descending = exploring.order_of(shown.asked)

    def head(label: str, key: str, **more: Any) -> Head:
        by_this = (-1 if descending else 1) if key == column else 0
        return Head(label, key, sorted=by_this, **more)

    found = [] if query.grain is Grain.total else [head("期间", "period")]
    if shown.places or not (found or query.by):
        found.append(head(LEVEL_LABELS[query.level], "region"))
    found += [head(DIMENSION_LABELS[name], name) for name in query.by]
    for metric in page.chosen:
        several = metric.label if len(page.chosen) > 1 else ""
        found.append(head(metric.label, metric.key, unit=unit_of(metric), right=True, title=metric.definition))
        if isinstance(metric.kind, Ratio):
            found.append(Head("分子/分母", unit=several, right=True))
        if shown.changes:
            small = "基数不足 20 的计数不算百分比，排在最后"
            labels = zip(shown.held, (previous_label(page), bar.reference_label(page)), strict=False)
            found += [
                head(label, f"{metric.key}.{held}", unit=several, right=True, title=small) for held, label in labels
            ]
    return found


def cells(shown: Shown, rows: pl.DataFrame) -> list[list[Cell]]:
    """The cells of the rows of ``explored.table``, in the order of ``heads``."""
    return [_line(shown, row) for row in rows.iter_rows(named=True)]


def _line(shown: Shown, row: dict[str, Any]) -> list[Cell]:
    page, query = shown.page, shown.query
    line = [] if query.grain is Grain.total else [Cell(trend.bucket_label(row["period"], query.grain))]
    if shown.places or not (line or query.by):
        line.append(_place(shown, row["region_code"]))
    for name in query.by:
        code = row[name]
        line.append(
            Cell(page.names.of(name, code), title=f"代码 {code}" if code else "", tone="neutral" if code else "muted")
        )
    for metric in page.chosen:
        line += _figures(shown, metric, row)
    return line


def _place(shown: Shown, code: str) -> Cell:
    tree, query = shown.page.tree, shown.query
    place = tree.get(code)
    # Townships of different counties may bear one name.
    above = tree.get(place.parent).name if place.parent not in (None, query.region) and place.parent in tree else ""
    openable = place.level >= TOWNSHIP and code != query.region
    return Cell(place.name, note=above, title=f"区划代码 {code}", code=code if openable else "")


def _figures(shown: Shown, metric: Metric, row: dict[str, Any]) -> list[Cell]:
    key, state = metric.key, row[f"{metric.key}.state"]
    value = row[f"{key}.value"]
    if value is None or state not in ("ok", "small_n"):
        word = state if state in STATE_LABELS else "undefined"
        found = [Cell(STATE_LABELS[word], title=STATE_REASONS[word], tone="muted")]
    else:
        few = state == "small_n"
        note, title = (STATE_LABELS[state], STATE_REASONS[state]) if few else ("", "")
        found = [Cell(exact(value, metric), note=note, title=title, tone="muted" if few else "neutral")]
    if isinstance(metric.kind, Ratio):
        found.append(Cell(parts(row[f"{key}.numerator"], row[f"{key}.denominator"]), tone="muted"))
    if shown.changes:
        found += [_change(metric, value, row[f"{key}.{held}"]) for held in shown.held]
    return found


def _change(metric: Metric, now: float | None, before: float | None) -> Cell:
    said = change("", now, before, metric)
    return Cell(said.text, title=said.detail, tone=said.tone, direction=said.direction)


def _nothing(shown: Shown) -> str:
    if shown.asked.find:
        return f"没有含「{shown.asked.find}」的行。检索区划、分类的名称或代码，以及日期；清空检索框看全部。"
    return "这段期间没有这样的记录。请换一个期间、放宽筛选或去掉一层细分。"


def foot(shown: Shown) -> str:
    """What the rows come to, and what of the whole they do not hold because it is coded above the level."""
    said = [words for metric in shown.page.chosen[:3] if (words := _total(shown, metric))]
    if shown.changes and shown.query.by:
        said.append("只在对比期出现的分类不在表中")
    return "；".join(said)


def _total(shown: Shown, metric: Metric) -> str:
    query, page = shown.query, shown.page
    if not _adds_up(metric, query):
        return ""
    whole_query = replace(query, metrics=(metric.key,), level=page.region.level, grain=Grain.total, by=())
    known = explored.observations(page.snapshot, whole_query, page.scope).row(0, named=True)
    if known["state"] != "ok":
        return f"{page.region.name}{metric.label}{STATE_LABELS[known['state']]}"
    whole = known["value"]
    added = explored.table(shown.answer)[f"{metric.key}.value"].sum()
    left = whole - added
    words = f"{page.region.name}{metric.label}合计 {with_unit(whole, metric)}"
    if abs(left) < 0.005:
        return words
    return f"{words}，其中 {with_unit(left, metric)}未细分到{LEVEL_LABELS[query.level]}，不在表中"


def _adds_up(metric: Metric, query: Query) -> bool:
    """Whether the rows may be added: counts always, stocks at one moment only."""
    return isinstance(metric.kind, Count) or (isinstance(metric.kind, Stock) and query.grain is Grain.total)


# Picture ----------------------------------------------------------------------------------------------------------------


def _picture(shown: Shown, height: int) -> None:
    metric = shown.metric
    detail = unit_of(metric)
    with panel("picture", metric.label, detail, metric):
        if shown.query.grain is not Grain.total:
            _lines(shown, height)
        else:
            _bars(shown)


def _lines(shown: Shown, height: int) -> None:
    page, query, metric = shown.page, shown.query, shown.metric
    frame, left_out = explored.lines(shown.answer, metric.key, trend.MOST_SERIES)
    if frame.is_empty():
        st.html(f'<p class="yp-empty">{escape(_nothing(shown))}</p>')
        return
    begun = bucket_start(query.period.last, query.grain)
    unfinished = begun if next_bucket(begun, query.grain) > query.period.stop else None
    picture = trend.figure(
        frame,
        metric,
        page.screen.look,
        grain=query.grain,
        by="series",
        names={name: _shortened(name) for name in frame["series"].unique()},
        unfinished=unfinished,
        height=height,
        factor=page.screen.factor,
    )
    trend.show(picture, key="explore-lines", alt=trend.alt(frame, metric, query.grain, by="series"))
    said = [f"只画最近一期最高的 {trend.MOST_SERIES} 条，其余 {count(left_out)} 条见表"] if left_out else []
    said += ["空心点：末期未满"] if unfinished else []
    if said:
        st.html(f'<p class="yp-quiet yp-hint">{"；".join(said)}</p>')


def _shortened(name: str) -> str:
    """A long name would take the room of the line that it stands beside."""
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"


def _bars(shown: Shown) -> None:
    page, query, metric = shown.page, shown.query, shown.metric
    frame = (
        explored.told_apart(shown.answer, metric.key)
        .with_row_index("row")
        .with_columns(key=pl.col("row").cast(pl.String))
    )
    if frame.height < 2:
        st.html(f'<p class="yp-empty">{escape(_one_figure(frame, metric))}</p>')
        return
    only_places = not query.by
    if only_places:
        frame = frame.with_columns(key=pl.col("region_code"))
    names = dict(zip(frame["key"].to_list(), frame["series"].to_list(), strict=True))
    openable = frozenset(names) if only_places and query.level >= TOWNSHIP and shown.places else frozenset[str]()
    content = bars.payload(frame, metric, names, label=bars.alt(frame, metric, names), openable=openable)
    if opened := bars.show(content, key="bars"):
        page.go(opened)


def _one_figure(frame: pl.DataFrame, metric: Metric) -> str:
    if frame.is_empty():
        return "没有可画的数值。请换一个期间或放宽筛选。"
    row = frame.row(0, named=True)
    known = row["state"] in ("ok", "small_n") and row["value"] is not None
    said = with_unit(row["value"], metric) if known else STATE_LABELS.get(row["state"], "未定义")
    if row["state"] == "not_measured":
        return f"{metric.label}{said}。请回到上级区划，或换一项指标。"
    return f"只有一个数：{said}。在左边选下级层级、粒度或细分，可得对比或走势。"


# Map --------------------------------------------------------------------------------------------------------------------


def _map(shown: Shown, share: float) -> None:
    page, metric = shown.page, shown.metric
    where = f"{unit_of(metric)} · {page.region.name} · 按{LEVEL_LABELS[shown.query.level]}"
    with panel("map", metric.label, where, metric):
        if refused := exploring.map_refusal(shown.query, page.region):
            st.html(f'<p class="yp-empty">{escape(refused)}</p>')
            return
        clicked = map_view.show(_map_picture(shown, share), key="map")
    if clicked is not None:
        page.go(clicked)


def _map_picture(shown: Shown, share: float) -> map_view.RegionMap:
    page, metric = shown.page, shown.metric
    references: tuple[Reference, ...] = ("previous", page.compare)
    held = replace(shown.answer, query=replace(shown.query, metrics=(metric.key,)), references=references)
    frame = explored.table(held)
    frame = frame.rename({name: name.partition(".")[2] for name in frame.columns if "." in name})
    codes = frame["region_code"].to_list()
    return map_view.build(
        frame,
        metric,
        page.screen.look,
        places=region_map.places(page, frame, metric),
        boundaries=boundaries_of(codes),
        specials=special_units(codes),
        scope=f"{page.region.code}@{page.visit}",
        width=page.screen.inside_panel(_ANSWER_SHARE * share),
        height=_MAP_HEIGHT,
        factor=page.screen.factor,
    )


_LAYOUTS: Mapping[str, Callable[[Shown], None]] = {
    "chart": _table_and_picture,
    "map": _table_and_map,
    "table": _table,
    "picture": lambda shown: _picture(shown, 640),
}
