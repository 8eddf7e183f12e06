"""The session can only read, moves to another host, says what is wrong, and brings every value out unchanged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Engine,
    Numeric,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    text,
    values,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from data_access import replica
from data_access.contract import category, petition, region
from data_access.demo.embedded import Server
from data_access.settings import DRIVER
from tests import databases

# What text meets on its way through SQL, COPY and CSV.
NASTY = [
    "",
    " ",
    '"',
    '""',
    "'",
    "\\",
    "\\N",
    "\\.",
    "\n",
    "\r\n",
    "a\n\\.\nb",
    ",",
    'a,"b"\nc',
    "%",
    "%%",
    "%s",
    "%(x)s",
    ":name",
    "NULL",
    "null",
    "t",
    "007",
    "1e5",
    " 株洲 ",
    "𠮷𠀋",
    "😀",
    "\u200b",
    "\ufeff",
    "\x01",
    "\x7f\x85\u2028",
]


@contextmanager
def _engine(url: URL) -> Iterator[Engine]:
    engine = replica.connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _settings(engine: Engine, *names: str) -> list[str]:
    with engine.connect() as connection:
        return [connection.execute(text(f"show {name}")).scalar_one() for name in names]


def _fault(url: URL, statement: str = "select 1") -> str:
    with _engine(url) as engine, pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text(statement))
    return replica.explain(caught.value)


class TestSession:
    def test_it_reads_only_in_the_zone_of_the_contract(self, database: URL) -> None:
        with _engine(databases.reader(database)) as engine:
            shown = _settings(engine, "transaction_read_only", "timezone", "statement_timeout", "application_name")
        assert shown == ["on", "Asia/Shanghai", "2min", "yanpan"]

    def test_the_owner_cannot_write_either_also_after_a_transaction_was_given_back(self, database: URL) -> None:
        with _engine(database) as engine:
            with replica.repeatable_read(engine) as connection:
                connection.execute(select(func.count()).select_from(petition))
            with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
                connection.execute(text("delete from rpt.petition"))
        assert "read-only" in replica.explain(caught.value)

    def test_options_of_the_address_hold_except_read_only_and_zone(self, database: URL) -> None:
        options = "-c statement_timeout=7s -c TimeZone=UTC -c default_transaction_read_only=off -c work_mem=9MB"
        url = database.update_query_dict({"options": options, "application_name": "office"})
        with _engine(url) as engine:
            shown = _settings(
                engine, "statement_timeout", "timezone", "transaction_read_only", "work_mem", "application_name"
            )
        assert shown == ["7s", "Asia/Shanghai", "on", "9MB", "office"]

    def test_one_transaction_sees_one_moment(self, database: URL) -> None:
        count = select(func.count()).select_from(region)
        with _engine(database) as engine, replica.repeatable_read(engine) as connection:
            assert connection.execute(count).scalar_one() == 0
            databases.execute(database, "insert into rpt.region values ('1', 'x', 5, null, 'county')")
            assert connection.execute(count).scalar_one() == 0
            assert connection.execute(text("show transaction_isolation")).scalar_one() == "repeatable read"

    def test_a_dropped_connection_is_replaced(self, database: URL) -> None:
        with _engine(database) as engine:
            with engine.connect() as connection:
                process = connection.execute(text("select pg_backend_pid()")).scalar_one()
            databases.execute(database, f"select pg_terminate_backend({process}, 5000)")
            assert _settings(engine, "timezone") == ["Asia/Shanghai"]


class TestFaults:
    def test_each_fault_of_connecting_has_its_sentence(self, primary: Server) -> None:
        url = databases.reader_over_tcp(primary, "postgres")
        free = databases.free_port()
        assert "密码不对" in _fault(url.set(password="wrong-secret"))
        assert "密码不对" in _fault(url.set(username="stranger"))
        assert "没有数据库 nowhere" in _fault(url.set(database="nowhere"))
        assert f"连不上 127.0.0.1:{free}" in _fault(url.set(port=free))
        assert "找不到主机名 no-such-host.invalid" in _fault(url.set(host="no-such-host.invalid"))
        assert "加密" in _fault(url.update_query_dict({"sslmode": "require"}))
        assert "没有用户 stranger" in _fault(primary.url(user="stranger"))
        assert "没有数据库在听" in _fault(primary.url().update_query_dict({"host": "/nowhere"}))

    def test_of_several_hosts_the_one_that_answers_is_believed(self, primary: Server) -> None:
        hosts = (f"127.0.0.1:{databases.free_port()}", f"127.0.0.1:{primary.port}")
        url = URL.create(DRIVER, "reader", "wrong", database="postgres", query={"host": hosts})
        assert "密码不对" in _fault(url)

    def test_no_password_is_shown(self, primary: Server) -> None:
        url = databases.reader_over_tcp(primary, "postgres").set(password="wrong-secret")
        assert "wrong-secret" not in _fault(url)
        assert replica.explain(ValueError("password=wrong-secret host=a\nmore")) == "password=*** host=a"
        assert replica.explain(ValueError("postgresql://u:wrong-secret@h/d is odd")) == "postgresql://u:***@h/d is odd"

    def test_each_fault_of_a_query_has_its_sentence(self, database: URL) -> None:
        reader = databases.reader(database)
        databases.execute(database, "create table rpt.closed (); revoke all on rpt.closed from reader")
        assert "没有表 rpt.nothing" in _fault(reader, "select * from rpt.nothing")
        assert "没有列 nothing" in _fault(reader, "select nothing from rpt.region").replace('"', "")
        assert "没有读 table closed 的权限" in _fault(reader, "select * from rpt.closed")
        assert "没有模式 nowhere" in _fault(reader, "select 'nowhere.x'::regtype")
        assert "read-only" in _fault(reader, "create table public.mine ()")
        assert replica.explain(ZeroDivisionError("first\nsecond")) == "first"
        slow = reader.update_query_dict({"options": "-c statement_timeout=50ms"})
        assert "statement timeout" in _fault(slow, "select pg_sleep(5)")

    def test_too_many_connections(self, primary: Server, database: URL) -> None:
        databases.execute(primary.url(), f"alter database {database.database} connection limit 0")
        assert "too many connections" in _fault(databases.reader(database))


class TestState:
    def test_a_primary_says_that_it_is_one(self, database: URL) -> None:
        with _engine(databases.reader(database)) as engine:
            state = replica.state(engine)
        assert (state.in_recovery, state.replay_lag_seconds, state.sentence) == (False, None, "主库（非备库）")

    def test_a_standby_in_step(self, primary: Server, standby: Server) -> None:
        databases.await_replay(primary, standby)
        with _engine(databases.reader_over_tcp(standby, "postgres")) as engine:
            state = replica.state(engine)
        assert (state.in_recovery, state.replay_lag_seconds, state.sentence) == (True, 0.0, "备库，同步")
        assert state.host == f"127.0.0.1:{standby.port}"

    def test_a_role_that_may_not_see_the_receiver_says_so(self, primary: Server, standby: Server) -> None:
        databases.execute(primary.url(), "create role plain login")
        databases.await_replay(primary, standby)
        with _engine(standby.url(user="plain")) as engine:
            state = replica.state(engine)
        assert state.replay_lag_seconds is None
        assert state.sentence == "备库，看不到接收进程状态（缺 pg_read_all_stats）"

    def test_paused_replay_is_a_lag(self, primary: Server, standby: Server) -> None:
        databases.execute(standby.url(), "select pg_wal_replay_pause()")
        try:
            databases.execute(primary.url(), "create table passing (); drop table passing")
            with _engine(standby.url()) as engine:
                state = _until(engine, lambda known: known.replay_lag_seconds != 0.0)
            assert state.replay_paused
            assert state.sentence.startswith("备库，回放暂停，延迟 ")
        finally:
            databases.execute(standby.url(), "select pg_wal_replay_resume()")

    def test_a_lost_primary_is_no_lag_of_zero(self, state_folder: Path) -> None:
        with (
            databases.primary_server(state_folder / "lost") as primary,
            databases.standby_server(primary, state_folder / "left") as standby,
        ):
            databases.execute(primary.url(), "create table sign ()")
            databases.await_replay(primary, standby)
            primary.stop()
            with _engine(standby.url()) as engine:
                state = _until(engine, lambda known: not known.streaming)
        assert state.replay_lag_seconds != 0.0
        assert state.sentence.startswith("备库，与主库断开，最后回放在 ")


def _until(
    engine: Engine, wanted: Callable[[replica.ReplicaState], bool], patience: float = 10.0
) -> replica.ReplicaState:
    deadline = time.monotonic() + patience
    while not wanted(state := replica.state(engine)):
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


class TestSeveralHosts:
    def _url(self, *servers: Server) -> URL:
        hosts = tuple(f"127.0.0.1:{server.port}" for server in servers)
        return URL.create(DRIVER, "reader", databases.READER_PASSWORD, database="postgres", query={"host": hosts})

    def test_the_standby_is_preferred_wherever_it_stands(self, primary: Server, standby: Server) -> None:
        databases.await_replay(primary, standby)
        with _engine(self._url(primary, standby)) as engine:
            assert replica.state(engine).in_recovery

    def test_the_operator_may_prefer_otherwise(self, primary: Server, standby: Server) -> None:
        url = self._url(standby, primary).update_query_dict({"target_session_attrs": "primary"})
        with _engine(url) as engine:
            assert not replica.state(engine).in_recovery

    def test_when_the_standby_stops_the_primary_serves(self, primary: Server, state_folder: Path) -> None:
        with databases.standby_server(primary, state_folder / "leaving") as leaving:
            databases.await_replay(primary, leaving)
            with _engine(self._url(primary, leaving)) as engine:
                assert replica.state(engine).in_recovery
                leaving.stop()
                assert not replica.state(engine).in_recovery


@contextmanager
def _impatient(standby: Server) -> Iterator[None]:
    """Replay on the standby waits for nobody's query, instead of the usual 30 s."""
    for statement in ("alter system set max_standby_streaming_delay = '50ms'", "select pg_reload_conf()"):
        databases.execute(standby.url(), statement)
    yield
    for statement in ("alter system reset max_standby_streaming_delay", "select pg_reload_conf()"):
        databases.execute(standby.url(), statement)


