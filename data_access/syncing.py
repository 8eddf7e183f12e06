"""A sync: one REPEATABLE READ transaction = one numbered version of every fact and register.

Fetched is what changed. A *look* finds the entry months of rows whose updated_at is new, and those whose number of rows is
another; a *reconciliation* compares the digests of all months, and every look becomes one when it finds another server,
another history of it or another role than the last (``origin``); a *rebuild* reads everything. Each such month is fetched
again in all facts and registers of its table; all others keep their files. Regions, organs and categories are read whole
every time. Nothing changed: no new snapshot, only a note that the source was looked at.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias

import polars as pl
from sqlalchemy import Connection, Engine, Table

from data_access import contract, digests, entry_months, facts, registers, replica, retention
from data_access.archive import Archive, Looked, Manifest, SnapshotError
from data_access.entry_months import Month
from data_access.facts import FACTS, Fact
from data_access.origin import read_origin
from data_access.progress import Progress, silent
from data_access.reference import LOCAL, Moment, read_moment, read_reference
from data_access.regions import RegionTree
from data_access.registers import REGISTERS, Register
from data_access.server_memory import read_memory
from data_access.snapshot_policy import SnapshotPolicy, Syncing, snapshot_policy
from data_access.steady import steady

#: The tables that facts and registers are made of.
TABLES: tuple[Table, ...] = tuple(
    table for table in contract.metadata.tables.values() if table.name in contract.ENTRY_DATES
)
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
_COLLECT_SECONDS = 3600.0

#: Entry months to fetch again; None: all of them.
Months: TypeAlias = frozenset[Month] | None
_NO_MONTHS: frozenset[Month] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """How a sync ended. ``manifest``: the newest snapshot now; ``published``: whether this sync made it; ``months`` and
    ``rows``: what was fetched (months by table, rows of facts and registers); ``rebuilt``: why everything was read anew,
    None where it was not; ``moved``: why all months were compared though nobody asked for it; ``mended``: how many damaged files were replaced; ``seconds``: how long it took."""

    manifest: Manifest
    published: bool
    months: int
    rows: int
    rebuilt: str | None
    reconciled: bool
    moved: str | None
    mended: int
    seconds: float


def sync(engine: Engine, archive: Archive, progress: Progress = silent) -> Manifest:
    """Read everything in one transaction and publish it as the next snapshot, whatever has changed.

    Raises as ``advance``.
    """
    with archive.writing(lambda: progress(WAITING)):
        return advance(engine, archive, progress, rebuild="要求全部重取").manifest


WAITING = "本机另一个进程正在取数，等它结束……"


def advance(
    engine: Engine,
    archive: Archive,
    progress: Progress = silent,
    *,
    reconcile: bool = False,
    rebuild: str | None = None,
    policy: SnapshotPolicy | None = None,
) -> Outcome:
    """Bring the archive up to the source; call inside ``archive.writing``. ``rebuild``: why everything is to be read.

    Raises ContractError, RegionTreeError (no clear root), SQLAlchemy's and psycopg2's errors (see ``replica.explain``),
    OSError (disk). Whatever happens on the way, the snapshots that were there stay as they were.
    """
    begun = time.monotonic()
    chosen = policy or snapshot_policy()
    base, why = _base(archive)
    why = rebuild or why
    damaged = archive.damaged(base) if base else frozenset()
    behind = base is not None and base.number != max(archive.numbers())
    plan = _Plan(None if why else base, reconcile or behind, damaged, chosen.sync, change_seen(archive))

    def attempt() -> _Read:
        described = replica.state(engine).sentence
        with steady(engine) as connection:
            return _read(connection, archive, plan, described, progress)

    read = replica.retrying(attempt)
    forced = bool(why or damaged or behind)
    published = forced or base is None or _content(read.manifest) != _content(base)
    made = _published(archive, read) if published or base is None else base
    reconciled = plan.reconcile or read.moved is not None
    _note(archive, made, read, whole=bool(why) or reconciled, keep=chosen)
    taken = time.monotonic() - begun
    return Outcome(made, published, read.months, read.rows, why, reconciled, read.moved, len(damaged), taken)


def change_seen(archive: Archive) -> str | None:
    """What the looks at the server's state have noticed since all months were last compared: it may have passed already."""
    looked, seen = archive.looked(), read_memory(archive.folder)
    if looked is None or seen.changed_at is None or seen.changed_at.timestamp() < looked.reconciled_at:
        return None
    return "看守看到库换过"


def reconcile_due(archive: Archive, hour: int, now: datetime) -> bool:
    """Whether all months were last compared before the latest full ``hour`` of the day (of ``now``'s zone)."""
    latest = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    if latest > now:
        latest -= timedelta(days=1)
    looked = archive.looked()
    return looked is None or looked.reconciled_at < latest.timestamp()


def definitions() -> str:
    """By what the files of a snapshot are made now: the SELECTs of all facts and registers."""
    return f"{facts.definitions_hash()}-{registers.definitions_hash()}"


