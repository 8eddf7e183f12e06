"""What a free question asks: metrics, level, grain, break-downs, days, comparison, and how the answer is laid out.

Every control writes the address and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from html import escape

import streamlit as st

from dashboard import bar, exploring, steps
from dashboard.exploring import MOST_BY, MOST_METRICS, RANGES, ExploreQuery
from dashboard.look import asset, unit_of
from dashboard.page import Page
from dashboard.panels import explore_answer
from dashboard.panels.frame import panel
from dashboard.shell import headline
from dashboard.span import Span
from dashboard.views import explore_choices
from dashboard.views.explore_choices import Family, Option
from data_access.regions import LEVEL_LABELS, RegionTree
from metrics.core.asking import day_of
from metrics.core.model import POLARITY_LABELS, Metric
from metrics.core.period import GRAIN_LABELS, Grain, Period
from metrics.core.query import BadQuery
from metrics.labels import DIMENSION_LABELS
from metrics.registry import families, metrics

_FAULT = "yp-range-fault"
_EARLIEST = 1990
_MOST_DAYS = 3 * 366


def heading(page: Page) -> None:
    """The page's name, what is asked in one line, and by what it is narrowed."""
    st.html(f"<style>{asset('explore.css')}</style>")
    query, asked = page.exported, _asked(page)
    place = page.region.name
    where = place if query.level == page.region.level else f"{place}各{LEVEL_LABELS[query.level]}"
    labels = [metric.label for metric in page.chosen]
    what = "、".join(labels[:3]) + (f"等{len(labels)}项" if len(labels) > 3 else "")
    by = "".join(f"，分{DIMENSION_LABELS[name]}" for name in asked.by)
    grain = "" if asked.grain is Grain.total else f"，按{GRAIN_LABELS[asked.grain]}"
    headline(page, f"{where}{what}{by}{grain}", f"{page.selection.span.label}{_running(page)}{_narrowed(page)}。")


def question_and_answer(page: Page) -> None:
    """The controls of the question on the left, its answer on the right."""
    left, right = st.columns([0.22, 0.78], gap="medium")
    with left:
        asking(page)
    with right:
        explore_answer.answer(page)


def asking(page: Page) -> None:
    """The controls of the question."""
    with panel("ask", "要看什么"):
        _metrics(page)
        _levels(page)
        _grains(page)
        _by(page)
        _days(page)
        _comparison(page)
        _one_of(page, "show", "呈现", exploring.SHOWN, exploring.layout_of(_asked(page), page.exported, page.region))


def metric_families() -> list[Family]:
    """All metrics, by family, as the list offers them."""
    return [Family(name, [_metric_option(metric) for metric in members]) for name, members in families().items()]


def by_options(chosen: Sequence[Metric], by: Sequence[str]) -> list[Option]:
    """The break-downs that all metrics know in the order chosen, then the others with what they lack."""
    common = exploring.common_dimensions(chosen)
    ordered = [*by, *(name for name in common if name not in by)]
    missing = exploring.missing_dimensions(chosen).items()
    return [
        *(Option(name, DIMENSION_LABELS[name]) for name in ordered if name in common),
        *(Option(name, DIMENSION_LABELS[name], refused=f"{lacking[0].label}不分此项") for name, lacking in missing),
    ]


def range_of(first: str, last: str, business_date: str) -> Span:
    """The days that two typed dates mean, both counted. Raises BadQuery with what is wrong, in Chinese."""
    start, stop = _typed_day(first, "开始日期"), _typed_day(last, "结束日期")
    if stop < start:
        raise BadQuery("结束日期早于开始日期")
    if start.year < _EARLIEST:
        raise BadQuery(f"开始日期不能早于 {_EARLIEST} 年")
    if str(start) > business_date:
        raise BadQuery(f"开始日期晚于业务日期 {business_date}，还没有数据")
    if (stop - start).days >= _MOST_DAYS:
        raise BadQuery("一次最多看三年")
    return Span.over(Period.inclusive(start, stop))


