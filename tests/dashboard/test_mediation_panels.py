"""The questions of the mediation page, asked of a little city whose figures are known by heart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dashboard import answers, explored, exploring
from dashboard.address import Selection
from dashboard.explored import Answer
from dashboard.exploring import ExploreQuery
from dashboard.look import LIGHT
from dashboard.page import PEERS, Page, PageSpec
from dashboard.panels import channels, mediation, mix, pyramid
from dashboard.panels.league import peers_of
from dashboard.span import Span
from dashboard.views.screen import Screen
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests.metrics.conftest import CityOf
from tests.metrics.conftest import city_of as city_of
from tests.metrics.examples import COUNTY, ROOT, TOWNSHIP

RATE, DAYS = "mediation_success_rate", "mediation_mean_days"
MEDIATIONS = f"""
times  region_code  accepted_at  channel  committee_kind  outcome  concluded_on
40  {TOWNSHIP}  2026-01-20 09:00  direct  village  succeeded  2026-01-25
50  {TOWNSHIP}  2026-01-20 09:00  direct  township  succeeded  2026-01-26
10  {TOWNSHIP}  2026-01-20 09:00  direct  village  failed  2026-01-25
60  {TOWNSHIP}  2026-02-02 09:00  direct  village  succeeded  2026-02-05
40  {TOWNSHIP}  2026-02-02 09:00  direct  village  failed  2026-02-05
30  {COUNTY}  2026-02-02 09:00  court_delegated  county  succeeded  2026-02-12
20  {COUNTY}  2026-02-02 09:00  court_delegated  county  failed  2026-02-12
2  {COUNTY}  2026-02-03 09:00  petition  township  succeeded  2026-02-04
1  {TOWNSHIP}  2026-02-03 09:00  mystery  township  failed  2026-02-04
9  {TOWNSHIP}  2026-02-20 09:00  direct  village  -  -
"""
INFLOW = f"""
day  region_code  source  items
2026-02-03  {TOWNSHIP}  police_call  70
2026-02-03  {COUNTY}  civil_filing  40
2026-02-04  {COUNTY}  police_call  5
"""


@pytest.fixture(scope="module")
def page(city_of: CityOf) -> Page:
    snapshot = city_of({"mediation": MEDIATIONS, "dispute_inflow": INFLOW}).snapshot
    spec = PageSpec("mediation", (RATE, DAYS), Grain.month)
    chosen = Selection(ROOT, Span.holding(date(2026, 2, 1), Grain.month), RATE)
    return Page("调解成效", spec, snapshot, chosen, chosen, Screen(1.0, LIGHT), 0)


def at(page: Page, **changes: object) -> Page:
    return replace(page, selection=replace(page.selection, **changes))  # type: ignore[arg-type]


def figures(page: Page, key: str = RATE) -> dict[str | None, tuple[int, int]]:
    found = channels.by_channel(page, metrics()[key])
    return {code: (moved.row["numerator"], moved.row["denominator"]) for code, moved in found.items()}


def test_each_channel_stands_beside_all_of_them_and_an_unknown_one_is_not_lost(page: Page) -> None:
    assert figures(page) == {
        "direct": (60, 100),
        "court_delegated": (30, 50),
        "petition": (2, 2),
        "mystery": (0, 1),
        "all": (92, 153),
    }


def test_a_fall_from_ninety_to_sixty_per_cent_of_a_hundred_is_no_chance(page: Page) -> None:
    found = channels.by_channel(page, metrics()[RATE])
    assert found["direct"].side == -1
    assert found["direct"].before is not None
    assert found["direct"].before["value"] == 0.9
    assert found["court_delegated"].before is None
    assert found["court_delegated"].side == found["petition"].side == 0
    assert channels.finding(page, metrics()[RATE], found) == "调解成功率：直接受理下降，其余渠道变化不显著"


def test_days_have_their_interval_from_their_squares(page: Page) -> None:
    row = channels.by_channel(page, metrics()[DAYS])["all"].row
    assert row["lower"] < row["value"] < row["upper"]


def test_the_chosen_channel_narrows_the_page_but_not_the_table_of_channels(page: Page) -> None:
    narrowed = at(page, where=(("channel", ("direct",)),))
    assert figures(narrowed) == figures(page)
    other = at(page, where=(("committee_kind", ("county",)),))
    assert figures(other) == {"court_delegated": (30, 50), "all": (30, 50)}


def test_a_source_recorded_above_the_level_is_unknown_below_it_and_no_zero(page: Page) -> None:
    assert pyramid.layers_of(page, ROOT, 3) == {ROOT: {"base": 62, "police": 75, "civil": 40}}
    assert pyramid.layers_of(page, ROOT, 2) == {COUNTY: {"base": 62, "police": 75, "civil": 40}}
    assert pyramid.layers_of(page, COUNTY, 1) == {TOWNSHIP: {"base": 60, "police": 70, "civil": None}}
    assert pyramid.layers_of(page, TOWNSHIP, 1) == {TOWNSHIP: {"base": 60, "police": 70, "civil": None}}


def test_a_count_recorded_above_the_township_has_no_value_there_and_is_compared_by_county(page: Page) -> None:
    filings = at(page, metric="civil_filings", region=TOWNSHIP)
    assert filings.compared(["civil_filings"]).select("value", "state").row(0) == (None, "not_measured")
    assert filings.compared_region.code == ROOT
    assert filings.series(["civil_filings"], TOWNSHIP, 1, 1)["state"].unique().to_list() == ["not_measured"]
    assert at(page, metric="civil_filings", region=COUNTY).compared(["civil_filings"])["value"].to_list() == [40]
    assert filings.compared(["police_disputes"])["value"].to_list() == [70]


def test_a_batch_with_many_open_cases_is_unripe(page: Page) -> None:
    newest, before = mediation._cohorts(page, Period.inclusive(date(2026, 1, 1), date(2026, 2, 28)), Grain.month)
    assert (newest["denominator"], newest["open"]) == (162, 9)
    assert (before["denominator"], before["open"]) == (100, 0)
    assert mediation._unripe(newest)
    assert not mediation._unripe(before)


def test_an_unripe_rate_is_held_against_nothing_earlier(page: Page) -> None:
    accepted = at(page, metric="mediation_success_of_accepted")
    assert channels.channel_rate(accepted).key == RATE
    assert mediation._open_share(accepted) == pytest.approx(9 / 162)
    assert mediation._open_share(page) == 0.0


def test_mix_and_rate_add_up_to_the_difference(page: Page) -> None:
    (row,) = mix.differences(page, metrics()[RATE])
    assert row["cases"] == 153
    assert row["mix_effect"] + row["rate_effect"] == pytest.approx(row["crude"] - row["standard"], abs=1e-12)
    assert row["verdict"] is None
    below = {**row, "wide_lower": 0.3, "wide_upper": 0.5, "standard": 0.6, "mix_effect": -0.01, "rate_effect": -0.1}
    assert mix._verdict(below, metrics()[RATE]) == "worse"
    assert mix._verdict({**below, "cases": 3}, metrics()[RATE]) is None
    assert mix._verdict({**below, "covered": 0.2}, metrics()[RATE]) is None
    said = mix.finding(page, [{**below, "verdict": "worse"}], metrics()[RATE], "县市区")
    assert said == f"{COUNTY}同渠道低于全体（结构 −1.0，同渠道 −10.0 百分点）"


def test_a_free_question_offers_no_level_below_that_at_which_a_source_is_coded(page: Page) -> None:
    known = answers.Recorded(page.snapshot, COUNTY)
    tree, county = page.tree, page.tree.get(COUNTY)
    assert exploring.levels([known["civil_filings"]], tree, county) == [2]
    assert exploring.levels([known["police_disputes"]], tree, county) == [2, 1]
    words = {"metric": ["police_disputes", "civil_filings"], "level": ["township"]}
    asked, notes = exploring.read(words, ExploreQuery((RATE,)), known, tree, county)
    assert (asked.level, notes) == (None, ["民商事收案在乡镇(街道)一级不统计，已改为默认层级"])


def test_a_free_question_about_a_township_calls_what_is_coded_above_it_unknown(page: Page) -> None:
    query = Query(("civil_filings", "police_disputes"), TOWNSHIP, 1, page.period)
    frame = explored.table(Answer(page.snapshot, query))
    states = frame.select("civil_filings.state", "police_disputes.state").row(0)
    assert states == ("not_measured", "ok")
    assert frame["police_disputes.value"].item() == 70


def test_only_counties_are_told_apart_by_kind(page: Page) -> None:
    metric = metrics()[RATE]
    chosen = page.selection.switched(PEERS, "county")
    counties = peers_of(at(page, switches=chosen.switches), metric)
    towns = peers_of(at(page, region=COUNTY, switches=chosen.switches), metric)
    assert counties.occurring
    assert (towns.occurring, towns.codes, towns.group) == ((), None, PEERS.default)
    assert towns.members == tuple(page.tree.at_level(COUNTY, 1))


def test_the_kind_of_county_narrows_nothing_among_towns(page: Page) -> None:
    switches = page.selection.switched(PEERS, "devzone").switches
    narrowed = mix.differences(at(page, region=COUNTY, switches=switches), metrics()[RATE])
    assert narrowed == mix.differences(at(page, region=COUNTY), metrics()[RATE])
