"""指标口径: every metric in a list that can be searched, and one of them in full, with its numbers filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import answers, bar, navigation, steps
from dashboard.address import Selection, Switch
from dashboard.look import asset, exact, number, state_label, state_reason, unit_of, with_unit
from dashboard.page import Page
from dashboard.panels.catalogue_where import pages_with
from dashboard.panels.frame import changes, narrowed, panel, running
from dashboard.shell import headline
from dashboard.views import definition, table
from dashboard.views.table import Cell, Column, Row
from metrics.catalogue import facts_of, matching
from metrics.core.compare import comparison_table
from metrics.core.model import POLARITY_LABELS, Metric, Score
from metrics.core.query import Query
from metrics.core.scheme import Scheme, SchemePart, scheme, schemes
from metrics.core.scoring import evaluate_scheme
from metrics.labels import DIMENSION_LABELS
from metrics.registry import families, metrics
from metrics.wording import formula_words

_LONGEST = 40
#: What stands elsewhere in the panel, or is said in other words there.
_ELSEWHERE = ("口径", "算法", "单位", "方向", "维度")


class _AnyText(Mapping[str, str]):
    """Choices of a switch that takes what is typed: every short text is a choice and stands for itself; none is the default."""

    def __getitem__(self, text: str) -> str:
        if len(text) > _LONGEST or not text.isprintable():
            raise KeyError(text)
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(("",))

    def __len__(self) -> int:
        return 1


SOUGHT = Switch("q", "查找", _AnyText())
#: Every metric there is: what the page offers.
KEYS = tuple(metric.key for members in families().values() for metric in members)


def browser(page: Page) -> None:
    """The list on the left, the chosen metric on the right."""
    st.html(f"<style>{asset('catalogue.css')}</style>")
    metric = page.metric
    row = page.compared([metric.key]).row(0, named=True)
    terms = answers.terms(page.snapshot, metric.key, _query(page, metric), page.scope)
    _finding(page, metric, definition.sentence(metric, terms, row))
    left, right = st.columns([0.31, 0.69], gap="medium")
    with left:
        _list(page)
    with right:
        with panel("metric", "口径与本期数", f"{page.region.name} · {_when(page, metric)}"):
            st.html(
                definition.heading(metric, _family(metric), (_unit_words(metric), POLARITY_LABELS[metric.polarity]))
            )
            if isinstance(metric.kind, Score):
                st.html(definition.value_only(metric, row, changes(page, row, metric)))
                _score(page, metric.kind)
            else:
                st.html(definition.equation(metric, terms, row, changes(page, row, metric)))
            st.html(definition.facts(_facts(metric), cautions=("注意",)))
        one, other = st.columns([0.52, 0.48], gap="medium")
        with one:
            _example(metric)
        with other:
            _aims(page, metric)
            _where_shown(page, metric)


def _finding(page: Page, metric: Metric, sentence: str) -> None:
    whole = f"{len(KEYS)} 项指标、{len(families())} 类，都由同一份声明生成；点左侧一项，看它的口径和本期的数"
    headline(page, f"{page.region.name}{sentence}", f"{_when(page, metric)}。{whole}。")


def _when(page: Page, metric: Metric) -> str:
    return f"{bar.span_label(page)}{running(page)}{narrowed(page, metric)}"


# The list -------------------------------------------------------------------------------------------------------------


def _list(page: Page) -> None:
    sought = page.switch(SOUGHT)
    found = matching(sought)
    count = sum(map(len, found.values()))
    with panel("metrics", "指标", f"{count} 项" if sought else f"{count} 项 · 右为本期数"):
        _search(page, sought)
        rows = _rows(page, found)
        columns = (Column("指标"), Column("本期", right=True))
        drawn = table.payload(
            columns,
            rows,
            label=f"指标列表，{count} 项",
            empty="没有找到。换几个字试试：名称、代码或口径里的字都可以，用空格隔开多个词。",
            height=47,
        )
        opened = table.show(drawn, key="metrics")
    if opened is not None:
        page.show(replace(page.selection, metric=opened))


def _search(page: Page, sought: str) -> None:
    """What is typed goes into the address after a short pause; the field is only set when the address says otherwise."""
    key = "yp-sought"
    if st.session_state.get(key) != sought:
        st.session_state[key] = sought

    def typed() -> None:
        steps.write(_sought(page.selection, st.session_state[key] or ""), page.default)

    st.text_input(
        "查找指标",
        key=key,
        type="search",
        live="300ms",
        max_chars=_LONGEST,
        placeholder="查找：名称、代码或口径里的字",
        label_visibility="collapsed",
        on_change=typed,
    )


def _sought(selection: Selection, text: str) -> Selection:
    return selection.switched(SOUGHT, text if text in SOUGHT.choices else "")


def _rows(page: Page, found: Mapping[str, tuple[Metric, ...]]) -> list[Row]:
    keys = tuple(metric.key for members in found.values() for metric in members)
    if not keys:
        return []
    frame = page.ask(Query(keys, page.region.code, page.region.level, page.period))
    figures = {row["metric"]: row for row in frame.iter_rows(named=True)}
    rows = []
    for family, members in found.items():
        rows.append(
            Row(f"family-{family}", [Cell(family, tone="muted", strong=True), Cell(f"{len(members)} 项", tone="muted")])
        )
        rows += [_row(metric, figures[metric.key], page.metric) for metric in members]
    return rows


def _row(metric: Metric, figure: Mapping[str, Any], chosen: Metric) -> Row:
    said = _figure(metric, figure)
    alt = f"{metric.label}，{said.text}{said.unit}"
    return Row(metric.key, [Cell(metric.label), said], open=True, selected=metric.key == chosen.key, alt=alt)


def _figure(metric: Metric, figure: Mapping[str, Any]) -> Cell:
    state = figure["state"]
    if figure["value"] is None or state in ("suppressed", "not_measured"):
        return Cell(state_label(state), tone="muted", title=state_reason(state))
    title = f"{exact(figure['value'], metric)} {unit_of(metric)}"
    if state == "small_n":
        return Cell(state_label(state), "muted", title=f"{title}，{state_reason(state)}")
    return Cell(number(figure["value"], metric), unit=unit_of(metric), title=title, strong=True)


# One metric -----------------------------------------------------------------------------------------------------------


def _query(page: Page, metric: Metric) -> Query:
    return Query((metric.key,), page.region.code, page.region.level, page.period, where=page.where(metric))


def _family(metric: Metric) -> str:
    return next(family for family, members in families().items() if metric.key in {one.key for one in members})


def _unit_words(metric: Metric) -> str:
    return "百分数" if metric.percent else f"单位：{metric.unit}"


def _facts(metric: Metric) -> dict[str, str]:
    told = {name: text for name, text in facts_of(metric).items() if name not in _ELSEWHERE}
    return {
        "算法": _formula(metric),
        **told,
        "维度": "、".join(DIMENSION_LABELS[name] for name in metric.dimensions) or "不再细分",
    }


def _formula(metric: Metric) -> str:
    if not isinstance(metric.kind, Score):
        return formula_words(metric)
    chosen = scheme(metric.kind.scheme)
    if not chosen.parts:
        return chosen.definition
    taken = " − 台账已定扣分" if chosen.ledger.deducted else ""
    taken += " − 负面清单" if chosen.negative else ""
    return f"100 × Σ（权重 × 达成度）÷ Σ 权重{taken}，限 0–100；达成度 =（实际 − 起点）÷（满分线 − 起点），限 0–1"


def _score(page: Page, kind: Score) -> None:
    """How the selected region's score comes about."""
    query = Query((page.metric.key,), page.region.code, page.region.level, page.period)
    chosen = scheme(kind.scheme)
    cell = evaluate_scheme(chosen, query, answers.asker(page.snapshot, page.scope)).row(0, named=True)
    if not page.metric.measured_at(page.region.level, page.tree.root.level) or cell["state"] == "not_measured":
        return
    parts = answers.score_parts(page.snapshot, chosen, query, page.scope)
    columns = [
        Column("分项"),
        *(Column(name, right=True) for name in ("权重", "本期", "分子/分母", "起点", "满分线", "达成度", "得分")),
    ]
    declared = {(part.label, part.metric): part for part in chosen.parts}
    rows = [_part_row(row, declared[row["part"], row["metric"]]) for row in parts.iter_rows(named=True)]
    drawn = table.payload(
        columns,
        rows,
        label=f"{page.region.name}得分的分项",
        empty="方案没有分项：从起始分扣减。",
        foot=_sum_words(cell, chosen),
    )
    opened = table.show(drawn, key="score-parts")
    if opened is not None:
        page.show(replace(page.selection, metric=opened.partition(":")[0]))


