"""What is kept is what the policy says, files outlive their manifest, and clearing away never takes what is named."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access import retention
from data_access.archive import Archive, Head, Manifest, SnapshotError, file_names
from data_access.reference import LOCAL
from data_access.retention import FOR_EVER, Pin
from data_access.settings import SettingsError, read_config
from data_access.snapshot_policy import Keep, SnapshotPolicy

POLICY = Keep.model_validate({})
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=LOCAL)


def head(number: int, taken_at: datetime) -> Head:
    return Head(number, taken_at, taken_at.date() - timedelta(days=1), "x")


def staying(heads: list[Head], pins: dict[int, Pin] | None = None, now: datetime = NOW) -> dict[int, str]:
    found = retention.reasons(heads, pins or {}, POLICY, now)
    return {number: "、".join(reason.text for reason in why) for number, why in found.items() if why}


def manifest(number: int, taken_at: datetime, files: dict[str, str]) -> Manifest:
    return Manifest(
        number=number,
        taken_at=taken_at.isoformat(),
        business_date=str(taken_at.date() - timedelta(days=1)),
        newest_event=None,
        synthetic=None,
        replica="",
        definitions="x",
        facts={"fact": files},
        registers={},
        reference={},
    )


def publish(archive: Archive, number: int, taken_at: datetime, *values: int) -> Manifest:
    with archive.writing():
        files = {str(value): archive.put(pl.DataFrame({"value": [value]})) for value in values}
        made = manifest(number, taken_at, files)
        archive.publish(made)
    return made


def collect(archive: Archive, policy: Keep = POLICY, now: datetime = NOW) -> tuple[int, int]:
    with archive.writing():
        return retention.collect(archive, policy, now)


def past_grace(archive: Archive) -> None:
    for path in archive.removed.glob("*.json"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))


# --- the policy --------------------------------------------------------------------------------------------------------


def test_every_span_has_its_rule() -> None:
    hours = timedelta(hours=1)
    heads = [
        head(1, NOW - 200 * 24 * hours),  # 4 May: the last of business dates in May
        head(2, NOW - 29 * 24 * hours - 2 * hours),  # 22 October 06:30, the first of that day
        head(3, NOW - 29 * 24 * hours),  # the last of it, and so of October
        head(4, NOW - 6 * 24 * hours - hours / 2),  # 14 November 08:00
        head(5, NOW - 6 * 24 * hours - hours / 4),  # 08:15, the last of its hour
        head(6, NOW - 47 * hours - hours / 60),
        head(7, NOW - 47 * hours),
        head(8, NOW - hours / 60),
        head(9, NOW),
    ]
    kept = staying(heads)
    assert kept[1] == "月末"
    assert 2 not in kept
    assert kept[3] == "每日、月末"
    assert 4 not in kept
    assert kept[5] == "每小时、每日"
    assert kept[6] == "近期"
    assert kept[7] == "近期、每小时、每日"
    assert kept[8] == "最新、近期"
    assert kept[9] == "最新、近期、每小时、每日、月末"


def test_the_last_of_a_month_is_by_business_date() -> None:
    """Taken on 1 November it speaks up to 31 October: that is the end of the month, not the one taken on the 31st."""
    first = datetime(2026, 11, 1, 0, 5, tzinfo=LOCAL)
    heads = [head(1, first - timedelta(hours=2)), head(2, first), head(3, NOW), head(4, NOW)]
    later = NOW + timedelta(days=400)
    assert staying([*heads, head(5, later), head(6, later)], now=later)[2] == "月末"
    assert 1 not in staying([*heads, head(5, later), head(6, later)], now=later)


def test_shown_at_a_meeting_it_stays_as_long_after_the_mark() -> None:
    old = [head(1, NOW - timedelta(days=40)), head(2, NOW - timedelta(days=39)), head(3, NOW), head(4, NOW)]
    pins = {1: Pin(1, "周例会", NOW - timedelta(days=29))}
    assert staying(old, pins)[1] == "会议：周例会"
    assert 1 not in staying(old, {1: replace(pins[1], at=NOW - timedelta(days=31))})


def test_the_newest_two_stay_whatever_their_age() -> None:
    ages = [NOW - timedelta(days=300, minutes=minutes) for minutes in (3, 2, 1)]
    kept = retention.reasons([head(number, at) for number, at in enumerate(ages, 1)], {}, POLICY, NOW)
    assert [bool(kept[number]) for number in (1, 2, 3)] == [False, True, True]
    assert {reason.until for reason in kept[3]} == {None, FOR_EVER}


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.integers(0, 120 * 24 * 60), min_size=1, max_size=40))
def test_clearing_step_by_step_keeps_every_end(minutes: list[int]) -> None:
    """However often it is cleared on the way, the last of each month is there, and of each day of the last 30."""
    stamps = sorted(NOW - timedelta(minutes=ago) for ago in minutes)
    heads: list[Head] = []
    for number, stamp in enumerate(stamps, 1):
        heads.append(head(number, stamp))
        kept = retention.reasons(heads, {}, POLICY, stamp)
        heads = [one for one in heads if kept[one.number]]
    there = {one.taken_at for one in heads}
    for span in ("%Y-%m", "%Y-%m-%d"):
        ends = {f"{stamp - timedelta(days=1):{span}}": stamp for stamp in stamps}
        young = stamps[-1] - timedelta(days=30 if span == "%Y-%m-%d" else 36_500)
        assert {end for end in ends.values() if end > young} <= there


def test_the_file_is_checked_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YANPAN_CONFIG", str(tmp_path))
    assert read_config("snapshots.toml", SnapshotPolicy).keep == POLICY
    (tmp_path / "snapshots.toml").write_text("[keep]\nall_hours = 0", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"snapshots.toml 有误：keep.all_hours：不得小于 1.*允许的键：all_hours、"):
        read_config("snapshots.toml", SnapshotPolicy)


def test_the_projects_own_file_states_the_defaults() -> None:
    assert read_config("snapshots.toml", SnapshotPolicy) == SnapshotPolicy()


# --- clearing away -----------------------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_files_of_a_removed_snapshot_outlive_it_and_shared_ones_stay(archive: Archive) -> None:
    day = timedelta(days=1)
    gone = publish(archive, 1, NOW - 10 * day - timedelta(minutes=5), 1, 2)
    publish(archive, 2, NOW - 10 * day, 2, 3)
    publish(archive, 3, NOW, 3, 4)
    publish(archive, 4, NOW, 4)
    assert collect(archive) == (1, 0)
    assert archive.numbers() == [2, 3, 4]
    assert archive.damaged(gone) == frozenset(), "in grace"
    past_grace(archive)
    assert collect(archive) == (0, 1)
    assert archive.damaged(gone) == {gone.facts["fact"]["1"]}
    for number in (2, 3, 4):
        assert archive.damaged(archive.manifest(number)) == frozenset()
    with pytest.raises(SnapshotError, match="快照 №1 已不在（按保留规定清理）；现有 №2–№4，清单见：yanpan snapshots"):
        archive.manifest(1)


def test_a_mark_survives_and_keeps(archive: Archive) -> None:
    publish(archive, 1, NOW - timedelta(days=10, minutes=5), 1)
    publish(archive, 2, NOW - timedelta(days=10), 2)
    publish(archive, 3, NOW, 3)
    with archive.writing():
        retention.pin(archive, 1, "周例会", NOW)
        with pytest.raises(SnapshotError, match="没有快照 №9"):
            retention.pin(archive, 9, "x", NOW)
    assert collect(archive) == (0, 0)
    assert retention.pins(Archive(archive.folder)) == {1: Pin(1, "周例会", NOW)}
    (archive.pins / "00000001.json").write_text("{", encoding="utf-8")
    assert collect(archive, now=datetime.now(tz=LOCAL)) == (0, 0), "a damaged mark still keeps"
    with archive.writing():
        retention.unpin(archive, 1)
        with pytest.raises(SnapshotError, match="没有会议标记"):
            retention.unpin(archive, 1)
    assert collect(archive) == (1, 0)


def test_clocks_that_jump_take_nothing(archive: Archive) -> None:
    """Neither this host's clock nor the database's alone makes anything old; the newest is the newest by number."""
    for number in range(1, 6):
        publish(archive, number, NOW + timedelta(minutes=number), number)
    assert collect(archive, now=NOW + timedelta(days=4000)) == (0, 0)
    publish(archive, 6, NOW + timedelta(days=4000), 6)
    assert collect(archive, now=NOW + timedelta(minutes=10)) == (0, 0)
    publish(archive, 7, NOW - timedelta(days=4000), 7)
    assert archive.manifest().number == 7
    assert archive.as_of(NOW + timedelta(minutes=3, seconds=30)) == 3
    assert archive.as_of(NOW + timedelta(days=1)) == 5
    with pytest.raises(SnapshotError, match=r"及以前没有留下快照；最早的取于 2015-12-08 08:30"):
        archive.as_of(NOW - timedelta(days=5000))


def test_a_damaged_manifest_takes_no_file_with_it(archive: Archive) -> None:
    made = publish(archive, 1, NOW, 1, 2)
    publish(archive, 2, NOW, 2)
    publish(archive, 3, NOW, 3)
    whole = archive.manifest_path(1).read_text(encoding="utf-8")
    archive.manifest_path(1).write_text(whole[len(whole) // 4 :], encoding="utf-8")
    assert collect(archive) == (0, 0)
    archive.manifest_path(1).write_text(whole, encoding="utf-8")
    assert archive.damaged(made) == frozenset()


def test_heads_are_read_from_the_first_lines(archive: Archive) -> None:
    many = manifest(1, NOW, {str(number): f"{number:040x}.parquet" for number in range(2000)})
    with archive.writing():
        archive.publish(many)
    assert archive.head(1) == Head(1, NOW, NOW.date() - timedelta(days=1), "x")
    assert archive.manifest(1) == many
    assert len(file_names(archive.manifest_path(1))) == 2000
    assert archive.head(2) is None


# --- beside a reader ---------------------------------------------------------------------------------------------------


def _reading(archive: Archive, ended: Event, faults: list[str], read: list[int]) -> None:
    """Load any manifest, tarry, then read its files one by one, as a lazy reader does."""
    chance = random.Random(1)
    while not ended.is_set():
        try:
            loaded = archive.manifest(chance.choice(archive.numbers() or [1]))
        except SnapshotError:
            continue  # cleared away between the list and the reading: said, and nothing wrong was read
        time.sleep(chance.uniform(0, 0.02))
        faults += sorted(archive.damaged(loaded))
        read.append(loaded.number)


def test_a_reader_beside_it_never_misses_a_file(archive: Archive) -> None:
    """Snapshots come and go at once under an impatient policy while two readers load and read lazily."""
    publish(archive, 1, NOW, 1)
    ended, faults, read = Event(), list[str](), list[int]()
    readers = [Thread(target=_reading, args=(archive, ended, faults, read)) for _ in range(2)]
    for reader in readers:
        reader.start()
    impatient = Keep.model_validate({"all_hours": 1, "hourly_days": 0, "daily_days": 0})
    removed = 0
    for number in range(2, 60):
        at = NOW + timedelta(hours=2 * number)
        publish(archive, number, at, number, number // 2, number // 3)
        removed += collect(archive, impatient, at)[0]
    ended.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert removed > 40
    assert len(set(read)) > 5


_CLEARER = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from data_access import retention
from data_access.archive import Archive
from data_access.snapshot_policy import Keep
archive, now = Archive(Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with archive.writing():
    retention.collect(archive, Keep.model_validate({"all_hours": 1, "hourly_days": 0, "daily_days": 0}), now)
print("done", flush=True)
"""


def _killed_clearing(archive: Archive, seconds: float) -> None:
    words = [sys.executable, "-c", _CLEARER, str(archive.folder), (NOW + timedelta(days=3)).isoformat()]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait(30)


@pytest.mark.parametrize("seconds", [0.001, 0.004, 0.01])
def test_killed_in_the_middle_whatever_is_listed_is_whole(seconds: float, archive: Archive) -> None:
    for number in range(1, 40):
        publish(archive, number, NOW + timedelta(minutes=number), number, number + 1, 1)
    publish(archive, 40, NOW + timedelta(days=3), 40)
    _killed_clearing(archive, seconds)
    for number in archive.numbers():
        assert archive.damaged(archive.manifest(number)) == frozenset()
    collect(archive, Keep.model_validate({"all_hours": 1, "hourly_days": 0, "daily_days": 0}), NOW + timedelta(days=3))
    past_grace(archive)
    collect(archive)
    assert archive.numbers() == [39, 40]
    named = {name for number in (39, 40) for name in file_names(archive.manifest_path(number))}
    assert {path.name for path in archive.files.iterdir()} == named
    assert json.loads(archive.manifest_path(40).read_text(encoding="utf-8"))["number"] == 40
