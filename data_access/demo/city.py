"""The synthetic city: fills the tables of the contract with believable, reproducible, made-up events.

A day's rows follow from (seed, day) alone. What happens later to a row (reply, evaluation, conclusion, closure) is fixed from the start
but shown only once its date has come, so filling day by day and filling at once give the same database. The schema's comment marks the
database as synthetic (``SYNTHETIC_MARK``) and says which city, seed and days it holds.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Connection, Engine, Table, text

from data_access import contract
from data_access.contract import SYNTHETIC_MARK
from data_access.demo import inflows, mediations, petitions, registers
from data_access.demo import planted as truth
from data_access.demo.places import available_cities, category_table, places
from data_access.demo.refusals import NotEmpty, UnknownCity

__all__ = [
    "DEFAULT_CITY",
    "SYNTHETIC_MARK",
    "NotEmpty",
    "UnknownCity",
    "available_cities",
    "fill",
    "generate",
    "planted",
]

DEFAULT_CITY = "430200"
_DEFAULT_DAYS = 3 * 365 + 1
_MARK = re.compile(re.escape(SYNTHETIC_MARK) + r" city=(\d+) seed=(\d+) since=(\S+) until=(\S+)")
# One number of the project's own: two fills of one database wait for each other.
_LOCK = 4302_0001


@dataclass(frozen=True)
class _Held:
    """What a marked database says it holds."""

    city: str
    seed: int
    since: date
    until: date


def fill(
    engine: Engine,
    *,
    city: str = DEFAULT_CITY,
    seed: int = 1,
    until: date | None = None,
    since: date | None = None,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Bring the database to the end of ``until`` (default: yesterday in Asia/Shanghai) and return the number of rows written.

    Creates what is missing of schema ``rpt``. A database of the same city and seed gets only what is new or changed since; one that
    reaches ``until`` already is left alone (0). ``since`` defaults to three years. NotEmpty: rows of another origin, or another ``since``.
    UnknownCity; ValueError: dates in the wrong order.
    """
    name = _city_name(city)
    last = until or datetime.now(ZoneInfo(contract.TIME_ZONE)).date() - timedelta(days=1)
    say = progress or (lambda _: None)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        if connection.scalar(text("select to_regnamespace(:name)"), {"name": contract.SCHEMA}) is None:
            connection.execute(text(f"create schema {contract.SCHEMA}"))
        held = _held(connection)
        _refuse_foreign(connection, held, city, seed, since)
        if held is not None and held.until >= last:
            return 0
        first = held.since if held else since or last - timedelta(days=_DEFAULT_DAYS - 1)
        contract.metadata.create_all(connection)
        say(f"正在生成演示数据：{name}，{first} 至 {last}")
        tables = generate(city, seed, first, last)
        written = _write(connection, tables, held.until if held else None, say)
        _mark(connection, _Held(city, seed, first, last))
        return written


def generate(city: str, seed: int, since: date, until: date, *, with_planted: bool = True) -> dict[str, pl.DataFrame]:
    """Every table of the contract as known at the end of ``until``: name to frame, columns as in the contract, times local.

    ``with_planted=False`` leaves out the bursts and the feed gaps, so that an alarm on what is left is a false one. UnknownCity; ValueError: ``since`` after ``until``.
    """
    _city_name(city)
    if since > until:
        raise ValueError(f"起始日期 {since} 晚于截止日期 {until}")
    ground = places(city, seed)
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    items = petitions.petitions(ground, seed, days, with_planted=with_planted)
    mediated = mediations.mediations(ground, seed, days)
    disputes = inflows.disputes(ground, seed, days)
    return {
        "region": ground.region,
        "organ": ground.organ,
        "category": category_table(),
        "petition": items.table,
        "mediation": mediated,
        "supervision_order": registers.orders(ground, seed, days),
        "backlog_case": registers.backlog(ground, seed, days),
        "risk_issue": registers.risks(ground, seed, days),
        "deduction": registers.deductions(ground, seed, days),
        "dispute_inflow": disputes,
        "village_status": inflows.village_status(ground, seed, days),
        "feed_receipt": inflows.feeds(ground, seed, days, items.delivered, mediated, disputes),
    }


