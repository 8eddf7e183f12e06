"""Limits of counts against scipy's own distributions."""

from __future__ import annotations

import numpy as np
from scipy import stats

from metrics.core.tails import chance_of_at_least, chance_of_at_most, limits


def test_limits_are_exact() -> None:
    random = np.random.default_rng(5)
    mean = np.exp(random.uniform(np.log(0.01), np.log(500), 400))
    dispersion = np.exp(random.uniform(np.log(1e-4), np.log(2), 400))
    size, share = 1 / dispersion, 1 / (1 + dispersion * mean)
    lower, upper = limits(mean, dispersion, 0.001)
    assert (upper == stats.nbinom.ppf(0.999, size, share)).all()
    assert (lower == stats.nbinom.ppf(0.001, size, share)).all()
    assert np.allclose(chance_of_at_most(upper, mean, dispersion), stats.nbinom.cdf(upper, size, share))


def test_without_dispersion_they_are_poisson() -> None:
    mean = np.array([0.5, 5.0, 50.0, 5000.0])
    lower, upper = limits(mean, np.zeros(4), 0.001)
    assert (upper == stats.poisson.ppf(0.999, mean)).all()
    assert (lower == stats.poisson.ppf(0.001, mean)).all()


def test_nothing_expected_is_no_error() -> None:
    lower, upper = limits(np.array([0.0]), np.array([0.0]), 0.001)
    assert (lower[0], upper[0]) == (0, 0)
    assert chance_of_at_most(np.array([-1.0]), np.array([3.0]), np.array([0.1]))[0] == 0


def test_the_upper_tail_is_exact_where_it_is_tiny() -> None:
    mean, dispersion = np.array([0.1, 5.0, 20.0]), np.array([0.05, 0.1, 1e-4])
    count = np.array([4.0, 60.0, 100.0])
    size, share = 1 / dispersion, 1 / (1 + dispersion * mean)
    found = chance_of_at_least(count, mean, dispersion)
    assert np.allclose(found, stats.nbinom.sf(count - 1, size, share), rtol=1e-6)
    assert found[2] < 1e-30
    assert chance_of_at_least(np.array([0.0]), np.array([3.0]), np.array([0.1]))[0] == 1
