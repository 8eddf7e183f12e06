"""What no row of a table holds: counted, said in the file's 说明 and in its name."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from dashboard.export import Export
from dashboard.remainder import Remainder, remainders
from data_access.snapshot import Snapshot
from metrics.core.evaluate import evaluate
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests.metrics.conftest import CityOf
from tests.metrics.conftest import city_of as city_of
from tests.metrics.examples import COUNTY, TOWNSHIP

FEBRUARY = Period.inclusive(date(2026, 2, 1), date(2026, 2, 28))
INFLOW = f"""
day         region_code  source        items
2026-02-03  {TOWNSHIP}   police_call   70
2026-02-04  {COUNTY}     police_call   5
2026-02-04  {COUNTY}     civil_filing  40
"""
MEDIATIONS = f"""
times  region_code  accepted_at  channel  committee_kind  outcome  concluded_on
60  {TOWNSHIP}  2026-02-02 09:00  direct  village  succeeded  2026-02-05
40  {TOWNSHIP}  2026-02-02 09:00  direct  village  failed  2026-02-05
30  {COUNTY}  2026-02-02 09:00  court_delegated  county  succeeded  2026-02-12
"""


@pytest.fixture(scope="module")
def snapshot(city_of: CityOf) -> Snapshot:
    return city_of({"mediation": MEDIATIONS, "dispute_inflow": INFLOW}).snapshot


def left(snapshot: Snapshot, query: Query) -> tuple[Remainder, ...]:
    return remainders(query, evaluate(query, snapshot, metrics()), snapshot, metrics())


def exported(snapshot: Snapshot, query: Query) -> Export:
    rows = evaluate(query, snapshot, metrics())
    unplaced = remainders(query, rows, snapshot, metrics())
    return Export(query, rows, metrics(), snapshot.regions, snapshot.provenance, unplaced=unplaced)


def test_what_is_coded_above_the_level_is_counted_for_counts_and_rates(snapshot: Snapshot) -> None:
    keys = ("police_disputes", "civil_filings", "mediation_success_rate", "petition_volume")
    found = left(snapshot, Query(keys, COUNTY, 1, FEBRUARY))
    assert [(rest.metric.key, rest.whole, rest.rest) for rest in found] == [
        ("police_disputes", 75, 5),
        ("civil_filings", 40, 40),
        ("mediation_success_rate", 130, 30),
    ]
    assert [rest.words() for rest in found] == [
        "矛盾纠纷类警情 5 件",
        "民商事收案全部 40 件（各行的 0 表示未细分到该级）",
        "调解成功率的分母 30",
    ]


@pytest.mark.parametrize("grain", [Grain.day, Grain.month])
def test_buckets_and_break_downs_do_not_change_it(snapshot: Snapshot, grain: Grain) -> None:
    [rest] = left(snapshot, Query(("police_disputes",), COUNTY, 1, FEBRUARY, grain))
    assert rest.rest == 5
    [split] = left(snapshot, Query(("mediation_concluded",), COUNTY, 1, FEBRUARY, grain, ("channel",)))
    assert split.rest == 30


def test_nothing_is_left_of_the_region_itself_nor_where_a_figure_is_hidden(snapshot: Snapshot) -> None:
    assert left(snapshot, Query(("police_disputes",), COUNTY, 2, FEBRUARY)) == ()
    query = Query(("police_disputes",), COUNTY, 1, FEBRUARY)
    hidden = evaluate(query, snapshot, metrics()).with_columns(state=pl.lit("suppressed"))
    assert remainders(query, hidden, snapshot, metrics()) == ()


def test_a_stock_over_several_buckets_is_not_added_up(snapshot: Snapshot) -> None:
    assert left(snapshot, Query(("open_petitions",), COUNTY, 1, FEBRUARY, Grain.day)) == ()


def test_the_file_says_it_in_its_description_and_its_name(snapshot: Snapshot) -> None:
    one = exported(snapshot, Query(("police_disputes",), COUNTY, 1, FEBRUARY))
    assert dict(one.description())["未细分"] == "只记到所列层级以上区划的，不在各行之内：矛盾纠纷类警情 5 件。"
    assert "_不含未细分5件" in one.file_stem
    two = exported(snapshot, Query(("police_disputes", "mediation_success_rate"), COUNTY, 1, FEBRUARY))
    assert two.file_stem.split("_")[-1] == "不含未细分"
    whole = exported(snapshot, Query(("police_disputes",), COUNTY, 2, FEBRUARY))
    assert "未细分" not in whole.file_stem
    assert "未细分" not in dict(whole.description())
