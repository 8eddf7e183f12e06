"""Behind one address stands now this server, now that one: the figures are those of the one that was read, all of them.

Each change here leaves the number of rows and bears an old updated_at, so that time stamps and counts tell nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from data_access import replica, source, syncing
from data_access.archive import Archive, Manifest
from data_access.demo.embedded import Server
from data_access.origin import read_origin
from data_access.reference import LOCAL
from data_access.server_memory import Memory, keep_memory
from data_access.settings import DRIVER
from data_access.syncing import Outcome
from tests import databases
from tests.data_access import histories

CITY = "city_of_histories"
AGED = "updated_at = timestamptz '2026-03-01 08:00+08'"


@contextmanager
def reading(*servers: Server) -> Iterator[Engine]:
    hosts = tuple(f"127.0.0.1:{server.port}" for server in servers)
    url = URL.create(DRIVER, databases.READER, databases.READER_PASSWORD, database=CITY, query={"host": hosts})
    engine = replica.connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def look(archive: Archive, *servers: Server) -> Outcome:
    """A look, held against a rebuild of the same moment."""
    with reading(*servers) as engine:
        with archive.writing():
            outcome = syncing.advance(engine, archive)
        with tempfile.TemporaryDirectory() as folder:
            whole = syncing.sync(engine, Archive(Path(folder)))
    assert content(outcome.manifest) == content(whole), "the figures are not those of a rebuild"
    return outcome


def content(manifest: Manifest) -> Manifest:
    return replace(manifest, number=0, taken_at="", replica="", watermarks={}, origin={}, digests={})


def furnished(server: Server) -> URL:
    """The small city under the same name on every server."""
    databases.furnish(server)
    database = databases.fresh_database(server).database
    databases.execute(server.url(), f"alter database {database} rename to {CITY}")
    owner = server.url(CITY, databases.OWNER)
    histories.begin(owner)
    return owner


def persons(owner: URL, count: int) -> None:
    databases.execute(owner, f"update rpt.petition set persons = {count}, {AGED} where petition_id = 1")


def test_whichever_server_answers_the_figures_are_its_own(state_folder: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "one")
    with databases.primary_server(state_folder / "histories-primary") as primary:
        owner = furnished(primary)
        with databases.standby_server(primary, state_folder / "histories-standby") as standby:
            databases.await_replay(primary, standby)
            assert look(archive, primary, standby).rebuilt == "还没有快照"
            assert look(archive, primary, standby).moved is None

            # Of two hosts the standby is away: its primary, further on, continues the same history.
            standby.stop()
            databases.execute(owner, "update rpt.petition set persons = 5, updated_at = now() where petition_id = 1")
            onward = look(archive, primary, standby)
            assert (onward.published, onward.moved) == (True, None)

            # What the primary had committed and the standby never received is gone after the failover.
            primary.stop()
            standby.start()
            standby.run("psql", "-c", "select pg_promote()")
            promoted = look(archive, primary, standby)
            assert (promoted.published, promoted.moved) == (True, "主备切换过（时间线不同）")
            assert look(archive, primary, standby).moved is None, "compared once, not each time"

            port = standby.port
            standby.stop()
        with Server(state_folder / "histories-other", {"wal_level": "replica"}, port=port) as other:
            persons(furnished(other), 77)
            replaced = look(archive, other)
            assert (replaced.published, replaced.moved) == (True, "地址后面换了一个库")
            assert look(archive, other).moved is None


def test_a_standby_behind_the_one_read_before_is_read_as_it_stands(state_folder: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "one")
    with databases.primary_server(state_folder / "ahead-primary") as primary:
        owner = furnished(primary)
        with databases.standby_server(primary, state_folder / "ahead-standby") as standby:
            databases.await_replay(primary, standby)
            databases.execute(standby.url(), "select pg_wal_replay_pause()")
            databases.execute(owner, "update rpt.petition set persons = 5, updated_at = now() where petition_id = 1")
            look(archive, primary)
            behind = look(archive, primary, standby)
            assert (behind.published, behind.moved) == (True, "这台库比上次读的落后")
            databases.execute(standby.url(), "select pg_wal_replay_resume()")
            databases.await_replay(primary, standby)
            assert look(archive, primary, standby).published


def test_another_role_may_see_other_rows(primary: Server, database: URL, archive: Archive) -> None:
    histories.begin(database)
    databases.execute(primary.url(), "create role narrow login; grant reader to narrow")
    databases.execute(
        database,
        "create policy seen on rpt.petition using (current_user <> 'narrow' or petition_id <> 1);"
        "alter table rpt.petition enable row level security",
    )
    engine, narrow = replica.connect(databases.reader(database)), replica.connect(database.set(username="narrow"))
    try:
        with archive.writing():
            syncing.advance(engine, archive)
            outcome = syncing.advance(narrow, archive)
        assert (outcome.published, outcome.moved) == (True, "换了读取用户")
        assert content(outcome.manifest) == content(syncing.sync(narrow, Archive(archive.folder / "other")))
    finally:
        engine.dispose()
        narrow.dispose()


def test_what_the_watch_noticed_is_enough(database: URL, archive: Archive) -> None:
    """A server that was another for a while, and is the first one again: nothing else tells of it."""
    histories.begin(database)
    engine = replica.connect(databases.reader(database))
    with archive.writing():
        syncing.advance(engine, archive)
        persons(database, 8)
        assert not syncing.advance(engine, archive).published, "an old time stamp and the same number of rows"
        keep_memory(archive.folder, Memory(change="replaced", changed_at=datetime.now(tz=LOCAL)))
        outcome = syncing.advance(engine, archive)
        assert (outcome.published, outcome.reconciled) == (True, True)
        keep_memory(archive.folder, Memory(change="replaced", changed_at=datetime.now(tz=LOCAL) - timedelta(hours=1)))
        assert not syncing.advance(engine, archive).reconciled, "older than the last comparison"
    engine.dispose()


def test_a_server_that_may_not_be_asked_who_it_is(primary: Server, database: URL) -> None:
    closed = "revoke execute on function pg_control_checkpoint() from public"
    databases.execute(primary.url(database.database or ""), closed)
    engine = replica.connect(databases.reader(database))
    with replica.repeatable_read(engine) as connection:
        one, other = read_origin(connection), read_origin(connection)
    engine.dispose()
    assert one.system.startswith("started ")
    assert other.moved(one.noted) is None
    assert other.moved({}) == "上次取自哪个库没有记录"


def test_another_address_has_an_archive_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of one source is ever built upon for another."""
    folders = set()
    for address in ("a:5432/x", "b:5432/x", "a:5433/x", "a:5432/y", "/x?host=a:5432&host=b:5432"):
        monkeypatch.setenv("YANPAN_REPLICA_URL", f"postgresql://reader@{address}")
        folders.add(source.archive().folder)
    assert len(folders) == 5


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "one")
