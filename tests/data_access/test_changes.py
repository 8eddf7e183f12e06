"""Two snapshots side by side: which files differ, what the events of the changed facts sum up to, what stands nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy.engine import URL

from data_access import replica
from data_access.changes import changed_files, sums_of_changed
from data_access.snapshot import Archive, Manifest, Snapshot, SnapshotError, sync
from tests import databases, small_city
from tests.small_city import TOWN


@pytest.fixture
def city(database: URL) -> URL:
    return small_city.fill(database)


def synced(url: URL, archive: Archive) -> Manifest:
    engine = replica.connect(databases.reader(url))
    try:
        return sync(engine, archive)
    finally:
        engine.dispose()


def test_two_readings_of_the_same_rows_differ_in_nothing(city: URL, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before, after = synced(city, archive), synced(city, archive)
    assert changed_files(before, after) == 0
    assert [frame.height for frame in sums_of_changed(archive, before, after)] == [0, 0]


def test_only_facts_with_a_changed_month_are_read_and_then_whole(city: URL, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before = synced(city, archive)
    databases.execute(city, "update rpt.petition set registered_at = '2026-01-02 09:00+08' where petition_id = 2")
    after = synced(city, archive)
    then, now = sums_of_changed(archive, before, after)
    assert set(then["fact"]) == set(now["fact"]) == {"petition_registered"}
    # All eight petitions on both sides: months that did not change, and those without a place in the tree, included.
    assert then["items"].sum() == now["items"].sum() == 8
    moved = pl.col("region_code") == TOWN
    assert then.filter(moved, pl.col("day") == date(2026, 1, 1))["items"].to_list() == [1]
    assert now.filter(moved, pl.col("day") == date(2026, 1, 2))["items"].to_list() == [1]
    assert changed_files(before, after) == sum(
        after.facts[name][month] != before.facts[name].get(month) for name in after.facts for month in after.facts[name]
    )


def test_a_month_that_vanished_counts_as_changed(city: URL, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before = synced(city, archive)
    databases.execute(city, "delete from rpt.feed_receipt")
    after = synced(city, archive)
    assert changed_files(before, after) == 1
    then, now = sums_of_changed(archive, before, after)
    assert then.select("fact", "items").rows() == [("feed_receipt", 10)]
    assert now.height == 0


def test_snapshots_of_other_definitions_are_not_compared(city: URL, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before = synced(city, archive)
    with pytest.raises(SnapshotError, match="口径不同，不能逐日相比"):
        sums_of_changed(archive, replace(before, definitions="another"), before)


def test_a_lost_file_is_told(city: URL, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before = synced(city, archive)
    databases.execute(city, "update rpt.dispute_inflow set items = 4")
    after = synced(city, archive)
    (tmp_path / "files" / next(iter(before.facts["dispute_inflow"].values()))).unlink()
    with pytest.raises(SnapshotError, match="读不出来"):
        sums_of_changed(archive, before, after)


def test_what_stands_in_no_region_is_counted_by_fact(city: URL, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    snapshot = Snapshot(archive, synced(city, archive))
    assert snapshot.unplaced["petition_registered"] == 1
    assert "mediation_accepted" not in snapshot.unplaced
    databases.execute(city, "delete from rpt.petition where petition_id = 7")
    assert Snapshot(archive, synced(city, archive)).unplaced == {}
