"""What cannot be fetched again, in one tar file: kept snapshots, saved views, later follow-up and audit; and back again.

While it is read no snapshot is made or cleared away, so the file never holds half of one. Its first member lists every
other one with its SHA-256; a restore checks them all before anything is touched, then brings in data files first and
manifests last. Killed at any moment, each archive holds whole snapshots only.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from data_access.archive import Archive, SnapshotError, file_names, sync_folder
from data_access.progress import Progress, silent
from data_access.reference import LOCAL
from data_access.retention import set_aside

_CONTENTS = "BACKUP.json"
_FORMAT = 1
_SNAPSHOTS = "snapshots"
#: Folders of small files, each whole in itself.
_SMALL = ("views", "followup", "audit")
_CHUNK = 1 << 20


class BackupError(RuntimeError):
    """A backup that cannot be made or used; its text is one Chinese sentence."""


@dataclass(frozen=True)
class Backed:
    """What a backup holds: numbers of snapshots, of other files, bytes, and the data files that were lost already."""

    snapshots: int
    others: int
    size: int
    lost: int


def backup(home: Path, target: Path, progress: Progress = silent) -> Backed:
    """Write the state folder ``home`` into the tar file ``target``, for the owner's eyes only. Raises OSError."""
    part = target.with_name(f".{target.name}.part")
    try:
        with _held(home, progress), open(part, "wb", opener=_private) as handle:
            wanted, lost = _of_archives(home)
            small = _small(home)
            _write_tar(handle, home, wanted, small)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.absolute().parent)
    manifests = sum(PurePosixPath(name).match("snapshots/*/manifests/*.json") for name in wanted)
    return Backed(manifests, len(small), target.stat().st_size, lost)