def planted(city: str, seed: int, since: date, until: date) -> list[dict[str, object]]:
    """The bursts and faults planted between two days, both included; see ``data_access.demo.planted.listed``."""
    _city_name(city)
    return truth.listed(places(city, seed), seed, since, until)


def _city_name(city: str) -> str:
    cities = available_cities()
    if city not in cities:
        known = "、".join(f"{code} {name}" for code, name in cities.items())
        raise UnknownCity(f"没有 {city} 的边界和乡镇代码；可选：{known}")
    return cities[city]


def _held(connection: Connection) -> _Held | None:
    comment = connection.scalar(
        text("select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = :name"),
        {"name": contract.SCHEMA},
    )
    found = _MARK.match(comment or "")
    if not found:
        return None
    return _Held(found[1], int(found[2]), date.fromisoformat(found[3]), date.fromisoformat(found[4]))


def _refuse_foreign(connection: Connection, held: _Held | None, city: str, seed: int, since: date | None) -> None:
    if held is not None:
        if (held.city, held.seed) != (city, seed) or since not in (None, held.since):
            raise NotEmpty(
                f"数据库里已有另一座演示城市（city={held.city} seed={held.seed} since={held.since}），"
                f"与所要的 city={city} seed={seed} 不同；请换一个空数据库。"
            )
        return
    filled = [table.name for table in contract.metadata.sorted_tables if _has_rows(connection, table)]
    if filled:
        raise NotEmpty(f"数据库的 {contract.SCHEMA} 中已有数据（{'、'.join(filled)}），演示数据只写入空数据库。")


def _has_rows(connection: Connection, table: Table) -> bool:
    if connection.scalar(text("select to_regclass(:name)"), {"name": f"{contract.SCHEMA}.{table.name}"}) is None:
        return False
    return bool(connection.scalar(text(f"select exists (select from {contract.SCHEMA}.{table.name})")))


def _write(
    connection: Connection, tables: dict[str, pl.DataFrame], held_until: date | None, say: Callable[[str], None]
) -> int:
    """Everything into empty tables; into filled ones what changed after the day ``held_until``."""
    connection.execute(text(f"set local time zone '{contract.TIME_ZONE}'"))
    written = 0
    for name, frame in tables.items():
        table = contract.metadata.tables[f"{contract.SCHEMA}.{name}"]
        ordered = frame.select(table.columns.keys())
        if held_until is None:
            _copy(connection, f"{contract.SCHEMA}.{name}", ordered)
        elif "updated_at" in ordered.columns:
            ordered = ordered.filter(pl.col("updated_at").dt.date() > held_until)
            _upsert(connection, table, ordered)
        else:
            continue
        written += ordered.height
        say(f"{name}：{ordered.height} 行")
        connection.execute(text(f"analyze {contract.SCHEMA}.{name}"))
    return written


def _upsert(connection: Connection, table: Table, rows: pl.DataFrame) -> None:
    keys = [column.name for column in table.primary_key]
    others = ", ".join(f"{name} = excluded.{name}" for column in table.columns if (name := column.name) not in keys)
    connection.execute(text(f"create temp table incoming (like {table.fullname}) on commit drop"))
    _copy(connection, "incoming", rows)
    connection.execute(
        text(
            f"insert into {table.fullname} select * from incoming on conflict ({', '.join(keys)}) do update set {others}"
        )
    )
    connection.execute(text("drop table incoming"))


def _copy(connection: Connection, target: str, rows: pl.DataFrame) -> None:
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S")
    buffer.seek(0)
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor:
        cursor.copy_expert(f"copy {target} ({', '.join(rows.columns)}) from stdin (format csv)", buffer)


def _mark(connection: Connection, held: _Held) -> None:
    words = f"{SYNTHETIC_MARK} city={held.city} seed={held.seed} since={held.since} until={held.until}"
    connection.execute(text(f"comment on schema {contract.SCHEMA} is '{words}'"))
