"""三令五函: what was ordered, and is it done."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import bar, steps
from dashboard.address import Switch
from dashboard.look import DASH, count, number, parts, state_label, state_reason
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel, running
from dashboard.shell import headline
from dashboard.views import table
from dashboard.views.table import Cell, CellTone, Column, Row
from data_access import settings
from data_access.regions import COUNTY, Region
from metrics.core.model import Metric
from metrics.core.query import Query
from metrics.orders import handled_in, is_open, orders_on, state_words
from metrics.registry import metrics

ORDERS = Switch("orders", "督办单", {"all": "全部", "open": "在办", "closed": "本期销号"})
#: Rows of the matrix of kinds.
KIND_MEASURES = {
    "orders_issued": "下发",
    "orders_closed": "销号",
    "orders_overdue": "超期",
    "orders_on_time_rate": "按期率",
}
_TONES: dict[str, CellTone] = {"overdue": "worse", "due_today": "caution", "no_due": "muted"}
_EMPTY = {
    "all": "本期没有督办单：期末没有在办的，期内也没有销号的。可换期间或区划。",
    "open": "没有在办的督办单，均已销号。可看本期销号，或换期间、区划。",
    "closed": "本期没有销号的督办单。可看在办，或换期间。",
}
#: Letters of the names in a headline.
_MOST_LETTERS = 16


def answering(page: Page) -> Region:
    """The region whose orders are shown: the selected one, or above it where orders are not recorded."""
    metric, region = metrics()["orders_open"], page.region
    while region.parent is not None and not metric.measured_at(region.level, page.tree.root.level):
        region = page.tree.get(region.parent)
    return region


def orders_of(page: Page) -> pl.DataFrame:
    """The orders to the answering region at the end of the period, narrowed by the filters; see ``orders_on``."""
    where = page.where(metrics()["orders_open"])
    return orders_on(page.snapshot, answering(page).code, page.period.last, page.scope, where)


def handled(page: Page) -> pl.DataFrame:
    """Of ``orders_of`` those open at the end of the period or closed in it."""
    return handled_in(orders_of(page), page.period)


# The finding ----------------------------------------------------------------------------------------------------------


def finding(page: Page) -> None:
    """The page's title: how many are overdue, where most of them are, and since when."""
    region, metric = answering(page), metrics()["orders_overdue"]
    said = f"{region.name}{overdue_words(orders_of(page), several=region.level > COUNTY)}"
    level = "" if region == page.region else f"督办单不分到{page.region.name}这一级，以下为{region.name}的。"
    detail = f"{bar.span_label(page)}{running(page)}{narrowed(page, metric)}；状态按 {page.period.last} 当日终了计。"
    headline(page, said, detail + level)


def overdue_words(orders: pl.DataFrame, *, several: bool) -> str:
    """``超期未销号 7 件，其中醴陵市 3 件；最长超期 12 天``. ``several``: the orders are of several counties, so the leading
    one is named, or those that share the lead."""
    late = orders.filter(state="overdue")
    if late.is_empty():
        today = orders.filter(state="due_today").height
        left = orders.filter(is_open()).height
        return f"没有超期未销号的督办单；在办 {left} 件，其中今日到期 {today} 件"
    # Within one county its name before every organ says nothing.
    names = late["region_name"] if several else late.select(_short_organ())["organ_name"]
    leaders = _leaders(names.drop_nulls().to_list(), late.height)
    longest = max(late["days"].to_list())
    return f"超期未销号 {late.height} 件{leaders}；最长超期 {longest:,} 天"


def _short_organ() -> pl.Expr:
    return pl.col("organ_name").str.strip_prefix(pl.col("region_name"))


def _leaders(places: list[str], whole: int) -> str:
    """Which place has most of ``whole``, or which few share the lead; empty where that says nothing."""
    tallies = Counter(places)
    most = max(tallies.values(), default=0)
    names = sorted(name for name, number in tallies.items() if number == most)
    if most == whole:
        return f"，均在{names[0]}" if whole > 1 else f"，在{names[0]}"
    if most < 2 or sum(map(len, names)) > _MOST_LETTERS:
        return ""
    return f"，其中{'、'.join(names)}{'各' if len(names) > 1 else ''} {most} 件"


# The table ------------------------------------------------------------------------------------------------------------