class TestRetrying:
    @pytest.mark.parametrize("second", ["select pg_sleep(20)", "idle"])
    def test_work_cancelled_by_replay_runs_again(self, primary: Server, standby: Server, second: str) -> None:
        """A vacuum on the primary removes rows that a transaction on the standby still sees: replay cancels it."""
        database = databases.fresh_database(primary)
        databases.execute(
            database, "insert into rpt.category select n::text, 'x', 'other' from generate_series(1, 9) n"
        )
        databases.await_replay(primary, standby)
        attempts: list[int] = []

        def work() -> int:
            attempts.append(1)
            with replica.repeatable_read(engine) as connection:
                counted: int = connection.execute(text("select count(*) from rpt.category")).scalar_one()
                if len(attempts) == 1:
                    databases.execute(database, "delete from rpt.category")
                    databases.execute(database, "vacuum rpt.category")
                    if second == "idle":
                        databases.await_replay(primary, standby)
                    connection.execute(text("select 1" if second == "idle" else second))
            return counted

        with _impatient(standby), _engine(standby.url(database.database or "", "reader")) as engine:
            assert replica.retrying(work) == 0
        assert len(attempts) == 2

    def test_a_conflict_has_its_sentence(self, primary: Server, standby: Server) -> None:
        database = databases.fresh_database(primary)
        databases.execute(database, "insert into rpt.category values ('x', 'x', 'other')")
        databases.await_replay(primary, standby)
        statement = select(cast(func.pg_sleep(20), Text).label("x"))
        with (
            _impatient(standby),
            _engine(standby.url(database.database or "", "reader")) as engine,
            replica.repeatable_read(engine) as connection,
        ):
            replica.copy_frame(connection, select(category.c.name), {"name": pl.String()})
            databases.execute(database, "delete from rpt.category")
            databases.execute(database, "vacuum rpt.category")
            with pytest.raises(psycopg2.Error) as caught:
                replica.copy_frame(connection, statement, {"x": pl.String()})
        assert "conflict with recovery" in replica.explain(caught.value)

    def test_nothing_else_is_retried(self, database: URL) -> None:
        attempts: list[int] = []
        with _engine(database) as engine:

            def work() -> None:
                attempts.append(1)
                with replica.repeatable_read(engine) as connection:
                    connection.execute(text("select 1/0"))

            with pytest.raises(DBAPIError):
                replica.retrying(work)
        assert len(attempts) == 1

    def test_it_gives_up_after_two_more(self, database: URL) -> None:
        attempts: list[int] = []
        raising = "do $$ begin raise exception 'again' using errcode = '40001'; end $$"
        with _engine(database) as engine:

            def work() -> None:
                attempts.append(1)
                with engine.connect() as connection:
                    connection.execute(text(raising))

            with pytest.raises(DBAPIError) as caught:
                replica.retrying(work)
        assert len(attempts) == 3
        assert "并发冲突" in replica.explain(caught.value)


