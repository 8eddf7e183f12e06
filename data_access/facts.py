"""The facts: what leaves the database, one declaration each. Sums per day, place and codes; no identifier ever.

A fact places each row of its table on a day (a stock places it on two: the day it entered and the day it left) and adds
up measures over day × region × dimensions. Every dimension is text: booleans 'true'/'false', levels digits. Facts are
partitioned by the month of the row's *entry* date, so that a changed row re-fetches its entry month, whatever date moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Interval,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Subquery

from data_access import contract, entry_months, settings
from data_access.entry_months import FIRST_DAY as _FIRST_DAY
from data_access.entry_months import LAST_DAY as _LAST_DAY
from data_access.entry_months import Month
from data_access.entry_months import in_calendar as _in_calendar
from data_access.entry_months import month_start as _month_start

KEYS = ("entry_month", "day", "region_code")
#: The limit of an open row, YYYY-MM-DD: a dimension of the facts of open rows.
DUE_ON = "due_on"
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, eq=False)
class Move:
    """One way in which a row stands on a day: the day, what it adds there, and which rows do (all by default)."""

    day: ColumnElement[date]
    measures: Mapping[str, ColumnElement[int]]
    where: ColumnElement[bool] | None = None


@dataclass(frozen=True, eq=False)
class Fact:
    """One declaration: table, entry date, moves, dimensions.

    ``lookups``: dimensions that a reference table derives from another one (domain from category); they are joined when
    the fact is read, so a re-coded category needs no new events. ``region``: where the row counts, text.
    """

    name: str
    table: Table
    entry: ColumnElement[date]
    moves: tuple[Move, ...]
    dimensions: Mapping[str, ColumnElement[str]]
    region: ColumnElement[str]
    lookups: Mapping[str, str] = field(default_factory=dict)

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """All dimensions that can be asked for, the derived ones last."""
        return (*self.dimensions, *self.lookups)

    @property
    def measure_names(self) -> tuple[str, ...]:
        """The additive columns, in order of declaration."""
        return tuple(dict.fromkeys(name for move in self.moves for name in move.measures))

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns of a fetched fact: entry_month, day, region_code, dimensions as text, measures as 64-bit integers."""
        return {
            "entry_month": pl.Date(),
            "day": pl.Date(),
            "region_code": pl.String(),
            **{name: pl.String() for name in self.dimensions},
            **{name: pl.Int64() for name in self.measure_names},
        }

    @property
    def reads(self) -> frozenset[str]:
        """The names of the other tables that the SELECT looks into: when they change, every month may."""
        return _looked_into(self)

    def rows(self, months: Collection[Month] | None = None) -> Subquery:
        """One row per event and move: entry_month, day, region_code, dimensions, measures. Never fetched as it is.

        ``months``: only of these entry months; None: all.
        """
        parts = [self._rows_of(move) for move in self.moves]
        if months is not None:
            parts = [part.where(entry_months.within(self.table, months)) for part in parts]
        return (parts[0] if len(parts) == 1 else union_all(*parts)).subquery("rows")

    def _rows_of(self, move: Move) -> Select[Any]:
        columns: list[ColumnElement[Any]] = [
            _month_start(_in_calendar(self.entry)).label("entry_month"),
            move.day.label("day"),
            self.region.label("region_code"),
            *(expression.label(name) for name, expression in self.dimensions.items()),
            *(cast(move.measures.get(name, literal(0)), BigInteger).label(name) for name in self.measure_names),
        ]
        # A null, infinite or BC day stands in no bucket that a calendar could show.
        statement: Select[Any] = select(*columns).where(move.day.between(_FIRST_DAY, _LAST_DAY))
        return statement if move.where is None else statement.where(move.where)

    def snapshot_select(self, months: Collection[Month] | None = None) -> Select[Any]:
        """The GROUP BY that leaves the database at a sync: the fact at its full grain, in the order of ``schema``."""
        rows = self.rows(months)
        keys = [rows.c[name] for name in (*KEYS, *self.dimensions)]
        return select(*keys, *self.sums(rows, self.measure_names)).group_by(*keys)

    def sums(self, rows: Subquery, measures: Iterable[str]) -> list[ColumnElement[int]]:
        """The measures of ``rows`` added up, never null."""
        return [cast(func.coalesce(func.sum(rows.c[name]), 0), BigInteger).label(name) for name in measures]


