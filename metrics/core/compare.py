"""Comparison: which other span a figure is held against, what the difference is, and what was aimed at.

- 环比: a day, or a window of at most seven, against the same weekdays a week before, a calendar bucket against the one
  before, any other span against as many days just before it.
- 同比: a day, a window of days or a week against 364 days before (the same weekdays), a bucket against the same bucket a year before, any other
  span against the same days a year before.
- 春节对齐: the days that stand as far from their own lunar new year as these from theirs.
- base year: as 同比, but that many years back.

A running bucket is held against as many elapsed days of the other one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_access.settings import read_config
from metrics.core.calendar import Calendar, calendar
from metrics.core.model import Metric, Score
from metrics.core.period import DAY, Grain, Period, add_months, bucket_start, next_bucket
from metrics.core.query import Query

Reference = Literal["previous", "year_ago", "spring_aligned", "base_year"]
REFERENCE_LABELS: dict[Reference, str] = {
    "previous": "环比",
    "year_ago": "同比",
    "spring_aligned": "春节对齐",
    "base_year": "比基年",
}
#: No percentage change on a base below this: 1→3, not +200 %.
SMALL_BASE = 20
EVERY_REGION = "*"

Evaluate = Callable[[Query], pl.DataFrame]
Covered = Callable[[str, date], bool]


class Target(BaseModel):
    """One aim: ``value`` of ``metric`` in ``region`` (a code, or * for all) on the days ``first`` … ``last``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    region: str = Field(default=EVERY_REGION, pattern=r"^(\*|\d{12})$")
    first: date
    last: date
    value: float
    source: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Target:
        if self.last < self.first:
            raise ValueError(f"last {self.last} 早于 first {self.first}")
        return self


class ComparisonTable(BaseModel):
    """``config/targets.toml``: the fixed base year and the targets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_year: int = Field(default=2019, ge=1990, le=2100)
    targets: tuple[Target, ...] = ()

    @model_validator(mode="after")
    def _one_target_a_day(self) -> ComparisonTable:
        seen: dict[tuple[str, str], list[Target]] = {}
        for target in self.targets:
            for other in seen.setdefault((target.metric, target.region), []):
                if target.first <= other.last and other.first <= target.last:
                    raise ValueError(
                        f"{target.metric} 在 {target.region} 有两个目标的日期重叠：{other.first} 与 {target.first} 起"
                    )
            seen[target.metric, target.region].append(target)
        return self


@dataclass(frozen=True)
class Difference:
    """How ``now`` differs from ``before``, in the way that may be said of it.

    ``kind``: points (``amount`` in percentage points, for rates), relative (a fraction of ``before``), absolute (in the
    metric's unit, for scores, means and figures per head), steps (a count on a base too small for a percentage: say
    before→now), none (a side is missing; ``amount`` None).
    """

    kind: Literal["points", "relative", "absolute", "steps", "none"]
    amount: float | None


@cache
def comparison_table() -> ComparisonTable:
    """The base year and the targets in force. Raises SettingsError."""
    return read_config("targets.toml", ComparisonTable)


def reference_period(
    period: Period,
    grain: Grain,
    reference: Reference,
    *,
    base_year: int | None = None,
    days: Calendar | None = None,
) -> Period | None:
    """The span that ``period`` is held against, None where there is none.

    ``grain``: the calendar that the span belongs to (total: none). ``base_year`` and ``days``: default as configured.
    There is none before the base year's own turn, and no aligned one without a lunar new year in the table.
    """
    if reference == "previous":
        return _previous(period, grain)
    if reference == "year_ago":
        return _years_back(period, grain, 1)
    if reference == "spring_aligned":
        return _spring_aligned(period, days or calendar())
    years = period.start.year - (base_year if base_year is not None else comparison_table().base_year)
    return _years_back(period, grain, years) if years > 0 else None


def difference(metric: Metric, now: float | None, before: float | None) -> Difference:
    """The difference of two values of one metric."""
    if now is None or before is None:
        return Difference("none", None)
    if metric.percent:
        return Difference("points", 100 * (now - before))
    if isinstance(metric.kind, Score) or not metric.additive:
        return Difference("absolute", now - before)
    if before < SMALL_BASE:
        return Difference("steps", now - before)
    return Difference("relative", (now - before) / before)


def compared(
    query: Query,
    grain: Grain,
    evaluate: Evaluate,
    references: Sequence[Reference] = ("previous", "year_ago"),
    covered: Covered = lambda _metric, _first_day: True,
) -> pl.DataFrame:
    """Observations of ``query`` in one bucket, with one Float64 column per reference, null without a predecessor.

    ``grain``: the calendar that the query's period belongs to. ``covered``: whether the data of a metric reach back to a
    first day; what lies before is no zero but unknown.
    """
    frame = evaluate(replace(query, grain=Grain.total))
    keys = ["region_code", "metric", *query.by]
    for reference in references:
        span = reference_period(query.period, grain, reference)
        known = [] if span is None else [key for key in query.metrics if covered(key, span.start)]
        if span is None or not known:
            frame = frame.with_columns(pl.lit(None, pl.Float64).alias(reference))
            continue
        other = evaluate(replace(query, metrics=tuple(known), grain=Grain.total, period=span))
        values = other.select(*keys, pl.col("value").alias(reference))
        frame = frame.join(values, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return frame


def target(metric: str, region: str, day: date, table: ComparisonTable | None = None) -> Target | None:
    """What is aimed at on that day: the region's own target, else the one for all; None without one."""
    valid = [
        aim for aim in (table or comparison_table()).targets if aim.metric == metric and aim.first <= day <= aim.last
    ]
    own = [aim for aim in valid if aim.region == region]
    return next(iter(own or [aim for aim in valid if aim.region == EVERY_REGION]), None)