@pytest.fixture(scope="module")
def source(primary: Server) -> Iterator[Engine]:
    with _engine(databases.fresh_database(primary)) as engine:
        yield engine


def _copied(engine: Engine, statement: Select[*tuple[Any, ...]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    with replica.repeatable_read(engine) as connection:
        return replica.copy_frame(connection, statement, schema)


def _round_trip(engine: Engine, rows: Sequence[tuple[str | None, ...]]) -> Sequence[tuple[str | None, ...]]:
    names = [f"c{index}" for index in range(len(rows[0]))]
    table = values(column("n", BigInteger), *(column(name, Text) for name in names), name="rows").data(
        [(number, *row) for number, row in enumerate(rows)]
    )
    statement = select(*(cast(table.c[name], Text).label(name) for name in names)).order_by(table.c.n)
    return _copied(engine, statement, {name: pl.String() for name in names}).rows()


class TestCopy:
    def test_every_nasty_text_alone_and_beside_others(self, source: Engine) -> None:
        alone = [(value,) for value in [*NASTY, None, None]]
        assert _round_trip(source, alone) == alone
        beside = [(a, b) for a in [*NASTY, None] for b in [*NASTY, None]]
        assert _round_trip(source, beside) == beside

    @pytest.mark.parametrize("first", ["\ufeff", "\ufeff\ufeff", "\ufeff,", "x"])
    def test_a_byte_order_mark_at_the_beginning_is_a_character(self, source: Engine, first: str) -> None:
        rows = [(first, None), ("\ufeff", "")]
        assert _round_trip(source, rows) == rows

    def test_a_null_alone_is_a_row(self, source: Engine) -> None:
        assert _round_trip(source, [(None,)]) == [(None,)]
        assert _round_trip(source, [("",)]) == [("",)]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.tuples(
                *[st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")) | st.sampled_from(NASTY)]
                * 2
            ),
            min_size=1,
            max_size=30,
        )
    )
    def test_any_text_comes_back(self, source: Engine, rows: list[tuple[str | None, ...]]) -> None:
        assert _round_trip(source, rows) == rows

    def test_many_rows_with_line_feeds_inside(self, source: Engine) -> None:
        """Large enough that Polars splits the text among its threads."""
        number = func.generate_series(1, 60_000).table_valued("n").render_derived()
        value = cast(number.c.n, Text) + literal(',"\n\\.\n"\r\n%')
        frame = _copied(
            source,
            select(value.label("x"), number.c.n.label("n")).order_by(number.c.n),
            {"x": pl.String(), "n": pl.Int64()},
        )
        assert frame["n"].to_list() == list(range(1, 60_001))
        assert frame["x"].to_list() == [f'{n},"\n\\.\n"\r\n%' for n in range(1, 60_001)]

    def test_types_and_parameters(self, source: Engine) -> None:
        table = values(
            column("day", Date),
            column("yes", Boolean),
            column("points", Numeric(6, 2)),
            column("code", Text),
            name="rows",
        ).data(
            [
                (date(2024, 2, 29), True, Decimal("-1.50"), "007"),
                (date(1, 1, 1), False, Decimal("0.10"), "o'%s"),
                (date(9999, 12, 31), None, None, "x"),
            ]
        )
        statement = (
            select(
                cast(table.c.day, Date).label("day"),
                cast(table.c.yes, Boolean).label("yes"),
                table.c.points,
                table.c.code,
            )
            .where(or_(table.c.code.in_(["007", "o'%s"]), table.c.code == bindparam("%odd name", "none")))
            .where(
                cast(table.c.day, Date) <= date(2025, 1, 1),
                ~table.c.code.like("%!%%", escape="!") | table.c.code.like("o%"),
            )
            .order_by(table.c.day)
        )
        schema = {"day": pl.Date(), "yes": pl.Boolean(), "points": pl.Decimal(8, 2), "code": pl.String()}
        expected = pl.DataFrame(
            {
                "day": [date(1, 1, 1), date(2024, 2, 29)],
                "yes": [False, True],
                "points": [Decimal("0.10"), Decimal("-1.50")],
                "code": ["o'%s", "007"],
            },
            schema=schema,
        )
        assert_frame_equal(_copied(source, statement, schema), expected)

    def test_no_rows_give_an_empty_frame_of_the_schema(self, source: Engine) -> None:
        schema = {"region_code": pl.String(), "level": pl.Int16()}
        frame = _copied(source, select(region.c.region_code, region.c.level), schema)
        assert (frame.height, dict(frame.schema)) == (0, schema)

    def test_columns_that_do_not_match_are_refused(self, source: Engine) -> None:
        with pytest.raises(ValueError, match="schema"):
            _copied(source, select(region.c.region_code), {"level": pl.Int16()})

    def test_a_connection_that_breaks_is_not_used_again(self, database: URL) -> None:
        with _engine(database) as engine:
            with pytest.raises(psycopg2.Error) as caught:
                _killed_while_copying(engine, database)
            assert "中断" in replica.explain(caught.value)
            assert _settings(engine, "timezone") == ["Asia/Shanghai"]


def _killed_while_copying(engine: Engine, database: URL) -> None:
    with replica.repeatable_read(engine) as connection:
        process = connection.execute(text("select pg_backend_pid()")).scalar_one()
        killer = threading.Timer(0.3, databases.execute, (database, f"select pg_terminate_backend({process})"))
        killer.start()
        statement = select(cast(func.pg_sleep(10), Text).label("x"))
        try:
            replica.copy_frame(connection, statement, {"x": pl.String()})
        finally:
            killer.join()
