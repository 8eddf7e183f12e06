"""矛盾问题清单: how many are open, by level and domain."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import streamlit as st

from dashboard import steps
from dashboard.look import STATE_LABELS, STATE_REASONS, count
from dashboard.panels.frame import narrowed, panel
from dashboard.shell import Page
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


def risk_panel(page: Page) -> None:
    """Open issues as risk level × domain; a click on a figure narrows to it."""
    metric = metrics()[METRIC]
    query = Query((METRIC,), page.region.code, page.region.level, page.period, by=("risk_level", "domain"))
    frame = page.ask(query)
    counts: Counts = {
        (row["risk_level"], row["domain"]): row["numerator"] for row in frame.filter(state="ok").iter_rows(named=True)
    }
    hidden = frame.filter(pl.col("state") != "ok")
    with panel(
        "risk", title_of(counts, page), narrowed(page, metric).removeprefix("，"), metric, controls=lambda: _lists(page)
    ):
        opened = table.show(matrix(counts, page, hidden), key="risk")
    if opened is not None:
        level, domain = opened.split(_SEPARATOR, 1)
        wanted = (("risk_level", level), ("domain", domain))
        page.narrow(*((name, _code(word)) for name, word in wanted if word))


def title_of(counts: Counts, page: Page) -> str:
    """``在册矛盾问题 124 个，高风险 15 个，经济民生最多``."""
    total = sum(counts.values())
    if not total:
        return "没有在册矛盾问题"
    high = sum(number for (level, _), number in counts.items() if level == "high")
    domains = Counter[FilterValue]()
    for (_, domain), number in counts.items():
        domains[domain] += number
    ordered = domains.most_common()
    alone = len(ordered) > 1 and ordered[0][1] > ordered[1][1]
    first = f"，{page.names.of('domain', ordered[0][0])}最多" if alone else ""
    return f"在册矛盾问题 {count(total)} 个，高风险 {count(high)} 个{first}"


def matrix(counts: Counts, page: Page, hidden: pl.DataFrame) -> dict[str, Any]:
    """The table: a row for each level and their sum, a column for each domain and their sum."""
    levels = _codes(page, "risk_level", {level for level, _ in counts})
    domains = _codes(page, "domain", {domain for _, domain in counts})
    most = max(counts.values(), default=1)
    rows = []
    for level in levels:
        cells = [_cell(counts.get((level, domain), 0), page, level, domain, most) for domain in domains]
        rows.append(_row(page.names.of("risk_level", level), _sum(counts, level=level), cells, level))
    totals = [_cell(_sum(counts, domain=domain), page, None, domain, None, whole=True) for domain in domains]
    grand = Cell(count(sum(counts.values())), strong=True)
    rows.append(Row("total", [Cell(_TOTAL, strong=True), grand, *totals]))
    return table.payload(
        [
            Column("等级"),
            Column(_TOTAL, right=True),
            *(Column(_broken(page.names.of("domain", code)), right=True) for code in domains),
        ],
        rows if counts else [],
        label=f"{title_of(counts, page)}。",
        empty=_nothing(hidden),
        dense=True,
    )


def _row(name: str, total: int, cells: list[Cell], level: FilterValue) -> Row:
    opens = _word(level) + _SEPARATOR
    head = Cell(name, title=f"只看{name}风险", open=opens) if total else Cell(name)
    return Row(str(level), [head, Cell(count(total), strong=True), *cells])


def _cell(
    number: int, page: Page, level: FilterValue, domain: FilterValue, most: int | None, *, whole: bool = False
) -> Cell:
    if not number:
        return Cell("0", "muted")
    name = page.names.of("domain", domain)
    where = name if whole else f"{page.names.of('risk_level', level)}风险、{name}"
    opens = ("" if whole else _word(level)) + _SEPARATOR + _word(domain)
    shade = None if most is None else number / most
    return Cell(count(number), title=f"{where} {number} 个，点击只看这些", strong=whole, open=opens, shade=shade)


def _codes(page: Page, dimension: str, occurring: set[FilterValue]) -> list[FilterValue]:
    """The codes of the contract and what else occurs; under a filter only what it lets through."""
    listed: list[FilterValue] = [code for code in page.names.listed(dimension) if code != "other" or code in occurring]
    strange = sorted((code for code in occurring if code not in listed), key=lambda code: (code is None, code or ""))
    chosen = dict(page.selection.where).get(dimension)
    codes = [*listed, *strange]
    return [code for code in codes if code in chosen] if chosen else codes


def _sum(counts: Counts, level: FilterValue = None, domain: FilterValue = None) -> int:
    return sum(number for (one, other), number in counts.items() if (level, domain) in ((one, None), (None, other)))


# A click brings codes back as text: null needs a word that no code is.
def _word(code: FilterValue) -> str:
    return EMPTY if code is None else code


def _code(word: str) -> FilterValue:
    return None if word == EMPTY else word


def _broken(name: str) -> str:
    """A long name in two lines."""
    if len(name) <= 3:
        return name
    return f"{name[: (len(name) + 1) // 2]}\n{name[(len(name) + 1) // 2 :]}"


def _nothing(hidden: pl.DataFrame) -> str:
    if hidden.is_empty():
        return "没有在册的矛盾问题。可换期间、区划，或取消筛选。"
    state = hidden["state"][0]
    return f"{STATE_LABELS.get(state, '')}：{STATE_REASONS.get(state, '')}。"


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
