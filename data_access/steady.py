"""One transaction over the contract's tables whose form cannot change meanwhile.

A table that is rewritten (ALTER … TYPE, TRUNCATE) after a transaction has begun to read looks empty to it: PostgreSQL
does not keep the old rows for it. So the tables are locked against that, by the weakest lock there is and before the first
reading, and then their columns are held against the contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from data_access import contract, replica
from data_access.check_catalog import read_catalog, schema_findings


class ContractError(RuntimeError):
    """The tables are not those of the contract; one Chinese sentence that names what is missing or of another type."""


# Materialised views and foreign tables cannot be locked, nor can what only single columns may be read of.
_LOCKABLE = text(
    """
    SELECT relation.relname
    FROM pg_catalog.pg_class AS relation
    JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
    WHERE space.nspname = :schema AND relation.relkind IN ('r', 'p', 'v') AND relation.relname = ANY (:names)
      AND has_schema_privilege(space.oid, 'USAGE') AND has_table_privilege(relation.oid, 'SELECT')
    """
)


@contextmanager
def steady(engine: Engine) -> Iterator[Connection]:
    """A connection inside one REPEATABLE READ transaction over tables that keep the contract. Raises ContractError."""
    names = [table.name for table in contract.metadata.tables.values()]
    with engine.connect() as connection:
        found = set(connection.execute(_LOCKABLE, {"schema": contract.SCHEMA, "names": names}).scalars())
    with replica.repeatable_read(engine) as connection:
        quote = connection.dialect.identifier_preparer.quote
        if locked := ", ".join(f"{contract.SCHEMA}.{quote(name)}" for name in names if name in found):
            connection.exec_driver_sql(f"LOCK TABLE {locked} IN ACCESS SHARE MODE")
        _hold_to_contract(connection)
        yield connection


def _hold_to_contract(connection: Connection) -> None:
    faults = list(schema_findings(read_catalog(connection), connection.dialect))
    if faults:
        said = "；".join(
            f"{contract.SCHEMA}.{fault.table} {fault.text}" if fault.table else fault.text for fault in faults
        )
        raise ContractError(f"数据库的表不合数据契约，没有取数：{said}。逐项核对：yanpan check")