@cache
def _looked_into(fact: Fact) -> frozenset[str]:
    tables = (part for part in visitors.iterate(fact.snapshot_select()) if isinstance(part, Table))
    return frozenset(table.name for table in tables if table is not fact.table)


def _text(column: ColumnElement[object]) -> ColumnElement[str]:
    """As text; the cast also trims what char(12) pads."""
    return cast(column, Text)


def _flag(condition: ColumnElement[bool]) -> ColumnElement[str]:
    return case((condition, literal("true")), else_=literal("false"))


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, literal(1)), else_=literal(0))


def _local_date(column: ColumnElement[object]) -> ColumnElement[date]:
    """The calendar day of a timestamptz; the session's time zone is pinned to Asia/Shanghai."""
    return cast(column, Date)


def _days_later(column: ColumnElement[date], days: int) -> ColumnElement[date]:
    """``days`` later (earlier, when negative); a date so far out that the sum would be none stays as it is."""
    return case((column.between(_FIRST_DAY, _LAST_DAY), column + days), else_=column)


def _days_between(first: ColumnElement[date], last: ColumnElement[date]) -> ColumnElement[int]:
    """Null where a date is infinite: a sum passes over it."""
    finite = and_(first.between(_FIRST_DAY, _LAST_DAY), last.between(_FIRST_DAY, _LAST_DAY))
    return cast(case((finite, last - first)), BigInteger)


_ONE: ColumnElement[int] = literal(1)

# --- petitions ---------------------------------------------------------------------------------------------------------

_petition = contract.petition.c
_registered_on = _local_date(_petition.registered_at)
_by_procedure = _petition.procedure_route == "petition_procedure"


def _petition_dimensions(limits: settings.Thresholds) -> dict[str, ColumnElement[str]]:
    return {
        "channel": _text(_petition.channel),
        "purpose": _text(_petition.purpose),
        "category": _text(_petition.category),
        "received_level": _text(_petition.received_level),
        "organ_code": _text(_petition.organ_code),
        "procedure_route": _text(_petition.procedure_route),
        "repeat": case((_petition.repeat_no > 1, literal("repeat")), else_=literal("first")),
        "frequent_repeat": _flag(_petition.repeat_no >= limits.frequent_repeat_min),
        "grouping": case(
            (_petition.persons >= limits.group_visit_min_persons, literal("group")), else_=literal("individual")
        ),
        "county_group": _flag(_petition.persons >= limits.group_visit_county_min_persons),
        "over_level": _flag(
            and_(_petition.channel == "visit", _petition.received_level - _petition.handling_level >= 2)
        ),
    }


def _petition_fact(name: str, *moves: Move, due_on: ColumnElement[date] | None = None) -> Fact:
    limit = {} if due_on is None else {DUE_ON: _day_text(due_on)}
    return Fact(
        name,
        contract.petition,
        _registered_on,
        moves,
        {**_petition_dimensions(settings.thresholds()), **limit},
        _text(_petition.region_code),
        {"domain": "category"},
    )


def _stock_moves(
    entered: ColumnElement[date], left: ColumnElement[date], where: ColumnElement[bool] | None = None
) -> tuple[Move, Move]:
    """Two moves of every row that did not leave before, or on the very day, it entered: such a row never was in it."""
    stays = or_(left.is_(null()), left > entered)
    condition = stays if where is None else and_(where, stays)
    # What entered before all time is in the stock from the first day on.
    return Move(_in_calendar(entered), {"entered": _ONE}, condition), Move(left, {"left": _ONE}, condition)


def _done(column: ColumnElement[date]) -> ColumnElement[bool]:
    """Whether the date is one: an infinite date is the day on which nothing ever happens."""
    return column.between(_FIRST_DAY, _LAST_DAY)


def _not_done(column: ColumnElement[date]) -> ColumnElement[bool]:
    return or_(column.is_(null()), not_(_done(column)))


def _day_text(column: ColumnElement[date]) -> ColumnElement[str]:
    """A day as a dimension, YYYY-MM-DD whatever the session writes, so that texts compare as days do."""
    return func.to_char(cast(_in_calendar(column), DateTime), "YYYY-MM-DD")


