"""Spans of days, half open, and the grains that cut them into buckets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)


class Grain(StrEnum):
    """How a span is cut. ``total`` is one bucket that begins where the span begins."""

    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"
    total = "total"


GRAIN_LABELS = {
    Grain.day: "日",
    Grain.week: "周",
    Grain.month: "月",
    Grain.quarter: "季",
    Grain.year: "年",
    Grain.total: "合计",
}

_MONTHS_OF = {Grain.month: 1, Grain.quarter: 3, Grain.year: 12}


def bucket_start(day: date, grain: Grain) -> date:
    """The first day of the calendar bucket that holds ``day`` (weeks begin on Monday); for total the day itself."""
    if grain is Grain.week:
        return day - timedelta(days=day.weekday())
    if grain in _MONTHS_OF:
        months = _MONTHS_OF[grain]
        return date(day.year, (day.month - 1) // months * months + 1, 1)
    return day


def next_bucket(start: date, grain: Grain) -> date:
    """The first day of the bucket after the one that begins at ``start``. Not for total, which has no next."""
    if grain in _MONTHS_OF:
        return add_months(start, _MONTHS_OF[grain])
    if grain is Grain.total:
        raise ValueError("a total has no next bucket")
    return start + (7 * DAY if grain is Grain.week else DAY)


def add_months(day: date, months: int) -> date:
    """The same day of the month, ``months`` later; the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    last = (date(year + month // 12, month % 12 + 1, 1) - DAY).day
    return date(year, month, min(day.day, last))


@dataclass(frozen=True)
class Period:
    """The days from ``start`` up to but not including ``stop``."""

    start: date
    stop: date

    def __post_init__(self) -> None:
        if self.stop <= self.start:
            raise ValueError(f"the period {self.start} – {self.last} holds no day")

    @classmethod
    def inclusive(cls, first: date, last: date) -> Period:
        """The days ``first`` … ``last``, both counted."""
        return cls(first, last + DAY)

    @classmethod
    def holding(cls, day: date, grain: Grain) -> Period:
        """The calendar bucket that holds ``day``."""
        start = bucket_start(day, grain)
        return cls(start, next_bucket(start, grain) if grain is not Grain.total else day + DAY)

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.stop - DAY

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.stop - self.start).days

    def buckets(self, grain: Grain) -> list[Period]:
        """The parts that the grain's calendar cuts from this period, in order; the first and last may be incomplete."""
        return list(self._cut(grain))

    def _cut(self, grain: Grain) -> Iterator[Period]:
        if grain is Grain.total:
            yield self
            return
        start = self.start
        while start < self.stop:
            stop = min(next_bucket(bucket_start(start, grain), grain), self.stop)
            yield Period(start, stop)
            start = stop

    def is_calendar(self, grain: Grain) -> bool:
        """Whether it is exactly one calendar bucket of the grain."""
        return grain is not Grain.total and self == Period.holding(self.start, grain)

    def clipped(self, last: date) -> Period | None:
        """The part up to and including ``last``; None when nothing is left."""
        return None if last < self.start else Period(self.start, min(self.stop, last + DAY))

    def shifted_days(self, days: int) -> Period:
        """The same number of days, ``days`` later."""
        return Period(self.start + days * DAY, self.stop + days * DAY)
