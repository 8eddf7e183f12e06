"""How much more a series scatters than Poisson counts do, learned from its own past errors."""

from __future__ import annotations

import numpy as np

from metrics.core.comparable import Bools, Floats, Ints, between

#: An error beyond so many standard deviations counts as one of that size, so that a burst does not widen the band after it.
FURTHEST = 3.0


def pressed(values: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """``values`` drawn to within FURTHEST deviations of ``mean``, downwards by the same ratio; as they are without a mean."""
    deviation = np.sqrt(mean + dispersion * mean**2)
    low = mean * np.exp(-FURTHEST * deviation / np.maximum(mean, 1e-9))
    return np.where(np.isnan(mean), values, np.clip(values, np.floor(low), np.ceil(mean + FURTHEST * deviation) + 1))


def learned(
    values: Floats,
    mean: Floats,
    own: Floats,
    cutoff: Ints,
    *,
    which: Bools,
    span: int,
    prior: Floats | float,
    weight: float,
) -> Floats:
    """The dispersion d of variance μ + d·μ² as known before each day's cutoff; never below 0, which is Poisson.

    By moments over the last ``span`` days among ``which``, each weighed by what it tells. ``own``: the relative variance that
    the mean itself has. ``prior`` stands for as much evidence as ``weight``; an error of a day on which 10 are expected
    counts 40, on which 1 is expected 0.8. All arrays (days, series), ``which`` (days,).
    """
    known = which[:, None] & ~np.isnan(mean) & ~np.isnan(values)
    usual = np.where(known, mean, 0.0)
    poisson = usual + np.where(known, own, 0.0) * usual**2
    scale = 1 / np.maximum(poisson + 0.05 * usual**2, 1e-9) ** 2 * usual**2
    error = np.where(known, values, 0.0) - usual
    num, den = (error**2 - poisson) * scale, usual**2 * scale
    places = np.flatnonzero(which)
    stop = np.searchsorted(places, cutoff)
    start = np.maximum(stop - span, 0)
    evidence = between(den[places], start, stop) + weight
    dispersion: Floats = np.maximum((between(num[places], start, stop) + weight * prior) / evidence, 0.0)
    return dispersion