_accepted, _replied = _done(_petition.accepted_on), _done(_petition.replied_on)
_evaluable_reply = and_(_replied, _petition.evaluable)
_evaluated_reply = and_(_evaluable_reply, _petition.evaluation.is_not(null()))
# What became of the row since, as the snapshot knows it: sums of the same groups, for one cohort from step to step.
petition_registered = _petition_fact(
    "petition_registered",
    Move(
        _registered_on,
        {
            "items": _ONE,
            "persons": _petition.persons,
            "accepted": _one_if(_accepted),
            "accepted_on_time": _one_if(and_(_accepted, _petition.accepted_on <= _petition.accept_due_on)),
            "accepted_late": _one_if(and_(_accepted, _petition.accepted_on > _petition.accept_due_on)),
            "replied": _one_if(_replied),
            "replied_on_time": _one_if(and_(_replied, _petition.replied_on <= _petition.reply_due_on)),
            "replied_late": _one_if(and_(_replied, _petition.replied_on > _petition.reply_due_on)),
            "evaluable": _one_if(_evaluable_reply),
            "evaluated": _one_if(_evaluated_reply),
            "satisfied": _one_if(and_(_evaluated_reply, _petition.evaluation.in_(("very_satisfied", "satisfied")))),
        },
    ),
)
# The open rows alone, a small part of all, each with its limit: what is not due yet can be told from what is overdue.
petition_unaccepted = _petition_fact(
    "petition_unaccepted",
    Move(_registered_on, {"items": _ONE}, _not_done(_petition.accepted_on)),
    due_on=_petition.accept_due_on,
)
petition_unanswered = _petition_fact(
    "petition_unanswered",
    Move(_registered_on, {"items": _ONE}, and_(_by_procedure, _not_done(_petition.replied_on))),
    due_on=_petition.reply_due_on,
)
petition_accept_due = _petition_fact(
    "petition_accept_due",
    Move(
        _petition.accept_due_on,
        {"due": _ONE, "on_time": _one_if(_petition.accepted_on <= _petition.accept_due_on)},
    ),
)
petition_reply_due = _petition_fact(
    "petition_reply_due",
    Move(
        _petition.reply_due_on,
        {"due": _ONE, "on_time": _one_if(_petition.replied_on <= _petition.reply_due_on)},
        _by_procedure,
    ),
)
_reply_days = _days_between(_registered_on, _petition.replied_on)
petition_replied = _petition_fact(
    "petition_replied",
    Move(
        _petition.replied_on,
        {
            "items": _ONE,
            "days": _reply_days,
            "days_squared": _reply_days * _reply_days,
            "evaluable": _one_if(_petition.evaluable),
            "evaluated": _one_if(and_(_petition.evaluable, _petition.evaluation.is_not(null()))),
        },
    ),
)
petition_evaluated = _petition_fact(
    "petition_evaluated",
    Move(
        _petition.evaluated_on,
        {
            "evaluated": _ONE,
            "satisfied": _one_if(_petition.evaluation.in_(("very_satisfied", "satisfied"))),
        },
        _petition.evaluation.is_not(null()),
    ),
)
petition_open = _petition_fact("petition_open", *_stock_moves(_registered_on, _petition.replied_on, _by_procedure))
petition_overdue = _petition_fact(
    "petition_overdue", *_stock_moves(_days_later(_petition.reply_due_on, 1), _petition.replied_on, _by_procedure)
)


def _due_soon(
    opened: ColumnElement[date], due: ColumnElement[date], closed: ColumnElement[date], days: int
) -> tuple[ColumnElement[date], ColumnElement[date]]:
    """Entered: the first day on which ``due`` lies within ``days`` after it; left: done, or the due day itself."""
    return func.greatest(opened, _days_later(due, -days)), func.least(due, closed)


petition_due_in_3 = _petition_fact(
    "petition_due_in_3",
    *_stock_moves(
        *_due_soon(_registered_on, _petition.reply_due_on, _petition.replied_on, 3),
        and_(_by_procedure, _petition.reply_due_on.is_not(null())),
    ),
)
petition_due_in_7 = _petition_fact(
    "petition_due_in_7",
    *_stock_moves(
        *_due_soon(_registered_on, _petition.reply_due_on, _petition.replied_on, 7),
        and_(_by_procedure, _petition.reply_due_on.is_not(null())),
    ),
)

# --- mediation ---------------------------------------------------------------------------------------------------------

_mediation = contract.mediation.c
_accepted_on = _local_date(_mediation.accepted_at)
_succeeded = _mediation.outcome == "succeeded"


