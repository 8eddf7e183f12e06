"""The embedded PostgreSQL: started, shared, stopped, killed, broken; and a standby that streams."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from data_access import contract
from data_access.demo import binaries
from data_access.demo.embedded import QUICK, EmbeddedError, Server
from tests import databases

_HOLDER = """
import sys, time
from pathlib import Path
from data_access.demo.embedded import QUICK, Server
with Server(Path(sys.argv[1]), QUICK) as server:
    print(server.owned, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(state_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    path = state_folder / request.node.name
    yield path
    shutil.rmtree(path, ignore_errors=True)


def ask(url: URL, query: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def hold(folder: Path) -> subprocess.Popen[str]:
    """Another process of ours that runs the server in ``folder`` until its standard input ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    return holder


def release(holder: subprocess.Popen[str]) -> None:
    holder.communicate("", timeout=30)


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def gone(process: int, patience: float = 10.0) -> bool:
    deadline = time.monotonic() + patience
    while Path(f"/proc/{process}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_keeps_its_rows_from_one_start_to_the_next(folder: Path) -> None:
    with Server(folder, QUICK) as server:
        assert ask(server.url(), "show server_encoding") == "UTF8"
        assert ask(server.url(), "show timezone") == "Asia/Shanghai"
        assert ask(server.url(), "show listen_addresses") == ""
        databases.execute(server.url(), "create table note as select '信访' as word")
        process = postmaster(folder)
    assert gone(process)
    with Server(folder, QUICK) as server:
        assert server.run("psql", "-Atc", "select word from note") == "信访\n"


def test_second_command_shares_the_running_server(folder: Path) -> None:
    holder = hold(folder)
    with Server(folder, QUICK) as server:
        assert not server.owned
        assert ask(server.url(), "select 1") == 1
    assert not gone(postmaster(folder), 0.3), "the server of the other command must stay"
    release(holder)


def test_two_first_starts_at_once(folder: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(folder)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    owned = sorted(process.stdout.readline().strip() for process in both if process.stdout)
    for process in both:
        release(process)
    assert owned == ["False", "True"]
    assert [process.returncode for process in both] == [0, 0]


def test_killed_parent_leaves_no_server_and_no_stale_lock(folder: Path) -> None:
    holder = hold(folder)
    process = postmaster(folder)
    holder.kill()
    holder.communicate(timeout=10)
    assert gone(process)
    with Server(folder, QUICK) as server:
        assert server.owned


def test_process_file_of_a_killed_server_is_no_obstacle(folder: Path) -> None:
    with Server(folder, QUICK):
        kept = (folder / "data" / "postmaster.pid").read_text()
    # After a crash and a restart of the machine the number may belong to any process: here to ourselves.
    (folder / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *kept.splitlines()[1:]]) + "\n")
    with Server(folder, QUICK) as server:
        assert server.owned
        assert ask(server.url(), "select 1") == 1


def test_interrupted_first_start_is_made_anew(folder: Path) -> None:
    (folder / "data.new" / "base").mkdir(parents=True)
    with Server(folder, QUICK) as server:
        assert ask(server.url(), "select 1") == 1


def test_corrupted_cluster_is_said_clearly(folder: Path) -> None:
    with Server(folder, QUICK):
        pass
    (folder / "data" / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(EmbeddedError, match=r"内置数据库无法启动（PANIC: .*删除文件夹"), Server(folder, QUICK):
        pass


def test_foreign_folder_is_not_overwritten(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "letters.txt").write_text("mine")
    with pytest.raises(EmbeddedError, match="内置数据库无法启动"), Server(folder, QUICK):
        pass
    assert (folder / "data" / "letters.txt").read_text() == "mine"


def test_unknown_parameter_is_said_clearly(folder: Path) -> None:
    with pytest.raises(EmbeddedError, match="no_such_parameter"), Server(folder, {"no_such_parameter": "1"}):
        pass


@pytest.mark.parametrize("name", ["a" * 120, "信访 数据", "one,two"])
def test_awkward_folder_names(state_folder: Path, name: str) -> None:
    folder = state_folder / name
    with Server(folder, QUICK) as server:
        assert ask(server.url(), "select 1") == 1
        with Server(folder, QUICK) as second:
            assert second.socket == server.socket
        place = server.socket
    assert place == folder / "data" or not place.exists()
    shutil.rmtree(folder)


def test_refuses_to_start_from_another_thread(folder: Path) -> None:
    failures: list[RuntimeError] = []

    def start() -> None:
        try:
            Server(folder, QUICK).start()
        except RuntimeError as error:
            failures.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(failures[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_closed_state_folder_is_said_clearly(state_folder: Path) -> None:
    closed = state_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match="nobody 用户运行，但它进不了文件夹"), Server(closed / "demo", QUICK):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root copies the programs")
def test_programs_copied_once_per_version(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = binaries.programs(state_folder)
    assert binaries.programs(state_folder) == first
    monkeypatch.setattr(binaries, "version", lambda _: "99")
    assert binaries.programs(state_folder) == state_folder / "postgresql-99" / first.relative_to(first.parents[2])


def test_fresh_database_holds_the_contract(database: URL) -> None:
    engine = create_engine(databases.reader(database), poolclass=NullPool)
    assert set(inspect(engine).get_table_names(contract.SCHEMA)) == {
        table.name for table in contract.metadata.tables.values()
    }
    assert ask(databases.reader(database), "select count(*) from rpt.petition") == 0
    with pytest.raises(DBAPIError):
        databases.execute(databases.reader(database), "delete from rpt.petition")


def test_reader_needs_the_password_over_tcp(primary: Server, database: URL) -> None:
    address = databases.reader_over_tcp(primary, database.database)
    assert ask(address, "select current_user") == databases.READER
    with pytest.raises(DBAPIError, match="password authentication failed"):
        ask(address.set(password="wrong"), "select 1")


def test_standby_streams(primary: Server, standby: Server, database: URL) -> None:
    databases.execute(database, "insert into rpt.category values ('land', '土地', 'land')")
    databases.await_replay(primary, standby)
    copy = standby.url(database.database or "", databases.READER)
    assert ask(copy, "select name from rpt.category") == "土地"
    assert ask(copy, "select pg_is_in_recovery()") is True
    assert ask(copy, "select status from pg_stat_wal_receiver") == "streaming"