@dataclass(frozen=True)
class _Plan:
    """What is known before the transaction begins; no ``base``: everything is read."""

    base: Manifest | None
    reconcile: bool
    damaged: frozenset[str]
    syncing: Syncing
    change_seen: str | None = None


@dataclass(frozen=True)
class _Read:
    """What the transaction gave: a manifest without a number of its own yet."""

    manifest: Manifest
    months: int
    rows: int
    moved: str | None


def _base(archive: Archive) -> tuple[Manifest | None, str | None]:
    """The newest snapshot that can be built upon, or why there is none."""
    why = "还没有快照"
    for number in reversed(archive.numbers()):
        try:
            manifest = archive.manifest(number)
        except SnapshotError:
            why = "没有读得出来的快照"
            continue
        if manifest.definitions == definitions():
            return _as_last_looked(archive, manifest), None
        why = "口径已变（阈值配置或版本）"
    return None, why


def _as_last_looked(archive: Archive, manifest: Manifest) -> Manifest:
    """With the digests and origin of the last look, which may know of changes that no fact shows."""
    looked = archive.looked()
    if looked is None or looked.number != manifest.number:
        return manifest
    return replace(manifest, digests=looked.digests, watermarks=looked.watermarks, origin=looked.origin)


def _read(connection: Connection, archive: Archive, plan: _Plan, described: str, progress: Progress) -> _Read:
    moment, origin = read_moment(connection), read_origin(connection)
    moved = None if plan.base is None or plan.reconcile else plan.change_seen or origin.moved(plan.base.origin)
    plan = replace(plan, reconcile=plan.reconcile or moved is not None)
    reference = read_reference(connection)
    RegionTree(reference["region"])
    kept = {name: archive.put(frame) for name, frame in reference.items()}
    found = _Found.of(plan.base)
    wanted = {table.name: _wanted(connection, table, plan, moment, kept, found) for table in TABLES}
    fetching = _Fetching(connection, archive, progress, sum(_makings(table) for table in TABLES if _any(wanted, table)))
    for table in TABLES:
        if _any(wanted, table):
            fetching.fetch(table, wanted[table.name], found)
    manifest = Manifest(
        number=0,
        taken_at=moment.taken_at.isoformat(),
        business_date=moment.business_date.isoformat(),
        newest_event=_newest_event(archive, plan.base, found.facts, moment),
        synthetic=moment.synthetic,
        replica=described,
        definitions=definitions(),
        facts=found.facts,
        registers=found.registers,
        reference=kept,
        digests=found.digests,
        watermarks=found.watermarks,
        origin=origin.noted,
    )
    months = sum(len(found.digests[name] if some is None else some) for name, some in wanted.items())
    return _Read(manifest, months, fetching.rows, moved)


def _any(wanted: Mapping[str, Months], table: Table) -> bool:
    return wanted[table.name] != _NO_MONTHS


@dataclass(frozen=True)
class _Found:
    """What the new manifest will name; begun with what the base names."""

    facts: dict[str, dict[str, str]]
    registers: dict[str, dict[str, str]]
    digests: dict[str, dict[str, str]]
    watermarks: dict[str, str]

    @classmethod
    def of(cls, base: Manifest | None) -> _Found:
        if base is None:
            return cls({fact.name: {} for fact in FACTS}, {one.name: {} for one in REGISTERS}, {}, {})
        return cls(dict(base.facts), dict(base.registers), dict(base.digests), dict(base.watermarks))


def _wanted(
    connection: Connection, table: Table, plan: _Plan, moment: Moment, reference: Mapping[str, str], found: _Found
) -> Months:
    """Which entry months of the table are to be fetched; its watermark and digests are brought up to date."""
    base, name = plan.base, table.name
    known = found.digests.get(name, {})
    since = digests.since(found.watermarks.get(name), moment.taken_at, plan.syncing.overlap)
    changes = digests.read_changes(connection, table, since)
    if changes.newest is not None:
        found.watermarks[name] = changes.newest.isoformat()
    if base is None or not known.keys() >= _held(base, table) or _leans_on_changed(table, base, reference):
        found.digests[name] = digests.read_digests(connection, table)
        return None
    damaged = _damaged_months(base, table, plan.damaged)
    candidates: Months = None
    if not plan.reconcile:
        candidates = changes.months | damaged
        if plan.syncing.count_rows:
            candidates |= digests.miscounted(known, digests.read_counts(connection, table))
    found.digests[name] = _renewed(connection, table, known, candidates)
    # Rows that only lie within the overlap have the digest that is known: their months need not be fetched again.
    return digests.differing(known, found.digests[name]) | damaged


def _renewed(connection: Connection, table: Table, known: Mapping[str, str], months: Months) -> dict[str, str]:
    """The digests known, those of ``months`` read anew."""
    fresh = digests.read_digests(connection, table, months) if months != _NO_MONTHS else {}
    return {**_others(known, months), **fresh}


