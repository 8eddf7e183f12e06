"""The responsible organs of the selected region, those that need action first; departments and county organs never judged as one group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import streamlit as st

from dashboard import bar, steps
from dashboard.address import Switch
from dashboard.look import count
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel
from dashboard.panels.quality_cells import Axis, count_cell, interval_cell, plain, rate_cell
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from metrics.core.fairness.judge import JUDGED_SCHEMA, judged
from metrics.core.query import FilterValue, Query
from metrics.departments import GROUP
from metrics.labels import CODE_LABELS
from metrics.registry import metrics

#: How many organs are listed, and of which group.
ROWS = Switch("organs", "责任单位", {"top": "前 12 个", "all": "全部"})
GROUPS = Switch("organ_group", "单位类别", {"every": "全部单位", "dept_group": "市直单位", "county_group": "县区单位"})
SWITCHES = (ROWS, GROUPS)
TOP = 12
RATE = "reply_on_time_rate"
STOCKS = ("overdue_petitions", "reply_due_in_7_days", "open_petitions")
_OVERDUE, _SOON, _OPEN = STOCKS
DIMENSION = "organ_code"
#: Keys of rows that are no organ's code.
NOBODY, REST, TOTAL = "nobody", "rest", "total"
Observation = dict[str, Any]


@dataclass(frozen=True)
class Organ:
    """One organ's figures: ``counts`` of the stocks, None where they may not be said; ``rate`` an observation with the
    columns of ``judged``, None where nothing fell due."""

    key: str
    name: str
    group: str | None
    counts: Mapping[str, int | None]
    rate: Observation | None
    open: bool = True

    def __getitem__(self, key: str) -> int | None:
        return self.counts.get(key, 0)


def organ_panel(page: Page) -> None:
    """The organs of the selected region; a click on one narrows the page to it, a second click widens it again."""
    metric = metrics()[RATE]
    everyone = organs(page)
    group = page.switch(GROUPS)
    members = [organ for organ in everyone if group in (GROUPS.default, organ.group)]
    rows = listed(members, None if page.switch(ROWS) == "all" else TOP)
    chosen = dict(page.selection.where).get(DIMENSION, ())
    # The table keeps all organs in view, whichever the page is narrowed to.
    everything = replace(page, selection=page.selection.filtered(DIMENSION, ()))
    detail = f"{page.region.name} · {bar.span_label(page)}{narrowed(everything, metric)}"
    with panel("organs", finding(members), detail, metric):
        with st.container(key="yp-organ-controls", horizontal=True, gap="small"):
            _control(page, ROWS)
            _control(page, GROUPS)
        axis = Axis.over([organ.rate for organ in rows if organ.rate is not None])
        drawn = table.payload(
            _COLUMNS,
            [_row(organ, members, axis, chosen) for organ in rows],
            label=f"责任单位：{finding(members)}。{'；'.join(said(organ) for organ in rows[:TOP])}。",
            empty="所选范围没有责任单位的件，换一个期间或取消筛选再看。",
            foot="先列超期多的。横条为 95% 区间；橙、蓝为显著差于、好于同类单位（市直、县区各自比较）。点一行只看该单位，再点取消。",
            height=36 if len(rows) > TOP + 3 else 0,
        )
        opened = table.show(drawn, key="organs")
    if opened is not None:
        _toggle(page, opened, chosen)


def organs(page: Page) -> list[Organ]:
    """Every organ with anything open or due in the period, unordered; a chosen filter on the organ itself left out."""
    stocks = _stocks(page)
    rates = {row[DIMENSION]: row for row in judged_by_group(_ask(page, RATE), _groups(page)).iter_rows(named=True)}
    groups = _groups(page)
    return [
        Organ(
            NOBODY if code is None else code,
            "未指定单位" if code is None else page.names.of(DIMENSION, code),
            groups.get(code or ""),
            stocks.get(code, {}),
            rates.get(code),
        )
        for code in dict.fromkeys([*stocks, *rates])
    ]


def listed(members: Sequence[Organ], most: int | None) -> list[Organ]:
    """In the order of action: overdue, due soon, open; beyond ``most`` summed up; the sum of all last."""
    ordered = sorted(members, key=lambda organ: (*(-(organ[key] or 0) for key in STOCKS), organ.key))
    shown = ordered if most is None or len(ordered) <= most + 1 else ordered[:most]
    rest = ordered[len(shown) :]
    rows = [*shown, summed(REST, f"其余 {len(rest)} 个单位", rest)] if rest else list(shown)
    return [*rows, summed(TOTAL, "合计", members)] if len(members) > 1 else rows


def summed(key: str, name: str, members: Sequence[Organ]) -> Organ:
    """Several organs as one row: counts and both figures of the rate added up, nothing judged."""
    counts: dict[str, int | None] = {}
    for stock in STOCKS:
        numbers = [organ[stock] for organ in members]
        counts[stock] = None if None in numbers else sum(number for number in numbers if number is not None)
    above, below = (
        sum(organ.rate[part] or 0 for organ in members if organ.rate is not None)
        for part in ("numerator", "denominator")
    )
    rate = {"numerator": above, "denominator": below, "value": above / below, "state": "ok"} if below else None
    return Organ(key, name, None, counts, rate, open=False)


def finding(members: Sequence[Organ]) -> str:
    """Which organ has most of what is overdue."""
    total = sum(organ[_OVERDUE] or 0 for organ in members)
    if not total:
        return "责任单位：没有超期未答复"
    first = max(members, key=lambda organ: (organ[_OVERDUE] or 0, organ.key))
    late = sum(1 for organ in members if organ[_OVERDUE])
    return f"{late} 个单位有超期件，{first.name} {count(first[_OVERDUE])} 件最多"


def said(organ: Organ) -> str:
    """The row as a screen reader says it."""
    rate = organ.rate
    known = (
        f"按期答复率 {100 * rate['value']:.1f}%" if rate is not None and plain(rate) else "按期答复率样本不足或未定义"
    )
    return f"{organ.name}超期 {count(organ[_OVERDUE])}，在办 {count(organ[_OPEN])}，{known}"


# Where the figures come from --------------------------------------------------------------------------------------------


def _ask(page: Page, key: str) -> pl.DataFrame:
    where = tuple(pair for pair in page.where(metrics()[key]) if pair[0] != DIMENSION)
    query = Query((key,), page.region.code, page.region.level, page.period, by=(DIMENSION,), where=where)
    return page.observations(query)


def _stocks(page: Page) -> dict[FilterValue, dict[str, int | None]]:
    found: dict[FilterValue, dict[str, int | None]] = {}
    for key in STOCKS:
        for code, number, state in _ask(page, key).select(DIMENSION, "numerator", "state").iter_rows():
            found.setdefault(code, {})[key] = number if state == "ok" else None
    return found


def _groups(page: Page) -> dict[str, str]:
    return dict(page.snapshot.organs.select("organ_code", "assess_group").iter_rows())


def judged_by_group(frame: pl.DataFrame, groups: Mapping[str, str]) -> pl.DataFrame:
    """With the columns of ``judged``, each group held against its own pooled rate; what no group holds is not judged."""
    metric = metrics()[RATE]
    grouped = frame.with_columns(group=pl.col(DIMENSION).replace_strict(groups, default=None, return_dtype=pl.String))
    if grouped.is_empty():
        return grouped.with_columns(pl.lit(None, kind).alias(name) for name, kind in JUDGED_SCHEMA.items())
    parts = [judged(part, metric) for part in grouped.partition_by("group")]
    nobody = pl.col("group").is_null()
    return pl.concat(parts).with_columns(verdict=pl.when(~nobody).then(pl.col("verdict")))


# How it is drawn --------------------------------------------------------------------------------------------------------

_COLUMNS = (
    Column("责任单位"),
    Column("类别"),
    Column("超期", right=True),
    Column("", width="12%"),
    Column("七日内到期", right=True),
    Column("在办", right=True),
    Column("本期到期", right=True),
    Column("按期", right=True),
    Column("按期答复率", right=True),
    Column("95% 区间", width="20%"),
)
_GROUP_WORDS = {GROUP: "市直", "county_group": "县区"}


def _row(organ: Organ, members: Sequence[Organ], axis: Axis, chosen: Sequence[FilterValue]) -> Row:
    metric, rate = metrics()[RATE], organ.rate
    most = max((other[_OVERDUE] or 0 for other in members), default=0)
    overdue = organ[_OVERDUE]
    share = overdue / most if overdue and most and organ.open else None
    word = _GROUP_WORDS.get(organ.group or "", "")
    due = None if rate is None else (rate["denominator"], rate["numerator"])
    cells = [
        Cell(organ.name, strong=organ.key == TOTAL),
        Cell(word, "muted", title=CODE_LABELS["assess_group"].get(organ.group or "", "")),
        count_cell(overdue, strong=True),
        Cell("", "worse", bar=share),
        count_cell(organ[_SOON]),
        count_cell(organ[_OPEN]),
        count_cell(due[0] if due else 0),
        count_cell(due[1] if due else 0),
        rate_cell(rate, metric, counted=False) if rate is not None else Cell("无到期", "muted"),
        interval_cell(rate, axis),
    ]
    return Row(organ.key, cells, organ.open, _code(organ.key) in chosen, not organ.open, said(organ))


def _code(key: str) -> FilterValue:
    return None if key == NOBODY else key


def _toggle(page: Page, key: str, chosen: Sequence[FilterValue]) -> None:
    code = _code(key)
    if code in chosen:
        page.show(page.selection.filtered(DIMENSION, ()))
    else:
        page.narrow((DIMENSION, code))


def _control(page: Page, switch: Switch) -> None:
    key = f"yp-{switch.name}"
    st.session_state[key] = page.switch(switch)

    def chosen() -> None:
        value = st.session_state[key] or switch.default
        steps.write(page.selection.switched(switch, value), page.default)

    st.segmented_control(
        switch.label,
        list(switch.choices),
        format_func=switch.choices.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
    )
