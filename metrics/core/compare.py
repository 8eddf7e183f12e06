"""环比 and 同比: which other span a figure is held against.

A day is held against the same weekday (7 and 364 days before), a calendar bucket against the bucket before and the same
bucket a year before, any other span against as many days just before it and the same days a year before. A running
bucket is held against as many elapsed days of the other one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from metrics.core.period import DAY, Grain, Period, add_months, bucket_start, next_bucket

Reference = Literal["previous", "year_ago"]
#: No percentage change on a base below this: 1→3, not +200 %.
SMALL_BASE = 20


def reference_period(period: Period, grain: Grain, reference: Reference) -> Period:
    """The span that ``period`` is held against. ``grain``: the calendar that the span belongs to (total: none)."""
    if grain is Grain.day and period.days == 1:
        return period.shifted_days(-7 if reference == "previous" else -364)
    if grain is Grain.week and period.start.weekday() == 0 and period.days <= 7:
        return period.shifted_days(-7 if reference == "previous" else -364)
    if grain in (Grain.month, Grain.quarter, Grain.year) and period.start == bucket_start(period.start, grain):
        return _elapsed_equal(period, grain, reference)
    return _same_days_a_year_before(period) if reference == "year_ago" else period.shifted_days(-period.days)


def _elapsed_equal(period: Period, grain: Grain, reference: Reference) -> Period:
    a_year_ago = add_months(period.start, -12)
    start = a_year_ago if reference == "year_ago" else bucket_start(period.start - DAY, grain)
    whole = Period(start, next_bucket(start, grain))
    if period.is_calendar(grain):
        return whole
    return Period(start, min(start + timedelta(days=period.days), whole.stop))


def _same_days_a_year_before(period: Period) -> Period:
    start, last = add_months(period.start, -12), add_months(period.last, -12)
    return Period.inclusive(start, max(start, last))
