"""contract.py and contract.sql (the text agreed with the owner of the data) say the same, column by column."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import contract
from data_access.demo.embedded import Server
from tests import databases

SQL = Path(__file__).with_name("contract.sql")

_COLUMNS = """
select relation.relname, field.attnum, field.attname, format_type(field.atttypid, field.atttypmod), field.attnotnull,
       pg_get_expr(fallback.adbin, fallback.adrelid)
from pg_class relation
join pg_attribute field on field.attrelid = relation.oid and field.attnum > 0 and not field.attisdropped
left join pg_attrdef fallback on fallback.adrelid = relation.oid and fallback.adnum = field.attnum
where relation.relnamespace = 'rpt'::regnamespace and relation.relkind = 'r'
order by 1, 2
"""

_CONSTRAINTS = """
select conrelid::regclass::text, contype, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'rpt'::regnamespace and contype in ('p', 'c', 'u', 'f')
order by 1, 2, 3
"""


def _read(url: URL, query: str) -> list[tuple[object, ...]]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def _database_of_sql(primary: Server) -> URL:
    databases.execute(primary.url(), f"create database contract_text owner {databases.OWNER}")
    url = primary.url("contract_text", databases.OWNER)
    databases.execute(url, SQL.read_text(encoding="utf-8").replace("%", "%%"))
    return url


def test_the_declared_tables_are_those_of_the_agreed_text(primary: Server, database: URL) -> None:
    agreed = _database_of_sql(primary)
    columns = _read(agreed, _COLUMNS)
    assert len({row[0] for row in columns}) == 12
    assert _read(database, _COLUMNS) == columns
    assert _read(database, _CONSTRAINTS) == _read(agreed, _CONSTRAINTS)


def test_codes_are_declared_for_columns_that_exist() -> None:
    for table, columns in contract.CODES.items():
        assert set(columns) <= set(contract.metadata.tables[f"{contract.SCHEMA}.{table}"].c.keys())