# The controls ---------------------------------------------------------------------------------------------------------


def _metrics(page: Page) -> None:
    asked = _asked(page)
    choices = explore_choices.payload(
        metric_families(),
        asked.metrics,
        label="指标",
        add="＋ 指标",
        most=MOST_METRICS,
        least=1,
        search="检索指标，如：越级、满意率",
    )
    _label("指标")
    if ticked := explore_choices.show(choices, key="ask-metrics"):
        page.show(page.asking(asked.toggled_metric(ticked, metrics())))


def _metric_option(metric: Metric) -> Option:
    hint = f"{unit_of(metric)}" + ("" if metric.polarity == "neutral" else f"，{POLARITY_LABELS[metric.polarity]}")
    return Option(metric.key, metric.label, hint, metric.definition)


def _levels(page: Page) -> None:
    asked, region, tree = _asked(page), page.region, page.tree
    offered = exploring.levels(page.chosen, tree, region) or [region.level]
    shown = exploring.level_shown(asked, page.recorded, tree, region)
    labels = {level: region.name if level == region.level else LEVEL_LABELS[level].split("(")[0] for level in offered}
    _label("层级")
    key = "yp-level"
    st.session_state[key] = shown

    def chosen() -> None:
        level = st.session_state[key]
        # What stands there by default needs no word, and then follows the region.
        plain = replace(asked, level=None)
        default = exploring.level_shown(plain, page.recorded, tree, region)
        _write(page, plain.asking() if level is None or level == default else asked.asking(level=level))

    st.segmented_control(
        "层级", offered, format_func=labels.__getitem__, key=key, on_change=chosen, label_visibility="collapsed"
    )
    said = level_words(page.chosen, [level for level in tree.levels_below(region.code) if level not in offered], tree)
    if said:
        st.html(f'<p class="yp-quiet yp-hint">{escape(said)}</p>')


def level_words(chosen: Sequence[Metric], missing: Sequence[int], tree: RegionTree) -> str:
    """Which levels are not offered and for which metric; empty where all are."""
    levels_of: dict[str, list[str]] = {}
    for level in missing:
        levels_of.setdefault(exploring.unmeasured(chosen, level, tree)[0].label, []).append(LEVEL_LABELS[level])
    return "；".join(f"{'、'.join(levels)}：{label}该级不统计" for label, levels in levels_of.items())


def _grains(page: Page) -> None:
    labels = {grain.value: label for grain, label in exploring.grain_labels().items()}
    _one_of(page, "grain", "粒度", labels, _asked(page).grain.value)


def _one_of(page: Page, name: str, title: str, labels: Mapping[str, str], now: str) -> None:
    """One of several words of the question, all in sight."""
    _label(title)
    asked, key = _asked(page), f"yp-{name}-asked"
    st.session_state[key] = now

    def chosen() -> None:
        word = st.session_state[key]
        if word is not None:
            _write(page, asked.asking(**{name: Grain(word) if name == "grain" else word}, sort=_kept_sort(asked, name)))

    st.segmented_control(
        title,
        list(labels),
        format_func=labels.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
    )


def _kept_sort(asked: ExploreQuery, changed: str) -> str:
    """A series is told by its days and a total by its figures: the order is chosen anew with the grain."""
    return "" if changed == "grain" else asked.sort


def _by(page: Page) -> None:
    asked = _asked(page)
    options = by_options(page.chosen, asked.by)
    _label("细分")
    if not options:
        st.html('<p class="yp-quiet yp-hint">所选指标不分类，只能按区划和时间看。</p>')
        return
    choices = explore_choices.payload(
        [Family("", options)],
        asked.by,
        label="细分",
        add="＋ 细分",
        most=MOST_BY,
        note="" if exploring.common_dimensions(page.chosen) else "所选指标没有共同的细分。",
    )
    if ticked := explore_choices.show(choices, key="ask-by"):
        page.show(page.asking(asked.toggled_by(ticked)))


