"""Funnel limits: where figures of members lie when all share the group's value and differ by chance alone.

After Spiegelhalter, Statistics in Medicine 24 (2005) 1185-1202, with exact instead of normal limits.
"""

from __future__ import annotations

import numpy as np

from metrics.core.fairness.cases import Array, Cases, Family

INNER, OUTER = 0.95, 0.998
#: A mean within the limits only by the rounding of its last digits is within them.
_ROUNDING = 1e-12


def funnel(cases: Cases, sizes: Array, coverage: float, scale: int = 1) -> tuple[Array, Array]:
    """Lower and upper limit at each of ``sizes``: the members' own sizes, or a grid to draw the funnel over.

    Exact limits are steps: a member inside them has a count whose tail on its side is not below (1 - coverage) / 2.
    """
    if cases.family == "mean":
        return _mean_limits(cases, sizes, coverage)
    return count_limits(cases.family, cases.pooled, sizes, coverage, scale)


def count_limits(
    family: Family, centre: float | Array, sizes: Array, coverage: float, scale: int = 1
) -> tuple[Array, Array]:
    """Exact binomial or Poisson limits round ``centre`` (events by case or by head), as figures per ``scale``.

    Divided last, as figures are: a count on the limit gives the very figure of the limit.
    """
    from scipy.stats import binom, poisson

    tail = (1 - coverage) / 2
    law = binom(sizes, centre) if family == "binomial" else poisson(sizes * centre)
    return np.asarray(law.ppf(tail) * scale / sizes), np.asarray(law.isf(tail) * scale / sizes)


def _mean_limits(cases: Cases, sizes: Array, coverage: float) -> tuple[Array, Array]:
    from scipy.stats import t

    spread, freedom = cases.spread
    half = t.ppf((1 + coverage) / 2, freedom) * spread / np.sqrt(sizes)
    return cases.pooled - half, cases.pooled + half


def side(cases: Cases) -> Array:
    """-1 below the 99.8 % limits, 1 above, 0 within; nan without limits."""
    lower, upper = funnel(cases, cases.sizes, OUTER)
    values = cases.totals / cases.sizes
    slack = _ROUNDING * np.maximum(1.0, np.abs(values)) if cases.family == "mean" else 0.0
    found = np.where(values < lower - slack, -1.0, np.where(values > upper + slack, 1.0, 0.0))
    return np.where(np.isnan(lower), np.nan, found)
