"""环比 and 同比: which days are held against which."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.core.compare import Reference, reference_period
from metrics.core.period import Grain, Period

D = date.fromisoformat
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
    assert previous.stop <= period.start
    assert previous.days <= max(period.days, 366)
    assert year_ago.start < period.start
    assert 364 <= (period.start - year_ago.start).days <= 366


@given(st.dates(date(1950, 1, 1), date(2900, 1, 1)))
def test_a_day_is_held_against_its_own_weekday(day: date) -> None:
    for reference in REFERENCES:
        assert reference_period(Period.holding(day, Grain.day), Grain.day, reference).start.weekday() == day.weekday()
