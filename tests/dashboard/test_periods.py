"""A free range of days as it is typed: what is understood, and what is said of what is not."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard.periods import between
from dashboard.span import Span
from metrics.core.period import Grain, Period

NEWEST = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("first", "last", "days", "grain"),
    [
        ("2026-11-07", "2026-11-09", 3, Grain.day),
        ("2026/11/02", " 2026-11-15 ", 14, Grain.total),
        ("2026-11-24", "2026-11-24", 1, Grain.day),
        ("2026-11-20", "2026-12-31", 5, Grain.day),
    ],
)
def test_two_days_make_a_span_up_to_the_newest(first: str, last: str, days: int, grain: Grain) -> None:
    span = between(first, last, NEWEST)
    assert isinstance(span, Span)
    assert (span.whole.days, span.grain) == (days, grain)
    assert span.whole.last <= NEWEST


def test_both_days_belong_to_it() -> None:
    assert between("2026-11-07", "2026-11-09", NEWEST) == Span.over(Period(date(2026, 11, 7), date(2026, 11, 10)))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-40", "2026-11-24", "2026-11-07"),
        ("", "2026-11-24", "2026-11-07"),
        ("2026-11-20", "2026-11-19", "对调"),
        ("2026-11-25", "2026-11-26", "截至 2026-11-24"),
        ("2001-01-01", "2026-11-24", "十年"),
    ],
)
def test_what_is_not_understood_says_what_to_do(first: str, last: str, said: str) -> None:
    words = between(first, last, NEWEST)
    assert isinstance(words, str)
    assert said in words
