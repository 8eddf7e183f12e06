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
from typing import Any, TypeVar, cast

import polars as pl
import psycopg2
from psycopg2.extensions import connection as DriverConnection
from sqlalchemy import URL, Connection, Engine, Select, create_engine, text
from sqlalchemy.pool import QueuePool

from data_access.contract import TIME_ZONE
from data_access.faults import explain, may_run_again

__all__ = ["ReplicaState", "connect", "copy_frame", "explain", "repeatable_read", "retrying", "state"]

STATEMENT_TIMEOUT_SECONDS = 120
# A receiver hears from its primary at least every 30 s under PostgreSQL's defaults; three times that is silence.
RECEIVER_SILENCE_SECONDS = 90
_RETRIES = 2

Result = TypeVar("Result")

_LIMITS = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=300s"
_PINNED = f"-c default_transaction_read_only=on -c TimeZone={TIME_ZONE} -c DateStyle=ISO -c extra_float_digits=1"

_CONNECT_ARGUMENTS: dict[str, str | int] = {
    "application_name": "yanpan",
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

_STATE = text(
    """
    SELECT pg_is_in_recovery() AS in_recovery,
           split_part(current_setting('server_version'), ' ', 1) AS version,
           receiver.pid IS NOT NULL AS receiver_present,
           receiver.status AS receiver_status,
           CAST(extract(epoch FROM clock_timestamp() - receiver.last_msg_receipt_time) AS double precision) AS silence,
           pg_last_wal_replay_lsn() >= greatest(pg_last_wal_receive_lsn(), receiver.latest_end_lsn) AS caught_up,
           CAST(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS double precision) AS replay_age,
           CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END AS paused
    FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver AS receiver ON true
    """
)


@dataclass(frozen=True)
class ReplicaState:
    """What one server says of itself at one moment.

    ``replay_lag_seconds`` is 0.0 only while the receiver streams, has heard from its primary lately and everything
    received is replayed: equal positions alone would also hold with the primary gone. Otherwise it is the age of the
    last replayed transaction (an upper bound of the lag), or None where nothing tells it; None on a primary.
    """

    in_recovery: bool
    version: str
    host: str
    receiver_present: bool
    receiver_status: str | None
    receiver_silence_seconds: float | None
    replay_lag_seconds: float | None
    replay_paused: bool

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


def connect(url: URL, *, statement_timeout_seconds: int = STATEMENT_TIMEOUT_SECONDS) -> Engine:
    """An engine on ``url`` (driver psycopg2) whose sessions can only read; no connection is made yet.

    What the operator wrote in the address holds (``options``, ``connect_timeout``, ``sslmode``, …), except the
    read-only session, the time zone and the client encoding. Several hosts
    (``?host=a:5432&host=b:5432``): a standby is preferred unless ``target_session_attrs`` says otherwise.
    """
    options = (
        f"-c statement_timeout={statement_timeout_seconds}s {_LIMITS}",
        _joined(url.query.get("options")),
        _PINNED,
    )
    arguments: dict[str, str | int] = {key: value for key, value in _CONNECT_ARGUMENTS.items() if key not in url.query}
    arguments |= {"options": " ".join(part for part in options if part), "client_encoding": "utf8"}
    if _several_hosts(url) and "target_session_attrs" not in url.query:
        arguments["target_session_attrs"] = "prefer-standby"
    return create_engine(
        url,
        connect_args=arguments,
        use_native_hstore=False,
        poolclass=QueuePool,
        pool_size=3,
        max_overflow=5,
        pool_timeout=30,
        pool_pre_ping=True,
        pool_recycle=900,
        hide_parameters=True,
    )


def state(engine: Engine) -> ReplicaState:
    """The state of the server that answers now. Raises SQLAlchemy's DBAPIError when none does (see ``explain``)."""
    with engine.connect() as connection:
        row = connection.execute(_STATE).one()
        host = _host(_driver(connection))
    known = ReplicaState(
        in_recovery=row.in_recovery,
        version=row.version,
        host=host,
        receiver_present=row.receiver_present,
        receiver_status=row.receiver_status,
        receiver_silence_seconds=row.silence,
        replay_lag_seconds=None if row.replay_age is None else max(row.replay_age, 0.0),
        replay_paused=row.paused,
    )
    if row.in_recovery and row.caught_up and known.streaming:
        return replace(known, replay_lag_seconds=0.0)
    if row.caught_up and known.receiver_hidden:
        return replace(known, replay_lag_seconds=None)
    return known


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
    if buffer.tell() == len(codecs.BOM_UTF8):
        return pl.DataFrame(schema=dict(schema))
    booleans = [name for name, kind in schema.items() if kind == pl.Boolean]
    read = {name: pl.String if name in booleans else kind for name, kind in schema.items()}
    frame = pl.read_csv(buffer.getvalue(), has_header=False, schema=cast(Any, read))
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
