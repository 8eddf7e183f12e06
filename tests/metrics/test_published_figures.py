"""The figures that 钟祥, 株洲, 甘肃 and 白银 published, made into rows and computed again from numerator and denominator.

Where a printed rate contradicts its own figures (诉调 "64%", 访调 "88%"), the computed one stands here, and what the
reconciliation says of it. Numbers D1–D21 are those of the audit in design/domain.md, section 1.1.
"""

from __future__ import annotations

from datetime import date

import pytest

from metrics.core import reconcile
from metrics.core.evaluate import evaluate
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.core.scheme import scheme
from metrics.core.scoring import evaluate_scheme
from metrics.registry import metrics
from tests.metrics import examples
from tests.metrics.conftest import CityOf

_THREE_YEARS = Period.inclusive(date(2018, 1, 1), date(2020, 12, 31))
_REPORTED_ON = date(2021, 6, 18)

# Totals 4600, 4575, 5562; of them to the nation 59 batches with 91 persons, then 151 with 177.
_PETITIONS = {
    "petition": """
times  registered_at     channel  received_level  persons
4541   2018-06-01 09:00  web      2               1
27     2018-06-01 09:00  visit    5               1
32     2018-06-01 09:00  visit    5               2
4424   2019-06-01 09:00  web      2               1
125    2019-06-01 09:00  visit    5               1
26     2019-06-01 09:00  visit    5               2
5562   2020-06-01 09:00  web      2               1
"""
}

_MEDIATIONS = {
    "mediation": """
times  accepted_at       channel          outcome    concluded_on
1245   2020-03-02 09:00  court_entrusted  succeeded  2020-04-01
738    2020-03-02 09:00  court_entrusted  failed     2020-04-01
337    2020-03-02 09:00  petition         succeeded  2020-04-01
50     2020-03-02 09:00  petition         failed     2020-04-01
279    2020-03-02 09:00  admin            succeeded  2020-04-01
1983   2020-03-02 09:00  guided           succeeded  2020-04-01
80     2020-03-02 09:00  guided           failed     2020-04-01
"""
}

_CENTRE = {
    "mediation": """
times  accepted_at       outcome    concluded_on
1861   2020-03-02 09:00  succeeded  2020-04-01
740    2020-03-02 09:00  failed     2020-04-01
"""
}

_BACKLOG = {
    "backlog_case": """
times  arisen_on   assigned_on  resolved_on
99     2014-01-01  2020-01-04   2020-09-01
32     2014-01-01  2020-01-04   2021-03-01
47     2014-01-01  2020-01-04   -
"""
}

_LED = {
    "backlog_case": """
times  arisen_on   assigned_on  resolved_on  leader_led
117    2014-01-01  2020-01-04   2020-09-01   true
23     2014-01-01  2020-01-04   -            true
30     2014-01-01  2020-01-04   2020-09-01   false
"""
}

_TO_THE_REPORT = Period.inclusive(date(2020, 1, 1), _REPORTED_ON)


def _asked(metric: str, period: Period, grain: Grain = Grain.total, by: tuple[str, ...] = ()) -> Query:
    return Query((metric,), examples.ROOT, 3, period, grain, by)


@pytest.mark.parametrize(
    ("metric", "figures"),
    [
        ("petition_volume", [4600, 4575, 5562]),
        ("national_visit_batches", [59, 151, 0]),
        ("national_visit_persons", [91, 177, 0]),
    ],
)
def test_years(metric: str, figures: list[int], city_of: CityOf) -> None:
    for store, observations in city_of(_PETITIONS).answers(_asked(metric, _THREE_YEARS, Grain.year)).items():
        assert observations["numerator"].to_list() == figures, store


def test_growth_of_the_total(city_of: CityOf) -> None:
    for observations in city_of(_PETITIONS).answers(_asked("petition_volume", _THREE_YEARS, Grain.year)).values():
        values = observations["value"]
        assert round((values[2] / values[1] - 1) * 100, 1) == 21.6


@pytest.mark.parametrize("metric", ["mediation_success_of_accepted", "mediation_success_rate"])
def test_mediation_by_channel(metric: str, city_of: CityOf) -> None:
    year = Period.holding(date(2020, 1, 1), Grain.year)
    for store, observations in city_of(_MEDIATIONS).answers(_asked(metric, year, by=("channel",))).items():
        found = {
            row["channel"]: (row["denominator"], row["numerator"], round(row["value"] * 100, 1))
            for row in observations.iter_rows(named=True)
        }
        assert found == {
            "court_entrusted": (1983, 1245, 62.8),
            "petition": (387, 337, 87.1),
            "admin": (279, 279, 100.0),
            "guided": (2063, 1983, 96.1),
        }, store


