"""How the rows of a table fall into months by their entry date: what a sync fetches anew, and what a file holds.

A date beyond the calendar (infinite, BC) belongs to its first or last month, a row without an entry date to a part of
its own (None). The names of the parts are those of the manifest: ``2026-03-01``, ``None``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Date, DateTime, Table, and_, case, cast, func, null, or_
from sqlalchemy.sql.elements import ColumnElement

from data_access.contract import ENTRY_DATES

#: The first day of an entry month; None: the rows without an entry date.
Month: TypeAlias = date | None

FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
_FIRST_MONTH, _LAST_MONTH = FIRST_DAY, date(9999, 12, 1)
# Where a zone's midnight was skipped or came twice, the edge of a month may lie hours off.
_MARGIN = timedelta(days=1)


def key(month: Month) -> str:
    """The month's name in a manifest."""
    return str(month)


def named(text: str) -> Month:
    """The month of that name."""
    return None if text == key(None) else date.fromisoformat(text)


def in_calendar(column: ColumnElement[date]) -> ColumnElement[date]:
    """Infinite and absurd dates brought to the edges of the calendar, null left null."""
    return case((column.is_not(null()), func.greatest(func.least(column, LAST_DAY), FIRST_DAY)))


def month_start(column: ColumnElement[date]) -> ColumnElement[date]:
    """The first day of the month of a date."""
    # A bare date would be truncated as a timestamptz, in whatever zone the session has.
    return cast(func.date_trunc("month", cast(column, DateTime)), Date)


def of(table: Table) -> ColumnElement[date]:
    """The entry month of a row of ``table``, which must be one of ``contract.ENTRY_DATES``."""
    return month_start(in_calendar(cast(_column(table), Date)))


def within(table: Table, months: Collection[Month]) -> ColumnElement[bool]:
    """Whether a row's entry month is one of ``months`` (not empty): exactly, and as ranges that an index can answer."""
    column = _column(table)
    undated = [column.is_(null())] if None in months else []
    dated = sorted(month for month in months if month is not None)
    if not dated:
        return or_(*undated)
    near = or_(*(_between(column, first, last) for first, last in _runs(dated)))
    return or_(and_(near, of(table).in_(dated)), *undated)


def _column(table: Table) -> ColumnElement[Any]:
    return table.c[ENTRY_DATES[table.name]]


def _runs(months: list[date]) -> Iterator[tuple[date, date]]:
    """First and last month of each unbroken run."""
    first = last = months[0]
    for month in months[1:]:
        if month != _next(last):
            yield first, last
            first = month
        last = month
    yield first, last


def _between(column: ColumnElement[Any], first: date, last: date) -> ColumnElement[bool]:
    """The edges of the calendar hold all that lies beyond them."""
    bounds = []
    if first > _FIRST_MONTH:
        bounds.append(column >= first - _MARGIN)
    if last < _LAST_MONTH:
        bounds.append(column < _next(last) + _MARGIN)
    return and_(column.is_not(null()), *bounds)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) if month < _LAST_MONTH else LAST_DAY
