"""``yanpan serve`` as it is run: started, asked, interrupted, killed and started again, with a city of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote
from urllib.request import urlopen

import pytest
from sqlalchemy.engine import URL

from dashboard import cli
from data_access.demo.embedded import Server
from tests import databases, small_city
from tests.small_city import QUARTER, yanpan

PATIENCE = 120.0  # seconds; only ever used up by a failure


@dataclass(frozen=True)
class Answer:
    """What the server answered; status 0: nothing yet."""

    status: int
    content: bytes = b""
    file_name: str = ""

    @property
    def text(self) -> str:
        return self.content.decode()


@dataclass(frozen=True)
class Site:
    """A running server and where it is."""

    process: subprocess.Popen[bytes]
    port: int
    environment: dict[str, str]
    log: Path

    def get(self, path: str) -> Answer:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as reply:
                name = reply.headers.get("Content-Disposition", "").rpartition("''")[2]
                return Answer(reply.status, reply.read(), unquote(name))
        except HTTPError as error:
            with error:
                return Answer(error.code, error.read())
        except (URLError, ConnectionError):
            return Answer(0)

    def await_status(self, path: str, status: int) -> Answer:
        deadline = time.monotonic() + PATIENCE
        while (answer := self.get(path)).status != status:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{answer}\n{self.log.read_text()}"
            time.sleep(0.1)
        return answer

    def end(self, number: int, patience: float = 10.0) -> int:
        """Its exit status after that signal; subprocess.TimeoutExpired when it goes on."""
        self.process.send_signal(number)
        return self.process.wait(patience)


@contextmanager
def serving(home: Path, replica: URL | None = None, cwd: Path | None = None, **more: str) -> Iterator[Site]:
    """A server that answers, told by PORT where to listen."""
    port = databases.free_port()
    environment = small_city.environment(home, replica, PORT=str(port), **more)
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    log = home / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen([small_city.YANPAN, "serve"], env=environment, cwd=cwd, stdout=output, stderr=output)
    try:
        site = Site(process, port, environment, log)
        site.await_status("/healthz", 200)
        yield site
    finally:
        process.kill()
        process.wait()


def postmasters(home: Path) -> list[int]:
    """The database servers that run in that state folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (place / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"/postgres") and os.fsencode(home / "demo" / "data") in words:
                found.append(int(place.name))
    return found


def no_postmaster(home: Path) -> bool:
    deadline = time.monotonic() + 15
    while postmasters(home):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def home(state_folder: Path) -> Iterator[Path]:
    """A state folder that keeps the synthetic city from one test to the next."""
    folder = state_folder / "served"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


QUERY = "metric=petition_volume&metric=repeat_share&level=county&from=2026-01-01&to=2026-03-31&grain=month&by=channel"
WORDS = (
    *("--metric", "petition_volume", "--metric", "repeat_share", "--level", "county", *QUARTER),
    *("--grain", "month", "--by", "channel"),
)
MONTHS = "from=2026-01-01&to=2026-03-31"

BAD = [
    (MONTHS, "没有指标；写法：metric=KEY，可选：petition_volume、"),
    (f"metric=petitions&{MONTHS}", "没有指标 petitions；可选：petition_volume、"),
    ("metric=petition_volume", "开始日期 '' 不是日期；写法：YYYY-MM-DD"),
    ("metric=petition_volume&from=2026-03-02&to=2026-03-01", "结束日期 2026-03-01 早于开始日期 2026-03-02"),
    (f"metric=petition_volume&{MONTHS}&region=1", "没有代码为 1 的区划；根区划是 430200000000 株洲市"),
    (f"metric=petition_volume&{MONTHS}&level=nation", "高于区划 株洲市；可选：prefecture 市州、county 县市区、"),
    (f"metric=petition_volume&{MONTHS}&grain=hour", "没有粒度 hour；可选：day、week、"),
    (f"metric=petition_volume&{MONTHS}&by=colour", "没有维度 colour；可选：channel、"),
    (f"metric=assessment_score&{MONTHS}&by=channel", "assessment_score 是得分，不能按维度细分或筛选"),
    (f"metric=petition_volume&{MONTHS}&where=channel", "筛选 'channel' 写法不对"),
    (f"metric=petition_volume&{MONTHS}&where={quote('channel=%00%ff')}", ""),
    (f"metric=petition_volume&{MONTHS}&layout=long", "layout=long 不可用；可选：tidy、wide"),
    (f"metric=petition_volume&{MONTHS}&format=pdf", "format=pdf 不可用；可选：csv、xlsx、parquet"),
    (
        "metric=petition_volume&from=1995-01-01&to=2026-03-31&grain=day&level=township&format=xlsx",
        "行，xlsx 一张表最多 1048575 行；请用 csv 或 parquet",
    ),
]