@pytest.mark.parametrize(
    ("tables", "metric", "period", "numerator", "denominator", "percent"),
    [
        (_CENTRE, "mediation_success_of_accepted", _TO_THE_REPORT, 1861, 2601, 71.5),
        (_BACKLOG, "backlog_clear_rate", _TO_THE_REPORT, 131, 178, 73.6),
        (_BACKLOG, "backlog_clear_rate", Period.holding(date(2020, 1, 1), Grain.year), 99, 178, 55.6),
        (_LED, "leader_led_clear_rate", _TO_THE_REPORT, 117, 140, 83.6),
    ],
)
def test_rates(
    tables: dict[str, str],
    metric: str,
    period: Period,
    numerator: int,
    denominator: int,
    percent: float,
    city_of: CityOf,
) -> None:
    for store, observations in city_of(tables).answers(_asked(metric, period)).items():
        row = observations.row(0, named=True)
        assert (row["numerator"], row["denominator"]) == (numerator, denominator), store
        assert round(row["value"] * 100, 1) == percent, store


def test_backlog_that_is_left(city_of: CityOf) -> None:
    city = city_of(_BACKLOG)
    for store, observations in city.answers(_asked("backlog_open", _TO_THE_REPORT, Grain.year)).items():
        assert observations["numerator"].to_list() == [178 - 99, 178 - 99 - 32], store
    for store, observations in city.answers(_asked("backlog_cleared", _TO_THE_REPORT, Grain.year)).items():
        assert observations["numerator"].to_list() == [99, 32], store


# --- 株洲, 甘肃, 白银 --------------------------------------------------------------------------------------------------

# 株洲: 81 problems under supervision, 96 old cases settled; 株洲 splits neither further.
_ZHUZHOU = {
    "supervision_order": """
times  kind         issued_on   due_on      closed_on
8      commander    2022-03-01  2022-04-01  2022-03-20
28     dispatch     2022-03-01  2022-04-01  2022-03-20
45     supervision  2022-03-01  2022-04-01  -
""",
    "backlog_case": """
times  arisen_on   assigned_on  resolved_on
96     2014-01-01  2022-01-04   2022-09-01
""",
}

# 甘肃: 675 issues on the province's own list.
_GANSU = {
    "risk_issue": """
times  opened_on   managed_level  risk_level
675    2023-02-01  4              high
40     2023-02-01  3              high
"""
}


def _baiyin(three_no: int) -> dict[str, str]:
    """839 villages, of which so many meet all three; 无上访 is what the others miss."""
    head = "times  month       no_case  no_accident  no_petition"
    rows = [f"{three_no}  2023-12-01  true  true  true", f"{839 - three_no}  2023-12-01  true  true  false"]
    return {"village_status": "\n".join([head, *rows])}


# 株洲's monthly score: a start value less what the ledger has decided, counties and departments apart.
_LEDGER = {
    "deduction": """
month       reason              assess_group  points  status
2022-03-01  intel_failure       county_group  2.00    final
2022-03-01  oversight_failure   county_group  1.50    final
2022-03-01  resolution_failure  dept_group    3.00    final
2022-03-01  lookback            county_group  5.00    appealed
2022-04-01  reward              county_group  -0.50   final
2022-05-01  resolution_failure  county_group  2.25    final
"""
}

_YEAR_2022 = Period.holding(date(2022, 1, 1), Grain.year)
_YEAR_2023 = Period.holding(date(2023, 1, 1), Grain.year)


@pytest.mark.parametrize(
    ("tables", "metric", "period", "where", "figure"),
    [
        (_ZHUZHOU, "orders_issued", _YEAR_2022, (), 81),
        (_ZHUZHOU, "backlog_cleared", _YEAR_2022, (), 96),
        (_GANSU, "risk_issues_open", _YEAR_2023, (("managed_level", ("4",)),), 675),
    ],
)
def test_counts_of_zhuzhou_and_gansu(
    tables: dict[str, str],
    metric: str,
    period: Period,
    where: tuple[tuple[str, tuple[str, ...]], ...],
    figure: int,
    city_of: CityOf,
) -> None:
    asked = Query((metric,), examples.ROOT, 3, period, where=where)
    for store, observations in city_of(tables).answers(asked).items():
        assert observations["numerator"].to_list() == [figure], store


def test_monthly_scores_of_zhuzhou(city_of: CityOf) -> None:
    months = Query((), examples.ROOT, 2, Period.inclusive(date(2022, 3, 1), date(2022, 5, 31)), Grain.month)
    snapshot = city_of(_LEDGER).snapshot
    shown = evaluate_scheme(scheme("zhuzhou"), months, lambda query: evaluate(query, snapshot, metrics()))
    assert shown.select("value", "points").rows() == [(96.5, 3.5), (100.0, -0.5), (97.75, 2.25)]


