"""The bar over every page: region path, period, metric, comparison, filters, export, and a chip for each narrowing.

Every control writes the address and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import answers, current, freshness, periods, steps
from dashboard.address import COMPARISONS, Selection, Switch
from dashboard.export import SHEET_ROWS, Format, Layout
from dashboard.freshness import Freshness
from dashboard.span import Span
from data_access.clocks import Level, duration
from data_access.reference import LOCAL
from data_access.regions import LEVEL_LABELS
from data_access.store import Provenance
from metrics.core.compare import REFERENCE_LABELS, comparison_table
from metrics.core.period import GRAIN_LABELS, Grain
from metrics.core.query import FilterValue, Query
from metrics.labels import DIMENSION_LABELS
from metrics.registry import metrics

if TYPE_CHECKING:
    from dashboard.page import Page

_MOST_CHOICES = 300
#: The class of the dot, by how bad the worst clock is.
_TONES: dict[Level, str] = {"in_order": "", "unknown": "unknown", "caution": "caution", "broken": "broken"}
#: Format of the export → its name and whom it serves.
_FORMS: dict[Format, tuple[str, str]] = {
    "csv": ("CSV", "各种软件都能打开"),
    "xlsx": ("XLSX", "电子表格，另附口径说明页"),
    "parquet": ("Parquet", "供数据分析程序读取"),
}


def show(page: Page) -> None:
    """Draw the bar."""
    with st.container(key="yp-bar", horizontal=True, vertical_alignment="center", gap="xsmall"):
        _region_path(page)
        periods.picker(page, span_label(page))
        _metric_picker(page)
        for switch in page.spec.switches:
            if switch.picked:
                _switch_picker(page, switch)
        if not page.spec.free:
            comparison_picker(page)
        _filter_picker(page)
        _export_menu(page)
        for number, (words, without) in enumerate(_narrowings(page)):
            _chip(page, number, words, without)


def marks(made: Provenance) -> str:
    """The mark of made-up data and the freshness line (HTML): the three clocks, and the worst of them as a colour."""
    known, status = freshness.clocks(made), current.status()
    mark = f'<span class="yp-tag">{escape(made.synthetic)}</span>' if made.synthetic else ""
    tone = "caution" if status.fault and known.level in ("in_order", "unknown") else _TONES[known.level]
    fault = "　取数失败，显示上一次的数据" if status.fault else ""
    words = f"业务截至 {_business(known)}　{_replica(known)}　快照 №{made.number}{_picture(known)}{fault}"
    notes = [f"取数时间 {made.taken_at.astimezone(LOCAL):%Y-%m-%d %H:%M}", f"业务日期 {made.business_date}"]
    notes += [*known.business.notes, *known.replica.notes, *current.findings().notices, *filter(None, [status.fault])]
    title = escape("；".join(notes))
    badge = f'<span class="yp-badge" title="{title}"><span class="yp-dot {tone}"></span>{escape(words)}</span>'
    return f'<span class="yp-marks">{mark}{badge}</span>'


def marks_then(made: Provenance) -> str:
    """As ``marks``, of a snapshot that was asked for: the clocks speak of now, and have nothing to say of it (HTML)."""
    mark = f'<span class="yp-tag">{escape(made.synthetic)}</span>' if made.synthetic else ""
    newest = f"{made.newest_event:%m-%d}" if made.newest_event else "无"
    words = f"业务截至 {newest}　按当时　快照 №{made.number}"
    title = (
        f"取数时间 {made.taken_at.astimezone(LOCAL):%Y-%m-%d %H:%M}；业务日期 {made.business_date}；当时{made.replica}"
    )
    badge = f'<span class="yp-badge" title="{escape(title)}"><span class="yp-dot caution"></span>{escape(words)}</span>'
    return f'<span class="yp-marks">{mark}{badge}</span>'


def _business(known: Freshness) -> str:
    late = known.business.level in ("caution", "broken") and known.business.words != "无"
    return f"{known.business.words}（{known.business.notes[0].rpartition('，')[2]}）" if late else known.business.words


def _replica(known: Freshness) -> str:
    """库同步, 库延迟 3 分, 主库断开 12 分, 库状态未知."""
    clock = known.replica
    words = {"in_step": "库同步", "late": f"库{clock.words}", "unknown": "库状态未知"}.get(
        clock.status or "", clock.words
    )
    return words if clock.status != "unknown" or clock.age is None else f"{words} {duration(clock.age)}"


def _picture(known: Freshness) -> str:
    late = known.picture.level in ("caution", "broken") and known.picture.age is not None
    return f"（{duration(known.picture.age)}前）" if late and known.picture.age is not None else ""


def reference_label(page: Page) -> str:
    """What the second comparison is called; the base year is named."""
    if page.compare == "base_year":
        return f"比{comparison_table().base_year}年"
    return REFERENCE_LABELS[page.compare]


# Region ---------------------------------------------------------------------------------------------------------------


def _region_path(page: Page) -> None:
    path = page.tree.path(page.region.code)
    with st.container(key="yp-path", horizontal=True, vertical_alignment="center", gap="xxsmall", width="content"):
        for step in path[:-1]:
            st.button(
                step.name,
                key=f"path-{step.code}",
                type="tertiary",
                on_click=steps.write,
                args=(page.selection.in_region(step.code), page.default),
            )
            st.html('<span class="yp-quiet">›</span>', width="content")
        st.html(f"<b>{escape(page.region.name)}</b>", width="content")
        level = page.level_below(page.region)
        if level is not None:
            _child_picker(page, level)


def _child_picker(page: Page, level: int) -> None:
    children = page.tree.at_level(page.region.code, level)
    names = {child.code: child.name for child in children}
    key = f"child-{page.region.code}"

    def chosen() -> None:
        code = st.session_state[key]
        if code in page.tree:
            steps.write(page.selection.in_region(code), page.default)

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


# Period ---------------------------------------------------------------------------------------------------------------


def span_label(page: Page) -> str:
    """How the selected period is called; the days since the last meeting by that name."""
    span = page.selection.span
    if page.spec.since_meeting and span == page.default.span:
        return f"上次研判以来 {_short_days(span)}"
    return span.short


def _short_days(span: Span) -> str:
    first, last = span.whole.start, span.whole.last
    return f"{first:%m-%d}" if first == last else f"{first:%m-%d} 至 {last:%m-%d}"


# Metric and comparison ------------------------------------------------------------------------------------------------


def _metric_picker(page: Page) -> None:
    if len(page.spec.metrics) < 2:
        return
    key = "yp-metric"
    st.session_state[key] = page.selection.metric

    def chosen() -> None:
        steps.write(replace(page.selection, metric=st.session_state[key]), page.default)

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


def _switch_picker(page: Page, switch: Switch) -> None:
    key = f"yp-switch-{switch.name}"
    st.session_state[key] = page.switch(switch)

    def chosen() -> None:
        steps.write(page.selection.switched(switch, st.session_state[key]), page.default)

    st.selectbox(
        switch.label,
        list(switch.choices),
        format_func=lambda value: f"{switch.label}：{switch.choices[value].replace('（示例）', '·示例')}",
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
        filter_mode=None,
        width=210,
    )


def comparison_picker(page: Page) -> None:
    """The choice of the second comparison; a page that asks freely places it where its columns are chosen."""
    key = "yp-compare"
    st.session_state[key] = page.compare
    labels = {**REFERENCE_LABELS, "base_year": f"比{comparison_table().base_year}年"}

    def chosen() -> None:
        steps.write(replace(page.selection, compare=st.session_state[key]), page.default)

    st.selectbox(
        "比较",
        list(COMPARISONS),
        format_func=labels.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
        filter_mode=None,
        width=110,
    )


# Filters --------------------------------------------------------------------------------------------------------------


def _filter_picker(page: Page) -> None:
    dimensions = page.dimensions
    if not dimensions:
        return
    with st.popover("筛选", key=f"filters-{hash(page.selection.where)}"), st.container(key="yp-filters"):
        for dimension in dimensions:
            _filter(page, dimension)


def _filter(page: Page, dimension: str) -> None:
    codes = list(answers.codes(page.snapshot, dimension))[:_MOST_CHOICES]
    if not codes:
        return
    key = f"filter-{dimension}"
    chosen_now = dict(page.selection.where).get(dimension, ())
    st.session_state[key] = [code for code in chosen_now if code in codes]

    def chosen() -> None:
        steps.write(page.selection.filtered(dimension, st.session_state[key]), page.default)

    st.multiselect(
        DIMENSION_LABELS[dimension],
        codes,
        format_func=lambda code: page.names.of(dimension, code),
        key=key,
        on_change=chosen,
        placeholder="全部",
        filter_mode=None,
    )


# Export ---------------------------------------------------------------------------------------------------------------


def _export_menu(page: Page) -> None:
    """What would be exported, and a link for each form of it."""
    with st.popover("导出", key="yp-export"):
        st.html(export_menu(page))


def export_menu(page: Page) -> str:
    """The table in words, and its links (HTML): of a page that asks freely as on the screen and in the long form."""
    rows = page.export_rows
    counted = "行数很多" if rows is None else f"{rows:,} 行"
    forms = [_links(page, "tidy", "", rows)]
    below = page.exported_below
    if below is not None:
        places = len(page.tree.at_level(below.region, below.level))
        forms.append(_links(page, "tidy", f"到{LEVEL_LABELS[below.level]}，共 {places:,} 行", places, below))
    if page.spec.free:
        forms = [
            _links(page, "wide", "宽表：一行一个区划或分类，每项指标一列，与屏幕上的表相同", rows),
            _links(page, "tidy", f"长表：一行一个数，带分子、分母，共 {counted}", rows),
        ]
        counted = ""
    return (
        f'<div class="yp-export"><p><b>{escape(_exported_words(page))}</b>'
        f"<span>{escape(_exported_span(page))}{escape(f' · {counted}' if counted else '')}</span></p>"
        f"{''.join(forms)}{_export_note(page)}</div>"
    )


def _exported_words(page: Page) -> str:
    query, labels = page.exported, [metric.label for metric in page.chosen]
    place = page.tree.get(query.region)
    where = place.name if query.level == place.level else f"{place.name}各{LEVEL_LABELS[query.level]}"
    what = "、".join(labels[:3]) + (f"等{len(labels)}项" if len(labels) > 3 else "")
    return f"{where} · {what}"


def _exported_span(page: Page) -> str:
    query = page.exported
    parts = [f"{query.period.start} 至 {query.period.last}"]
    if query.grain is not Grain.total:
        parts.append(f"按{GRAIN_LABELS[query.grain]}")
    parts += [f"分{DIMENSION_LABELS[name]}" for name in query.by]
    parts += [
        f"仅{'、'.join(page.names.of(name, code) for code in codes[:3])}{'等' if len(codes) > 3 else ''}"
        for name, codes in query.where
    ]
    return " · ".join(parts)


def _links(page: Page, layout: Layout, head: str, rows: int | None, query: Query | None = None) -> str:
    links = []
    for kind, (name, use) in _FORMS.items():
        if kind == "xlsx" and rows is not None and rows > SHEET_ROWS:
            links.append(f"<span><b>{name}</b>放不下 {rows:,} 行，请用 CSV 或 Parquet</span>")
            continue
        link = escape(page.export_link(kind, layout, query))
        links.append(f'<a href="{link}" download aria-label="导出 {name}"><b>{name}</b>{use}</a>')
    return (f"<h6>{escape(head)}</h6>" if head else "") + "".join(links)


def _export_note(page: Page) -> str:
    asked, notes = page.asked, []
    if asked is not None and asked.find:
        notes.append(f"检索「{asked.find}」只影响屏幕，文件含全部行。")
    if asked is not None and asked.changes and asked.grain is Grain.total:
        notes.append("对比列只在屏幕上，不在文件内。")
    if page.exported.level < page.tree.get(page.exported.region).level:
        notes.append("只记到上级区划的（未细分）不在各行之内。")
    if any(metric.percent for metric in page.chosen):
        notes.append("比率在文件内为 0–1 的小数。")
    return f"<small>{escape(''.join(notes))}</small>" if notes else ""


# Chips ----------------------------------------------------------------------------------------------------------------


def _narrowings(page: Page) -> Iterator[tuple[str, Selection]]:
    """Each narrowing in words, and the selection without it."""
    selection, default = page.selection, page.default
    if selection.region != default.region:
        # A place and a day say by themselves what they are, and the bar is short.
        yield page.region.name, selection.in_region(default.region)
    if selection.span != default.span:
        yield selection.span.short, replace(selection, span=default.span)
    if selection.compare != default.compare:
        yield f"比较：{reference_label(page)}", replace(selection, compare=default.compare)
    for dimension, codes in selection.where:
        yield _filter_words(page, dimension, codes), selection.filtered(dimension, ())
    for switch in page.spec.all_switches:
        value = page.switch(switch)
        if value != switch.default and not switch.picked:
            yield f"{switch.label}：{switch.choices[value]}", selection.switched(switch, switch.default)


def _filter_words(page: Page, dimension: str, codes: tuple[FilterValue, ...]) -> str:
    said = "、".join(page.names.of(dimension, code) for code in codes[:3])
    more = f"等{len(codes)}项" if len(codes) > 3 else ""
    useless = "" if dimension in page.dimensions else "（本指标不分）"
    return f"{DIMENSION_LABELS[dimension]}：{said}{more}{useless}"


def _chip(page: Page, number: int, words: str, without: Selection) -> None:
    st.button(
        f"{words} ✕",
        key=f"chip-{number}",
        help="点击取消",
        on_click=steps.write,
        args=(without, page.default),
    )