@pytest.fixture(scope="class")
def first_answers() -> dict[str, Answer]:
    """What ``site`` answered before it had a snapshot."""
    return {}


@pytest.fixture(scope="class")
def site(home: Path, first_answers: dict[str, Answer]) -> Iterator[Site]:
    """A server with the synthetic city, ready."""
    with serving(home) as site:
        first_answers["health"] = site.get("/healthz")
        first_answers["ready"] = site.get("/readyz")
        first_answers["export"] = site.get(f"/export?{QUERY}")
        site.await_status("/readyz", 200)
        yield site


@contextmanager
def stalled_download(site: Site) -> Iterator[None]:
    """A large export whose reader has stopped reading."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", site.port))
        span = "from=2020-01-01&to=2026-01-01&level=township&grain=day"
        reader.sendall(f"GET /export?metric=petition_volume&{span} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert reader.recv(15) == b"HTTP/1.1 200 OK"
        yield


class TestServed:
    """One server with the synthetic city, from its very first start."""

    def test_is_healthy_at_once_and_ready_with_a_snapshot(self, site: Site, first_answers: dict[str, Answer]) -> None:
        assert first_answers["health"].text == '{"status":"ok"}'
        assert first_answers["ready"].status == 503
        assert json.loads(first_answers["ready"].content)["status"] == "loading"
        assert first_answers["export"] == Answer(503, "还没有快照，请稍候再导出。".encode())
        ready = json.loads(site.get("/readyz").content)
        assert (ready["status"], ready["snapshot"]) == ("ready", 1)

    @pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
    @pytest.mark.parametrize("layout", ["tidy", "wide"])
    def test_the_route_gives_the_bytes_of_the_command(
        self, kind: str, layout: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = site.get(f"/export?{QUERY}&layout={layout}&format={kind}")
        out = tmp_path / f"t.{kind}"
        monkeypatch.setenv("YANPAN_HOME", site.environment["YANPAN_HOME"])
        assert cli.main(["export", *WORDS, "--layout", layout, "--format", kind, "--out", str(out)]) == 0
        assert answer.content == out.read_bytes()
        date = json.loads(site.get("/readyz").content)["business_date"].replace("-", "")
        stem = f"信访总量等2项_株洲市_20260101-20260331_截至{date}_演示数据合成"
        assert answer.file_name == f"{stem}.{kind}"

    @pytest.mark.parametrize(("query", "sentence"), BAD, ids=range(len(BAD)))
    def test_a_wrong_address_is_one_sentence(self, query: str, sentence: str, site: Site) -> None:
        answer = site.get(f"/export?{query}")
        assert answer.status == (400 if sentence else 200)
        assert sentence in answer.text
        assert not sentence or "\n" not in answer.text

    def test_commands_work_beside_it_and_it_takes_the_new_snapshot(self, site: Site) -> None:
        live = yanpan("export", *WORDS, "--live", env=site.environment)
        assert live.returncode == 0, live.stderr.decode()
        assert site.get(f"/export?{QUERY}").content == b"\xef\xbb\xbf" + live.stdout
        before = json.loads(site.get("/readyz").content)["snapshot"]
        idle = yanpan("sync", "--once", env=site.environment)
        assert idle.stdout.decode().startswith(f"无变化，仍为快照 №{before}：")
        made = yanpan("sync", "--full", env=site.environment)
        assert made.stdout.decode().startswith(f"快照 №{before + 1}：")
        deadline = time.monotonic() + 30
        while json.loads(site.get("/readyz").content)["snapshot"] == before:
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def test_a_second_one_on_the_same_port_is_told_so(self, site: Site) -> None:
        done = yanpan("serve", env=site.environment)
        assert done.returncode == 1
        words = f"yanpan：127.0.0.1:{site.port} 已被占用；请换一个端口：PORT={site.port + 1}\n"
        assert done.stderr.decode() == words

    def test_interrupted_with_page_and_download_open_it_ends_and_its_database_too(self, site: Site, home: Path) -> None:
        assert len(postmasters(home)) > 0
        with stalled_download(site), socket.create_connection(("127.0.0.1", site.port)) as page:
            page.sendall(
                f"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            assert page.recv(100).startswith(b"HTTP/1.1 101 ")
            assert site.end(signal.SIGINT) == 130
        assert no_postmaster(home)


def test_killed_it_leaves_no_database_and_starts_again(home: Path) -> None:
    with serving(home) as site:
        site.await_status("/readyz", 200)
        site.end(signal.SIGKILL)
        assert no_postmaster(home)
    with serving(home, cwd=Path("/"), HOST="0.0.0.0") as site:
        site.await_status("/readyz", 200)
        assert site.get(f"/export?{QUERY}").status == 200
        assert site.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert no_postmaster(home)


def test_interrupted_while_the_first_snapshot_is_made(state_folder: Path) -> None:
    home = state_folder / "interrupted"
    with serving(home) as site:
        assert site.get("/readyz").status == 503
        assert site.end(signal.SIGINT) == 130
    assert no_postmaster(home)
    assert list(home.glob("snapshots/*/manifests/*")) == []
    shutil.rmtree(home)


def test_a_replica_that_is_off_is_said(tmp_path: Path, primary: Server) -> None:
    off = databases.reader_over_tcp(primary, "nowhere").set(port=databases.free_port())
    with serving(tmp_path / "home", off) as site:
        deadline = time.monotonic() + 30
        while (fault := json.loads(site.get("/readyz").content)["fault"]) is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "那里没有数据库在听" in fault
        assert site.end(signal.SIGINT) == 130


@pytest.mark.parametrize("spoil", ["format", "file"])
def test_a_snapshot_that_cannot_be_used_is_replaced(spoil: str, tmp_path: Path, database: URL) -> None:
    replica = databases.reader(small_city.fill(database))
    home = tmp_path / "home"
    made = yanpan("sync", "--once", env=small_city.environment(home, replica))
    assert made.returncode == 0, made.stderr.decode()
    [manifest] = home.glob("snapshots/*/manifests/*.json")
    if spoil == "file":
        for path in home.glob("snapshots/*/files/*"):
            path.write_bytes(b"x")
    else:
        words = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps(words | {spoil: "another"}), encoding="utf-8")
    with serving(home, replica) as site:
        ready = site.await_status("/readyz", 200)
        assert json.loads(ready.content)["snapshot"] == 2
        table = site.get(f"/export?metric=petition_volume&{MONTHS}").text
        assert table.splitlines()[1].endswith(",petition_volume,6,6,")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("YANPAN_SYNC_SECONDS", "hourly", "环境变量 YANPAN_SYNC_SECONDS 写的是 'hourly'；允许：1–864000 秒"),
        ("HOST", "no-such-host.invalid", "没有 no-such-host.invalid 这个监听地址"),
        ("PORT", "none", "--port 要 1–65535 的整数，写的是 none"),
    ],
)
def test_a_wrong_setting_is_one_sentence(name: str, value: str, sentence: str, tmp_path: Path, primary: Server) -> None:
    replica = databases.reader_over_tcp(primary, "nowhere")
    port = str(databases.free_port())
    done = yanpan("serve", env=small_city.environment(tmp_path, replica, PORT=port) | {name: value})
    assert done.returncode == (1 if name == "HOST" else 2)
    assert sentence in done.stderr.decode()
    assert done.stderr.decode().count("\n") == 1
