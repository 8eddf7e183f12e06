"""三令五函, row by row, for display: which orders are open, due and overdue on a day. What counts are the orders_* metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from data_access.store import Store
from metrics.core.period import Period
from metrics.core.query import EVERYTHING, BadQuery, FilterValue, Scope, visible_names
from metrics.labels import CODE_LABELS

#: The states of an order that is not closed, the most urgent first, then of one that is.
OPEN_STATES = ("overdue", "due_today", "running", "no_due")
CLOSED_STATES = ("closed_late", "closed_on_time", "closed")
DIMENSIONS = ("kind", "organ_code")
_TIES = ("due_on", "issued_on", "kind", "region_code", "organ_code")


def orders_on(
    store: Store,
    region: str,
    day: date,
    scope: Scope = EVERYTHING,
    where: Sequence[tuple[str, Sequence[FilterValue]]] = (),
) -> pl.DataFrame:
    """Every order to a region's subtree that was issued or overdue by the end of ``day``, the most urgent first.

    ``where``: wanted codes of kind or organ_code, None for rows without. Columns: kind, kind_label, region_code,
    region_name, organ_code (null: the county as a whole), organ_name (null too for an unknown code), issued_on, due_on,
    closed_on (null: not closed by ``day``; dates outside the calendar are null too), state and days. States and what their
    days count: overdue and closed_late (after the due date), running and closed_on_time (before it), due_today (0), no_due
    and closed (null: without a due date). Overdue come first, the longest on top; then due today, running by what is left, without a due date; then closed,
    the newest first. Agrees with orders_open, orders_overdue and orders_due_in_3_days of the same day. Raises BadQuery,
    Forbidden.
    """
    regions = visible_names(store.regions, region, scope)
    rows = store.register("supervision_order").filter(pl.col("region_code").is_in(list(regions)))
    for dimension, codes in where:
        rows = rows.filter(_wanted(dimension, codes))
    organs = store.organs.select("organ_code", organ_name=pl.col("name"))
    judged = with_states(rows, day).join(organs, on="organ_code", how="left", maintain_order="left")
    return judged.select(
        "kind",
        pl.col("kind").replace(CODE_LABELS["kind"]).alias("kind_label"),
        "region_code",
        pl.col("region_code").replace_strict(regions, return_dtype=pl.String).alias("region_name"),
        "organ_code",
        "organ_name",
        "issued_on",
        "due_on",
        "closed_on",
        "state",
        "days",
    )


def with_states(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """The register's rows as they stood at the end of ``day``, with ``state`` and ``days``, in the order of ``orders_on``.

    What was closed later is open on that day; what was neither issued nor due by then is left out.
    """
    known = rows.filter((pl.col("issued_on").fill_null(day) <= day) | (pl.col("due_on") < day))
    known = known.with_columns(closed_on=pl.when(pl.col("closed_on") <= day).then("closed_on"))
    late = (pl.col("closed_on") - pl.col("due_on")).dt.total_days()
    left = (pl.col("due_on") - day).dt.total_days()
    state = (
        pl.when(late > 0)
        .then(pl.lit("closed_late"))
        .when(late <= 0)
        .then(pl.lit("closed_on_time"))
        .when(pl.col("closed_on").is_not_null())
        .then(pl.lit("closed"))
        .when(left < 0)
        .then(pl.lit("overdue"))
        .when(left == 0)
        .then(pl.lit("due_today"))
        .when(left > 0)
        .then(pl.lit("running"))
        .otherwise(pl.lit("no_due"))
    )
    days = pl.when(pl.col("closed_on").is_not_null()).then(late).otherwise(left).abs()
    judged = known.with_columns(state=state, days=days)
    urgency = pl.col("state").replace_strict(
        {state: min(place, len(OPEN_STATES)) for place, state in enumerate((*OPEN_STATES, *CLOSED_STATES))},
        return_dtype=pl.Int64,
    )
    closed = pl.col("closed_on").is_not_null()
    within = pl.when(closed).then(-pl.col("closed_on").cast(pl.Int32).cast(pl.Int64)).otherwise(left)
    return judged.sort(urgency, within, *_TIES, nulls_last=True)


def handled_in(orders: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Of ``orders_on`` the period's last day: those still open, and those closed inside the period."""
    return orders.filter(pl.col("closed_on").is_null() | (pl.col("closed_on") >= period.start))


def is_open() -> pl.Expr:
    """Whether a row of ``orders_on`` is not closed."""
    return pl.col("state").is_in(OPEN_STATES)


def state_words(state: str, days: int | None, *, today: bool = True) -> str:
    """The state as a reader calls it: 超期 3 天, 今日到期, 剩 2 天, 按期销号. ``today``: False of a day gone by."""
    if state == "due_today":
        return "今日到期" if today else "当日到期"
    if state == "no_due":
        return "期限不明"
    if state in ("closed_on_time", "closed"):
        return "按期销号" if state == "closed_on_time" else "已销号"
    word = {"overdue": "超期 {:,} 天", "running": "剩 {:,} 天", "closed_late": "逾期 {:,} 天销号"}[state]
    return word.format(days or 0)


def _wanted(dimension: str, codes: Sequence[FilterValue]) -> pl.Expr:
    if dimension not in DIMENSIONS:
        raise BadQuery(f"督办单没有维度 {dimension}；可选：{'、'.join(DIMENSIONS)}")
    column = pl.col(dimension)
    wanted = column.is_in([code for code in codes if code is not None]).fill_null(False)
    return wanted | column.is_null() if None in codes else wanted