def _part_row(row: Mapping[str, Any], part: SchemePart) -> Row:
    metric = metrics()[row["metric"]]
    cells = [
        Cell(row["part"]),
        Cell(f"{row['weight']:.2f}"),
        _part_figure(row, part, metric),
        Cell(f"{row['numerator']:,}/{row['denominator']:,}", tone="muted"),
        Cell(with_unit(part.floor, metric), tone="muted"),
        Cell(with_unit(part.target, metric), tone="muted"),
        Cell(f"{100 * row['worth']:.0f}%") if row["counted"] else Cell(state_label("small_n"), tone="muted"),
        Cell(f"{row['contribution']:.2f}", strong=True) if row["counted"] else Cell("不计", tone="muted"),
    ]
    return Row(f"{row['metric']}:{row['part']}", cells, open=True, quiet=not row["counted"])


def _part_figure(row: Mapping[str, Any], part: SchemePart, metric: Metric) -> Cell:
    """The part's own rate, so that it agrees with the counts beside it; a second rate that scales it is told."""
    if part.participation is None or row["value"] is None or row["participation"] is None:
        return Cell(with_unit(row["value"], metric))
    rate = with_unit(row["numerator"] / row["denominator"], metric) if row["denominator"] else "—"
    second = f"{100 * row['participation']:.1f}%"
    scored = (
        f"计分按 {with_unit(row['value'], metric)} = {rate} × {second} ÷ {part.participation.target:.0%}（至多乘 1）"
    )
    return Cell(f"{rate}（参评 {second}）", title=scored)


