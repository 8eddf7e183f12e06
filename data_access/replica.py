"""The read replica: one engine with a session that can only read, its state, and the way rows come out of it.

Nothing here writes. The session is read-only twice over (its default and each transaction), bounded in time, and pinned
to Asia/Shanghai, because the local date of a timestamp follows the session's zone.
"""

from __future__ import annotations

import codecs
import io
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

import polars as pl
import psycopg2
from psycopg2.extensions import connection as DriverConnection
from sqlalchemy import URL, Connection, Engine, Row, Select, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from data_access import traffic
from data_access.bounded import BoundedConnection
from data_access.contract import TIME_ZONE
from data_access.faults import explain, may_run_again, sqlstate

__all__ = [
    "Look",
    "ReplicaState",
    "connect",
    "copy_frame",
    "explain",
    "look",
    "repeatable_read",
    "retrying",
    "state",
    "state_of",
    "watching",
]

STATEMENT_TIMEOUT_SECONDS = 120
GRACE_SECONDS = 15.0
CONNECT_TIMEOUT_SECONDS = 10
# A receiver hears from its primary at least every 30 s under PostgreSQL's defaults; three times that is silence.
RECEIVER_SILENCE_SECONDS = 90
# A look at the state is a small thing: what takes longer is no answer.
WATCH_SECONDS = 5
WATCH_NAME = "yanpan-watch"
_RETRIES = 2
# Positions are looked at again before a lag is believed: on a busy primary something is always on its way.
_SECOND_LOOKS, _BETWEEN_LOOKS_SECONDS = 5, 0.2
_INSUFFICIENT_PRIVILEGE = "42501"

Result = TypeVar("Result")

_LIMITS = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=300s"
_PINNED = f"-c default_transaction_read_only=on -c TimeZone={TIME_ZONE} -c DateStyle=ISO -c extra_float_digits=1"

_KEEPALIVES: dict[str, str | int] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

# {identity} is left out for a role that may not call these functions: PostgreSQL checks that before it evaluates anything.
_IDENTITY = """
           CAST((SELECT system_identifier FROM pg_control_system()) AS text) AS system,
           CASE WHEN pg_is_in_recovery()
                THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()), receiver.received_tli)
                ELSE CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS bit(32)) AS integer)
           END AS timeline,"""
_STATE = """
    SELECT pg_is_in_recovery() AS in_recovery,{identity}
           split_part(current_setting('server_version'), ' ', 1) AS version,
           receiver.pid IS NOT NULL AS receiver_present,
           receiver.status AS receiver_status,
           clock_timestamp() AS moment,
           CAST(greatest(pg_last_wal_receive_lsn(), receiver.latest_end_lsn) AS text) AS received,
           CAST(extract(epoch FROM clock_timestamp() - receiver.last_msg_receipt_time) AS double precision) AS silence,
           pg_last_wal_replay_lsn() >= greatest(pg_last_wal_receive_lsn(), receiver.latest_end_lsn) AS caught_up,
           CAST(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS double precision) AS replay_age,
           CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END AS paused
    FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver AS receiver ON true
    """


@dataclass(frozen=True)
class Look:
    """What a look at the server found. ``beat_age``: of the heartbeat row, by the server's clock, None without one;
    ``beat_fault``: why a heartbeat that is configured could not be read."""

    state: ReplicaState
    beat_age: timedelta | None = None
    beat_fault: str | None = None


