"""95 % intervals of single figures: Wilson for rates, exact Poisson for figures per head, t for means.

scipy.stats takes about a second to load: here and in the neighbouring modules only functions that need it import it, so
that a page without a league starts without it.
"""

from __future__ import annotations

import numpy as np

from metrics.core.fairness.cases import Array, Cases

COVERAGE = 0.95


def interval(cases: Cases, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """Lower and upper bound of each member's figure, unscaled; nan where there is none (the mean of one case)."""
    if cases.family == "binomial":
        return wilson(cases.totals, cases.sizes, coverage)
    if cases.family == "poisson":
        return poisson_exact(cases.totals, cases.sizes, coverage)
    return student(cases, coverage)


def wilson(totals: Array, sizes: Array, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """Wilson's score interval (1927) of ``totals`` out of ``sizes``, without continuity correction."""
    from scipy.special import ndtri

    z = float(ndtri((1 + coverage) / 2))
    rate = totals / sizes
    weight = z * z / sizes
    centre = (rate + weight / 2) / (1 + weight)
    half = z / (1 + weight) * np.sqrt(rate * (1 - rate) / sizes + weight / sizes / 4)
    # At 0 and 1 the bound equals the rate, which rounding may miss by the last digit.
    return np.clip(np.minimum(centre - half, rate), 0.0, 1.0), np.clip(np.maximum(centre + half, rate), 0.0, 1.0)


def poisson_exact(totals: Array, sizes: Array, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """Garwood's exact interval (1936) of a number of events, over ``sizes``."""
    from scipy.stats import gamma

    tail = (1 - coverage) / 2
    lower = np.where(totals > 0, gamma.ppf(tail, np.maximum(totals, 1)), 0.0)
    return lower / sizes, gamma.isf(tail, totals + 1) / sizes


def student(cases: Cases, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """The t interval of a mean, from Σ days and Σ days²; nan for a single case."""
    from scipy.stats import t

    freedom = np.where(cases.sizes > 1, cases.sizes - 1, np.nan)
    mean = cases.totals / cases.sizes
    half = t.ppf((1 + coverage) / 2, freedom) * np.sqrt(cases.variances / cases.sizes)
    return mean - half, mean + half
