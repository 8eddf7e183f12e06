"""Intervals of figures that are not members of one group, channels for example, and of the difference of two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from metrics.core.fairness.cases import cases_of, countable, family_of
from metrics.core.fairness.intervals import COVERAGE, interval
from metrics.core.model import Metric, Ratio

_ROW = "bounded_row"


@dataclass(frozen=True)
class Bounded:
    """A figure with its interval, in one unit; ``lower`` and ``upper`` None where it has none."""

    value: float | None
    lower: float | None
    upper: float | None


def with_bounds(frame: pl.DataFrame, metric: Metric, coverage: float = COVERAGE) -> pl.DataFrame:
    """``frame`` with columns lower and upper: Wilson, exact Poisson or t, in the value's unit; null without a denominator.

    ``frame``: observations of one metric, broken down as may be; a mean carries ``squares`` (see ``with_squares``).
    """
    rows = frame.with_row_index(_ROW)
    family = family_of(metric)
    counted = rows.clear() if family is None else countable(rows, family)
    if family is None or counted.is_empty():
        return frame.with_columns(lower=pl.lit(None, pl.Float64), upper=pl.lit(None, pl.Float64))
    scale = metric.kind.scale if isinstance(metric.kind, Ratio) else 1
    lower, upper = (bound * scale for bound in interval(cases_of(counted, family), coverage))
    bounds = pl.DataFrame({_ROW: counted[_ROW], "lower": lower, "upper": upper}, nan_to_null=True)
    return rows.join(bounds, on=_ROW, how="left", maintain_order="left").drop(_ROW)


def difference_interval(now: Bounded, before: Bounded) -> tuple[float, float] | None:
    """Lower and upper bound of ``now`` − ``before`` for two independent figures; None where one has no interval.

    From the two intervals (Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10; for means the same square-and-add):
    it covers what they cover.
    """
    ends = (now.value, now.lower, now.upper, before.value, before.lower, before.upper)
    if any(end is None for end in ends):
        return None
    value, lower, upper, old, old_lower, old_upper = (float(end) for end in ends if end is not None)
    moved = value - old
    down, up = np.hypot(value - lower, old_upper - old), np.hypot(upper - value, old - old_lower)
    return float(moved - down), float(moved + up)


def side_of(now: Bounded, before: Bounded) -> int:
    """1 where ``now`` lies above ``before`` beyond chance, −1 below, 0 where chance explains the difference."""
    ends = difference_interval(now, before)
    if ends is None or ends[0] <= 0 <= ends[1]:
        return 0
    return 1 if ends[0] > 0 else -1