def orders_panel(page: Page, height: float) -> None:
    """The orders in hand, the longest overdue first; a click narrows to the county, within a county to the organ."""
    region, shown = answering(page), page.switch(ORDERS)
    several = region.level > COUNTY
    all_of = handled(page)
    chosen = {"all": all_of, "open": all_of.filter(is_open()), "closed": all_of.filter(~is_open())}[shown]
    lines = list(chosen.iter_rows(named=True))
    metric = metrics()["orders_overdue"]
    today = page.period.last == page.business_date
    last = page.period.last
    day = f"{last:%m-%d}" if last.year == page.business_date.year else f"{last}"
    detail = f"{region.name} · 截至 {day}，超期在前{narrowed(page, metric)}"
    with panel("orders", "三令五函", detail, metric, controls=lambda: _switch(page)):
        drawn = table.payload(
            _columns(several),
            [_row(str(number), line, region, several, today) for number, line in enumerate(lines)],
            label=f"督办单 {len(lines)} 件，{overdue_words(chosen, several=several)}。",
            empty=_EMPTY[shown],
            foot=sums(all_of) + basis_words(_due(page)),
            height=height,
            fixed=True,
            dense=True,
        )
        opened = table.show(drawn, key="orders")
    if opened is not None:
        _open(page, lines[int(opened)], region)


def sums(orders: pl.DataFrame) -> str:
    """What the rows of ``handled_in`` add up to, in words."""
    by_state = dict(orders["state"].value_counts().iter_rows())
    left, closed = orders.filter(is_open()).height, orders.filter(~is_open()).height
    parts_of = [("超期", "overdue"), ("当日到期", "due_today"), ("未到期", "running"), ("期限不明", "no_due")]
    said = [f"{word} {by_state[state]}" for word, state in parts_of if state in by_state]
    late = f"，其中逾期 {by_state['closed_late']}" if "closed_late" in by_state else ""
    states = f"（{'、'.join(said)}）" if said else ""
    return f"在办 {left} 件{states}；本期销号 {closed} 件{late}。"


def basis_words(due: int | None) -> str:
    """Of what the rate in time is, beside the number closed: those are not the same orders. Empty where nothing fell due."""
    return f"按期率另按本期到期的 {count(due)} 件计。" if due else ""


def _due(page: Page) -> int | None:
    """How many orders fell due in the period."""
    region = answering(page)
    query = Query(("orders_on_time_rate",), region.code, region.level, page.period)
    due: int | None = page.ask(query)["denominator"].item()
    return due


def _switch(page: Page) -> None:
    key = "yp-orders"
    st.session_state[key] = page.switch(ORDERS)

    def chosen() -> None:
        value = st.session_state[key] or ORDERS.default
        steps.write(page.selection.switched(ORDERS, value), page.default)

    st.segmented_control(
        ORDERS.label,
        list(ORDERS.choices),
        format_func=ORDERS.choices.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
    )


def _columns(several: bool) -> list[Column]:
    return [
        Column("状态", width="7.6rem"),
        Column("种类"),
        *([Column("县市区")] if several else []),
        Column("责任单位", width="100%"),
        Column("下发"),
        Column("期限"),
        Column("销号"),
    ]


def _row(key: str, line: dict[str, Any], region: Region, several: bool, today: bool) -> Row:
    words = state_words(line["state"], line["days"], today=today)
    tone = _TONES.get(line["state"], "neutral")
    organ = line["organ_name"] or line["organ_code"] or "—"
    # Within one county its name before every organ says nothing.
    short = organ.removeprefix(line["region_name"]) or organ
    closed = line["closed_on"] is not None
    cells = [
        Cell(words, tone, strong=tone == "worse"),
        Cell(line["kind_label"]),
        *([Cell(line["region_name"])] if several else []),
        Cell(short, title=organ if line["organ_code"] else "没有填责任单位"),
        *(Cell(_day(line[name])) for name in ("issued_on", "due_on", "closed_on")),
    ]
    opens = line["region_code"] != region.code or line["organ_code"] is not None
    alt = f"{line['kind_label']}，{line['region_name']}，{organ}，期限 {_day(line['due_on'])}，{words}"
    return Row(key, cells, open=opens, quiet=closed, alt=alt)


def _day(day: date | None) -> str:
    return "—" if day is None else f"{day}"


