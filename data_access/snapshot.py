"""Snapshots: one REPEATABLE READ transaction = one numbered version of every fact and register.

A snapshot is one JSON manifest that names immutable Parquet files by the hash of their content; a fact or register has one
file per entry month. Files are written, fsynced and renamed first, the manifest last: a snapshot is whole or it is not
there. The folder is as confidential as its source, because at full grain a group is often a single event: mode 0700.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock

import polars as pl
from sqlalchemy import Connection, Engine

from data_access import facts, registers, replica
from data_access.facts import FACTS, Fact
from data_access.reference import Moment, read_moment, read_reference
from data_access.regions import RegionTree
from data_access.registers import REGISTERS, Register
from data_access.store import FactRequest, Provenance, bucket

FORMAT = 2
# Facts whose day is something that happened; due dates and month-dated rows say nothing about how fresh the data is.
_EVENT_FACTS = (
    facts.petition_registered,
    facts.petition_replied,
    facts.mediation_accepted,
    facts.mediation_concluded,
    facts.order_issued,
    facts.order_closed,
    facts.dispute_inflow,
)

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """The progress of one who does not want to hear of it."""


class SnapshotError(RuntimeError):
    """No snapshot that could be used; its text is one Chinese sentence that says what to do."""


@dataclass(frozen=True)
class Manifest:
    """What one snapshot consists of. ``facts`` and ``registers``: name → entry month (ISO) → file; ``reference``:
    table → file."""

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


class Archive:
    """The folder of all snapshots of one source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def numbers(self) -> list[int]:
        """The numbers of all snapshots, oldest first."""
        return sorted(int(path.stem) for path in self._manifests.glob("*.json") if path.stem.isdecimal())

    def manifest(self, number: int | None = None) -> Manifest:
        """The manifest of that number, by default the newest. Raises SnapshotError."""
        numbers = self.numbers()
        if not numbers:
            raise SnapshotError("还没有快照。请先运行：yanpan sync --once")
        chosen = numbers[-1] if number is None else number
        if chosen not in numbers:
            raise SnapshotError(f"没有快照 №{chosen}；现有 №{numbers[0]}–№{numbers[-1]}")
        try:
            content = json.loads(self._manifest_path(chosen).read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise SnapshotError(f"快照 №{chosen} 是另一版本的格式。请重新运行：yanpan sync --once")
            return Manifest(**content)
        except (OSError, ValueError, TypeError, KeyError):
            raise SnapshotError(f"快照 №{chosen} 的清单读不出来。请重新运行：yanpan sync --once") from None

    def read(self, file: str) -> bytes:
        """The content of a file that a manifest names, as it was put. Raises SnapshotError for a lost or altered one."""
        try:
            content = (self._files / file).read_bytes()
        except OSError as error:
            raise SnapshotError(
                f"快照的数据文件 {file} 读不出来（{error.strerror}）。请重新运行：yanpan sync --once"
            ) from None
        if _name_of(content) != file:
            raise SnapshotError(f"快照的数据文件 {file} 已损坏。请重新运行：yanpan sync --once")
        return content

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Only one writer at a time, on this host; what an earlier, interrupted one left behind is swept away."""
        for folder in (self.folder, self._files, self._manifests):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        with (self.folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            for leftover in self.folder.glob("*/*.part"):
                leftover.unlink()
            yield

    def put(self, frame: pl.DataFrame) -> str:
        """Keep the frame; the file's name, which is the hash of its content."""
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", statistics=False)
        content = buffer.getvalue()
        path = self._files / _name_of(content)
        # A damaged file of that name is replaced; comparing costs less than writing.
        if not (path.is_file() and path.read_bytes() == content):
            _write(path, content)
        return path.name

    def publish(self, manifest: Manifest) -> None:
        """Make the snapshot visible, at once and whole. Call inside ``writing``."""
        _sync_folder(self._files)
        text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1, sort_keys=True)
        _write(self._manifest_path(manifest.number), text.encode())
        _sync_folder(self._manifests)

    @property
    def _files(self) -> Path:
        return self.folder / "files"

    @property
    def _manifests(self) -> Path:
        return self.folder / "manifests"

    def _manifest_path(self, number: int) -> Path:
        return self._manifests / f"{number:08d}.json"


