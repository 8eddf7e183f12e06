"""库同步 in each situation a replica can be in, with real servers: what is shown, and never 同步 where it is not so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import replica
from data_access.clocks import Clock, Limits, Signs, replica_clock
from data_access.demo.embedded import Server
from data_access.reference import LOCAL
from data_access.server_memory import Memory, remember
from data_access.settings import DRIVER
from tests import databases

BEAT = ("rpt.heartbeat", "beat_at")
LIMITS = Limits()


class Looker:
    """Looks at one address as the background does, and remembers."""

    def __init__(self, url: URL, beat: tuple[str, str] | None = None) -> None:
        self.engine = replica.watching(create_engine(url))
        self.beat = beat
        self.memory = Memory()

    def look(self, limits: Limits = LIMITS) -> Clock:
        now = datetime.now(tz=LOCAL)
        found = replica.look(self.engine, self.beat)
        self.memory = remember(self.memory, found.state, now)
        signs = Signs(now, found.state, beat_age=found.beat_age, beat_fault=found.beat_fault, memory=self.memory)
        return replica_clock(signs, limits)

    def until(self, wanted: Callable[[Clock], bool], patience: float = 60.0) -> Clock:
        deadline = time.monotonic() + patience
        while not wanted(clock := self.look()):
            assert time.monotonic() < deadline, clock
            time.sleep(0.1)
        return clock


def in_step(clock: Clock) -> bool:
    """As a standby shows soon after it was started."""
    return (clock.words, clock.level) == ("同步", "in_order")


@contextmanager
def looking(url: URL, beat: tuple[str, str] | None = None) -> Iterator[Looker]:
    looker = Looker(url, beat)
    try:
        yield looker
    finally:
        looker.engine.dispose()


@contextmanager
def pair(folder: Path, name: str) -> Iterator[tuple[Server, Server]]:
    """A primary and its standby that this test may break."""
    with databases.primary_server(folder / f"{name}-primary") as primary:
        databases.furnish(primary)
        with databases.standby_server(primary, folder / f"{name}-standby") as standby:
            databases.await_replay(primary, standby)
            yield primary, standby


def over_tcp(*servers: Server) -> URL:
    """The address of one server, or of several as an operator writes them."""
    if len(servers) == 1:
        return databases.reader_over_tcp(servers[0], "postgres")
    hosts = tuple(f"127.0.0.1:{server.port}" for server in servers)
    return URL.create(DRIVER, "reader", databases.READER_PASSWORD, database="postgres", query={"host": hosts})


def test_a_plain_primary(primary: Server) -> None:
    with looking(over_tcp(primary)) as looker:
        clock = looker.look()
    assert (clock.words, clock.level) == ("同步", "in_order")
    assert clock.notes == ("读的是主库，数据没有复制的延迟",)


def test_an_idle_primary_is_no_lag(primary: Server, standby: Server) -> None:
    databases.await_replay(primary, standby)
    time.sleep(1.5)
    with looking(over_tcp(standby)) as looker:
        clock = looker.until(in_step)
    assert looker.memory.replayed_at is not None
    assert (clock.words, clock.level) == ("同步", "in_order")


def test_a_busy_primary_is_no_lag(primary: Server, standby: Server) -> None:
    database = databases.fresh_database(primary)
    ended = threading.Event()

    def write() -> None:
        engine = create_engine(database, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            while not ended.is_set():
                connection.exec_driver_sql(
                    "insert into rpt.category select gen_random_uuid()::text, 'x', 'other' from generate_series(1, 50)"
                )

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        with looking(over_tcp(standby)) as looker:
            shown = {(clock.words, clock.level) for clock in (looker.look() for _ in range(15))}
    finally:
        ended.set()
        for writer in writers:
            writer.join()
    assert shown == {("同步", "in_order")}


def test_paused_replay_is_a_lag_that_grows(primary: Server, standby: Server) -> None:
    databases.await_replay(primary, standby)
    with looking(over_tcp(standby)) as looker:
        looker.until(in_step)
        databases.execute(standby.url(), "select pg_wal_replay_pause()")
        try:
            # Nothing is missing yet, but soon will be.
            idle = looker.until(lambda clock: clock.level != "in_order")
            assert (idle.words, idle.level) == ("同步", "caution")
            databases.execute(primary.url(), "create table passing (); drop table passing")
            behind = looker.until(lambda clock: clock.status == "late")
            assert behind.words.startswith("延迟 ")
            assert behind.age is not None
            assert behind.age < timedelta(seconds=30)
            time.sleep(1)
            later = looker.look()
            assert later.age is not None
            assert later.age > behind.age
            assert "备库的回放被暂停" in later.notes
        finally:
            databases.execute(standby.url(), "select pg_wal_replay_resume()")
        looker.until(lambda clock: clock.level == "in_order")


def test_a_role_that_may_not_see_the_receiver(primary: Server, standby: Server) -> None:
    name = "unseeing"
    databases.execute(primary.url(), f"create role {name} login")
    database = databases.fresh_database(primary)
    databases.execute(database, f"grant usage on schema rpt to {name}; {_beat_table(name)}")
    databases.await_replay(primary, standby)
    url = standby.url(database.database or "", name)
    with looking(url) as looker:
        clock = looker.look()
        assert (clock.words, clock.level) == ("未知", "unknown")
        assert "pg_read_all_stats" in clock.notes[0]
    with looking(url, BEAT) as looker:
        assert looker.look().words == "同步"


def _beat_table(role: str) -> str:
    return (
        "create table rpt.heartbeat (beat_at timestamptz); insert into rpt.heartbeat values (now());"
        f"grant select on rpt.heartbeat to {role}"
    )


def test_the_heartbeat(primary: Server) -> None:
    database = databases.fresh_database(primary)
    with looking(databases.reader(database), BEAT) as looker:
        missing = looker.look()
        assert (missing.words, missing.level) == ("未知", "caution")
        assert "没有表 rpt.heartbeat" in missing.notes[0]
        databases.execute(
            database, "create table rpt.heartbeat (beat_at timestamptz); grant select on rpt.heartbeat to reader"
        )
        assert "没有一行" in looker.look().notes[0]
        for age, words, level in (
            ("0 s", "同步", "in_order"),
            ("200 s", "延迟 3 分", "in_order"),
            ("10 min", "延迟 10 分", "caution"),
            ("3 h", "延迟 3 小时", "broken"),
        ):
            databases.execute(
                database, f"truncate rpt.heartbeat; insert into rpt.heartbeat values (now() - interval '{age}'), (null)"
            )
            clock = looker.look()
            assert (clock.words, clock.level) == (words, level)


def test_a_role_that_may_not_ask_who_the_server_is(primary: Server) -> None:
    database = databases.fresh_database(primary)
    closed = "revoke execute on function pg_control_system() from public"
    databases.execute(primary.url(database.database or ""), closed)
    with looking(databases.reader(database)) as looker:
        assert looker.look().words == "同步"
        assert (looker.memory.system, looker.memory.timeline) == (None, None)


def test_a_primary_that_stops(state_folder: Path) -> None:
    with pair(state_folder, "stopped") as (primary, standby), looking(over_tcp(standby)) as looker:
        looker.until(in_step)
        primary.stop()
        clock = looker.until(lambda found: found.status == "cut_off")
        assert clock.words.startswith("主库断开 ")
        assert clock.level == "caution"
        assert clock.age is not None
        assert clock.age < timedelta(seconds=30)
        time.sleep(1.5)
        assert looker.look(LIMITS.model_copy(update={"cut_off_broken_minutes": 1 / 60})).level == "broken"
        primary.start()
        looker.until(lambda found: found.words == "同步" and found.level == "in_order")


def test_a_standby_that_is_promoted_and_then_replaced(state_folder: Path) -> None:
    """The same address throughout: first a standby, then what it was promoted to, then another cluster."""
    with pair(state_folder, "promoted") as (_, standby), looking(over_tcp(standby)) as looker:
        looker.until(in_step)
        standby.run("psql", "-c", "select pg_promote()")
        clock = looker.until(lambda found: found.level != "in_order")
        assert (clock.words, clock.level) == ("未知", "caution")
        assert "备库升成了主库" in clock.notes[0]
        port = standby.port
        standby.stop()
        with Server(state_folder / "another", {"wal_level": "replica"}, port=port) as another:
            databases.furnish(another)
            replaced = looker.look()
    assert (replaced.words, replaced.level) == ("未知", "broken")
    assert "换了一个库" in replaced.notes[0]


def test_of_two_hosts_the_standby_goes_and_comes_back(state_folder: Path) -> None:
    with pair(state_folder, "hosts") as (primary, standby), looking(over_tcp(primary, standby)) as looker:
        looker.until(in_step)
        assert looker.memory.standby
        standby.stop()
        clock = looker.look()
        assert (clock.words, clock.level) == ("同步", "caution")
        assert "改读主库" in clock.notes[0]
        standby.start()
        looker.engine.dispose()
        looker.until(lambda found: found.level == "in_order")


def test_memory_of_a_better_past_does_not_hide_a_break() -> None:
    """A standby that once was in step and lost its primary is cut off, however little there was to replay."""
    memory = Memory(answered_at=datetime.now(tz=LOCAL), replayed_at=datetime.now(tz=LOCAL))
    gone = replica.ReplicaState(True, "18.4", "db:5432", False, None, None, 0.0, False, caught_up=True)
    clock = replica_clock(Signs(datetime.now(tz=LOCAL), gone, memory=replace(memory, standby=True)), LIMITS)
    assert (clock.status, clock.level) == ("cut_off", "caution")
