"""环比 and 同比: the same figure of another span, and how a difference may be said.

A day is held against the same weekday (7 and 364 days before), a calendar bucket against the bucket before and the same
bucket a year before, any other span against as many days just before it and the same days a year before. A running
bucket is held against as many elapsed days of the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import polars as pl

from metrics.core.model import Metric
from metrics.core.period import DAY, Grain, Period, add_months, bucket_start, next_bucket
from metrics.core.query import Query

Evaluate = Callable[[Query], pl.DataFrame]
Reference = Literal["previous", "year_ago"]
SMALL_BASE = 20


@dataclass(frozen=True)
class Change:
    """How ``now`` differs from ``before``; both as observations carry them, None undefined.

    ``difference``: in the metric's own unit; for rates in percentage points. ``relative``: fraction of ``before``, None for
    rates, for a base below 20 and without a base.
    """

    now: float | None
    before: float | None
    difference: float | None
    relative: float | None


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


def change(metric: Metric, now: float | None, before: float | None) -> Change:
    """The change of one figure."""
    if now is None or before is None:
        return Change(now, before, None, None)
    if metric.percent:
        return Change(now, before, 100 * (now - before), None)
    relative = (now - before) / before if before >= SMALL_BASE else None
    return Change(now, before, now - before, relative)


def compared(query: Query, grain: Grain, evaluate: Evaluate) -> pl.DataFrame:
    """Observations of ``query`` (grain total) with two more columns: ``previous`` and ``year_ago`` (Float64, null without
    one). ``grain``: the calendar that the query's period belongs to."""
    now = evaluate(replace(query, grain=Grain.total))
    references: tuple[Reference, ...] = ("previous", "year_ago")
    for reference in references:
        span = reference_period(query.period, grain, reference)
        other = evaluate(replace(query, grain=Grain.total, period=span))
        keys = ["region_code", "metric", *query.by]
        values = other.select(*keys, pl.col("value").alias(reference))
        now = now.join(values, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return now
