"""Spans: what the address writes is what it reads, every grain has its words, and nonsense is no span but no error either."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.span import PICKABLE, Span, buckets_back, parse
from metrics.core.period import DAY, Grain, Period

FRIDAY = date(2026, 11, 20)
DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
CALENDARS = st.sampled_from(list(PICKABLE))


@pytest.mark.parametrize(
    ("grain", "word", "label", "first", "last"),
    [
        (Grain.day, "2026-11-20", "2026年11月20日 星期五", FRIDAY, FRIDAY),
        (Grain.week, "2026-W47", "2026年第47周（11-16 至 11-22）", date(2026, 11, 16), date(2026, 11, 22)),
        (Grain.month, "2026-11", "2026年11月", date(2026, 11, 1), date(2026, 11, 30)),
        (Grain.quarter, "2026-Q4", "2026年第4季度", date(2026, 10, 1), date(2026, 12, 31)),
        (Grain.year, "2026", "2026年", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_every_grain_has_its_word_and_its_label(grain: Grain, word: str, label: str, first: date, last: date) -> None:
    span = Span.holding(FRIDAY, grain)
    assert (span.word, span.label) == (word, label)
    assert span.whole == Period.inclusive(first, last)
    assert parse(word) == span


def test_a_free_range_is_written_with_both_its_days() -> None:
    span = Span.over(Period.inclusive(date(2026, 2, 22), date(2026, 3, 1)))
    assert (span.word, span.label) == ("2026-02-22..2026-03-01", "2026-02-22 至 2026-03-01（8 天）")
    assert span.grain is Grain.total
    assert parse(span.word) == span
    assert span.previous().word == "2026-02-14..2026-02-21"
    assert span.next().word == "2026-03-02..2026-03-09"


def test_a_window_of_at_most_a_week_belongs_to_the_calendar_of_days() -> None:
    weekend = Span.over(Period.inclusive(date(2026, 11, 20), date(2026, 11, 22)))
    assert (weekend.grain, weekend.is_bucket) == (Grain.day, False)
    assert (weekend.word, parse(weekend.word)) == ("2026-11-20..2026-11-22", weekend)
    assert weekend.short == "11-20 至 11-22（3 天）"
    assert Span.over(Period.inclusive(date(2025, 12, 30), date(2026, 1, 2))).short.startswith(
        "2025-12-30 至 2026-01-02"
    )
    assert Span.over(Period.inclusive(FRIDAY, FRIDAY)) == Span.holding(FRIDAY, Grain.day)


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        ("2026-01-01", "2025-12-31", "2026-01-02"),
        ("2026-W01", "2025-W52", "2026-W02"),
        ("2026-W53", "2026-W52", "2027-W01"),
        ("2026-01", "2025-12", "2026-02"),
        ("2026-Q1", "2025-Q4", "2026-Q2"),
        ("2026", "2025", "2027"),
    ],
)
def test_the_neighbours_cross_the_turn_of_the_year(word: str, before: str, after: str) -> None:
    span = parse(word)
    assert span is not None
    assert (span.previous().word, span.next().word) == (before, after)


@given(DAYS, CALENDARS)
def test_a_span_survives_the_address(day: date, grain: Grain) -> None:
    span = Span.holding(day, grain)
    assert parse(span.word) == span
    assert span.whole.start <= day <= span.whole.last
    assert span.previous().next() == span == span.next().previous()
    assert span.previous().whole.stop == span.whole.start


@given(DAYS, st.integers(0, 1000))
def test_a_free_range_survives_the_address(first: date, more: int) -> None:
    span = Span.over(Period.inclusive(first, first + timedelta(days=more)))
    assert parse(span.word) == span
    assert span.previous().next() == span


@given(st.text())
def test_nonsense_is_no_span_and_no_error(word: str) -> None:
    found = parse(word)
    assert found is None or found.whole.days >= 1


NEARLY = st.from_regex(r"[0-9]{1,5}([-.QW]{1,2}[0-9]{1,4}){0,2}(\.\.[0-9]{4}-[0-9]{2}-[0-9]{2})?", fullmatch=True)


@given(NEARLY)
def test_what_is_nearly_a_span_is_no_error(word: str) -> None:
    found = parse(word)
    assert found is None or found.whole.days >= 1


@pytest.mark.parametrize(
    "word",
    [
        "",
        "..",
        "0000",
        "9999",
        "2026-13",
        "2026-00",
        "2026-Q0",
        "2026-Q5",
        "2026-W00",
        "2026-W54",
        "2025-W53",
        "2026-02-30",
        "2026-03-01..2026-02-01",
        "2026-01-01..",
        "__import__('os')",
        "9999-12-31",
    ],
)
def test_impossible_spans_are_none(word: str) -> None:
    assert parse(word) is None


def test_another_grain_keeps_the_newest_day_that_has_data() -> None:
    year = Span.holding(FRIDAY, Grain.year)
    assert year.in_grain(Grain.month, FRIDAY).word == "2026-11"
    assert year.in_grain(Grain.day, FRIDAY).word == "2026-11-20"
    assert Span.holding(date(2025, 2, 3), Grain.quarter).in_grain(Grain.month, FRIDAY).word == "2025-03"
    assert Span.holding(date(2025, 2, 3), Grain.day).in_grain(Grain.year, FRIDAY).word == "2025"


def test_a_span_ends_with_the_data_and_not_before_it_begins() -> None:
    month = Span.holding(FRIDAY, Grain.month)
    assert month.until(FRIDAY) == Period.inclusive(date(2026, 11, 1), FRIDAY)
    assert month.until(date(2026, 12, 5)) == month.whole
    assert month.until(date(2026, 10, 31)) is None


@pytest.mark.parametrize(
    ("grain", "count", "first", "last"),
    [
        (Grain.day, 3, date(2026, 11, 18), FRIDAY),
        (Grain.week, 2, date(2026, 11, 9), FRIDAY),
        (Grain.month, 13, date(2025, 11, 1), FRIDAY),
        (Grain.quarter, 1, date(2026, 10, 1), FRIDAY),
        (Grain.year, 2, date(2025, 1, 1), FRIDAY),
    ],
)
def test_buckets_back_end_with_the_running_day(grain: Grain, count: int, first: date, last: date) -> None:
    assert buckets_back(FRIDAY, grain, count) == Period.inclusive(first, last)


@given(DAYS, CALENDARS, st.integers(1, 70))
def test_as_many_buckets_back_as_asked(day: date, grain: Grain, count: int) -> None:
    period = buckets_back(day, grain, count)
    assert len(period.buckets(grain)) == count
    assert period.stop == day + DAY
