"""The bands that days, weeks and 28 days are expected in, for many series at once, each from earlier days only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.core.comparable import Bools, Days, Expected, Floats, Ints, expected, festival_factors, without_bursts
from metrics.core.dispersion import learned, pressed
from metrics.core.tails import chance_of_at_most, limits

#: Chance on either side of the 99.8 % band.
TAIL = 0.001
#: The days that are summed where few are expected.
WINDOW = 28
_RARE_DEPTH = 52
_YEAR, _RARE_DAYS, _FESTIVE_DAYS, _WEEKS = 365, 100, 200, 104
# Of 28 days so many may be unknown (days of a kind too rare to be expected).
_MISSING = 5
# Dispersion before anything is known of a series, and how much evidence that is worth; see ``learned``.
_PRIOR_DAY, _PRIOR_SUM, _WEIGHT = 0.05, 0.02, 400.0


@dataclass(frozen=True, eq=False)
class Band:
    """Arrays (buckets, series), nan where too little is known.

    ``dispersion`` is that of the prediction: variance mean + dispersion · mean², the uncertainty of the mean included.
    """

    value: Floats
    mean: Floats
    lower: Floats
    upper: Floats
    dispersion: Floats


@dataclass(frozen=True, eq=False)
class Model:
    """What all rules share: lunar factors and their relative variance, and the values without their bursts."""

    values: Floats
    days: Days
    factor: Floats
    variance: Floats
    clean: Floats

    @staticmethod
    def of(values: Floats, days: Days) -> Model:
        """``values`` (days, series), nan where not known."""
        rough = without_bursts(values, days)
        factor, variance = festival_factors(rough, days)
        before = np.arange(days.count)
        first = expected(rough, days, factor, before)
        spread = _spread(rough, first, days, variance, before)
        mean = _half_more(first, factor)
        clean = np.where(np.isnan(mean), rough, pressed(values, mean, spread + _own(first, variance)))
        return Model(values, days, factor, variance, clean)


def daily(model: Model, first: int = 0) -> Band:
    """The band of each day from position ``first`` on."""
    before = np.arange(model.days.count)
    usual = expected(model.clean, model.days, model.factor, before)
    spread = _spread(model.clean, usual, model.days, model.variance, before)
    return _band(model.values, usual.mean, _half_more(usual, model.factor), spread + _own(usual, model.variance), first)


def rolling(model: Model, below: float, first: int = 0) -> Band:
    """The band of the sum of the 28 days that end with each day, from days before those 28, where less is expected than ``below``.

    Past sums above their band are scaled down to what was expected, so that a slow burst does not hide the next one.
    """
    rough = _expected_sums(model, model.clean)
    excess = np.where(_above(rough), rough.mean / np.maximum(rough.value, 1), 1.0)
    ahead = np.pad(excess, ((0, WINDOW - 1), (0, 0)), constant_values=1.0)
    share = np.lib.stride_tricks.sliding_window_view(ahead, WINDOW, axis=0).min(axis=-1)
    sums = _expected_sums(model, model.clean * share)
    few = sums.shown < below
    columns = (sums.value, sums.shown, sums.mean, sums.dispersion)
    value, shown, mean, dispersion = (np.where(few, rows, np.nan) for rows in columns)
    return _band(value, shown, mean, dispersion, first)


def weekly(model: Model, starts: Ints, first: int = 0) -> Band:
    """The band of each week; ``starts``: the positions of the weeks' first days, the last week may be incomplete."""
    lengths = np.diff([*starts, model.days.count])
    usual = expected(model.clean, model.days, model.factor, np.repeat(starts, lengths))
    mean = np.add.reduceat(usual.mean, starts, axis=0)
    counted = np.add.reduceat(usual.counted, starts, axis=0)
    own = 1 / (counted + 0.5) + np.add.reduceat(model.variance, starts, axis=0) / lengths[:, None]
    values = np.add.reduceat(model.values, starts, axis=0)
    whole = lengths == 7
    before = np.arange(len(starts))
    spread = _sum_dispersion(values, mean, own, before, whole, _WEEKS)
    weeks = np.add.reduceat(usual.days, starts, axis=0) / lengths[:, None]
    return _band(values, mean, mean + 0.5 / np.maximum(weeks, 1), spread + own, first)


