"""How far a share is from what is aimed at: counted in cases, exactly, so that 0.95 of 260 is 247 and not 248."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Literal

from metrics.core.compare import ComparisonTable, Target, target
from metrics.core.period import Grain, Period

Standing = Literal["reached", "near", "below"]
#: Within so many percentage points below its target a share is near it.
NEAR_POINTS = 5


def missing(numerator: int, denominator: int, aim: float) -> int:
    """How many more cases the share needs to reach ``aim`` (0–1); negative: so many above what is needed."""
    return ceil(_exact(aim) * denominator) - numerator


def standing(numerator: int, denominator: int, aim: float) -> Standing:
    """Whether the share has reached ``aim``, is at most NEAR_POINTS below it, or further. ``denominator`` above 0."""
    share = Fraction(numerator, denominator)
    if share >= _exact(aim):
        return "reached"
    return "near" if share >= _exact(aim) - Fraction(NEAR_POINTS, 100) else "below"


def aim_of(
    metric: str, region: str, period: Period, table: ComparisonTable | None = None
) -> tuple[Target | None, bool]:
    """What is aimed at on the period's last day, and whether another value was aimed at on an earlier day of it."""
    aims = [target(metric, region, month.start, table) for month in period.buckets(Grain.month)]
    last = target(metric, region, period.last, table)
    return last, any(_value(aim) != _value(last) for aim in aims)


def _value(aim: Target | None) -> float | None:
    return None if aim is None else aim.value


def _exact(aim: float) -> Fraction:
    # As it is written: 0.95 is 19/20, and not the nearest binary number.
    return Fraction(repr(aim))
