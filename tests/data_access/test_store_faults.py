"""Faults of the store: killed at any moment, disk full, files damaged, two writers at once. Never half a snapshot, never one lost."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from data_access import replica, syncing
from data_access.archive import Archive, BusyError, SnapshotError
from data_access.demo.embedded import Server
from data_access.snapshot import Snapshot, last_good
from data_access.syncing import Outcome
from tests import databases, small_city
from tests.data_access.test_syncing import content, rebuilt
from tests.data_access.worker import begin, on_a_full_disk, worker


@pytest.fixture
def city(database: URL) -> URL:
    return small_city.fill(database)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "one")


@pytest.fixture
def engine(city: URL) -> Iterator[Engine]:
    engine = replica.connect(databases.reader(city))
    yield engine
    engine.dispose()


def look(engine: Engine, archive: Archive) -> Outcome:
    with archive.writing():
        return syncing.advance(engine, archive)


def change(owner: URL) -> None:
    """Two months of one table, and another table."""
    databases.execute(
        owner,
        "update rpt.petition set persons = persons + 1, updated_at = clock_timestamp() where petition_id in (2, 6);"
        "update rpt.feed_receipt set records = records + 1, updated_at = clock_timestamp()",
    )


def whole(archive: Archive) -> None:
    """Every snapshot that is listed can be read to its last file."""
    for number in archive.numbers():
        Snapshot(archive, archive.manifest(number)).preload()


def _killed(owner: URL, engine: Engine, archive: Archive, moments: list[float]) -> int:
    """Killed after so many seconds, again and again, each time with changes to fetch; how many were made all the same."""
    look(engine, archive)
    for index, seconds in enumerate(moments):
        change(owner)
        before = {number: archive.manifest(number) for number in archive.numbers()}
        with worker(databases.reader(owner), archive, "reconcile" if index % 2 else "look") as process:
            begin(process)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        assert {number: archive.manifest(number) for number in before} == before, "none is lost"
        whole(archive)
    made = len(archive.numbers()) - 1
    assert content(look(engine, archive).manifest) == rebuilt(engine)
    assert list(archive.folder.glob("*/*.part")) == []
    return made


def test_killed_at_three_moments(city: URL, engine: Engine, archive: Archive) -> None:
    _killed(city, engine, archive, [0.02, 0.12, 0.25])


@pytest.mark.full
def test_killed_at_fifty_moments(city: URL, engine: Engine, archive: Archive) -> None:
    chance = random.Random(20261121)
    made = _killed(city, engine, archive, [chance.uniform(0, 0.8) for _ in range(50)])
    assert 0 < made < 50, "some were killed before their snapshot was there, some after"


@pytest.mark.parametrize("limit", [0, 1000, 3000])
def test_a_disk_that_takes_no_more_leaves_the_last_good_one(
    limit: int, city: URL, engine: Engine, archive: Archive
) -> None:
    """Files may grow to ``limit`` bytes (RLIMIT_FSIZE, which needs no rights): data files, or only the manifest, break off."""
    look(engine, archive)
    change(city)
    done = on_a_full_disk(databases.reader(city), archive, limit)
    assert done.returncode == 3, done.stderr
    assert "OSError 27" in done.stdout
    assert archive.numbers() == [1]
    whole(archive)
    assert list(archive.folder.glob("*/*.part")) == []
    outcome = look(engine, archive)
    assert outcome.manifest.number == 2
    assert content(outcome.manifest) == rebuilt(engine)


_MOUNT = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run([*_MOUNT, "mount -t tmpfs none /mnt"], capture_output=True, check=False).returncode != 0,
    reason="this system lets nobody mount a small disk of their own",
)
def test_a_disk_that_is_really_full(primary: Server, city: URL, engine: Engine, archive: Archive) -> None:
    """A small disk inside a mount namespace of our own, with a snapshot on it and no room for another."""
    look(engine, archive)
    change(city)
    script = (
        f"cp -a {archive.folder} {archive.folder}.kept && mount -t tmpfs -o size=900k none {archive.folder}"
        f" && cp -a {archive.folder}.kept/. {archive.folder}/"
        f" && head -c 900k /dev/zero > {archive.folder}/filling 2>/dev/null;"
        ' "$@"; status=$?;'
        f" mkdir {archive.folder}.after && cp -a {archive.folder}/. {archive.folder}.after/; exit $status"
    )
    # In a user namespace the folder of the socket is closed to us.
    address = databases.reader_over_tcp(primary, city.database)
    with worker(address, archive, before=(*_MOUNT, script, "sh")) as process:
        begin(process)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "OSError 28" in said
    after = Archive(archive.folder.with_name("one.after"))
    assert after.numbers() == [1]
    whole(after)
    assert list(after.folder.glob("*/*.part")) == []


def test_a_damaged_file_falls_back_and_the_next_look_mends_it(city: URL, engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    change(city)
    second = look(engine, archive).manifest
    first = archive.manifest(1)
    only = sorted(second.files - first.files)
    (archive.files / only[0]).write_bytes(b"x")
    (archive.files / only[-1]).unlink()
    said: list[str] = []
    used = last_good(archive, said.append)
    assert used.provenance.number == 1
    assert len(said) == 1
    assert "暂用快照 №1（" in said[0]
    outcome = look(engine, archive)
    assert (outcome.manifest.number, outcome.published, outcome.mended) == (3, True, 2)
    assert outcome.manifest.facts == second.facts
    assert last_good(archive, said.append).provenance.number == 3
    assert len(said) == 1
    whole(archive)


def test_a_damaged_newest_manifest_is_built_upon_the_one_before(city: URL, engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    change(city)
    look(engine, archive)
    archive.manifest_path(2).write_text("{", encoding="utf-8")
    change(city)
    outcome = look(engine, archive)
    assert (outcome.manifest.number, outcome.rebuilt, outcome.reconciled) == (3, None, True)
    assert content(outcome.manifest) == rebuilt(engine)


def test_everything_damaged_is_said(engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    for path in archive.files.iterdir():
        path.write_bytes(b"x")
    with pytest.raises(SnapshotError, match="已损坏"):
        last_good(archive)
    assert look(engine, archive).mended > 10
    whole(archive)


def test_one_writer_waits_or_leaves(archive: Archive) -> None:
    told: list[str] = []
    with (
        archive.writing(),
        pytest.raises(BusyError, match="本机另一个进程正在取数"),
        Archive(archive.folder).writing(),
    ):
        pass
    with archive.writing(lambda: told.append("x")):
        pass
    assert told == [], "nobody was in the way"