def restore(home: Path, source: Path, *, force: bool, progress: Progress = silent) -> Backed:
    """Bring the content of a backup into the state folder.

    What stands there and not in the backup (a newer snapshot, a view changed since) makes it refuse, unless ``force``:
    then such snapshots are removed and such views overwritten; views of other names stay. Raises BackupError, OSError.
    """
    aside = home / f"restoring-{os.getpid()}"
    aside.mkdir(mode=0o700)
    try:
        names = _unpacked(source, aside)
        archives = sorted({PurePosixPath(name).parts[1] for name in names if name.startswith(f"{_SNAPSHOTS}/")})
        (home / _SNAPSHOTS).mkdir(mode=0o700, exist_ok=True)
        with _held(home, progress, archives):
            _refuse_newer(home, aside, names, archives, force)
            for name in archives:
                _bring_archive(aside / _SNAPSHOTS / name, Archive(home / _SNAPSHOTS / name))
            for name in (each for each in names if not each.startswith(_SNAPSHOTS)):
                _bring(aside / name, home / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    manifests = sum(PurePosixPath(name).match("snapshots/*/manifests/*.json") for name in names)
    return Backed(manifests, sum(not name.startswith(_SNAPSHOTS) for name in names), source.stat().st_size, 0)


@contextmanager
def _held(home: Path, progress: Progress, more: list[str] | None = None) -> Iterator[None]:
    """No snapshot is made or cleared away meanwhile, in any archive."""
    found = {path.name for path in (home / _SNAPSHOTS).glob("*") if path.is_dir()} | set(more or ())
    with ExitStack() as stack:
        for name in sorted(found):
            stack.enter_context(Archive(home / _SNAPSHOTS / name).writing(lambda: progress("等取数结束……")))
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _of_archives(home: Path) -> tuple[list[str], int]:
    """The files of all archives, as paths below ``home``, data before manifests; and how many are lost or altered."""
    names: list[str] = []
    lost = 0
    for folder in sorted(path for path in (home / _SNAPSHOTS).glob("*") if path.is_dir()):
        archive = Archive(folder)
        manifests = sorted(archive.manifests.glob("*.json"))
        files = sorted({name for path in manifests for name in file_names(path)})
        sound = [name for name in files if _sound(archive, name)]
        lost += len(files) - len(sound)
        kept = [*(archive.files / name for name in sound), *sorted(archive.pins.glob("*.json")), *manifests]
        names += [path.relative_to(home).as_posix() for path in kept]
    return names, lost


def _small(home: Path) -> dict[str, bytes]:
    """The small files with their content, read once: they may change or go at any time."""
    found: dict[str, bytes] = {}
    for path in sorted(path for root in _SMALL for path in (home / root).rglob("*")):
        if path.is_file() and path.suffix != ".part" and path.name not in ("lock", ".lock"):
            with suppress(FileNotFoundError):
                found[path.relative_to(home).as_posix()] = path.read_bytes()
    return found


def _sound(archive: Archive, name: str) -> bool:
    try:
        archive.read(name)
    except SnapshotError:
        return False
    return True


def _write_tar(handle: BinaryIO, home: Path, names: list[str], small: Mapping[str, bytes]) -> None:
    listed = {name: _hash_of(home / name) for name in names} | {name: _hash(small[name]) for name in small}
    contents = {"format": _FORMAT, "made_at": datetime.now(tz=LOCAL).isoformat(), "files": listed}
    with tarfile.open(fileobj=handle, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, _CONTENTS, json.dumps(contents, ensure_ascii=False, indent=1).encode())
        for name in names:
            _add(tar, name, (home / name).read_bytes())
        for name, content in small.items():
            _add(tar, name, content)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _unpacked(source: Path, aside: Path) -> list[str]:
    """Every file of the backup, checked and laid aside; the names in their order. Raises BackupError."""
    try:
        with tarfile.open(source, "r:") as tar:
            listed = _contents(tar)
            found = [_unpack(tar, member, listed, aside) for member in tar if member.offset > 0]
    except (tarfile.TarError, EOFError):
        raise BackupError(f"{source} 不是备份文件，或已损坏") from None
    missing = set(listed) - set(found)
    if missing:
        raise BackupError(f"{source} 不完整：缺 {len(missing)} 个文件，例如 {min(missing)}")
    return found


def _contents(tar: tarfile.TarFile) -> Mapping[str, str]:
    member = tar.next()
    handle = tar.extractfile(member) if member is not None and member.name == _CONTENTS and member.isreg() else None
    if handle is None:
        raise BackupError("不是本程序的备份文件：没有目录 BACKUP.json")
    try:
        said = json.loads(handle.read())
        listed = {str(name): str(digest) for name, digest in said["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError("备份文件的目录 BACKUP.json 读不出来") from None
    if said.get("format") != _FORMAT:
        raise BackupError(f"备份文件是另一版本的格式（{said.get('format')}）")
    return listed


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, listed: Mapping[str, str], aside: Path) -> str:
    place = PurePosixPath(member.name)
    inside = not place.is_absolute() and ".." not in place.parts and place.parts[0] in (_SNAPSHOTS, *_SMALL)
    handle = tar.extractfile(member) if member.isreg() and inside and member.name in listed else None
    if handle is None:
        raise BackupError(f"备份文件里有不该有的内容：{member.name!r}")
    target = aside / place
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with target.open("wb") as out:
        os.fchmod(out.fileno(), 0o600)
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != listed[member.name]:
        raise BackupError(f"备份文件已损坏：{member.name} 的校验和不符")
    return member.name


def _refuse_newer(home: Path, aside: Path, names: list[str], archives: list[str], force: bool) -> None:
    lost = [*_snapshots_lost(home, aside, archives), *_files_changed(home, aside, names)]
    if lost and not force:
        more = f" 等 {len(lost)} 项" if len(lost) > 3 else ""
        raise BackupError(f"现有状态里有备份没有的内容：{'、'.join(lost[:3])}{more}。确要以备份为准，请加 --force")


def _snapshots_lost(home: Path, aside: Path, archives: list[str]) -> Iterator[str]:
    for name in archives:
        here, there = Archive(home / _SNAPSHOTS / name), Archive(aside / _SNAPSHOTS / name)
        for number in here.numbers():
            if not _same(here.manifest_path(number), there.manifest_path(number)):
                yield f"快照 №{number}（{name}）"


def _files_changed(home: Path, aside: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        if not name.startswith(_SNAPSHOTS) and (home / name).exists() and not _same(home / name, aside / name):
            yield name


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _bring_archive(source: Path, archive: Archive) -> None:
    """Data files first and manifests last; then the snapshots that the backup does not know step aside."""
    known = set(Archive(source).numbers())
    for folder, target in (("files", archive.files), ("pins", archive.pins), ("manifests", archive.manifests)):
        for path in sorted((source / folder).glob("*")):
            path.replace(target / path.name)
        sync_folder(target)
    for number in set(archive.numbers()) - known:
        set_aside(archive, number)
    # What the last look found speaks of another snapshot now.
    (archive.folder / "looked.json").unlink(missing_ok=True)
    sync_folder(archive.folder)


def _bring(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source.replace(target)
    sync_folder(target.parent)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
