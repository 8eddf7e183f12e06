"""The three small tables that are read whole at each sync: regions, organs, categories; and what marks a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Connection, Select, Text, cast, func, select, text

from data_access import contract
from data_access.replica import copy_frame

LOCAL = ZoneInfo(contract.TIME_ZONE)

_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "region": {
        "region_code": pl.String(),
        "name": pl.String(),
        "level": pl.Int64(),
        "parent_code": pl.String(),
        "peer_group": pl.String(),
        "population": pl.Int64(),
        "longitude": pl.Float64(),
        "latitude": pl.Float64(),
    },
    "organ": {
        "organ_code": pl.String(),
        "name": pl.String(),
        "level": pl.Int64(),
        "organ_kind": pl.String(),
        "assess_group": pl.String(),
        "region_code": pl.String(),
    },
    "category": {"category": pl.String(), "name": pl.String(), "domain": pl.String()},
}


@dataclass(frozen=True)
class Moment:
    """When a database was read. taken_at: its own clock, with zone; business_date: the last full local day before it."""

    taken_at: datetime
    synthetic: str | None

    @property
    def local_day(self) -> date:
        """The calendar day of ``taken_at`` in Asia/Shanghai."""
        return self.taken_at.astimezone(LOCAL).date()

    @property
    def business_date(self) -> date:
        return self.local_day - timedelta(days=1)


def read_reference(connection: Connection) -> dict[str, pl.DataFrame]:
    """region, organ and category as frames (columns as in the contract; codes without padding), sorted by their key."""
    return {name: copy_frame(connection, _reference_select(name), schema) for name, schema in _SCHEMAS.items()}


def read_moment(connection: Connection) -> Moment:
    """The clock of the database and the mark on its schema (None: real data)."""
    taken_at = connection.execute(select(func.now())).scalar_one()
    comment = connection.execute(
        text("SELECT obj_description(to_regnamespace(:schema), 'pg_namespace')"), {"schema": contract.SCHEMA}
    ).scalar_one()
    synthetic = contract.SYNTHETIC_MARK if comment and contract.SYNTHETIC_MARK in comment else None
    return Moment(taken_at, synthetic)


def _reference_select(name: str) -> Select[Any]:
    table = contract.metadata.tables[f"{contract.SCHEMA}.{name}"]
    columns = [
        func.nullif(cast(table.c[column], Text), "").label(column)
        if column == "parent_code"
        else cast(table.c[column], Text).label(column)
        if kind == pl.String
        else table.c[column]
        for column, kind in _SCHEMAS[name].items()
    ]
    return select(*columns).order_by(columns[0])
