"""Parts = total, counted in two ways: in a city whose figures are known by heart, and where the two do not agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy.engine import URL

from data_access import replica
from data_access.coded import Coded
from data_access.regions import COUNTY, TOWNSHIP
from data_access.snapshot import Archive, Snapshot, sync
from data_access.store import Store
from metrics.core.evaluate import evaluate
from metrics.core.period import Period
from metrics.core.query import Query
from metrics.reconciled import Reconciled, reconciled
from metrics.registry import metrics
from tests import databases, small_city
from tests.small_city import LILING, ROOT, TOWN

YEAR = Period.inclusive(date(2025, 12, 1), date(2026, 3, 31))
KEYS = ("petition_volume", "open_petitions", "orders_issued", "deduction_points", "feed_records", "repeat_share")


@pytest.fixture
def small(database: URL, tmp_path: Path) -> Snapshot:
    """The small city as a snapshot."""
    return snapshot_of(small_city.fill(database), tmp_path)


def snapshot_of(url: URL, folder: Path) -> Snapshot:
    """The database as it stands now."""
    engine, archive = replica.connect(databases.reader(url)), Archive(folder)
    try:
        return Snapshot(archive, sync(engine, archive))
    finally:
        engine.dispose()


def asking(store: Store) -> Callable[[Query], pl.DataFrame]:
    return lambda query: evaluate(query, store, metrics())


def compared(snapshot: Snapshot, coded: Store, region: str = ROOT) -> dict[str, Reconciled]:
    query = Query((), region, snapshot.regions.get(region).level, YEAR)
    found = reconciled([metrics()[key] for key in KEYS], snapshot.regions, query, asking(snapshot), asking(coded))
    return {one.metric: one for one in found}


def test_what_is_coded_above_the_level_is_said_and_everything_adds_up(small: Snapshot) -> None:
    found = compared(small, Coded(small))
    assert list(found) == [key for key in KEYS if metrics()[key].additive]
    assert all(one.holds for one in found.values())
    volume = found["petition_volume"]
    # Eight petitions, one of them nowhere, one coded at the county.
    assert volume.whole == 7
    assert [(step.level, step.whole, step.parts, step.unspecified) for step in volume.steps] == [
        (COUNTY, 7, 7, 0),
        (TOWNSHIP, 7, 6, 1),
    ]
    points = found["deduction_points"]
    # 1.25 + 0.10 of the county, −0.50 of the city's own.
    assert (points.whole, points.steps[0].parts, points.steps[0].unspecified) == (85, 135, -50)


def test_a_level_at_which_a_metric_is_not_recorded_is_marked(small: Snapshot) -> None:
    found = compared(small, Coded(small))
    assert [step.measured for step in found["orders_issued"].steps] == [True, False]
    assert [step.measured for step in found["feed_records"].steps] == [False, False]
    assert found["feed_records"].steps[0].unspecified == found["feed_records"].whole == 10


def test_below_a_county_and_where_nothing_lies_below(small: Snapshot) -> None:
    [step] = compared(small, Coded(small), LILING)["petition_volume"].steps
    assert (step.level, step.whole, step.parts, step.unspecified, step.parents) == (TOWNSHIP, 5, 4, 1, 1)
    assert compared(small, Coded(small), TOWN)["petition_volume"].steps == ()


def test_a_village_has_no_parts(database: URL, tmp_path: Path) -> None:
    url = small_city.fill(database)
    village = f"insert into rpt.region values ('430281101201', '某村', 0, '{TOWN}', 'county', null, null, null)"
    databases.execute(url, village)
    snapshot = snapshot_of(url, tmp_path)
    found = compared(snapshot, Coded(snapshot), "430281101201")
    assert found["petition_volume"] == Reconciled("petition_volume", 0, ())


def test_a_count_that_does_not_agree_is_named(small: Snapshot, database: URL, tmp_path: Path) -> None:
    databases.execute(database, f"delete from rpt.petition where region_code = '{LILING}'")
    later = snapshot_of(database, tmp_path / "later")
    volume = compared(small, Coded(later))["petition_volume"]
    assert not volume.holds
    assert [step.wrong for step in volume.steps] == [(), (LILING,)]


def test_of_a_snapshot_the_coded_rows_of_all_regions_are_the_whole(small: Snapshot) -> None:
    tree = small.regions
    levels = {region.level for region in tree}
    query = [Query(("petition_volume",), ROOT, level, YEAR) for level in levels]
    own = sum(frame["numerator"].sum() for frame in map(asking(Coded(small)), query))
    whole = evaluate(Query(("petition_volume",), ROOT, tree.root.level, YEAR), small, metrics())
    assert own == whole["numerator"].item() == 7