def unknown_targets(table: ComparisonTable, metrics: Collection[str]) -> list[str]:
    """The metric keys of targets that no metric has."""
    return sorted({aim.metric for aim in table.targets} - set(metrics))


def _previous(period: Period, grain: Grain) -> Period:
    if _moves_by_weeks(period, grain):
        return period.shifted_days(-7)
    if _begins_bucket(period, grain):
        return _elapsed_equal(period, grain, bucket_start(period.start - DAY, grain))
    return period.shifted_days(-period.days)


def _years_back(period: Period, grain: Grain, years: int) -> Period:
    if _moves_by_weeks(period, grain):
        # Whole weeks, so that a Monday is held against a Monday: 364 days for one year.
        same_date = add_months(period.start, -12 * years)
        return period.shifted_days(-7 * round((period.start - same_date).days / 7))
    if _begins_bucket(period, grain):
        return _elapsed_equal(period, grain, add_months(period.start, -12 * years))
    start, last = add_months(period.start, -12 * years), add_months(period.last, -12 * years)
    return Period.inclusive(start, max(start, last))


def _spring_aligned(period: Period, days: Calendar) -> Period | None:
    """Shifted by the days between the lunar new year nearest to the span's start and the one before it."""
    offset = days.lunar_offset(period.start)
    if offset is None:
        return None
    new_year = period.start - offset * DAY
    before = days.lunar_new_year_before(new_year)
    return None if before is None else period.shifted_days((before - new_year).days)


def _moves_by_weeks(period: Period, grain: Grain) -> bool:
    if grain is Grain.day:
        return period.days <= 7
    return grain is Grain.week and period.start.weekday() == 0 and period.days <= 7


def _begins_bucket(period: Period, grain: Grain) -> bool:
    return grain in (Grain.month, Grain.quarter, Grain.year) and period.start == bucket_start(period.start, grain)


def _elapsed_equal(period: Period, grain: Grain, start: date) -> Period:
    whole = Period(start, next_bucket(start, grain))
    if period.is_calendar(grain):
        return whole
    return Period(start, min(start + timedelta(days=period.days), whole.stop))