def _days(page: Page) -> None:
    last = page.business_date
    _label("期间", "也可用页面上方的日、周、月、季、年")
    with st.container(key="yp-ranges", horizontal=True, gap="xxsmall"):
        for name, span_of in RANGES.items():
            span = span_of(last)
            st.button(
                name,
                key=f"range-{name}",
                type="primary" if span == page.selection.span else "secondary",
                on_click=_write_span,
                args=(page, span),
            )
    _typed_days(page)


def _typed_days(page: Page) -> None:
    """Two dates as one types them: a form, so that neither counts before both are there."""
    word, period = page.selection.span.word, page.selection.span.whole
    first_key, last_key = f"first-{word}", f"last-{word}"

    def sent() -> None:
        try:
            span = range_of(st.session_state[first_key], st.session_state[last_key], str(page.business_date))
        except BadQuery as error:
            st.session_state[_FAULT] = (word, str(error))
            return
        st.session_state.pop(_FAULT, None)
        _write_span(page, span)

    with st.form(key=f"days-{word}", border=False), st.container(key="yp-days", horizontal=True, gap="xxsmall"):
        st.text_input("开始日期", str(period.start), key=first_key, max_chars=12, label_visibility="collapsed")
        st.html('<span class="yp-quiet">至</span>', width="content")
        st.text_input("结束日期", str(period.last), key=last_key, max_chars=12, label_visibility="collapsed")
        st.form_submit_button("应用", on_click=sent)
    of, fault = st.session_state.get(_FAULT, ("", ""))
    if of == word:
        st.html(f'<p class="yp-fault" role="alert">{escape(fault)}</p>')


def _comparison(page: Page) -> None:
    asked = _asked(page)
    if asked.grain is not Grain.total:
        return
    key = "yp-changes"
    st.session_state[key] = asked.changes

    def chosen() -> None:
        sort = "" if "." in asked.sort else asked.sort
        _write(page, asked.asking(changes=st.session_state[key], sort=sort))

    with st.container(key="yp-versus", horizontal=True, vertical_alignment="center", gap="small"):
        st.toggle("对比列：环比与", key=key, on_change=chosen)
        bar.comparison_picker(page)


# Words ------------------------------------------------------------------------------------------------------------------


def _running(page: Page) -> str:
    return f"，截至 {page.period.last:%m-%d}" if page.unfinished else ""


def _narrowed(page: Page) -> str:
    """By what all the metrics are narrowed, and which filters do not hold because one of them cannot follow."""
    held = page.exported.where
    said = [
        f"{DIMENSION_LABELS[name]}为{'或'.join(page.names.of(name, code) for code in codes)}" for name, codes in held
    ]
    lost = [DIMENSION_LABELS[name] for name, _ in page.selection.where if name not in page.dimensions]
    words = f"，仅{'、'.join(said)}" if said else ""
    return words + (f"，所选指标不都分{'、'.join(lost)}，该筛选未用" if lost else "")


def _label(text: str, hint: str = "") -> None:
    st.html(f'<div class="yp-label">{text}<span>{hint}</span></div>')


def _typed_day(text: str, what: str) -> date:
    """2026/3/1, 2026.3.1 and 2026年3月1日 are dates too. Raises BadQuery with what was typed."""
    plain = text.strip().removesuffix("日")
    for sign in ("年", "月", "/", "."):
        plain = plain.replace(sign, "-")
    try:
        return day_of("-".join(part.strip().zfill(2) for part in plain.split("-")), what)
    except BadQuery:
        raise BadQuery(f"{what}「{text.strip()}」不是日期，写法如 2026-03-01") from None


def _asked(page: Page) -> ExploreQuery:
    if page.asked is None:
        raise ValueError(f"{page.spec.path} does not ask freely")
    return page.asked


def _write(page: Page, query: ExploreQuery) -> None:
    steps.write(page.asking(query), page.default)


def _write_span(page: Page, span: Span) -> None:
    steps.write(replace(page.selection, span=span), page.default)
