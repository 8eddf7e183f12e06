"""What the background finds out after each snapshot: the versions there are, and what the newest one restates."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from dashboard.current import Restated, Version
from dashboard.export import harmless
from data_access import retention
from data_access.changes import EVENTS, changed_files, sums_of_changed
from data_access.regions import COUNTY, RegionTree
from data_access.snapshot import Archive, Manifest, Snapshot, SnapshotError, definitions
from data_access.snapshot_policy import snapshot_policy
from metrics.restated import RESTATED, restated

#: So many of the newest versions are listed, and of the older ones those that are kept longer than others.
LISTED = 12
_PASSING = {"最新", "近期", "每小时"}


def versions(archive: Archive, now: datetime) -> tuple[tuple[Version, ...], int]:
    """The newest snapshots and those kept by the day, for a meeting or for ever, the newest first; and how many others
    there are. A manifest that cannot be read is left out."""
    numbers = archive.numbers()
    kept = retention.kept(archive, snapshot_policy().keep, now)
    lasting = {number for number, why in kept.items() if any(one.text not in _PASSING for one in why)}
    found: list[Version] = []
    for place, number in enumerate(numbers):
        if number not in numbers[-LISTED:] and number not in lasting:
            continue
        manifest = _manifest(archive, number)
        if manifest is not None:
            before = _manifest(archive, numbers[place - 1]) if place else None
            found.append(_version(manifest, before, "、".join(one.text for one in kept.get(number, ()))))
    return tuple(found[::-1]), len(numbers) - len(found)


def compared_with_previous(archive: Archive, fresh: Snapshot) -> Restated:
    """What ``fresh`` says differently of days that the snapshot before it had closed. Never raises: a fault is told."""
    number = fresh.provenance.number or 0
    before = max((other for other in archive.numbers() if other < number), default=None)
    return Restated(number) if before is None else _compared(archive, before, fresh)


def compared_with_meeting(archive: Archive, fresh: Snapshot, meeting: datetime) -> Restated:
    """As ``compared_with_previous``, against the snapshot that was in use at ``meeting``; its absence is a fault."""
    try:
        before = archive.as_of(meeting)
    except SnapshotError:
        return Restated(fresh.provenance.number or 0, fault="那时没有留下快照", meeting=meeting)
    return _compared(archive, before, fresh, meeting)


def _compared(archive: Archive, before: int, fresh: Snapshot, meeting: datetime | None = None) -> Restated:
    number = fresh.provenance.number or 0
    try:
        closed, frame = _restated(archive, before, fresh)
    except SnapshotError as error:
        return Restated(number, before, fault=str(error), meeting=meeting)
    return Restated(number, before, closed, frame, meeting=meeting)


def keep_for_meeting(archive: Archive, meeting: datetime) -> int | None:
    """Mark the snapshot that was in use at ``meeting`` as shown there, so that it is kept; its number, None where there is
    none or it bears a mark already. Call inside ``archive.writing``."""
    try:
        number = archive.as_of(meeting)
    except SnapshotError:
        return None
    if number in retention.pins(archive):
        return None
    retention.pin(archive, number, f"{meeting:%m-%d} 例会", meeting)
    return number


def between(archive: Archive, before: int, after: int | None) -> pl.DataFrame:
    """What the snapshot ``after`` (None: the newest) says differently than ``before`` of days that ``before`` had closed.

    One row per fact, county and month: fact, measure, region_code, region_name, month, before, after, added, removed; see
    ``metrics.restated``. Raises SnapshotError.
    """
    fresh = Snapshot(archive, archive.manifest(after))
    _, frame = _restated(archive, before, fresh)
    measures = {fact.name: measure for fact, measure in EVENTS.items()}
    names = {region.code: region.name for region in fresh.regions}
    named = frame.with_columns(
        measure=pl.col("fact").replace_strict(measures, return_dtype=pl.String),
        region_name=harmless(pl.col("region_code").replace_strict(names, default=None, return_dtype=pl.String)),
    )
    return named.select("fact", "measure", "region_code", "region_name", *list(RESTATED)[2:])


def _restated(archive: Archive, before: int, fresh: Snapshot) -> tuple[date, pl.DataFrame]:
    """The last day that ``before`` had closed, and what ``fresh`` says differently of the days up to it."""
    old = archive.manifest(before)
    sums = sums_of_changed(archive, old, archive.manifest(fresh.provenance.number))
    closed = old.provenance.business_date
    return closed, restated(*sums, closed, _counties(fresh.regions))


def _counties(tree: RegionTree) -> pl.DataFrame:
    """Every region under the code of its county; what stands above the counties under its own."""
    within = tree.membership(COUNTY)
    above = [region.code for region in tree if region.level > COUNTY]
    rest = pl.DataFrame({"region_code": above, "ancestor": above}, schema=within.schema)
    return pl.concat([within, rest])


def _manifest(archive: Archive, number: int) -> Manifest | None:
    try:
        return archive.manifest(number)
    except SnapshotError:
        return None


def _version(manifest: Manifest, before: Manifest | None, kept: str) -> Version:
    made = manifest.provenance
    return Version(
        number=manifest.number,
        taken_at=made.taken_at,
        business_date=made.business_date,
        newest_event=made.newest_event,
        replica=made.replica,
        files=sum(map(len, [*manifest.facts.values(), *manifest.registers.values()])),
        changed=None if before is None else changed_files(before, manifest),
        readable=manifest.definitions == definitions(),
        kept=kept,
    )