def _band(value: Floats, shown: Floats, mean: Floats, dispersion: Floats, first: int) -> Band:
    value, shown, mean, dispersion = (rows[first:] for rows in (value, shown, mean, dispersion))
    known = ~np.isnan(mean)
    lower, upper = np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    lower[known], upper[known] = limits(mean[known], dispersion[known], TAIL)
    return Band(value, shown, lower, upper, np.where(known, dispersion, np.nan))


def _own(usual: Expected, variance: Floats) -> Floats:
    """The relative variance of a mean: that of the events behind it, and that of its lunar factor."""
    return 1 / (usual.counted + 0.5) + variance


def _half_more(usual: Expected, factor: Floats) -> Floats:
    """Half an event more among the comparable days: none so far is not none ever."""
    return usual.mean + 0.5 / np.maximum(usual.days, 1) * factor


def _spread(values: Floats, usual: Expected, days: Days, variance: Floats, before: Ints) -> Floats:
    """Of ordinary days by ordinary days; the rare kinds and the days round the lunar new year by their own errors too."""
    own = _own(usual, variance)
    ordinary = ~days.rare & ~days.festive
    spread = learned(values, usual.mean, own, before, which=ordinary, span=_YEAR, prior=_PRIOR_DAY, weight=_WEIGHT)
    for which, span in ((days.rare, _RARE_DAYS), (days.festive & ~days.rare, _FESTIVE_DAYS)):
        among = learned(values, usual.mean, own, before, which=which, span=span, prior=spread, weight=_WEIGHT)
        spread = np.where(which[:, None], np.maximum(among, spread), spread)
    return spread


def _sum_dispersion(values: Floats, mean: Floats, own: Floats, before: Ints, which: Bools, span: int) -> Floats:
    first = learned(values, mean, own, before, which=which, span=span, prior=_PRIOR_SUM, weight=_WEIGHT)
    drawn = pressed(values, mean, first + own)
    return learned(drawn, mean, own, before, which=which, span=span, prior=_PRIOR_SUM, weight=_WEIGHT)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums of 28 days and what is expected of them: ``shown`` as it is, ``mean`` with half an event more."""

    value: Floats
    shown: Floats
    mean: Floats
    dispersion: Floats


def _expected_sums(model: Model, clean: Floats) -> _Sums:
    before = np.arange(model.days.count) - WINDOW + 1
    usual = expected(clean, model.days, model.factor, before, _RARE_DEPTH)
    known = ~np.isnan(usual.mean) & ~np.isnan(model.values)
    enough = _sums(known.astype(np.float64)) >= WINDOW - _MISSING
    mean = np.where(enough, _sums(np.where(known, usual.mean, 0.0)), np.nan)
    value = _sums(np.where(known, model.values, 0.0))
    # Seven weekdays, each with its own comparable days.
    counted = _sums(np.where(known, usual.counted, 0.0)) / WINDOW * 7
    own = 1 / (counted + 0.5) + _sums(model.variance) / WINDOW
    spread = learned(
        pressed(value, mean, _PRIOR_SUM + own),
        mean,
        own,
        before,
        which=np.full(len(value), True),
        span=2 * _YEAR,
        prior=_PRIOR_SUM,
        # Neighbouring sums share most of their days: 28 of them tell what one does.
        weight=_WEIGHT * WINDOW,
    )
    weeks = _sums(np.where(known, usual.days, 0.0)) / WINDOW
    return _Sums(value, mean, mean + 0.5 * WINDOW / 7 / np.maximum(weeks, 1), spread + own)


def _above(sums: _Sums) -> Bools:
    """Where a sum lies above its band; only what is far above its mean needs the exact chance."""
    far = sums.value > sums.mean + 2 * np.sqrt(sums.mean + sums.dispersion * sums.mean**2)
    above = np.zeros(far.shape, dtype=bool)
    above[far] = chance_of_at_most(sums.value[far] - 1, sums.mean[far], sums.dispersion[far]) >= 1 - TAIL
    return above


def _sums(rows: Floats) -> Floats:
    """The sum of the 28 rows that end with each row; nan before there are so many."""
    running = np.vstack([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    sums = np.full_like(rows, np.nan)
    sums[WINDOW - 1 :] = running[WINDOW:] - running[:-WINDOW]
    return sums
