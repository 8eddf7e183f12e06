"""环比 and 同比: which days are held against which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.settings import SettingsError, validated
from metrics.core import compare
from metrics.core.calendar import Calendar, CalendarTable
from metrics.core.compare import ComparisonTable, Reference, Target, difference, reference_period, target
from metrics.core.evaluate import evaluate
from metrics.core.model import Metric
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests.metrics import examples
from tests.metrics.conftest import City, CityOf

D = date.fromisoformat
ALL: tuple[Reference, ...] = ("previous", "year_ago", "spring_aligned", "base_year")
REFERENCES: tuple[Reference, ...] = ("previous", "year_ago")


def span(words: str) -> Period:
    first, _, last = words.partition("/")
    return Period.inclusive(D(first), D(last or first))


@pytest.mark.parametrize(
    ("grain", "period", "previous", "year_ago"),
    [
        # A day against the same weekday.
        ("day", "2026-11-20", "2026-11-13", "2025-11-21"),
        ("day", "2024-02-29", "2024-02-22", "2023-03-02"),
        # Whole weeks against whole weeks, a running one against as many of its days.
        ("week", "2026-01-05/2026-01-11", "2025-12-29/2026-01-04", "2025-01-06/2025-01-12"),
        ("week", "2026-11-16/2026-11-18", "2026-11-09/2026-11-11", "2025-11-17/2025-11-19"),
        # Calendar buckets against calendar buckets, whatever their length.
        ("month", "2026-03-01/2026-03-31", "2026-02-01/2026-02-28", "2025-03-01/2025-03-31"),
        ("month", "2026-01-01/2026-01-31", "2025-12-01/2025-12-31", "2025-01-01/2025-01-31"),
        ("month", "2024-02-01/2024-02-29", "2024-01-01/2024-01-31", "2023-02-01/2023-02-28"),
        ("month", "2025-02-01/2025-02-28", "2025-01-01/2025-01-31", "2024-02-01/2024-02-29"),
        ("quarter", "2026-01-01/2026-03-31", "2025-10-01/2025-12-31", "2025-01-01/2025-03-31"),
        ("year", "2025-01-01/2025-12-31", "2024-01-01/2024-12-31", "2024-01-01/2024-12-31"),
        # A running bucket against as many elapsed days, never beyond the other's end.
        ("month", "2026-11-01/2026-11-20", "2026-10-01/2026-10-20", "2025-11-01/2025-11-20"),
        ("month", "2026-03-01/2026-03-30", "2026-02-01/2026-02-28", "2025-03-01/2025-03-30"),
        ("month", "2024-02-01/2024-02-28", "2024-01-01/2024-01-28", "2023-02-01/2023-02-28"),
        ("quarter", "2026-10-01/2026-11-20", "2026-07-01/2026-08-20", "2025-10-01/2025-11-20"),
        ("year", "2026-01-01/2026-11-20", "2025-01-01/2025-11-20", "2025-01-01/2025-11-20"),
        # Any other span against as many days before it, and the same days a year before.
        ("total", "2026-11-11/2026-11-20", "2026-11-01/2026-11-10", "2025-11-11/2025-11-20"),
        ("total", "2026-01-01/2026-01-01", "2025-12-31", "2025-01-01"),
        ("total", "2024-02-29/2024-03-01", "2024-02-27/2024-02-28", "2023-02-28/2023-03-01"),
        ("month", "2026-01-15/2026-02-14", "2025-12-15/2026-01-14", "2025-01-15/2025-02-14"),
    ],
)
def test_what_is_held_against_what(grain: str, period: str, previous: str, year_ago: str) -> None:
    asked = span(period)
    assert reference_period(asked, Grain(grain), "previous") == span(previous)
    assert reference_period(asked, Grain(grain), "year_ago") == span(year_ago)


spans = st.builds(
    lambda first, days: Period(first, first.fromordinal(first.toordinal() + days)),
    st.dates(date(1950, 1, 1), date(2900, 1, 1)),
    st.integers(1, 400),
)


@given(spans, st.sampled_from(Grain))
def test_a_reference_lies_before(period: Period, grain: Grain) -> None:
    previous, year_ago = (reference_period(period, grain, reference) for reference in REFERENCES)
    assert previous is not None
    assert year_ago is not None
    assert previous.stop <= period.start
    assert previous.days <= max(period.days, 366)
    assert year_ago.start < period.start
    assert 364 <= (period.start - year_ago.start).days <= 366


@given(st.dates(date(1950, 1, 1), date(2900, 1, 1)))
def test_a_day_is_held_against_its_own_weekday(day: date) -> None:
    for reference in REFERENCES:
        held = reference_period(Period.holding(day, Grain.day), Grain.day, reference)
        assert held is not None
        assert held.start.weekday() == day.weekday()


# --- aligned on the lunar new year -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "aligned"),
    [
        # 正月初一: 2023-01-22, 2024-02-10, 2025-01-29, 2026-02-17, 2027-02-06.
        ("2024-02-10", "2023-01-22"),
        ("2025-01-29", "2024-02-10"),
        ("2026-02-17", "2025-01-29"),
        ("2027-02-06", "2026-02-17"),
        ("2027-01-17/2027-02-26", "2026-01-28/2026-03-09"),
        # December belongs to the new year that follows it, October to the one before.
        ("2025-12-31", "2024-12-12"),
        ("2024-02-29", "2023-02-10"),
    ],
)
def test_days_as_far_from_their_own_new_year(period: str, aligned: str) -> None:
    assert reference_period(span(period), Grain.total, "spring_aligned") == span(aligned)


def test_no_aligned_span_without_a_new_year_in_the_table() -> None:
    known = Calendar(CalendarTable(lunar_new_years=(date(2026, 2, 17),)))
    assert reference_period(span("2026-02-17"), Grain.day, "spring_aligned", days=known) is None
    assert reference_period(span("2050-02-17"), Grain.day, "spring_aligned") is None


# --- the fixed base year -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grain", "period", "base"),
    [
        ("month", "2026-03-01/2026-03-31", "2019-03-01/2019-03-31"),
        ("month", "2024-02-01/2024-02-29", "2019-02-01/2019-02-28"),
        ("year", "2026-01-01/2026-11-20", "2019-01-01/2019-11-20"),
        ("quarter", "2026-10-01/2026-12-31", "2019-10-01/2019-12-31"),
        ("total", "2024-02-29/2024-03-01", "2019-02-28/2019-03-01"),
    ],
)
def test_the_base_year(grain: str, period: str, base: str) -> None:
    assert reference_period(span(period), Grain(grain), "base_year", base_year=2019) == span(base)


def test_a_day_of_the_base_year_is_the_same_weekday() -> None:
    day = span("2026-11-20")
    base = reference_period(day, Grain.day, "base_year", base_year=2019)
    assert base is not None
    assert base.start.weekday() == day.start.weekday()
    assert abs((base.start - D("2019-11-20")).days) <= 3


def test_the_base_year_itself_and_what_lies_before_have_none() -> None:
    assert reference_period(span("2019-03-01/2019-03-31"), Grain.month, "base_year", base_year=2019) is None
    assert reference_period(span("2018-03-01/2018-03-31"), Grain.month, "base_year", base_year=2019) is None


# --- what may be said of a difference ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "now", "before", "kind", "amount"),
    [
        ("petition_volume", 30, 20, "relative", 0.5),
        ("petition_volume", 3, 1, "steps", 2),
        ("petition_volume", 19, 0, "steps", 19),
        ("open_petitions", 110, 100, "relative", 0.1),
        ("repeat_share", 0.31, 0.28, "points", 3),
        ("petition_per_10k", 0.9, 0.6, "absolute", 0.3),
        ("mediation_mean_days", 7.5, 6, "absolute", 1.5),
        ("assessment_score", 71.6, 70.1, "absolute", 1.5),
    ],
)
def test_what_may_be_said(key: str, now: float, before: float, kind: str, amount: float) -> None:
    found = difference(metrics()[key], now, before)
    assert found.kind == kind
    assert found.amount == pytest.approx(amount)


@pytest.mark.parametrize("metric", metrics().values(), ids=list(metrics()))
def test_nothing_is_said_without_both_sides(metric: Metric) -> None:
    assert difference(metric, None, 1.0).kind == difference(metric, 1.0, None).kind == "none"


# --- targets -----------------------------------------------------------------------------------------------------------

AIMS = ComparisonTable(
    targets=(
        Target(metric="three_no_share", first=D("2024-01-01"), last=D("2024-12-31"), value=0.9),
        Target(metric="three_no_share", first=D("2025-01-01"), last=D("2025-12-31"), value=0.95),
        Target(metric="three_no_share", region="430281000000", first=D("2024-07-01"), last=D("2024-12-31"), value=0.8),
    )
)


@pytest.mark.parametrize(
    ("region", "day", "value"),
    [
        ("430200000000", "2024-12-31", 0.9),
        ("430200000000", "2025-01-01", 0.95),
        ("430281000000", "2024-06-30", 0.9),
        ("430281000000", "2024-07-01", 0.8),
        ("430281000000", "2026-01-01", None),
    ],
)
def test_the_target_of_a_day(region: str, day: str, value: float | None) -> None:
    aim = target("three_no_share", region, D(day), AIMS)
    assert (aim.value if aim else None) == value
    assert target("repeat_share", region, D(day), AIMS) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ({"targets": [{"metric": "a", "first": "2024-02-01", "last": "2024-01-01", "value": 1}]}, "早于 first"),
        (
            {"targets": [{"metric": "a", "region": "4302", "first": "2024-01-01", "last": "2024-02-01", "value": 1}]},
            "region",
        ),
        ({"targets": [{"metric": "a", "first": "2024-01-01", "last": "2024-02-01", "value": 1}] * 2}, "重叠"),
        ({"base_years": 2019}, "base_year"),
        ({"base_year": 19}, "1990"),
    ],
)
def test_a_wrong_table_is_refused_in_words(text: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        validated(Path("targets.toml"), ComparisonTable, text)


def test_the_projects_targets_name_metrics_that_exist() -> None:
    assert compare.unknown_targets(compare.comparison_table(), metrics()) == []
    assert compare.unknown_targets(AIMS, ["petition_volume"]) == ["three_no_share"]


# --- the comparison itself ---------------------------------------------------------------------------------------------

ROWS = """
registered_at     channel
2019-03-05 09:00  web
2019-03-06 09:00  web
2025-03-04 09:00  visit
2026-02-03 09:00  web
2026-02-04 09:00  visit
2026-02-27 09:00  visit
2026-03-03 09:00  web
"""


def _compared(city: City, keys: Sequence[str], covered: Callable[[str, date], bool] | None = None) -> pl.DataFrame:
    query = Query(tuple(keys), examples.ROOT, 3, span("2026-03-01/2026-03-20"))

    def ask(asked: Query) -> pl.DataFrame:
        return evaluate(asked, city.snapshot, metrics())

    return compare.compared(query, Grain.month, ask, ALL, covered or (lambda _key, _day: True))


def test_a_running_month_against_all_that_it_may_be_held_against(city_of: CityOf) -> None:
    frame = _compared(city_of({"petition": ROWS}), ["petition_volume", "web_share"])
    rows = {row["metric"]: row for row in frame.iter_rows(named=True)}
    # Aligned: 正月初一 2026-02-17 and 2025-01-29, 384 days apart: 1–20 March become 10 February – 1 March 2025.
    assert [rows["petition_volume"][name] for name in ("value", *ALL)] == [1.0, 2.0, 1.0, 0.0, 2.0]
    assert [rows["web_share"][name] for name in ("value", *ALL)] == [1.0, 0.5, 0.0, None, 1.0]


def test_what_lies_before_the_data_is_unknown_and_no_zero(city_of: CityOf) -> None:
    frame = _compared(city_of({"petition": ROWS}), ["petition_volume"], lambda _key, day: day >= D("2026-01-01"))
    assert frame.row(0, named=True)["previous"] == 2.0
    assert [frame[name].item() for name in ("year_ago", "spring_aligned", "base_year")] == [None, None, None]


def test_every_metric_can_be_compared(city_of: CityOf) -> None:
    frame = _compared(city_of({"petition": ROWS}), list(metrics()))
    assert frame["metric"].to_list() == list(metrics())
    assert set(ALL) <= set(frame.columns)
