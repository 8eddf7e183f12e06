"""Random histories of a database: what its owner, and a careless one, may do to the rows of the small city.

Every step is SQL that is run as it stands; what a key forbids is not done. ``clock`` numbers the steps: the updated_at of
a row that is touched properly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Numeric, Table, create_engine
from sqlalchemy import types as sqltypes
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from data_access import contract
from data_access.syncing import TABLES
from tests import small_city
from tests.small_city import HETANG, LILING, NOWHERE, ROOT, STREET, TOWN

_BEGUN = "timestamptz '2026-04-01 08:00+08'"
_DAYS = ("2026-01-31", "2026-02-01", "2026-02-28", "1999-05-05", "9999-12-31", "infinity", "-infinity", "0044-03-15 BC")
_MOMENTS = (
    "2026-01-31 23:59:59.999999+08",
    "2026-02-01 00:00+08",
    "2026-01-31 16:30+00",
    "1940-06-01 01:00+09",
    "9999-12-31 23:59+08",
    "infinity",
    "-infinity",
    "0044-03-15 12:00+08 BC",
)
_PLACES = (TOWN, STREET, LILING, HETANG, ROOT, NOWHERE, "430281102000", "x")
_CODES = (
    "visit",
    "web",
    "succeeded",
    "late",
    "final",
    "petition_procedure",
    "police",
    "mystery",
    "",
    "=1+1",
    '"',
    "a,b",
)
_NEW_ROOT = "430200000001"

#: Edits of the tree that leave one root; feeds stand at it.
_TREE = (
    f"update rpt.region set parent_code = '{HETANG}' where region_code = '{TOWN}'",
    f"update rpt.region set parent_code = '{LILING}' where region_code = '{STREET}'",
    f"delete from rpt.region where region_code = '{STREET}'",
    f"insert into rpt.region values ('430281102000', '新镇', 1, '{LILING}', 'county')",
    f"update rpt.region set name = name || '改' where region_code = '{LILING}'",
    f"update rpt.region set region_code = '{_NEW_ROOT}' where region_code = '{ROOT}';"
    f"update rpt.region set parent_code = '{_NEW_ROOT}' where parent_code = '{ROOT}'",
    "update rpt.category set domain = 'other' where category = 'land'",
    "insert into rpt.category values ('mystery', '不明', 'other')",
    "update rpt.organ set name = name || '改'",
)


@dataclass(frozen=True)
class Step:
    """``statement``: SQL with ``{now}`` where the time of a proper change stands."""

    statement: str


def _values(column: Column[Any]) -> tuple[str, ...]:
    kind = column.type
    if column.name == "region_code":
        return _PLACES
    for family, values in _FAMILIES:
        if isinstance(kind, family):
            return values
    return _CODES


_FAMILIES: tuple[tuple[type[sqltypes.TypeEngine[Any]], tuple[str, ...]], ...] = (
    (Date, _DAYS),
    (DateTime, _MOMENTS),
    (Boolean, ("true", "false")),
    (Numeric, ("0.01", "-9.99", "NaN", "0")),
    (sqltypes.Integer, ("0", "1", "7", "32000")),
)


def _written(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def _row(table: Table, place: int) -> str:
    keys = ", ".join(column.name for column in table.primary_key)
    return f"(select ctid from {table.fullname} order by {keys} limit 1 offset {place})"


@st.composite
def _update(draw: st.DrawFn, proper: bool) -> Step:
    """One column of one row; properly, or without updated_at moving."""
    table = draw(st.sampled_from(TABLES))
    column = draw(
        st.sampled_from([column for column in table.columns if proper is False or column.name != "updated_at"])
    )
    empty = not column.primary_key and draw(st.integers(0, 4)) == 0
    value = None if empty else draw(st.sampled_from(_values(column)))
    moved = ", updated_at = {now}" if proper else ""
    row = _row(table, draw(st.integers(0, 7)))
    return Step(f"update {table.fullname} set {column.name} = {_written(value)}{moved} where ctid = {row}")


@st.composite
def _insert(draw: st.DrawFn, proper: bool) -> Step:
    """A copy of another row with a key of its own and, mostly, another entry date."""
    table = draw(st.sampled_from(TABLES))
    entry = table.c[contract.ENTRY_DATES[table.name]]
    key = next(iter(table.primary_key))
    changed = {entry.name: _written(draw(st.sampled_from(_values(entry)[:4])))}
    if isinstance(key.type, BigInteger):
        changed[key.name] = str(draw(st.integers(100, 130)))
    changed["updated_at"] = "{now}" if proper else _written(draw(st.sampled_from((*_MOMENTS[:3], None))))
    pairs = ", ".join(f"'{name}', {value}" for name, value in changed.items())
    row = _row(table, draw(st.integers(0, 3)))
    return Step(
        f"insert into {table.fullname} select (jsonb_populate_record(null::{table.fullname},"
        f" to_jsonb(one) || jsonb_build_object({pairs}))).* from {table.fullname} one where ctid = {row}"
    )


@st.composite
def _delete(draw: st.DrawFn) -> Step:
    table = draw(st.sampled_from(TABLES))
    return Step(f"delete from {table.fullname} where ctid = {_row(table, draw(st.integers(0, 7)))}")


def steps(proper: bool) -> st.SearchStrategy[Step]:
    """One step. ``proper``: whoever touches a row moves its updated_at forward; deletions leave no trace anyway."""
    tree = st.sampled_from(_TREE).map(Step)
    return st.one_of(_update(proper), _update(proper), _insert(proper), _delete(), tree)


def begin(owner: URL) -> None:
    """The small city as it was, without any of the constraints but the keys, last changed long ago."""
    emptied = "; ".join(f"delete from {table.fullname}" for table in contract.metadata.tables.values())
    run(owner, emptied)
    small_city.fill(owner)
    aged = "; ".join(f"update {table.fullname} set updated_at = '2026-04-01 00:00+08'" for table in TABLES)
    run(owner, aged)


def loosen(owner: URL) -> None:
    """Any column but a key may be empty, as in the views of a careless owner."""
    for table in contract.metadata.tables.values():
        for column in table.columns:
            if not column.primary_key:
                run(owner, f"alter table {table.fullname} alter column {column.name} drop not null")


def take(owner: URL, step: Step, clock: int) -> None:
    """Do it, unless a key forbids it."""
    run(owner, step.statement.replace("{now}", f"{_BEGUN} + interval '{clock} minutes'"))


def run(owner: URL, statement: str) -> None:
    """As one transaction; what the database refuses is not done."""
    engine = create_engine(owner, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    except DBAPIError as error:
        if not str(getattr(error.orig, "pgcode", "")).startswith(("22", "23")):
            raise
    finally:
        engine.dispose()
