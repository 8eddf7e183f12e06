"""The commands of the archive as they are run: looking for changes, lists and marks, older snapshots, backup; and two servers."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from dashboard import cli
from data_access.archive import Archive
from data_access.reference import LOCAL
from tests import databases, small_city
from tests.dashboard.test_server import Site, serving
from tests.small_city import LILING, QUARTER, TOWN, YANPAN, yanpan

VOLUME = ("export", "--metric", "petition_volume", *QUARTER)
ADDRESS = "/export?metric=petition_volume&from=2026-01-01&to=2026-03-31"


@dataclass(frozen=True)
class Deployment:
    """The small city, its owner's address, and a state folder."""

    owner: URL
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return small_city.environment(self.home, databases.reader(self.owner))

    @property
    def archive(self) -> Archive:
        [folder] = (self.home / "snapshots").iterdir()
        return Archive(folder)

    def change(self, statement: str) -> None:
        databases.execute(self.owner, statement)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def deployed(database: URL, tmp_path: Path) -> Deployment:
    return Deployment(small_city.fill(database), tmp_path / "home")


@pytest.fixture
def run(deployed: Deployment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command in this very process: status, output, what it said."""
    deployed.home.mkdir()

    def run(*words: str) -> tuple[int, str, str]:
        for name in ("YANPAN_HOME", "YANPAN_REPLICA_URL"):
            monkeypatch.setenv(name, deployed.environment[name])
        capfd.readouterr()
        try:
            status = cli.main(words)
        except SystemExit as end:
            status = int(str(end.code or 0))
        return status, *capfd.readouterr()

    return run


def more_persons(deployed: Deployment) -> None:
    deployed.change(
        "update rpt.petition set persons = persons + 1, updated_at = clock_timestamp() where petition_id = 2"
    )


def one_gone(deployed: Deployment) -> None:
    deployed.change("delete from rpt.petition where petition_id = 2")


# --- looking for changes -----------------------------------------------------------------------------------------------


def test_only_a_change_makes_a_snapshot(deployed: Deployment, run: Run) -> None:
    first = run("sync", "--once")[1]
    assert first.startswith("快照 №1：业务日期 20")
    assert "（全部重取：还没有快照，取 " in first
    assert run("sync", "--once")[1].startswith("无变化，仍为快照 №1：")
    more_persons(deployed)
    made = run("sync", "--once")[1]
    assert made.startswith("快照 №2：")
    assert "（增量，取 1 个表月 " in made
    assert "（逐月核对，取 0 个表月 0 行" in run("sync", "--reconcile")[1]
    assert run("sync", "--full")[1].startswith("快照 №3：")
    assert "全部重取：要求全部重取" in run("sync", "--once", "--full")[1]


def test_once_waits_for_another_and_says_so(deployed: Deployment, run: Run) -> None:
    run("sync", "--once")
    with deployed.archive.writing():
        process = subprocess.Popen(
            [YANPAN, "sync", "--once"], env=deployed.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        assert process.stderr.readline().decode() == "本机另一个进程正在取数，等它结束……\n"
        assert process.poll() is None
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said.decode().startswith("无变化，仍为快照 №1：")


def test_again_and_again_until_told_to_stop(deployed: Deployment) -> None:
    process = subprocess.Popen(
        [YANPAN, "sync", "--every", "1s"], env=deployed.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    output = process.stdout

    def line() -> str:
        return output.readline().decode()

    assert re.match(r"\d\d:\d\d:\d\d 快照 №1：业务日期 20", line())
    assert "无变化，仍为快照 №1" in line()
    more_persons(deployed)
    assert any("快照 №2：" in line() for _ in range(3))
    with deployed.archive.writing():
        assert any("本机另一个进程正在取数，这一次让给它" in line() for _ in range(3))
    deployed.change("alter table rpt.petition rename persons to people")
    refused = [line() for _ in range(3)][-1]
    assert "取数失败：数据库的表不合数据契约，没有取数：rpt.petition 缺列 persons" in refused
    assert refused.endswith("；快照 №2 照旧\n")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, b"")
    assert deployed.archive.numbers() == [1, 2]


WRONG = [
    (("sync",), "缺少 --once"),
    (("sync", "--every", "soon"), "--every 要 1 秒到 10 天的时长，例如 60s、5m、1h；写的是 soon"),
    (("sync", "--every", "0s"), "要 1 秒到 10 天的时长"),
    (("sync", "--every", "1m", "--once"), "--every 不能与 --once"),
    (("snapshots", "--pin", "1"), "--pin N 与 --reason TEXT 要一起给出"),
    (("snapshots", "--reason", "x"), "--pin N 与 --reason TEXT 要一起给出"),
    (("snapshots", "--pin", "x", "--reason", "x"), "--pin 要快照编号，写的是 x"),
    (("restated", "--from", "yesterday"), "'yesterday' 不是时刻；写法：2026-11-20T08:30"),
    (("restated",), "缺少 --from"),
    (("restore",), "缺少 FILE"),
    ((*VOLUME, "--as-of", "2026-11-20"), "'2026-11-20' 不是时刻；写法：2026-11-20T08:30（北京时间，要有钟点）"),
    ((*VOLUME, "--as-of", "2026-11-20T08:30", "--snapshot", "1"), "--live、--snapshot、--as-of 只能用一个"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_wrong_command(words: tuple[str, ...], sentence: str, run: Run) -> None:
    status, out, said = run(*words)
    assert (status, out) == (2, "")
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["sync", "snapshots", "restated", "backup", "restore"])
def test_help_is_chinese(command: str, run: Run) -> None:
    status, text, said = run(command, "--help")
    assert (status, said) == (0, "")
    assert text.startswith(f"用法：yanpan {command} [-h]")
    for english in ("usage", "options", "positional", "show this"):
        assert english not in text


# --- older snapshots ---------------------------------------------------------------------------------------------------


def value(table: str) -> str:
    [row] = csv.DictReader(io.StringIO(table))
    return row["value"]


def test_an_export_as_it_was_then(deployed: Deployment, run: Run) -> None:
    run("sync", "--once")
    between = datetime.now(tz=LOCAL)
    one_gone(deployed)
    run("sync", "--once")
    moments = [f"{between:%Y-%m-%dT%H:%M:%S.%f}", between.isoformat(), f"{between + timedelta(hours=1):%Y-%m-%d %H:%M}"]
    assert [value(run(*VOLUME, "--snapshot", number)[1]) for number in ("1", "2")] == ["6", "5"]
    assert [value(run(*VOLUME, "--as-of", moment)[1]) for moment in moments] == ["6", "6", "5"]
    assert run(*VOLUME, "--as-of", "2020-01-01T00:00")[2].startswith(
        "yanpan：2020-01-01 00:00 及以前没有留下快照；最早的取于 20"
    )
    deployed.archive.manifest_path(1).unlink()
    status, _, said = run(*VOLUME, "--snapshot", "1")
    assert (status, said) == (1, "yanpan：快照 №1 已不在（按保留规定清理）；现有 №2–№2，清单见：yanpan snapshots\n")
    assert "没有快照 №9；现有 №2–№2" in run(*VOLUME, "--snapshot", "9")[2]


def test_a_damaged_newest_is_said_and_the_one_before_used(deployed: Deployment, run: Run) -> None:
    run("sync", "--once")
    one_gone(deployed)
    run("sync", "--once")
    deployed.archive.manifest_path(2).write_text("{", encoding="utf-8")
    status, table, said = run(*VOLUME)
    assert (status, value(table)) == (0, "6")
    assert said.startswith("快照 №2 的清单读不出来。请重新运行：yanpan sync --once；暂用快照 №1（")


def test_the_list_says_until_when_and_why(run: Run) -> None:
    assert "还没有快照" in run("snapshots")[2]
    run("sync", "--once")
    run("sync", "--full")
    run("sync", "--full")
    assert run("snapshots", "--pin", "1", "--reason", "周例会")[1] == "快照 №1 已标记：周例会\n"
    head, *rows = [line.split("\t") for line in run("snapshots")[1].splitlines()]
    assert head == ["编号", "取数时刻", "业务日期", "大小", "保留至", "原因"]
    assert [row[0] for row in rows] == ["№3", "№2", "№1"]
    assert rows[0][4:] == ["长期", "最新、近期、每小时、每日、月末"]
    assert rows[1][5] == "最新、近期"
    assert rows[2][5] == "近期、会议：周例会"
    thirty = datetime.now(tz=LOCAL) + timedelta(days=30)
    assert rows[2][4].startswith(f"{thirty:%Y-%m-%d}")
    assert rows[2][3].endswith(" MB")
    assert run("snapshots", "--unpin", "1")[1] == "快照 №1 的会议标记已取消\n"
    assert run("snapshots", "--unpin", "1")[2] == "yanpan：快照 №1 没有会议标记\n"
    assert "没有快照 №9" in run("snapshots", "--pin", "9", "--reason", "x")[2]


def test_what_changed_since_a_snapshot(deployed: Deployment, run: Run, tmp_path: Path) -> None:
    run("sync", "--once")
    moment = datetime.now(tz=LOCAL).isoformat()
    one_gone(deployed)
    run("sync", "--once")
    deployed.change(f"update rpt.dispute_inflow set items = 5, region_code = '{TOWN}', updated_at = clock_timestamp()")
    run("sync", "--once")
    header = "fact,measure,region_code,region_name,month,before,after,added,removed\r\n"
    gone = f"petition_registered,items,{LILING},醴陵市,2026-01-01,2,1,0,1\r\n"
    moved = f"dispute_inflow,items,{LILING},醴陵市,2026-01-01,3,5,5,3\r\n"
    assert run("restated", "--from", "1", "--to", "2")[1] == header + gone
    assert run("restated", "--from", "2")[1] == header + moved
    assert run("restated", "--from", moment, "--to", "3")[1] == header + moved + gone
    assert run("restated", "--from", "3", "--to", "3")[1] == header
    out = tmp_path / "t.csv"
    assert run("restated", "--from", "1", "--to", "2", "--out", str(out))[:2] == (0, "")
    assert out.read_bytes() == b"\xef\xbb\xbf" + (header + gone).encode()
    assert "没有快照 №7" in run("restated", "--from", "7")[2]
    assert "及以前没有留下快照" in run("restated", "--from", "meeting")[2]
    long_ago = (datetime.now(tz=LOCAL) - timedelta(days=40)).isoformat()
    deployed.archive.publish(replace(deployed.archive.manifest(1), taken_at=long_ago))
    assert run("restated", "--from", "meeting", "--to", "2")[1] == header + gone


# --- backup ------------------------------------------------------------------------------------------------------------


def test_backup_and_restore(deployed: Deployment, run: Run, tmp_path: Path) -> None:
    run("sync", "--once")
    file = str(tmp_path / "b.tar")
    assert run("backup", file)[1].startswith(f"已备份到 {file}：快照 1 个，其他文件 0 个，")
    run("sync", "--full")
    status, _, said = run("restore", file)
    assert status == 1
    assert re.fullmatch(r"yanpan：现有状态里有备份没有的内容：快照 №2（\w+）。确要以备份为准，请加 --force\n", said)
    assert run("restore", file, "--force")[1] == "已恢复：快照 1 个，其他文件 0 个。正在运行的看板请重新启动\n"
    assert deployed.archive.numbers() == [1]
    assert run("sync", "--once")[1].startswith("无变化，仍为快照 №1：")
    assert run("restore", str(tmp_path / "no.tar"))[2].startswith("yanpan：读写文件失败（No such file or directory）：")


# --- servers -----------------------------------------------------------------------------------------------------------


def number(site: Site) -> int:
    found: int = json.loads(site.await_status("/readyz", 200).content)["snapshot"]
    return found


def await_number(site: Site, wanted: int) -> None:
    deadline = time.monotonic() + 60
    while number(site) != wanted:
        assert time.monotonic() < deadline, site.log.read_text()
        time.sleep(0.1)


def test_of_two_servers_on_one_host_one_looks(deployed: Deployment, tmp_path: Path) -> None:
    """Both show each snapshot; each is made once; and when the one is killed the other goes on."""
    replica = databases.reader(deployed.owner)
    logs: list[str] = []
    with serving(deployed.home, replica, YANPAN_SYNC_SECONDS="2") as one:
        (deployed.home / "serve.log").rename(tmp_path / "one.log")
        with serving(deployed.home, replica, YANPAN_SYNC_SECONDS="2") as other:
            for wanted in (1, 2, 3):
                await_number(one, wanted)
                await_number(other, wanted)
                assert one.get(ADDRESS).content == other.get(ADDRESS).content
                more_persons(deployed)
            await_number(one, 4)
            one.end(signal.SIGKILL)
            one_gone(deployed)
            await_number(other, 5)
            assert other.get(f"{ADDRESS}&snapshot=2").text.splitlines()[1].endswith(",6,6,")
            assert other.get(ADDRESS).text.splitlines()[1].endswith(",5,5,")
            gone = other.get(f"{ADDRESS}&snapshot=9")
            assert (gone.status, gone.text) == (404, "没有快照 №9；现有 №1–№5")
            wrong = other.get(f"{ADDRESS}&snapshot=x")
            assert (wrong.status, wrong.text) == (400, "snapshot=x 不可用；要快照编号，例如 snapshot=12")
            logs = [(tmp_path / "one.log").read_text(), other.log.read_text()]
    made = [int(found) for log in logs for found in re.findall(r"snapshot (\d+) made in", log)]
    assert sorted(made) == [1, 2, 3, 4, 5]
    assert deployed.archive.numbers() == [1, 2, 3, 4, 5]


def test_a_server_starts_with_the_last_good_snapshot_and_mends(deployed: Deployment) -> None:
    for _ in range(2):
        assert yanpan("sync", "--full", env=deployed.environment).returncode == 0
        more_persons(deployed)
    deployed.archive.manifest_path(2).write_text("{", encoding="utf-8")
    with serving(deployed.home, databases.reader(deployed.owner)) as site:
        await_number(site, 3)
        log = site.log.read_text()
    assert log.index("snapshot 2 cannot be used: 快照 №2 的清单读不出来") < log.index("snapshot 1 in use")
    assert log.index("snapshot 1 in use") < log.index("snapshot 3 in use")
