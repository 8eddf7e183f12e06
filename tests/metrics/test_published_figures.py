"""The figures that 钟祥 published (2018–2021), made into rows and computed again from numerator and denominator.

Where a printed rate contradicts its own figures (诉调 "64%", 访调 "88%"), the computed one stands here.
"""

from __future__ import annotations

from datetime import date

import pytest

from metrics.core.period import Grain, Period
from metrics.core.query import Query
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