def _held(base: Manifest, table: Table) -> set[str]:
    """The months of which the base has files."""
    return {month for fact in _facts_of(table) for month in base.facts.get(fact.name, {})}


def _leans_on_changed(table: Table, base: Manifest, reference: Mapping[str, str]) -> bool:
    """Whether a fact of the table looks into a reference table that is another now (feeds stand at the root)."""
    return any(base.reference.get(name) != reference[name] for fact in _facts_of(table) for name in fact.reads)


def _damaged_months(base: Manifest, table: Table, damaged: frozenset[str]) -> frozenset[Month]:
    named = [base.facts.get(fact.name, {}) for fact in _facts_of(table)]
    named += [base.registers.get(register.name, {}) for register in _registers_of(table)]
    return frozenset(entry_months.named(month) for files in named for month, file in files.items() if file in damaged)


def _facts_of(table: Table) -> list[Fact]:
    return [fact for fact in FACTS if fact.table is table]


def _registers_of(table: Table) -> list[Register]:
    return [register for register in REGISTERS if register.table is table]


def _makings(table: Table) -> int:
    return len(_facts_of(table)) + len(_registers_of(table))


class _Fetching:
    """Fetches months of one table after the other into what was found, and says how far it is."""

    def __init__(self, connection: Connection, archive: Archive, progress: Progress, total: int) -> None:
        self._connection = connection
        self._archive = archive
        self._progress = progress
        self._total = total
        self._done = 0
        self.rows = 0

    def fetch(self, table: Table, months: Months, found: _Found) -> None:
        """All facts and registers of the table."""
        for fact in _facts_of(table):
            keys = [name for name in fact.schema if name not in fact.measure_names]
            found.facts[fact.name] = self._merged(fact, keys, months, found.facts.get(fact.name, {}))
        for register in _registers_of(table):
            keys = list(register.schema)
            found.registers[register.name] = self._merged(
                register, keys, months, found.registers.get(register.name, {})
            )

    def _merged(
        self, made: Fact | Register, keys: list[str], months: Months, held: Mapping[str, str]
    ) -> dict[str, str]:
        """Sorted by ``keys``, so that the same rows give the same bytes and so the same file."""
        frame = replica.copy_frame(self._connection, made.snapshot_select(months), made.schema)
        parts = frame.sort(keys).partition_by("entry_month", as_dict=True, maintain_order=True)
        fresh = {entry_months.key(month): self._archive.put(part) for (month,), part in parts.items()}
        self._done += 1
        self.rows += frame.height
        self._progress(f"{self._done}/{self._total} {made.name}：{frame.height} 行")
        return {**_others(held, months), **fresh}


def _others(held: Mapping[str, str], months: Months) -> dict[str, str]:
    """What stays of the months held when ``months`` are fetched anew."""
    if months is None:
        return {}
    return {name: value for name, value in held.items() if entry_months.named(name) not in months}


def _newest_event(
    archive: Archive, base: Manifest | None, files: Mapping[str, Mapping[str, str]], moment: Moment
) -> str | None:
    """From the files themselves, so that it is the same whichever way they came together."""
    same_day = base is not None and base.business_date == moment.business_date.isoformat()
    if base is not None and same_day and all(base.facts.get(fact.name) == files[fact.name] for fact in _EVENT_FACTS):
        return base.newest_event
    # A date after the moment of reading is a slip of the keyboard, not news.
    past = pl.col("day") <= moment.local_day
    newest = [
        pl.read_parquet(io.BytesIO(archive.read(file)), columns=["day"]).filter(past)["day"].max()
        for fact in _EVENT_FACTS
        for file in files[fact.name].values()
    ]
    return max((day.isoformat() for day in newest if isinstance(day, date)), default=None)


def _content(manifest: Manifest) -> tuple[object, ...]:
    """What makes it another snapshot: its files, and the day up to which it speaks. Not when it was looked at."""
    return (
        manifest.facts,
        manifest.registers,
        manifest.reference,
        manifest.business_date,
        manifest.newest_event,
        manifest.synthetic,
        manifest.definitions,
    )


def _published(archive: Archive, read: _Read) -> Manifest:
    made = replace(read.manifest, number=max(archive.numbers(), default=0) + 1)
    archive.publish(made)
    return made


def _note(archive: Archive, made: Manifest, read: _Read, *, whole: bool, keep: SnapshotPolicy) -> None:
    """Write down what was found, and clear away what is no longer kept, once an hour."""
    before, now = archive.looked(), time.time()
    collected = before.collected_at if before else 0.0
    looked = Looked(
        number=made.number,
        at=read.manifest.taken_at,
        clock=now,
        digests=read.manifest.digests,
        watermarks=read.manifest.watermarks,
        origin=read.manifest.origin,
        reconciled_at=now if whole else before.reconciled_at if before else 0.0,
        collected_at=collected,
    )
    archive.note(looked)
    if not 0 <= now - collected < _COLLECT_SECONDS:
        retention.collect(archive, keep.keep, datetime.now(tz=LOCAL))
        archive.note(replace(looked, collected_at=now))