def _name_of(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:40]}.parquet"


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    part.rename(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync(engine: Engine, archive: Archive, progress: Progress = silent) -> Manifest:
    """Read every fact in one transaction and publish it as the next snapshot.

    Raises RegionTreeError (no clear root), SQLAlchemy's and psycopg2's errors (see ``replica.explain``), OSError (disk).
    Whatever happens on the way, the snapshots that were there stay as they were.
    """
    with archive.writing():
        return replica.retrying(lambda: _sync_once(engine, archive, progress))


def _sync_once(engine: Engine, archive: Archive, progress: Progress) -> Manifest:
    described = replica.state(engine).sentence
    with replica.repeatable_read(engine) as connection:
        moment = read_moment(connection)
        reference = read_reference(connection)
        RegionTree(reference["region"])
        newest: list[date] = []
        files: dict[str, dict[str, str]] = {}
        for index, fact in enumerate(FACTS, start=1):
            frame = replica.copy_frame(connection, fact.snapshot_select(), fact.schema)
            files[fact.name] = _put_months(archive, fact, frame)
            newest += _newest_event(fact, frame, moment)
            progress(f"{index}/{len(FACTS)} {fact.name}：{frame.height} 行")
        kept = {register.name: _put_register(archive, connection, register) for register in REGISTERS}
    manifest = Manifest(
        number=max(archive.numbers(), default=0) + 1,
        taken_at=moment.taken_at.isoformat(),
        business_date=moment.business_date.isoformat(),
        newest_event=max(newest).isoformat() if newest else None,
        synthetic=moment.synthetic,
        replica=described,
        definitions=definitions(),
        facts=files,
        registers=kept,
        reference={name: archive.put(frame) for name, frame in reference.items()},
    )
    archive.publish(manifest)
    return manifest


def _put_months(archive: Archive, fact: Fact, frame: pl.DataFrame) -> dict[str, str]:
    """Sorted by all keys, so that the same rows give the same bytes and so the same file."""
    keys = [name for name in fact.schema if name not in fact.measure_names]
    months = frame.sort(keys).partition_by("entry_month", as_dict=True, maintain_order=True)
    return {str(month): archive.put(part) for (month,), part in months.items()}


def _put_register(archive: Archive, connection: Connection, register: Register) -> dict[str, str]:
    """As ``_put_months``: sorted by all columns, one file per entry month."""
    frame = replica.copy_frame(connection, register.snapshot_select(), register.schema)
    months = frame.sort(frame.columns).partition_by("entry_month", as_dict=True, maintain_order=True)
    return {str(month): archive.put(part) for (month,), part in months.items()}


def definitions() -> str:
    """By what the files of a snapshot are made now: the SELECTs of all facts and registers."""
    return f"{facts.definitions_hash()}-{registers.definitions_hash()}"


def _newest_event(fact: Fact, frame: pl.DataFrame, moment: Moment) -> list[date]:
    if fact not in _EVENT_FACTS:
        return []
    # A date after the moment of reading is a slip of the keyboard, not news.
    newest = frame.filter(pl.col("day") <= moment.local_day)["day"].max()
    return [newest] if isinstance(newest, date) else []


class Snapshot:
    """One snapshot in memory: categorical frames sorted by day, read once per process and shared by all sessions."""

    def __init__(self, archive: Archive, manifest: Manifest) -> None:
        if manifest.definitions != definitions():
            raise SnapshotError(f"快照 №{manifest.number} 是按另一版口径做的。请重新运行：yanpan sync --once")
        self._archive = archive
        self._manifest = manifest
        self._frames: dict[str, pl.DataFrame] = {}
        self._references: dict[str, pl.DataFrame] = {}
        self._registers: dict[str, pl.DataFrame] = {}
        self._unplaced: dict[str, int] = {}
        self._lock = Lock()

    @cached_property
    def provenance(self) -> Provenance:
        """Number, moment, business date, newest event, mark."""
        return self._manifest.provenance

    @cached_property
    def regions(self) -> RegionTree:
        """The region tree as it was."""
        return RegionTree(self._reference("region"))

    @cached_property
    def categories(self) -> pl.DataFrame:
        """category, name, domain."""
        return self._reference("category")

    @cached_property
    def organs(self) -> pl.DataFrame:
        """The organs, as in rpt.organ."""
        return self._reference("organ")

    def preload(self) -> None:
        """Read everything now, so that no viewer waits for it or meets a damaged file. Raises SnapshotError."""
        for name in self._manifest.reference:
            self._reference(name)
        for fact in FACTS:
            self._frame(fact)
        for register in REGISTERS:
            self.register(register.name)

    def history_start(self, fact: Fact) -> date | None:
        """The first month that the fact really covers: the earliest with half of the median month's rows.

        Before it a count of 0 would mean that nothing was recorded, not that nothing happened. None without rows.
        """
        days = self._frame(fact).select(month=pl.col("day").dt.truncate("1mo"))
        months = days.group_by("month").len().sort("month")
        usual = months["len"].median()
        covered = months.filter(pl.col("len") * 2 >= usual)["month"].first() if usual is not None else None
        return covered if isinstance(covered, date) else None

    def sums(self, request: FactRequest) -> pl.DataFrame:
        """See ``Store.sums``."""
        return self._sums(request, self.regions.membership(request.level))

    def own_sums(self, request: FactRequest) -> pl.DataFrame:
        """As ``sums``, but only of rows that bear the wanted regions' very codes: what their parts leave 未细分."""
        codes = list(request.regions)
        return self._sums(request, pl.DataFrame({"region_code": codes, "ancestor": codes}))

    @cached_property
    def unplaced(self) -> dict[str, int]:
        """What stands in no region of the tree and so counts nowhere: fact → its first measure, summed; none left out."""
        for fact in FACTS:
            self._frame(fact)
        return {name: count for name, count in self._unplaced.items() if count}

    def _sums(self, request: FactRequest, members: pl.DataFrame) -> pl.DataFrame:
        frame = self._frame(request.fact)
        inside = pl.col("day") <= request.last
        if not request.opening:
            inside &= pl.col("day") >= request.first
        dimensions = list(request.dimensions)
        return (
            frame.lazy()
            .filter(inside)
            .join(self._wanted(request, members).lazy(), on="region_code")
            .group_by(bucket(pl.col("day"), request).alias("period"), pl.col("ancestor"), *dimensions)
            .agg(pl.col(request.measures).sum())
            .select(
                "period",
                pl.col("ancestor").alias("region_code"),
                *(pl.col(name).cast(pl.String) for name in dimensions),
                *request.measures,
            )
            .collect()
        )

    def register(self, name: str) -> pl.DataFrame:
        """See ``Store.register``."""
        with self._lock:
            if name not in self._registers:
                self._registers[name] = self._read_register(registers.by_name(name))
            return self._registers[name]

    def _read_register(self, register: Register) -> pl.DataFrame:
        months = self._manifest.registers[register.name]
        frames = [pl.read_parquet(self._archive.read(file)) for file in months.values()]
        whole = pl.concat([pl.DataFrame(schema=register.schema), *frames])
        return registers.presented(whole, (region.code for region in self.regions))

    def _wanted(self, request: FactRequest, members: pl.DataFrame) -> pl.DataFrame:
        wanted = members.filter(pl.col("ancestor").is_in(list(request.regions)))
        return wanted.with_columns(pl.col("region_code").cast(self._places))

    @cached_property
    def _places(self) -> pl.Enum:
        return pl.Enum(sorted(region.code for region in self.regions))

    def _frame(self, fact: Fact) -> pl.DataFrame:
        with self._lock:
            if fact.name not in self._frames:
                self._frames[fact.name] = self._read(fact)
            return self._frames[fact.name]

    def _read(self, fact: Fact) -> pl.DataFrame:
        months = self._manifest.facts[fact.name]
        if not months:
            frame = pl.DataFrame(schema=fact.schema)
        else:
            frame = pl.read_parquet([self._archive.read(file) for file in months.values()])
        places = pl.col("region_code").cast(self._places, strict=False)
        codes = [pl.col(name).cast(pl.Categorical) for name in fact.dimensions]
        coded = frame.select("day", places, *codes, *fact.measure_names)
        # What stands in no region of the tree counts nowhere; `yanpan check` and 数据状态 count it.
        lost = pl.col("region_code").is_null()
        self._unplaced[fact.name] = int(coded.filter(lost)[fact.measure_names[0]].sum())
        return coded.filter(~lost).sort("day")

    def _reference(self, name: str) -> pl.DataFrame:
        if name not in self._references:
            self._references[name] = pl.read_parquet(self._archive.read(self._manifest.reference[name]))
        return self._references[name]
