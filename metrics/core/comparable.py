"""What a day would usually bring: the mean of the comparable days before it, for many series at once.

Comparable are days of one kind, ordinary workdays and weekend days of one weekday. Round the lunar new year, which wanders
through January and February, the same offset of earlier years says how far a day strays from its own kind.

Values are arrays (days, series) over consecutive days; nan is not known. ``cutoff`` (days,) is, for every day, the number of
days that may be looked at: nothing at or after that position is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from metrics.core.calendar import SPRING_FESTIVAL, Calendar, DayKind
from metrics.core.period import DAY, Period

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: How many comparable days are looked at, and how few are too few.
DEPTH, FEWEST = 12, 5
_WORKDAYS = tuple(range(5))
_MAKEUP, _FIRST, _HOLIDAY, _SPRING = 7, 8, 9, 10
_ORDINARY = 7
_CLASSES = 11
# Days round the lunar new year that stray from their kind, and the quiet ones round those that they are measured against.
_REACH, _QUIET = 50, 120
# Without an earlier year nothing is said of the days in which offices hardly work.
_STRONG = (-14, 20)
_SMOOTHED = 3
# Counts of no effect (factor 1) that every factor is mixed with, so that a small series keeps a factor near 1.
_PRIOR = 10.0


@dataclass(frozen=True, eq=False)
class Days:
    """What the calendar says of consecutive days: ``kind`` 0–6 ordinary days by weekday, 7–10 the rare kinds.

    ``offset`` from the nearest lunar new year and ``year`` of that new year; 0 in ``year`` where the table has none.
    """

    kind: Ints
    offset: Ints
    year: Ints

    @staticmethod
    def of(period: Period, calendar: Calendar) -> Days:
        """The days of ``period``."""
        days = [period.start + n * DAY for n in range(period.days)]
        offsets = [calendar.lunar_offset(day) for day in days]
        kinds = [_class_of(calendar, day, offset) for day, offset in zip(days, offsets, strict=True)]
        years = [0 if o is None else (day - o * DAY).year for day, o in zip(days, offsets, strict=True)]
        return Days(np.array(kinds), np.array([o or 0 for o in offsets]), np.array(years))

    @property
    def count(self) -> int:
        """How many days."""
        return len(self.kind)

    @property
    def rare(self) -> Bools:
        """Days of a kind that a year has few of."""
        return self.kind >= _ORDINARY

    @cached_property
    def festive(self) -> Bools:
        """Working days and weekends near the lunar new year, which a factor corrects."""
        near = (self.year > 0) & (np.abs(self.offset) <= _REACH)
        return near & (self.kind < _HOLIDAY)

    @cached_property
    def unjudged(self) -> Bools:
        """Days close to the first lunar new year of the series: there is no earlier one to learn from."""
        strong = self.festive & (self.offset >= _STRONG[0]) & (self.offset <= _STRONG[1])
        return strong & ~np.isin(self.year, [year + 1 for year in self.learned_years])

    @cached_property
    def learned_years(self) -> list[int]:
        """Years whose days round the lunar new year all lie within the series, from the reach before to the reach after."""
        years = [int(year) for year in np.unique(self.year[self.year > 0])]
        return [year for year in years if self._holds(year, -_REACH) and self._holds(year, _REACH)]

    def _holds(self, year: int, offset: int) -> bool:
        return bool(((self.year == year) & (self.offset == offset)).any())


def _class_of(calendar: Calendar, day: date, offset: int | None) -> int:
    kind = calendar.kind(day)
    if kind is DayKind.holiday:
        spring = calendar.holiday(day) == SPRING_FESTIVAL or (offset is not None and 0 <= offset <= 6)
        return _SPRING if spring else _HOLIDAY
    rare = {DayKind.makeup: _MAKEUP, DayKind.first: _FIRST}
    return rare.get(kind, day.weekday())


@dataclass(frozen=True, eq=False)
class Expected:
    """``mean`` (days, series) with nan where too few days compare; ``counted``: the events behind it."""

    mean: Floats
    counted: Floats
    days: Floats


def expected(values: Floats, days: Days, factor: Floats, cutoff: Ints, depth: int = DEPTH) -> Expected:
    """The mean of each day's comparable days before its cutoff, times its own ``factor`` (days, series)."""
    known = ~np.isnan(values)
    plain = np.where(known, values, 0.0) / factor
    sums, counts = np.zeros_like(values), np.zeros_like(values)
    for targets, members in _comparable(days, cutoff):
        stop = np.searchsorted(members, cutoff[targets])
        start = np.maximum(stop - depth, 0)
        sums[targets] = between(plain[members], start, stop)
        counts[targets] = between(known[members].astype(np.float64), start, stop)
    enough = (counts >= FEWEST) & ~days.unjudged[:, None]
    mean = np.where(enough, sums / np.maximum(counts, 1) * factor, np.nan)
    return Expected(mean, sums, counts)


