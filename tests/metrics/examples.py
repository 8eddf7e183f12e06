"""Worked examples as rows of the contract's tables: see the docstring of ``WorkedExample`` for what their text may say.

The little city: one prefecture of 40,000 residents, one county, one township, and villages, each named by its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric, SmallInteger, Table, create_engine, insert
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import contract

ROOT, COUNTY, TOWNSHIP = "430200000000", "430281000000", "430281101000"


def village(number: int) -> str:
    """The code of the village of that number, from 1 on."""
    return f"43028110{1200 + number}"


# As many as there are at least; more where a table needs them.
VILLAGES = tuple(village(number) for number in range(1, 100))
POPULATION = 40_000

_UPDATED_AT = datetime(2026, 4, 2, tzinfo=ZoneInfo(contract.TIME_ZONE))

# What a row holds that does not say otherwise; columns that may be null and are not named here are null.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "petition": {
        "registered_at": datetime(2026, 1, 5, 9, tzinfo=ZoneInfo(contract.TIME_ZONE)),
        "channel": "web",
        "purpose": "appeal",
        "category": "wages",
        "received_level": 2,
        "handling_level": 2,
        "persons": 1,
        "repeat_no": 1,
        "procedure_route": "petition_procedure",
        "evaluable": False,
    },
    "mediation": {
        "accepted_at": datetime(2026, 1, 5, 9, tzinfo=ZoneInfo(contract.TIME_ZONE)),
        "channel": "direct",
        "committee_kind": "township",
        "dispute_type": "neighbour",
    },
    "supervision_order": {"kind": "supervision", "region_code": COUNTY},
    "backlog_case": {"batch": "2026-1", "category": "wages", "arisen_on": date(2020, 1, 1), "leader_led": False},
    "risk_issue": {"domain": "other", "risk_level": "low", "managed_level": 2},
    "deduction": {"assess_group": "county_group", "reason": "late", "region_code": COUNTY},
    "dispute_inflow": {},
    "village_status": {},
    "feed_receipt": {},
}

_CATEGORIES = (
    {"category": "wages", "name": "劳动报酬", "domain": "labour"},
    {"category": "plots", "name": "土地承包", "domain": "land"},
)


def fill(url: URL, tables: Mapping[str, str]) -> None:
    """Put the little city and the rows of the texts into the empty database at ``url`` (its owner's address)."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(insert(contract.region), list(_regions(_villages_needed(tables))))
        connection.execute(insert(contract.category), list(_CATEGORIES))
        for name, text in tables.items():
            table = contract.metadata.tables[f"{contract.SCHEMA}.{name}"]
            connection.execute(insert(table), list(_rows(table, text)))


def _villages_needed(tables: Mapping[str, str]) -> int:
    rows = _lines(tables["village_status"]) if "village_status" in tables else ()
    return max(len(VILLAGES), sum(int(cells.get("times") or 1) for cells in rows))


def _regions(villages: int) -> Iterator[dict[str, Any]]:
    codes = [village(number) for number in range(1, villages + 1)]
    steps = [(ROOT, 3, None), (COUNTY, 2, ROOT), (TOWNSHIP, 1, COUNTY), *((code, 0, TOWNSHIP) for code in codes)]
    for code, level, parent in steps:
        population = POPULATION if code == ROOT else None
        yield {
            "region_code": code,
            "name": code,
            "level": level,
            "parent_code": parent,
            "peer_group": "county",
            "population": population,
        }


def _rows(table: Table, text: str) -> Iterator[dict[str, Any]]:
    numbers = count(1)
    for cells in _lines(text):
        for _ in range(int(cells.pop("times", None) or 1)):
            yield _row(table, cells, next(numbers))


def _lines(text: str) -> Iterator[dict[str, str | None]]:
    """One mapping a line: column → cell, None for ``-``."""
    header, *lines = [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]
    for cells in lines:
        yield {name: None if cell == "-" else cell for name, cell in zip(header, cells, strict=True)}


def _row(table: Table, cells: Mapping[str, str | None], number: int) -> dict[str, Any]:
    unknown = set(cells) - set(table.columns.keys())
    if unknown:
        raise KeyError(f"{table.name} has no {sorted(unknown)}")
    row: dict[str, Any] = dict.fromkeys(table.columns.keys())
    row |= {key.name: number for key in table.primary_key if key.name.endswith("_id")}
    if "region_code" in row:
        row["region_code"] = village(number) if table.name == "village_status" else TOWNSHIP
    row |= {"updated_at": _UPDATED_AT, **_DEFAULTS[table.name]}
    return row | {name: _value(table.columns[name], cell) for name, cell in cells.items()}


def _value(column: Column[Any], cell: str | None) -> Any:
    """The cell as the type of its column; a moment is local time."""
    if cell is None:
        return None
    if isinstance(column.type, Boolean):
        return {"true": True, "false": False}[cell]
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(cell).replace(tzinfo=ZoneInfo(contract.TIME_ZONE))
    if isinstance(column.type, Date):
        return date.fromisoformat(cell)
    if isinstance(column.type, Numeric):
        return Decimal(cell)
    return int(cell) if isinstance(column.type, Integer | SmallInteger) else cell
