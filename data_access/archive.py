"""The folder of all snapshots of one source, on disk.

A snapshot is one JSON manifest that names immutable Parquet files by the hash of their content. Files are written,
fsynced and renamed first, the manifest last: a snapshot is whole or it is not there. Beside them stand what was found at
the last look (``looked.json``), which snapshots were shown at a meeting (``pins/``) and, for a while, the manifests that
were removed (``removed/``). The folder is as confidential as its source, because at full grain a group is often a single
event: mode 0700.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from data_access.store import Provenance

FORMAT = 3
_HEAD_BYTES = 4096
_SCALAR = re.compile(r'^ ("\w+"): (".*"|null|-?\d+),?$', re.MULTILINE)
_FILE_NAME = re.compile(r"[0-9a-f]{40}\.parquet")


class SnapshotError(RuntimeError):
    """No snapshot that could be used; its text is one Chinese sentence that says what to do."""


class BusyError(RuntimeError):
    """Another process writes into this archive; its text is one Chinese sentence."""


@dataclass(frozen=True)
class Manifest:
    """What one snapshot consists of. ``facts`` and ``registers``: name → entry month (ISO) → file; ``reference``:
    table → file; ``digests``: table → entry month → digest of its rows (see ``digests``); ``watermarks``: table → the
    newest updated_at seen; ``origin``: which server's history was read (see ``origin``)."""

    number: int
    taken_at: str
    business_date: str
    newest_event: str | None
    synthetic: str | None
    replica: str
    definitions: str
    facts: dict[str, dict[str, str]]
    registers: dict[str, dict[str, str]]
    reference: dict[str, str]
    digests: dict[str, dict[str, str]] = field(default_factory=dict)
    watermarks: dict[str, str] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def provenance(self) -> Provenance:
        """The manifest's head, typed."""
        return Provenance(
            self.number,
            datetime.fromisoformat(self.taken_at),
            date.fromisoformat(self.business_date),
            date.fromisoformat(self.newest_event) if self.newest_event else None,
            self.synthetic,
            self.replica,
        )

    @property
    def files(self) -> frozenset[str]:
        """Every file that it names."""
        months = (*self.facts.values(), *self.registers.values())
        return frozenset((*self.reference.values(), *(file for named in months for file in named.values())))

    @property
    def undated(self) -> dict[str, int]:
        """Table → rows without an entry date, which stand on no day; tables without any are left out."""
        counts = {table: months.get("None", "0") for table, months in self.digests.items()}
        return {table: rows for table, digest in counts.items() if (rows := int(digest.partition(":")[0]))}

    @property
    def text(self) -> str:
        """As it is written: what is short first, so that ``Archive.head`` need not read the rest."""
        items = sorted(asdict(self).items(), key=lambda item: (isinstance(item[1], dict), item[0]))
        return json.dumps({name: _ordered(value) for name, value in items}, ensure_ascii=False, indent=1)


@dataclass(frozen=True)
class Head:
    """What a list of snapshots needs: ``taken_at`` with time zone; ``definitions``: by which SELECTs it was made."""

    number: int
    taken_at: datetime
    business_date: date
    definitions: str


@dataclass(frozen=True)
class Looked:
    """The last time that the source was read through without a fault, whether or not anything had changed.

    ``number``: the snapshot that holds what was found; ``at``: by the database's clock, ``clock``: by this host's (seconds
    since 1970); ``digests``, ``watermarks`` and ``origin`` take the place of the manifest's; ``reconciled_at``: when all months were
    last compared or read (host's clock); ``collected_at``: when the archive was last cleared (host's clock).
    """

    number: int
    at: str
    clock: float
    digests: dict[str, dict[str, str]]
    watermarks: dict[str, str]
    reconciled_at: float
    collected_at: float = 0.0
    origin: dict[str, Any] = field(default_factory=dict)


