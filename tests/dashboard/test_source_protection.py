"""No viewer's click reaches the database: counted in the server's own log and in its list of sessions, with real sessions."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from dashboard import navigation
from data_access import source
from data_access.demo.embedded import Server
from tests import databases, small_city
from tests.dashboard.test_server import Site, serving
from tests.small_city import QUARTER, yanpan

_ENTRY = re.compile(r"^(?P<at>\S+ \S+ \S+) \[\d+\] app=(?P<app>\S*) LOG:  (?:statement|execute)", re.MULTILINE)


@pytest.fixture
def told(primary: Server, database: URL) -> Iterator[URL]:
    """The small city; whatever is asked of it stands in the server's log, with the name of the program."""
    small_city.fill(database)
    databases.execute(primary.url(), f"alter database {database.database} set log_statement = 'all'")
    for statement in ("alter system set log_line_prefix = '%%m [%%p] app=%%a '", "select pg_reload_conf()"):
        databases.execute(primary.url(), statement)
    yield databases.reader_over_tcp(primary, database.database)
    for statement in ("alter system reset log_line_prefix", "select pg_reload_conf()"):
        databases.execute(primary.url(), statement)


class Sessions(threading.Thread):
    """The most sessions seen at once in one database, by the name of their program."""

    def __init__(self, primary: Server, name: str) -> None:
        super().__init__(daemon=True)
        self._engine = create_engine(primary.url(), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._name = name
        self._ended = threading.Event()
        self.most: Counter[str] = Counter()

    def run(self) -> None:
        listing = text("select application_name, count(*) from pg_stat_activity where datname = :name group by 1")
        with self._engine.connect() as connection:
            while not self._ended.wait(0.005):
                for program, count in connection.execute(listing, {"name": self._name}):
                    self.most[program] = max(self.most[program], count)

    def end(self) -> Counter[str]:
        """Stop counting; what was seen."""
        self._ended.set()
        self.join()
        return self.most


@contextmanager
def counting(primary: Server, url: URL) -> Iterator[Sessions]:
    sessions = Sessions(primary, url.database or "")
    sessions.start()
    try:
        yield sessions
    finally:
        sessions.end()


def asked(log: Path) -> Counter[str]:
    """How many statements stand in the server's log, by the name of the program."""
    return Counter(found["app"] for found in _ENTRY.finditer(log.read_text(encoding="utf-8")))


def open_page(site: Site, name: str, query: str) -> int:
    """One viewer's session on one page: two runs of its script, as a click makes them; how many pieces were drawn."""
    pieces = 0
    with connect(f"ws://127.0.0.1:{site.port}/_stcore/stream", subprotocols=["streamlit"]) as session:  # type: ignore[list-item]
        for words in (query, f"{query}&region=430281000000"):
            message = BackMsg()
            message.rerun_script.page_name = "" if name == navigation.ORDER[0] else name
            message.rerun_script.query_string = words
            session.send(message.SerializeToString())
            pieces += _drawn(session.recv, 60.0)
    return pieces


def _drawn(receive, patience: float) -> int:  # type: ignore[no-untyped-def]
    pieces, deadline = 0, time.monotonic() + patience
    while time.monotonic() < deadline:
        answer = ForwardMsg()
        answer.ParseFromString(receive(timeout=patience))
        pieces += answer.HasField("delta")
        if answer.HasField("script_finished"):
            return pieces
    raise TimeoutError("the page was not drawn")


def test_a_click_asks_nothing_of_the_database(primary: Server, told: URL, tmp_path: Path) -> None:
    with counting(primary, told) as sessions, serving(tmp_path / "home", told, YANPAN_SYNC_SECONDS="864000") as site:
        site.await_status("/readyz", 200)
        _await_quiet(primary.log, "yanpan")
        before, begun = asked(primary.log), time.monotonic()
        assert before["yanpan"] > 20
        for name in navigation.ORDER:
            assert open_page(site, name, "period=2026-03") > 3, name
        for path in ("/export?metric=petition_volume&from=2026-01-01&to=2026-03-31", "/readyz", "/healthz", "/metrics"):
            assert site.get(path).status == 200
        after, taken = asked(primary.log), time.monotonic() - begun
        runs = [
            int(float(line.split()[1]))
            for line in site.get("/metrics").text.splitlines()
            if line.startswith("yanpan_page_seconds_count")
        ]
    # Each page was really drawn, and the sync's engine asked nothing meanwhile.
    assert len(runs) == len(navigation.ORDER)
    assert sum(runs) >= 2 * len(navigation.ORDER)
    assert after["yanpan"] == before["yanpan"]
    # The watch looks every 30 s, whatever viewers do: a handful of statements each time.
    assert after["yanpan-watch"] - before["yanpan-watch"] <= 8 * (taken / 30 + 1)
    assert set(sessions.most) == {"yanpan", "yanpan-watch"}
    assert sessions.most["yanpan"] == 1
    assert sessions.most["yanpan-watch"] == 1


def _await_quiet(log: Path, program: str, patience: float = 30.0) -> None:
    """Wait until the contract check after the first snapshot is over: no statement for two seconds."""
    deadline = time.monotonic() + patience
    known, since = asked(log)[program], time.monotonic()
    while time.monotonic() - since < 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        if (now := asked(log)[program]) != known:
            known, since = now, time.monotonic()


def test_a_live_question_is_one_connection_and_one_at_a_time(primary: Server, told: URL, tmp_path: Path) -> None:
    environment = small_city.environment(tmp_path, told)
    words = ("export", "--metric", "petition_volume", "--level", "county", *QUARTER, "--grain", "month", "--live")
    with counting(primary, told) as sessions:
        done = yanpan(*words, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    assert dict(sessions.most) == {"yanpan": 1}


def test_a_second_live_question_waits_and_then_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YANPAN_HOME", str(tmp_path))
    with (
        source.one_live_question(),
        pytest.raises(source.LiveBusyError, match="一次只许一个"),
        source.one_live_question(0.3),
    ):
        pass
    with source.one_live_question(0.3):
        pass
