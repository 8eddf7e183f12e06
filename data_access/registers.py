"""The two registers: supervision orders and the deduction ledger travel row by row, because they speak of organs, not people.

Everything else leaves the database as sums only (``facts``). A register shares snapshot, manifest and regions with the
facts; it is for reading, and no figure is counted from it. No identifier of a row leaves the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Select, Table, Text, case, cast, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ColumnElement

from data_access import contract, entry_months
from data_access.entry_months import FIRST_DAY, LAST_DAY, Month, month_start

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, eq=False)
class Register:
    """One declaration: table, and the columns that are read, each with its type."""

    name: str
    table: Table
    columns: Mapping[str, tuple[ColumnElement[Any], pl.DataType]]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns of the fetched register: entry_month, then those declared."""
        return {"entry_month": pl.Date(), **{name: kind for name, (_, kind) in self.columns.items()}}

    def snapshot_select(self, months: Collection[Month] | None = None) -> Select[Any]:
        """All rows, or those of some entry months, in the columns of ``schema``."""
        columns = [expression.label(name) for name, (expression, _) in self.columns.items()]
        rows: Select[Any] = select(entry_months.of(self.table).label("entry_month"), *columns)
        return rows if months is None else rows.where(entry_months.within(self.table, months))


def _text(column: ColumnElement[Any]) -> tuple[ColumnElement[Any], pl.DataType]:
    # The cast also trims what char(12) pads.
    return cast(column, Text), pl.String()


def _day(column: ColumnElement[Any]) -> tuple[ColumnElement[Any], pl.DataType]:
    """Null where the date is infinite or outside the calendar: there is nothing to show."""
    return case((column.between(FIRST_DAY, LAST_DAY), column)), pl.Date()


def _month(column: ColumnElement[Any]) -> tuple[ColumnElement[Any], pl.DataType]:
    return month_start(_day(column)[0]), pl.Date()


_deduction = contract.deduction.c
# NaN is a value of the type and above every number; numeric(6,2) holds less than 10,000.
_hundredths = case((_deduction.points < 10_000, cast(func.round(_deduction.points * 100), BigInteger)))
deduction = Register(
    "deduction",
    contract.deduction,
    {
        "month": _month(_deduction.month),
        "region_code": _text(_deduction.region_code),
        "organ_code": _text(_deduction.organ_code),
        "assess_group": _text(_deduction.assess_group),
        "reason": _text(_deduction.reason),
        "hundredths": (_hundredths, pl.Int64()),
        "status": _text(_deduction.status),
        "document_no": _text(_deduction.document_no),
    },
)

_order = contract.supervision_order.c
supervision_order = Register(
    "supervision_order",
    contract.supervision_order,
    {
        "kind": _text(_order.kind),
        "region_code": _text(_order.region_code),
        "organ_code": _text(_order.organ_code),
        "issued_on": _day(_order.issued_on),
        "due_on": _day(_order.due_on),
        "closed_on": _day(_order.closed_on),
    },
)

REGISTERS: tuple[Register, ...] = (deduction, supervision_order)


def by_name(name: str) -> Register:
    """The register of that name. Raises KeyError."""
    return {register.name: register for register in REGISTERS}[name]


def presented(frame: pl.DataFrame, codes: Iterable[str]) -> pl.DataFrame:
    """The rows as a store gives them: only those in ``codes``, without entry_month, ordered by all columns."""
    rows = frame.drop("entry_month").filter(pl.col("region_code").is_in(list(codes)))
    return rows.sort(rows.columns, nulls_last=False)


@cache
def definitions_hash() -> str:
    """A fingerprint of all SELECTs, as ``facts.definitions_hash``."""
    texts = [
        str(register.snapshot_select().compile(dialect=_POSTGRESQL, compile_kwargs={"literal_binds": True}))
        for register in REGISTERS
    ]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
