"""Real PostgreSQL for the tests: a primary, its streaming standby, and databases that hold the contract's tables.

Roles: ``owner`` owns every test database; ``reader`` is what a deployment would hand to the dashboard: read-only,
SELECT on schema rpt. Over the Unix socket no role needs a password; over TCP ``reader`` has ``READER_PASSWORD``.
"""

from __future__ import annotations

import socket
import time
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import contract
from data_access.demo.embedded import QUICK, Server
from data_access.settings import DRIVER

OWNER = "owner"
READER = "reader"
READER_PASSWORD = "reads-only"  # of a database that lives as long as the test run
_TEMPLATE = "contract_template"
# With asynchronous commits the standby would not see at once what the primary has committed.
_SMALL = {**QUICK, "shared_buffers": "64MB", "max_connections": "60", "synchronous_commit": "on"}
_numbers = count(1)

_ROLES = (
    f"create role {OWNER} login createdb",
    f"create role {READER} login password '{READER_PASSWORD}'",
    f"alter role {READER} set default_transaction_read_only = on",
    f"grant pg_read_all_stats to {READER}",
    f"create database {_TEMPLATE} owner {OWNER}",
)

_GRANTS = f"""
grant usage on schema {contract.SCHEMA} to {READER};
grant select on all tables in schema {contract.SCHEMA} to {READER};
alter default privileges for role {OWNER} in schema {contract.SCHEMA} grant select on tables to {READER};
"""


def primary_server(folder: Path) -> Server:
    """A primary in ``folder``, on a free TCP port of 127.0.0.1 too; not started yet."""
    return Server(folder, {**_SMALL, "wal_level": "replica", "hot_standby": "on"}, port=free_port())


def furnish(server: Server) -> None:
    """Give a running, new primary the roles, and the contract's tables for ``fresh_database`` to copy."""
    for statement in _ROLES:
        execute(server.url(), statement)
    template = server.url(_TEMPLATE, OWNER)
    execute(template, f"create schema {contract.SCHEMA}")
    engine = create_engine(template, poolclass=NullPool)
    contract.metadata.create_all(engine)
    execute(template, _GRANTS)


def standby_server(primary: Server, folder: Path) -> Server:
    """A hot standby of the running ``primary``, to stream through a slot of its own; not started yet."""
    server = Server(folder, {**_SMALL, "hot_standby": "on"}, port=free_port())
    server.prepare()
    slot = f"standby{next(_numbers)}"
    primary.run("pg_basebackup", "-D", str(server.data), "-R", "-X", "stream", "-C", "-S", slot, "-c", "fast")
    return server


def fresh_database(server: Server, template: str = _TEMPLATE) -> URL:
    """A new database with the contract's tables, empty (or a copy of ``template``): its address for the owner, over the Unix socket."""
    name = f"city{next(_numbers)}"
    execute(server.url(), f"create database {name} owner {OWNER} template {template}")
    return server.url(name, OWNER)


def reader(url: URL) -> URL:
    """The same database for the reader, over the Unix socket."""
    return url.set(username=READER)


def reader_over_tcp(server: Server, database: str | None) -> URL:
    """``database`` on ``server`` for the reader, over TCP with a password."""
    return URL.create(DRIVER, READER, READER_PASSWORD, "127.0.0.1", server.port, database)


def execute(url: URL, statement: str) -> None:
    """Run ``statement`` (or several, as one transaction) outside of any other transaction."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def await_replay(primary: Server, standby: Server, patience: float = 10.0) -> None:
    """Return when ``standby`` has replayed all that ``primary`` holds; TimeoutError after ``patience`` seconds."""
    target = _scalar(primary.url(), "select pg_current_wal_lsn()")
    deadline = time.monotonic() + patience
    while not _scalar(standby.url(), f"select pg_last_wal_replay_lsn() >= '{target}'::pg_lsn"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the standby has not reached {target}")
        time.sleep(0.01)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _scalar(url: URL, query: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()
