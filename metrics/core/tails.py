"""Limits of a count that is over-dispersed: negative binomial with variance μ + d·μ²; Poisson as d goes to 0.

Arrays of equal shape throughout. scipy is imported when first needed, because it costs a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SMALLEST = 1e-9


def chance_of_at_most(count: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """P(Y ≤ count); 0 below a count of 0."""
    from scipy.special import betainc

    spread = np.maximum(dispersion, _SMALLEST)
    chance = betainc(1 / spread, np.maximum(count, 0) + 1, 1 / (1 + spread * np.maximum(mean, _SMALLEST)))
    return np.where(count < 0, 0.0, chance)


def chance_of_at_least(count: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """P(Y ≥ count), precise where it is tiny; 1 for a count of 0."""
    from scipy.special import betainc

    spread, mean = np.maximum(dispersion, _SMALLEST), np.maximum(mean, _SMALLEST)
    chance = betainc(np.maximum(count, 1), 1 / spread, spread * mean / (1 + spread * mean))
    return np.where(count <= 0, 1.0, chance)


def limits(mean: Floats, dispersion: Floats, tail: float) -> tuple[Floats, Floats]:
    """The smallest and the largest usual count: P(Y < lower) ≤ ``tail`` and P(Y > upper) ≤ ``tail``; whole numbers."""
    from scipy.special import ndtri

    mean, dispersion = np.maximum(mean, _SMALLEST), np.maximum(dispersion, _SMALLEST)
    z = float(-ndtri(tail))
    upper = _smallest_reaching(_guess(mean, dispersion, z), mean, dispersion, 1 - tail)
    lower = np.zeros_like(mean)
    # Most series are too small to fall: where even a zero is usual the limit is 0 without a search.
    can_fall = np.log1p(dispersion * mean) / dispersion > -np.log(tail)
    few, spread = mean[can_fall], dispersion[can_fall]
    lower[can_fall] = _smallest_reaching(_guess(few, spread, -z), few, spread, tail)
    return lower, upper


def _guess(mean: Floats, dispersion: Floats, z: float) -> Floats:
    """Cornish and Fisher's expansion of the quantile at ``z`` standard deviations: within a count or two."""
    deviation = np.sqrt(mean * (1 + dispersion * mean))
    skew = (1 + 2 * dispersion * mean) / deviation
    kurtosis = 6 * dispersion + 1 / deviation**2
    steps = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    guess: Floats = np.maximum(np.ceil(mean + deviation * steps - 0.5), 0)
    return guess


def _smallest_reaching(guess: Floats, mean: Floats, dispersion: Floats, chance: float) -> Floats:
    """The smallest count whose P(Y ≤ count) reaches ``chance``, from a near guess."""
    found = guess.copy()
    reached = chance_of_at_most(found, mean, dispersion)
    rising = np.flatnonzero(reached < chance)
    # P(Y ≤ count − 1) by subtraction: the point's own chance is cheaper than another integral.
    falling = np.flatnonzero((reached - _chance_of(found, mean, dispersion) >= chance) & (found > 0))
    while rising.size:
        found[rising] += 1
        rising = rising[chance_of_at_most(found[rising], mean[rising], dispersion[rising]) < chance]
    while falling.size:
        found[falling] -= 1
        below = chance_of_at_most(found[falling] - 1, mean[falling], dispersion[falling])
        falling = falling[below >= chance]
    return found


def _chance_of(count: Floats, mean: Floats, dispersion: Floats) -> Floats:
    from scipy.special import betaln

    size = 1 / dispersion
    chance: Floats = np.exp(
        -np.log(count + size) - betaln(size, count + 1) - size * np.log1p(dispersion * mean)
        + count * (np.log(dispersion * mean) - np.log1p(dispersion * mean))
    )  # fmt: skip
    return chance
