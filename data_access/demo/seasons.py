"""The rhythm of a synthetic day: weekday, holiday, Spring Festival, sessions of the congress.

Multipliers are assumptions of the project, except where ``domain.md`` quotes a source; each calendar year averages 1.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from functools import cache

import chinese_calendar
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# First day of the lunar year 正月初一.
_LUNAR_NEW_YEARS = (
    date(2015, 2, 19), date(2016, 2, 8), date(2017, 1, 28), date(2018, 2, 16), date(2019, 2, 5), date(2020, 1, 25),
    date(2021, 2, 12), date(2022, 2, 1), date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17),
    date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 3), date(2031, 1, 23), date(2032, 2, 11),
    date(2033, 1, 31), date(2034, 2, 19), date(2035, 2, 8), date(2036, 1, 28),
)  # fmt: skip
_WEEKDAYS = {
    "visit": (1.40, 1.15, 1.08, 1.02, 0.92, 0.05, 0.03),
    "far_visit": (1.25, 1.12, 1.05, 1.02, 0.95, 0.25, 0.20),
    "web": (1.20, 1.10, 1.05, 1.02, 1.00, 0.80, 0.80),
    "letter": (1.35, 1.15, 1.05, 1.00, 0.95, 0.05, 0.02),
    "phone": (1.20, 1.08, 1.05, 1.02, 1.00, 0.55, 0.45),
    "mediation": (1.20, 1.12, 1.06, 1.02, 0.98, 0.45, 0.40),
    "court": (1.20, 1.10, 1.05, 1.00, 0.95, 0.02, 0.01),
    "police": (1.00, 0.97, 0.96, 0.97, 1.02, 1.08, 1.06),
    "order": (1.30, 1.15, 1.05, 1.00, 0.90, 0.02, 0.02),
}
_HOLIDAY = {"web": 0.60, "phone": 0.35, "mediation": 0.25, "police": 1.10, "far_visit": 0.15}
_AFTER_HOLIDAY = {"visit": 1.40, "far_visit": 1.30, "letter": 1.30, "web": 1.15, "phone": 1.20, "police": 1.0}
# Last day of each stretch round the lunar new year (offset in days), and its multiplier for work that people bring in person.
_FESTIVAL_ENDS = (-46, -11, -1, 7, 15, 45)
_FESTIVAL = (1.0, 1.20, 0.80, 0.06, 0.70, 1.12, 1.0)
_FESTIVAL_WEB = (1.0, 1.08, 0.85, 0.35, 0.80, 1.05, 1.0)


def lunar_offset(day: date) -> int:
    """Days from the nearest lunar new year known (negative before it)."""
    return min(((day - first).days for first in _LUNAR_NEW_YEARS), key=abs)


@cache
def kind_of(day: date) -> str:
    """One of workday, makeup (调休 workday), weekend, holiday, first (first workday after a holiday)."""
    if _is_holiday(day):
        return "holiday"
    if not _is_workday(day):
        return "weekend"
    if _is_holiday(day - timedelta(days=1)):
        return "first"
    return "makeup" if day.weekday() >= 5 else "workday"


@cache
def factor(pattern: str, day: date) -> float:
    """The multiplier of ``pattern`` (a key of the weekday table) on ``day``; its mean over each calendar year is 1."""
    return _raw(pattern, day) / _year_mean(pattern, day.year)


def factors(pattern: str, days: list[date]) -> Floats:
    """``factor`` for each of ``days``, shape (days,)."""
    return np.array([factor(pattern, day) for day in days])


@cache
def _year_mean(pattern: str, year: int) -> float:
    first = date(year, 1, 1)
    length = (date(year + 1, 1, 1) - first).days
    return sum(_raw(pattern, first + timedelta(days=n)) for n in range(length)) / length


def _raw(pattern: str, day: date) -> float:
    return _day_type(pattern, day) * _festival(pattern, day) * _session(pattern, day)


def _day_type(pattern: str, day: date) -> float:
    weekdays = _WEEKDAYS[pattern]
    kind = kind_of(day)
    if kind == "holiday":
        return _HOLIDAY.get(pattern, 0.05)
    if kind == "makeup":
        return 0.9 * weekdays[2]
    if kind == "first":
        return weekdays[min(day.weekday(), 2)] * _AFTER_HOLIDAY.get(pattern, 1.1)
    return weekdays[day.weekday()]


def _festival(pattern: str, day: date) -> float:
    if pattern == "police":
        return 1.0
    table = _FESTIVAL_WEB if pattern in ("web", "phone") else _FESTIVAL
    factor_here = table[bisect_right(_FESTIVAL_ENDS, lunar_offset(day) - 1)]
    # The holiday itself is already in the day type; count the quiet only once.
    return max(factor_here, 0.6) if kind_of(day) == "holiday" else factor_here


def _session(pattern: str, day: date) -> float:
    if (2, 25) <= (day.month, day.day) <= (3, 15):
        return 1.3 if pattern == "far_visit" else 1.05
    if pattern == "visit" and day.month == 1:
        return 1.1
    return 1.0


def _is_workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    # The package raises this for years whose holidays it does not hold yet.
    except NotImplementedError:
        return day.weekday() < 5


def _is_holiday(day: date) -> bool:
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    # As above: a year that the package does not hold yet.
    except NotImplementedError:
        return _usual_holiday(day)
    return bool(off and name)


def _usual_holiday(day: date) -> bool:
    """Years whose calendar is not announced yet: the dates that hardly move."""
    fixed = {(1, 1), (4, 4), (4, 5), (5, 1), (5, 2), (5, 3)} | {(10, n) for n in range(1, 8)}
    return (day.month, day.day) in fixed or -1 <= lunar_offset(day) <= 6
