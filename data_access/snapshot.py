"""A snapshot in memory: what the pages and exports ask. How it is made: ``syncing``; how it is kept: ``archive``."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from threading import Lock

import polars as pl

from data_access import registers
from data_access.archive import Archive, Manifest, SnapshotError
from data_access.facts import FACTS, Fact
from data_access.progress import Progress, silent
from data_access.regions import RegionTree
from data_access.registers import REGISTERS, Register
from data_access.store import FactRequest, Provenance, bucket
from data_access.syncing import definitions, sync

__all__ = [
    "Archive",
    "Manifest",
    "Progress",
    "Snapshot",
    "SnapshotError",
    "asked_for",
    "definitions",
    "last_good",
    "silent",
    "sync",
]


def last_good(archive: Archive, say: Progress = silent) -> Snapshot:
    """The newest snapshot that is whole and made by the definitions of this program; ``say`` is told when it is not the newest.

    Every file of it has been read once. Raises SnapshotError, that of the newest, when there is none.
    """
    first: SnapshotError | None = None
    for number in reversed(archive.numbers()):
        try:
            found = whole(archive, number)
        except SnapshotError as error:
            first = first or error
            continue
        if first is not None:
            say(f"{first}；暂用快照 №{number}（{found.provenance.taken_at:%Y-%m-%d %H:%M} 取数）")
        return found
    raise first or SnapshotError("还没有快照。请先运行：yanpan sync --once")


def whole(archive: Archive, number: int | None) -> Snapshot:
    """That snapshot, every file of it read once; None: the newest. Raises SnapshotError."""
    manifest = archive.manifest(number)
    found = Snapshot(archive, manifest)
    for file in sorted(archive.damaged(manifest)):
        archive.read(file)
    return found


def asked_for(archive: Archive, number: int | None, moment: datetime | None, say: Progress = silent) -> Snapshot:
    """The snapshot of that number, or the one in use at ``moment`` (with time zone), or the last good one. Raises SnapshotError."""
    if number is None and moment is None:
        return last_good(archive, say)
    return whole(archive, archive.as_of(moment) if number is None and moment is not None else number)


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