@dataclass(frozen=True)
class ReplicaState:
    """What one server says of itself at one moment.

    ``replay_lag_seconds`` is 0.0 only while the receiver streams, has heard from its primary lately and everything
    received is replayed: equal positions alone would also hold with the primary gone. Otherwise it is the age of the
    last replayed transaction (an upper bound of the lag), or None where nothing tells it; None on a primary.
    ``caught_up``: a standby has replayed all that it has received; ``replay_age_seconds``: since the last transaction that
    it replayed, which may long be all there is. ``system`` and ``timeline`` say which cluster this is and how often it was
    promoted; None where the role may not ask. ``moment``: the server's own clock.
    """

    in_recovery: bool
    version: str
    host: str
    receiver_present: bool
    receiver_status: str | None
    receiver_silence_seconds: float | None
    replay_lag_seconds: float | None
    replay_paused: bool
    caught_up: bool = False
    replay_age_seconds: float | None = None
    system: str | None = None
    timeline: int | None = None
    moment: datetime | None = None

    @property
    def receiver_hidden(self) -> bool:
        """A receiver runs but this role may not see more of it (pg_read_all_stats is missing)."""
        return self.receiver_present and self.receiver_status is None

    @property
    def streaming(self) -> bool:
        """The receiver streams and has heard from its primary lately."""
        silence = self.receiver_silence_seconds
        return self.receiver_status == "streaming" and silence is not None and silence < RECEIVER_SILENCE_SECONDS

    @property
    def sentence(self) -> str:
        """One Chinese sentence: 「备库，同步」, 「主库（非备库）」, 「备库，延迟 3 分」 …"""
        if not self.in_recovery:
            return "主库（非备库）"
        parts = ["备库", *(["回放暂停"] if self.replay_paused else []), self._receiver_words()]
        return "，".join(part for part in parts if part)

    def _receiver_words(self) -> str:
        lag = self.replay_lag_seconds
        if self.streaming:
            return "同步" if lag == 0 else _late("延迟", lag)
        if self.receiver_hidden:
            late = "" if lag is None else _late("延迟至多", lag) + "，"
            return f"{late}看不到接收进程状态（缺 pg_read_all_stats）"
        return "与主库断开，" + ("最后回放的时间不明" if lag is None else f"最后回放在 {_duration(lag)}前")


def connect(
    url: URL,
    *,
    statement_timeout_seconds: int = STATEMENT_TIMEOUT_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
    connect_timeout_seconds: int = CONNECT_TIMEOUT_SECONDS,
    application_name: str = "yanpan",
    keep: bool = False,
) -> Engine:
    """An engine on ``url`` (driver psycopg2) whose sessions can only read; no connection is made yet.

    None is kept either: whoever reads makes one and closes it, so nothing of ours stands idle on the replica, and of several
    hosts the best one is chosen anew each time. ``keep``: one connection is kept, and there is never a second.

    Nothing waits for ever: connecting ends after ``connect_timeout_seconds`` a host; the server stops a statement at its
    timeout; and where it stays silent ``grace_seconds`` beyond that (frozen, cut off without a word), we close the connection.

    What the operator wrote in the address holds (``options``, ``connect_timeout``, ``sslmode``, …), except the
    read-only session, the time zone and the client encoding. Several hosts
    (``?host=a:5432&host=b:5432``): a standby is preferred unless ``target_session_attrs`` says otherwise.
    """
    options = (
        f"-c statement_timeout={statement_timeout_seconds}s {_LIMITS}",
        _joined(url.query.get("options")),
        _PINNED,
    )
    usual = {
        "application_name": application_name,
        "connect_timeout": connect_timeout_seconds,
        **_KEEPALIVES,
    }
    arguments: dict[str, Any] = {key: value for key, value in usual.items() if key not in url.query}
    arguments |= {"options": " ".join(part for part in options if part), "client_encoding": "utf8"}
    arguments["connection_factory"] = partial(BoundedConnection, grace_seconds=grace_seconds)
    if _several_hosts(url) and "target_session_attrs" not in url.query:
        arguments["target_session_attrs"] = "prefer-standby"
    kept: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0, "pool_timeout": 30}
    return create_engine(
        url,
        connect_args=arguments,
        use_native_hstore=False,
        pool_pre_ping=keep,
        pool_recycle=900,
        hide_parameters=True,
        **(kept if keep else {"poolclass": NullPool}),
    )


