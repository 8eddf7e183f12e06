"""Buckets of the calendar: year ends, leap days, ISO weeks."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.core.period import Grain, Period, add_months, bucket_start, next_bucket

D = date.fromisoformat
days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
calendar_grains = st.sampled_from([grain for grain in Grain if grain is not Grain.total])


def span(first: str, last: str) -> Period:
    return Period.inclusive(D(first), D(last))


@pytest.mark.parametrize(
    ("day", "grain", "first", "following"),
    [
        ("2025-12-31", "day", "2025-12-31", "2026-01-01"),
        ("2026-01-01", "week", "2025-12-29", "2026-01-05"),
        ("2021-01-03", "week", "2020-12-28", "2021-01-04"),
        ("2026-11-21", "week", "2026-11-16", "2026-11-23"),
        ("2024-02-29", "month", "2024-02-01", "2024-03-01"),
        ("2025-12-31", "month", "2025-12-01", "2026-01-01"),
        ("2025-12-31", "quarter", "2025-10-01", "2026-01-01"),
        ("2026-05-31", "quarter", "2026-04-01", "2026-07-01"),
        ("2024-12-31", "year", "2024-01-01", "2025-01-01"),
    ],
)
def test_a_day_lies_in_its_bucket(day: str, grain: str, first: str, following: str) -> None:
    assert bucket_start(D(day), Grain(grain)) == D(first)
    assert next_bucket(D(first), Grain(grain)) == D(following)
    assert Period.holding(D(day), Grain(grain)) == Period(D(first), D(following))


@given(days, calendar_grains)
def test_buckets_follow_each_other_without_a_gap(day: date, grain: Grain) -> None:
    bucket = Period.holding(day, grain)
    assert bucket.start <= day < bucket.stop
    assert bucket.is_calendar(grain)
    assert Period.holding(bucket.stop, grain).start == bucket.stop


@given(days, st.integers(1, 800), calendar_grains)
def test_the_buckets_of_a_span_are_the_span(first: date, length: int, grain: Grain) -> None:
    whole = Period(first, first + timedelta(days=length))
    parts = whole.buckets(grain)
    assert parts[0].start == whole.start
    assert parts[-1].stop == whole.stop
    assert all(one.stop == other.start for one, other in pairwise(parts))
    assert all(part.is_calendar(grain) for part in parts[1:-1])
    assert len({bucket_start(part.start, grain) for part in parts}) == len(parts)


@given(days)
def test_weeks_are_those_of_iso(day: date) -> None:
    year, week, _ = day.isocalendar()
    assert bucket_start(day, Grain.week) == date.fromisocalendar(year, week, 1)


def test_incomplete_buckets_at_both_ends() -> None:
    parts = span("2025-11-20", "2026-01-02").buckets(Grain.month)
    assert parts == [
        span("2025-11-20", "2025-11-30"),
        span("2025-12-01", "2025-12-31"),
        span("2026-01-01", "2026-01-02"),
    ]
    assert [part.is_calendar(Grain.month) for part in parts] == [False, True, False]


def test_a_total_is_one_bucket_and_has_no_next() -> None:
    whole = span("2025-11-20", "2026-01-02")
    assert whole.buckets(Grain.total) == [whole]
    assert bucket_start(D("2025-11-20"), Grain.total) == D("2025-11-20")
    assert not whole.is_calendar(Grain.total)
    with pytest.raises(ValueError, match="no next bucket"):
        next_bucket(D("2025-11-20"), Grain.total)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        ("2024-02-29", -12, "2023-02-28"),
        ("2023-02-28", 12, "2024-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-12-31", 2, "2026-02-28"),
        ("2026-01-31", -1, "2025-12-31"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-01", 0, "2026-01-01"),
    ],
)
def test_months_later(day: str, months: int, then: str) -> None:
    assert add_months(D(day), months) == D(then)


def test_a_period_holds_its_last_day() -> None:
    period = span("2024-02-28", "2024-03-01")
    assert (period.days, period.last) == (3, D("2024-03-01"))
    assert period.shifted_days(-366) == span("2023-02-27", "2023-03-01")
    with pytest.raises(ValueError, match="holds no day"):
        span("2026-01-02", "2026-01-01")


def test_clipped_to_what_has_been() -> None:
    month = span("2026-11-01", "2026-11-30")
    assert month.clipped(D("2026-11-20")) == span("2026-11-01", "2026-11-20")
    assert month.clipped(D("2026-12-20")) == month
    assert month.clipped(D("2026-11-01")) == span("2026-11-01", "2026-11-01")
    assert month.clipped(D("2026-10-31")) is None
