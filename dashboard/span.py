"""The span of days that a page speaks of: a calendar bucket or a free range, how it is called, and its neighbours.

A free range of at most a week belongs to the calendar of days: Friday to Sunday are held against the Friday to Sunday of
the week before, not against the three days before them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from metrics.core.period import DAY, Grain, Period, bucket_start, next_bucket

WEEKDAYS = "一二三四五六日"
#: The grains that the picker offers, with the word on its buttons.
PICKABLE = {Grain.day: "日", Grain.week: "周", Grain.month: "月", Grain.quarter: "季", Grain.year: "年"}
_DAYS_OF_A_WEEK = 7
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True)
class Span:
    """``whole``: all its days; ``grain``: the calendar it belongs to, total for a free range of more than a week."""

    whole: Period
    grain: Grain

    @classmethod
    def over(cls, period: Period) -> Span:
        """Any days: one day, a window of days, or a free range."""
        return cls(period, Grain.day if period.days <= _DAYS_OF_A_WEEK else Grain.total)

    @property
    def is_bucket(self) -> bool:
        """Whether it is one bucket of its calendar, as the picker offers them."""
        return self.whole.is_calendar(self.grain)

    @classmethod
    def holding(cls, day: date, grain: Grain) -> Span:
        """The bucket that holds the day."""
        return cls(Period.holding(day, grain), grain)

    @property
    def word(self) -> str:
        """How the address writes it: 2026-11-20, 2026-W47, 2026-11, 2026-Q4, 2026, or first..last."""
        start = self.whole.start
        if self.grain is Grain.week:
            year, week, _ = start.isocalendar()
            return f"{year}-W{week:02d}"
        if not self.is_bucket:
            return f"{start}..{self.whole.last}"
        return {
            Grain.day: f"{start}",
            Grain.month: f"{start:%Y-%m}",
            Grain.quarter: f"{start.year}-Q{(start.month + 2) // 3}",
            Grain.year: f"{start.year}",
        }[self.grain]

    @property
    def label(self) -> str:
        """How a reader calls it."""
        start, last = self.whole.start, self.whole.last
        if not self.is_bucket:
            return f"{start} 至 {last}（{self.whole.days} 天）"
        if self.grain is Grain.day:
            return f"{start.year}年{start.month}月{start.day}日 星期{WEEKDAYS[start.weekday()]}"
        if self.grain is Grain.week:
            year, week, _ = start.isocalendar()
            return f"{year}年第{week}周（{start:%m-%d} 至 {last:%m-%d}）"
        if self.grain is Grain.month:
            return f"{start.year}年{start.month}月"
        if self.grain is Grain.quarter:
            return f"{start.year}年第{(start.month + 2) // 3}季度"
        return f"{start.year}年"

    @property
    def short(self) -> str:
        """Its label, that of a window of days without the years where both are of one."""
        start, last = self.whole.start, self.whole.last
        if self.is_bucket or start.year != last.year:
            return self.label
        return f"{start:%m-%d} 至 {last:%m-%d}（{self.whole.days} 天）"

    def until(self, last: date) -> Period | None:
        """Its days up to ``last``; None when it has not begun."""
        return self.whole.clipped(last)

    def previous(self) -> Span:
        """The span just before."""
        if not self.is_bucket:
            return Span(self.whole.shifted_days(-self.whole.days), self.grain)
        return Span.holding(self.whole.start - DAY, self.grain)

    def next(self) -> Span:
        """The span just after."""
        if not self.is_bucket:
            return Span(self.whole.shifted_days(self.whole.days), self.grain)
        return Span.holding(self.whole.stop, self.grain)

    def in_grain(self, grain: Grain, last: date) -> Span:
        """The span of another grain that holds this one's newest day, not beyond ``last``."""
        return Span.holding(min(self.whole.last, max(last, self.whole.start)), grain)


def parse(word: str) -> Span | None:
    """The span that the address means; None for what is no span."""
    try:
        return _parse(word)
    except (ValueError, OverflowError):
        return None


def _parse(word: str) -> Span | None:
    if ".." in word:
        first, last = (date.fromisoformat(part) for part in word.split("..", 1))
        return Span.over(Period.inclusive(first, last))
    if found := _QUARTER.fullmatch(word):
        return Span.holding(date(int(found[1]), 3 * int(found[2]), 1), Grain.quarter)
    if found := _WEEK.fullmatch(word):
        return Span.holding(date.fromisocalendar(int(found[1]), int(found[2]), 1), Grain.week)
    if found := _MONTH.fullmatch(word):
        return Span.holding(date(int(found[1]), int(found[2]), 1), Grain.month)
    if _YEAR.fullmatch(word):
        return Span.holding(date(int(word), 1, 1), Grain.year)
    return Span.holding(date.fromisoformat(word), Grain.day)


def buckets_back(last: date, grain: Grain, count: int) -> Period:
    """The days of the last ``count`` buckets up to ``last``, the running one included."""
    start = bucket_start(last, grain)
    for _ in range(count - 1):
        start = bucket_start(start - DAY, grain)
    return Period(start, min(next_bucket(bucket_start(last, grain), grain), last + DAY))