def _mediation_fact(name: str, *moves: Move, due_on: ColumnElement[date] | None = None) -> Fact:
    dimensions = {
        column: _text(_mediation[column]) for column in ("channel", "committee_kind", "dispute_type", "outcome")
    }
    limit = {} if due_on is None else {DUE_ON: _day_text(due_on)}
    return Fact(name, contract.mediation, _accepted_on, moves, {**dimensions, **limit}, _text(_mediation.region_code))


_performed = and_(_mediation.performance_due_on.is_not(null()), _done(_mediation.performed_on))
mediation_accepted = _mediation_fact(
    "mediation_accepted",
    Move(
        _accepted_on,
        {
            "items": _ONE,
            "performance_due": _one_if(_mediation.performance_due_on.is_not(null())),
            "performed": _one_if(_performed),
            "performed_on_time": _one_if(and_(_performed, _mediation.performed_on <= _mediation.performance_due_on)),
            "confirmed": _one_if(_mediation.confirmed_on.is_not(null())),
        },
    ),
)
mediation_unperformed = _mediation_fact(
    "mediation_unperformed",
    Move(
        _accepted_on,
        {"items": _ONE},
        and_(_mediation.performance_due_on.is_not(null()), _not_done(_mediation.performed_on)),
    ),
    due_on=_mediation.performance_due_on,
)
_mediation_days = _days_between(_accepted_on, _mediation.concluded_on)
mediation_concluded = _mediation_fact(
    "mediation_concluded",
    Move(
        _mediation.concluded_on,
        {
            "items": _ONE,
            "days": _mediation_days,
            "days_squared": _mediation_days * _mediation_days,
            "confirmed": _one_if(_mediation.confirmed_on.is_not(null())),
            "amount_yuan": func.coalesce(_mediation.amount_yuan, 0),
            "subsidy_yuan": func.coalesce(_mediation.subsidy_yuan, 0),
        },
    ),
)
mediation_performance_due = _mediation_fact(
    "mediation_performance_due",
    Move(
        _mediation.performance_due_on,
        {"due": _ONE, "on_time": _one_if(_mediation.performed_on <= _mediation.performance_due_on)},
    ),
)

# --- supervision orders ------------------------------------------------------------------------------------------------

_order = contract.supervision_order.c


def _order_fact(name: str, *moves: Move) -> Fact:
    dimensions = {"kind": _text(_order.kind), "organ_code": _text(_order.organ_code)}
    return Fact(name, contract.supervision_order, _order.issued_on, moves, dimensions, _text(_order.region_code))


order_issued = _order_fact("order_issued", Move(_order.issued_on, {"items": _ONE}))
order_closed = _order_fact("order_closed", Move(_order.closed_on, {"items": _ONE}))
order_due = _order_fact(
    "order_due", Move(_order.due_on, {"due": _ONE, "on_time": _one_if(_order.closed_on <= _order.due_on)})
)
order_open = _order_fact("order_open", *_stock_moves(_order.issued_on, _order.closed_on))
order_overdue = _order_fact("order_overdue", *_stock_moves(_days_later(_order.due_on, 1), _order.closed_on))
order_due_in_3 = _order_fact(
    "order_due_in_3", *_stock_moves(*_due_soon(_order.issued_on, _order.due_on, _order.closed_on, 3))
)

# --- backlog and risk --------------------------------------------------------------------------------------------------

_backlog = contract.backlog_case.c


def _backlog_fact(name: str, *moves: Move) -> Fact:
    dimensions = {
        "batch": _text(_backlog.batch),
        "category": _text(_backlog.category),
        "leader_led": _flag(_backlog.leader_led),
    }
    return Fact(name, contract.backlog_case, _backlog.assigned_on, moves, dimensions, _text(_backlog.region_code))


_five_years_on = case(
    (
        _backlog.arisen_on.between(_FIRST_DAY, date(_LAST_DAY.year - 5, 12, 31)),
        cast(_backlog.arisen_on + cast(literal("5 years"), Interval), Date),
    ),
    else_=_backlog.arisen_on,
)
backlog_open = _backlog_fact("backlog_open", *_stock_moves(_backlog.assigned_on, _backlog.resolved_on))
backlog_over_5y = _backlog_fact(
    "backlog_over_5y", *_stock_moves(func.greatest(_backlog.assigned_on, _five_years_on), _backlog.resolved_on)
)
backlog_cleared = _backlog_fact("backlog_cleared", Move(_backlog.resolved_on, {"items": _ONE}))
# A case counts as resolved among those assigned so far only once it has been assigned, so the rate never passes 1.
backlog_progress = _backlog_fact(
    "backlog_progress",
    Move(_in_calendar(_backlog.assigned_on), {"assigned": _ONE}),
    Move(
        _in_calendar(func.greatest(_backlog.assigned_on, _backlog.resolved_on)),
        {"resolved": _ONE},
        _backlog.resolved_on.is_not(null()),
    ),
)

