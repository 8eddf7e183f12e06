"""What the catalogue of the database says of schema rpt: relations, columns, types, rights. Read from pg_catalog.

information_schema hides what a role may not use and knows no materialised views; pg_catalog shows all to everyone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Table, text
from sqlalchemy import types as sqltypes

from data_access.contract import SCHEMA, metadata
from data_access.findings import Finding, Severity, listed

_TEXTS = frozenset({"text", "character varying", "character"})
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_EXACT = _INTEGERS | {"numeric"}

# The first class that fits decides. Within a family no value can be lost or read wrongly.
_FAMILIES: tuple[tuple[type[sqltypes.TypeEngine[Any]], frozenset[str]], ...] = (
    (sqltypes.String, _TEXTS),
    (sqltypes.Integer, _INTEGERS),
    (sqltypes.Double, _EXACT | {"double precision", "real"}),
    (sqltypes.Numeric, _EXACT),
    (sqltypes.DateTime, frozenset({"timestamp with time zone"})),
    (sqltypes.Date, frozenset({"date"})),
    (sqltypes.Boolean, frozenset({"boolean"})),
)

# A domain counts as the type below it. Views, foreign tables, partitioned tables and materialised views are tables.
_COLUMNS = text(
    """
    WITH RECURSIVE base (type, under) AS (
        SELECT oid, oid FROM pg_catalog.pg_type WHERE typtype <> 'd'
        UNION ALL
        SELECT domain.oid, base.under
        FROM pg_catalog.pg_type AS domain JOIN base ON domain.typbasetype = base.type
        WHERE domain.typtype = 'd'
    )
    SELECT relation.relname AS relation,
           field.attname AS name,
           format_type(field.atttypid, field.atttypmod) AS written,
           format_type(base.under, NULL) AS family,
           has_column_privilege(relation.oid, field.attnum, 'SELECT') AS readable
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
    JOIN pg_catalog.pg_attribute AS field ON field.attrelid = relation.oid AND field.attnum > 0 AND NOT field.attisdropped
    JOIN base ON base.type = field.atttypid
    WHERE space.nspname = :schema AND relation.relkind IN ('r', 'p', 'v', 'm', 'f')
    """
)

_UNIQUE = text(
    """
    SELECT relation.relname AS relation, array_agg(CAST(field.attname AS text)) AS names
    FROM pg_catalog.pg_index AS one
    JOIN pg_catalog.pg_class AS relation ON relation.oid = one.indrelid
    JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
    JOIN pg_catalog.pg_attribute AS field
      ON field.attrelid = relation.oid AND field.attnum = ANY (CAST(one.indkey AS smallint[]))
    WHERE space.nspname = :schema AND one.indisunique AND one.indisvalid
      AND one.indpred IS NULL AND one.indexprs IS NULL AND one.indnkeyatts = one.indnatts
    GROUP BY one.indexrelid, relation.relname
    """
)

_SCHEMA = text(
    """
    SELECT obj_description(oid, 'pg_namespace') AS comment,
           has_schema_privilege(oid, 'USAGE') AS usable,
           has_schema_privilege(oid, 'CREATE') AS may_create
    FROM pg_catalog.pg_namespace WHERE nspname = :schema
    """
)

_ROLE = text(
    """
    SELECT CAST(current_user AS text) AS name, rolsuper AS "SUPERUSER", rolcreaterole AS "CREATEROLE",
           rolcreatedb AS "CREATEDB", rolreplication AS "REPLICATION", rolbypassrls AS "BYPASSRLS"
    FROM pg_catalog.pg_roles WHERE rolname = current_user
    """
)

_RIGHTS = text(
    """
    SELECT relation.relname AS relation,
           pg_has_role(relation.relowner, 'USAGE') AS owner,
           row_security_active(relation.oid) AS row_security,
           has_any_column_privilege(relation.oid, 'INSERT') AS "INSERT",
           has_any_column_privilege(relation.oid, 'UPDATE') AS "UPDATE",
           has_table_privilege(relation.oid, 'DELETE') AS "DELETE",
           has_table_privilege(relation.oid, 'TRUNCATE') AS "TRUNCATE",
           has_any_column_privilege(relation.oid, 'REFERENCES') AS "REFERENCES",
           has_table_privilege(relation.oid, 'TRIGGER') AS "TRIGGER"
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
    WHERE space.nspname = :schema AND relation.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY relation.relname
    """
)
_WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_ATTRIBUTES = ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")


@dataclass(frozen=True)
class Field:
    """One column as the database has it: its type as written, the family below it, and whether this role may read it."""

    written: str
    family: str
    readable: bool


@dataclass(frozen=True)
class Catalog:
    """Schema rpt as the database has it. ``columns`` and ``unique`` (sets of columns) by relation name."""

    exists: bool
    usable: bool
    comment: str | None
    columns: dict[str, dict[str, Field]]
    unique: dict[str, list[frozenset[str]]]

    def sound(self, table: Table) -> set[str]:
        """The contract's columns of ``table`` that are there, of the right type and readable."""
        found = self.columns.get(table.name, {})
        return {
            column.name
            for column in table.columns
            if column.name in found and found[column.name].readable and _fits(column.type, found[column.name])
        }

    def has_unique_key(self, table: Table) -> bool:
        """True when the database itself keeps two rows with one primary key out."""
        key = {column.name for column in table.primary_key}
        return any(names <= key for names in self.unique.get(table.name, []))