class Archive:
    """The folder of all snapshots of one source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def numbers(self) -> list[int]:
        """The numbers of all snapshots, oldest first."""
        return sorted(int(path.stem) for path in self.manifests.glob("*.json") if path.stem.isdecimal())

    def manifest(self, number: int | None = None) -> Manifest:
        """The manifest of that number, by default the newest. Raises SnapshotError."""
        chosen = self._chosen(number)
        try:
            content = json.loads(self.manifest_path(chosen).read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise SnapshotError(f"快照 №{chosen} 是另一版本的格式。请重新运行：yanpan sync --once")
            return Manifest(**content)
        except (OSError, ValueError, TypeError, KeyError):
            raise SnapshotError(f"快照 №{chosen} 的清单读不出来。请重新运行：yanpan sync --once") from None

    def _chosen(self, number: int | None) -> int:
        numbers = self.numbers()
        if not numbers:
            raise SnapshotError("还没有快照。请先运行：yanpan sync --once")
        if number is None:
            return numbers[-1]
        if number in numbers:
            return number
        span = f"现有 №{numbers[0]}–№{numbers[-1]}"
        if 0 < number < numbers[-1]:
            raise SnapshotError(f"快照 №{number} 已不在（按保留规定清理）；{span}，清单见：yanpan snapshots")
        raise SnapshotError(f"没有快照 №{number}；{span}")

    def head(self, number: int) -> Head | None:
        """The beginning of a manifest of any format; None where it cannot be read."""
        try:
            with self.manifest_path(number).open("rb") as handle:
                begun = handle.read(_HEAD_BYTES).decode(errors="replace")
            said = {json.loads(name): json.loads(value) for name, value in _SCALAR.findall(begun)}
            taken_at = datetime.fromisoformat(said["taken_at"])
            day = date.fromisoformat(said["business_date"])
            return Head(number, taken_at, day, said["definitions"]) if taken_at.tzinfo else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def heads(self) -> list[Head]:
        """The heads of all snapshots whose manifest can be read, oldest first."""
        return [head for number in self.numbers() if (head := self.head(number)) is not None]

    def as_of(self, moment: datetime) -> int:
        """The newest snapshot taken at or before ``moment`` (with time zone). Raises SnapshotError.

        By the time that each bears: a clock that once ran wrong must not hide a better one.
        """
        heads = self.heads()
        taken = [(head.taken_at, head.number) for head in heads if head.taken_at <= moment]
        if taken:
            return max(taken)[1]
        self._chosen(None)
        first = min((head.taken_at for head in heads), default=None)
        known = f"；最早的取于 {first:%Y-%m-%d %H:%M}" if first else ""
        raise SnapshotError(f"{moment:%Y-%m-%d %H:%M} 及以前没有留下快照{known}。清单见：yanpan snapshots")

    def read(self, file: str) -> bytes:
        """The content of a file that a manifest names, as it was put. Raises SnapshotError for a lost or altered one."""
        try:
            content = (self.files / file).read_bytes()
        except OSError as error:
            raise SnapshotError(
                f"快照的数据文件 {file} 读不出来（{error.strerror}）。请重新运行：yanpan sync --once"
            ) from None
        if _name_of(content) != file:
            raise SnapshotError(f"快照的数据文件 {file} 已损坏。请重新运行：yanpan sync --once")
        return content

    def damaged(self, manifest: Manifest) -> frozenset[str]:
        """Those of its files that are lost or altered. Every file is read."""
        return frozenset(file for file in manifest.files if not self._sound(file))

    def _sound(self, file: str) -> bool:
        try:
            self.read(file)
        except SnapshotError:
            return False
        return True

    @contextmanager
    def writing(self, busy: Callable[[], None] | None = None) -> Iterator[None]:
        """Only one writer at a time, on this host; what an earlier, interrupted one left behind is swept away.

        While another one writes: ``busy`` is told once and we wait; without ``busy``, BusyError is raised.
        """
        for folder in (self.folder, self.files, self.manifests, self.removed, self.pins):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        with (self.folder / "lock").open("w") as handle:
            _lock(handle.fileno(), busy)
            for leftover in (*self.folder.glob("*/*.part"), *self.folder.glob("*.part")):
                leftover.unlink()
            yield

    def put(self, frame: pl.DataFrame) -> str:
        """Keep the frame; the file's name, which is the hash of its content."""
        buffer = io.BytesIO()
        frame.rechunk().write_parquet(buffer, compression="zstd", statistics=False)
        content = buffer.getvalue()
        path = self.files / _name_of(content)
        # A damaged file of that name is replaced; comparing costs less than writing.
        if not (path.is_file() and path.read_bytes() == content):
            write(path, content)
        return path.name

    def publish(self, manifest: Manifest) -> None:
        """Make the snapshot visible, at once and whole. Call inside ``writing``."""
        sync_folder(self.files)
        write(self.manifest_path(manifest.number), manifest.text.encode())
        sync_folder(self.manifests)

    def looked(self) -> Looked | None:
        """What was found at the last look; None where there was none, or its note is lost."""
        try:
            return Looked(**json.loads((self.folder / "looked.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def note(self, looked: Looked) -> None:
        """Keep what was found. Call inside ``writing``."""
        write(self.folder / "looked.json", json.dumps(asdict(looked)).encode())

    @property
    def files(self) -> Path:
        """The data files."""
        return self.folder / "files"

    @property
    def manifests(self) -> Path:
        """One file per snapshot."""
        return self.folder / "manifests"

    @property
    def removed(self) -> Path:
        """Manifests that were removed not long ago."""
        return self.folder / "removed"

    @property
    def pins(self) -> Path:
        """Which snapshots were shown at a meeting."""
        return self.folder / "pins"

    def manifest_path(self, number: int) -> Path:
        """Where the manifest of that number stands."""
        return self.manifests / f"{number:08d}.json"


def file_names(manifest: Path) -> frozenset[str]:
    """The data files that a manifest names, whatever its format and even where it is damaged."""
    return frozenset(_FILE_NAME.findall(manifest.read_bytes().decode(errors="replace")))


def write(path: Path, content: bytes) -> None:
    """The file is whole or not there: written aside, flushed to the disk, renamed."""
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Which names stand in the folder is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _name_of(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:40]}.parquet"


def _ordered(value: object) -> object:
    """Mappings by their keys, at every depth."""
    return {key: _ordered(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _lock(handle: int, busy: Callable[[], None] | None) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if busy is None:
            raise BusyError("本机另一个进程正在取数，这一次让给它") from None
        busy()
        fcntl.flock(handle, fcntl.LOCK_EX)