_risk = contract.risk_issue.c


def _risk_fact(name: str, *moves: Move) -> Fact:
    dimensions = {column: _text(_risk[column]) for column in ("risk_level", "domain", "managed_level")}
    return Fact(name, contract.risk_issue, _risk.opened_on, moves, dimensions, _text(_risk.region_code))


risk_open = _risk_fact("risk_open", *_stock_moves(_risk.opened_on, _risk.closed_on))
risk_closed = _risk_fact("risk_closed", Move(_risk.closed_on, {"items": _ONE}))

# --- ledger, inflow, villages, feeds -----------------------------------------------------------------------------------

_deduction = contract.deduction.c
deduction_final = Fact(
    "deduction_final",
    contract.deduction,
    _month_start(_in_calendar(_deduction.month)),
    (
        Move(
            _month_start(_in_calendar(_deduction.month)),
            {"hundredths": func.round(_deduction.points * 100)},
            # NaN is a value of the type and above every number; numeric(6,2) holds less than 10,000.
            and_(_deduction.status == "final", _deduction.points < 10_000),
        ),
    ),
    {column: _text(_deduction[column]) for column in ("reason", "assess_group", "organ_code")},
    _text(_deduction.region_code),
)

_inflow = contract.dispute_inflow.c
dispute_inflow = Fact(
    "dispute_inflow",
    contract.dispute_inflow,
    _inflow.day,
    (Move(_inflow.day, {"items": _inflow["items"]}),),
    {"source": _text(_inflow.source)},
    _text(_inflow.region_code),
)

_village = contract.village_status.c
village_status = Fact(
    "village_status",
    contract.village_status,
    _month_start(_in_calendar(_village.month)),
    (
        Move(
            _month_start(_in_calendar(_village.month)),
            {
                "villages": _ONE,
                "all_three": _one_if(and_(_village.no_case, _village.no_accident, _village.no_petition)),
                "no_case": _one_if(_village.no_case),
                "no_accident": _one_if(_village.no_accident),
                "no_petition": _one_if(_village.no_petition),
            },
        ),
    ),
    {},
    _text(_village.region_code),
)

_feed = contract.feed_receipt.c
# Feeds carry no place: they stand at the root, which is the region without a parent.
_root = (
    select(_text(contract.region.c.region_code))
    .where(func.nullif(_text(contract.region.c.parent_code), "").is_(null()))
    .scalar_subquery()
)
feed_receipt = Fact(
    "feed_receipt",
    contract.feed_receipt,
    _feed.day,
    (Move(_feed.day, {"records": _feed.records}),),
    {"source": _text(_feed.source)},
    _root,
)

FACTS: tuple[Fact, ...] = (
    petition_registered,
    petition_unaccepted,
    petition_unanswered,
    petition_accept_due,
    petition_reply_due,
    petition_replied,
    petition_evaluated,
    petition_open,
    petition_overdue,
    petition_due_in_3,
    petition_due_in_7,
    mediation_accepted,
    mediation_unperformed,
    mediation_concluded,
    mediation_performance_due,
    order_issued,
    order_closed,
    order_due,
    order_open,
    order_overdue,
    order_due_in_3,
    backlog_open,
    backlog_over_5y,
    backlog_cleared,
    backlog_progress,
    risk_open,
    risk_closed,
    deduction_final,
    dispute_inflow,
    village_status,
    feed_receipt,
)


def by_name(name: str) -> Fact:
    """The fact of that name. Raises KeyError."""
    return _index(FACTS)[name]


@cache
def _index(facts: Iterable[Fact]) -> dict[str, Fact]:
    return {fact.name: fact for fact in facts}


@cache
def definitions_hash() -> str:
    """A fingerprint of all SELECTs with their thresholds: a snapshot made by other definitions is not read as ours."""
    texts = [
        str(fact.snapshot_select().compile(dialect=_POSTGRESQL, compile_kwargs={"literal_binds": True}))
        for fact in FACTS
    ]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
