"""Places as ranges: where a member may stand, once chance has been given its due. 1 is the best.

After Goldstein & Spiegelhalter, Journal of the Royal Statistical Society A 159 (1996) 385-443.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metrics.core.fairness.cases import Array, Cases
from metrics.core.fairness.intervals import COVERAGE
from metrics.core.fairness.shrinkage import posterior

SEED = 20260101
DRAWS = 4000


def rank_ranges(cases: Cases, more_is_better: bool, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """First and last place of each member that ``coverage`` of the possible true orders leave it.

    The same counts give the same ranges, in whatever order the members come.
    """
    order = np.lexsort((cases.squares, cases.sizes, cases.totals))
    ordered = Cases(cases.family, cases.totals[order], cases.sizes[order], cases.squares[order])
    low, high = ranges_of_draws(_draws(ordered), more_is_better, coverage)
    back = np.argsort(order)
    return low[back], high[back]


def ranges_of_draws(draws: Array, more_is_better: bool, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """As ``rank_ranges``, of simulated figures: one row per simulation, one column per member (scores, for example).

    Members that tie share all the places they tie for.
    """
    from scipy.stats import rankdata

    sign = -1.0 if more_is_better else 1.0
    tail = (1 - coverage) / 2
    low = np.quantile(rankdata(sign * draws, method="min", axis=1), tail, axis=0, method="inverted_cdf")
    high = np.quantile(rankdata(sign * draws, method="max", axis=1), 1 - tail, axis=0, method="inverted_cdf")
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


def _draws(cases: Cases) -> NDArray[np.float64]:
    generator = np.random.default_rng(SEED)
    if cases.family != "mean":
        return posterior(cases).draws(generator, DRAWS)
    error = np.sqrt(cases.variances / cases.sizes)
    freedom = cases.sizes - 1
    return cases.totals / cases.sizes + error * generator.standard_t(freedom, (DRAWS, cases.members))
