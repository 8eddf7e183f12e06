"""到期与超期: the open orders whose time is up or nearly so, overdue first, and how many petitions fall due soon."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from dashboard import navigation
from dashboard.look import count
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel
from dashboard.views import table
from dashboard.views.table import Cell, CellTone, Column, Row
from metrics.core.query import Query
from metrics.orders import is_open, state_words, with_states
from metrics.registry import metrics

# An organ's name longer than this is cut, and told whole on hover.
_LONGEST = 10
_PETITIONS = ("reply_due_in_3_days", "reply_due_in_7_days")
_COLUMNS = (Column("种类"), Column("督办对象"), Column("期限", right=True), Column("状态", right=True))
_REPLIES = "replies"
_TONES: dict[str, CellTone] = {"overdue": "worse", "due_today": "caution", "no_due": "muted"}


def orders_of(page: Page) -> pl.DataFrame | None:
    """The register's orders to the selected region and all below it, narrowed by the filters that they know.

    None where orders are not measured: a register of counties says nothing of a township.
    """
    metric = metrics()["orders_overdue"]
    if not metric.measured_at(page.region.level, page.tree.root.level):
        return None
    codes = [place.code for place in page.tree.subtree(page.region.code) if page.scope.covers(page.tree, place.code)]
    orders = page.snapshot.register("supervision_order").filter(pl.col("region_code").is_in(codes))
    for dimension, wanted in page.where(metric):
        orders = orders.filter(pl.col(dimension).is_in(list(wanted), nulls_equal=True))
    return orders


def open_on(orders: pl.DataFrame, day: date) -> pl.DataFrame:
    """What was issued and not closed at the end of ``day``, as ``metrics.orders.with_states``, with ``left``: days until it
    is due, below 0 overdue, null without a date; what fell overdue last stands first, then what falls due next."""
    rows = with_states(orders, day).filter(is_open())
    left = rows.with_columns(left=pl.when(pl.col("state") == "overdue").then(-pl.col("days")).otherwise("days"))
    overdue = (pl.col("left") < 0).fill_null(False)
    return left.sort(~overdue, pl.col("left").abs(), "issued_on", "region_code", "organ_code", "kind", nulls_last=True)


def listed(orders: pl.DataFrame, room: int) -> pl.DataFrame:
    """As many rows of ``open_on`` as there is room for: what falls due next is not crowded out by what long is overdue."""
    overdue = orders.filter(pl.col("left") < 0)
    coming = orders.filter((pl.col("left") >= 0) | pl.col("left").is_null())
    first = overdue.head(max((room + 1) // 2, room - coming.height))
    return pl.concat([first, coming.head(room - first.height)])


def due_panel(page: Page, room: int = 5) -> None:
    """The compact list of ``room`` orders; a click leads to 督办销号 or 办理质效."""
    orders = orders_of(page)
    day, metric = page.period.last, metrics()["orders_overdue"]
    open_orders = None if orders is None else open_on(orders, day)
    if open_orders is None:
        detail = "督办到县区为止，本级不统计"
    else:
        overdue = open_orders.filter(pl.col("left") < 0).height
        detail = f"截至 {day:%m-%d} · 在办 {count(open_orders.height)} · 超期 {count(overdue)}{narrowed(page, metric)}"
    chosen = None if open_orders is None else listed(open_orders, room)
    rows = [] if chosen is None else [_order_row(page, row, n) for n, row in enumerate(chosen.iter_rows(named=True))]
    with panel("due", "到期与超期", detail, metric):
        drawn = table.payload(
            _COLUMNS,
            [*rows, *_petition_row(page)],
            label=f"到期与超期：{detail}",
            empty="没有到期、超期的事项。",
            foot="" if open_orders is None or chosen is None else _foot(open_orders, chosen),
        )
        opened = table.show(drawn, key="due")
    if opened is not None:
        _leave(page, opened)


def _order_row(page: Page, row: dict[str, Any], number: int) -> Row:
    kind = page.names.of("kind", row["kind"])
    to = _addressee(page, row)
    words, tone = state_words(row["state"], row["days"], today=False), _TONES.get(row["state"], "neutral")
    due = short_date(row["due_on"], page.period.last) if row["due_on"] else "无"
    cut = to if len(to) <= _LONGEST else f"{to[: _LONGEST - 1]}…"
    cells = (
        Cell(kind, tone="muted"),
        Cell(cut, title=to),
        Cell(due, tone="muted", title=str(row["due_on"] or "")),
        Cell(words, tone=tone, strong=tone == "worse"),
    )
    return Row(f"order-{number}", cells, open=True, alt=f"{kind}，{to}，期限 {due}，{words}")


def short_date(day: date, today: date) -> str:
    """Month and day; of another year its year and month, where 09-20 would be taken for this one's."""
    return f"{day:%m-%d}" if day.year == today.year else f"{day:%Y-%m}"


def _addressee(page: Page, row: dict[str, Any]) -> str:
    """The organ that is named, with its county where the name does not say it; else the county."""
    place = page.tree.get(row["region_code"]).name
    if not row["organ_code"]:
        return place
    organ = page.names.of("organ_code", row["organ_code"])
    return organ if organ.startswith(place) else f"{place} {organ}"


def _foot(orders: pl.DataFrame, chosen: pl.DataFrame) -> str:
    """How many open orders the list has no room for."""
    if orders.is_empty():
        return "没有在办的督办。"
    late = orders.filter(pl.col("left") < 0)["left"]
    more = late.len() - chosen.filter(pl.col("left") < 0).height
    coming = orders.height - chosen.height - more
    said = [f"{more} 件超期（最久 {-int(late.to_numpy().min())} 天）"] if more else []
    said += [f"{coming} 件未到期"] if coming else []
    return f"另有 {'、'.join(said)}。" if said else ""


def _petition_row(page: Page) -> list[Row]:
    """How many petitions must be answered within three and within seven days; none where that is not measured."""
    frame = page.ask(Query(_PETITIONS, page.region.code, page.region.level, page.period))
    values = {row["metric"]: row["value"] for row in frame.iter_rows(named=True) if row["state"] != "not_measured"}
    if len(values) < len(_PETITIONS):
        return []
    three, seven = (count(int(values[key])) for key in _PETITIONS)
    metric = metrics()[_PETITIONS[0]]
    ignored = "（未筛选）" if page.unfiltered(metric) else ""
    cells = (
        Cell("信访答复", tone="muted"),
        Cell(f"三日内到期 {three} 件{ignored}", title=metric.definition),
        Cell("七日内", tone="muted"),
        Cell(seven, unit=metric.unit, title=metrics()[_PETITIONS[1]].definition),
    )
    alt = f"信访答复，三日内到期 {three} 件，七日内到期 {seven} 件"
    return [Row(_REPLIES, cells, open=True, alt=alt)]


def _leave(page: Page, opened: str) -> None:
    words: dict[str, str | list[str]] = {"region": page.region.code, "period": page.selection.span.word}
    filters = {name: [code or "" for code in codes] for name, codes in page.selection.where}
    name, metric = ("quality", "reply_on_time_rate") if opened == _REPLIES else ("supervision", "orders_overdue")
    navigation.go_to(name, {**words, "metric": metric, **filters})