def read_catalog(connection: Connection) -> Catalog:
    """The catalogue of schema rpt; needs no right on the schema itself."""
    parameters = {"schema": SCHEMA}
    schema = connection.execute(_SCHEMA, parameters).one_or_none()
    columns: dict[str, dict[str, Field]] = {}
    for row in connection.execute(_COLUMNS, parameters):
        columns.setdefault(row.relation, {})[row.name] = Field(row.written, row.family, row.readable)
    unique: dict[str, list[frozenset[str]]] = {}
    for row in connection.execute(_UNIQUE, parameters):
        unique.setdefault(row.relation, []).append(frozenset(row.names))
    return Catalog(
        schema is not None, bool(schema and schema.usable), schema.comment if schema else None, columns, unique
    )


def schema_findings(catalog: Catalog, dialect: Dialect) -> Iterator[Finding]:
    """Table by table what is missing, of the wrong type or not readable. Each stops a sync."""
    if not catalog.exists:
        yield Finding(
            Severity.ERROR, f'没有模式 {SCHEMA}（schema "{SCHEMA}" does not exist）：请核对库名，或请对方建立'
        )
        return
    if not catalog.usable:
        yield Finding(
            Severity.ERROR, f"没有用模式 {SCHEMA} 的权限（permission denied for schema {SCHEMA}）：请对方授予 USAGE"
        )
    for table in metadata.tables.values():
        for words in _table_faults(table, catalog, dialect):
            yield Finding(Severity.ERROR, words, table.name)


def _table_faults(table: Table, catalog: Catalog, dialect: Dialect) -> Iterator[str]:
    found = catalog.columns.get(table.name)
    if found is None:
        yield "没有这张表（missing table）"
        return
    missing = [column.name for column in table.columns if column.name not in found]
    if missing:
        yield f"缺列 {'、'.join(missing)}（missing column）"
    for column in table.columns:
        field = found.get(column.name)
        if field and not _fits(column.type, field):
            expected = column.type.compile(dialect=dialect).lower()
            yield f"列 {column.name} 的类型是 {field.written}，应为 {expected}（wrong type）"
    hidden = [column.name for column in table.columns if column.name in found and not found[column.name].readable]
    if len(hidden) == len(table.columns):
        yield "读不到：没有 SELECT 权限（permission denied）"
    elif hidden:
        yield f"列 {'、'.join(hidden)} 读不到：没有 SELECT 权限（permission denied）"


def _fits(asked: sqltypes.TypeEngine[Any], field: Field) -> bool:
    return field.family in next(family for kind, family in _FAMILIES if isinstance(asked, kind))


def rights_findings(connection: Connection) -> Iterator[Finding]:
    """What the role may do beyond SELECT, as warnings: the dashboard never writes, and should not be able to."""
    role = connection.execute(_ROLE).one()
    attributes = [name for name in _ATTRIBUTES if role._mapping[name]]
    if attributes:
        yield Finding(Severity.WARNING, f"用户 {role.name} 有管理权 {'、'.join(attributes)}，只读足够（SELECT only）")
    rows = [dict(row) for row in connection.execute(_RIGHTS, {"schema": SCHEMA}).mappings()]
    if "SUPERUSER" not in attributes:
        yield from _excess(role.name, connection, rows)
    filtered = [str(row["relation"]) for row in rows if row["row_security"]]
    if filtered:
        yield Finding(
            Severity.WARNING,
            f"行级安全对用户 {role.name} 生效，可能只看得到一部分行（row security）：{listed(filtered)}",
        )


def _excess(role: str, connection: Connection, rows: Iterable[Mapping[str, object]]) -> Iterator[Finding]:
    schema = connection.execute(_SCHEMA, {"schema": SCHEMA}).one_or_none()
    if schema and schema.may_create:
        yield Finding(Severity.WARNING, f"用户 {role} 可在模式 {SCHEMA} 里建表（CREATE），只读足够")
    holders: dict[str, list[str]] = {}
    for row in rows:
        for name in ("owner", *_WRITES):
            if row[name]:
                holders.setdefault(name, []).append(str(row["relation"]))
    if owned := holders.pop("owner", []):
        yield Finding(Severity.WARNING, f"用户 {role} 是所有者（owner）：{listed(owned)}；只读足够")
    for name, relations in holders.items():
        yield Finding(Severity.WARNING, f"用户 {role} 有 {name} 权限：{listed(relations)}；只读足够")
