"""A backup brings back what it was made of, refuses what is damaged or foreign, and overwrites nothing newer unasked."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from data_access import replica, retention, syncing
from data_access.archive import Archive
from data_access.backup import BackupError, backup, restore
from data_access.reference import LOCAL
from data_access.snapshot import Snapshot
from tests import databases, small_city


@pytest.fixture
def engine(database: URL) -> Iterator[Engine]:
    engine = replica.connect(databases.reader(small_city.fill(database)))
    yield engine
    engine.dispose()


@pytest.fixture
def home(tmp_path: Path, engine: Engine) -> Path:
    """A state folder with two snapshots, one marked, and a view."""
    folder = tmp_path / "home"
    archive = Archive(folder / "snapshots" / "source")
    syncing.sync(engine, archive)
    syncing.sync(engine, archive)
    with archive.writing():
        retention.pin(archive, 1, "周例会", datetime.now(tz=LOCAL))
    (folder / "views").mkdir()
    (folder / "views" / "a.json").write_text("{}", encoding="utf-8")
    (folder / "views" / ".lock").touch()
    return folder


@pytest.fixture
def file(home: Path, tmp_path: Path) -> Path:
    made = backup(home, tmp_path / "kept.tar")
    assert (made.snapshots, made.others, made.lost) == (2, 1, 0)
    return tmp_path / "kept.tar"


def archive_of(home: Path) -> Archive:
    return Archive(home / "snapshots" / "source")


def test_into_an_empty_state_folder(home: Path, file: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    other = tmp_path / "other"
    other.mkdir()
    restore(other, file, force=False)
    one, two = archive_of(home), archive_of(other)
    assert two.numbers() == [1, 2]
    for number in two.numbers():
        assert two.manifest(number) == one.manifest(number)
        Snapshot(two, two.manifest(number)).preload()
    assert retention.pins(two) == retention.pins(one)
    assert (other / "views" / "a.json").read_text(encoding="utf-8") == "{}"
    assert [path.name for path in other.iterdir() if path.name.startswith("restoring")] == []
    assert stat.S_IMODE(two.folder.stat().st_mode) == 0o700
    restore(other, file, force=False)
    assert two.numbers() == [1, 2], "again is no harm"


def test_what_is_newer_is_not_overwritten_unasked(home: Path, file: Path, engine: Engine) -> None:
    archive = archive_of(home)
    syncing.sync(engine, archive)
    (home / "views" / "a.json").write_text('{"newer": 1}', encoding="utf-8")
    (home / "views" / "b.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BackupError, match=r"快照 №3（source）、views/a.json。确要以备份为准，请加 --force"):
        restore(home, file, force=False)
    assert archive.numbers() == [1, 2, 3]
    restore(home, file, force=True)
    assert archive.numbers() == [1, 2]
    assert (home / "views" / "a.json").read_text(encoding="utf-8") == "{}"
    assert (home / "views" / "b.json").exists()
    with archive.writing():
        again = syncing.advance(engine, archive)
    assert (again.manifest.number, again.published, again.rows) == (2, False, 0), "the work goes on from there"


def test_a_damaged_archive_is_mended_by_it(home: Path, file: Path) -> None:
    archive = archive_of(home)
    for path in archive.files.iterdir():
        path.write_bytes(b"x")
    restore(home, file, force=False)
    Snapshot(archive, archive.manifest()).preload()


def test_lost_files_are_said(home: Path, tmp_path: Path) -> None:
    next(archive_of(home).files.iterdir()).unlink()
    assert backup(home, tmp_path / "b.tar").lost == 1


def _flipped(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)


def test_any_damage_is_found_before_anything_is_touched(file: Path, tmp_path: Path) -> None:
    size = file.stat().st_size
    other = tmp_path / "other"
    other.mkdir()
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        places = [member.offset_data + member.size // 2 for member in tar if member.size][:: size // 60_000 or 1][:12]
    for place in places:
        _flipped(file, place)
        with pytest.raises(BackupError, match=r"损坏|不完整|读不出来|不该有|不是"):
            restore(other, file, force=True)
        file.write_bytes(whole)
    for length in (0, 100, size // 2, size - 12_000):
        file.write_bytes(whole[:length])
        with pytest.raises(BackupError, match=r"损坏|不完整|不是|读不出来"):
            restore(other, file, force=True)
    assert [path.name for path in (other / "snapshots").glob("*/manifests/*")] == []


def _tar(file: Path, members: dict[str, bytes], listed: dict[str, str]) -> None:
    with tarfile.open(file, "w") as tar:
        contents = json.dumps({"format": 1, "files": listed}).encode()
        for name, content in {"BACKUP.json": contents, **members}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "views/../../escaped", "demo/data/x"])
def test_nothing_leads_out_of_the_state_folder(name: str, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "evil.tar"
    home.mkdir()
    _tar(file, {name: b"x"}, {name: "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"})
    with pytest.raises(BackupError, match="不该有的内容"):
        restore(home, file, force=True)
    assert not (tmp_path / "escaped").exists()
    assert list(home.iterdir()) == []


def test_another_file_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    file = tmp_path / "x.tar"
    file.write_bytes(b"PK" * 5000)
    with pytest.raises(BackupError, match="不是备份文件，或已损坏"):
        restore(tmp_path / "home", file, force=False)
    with tarfile.open(file, "w") as tar:
        tar.addfile(tarfile.TarInfo("other"))
    with pytest.raises(BackupError, match="不是本程序的备份文件"):
        restore(tmp_path / "home", file, force=False)