def _open(page: Page, line: dict[str, Any], region: Region) -> None:
    if line["region_code"] != region.code:
        page.go(line["region_code"])
    elif line["organ_code"] is not None:
        page.narrow(("organ_code", line["organ_code"]))


# The matrix of kinds --------------------------------------------------------------------------------------------------


def kinds_panel(page: Page) -> None:
    """Issued, closed, overdue and closed in time by kind; a click on a figure narrows to its kind."""
    region, keys = answering(page), tuple(KIND_MEASURES)
    query = Query(keys, region.code, region.level, page.period)
    whole = {row["metric"]: row for row in page.ask(query).iter_rows(named=True)}
    split = page.ask(Query(keys, region.code, region.level, page.period, by=("kind",)))
    cells = {(row["metric"], row["kind"]): row for row in split.iter_rows(named=True)}
    kinds = _kinds(page, {kind for _, kind in cells})
    least = settings.thresholds().minimum_denominator
    detail = (
        f"{bar.span_label(page)}；超期为期末数；按期率按本期到期的计，样本不足（不足 {least} 件）只列件数"
        f"{narrowed(page, metrics()['orders_issued'])}"
    )
    with panel("kinds", "按种类", detail, metrics()["orders_on_time_rate"]):
        names = [page.names.of("kind", kind) for kind in kinds]
        drawn = table.payload(
            [Column(""), Column("合计", right=True), *(Column(name, right=True) for name in names)],
            [_measure(page, key, whole[key], [(kind, cells.get((key, kind))) for kind in kinds]) for key in keys],
            label=_kinds_alt(page, whole),
            empty="没有督办单。",
            compact=True,
        )
        opened = table.show(drawn, key="kinds")
    if opened is not None:
        page.narrow(("kind", opened))


def _kinds(page: Page, occurring: set[str | None]) -> list[str | None]:
    """All kinds of the contract in its order, then what else occurs."""
    listed: list[str | None] = list(page.names.listed("kind"))
    chosen = dict(page.selection.where).get("kind")
    strange = sorted((kind for kind in occurring if kind not in listed), key=lambda kind: kind or "")
    kinds = [*listed, *strange]
    return [kind for kind in kinds if kind in chosen] if chosen else kinds


def _measure(page: Page, key: str, whole: dict[str, Any], split: list[tuple[str | None, dict[str, Any] | None]]) -> Row:
    metric = metrics()[key]
    figures = [_figure(whole, metric, strong=True)]
    for kind, row in split:
        name = page.names.of("kind", kind)
        cell = _figure(row, metric)
        opens = kind if kind and cell.text not in ("0", "—") else ""
        figures.append(replace(cell, title=f"{name}：{cell.title}", open=opens))
    return Row(key, [Cell(KIND_MEASURES[key]), *figures])


def _figure(row: dict[str, Any] | None, metric: Metric, *, strong: bool = False) -> Cell:
    """One figure of the matrix; a rate of too few cases as its two counts."""
    if row is None:
        return Cell("—" if metric.percent else "0", "muted", title="没有")
    if row["state"] == "ok":
        late = metric.key == "orders_overdue" and row["value"] > 0
        tone: CellTone = "worse" if late else "muted" if row["value"] == 0 and not metric.percent else "neutral"
        title = f"{metric.label} {number(row['value'], metric)}{'%' if metric.percent else ' 件'}"
        counted = parts(row["numerator"], row["denominator"]) if metric.percent else ""
        return Cell(
            number(row["value"], metric) + ("%" if metric.percent else ""),
            tone,
            title=f"{title}（{counted}）" if counted else title,
            strong=strong or late,
        )
    if row["state"] == "small_n":
        return Cell(
            parts(row["numerator"], row["denominator"]),
            "muted",
            title=f"{state_label('small_n')}：{state_reason('small_n')}",
        )
    return Cell(
        DASH if row["state"] == "undefined" else state_label(row["state"]), "muted", title=state_reason(row["state"])
    )


def _kinds_alt(page: Page, whole: dict[str, dict[str, Any]]) -> str:
    said = [
        f"{label} {count(whole[key]['numerator'])} 件"
        for key, label in KIND_MEASURES.items()
        if key != "orders_on_time_rate"
    ]
    return f"{answering(page).name}各种督办单合计：{'，'.join(said)}。"