def _comparable(days: Days, cutoff: Ints) -> list[tuple[Ints, Ints]]:
    """Pairs of the days of a kind and the days they may be compared with; every day is in one pair."""
    pairs = []
    for kind in range(_CLASSES):
        targets = np.flatnonzero(days.kind == kind)
        members = np.flatnonzero((days.kind == kind) & ~days.unjudged)
        if kind == _MAKEUP:
            # A worked weekend is an ordinary workday until there are enough of its own kind.
            few = np.searchsorted(members, cutoff[targets]) < FEWEST
            ordinary = np.flatnonzero(np.isin(days.kind, _WORKDAYS) & ~days.unjudged)
            pairs.append((targets[few], ordinary))
            targets = targets[~few]
        pairs.append((targets, members))
    return pairs


def between(rows: Floats, start: Ints, stop: Ints) -> Floats:
    """The sums of ``rows`` from ``start`` up to but not including ``stop``, one per pair."""
    running = np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    between: Floats = running[stop] - running[start]
    return between


def without_bursts(values: Floats, days: Days) -> Floats:
    """``values`` pressed to below a wide band round the median of the comparable days before: a burst counts as a busy day.

    The first days of a rare kind are held against the workdays before them.
    """
    pressed = values.copy()
    workdays = np.flatnonzero(np.isin(days.kind, _WORKDAYS))
    for kind in range(_CLASSES):
        members = np.flatnonzero(days.kind == kind)
        early, later = members[:FEWEST], members[FEWEST:]
        if later.size:
            pressed[later] = np.minimum(values[later], _far_above(_medians(values[members])[FEWEST:]))
        if kind >= _ORDINARY and workdays.size:
            place = np.searchsorted(workdays, early)
            middle = _medians(np.vstack([values[workdays], values[workdays[-1:]]]))[place]
            enough = (place >= FEWEST)[:, None]
            pressed[early] = np.where(enough, np.fmin(values[early], _far_above(1.5 * middle)), values[early])
    return pressed


def _far_above(middle: Floats) -> Floats:
    above: Floats = middle + 4 * np.sqrt((middle + 1) * (1 + 0.1 * (middle + 1)))
    return above


def _medians(rows: Floats) -> Floats:
    """The median of the DEPTH rows before each row, unknown ones left out; nan before the first."""
    padded = np.vstack([np.full((DEPTH, rows.shape[1]), np.nan), rows[:-1]])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, DEPTH, axis=0), axis=-1)
    count = (~np.isnan(windows)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(windows, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(windows, count // 2, axis=-1)
    middle: Floats = ((low + high) / 2)[..., 0]
    return middle


def festival_factors(values: Floats, days: Days) -> tuple[Floats, Floats]:
    """How far each day strays from its kind by the lunar calendar (1 outside), and the relative variance of that factor.

    Learned from the years before the day's own, at the same offsets and those next to them; both (days, series).
    """
    factor, variance = np.ones_like(values), np.zeros_like(values)
    seen, usual = np.zeros((2, 2 * _REACH + 1, values.shape[1]))
    for year in days.learned_years:
        more_seen, more_usual = _profile(values, days, year)
        seen, usual = seen + more_seen, usual + more_usual
        later = np.flatnonzero(days.festive & (days.year == year + 1))
        place = days.offset[later] + _REACH
        near_seen, near_usual = _smoothed(seen)[place], _smoothed(usual)[place]
        factor[later] = (near_seen + _PRIOR) / (near_usual + _PRIOR)
        variance[later] = 1 / (near_seen + _PRIOR)
    return factor, variance


def _profile(values: Floats, days: Days, year: int) -> tuple[Floats, Floats]:
    """By offset, what the days round one lunar new year brought and what quiet days of their kind did."""
    seen, usual = np.zeros((2, 2 * _REACH + 1, values.shape[1]))
    of_year = days.year == year
    for kind in range(_ORDINARY):
        quiet = of_year & (days.kind == kind) & (np.abs(days.offset) > _REACH) & (np.abs(days.offset) <= _QUIET)
        busy = np.flatnonzero(of_year & (days.kind == kind) & days.festive)
        if quiet.sum() >= FEWEST:
            known = ~np.isnan(values[quiet])
            level = np.where(known, values[quiet], 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            place = days.offset[busy] + _REACH
            seen[place] = np.nan_to_num(values[busy])
            usual[place] = np.where(np.isnan(values[busy]), 0.0, level)
    return seen, usual


def _smoothed(rows: Floats) -> Floats:
    """The sum over the offsets next to each."""
    width = 2 * _SMOOTHED + 1
    running = np.vstack(
        [np.zeros((1, rows.shape[1])), np.cumsum(np.pad(rows, ((_SMOOTHED, _SMOOTHED), (0, 0))), axis=0)]
    )
    smooth: Floats = running[width:] - running[:-width]
    return smooth