def watching(engine: Engine) -> Engine:
    """Another engine on the same address, for looks at its state: a connection of its own, which gives up soon."""
    return connect(
        engine.url,
        statement_timeout_seconds=WATCH_SECONDS,
        grace_seconds=WATCH_SECONDS,
        connect_timeout_seconds=WATCH_SECONDS,
        application_name=WATCH_NAME,
        keep=True,
    )


def look(engine: Engine, beat: tuple[str, str] | None = None) -> Look:
    """The state of the server and the age of the heartbeat, table and column ``beat`` (plain names). Raises as ``state``."""
    with engine.connect() as connection:
        found = state_of(connection)
        if beat is None:
            return Look(found)
        try:
            return Look(found, beat_age=_beat_age(connection, *beat))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return Look(found, beat_fault=explain(error))
        except LookupError as error:
            return Look(found, beat_fault=str(error))


def _beat_age(connection: Connection, table: str, column: str) -> timedelta:
    """Raises LookupError where no beat stands."""
    # Names cannot be bound; the configuration admits plain lower-case ones only, and they are quoted nevertheless.
    quote = connection.dialect.identifier_preparer.quote_identifier
    place, newest = ".".join(map(quote, table.split("."))), quote(column)
    statement = f"SELECT CAST(extract(epoch FROM clock_timestamp() - max({newest})) AS float8) FROM {place}"
    seconds = connection.exec_driver_sql(statement.replace("%", "%%")).scalar()
    if seconds is None:
        raise LookupError(f"{table} 里没有一行")
    return timedelta(seconds=max(float(seconds), 0.0))


def state(engine: Engine) -> ReplicaState:
    """The state of the server that answers now. Raises SQLAlchemy's DBAPIError when none does (see ``explain``)."""
    with engine.connect() as connection:
        return state_of(connection)


def state_of(connection: Connection) -> ReplicaState:
    """As ``state``, of the server behind this connection. Ends the connection's transaction where the role may ask little."""
    row = _state_row(connection)
    age = None if row.replay_age is None else max(row.replay_age, 0.0)
    known = ReplicaState(
        in_recovery=row.in_recovery,
        version=row.version,
        host=_host(_driver(connection)),
        receiver_present=row.receiver_present,
        receiver_status=row.receiver_status,
        receiver_silence_seconds=row.silence,
        replay_lag_seconds=age,
        replay_paused=row.paused,
        caught_up=row.in_recovery and (bool(row.caught_up) or _soon_caught_up(connection, row)),
        replay_age_seconds=age,
        system=row.system,
        timeline=row.timeline,
        moment=row.moment,
    )
    if known.caught_up and known.streaming:
        return replace(known, replay_lag_seconds=0.0)
    if known.caught_up and known.receiver_hidden:
        return replace(known, replay_lag_seconds=None)
    return known


def _state_row(connection: Connection) -> Row[Any]:
    try:
        return connection.execute(text(_STATE.format(identity=_IDENTITY))).one()
    except DBAPIError as error:
        if sqlstate(error) != _INSUFFICIENT_PRIVILEGE:
            raise
        connection.rollback()
        unknown = " CAST(NULL AS text) AS system, CAST(NULL AS integer) AS timeline,"
        return connection.execute(text(_STATE.format(identity=unknown))).one()


def _soon_caught_up(connection: Connection, row: Row[Any]) -> bool:
    """Whether what had been received at the first look is replayed within a second: a lag of less than that is none."""
    if row.paused or row.received is None:
        return False
    passed = text("SELECT pg_last_wal_replay_lsn() >= CAST(:received AS pg_lsn)")
    for _ in range(_SECOND_LOOKS):
        time.sleep(_BETWEEN_LOOKS_SECONDS)
        if connection.execute(passed, {"received": row.received}).scalar_one():
            return True
    return False


