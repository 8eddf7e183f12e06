"""Empirical Bayes: what a member's figure is worth, when the group tells how far members differ at all.

Prior by moments after Marshall, Applied Statistics 40 (1991) 283-294: m the pooled value, A the variance between members
beyond chance; each figure is drawn towards m by m/N : A. Serves intervals and places; the raw figure is what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metrics.core.fairness.cases import Array, Cases
from metrics.core.fairness.intervals import COVERAGE

#: Fewer members do not tell how far members differ.
MINIMUM_MEMBERS = 8
_JEFFREYS = 0.5


@dataclass(frozen=True, eq=False)
class Posterior:
    """Of rates Beta(first, second), of figures per head Gamma(first, rate=second), one entry per member."""

    cases: Cases
    first: Array
    second: Array

    @property
    def mean(self) -> Array:
        """The expected figure, unscaled."""
        whole = self.first + self.second if self.cases.family == "binomial" else self.second
        return self.first / whole

    def interval(self, coverage: float = COVERAGE) -> tuple[Array, Array]:
        """Lower and upper bound, unscaled, with equal tails."""
        from scipy.stats import beta, gamma

        tail = (1 - coverage) / 2
        if self.cases.family == "binomial":
            law = beta(self.first, self.second)
        else:
            law = gamma(self.first, scale=1 / self.second)
        return np.asarray(law.ppf(tail)), np.asarray(law.isf(tail))

    def draws(self, generator: np.random.Generator, count: int) -> Array:
        """``count`` rows of possible true figures of all members."""
        shape = (count, self.cases.members)
        if self.cases.family == "binomial":
            return generator.beta(self.first, self.second, shape)
        return generator.gamma(self.first, 1 / self.second, shape)


def posterior(cases: Cases) -> Posterior:
    """Of rates and figures per head: with the group's prior from 8 members on, else with Jeffreys' prior."""
    if cases.family == "mean":
        raise ValueError("means have no conjugate prior here")
    own_second = cases.sizes - cases.totals if cases.family == "binomial" else cases.sizes
    if cases.members < MINIMUM_MEMBERS:
        uninformed = _JEFFREYS if cases.family == "binomial" else 0.0
        return Posterior(cases, cases.totals + _JEFFREYS, own_second + uninformed)
    mean, strength = prior(cases)
    prior_second = (1 - mean) * strength if cases.family == "binomial" else strength
    return Posterior(cases, cases.totals + mean * strength, own_second + prior_second)


def prior(cases: Cases) -> tuple[float, float]:
    """The prior's mean and its strength: so many cases, or residents, is it worth.

    Never stronger than the whole group: of the group's value itself no more than its own cases is known. Without this a
    group whose members differ less than chance would let every interval shrink to a point.
    """
    mean, whole = cases.pooled, float(cases.sizes.sum())
    chance = mean * (1 - mean) if cases.family == "binomial" else mean
    between = _variance_around(mean, cases) - chance / float(cases.sizes.mean())
    if cases.family == "binomial":
        # A group of nothing but successes, or failures, may still see the other.
        mean = float(np.clip(mean, _JEFFREYS / whole, 1 - _JEFFREYS / whole))
        strength = chance / between - 1 if between > 0 else whole
    else:
        mean = max(mean, _JEFFREYS / whole)
        strength = chance / between if between > 0 else whole
    return mean, min(strength, whole)


def _variance_around(mean: float, cases: Cases) -> float:
    return float((cases.sizes * (cases.totals / cases.sizes - mean) ** 2).sum() / cases.sizes.sum())
