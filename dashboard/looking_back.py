"""What the background finds out after each snapshot: the versions there are, and what the newest one restates."""

from __future__ import annotations

import polars as pl

from dashboard.current import Restated, Version
from data_access.changes import changed_files, sums_of_changed
from data_access.regions import COUNTY, RegionTree
from data_access.snapshot import Archive, Manifest, Snapshot, SnapshotError, definitions
from metrics.restated import restated

#: So many versions are listed; older ones stay in the archive.
LISTED = 12


def versions(archive: Archive) -> tuple[Version, ...]:
    """The newest snapshots, the newest first. A manifest that cannot be read is left out."""
    found: list[Version] = []
    before: Manifest | None = None
    for number in archive.numbers()[-LISTED - 1 :]:
        manifest = _manifest(archive, number)
        if manifest is not None:
            found.append(_version(manifest, before))
        before = manifest
    return tuple(found[::-1][:LISTED])


def compared_with_previous(archive: Archive, fresh: Snapshot) -> Restated:
    """What ``fresh`` says differently of days that the snapshot before it had closed. Never raises: a fault is told."""
    number = fresh.provenance.number or 0
    before = max((other for other in archive.numbers() if other < number), default=None)
    if before is None:
        return Restated(number)
    try:
        old = archive.manifest(before)
        sums = sums_of_changed(archive, old, archive.manifest(number))
    except SnapshotError as error:
        return Restated(number, before, fault=str(error))
    closed = old.provenance.business_date
    return Restated(number, before, closed, restated(*sums, closed, _counties(fresh.regions)))


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


def _version(manifest: Manifest, before: Manifest | None) -> Version:
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
    )