@contextmanager
def repeatable_read(engine: Engine) -> Iterator[Connection]:
    """A connection inside one REPEATABLE READ READ ONLY transaction: every statement sees the same moment."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        # Not SQLAlchemy's postgresql_readonly: given back to the pool, such a connection would begin READ WRITE.
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        yield connection


def retrying(work: Callable[[], Result]) -> Result:
    """``work()``, run again at most twice (after 0.2–1.5 s) when the standby's replay cancelled it or ended its connection.

    Nothing else is retried; ``work`` must open its own transaction. A shutdown that says so (57P01) is no conflict.
    """
    for attempt in range(_RETRIES):
        try:
            return work()
        except Exception as error:
            if not may_run_again(error):
                raise
            time.sleep(random.uniform(0.2, 0.75) * (attempt + 1))
    return work()


def copy_frame(
    connection: Connection, select: Select[*tuple[Any, ...]], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """The rows of ``select``, read by COPY in the transaction of ``connection``, with exactly the columns of ``schema``.

    ``schema`` maps each column of the select, in its order, to its Polars type; a Boolean is read from t/f, a date from
    its ISO form, timestamps are to be cast in SQL. NULL stays null, '' stays ''. No rows: an empty frame of that schema.
    Raises ValueError for columns that do not match, psycopg2.Error for what the database refuses, Polars' ComputeError
    for a value that its type cannot hold.
    """
    names = [column.name for column in select.selected_columns]
    if names != list(schema):
        raise ValueError(f"columns of the select {names} are not those of the schema {list(schema)}")
    # Polars drops a byte-order mark at the beginning: ours, so that it is never a character of the first value.
    buffer = io.BytesIO(codecs.BOM_UTF8)
    buffer.seek(0, io.SEEK_END)
    _copy(connection, select, buffer)
    size = buffer.tell() - len(codecs.BOM_UTF8)
    if size == 0:
        return pl.DataFrame(schema=dict(schema))
    booleans = [name for name, kind in schema.items() if kind == pl.Boolean]
    read = {name: pl.String if name in booleans else kind for name, kind in schema.items()}
    frame = pl.read_csv(buffer.getvalue(), has_header=False, schema=cast(Any, read))
    traffic.fetched(frame.height, size)
    return frame.with_columns(
        pl.col(name).replace_strict({"t": True, "f": False}, return_dtype=pl.Boolean) for name in booleans
    )


def _copy(connection: Connection, select: Select[*tuple[Any, ...]], buffer: io.BytesIO) -> None:
    """psycopg2 quotes the parameters itself (``mogrify``), with the rules of the very connection that runs them."""
    statement = select.compile(dialect=connection.dialect).construct_expanded_state()
    driver = _driver(connection)
    try:
        with driver.cursor() as cursor:
            query: bytes = cursor.mogrify(statement.statement, statement.parameters)
            cursor.copy_expert(b"COPY (" + query + b") TO STDOUT (FORMAT csv, ENCODING 'UTF8')", buffer)
    except psycopg2.Error as error:
        # SQLAlchemy has not seen the raw cursor's error: a broken connection must not go back to the pool.
        if driver.closed:
            connection.invalidate(error)
        raise


def _driver(connection: Connection) -> DriverConnection:
    return cast(DriverConnection, connection.connection.driver_connection)


def _host(driver: DriverConnection) -> str:
    """The server in use, of several the one that answered: host:port, or the socket's folder."""
    host, port = driver.info.host, driver.info.port
    return host if host.startswith("/") else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _several_hosts(url: URL) -> bool:
    named = url.query.get("host", ())
    return "," in named if isinstance(named, str) else len(named) > 1


def _joined(option: str | tuple[str, ...] | None) -> str:
    return option if isinstance(option, str) else " ".join(option or ())


def _late(word: str, seconds: float | None) -> str:
    return "延迟不明" if seconds is None else f"{word} {_duration(seconds)}"


def _duration(seconds: float) -> str:
    for limit, unit, size in ((60, "秒", 1), (3600, "分", 60), (172_800, "小时", 3600)):
        if seconds < limit:
            return f"{max(int(seconds // size), 1 if size == 1 else 0)} {unit}"
    return f"{int(seconds // 86_400)} 天"