def _sum_words(cell: Mapping[str, Any], chosen: Scheme) -> str:
    """``加权 81.30 − 台账扣分 2.00 = 79.30``."""
    if cell["value"] is None:
        return "各分项的样本都不足，没有得分。"
    began = "起始分" if chosen.base is not None else "各分项得分之和"
    whole = f"{began} {cell['weighted']:.2f}"
    said = f" − 台账扣分 {cell['deducted']:.2f}" if chosen.ledger.deducted else ""
    said += f" − 负面清单 {cell['negative']:.2f}" if chosen.negative else ""
    said += f"，否决后上限 {cell['ceiling']:.0f}" if cell["ceiling"] < 100 else ""
    made = f"{whole}{said} = {cell['value']:.2f}" if said else whole
    return f"{made}。各项得分 = 100 × 权重 × 达成度 ÷ 计分项的权重之和。"


def _example(metric: Metric) -> None:
    worked = metric.example
    if worked is None:
        return
    with panel("example", "算例", "一张小表进，一个数出；每次发布前照此核对"):
        st.html(definition.example(metric, worked))


# Aims and pages -------------------------------------------------------------------------------------------------------


def _aims(page: Page, metric: Metric) -> None:
    rows = [*_target_rows(page, metric), *_scheme_rows(metric)]
    columns = (Column("依据", wrap=True), Column("要求", right=True), Column("适用", wrap=True))
    with panel("aims", "目标与考核", "目标只在所列日期内有效"):
        drawn = table.payload(
            columns,
            rows,
            label=f"{metric.label}的目标与考核",
            empty="没有给这项指标定目标，也没有考核方案计它的分。",
        )
        table.show(drawn, key="aims")


def _target_rows(page: Page, metric: Metric) -> Iterator[Row]:
    for aim in comparison_table().targets:
        if aim.metric == metric.key:
            place = page.tree.get(aim.region).name if aim.region in page.tree else "所有区划"
            now = aim.first <= page.period.last <= aim.last
            cells = [
                Cell(aim.source or "目标表", title=aim.source),
                Cell(with_unit(aim.value, metric), strong=now),
                Cell(f"{place}，{aim.first:%Y-%m-%d} 至 {aim.last:%Y-%m-%d}"),
            ]
            yield Row(f"target-{aim.region}-{aim.first}", cells, quiet=not now)


def _scheme_rows(metric: Metric) -> Iterator[Row]:
    for chosen in schemes().values():
        for part in chosen.parts:
            if part.metric == metric.key:
                yield _scheme_row(
                    chosen,
                    f"part-{part.label}",
                    f"权重 {part.weight:g}",
                    f"{with_unit(part.floor, metric)} 起计，{with_unit(part.target, metric)} 满分",
                )
            elif part.participation is not None and part.participation.metric == metric.key:
                yield _scheme_row(
                    chosen, f"factor-{part.label}", "乘数", f"{part.label}：满 {part.participation.target:.0%} 不打折"
                )
        for item in chosen.negative:
            if item.metric == metric.key:
                yield _scheme_row(chosen, f"off-{item.label}", f"每件扣 {item.points:g} 分", f"至多 {item.cap:g} 分")
        for rule in chosen.veto:
            if rule.metric == metric.key:
                sign = "达到" if rule.when == "at_least" else "低至"
                yield _scheme_row(
                    chosen, f"veto-{rule.flag}", "否决规则", f"{sign} {with_unit(rule.threshold, metric)}"
                )


def _scheme_row(chosen: Scheme, key: str, figure: str, words: str) -> Row:
    example = "" if not chosen.example or "示例" in chosen.label else "（示例）"
    name = f"{chosen.label}方案{example}"
    return Row(f"{chosen.name}-{key}", [Cell(name, title=chosen.source), Cell(figure), Cell(words)])


def _where_shown(page: Page, metric: Metric) -> None:
    """Links that keep region, period and filters, and take the metric along."""
    chosen = replace(page.selection, switches=()).words(page.default)
    words = {**chosen, "period": page.selection.span.word, "metric": metric.key}
    with (
        panel("where", "在哪里看", "同一区划、同一期间"),
        st.container(key="where-shown", horizontal=True, gap="small"),
    ):
        for name in pages_with(metric.key):
            st.page_link(navigation.page(name), label=navigation.title_of(name), query_params=words, width="content")