@pytest.mark.parametrize(("target", "villages"), [("85%", 714), ("90%", 756), ("95%", 798)])
def test_three_no_villages_of_baiyin(target: str, villages: int, city_of: CityOf) -> None:
    """D17: a target of 85 % of 839 villages is 714 villages, and one fewer misses it."""
    assert reconcile.at_least(target, 839) == villages
    city = city_of(_baiyin(villages))
    for store, observations in city.answers(_asked("three_no_share", _YEAR_2023)).items():
        row = observations.row(0, named=True)
        assert (row["numerator"], row["denominator"]) == (villages, 839), store
        assert row["value"] * 100 >= float(target.rstrip("%")) > (villages - 1) / 839 * 100
    for store, observations in city.answers(_asked("no_petition_share", _YEAR_2023)).items():
        assert observations["numerator"].to_list() == [villages], store


# --- what contradicts itself -------------------------------------------------------------------------------------------

_CHANNELS = {"诉调": (1245, 1983), "访调": (337, 387), "行调": (279, 279)}


@pytest.mark.parametrize(
    ("number", "what", "text", "numerator", "denominator", "computed"),
    [
        ("D1", "诉调成功率", "64%", 1245, 1983, "62.8%"),
        ("D2", "访调成功率", "88%", 337, 387, "87.1%"),
        ("D3", "中心调成率", "72%", 1861, 2601, None),
        ("D5", "上下贯通调成率", "96%", 1983, 2063, None),
        ("D6", "行调成功率", "100%", 279, 279, None),
        ("D7", "包案化解率", "83.6%", 117, 140, None),
    ],
)
def test_printed_rates(
    number: str, what: str, text: str, numerator: int, denominator: int, computed: str | None
) -> None:
    found = reconcile.rate(what, text, numerator, denominator)
    assert found.holds is (computed is None), number
    assert found.computed == (computed or text), number


def test_which_numerators_would_have_fitted() -> None:
    assert list(reconcile.numerators("88%", 387)) == [339, 340, 341, 342], "D2"
    assert 1245 in reconcile.numerators("64%", 1935), "D4: 1935 accepted would explain the 64 %"
    assert reconcile.part_sum("中心受理", 2601, (1935, 387, 279)).holds, "D4: and the total"


def test_the_centre_is_the_sum_of_its_channels_in_success_only() -> None:
    """D4: 2601 against 2649."""
    assert reconcile.part_sum("中心调结", 1861, [succeeded for succeeded, _ in _CHANNELS.values()]).holds
    accepted = reconcile.part_sum("中心受理", 2601, [accepted for _, accepted in _CHANNELS.values()])
    assert (accepted.holds, accepted.stated, accepted.computed) == (False, "2601", "2649")


def test_the_backlog_adds_up() -> None:
    assert reconcile.part_sum("积案", 178, (99, 32, 47)).holds, "D8"


@pytest.mark.parametrize(
    ("number", "text", "before", "after", "holds"),
    [
        ("D9", "+21.6%", 4575, 5562, True),
        ("D11", "-0.5%", 4600, 4575, True),
        ("D11", "+156%", 59, 151, True),
        ("D11", "+94.5%", 91, 177, True),
        ("D10", "-59.8%", 151, 61, False),
        ("D10", "-59.8%", 177, 71, False),
    ],
)
def test_printed_changes(number: str, text: str, before: int, after: int, holds: bool) -> None:
    assert reconcile.change("x", text, before, after).holds is holds, number


@pytest.mark.parametrize("before", [151, 177])
def test_no_count_at_all_falls_by_59_8_percent(before: int) -> None:
    assert not reconcile.counts_after("-59.8%", before), "D10"


def test_six_times_is_not_six_times_more() -> None:
    """D14: 甘肃 2023, 380,000, "是2022年的6.3倍"."""
    growth = reconcile.change_of_multiple("6.3")
    assert reconcile.percent(growth, 0) == "530%"
    assert round(380_000 / (1 + float(growth)), -3) == 60_000


def test_six_noes_of_which_five_are_named() -> None:
    """D13: 株洲 "六无四降两提升"."""
    noes = ("政治安全", "暴力恐怖", "重大安全生产", "网络安全", "规模集访")
    found = reconcile.part_count("六无", 6, noes)
    assert (found.holds, found.computed) == (False, "5")


def test_shares_of_another_whole() -> None:
    """The county brief of the audit's end: 143 items, and shares that are all multiples of 1/175."""
    shares = ["15.43%", "15.43%", "14.86%", "14.29%", "11.43%", "6.29%", "4.57%", "3.43%", "2.86%"]
    assert reconcile.shares_within_whole("内容分类", shares).holds
    assert not reconcile.shares_of_denominator("内容分类", shares, 143).holds
    assert reconcile.shares_of_denominator("内容分类", shares, 175).holds
    assert reconcile.denominators(shares, 200) == [175]


def test_subsidies_are_plausible() -> None:
    """D21: 638,500 yuan at 50 to 500 a case are 1,277 to 12,770 cases, 42.6 % of the pool."""
    assert (638_500 // 500, 638_500 // 50) == (1_277, 12_770)
    assert reconcile.rate("以案定补资金使用率", "42.6%", 638_500, 1_500_000).holds


def test_villages_that_are_weak() -> None:
    assert reconcile.rate("软弱涣散村占比", "4.7%", 26, 558).holds
