"""矛盾问题清单: how many are open, by level and domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from dashboard import steps
from dashboard.look import STATE_LABELS, STATE_REASONS, count
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from metrics.core.query import FilterValue, Query
from metrics.labels import EMPTY
from metrics.registry import metrics

METRIC = "risk_issues_open"
#: Level of the list that an issue stands in.
LISTS = {"all": "全部", "2": "县级", "3": "市级", "4": "省级"}
_TOTAL, _SEPARATOR = "合计", "|"
Counts = dict[tuple[FilterValue, FilterValue], int]
Named = dict[FilterValue, str]


def risk_panel(page: Page) -> None:
    """Open issues as risk level × domain; a click on a figure narrows to it."""
    metric = metrics()[METRIC]
    query = Query((METRIC,), page.region.code, page.region.level, page.period, by=("risk_level", "domain"))
    frame = page.ask(query)
    counts: Counts = {
        (row["risk_level"], row["domain"]): row["numerator"] for row in frame.filter(state="ok").iter_rows(named=True)
    }
    levels = _named(page, "risk_level", {level for level, _ in counts})
    domains = _named(page, "domain", {domain for _, domain in counts})
    states = frame.filter(pl.col("state") != "ok")["state"].unique().to_list()
    title, by = title_of(counts, domains), narrowed(page, metric).removeprefix("，")
    with panel("risk", title, by, metric, controls=lambda: _lists(page)):
        opened = table.show(matrix(counts, levels, domains, states), key="risk")
    if opened is not None:
        page.narrow(*wanted(opened))


def title_of(counts: Counts, domains: Named) -> str:
    """``在册矛盾问题 124 个，高风险 15 个，经济民生最多``."""
    total = sum(counts.values())
    if not total:
        return "没有在册矛盾问题"
    high = sum(number for (level, _), number in counts.items() if level == "high")
    by_domain = Counter[FilterValue]()
    for (_, domain), number in counts.items():
        by_domain[domain] += number
    ordered = by_domain.most_common()
    alone = len(ordered) > 1 and ordered[0][1] > ordered[1][1]
    first = f"，{domains[ordered[0][0]]}最多" if alone else ""
    return f"在册矛盾问题 {count(total)} 个，高风险 {count(high)} 个{first}"


def matrix(counts: Counts, levels: Named, domains: Named, states: Sequence[str] = ()) -> dict[str, Any]:
    """The table: a row for each level and their sum, a column for each domain and their sum.

    ``levels`` and ``domains``: code → name in the order of the table; ``states``: those of observations without a count.
    """
    most = max(counts.values(), default=1)
    rows = []
    for level, name in levels.items():
        cells = [
            _cell(counts.get((level, domain), 0), f"{name}风险、{label}", _key(level, domain), most)
            for domain, label in domains.items()
        ]
        total = sum(number for (one, _), number in counts.items() if one == level)
        head = Cell(name, title=f"只看{name}风险", open=_key(level, None, whole=True)) if total else Cell(name)
        rows.append(Row(str(level), [head, Cell(count(total), strong=True), *cells]))
    totals = []
    for domain, label in domains.items():
        total = sum(number for (_, one), number in counts.items() if one == domain)
        cell = _cell(total, label, _SEPARATOR + _word(domain), None)
        totals.append(replace(cell, strong=bool(total)))
    rows.append(Row("total", [Cell(_TOTAL, strong=True), Cell(count(sum(counts.values())), strong=True), *totals]))
    heads = [Column(_broken(label), right=True) for label in domains.values()]
    return table.payload(
        [Column("等级"), Column(_TOTAL, right=True), *heads],
        rows if counts else [],
        label=f"{title_of(counts, domains)}。",
        empty=_nothing(states),
        compact=True,
    )


def wanted(opened: str) -> list[tuple[str, FilterValue]]:
    """What a click on a cell narrows to."""
    words = zip(("risk_level", "domain"), opened.split(_SEPARATOR, 1), strict=True)
    return [(name, None if word == EMPTY else word) for name, word in words if word]


def _cell(number: int, where: str, key: str, most: int | None) -> Cell:
    if not number:
        return Cell("0", "muted")
    shade = None if most is None else number / most
    return Cell(count(number), title=f"{where} {number} 个，点击只看这些", open=key, shade=shade)


def _named(page: Page, dimension: str, occurring: set[FilterValue]) -> Named:
    """The codes of the contract and what else occurs, with their names; under a filter only what it lets through."""
    listed: list[FilterValue] = [code for code in page.names.listed(dimension) if code != "other" or code in occurring]
    strange = sorted((code for code in occurring if code not in listed), key=lambda code: (code is None, code or ""))
    chosen = dict(page.selection.where).get(dimension)
    codes = [code for code in (*listed, *strange) if not chosen or code in chosen]
    return {code: page.names.of(dimension, code) for code in codes}


def _key(level: FilterValue, domain: FilterValue, *, whole: bool = False) -> str:
    return _word(level) + _SEPARATOR + ("" if whole else _word(domain))


def _word(code: FilterValue) -> str:
    """A click brings codes back as text: null needs a word that no code is."""
    return EMPTY if code is None else code


def _broken(name: str) -> str:
    """A long name in two lines."""
    if len(name) <= 3:
        return name
    return f"{name[: (len(name) + 1) // 2]}\n{name[(len(name) + 1) // 2 :]}"


def _nothing(states: Sequence[str]) -> str:
    if not states:
        return "没有在册的矛盾问题。可换期间、区划，或取消筛选。"
    return "；".join(f"{STATE_LABELS.get(state, state)}：{STATE_REASONS.get(state, '')}" for state in states) + "。"


def _lists(page: Page) -> None:
    key = "yp-managed-level"
    chosen_now = dict(page.selection.where).get("managed_level", ())
    st.session_state[key] = chosen_now[0] if len(chosen_now) == 1 and chosen_now[0] in LISTS else "all"

    def chosen() -> None:
        level = st.session_state[key]
        codes = () if level in (None, "all") else (level,)
        steps.write(page.selection.filtered("managed_level", codes), page.default)

    st.segmented_control(
        "清单层级",
        list(LISTS),
        format_func=LISTS.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
    )
