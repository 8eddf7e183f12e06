"""Intervals and funnel limits, held against scipy's own scalar answers and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from metrics.core.fairness.cases import Array, Cases
from metrics.core.fairness.funnel import INNER, OUTER, count_limits, funnel, side
from metrics.core.fairness.intervals import interval, poisson_exact, wilson
from metrics.core.fairness.shrinkage import posterior, prior

some = settings(deadline=None, max_examples=80)


def _cases(family: str, totals: list[float], sizes: list[float], squares: list[float] | None = None) -> Cases:
    arrays = (totals, sizes, squares if squares is not None else [np.nan] * len(totals))
    return Cases(family, *(np.array(values, dtype=np.float64) for values in arrays))  # type: ignore[arg-type]


def _array(*values: float) -> Array:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (22, 22), (0, 22), (96, 100), (940, 1000), (3, 10**9)])
def test_wilson_is_scipys(k: int, n: int) -> None:
    lower, upper = wilson(_array(k), _array(n))
    expected = stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    assert (lower[0], upper[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_22_of_22_is_not_certain() -> None:
    assert wilson(_array(22), _array(22))[0][0] == pytest.approx(0.851, abs=5e-4)


@pytest.mark.parametrize("events", [0, 1, 2, 17, 400])
def test_poisson_bounds_leave_two_and_a_half_percent_each(events: int) -> None:
    lower, upper = (float(bound[0]) for bound in poisson_exact(_array(events), _array(1)))
    assert stats.poisson.cdf(events, upper) == pytest.approx(0.025)
    assert lower == 0.0 if events == 0 else stats.poisson.sf(events - 1, lower) == pytest.approx(0.025)


@given(st.lists(st.integers(-5, 400), min_size=2, max_size=40))
@some
def test_the_t_interval_is_scipys(days: list[int]) -> None:
    lower, upper = interval(_cases("mean", [sum(days)], [len(days)], [sum(day * day for day in days)]))
    mean, error = float(np.mean(days)), float(np.std(days, ddof=1)) / len(days) ** 0.5
    half = stats.t.ppf(0.975, len(days) - 1) * error
    assert (lower[0], upper[0]) == pytest.approx((mean - half, mean + half), abs=1e-4)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
@some
def test_the_interval_holds_the_figure_and_narrows_with_n(one: int, other: int) -> None:
    k, n = sorted((one, other))
    for bounds in (wilson, poisson_exact):
        lower, upper = bounds(_array(k, 10 * k), _array(n, 10 * n))
        assert 0 <= lower[0] <= k / n <= upper[0]
        assert upper[1] - lower[1] <= upper[0] - lower[0]


def test_the_mean_of_one_case_has_no_interval() -> None:
    assert np.isnan(interval(_cases("mean", [30, 30], [1, 2], [900, 450]))[0]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("n", "inner", "outer"),
    [(50, (0.90, 1.0), (0.86, 1.0)), (300, (0.940, 0.983), (0.927, 0.993)), (3000, (0.957, 0.971), (0.953, 0.974))],
)
def test_published_limits_round_96_4_percent(n: int, inner: tuple[float, float], outer: tuple[float, float]) -> None:
    for expected, coverage in ((inner, INNER), (outer, OUTER)):
        lower, upper = count_limits("binomial", 0.964, _array(n), coverage)
        assert (float(lower[0]), float(upper[0])) == pytest.approx(expected, abs=5e-4)


@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([INNER, OUTER]))
@some
def test_limits_are_exact(n: int, rate: float, coverage: float) -> None:
    tail = (1 - coverage) / 2
    for family, law in (("binomial", stats.binom(n, rate)), ("poisson", stats.poisson(n * rate))):
        lower, upper = (round(float(bound[0]) * n) for bound in count_limits(family, rate, _array(n), coverage))  # type: ignore[arg-type]
        assert law.cdf(lower - 1) < tail <= law.cdf(lower)
        assert law.sf(upper) <= tail
        assert upper == 0 or law.sf(upper - 1) > tail


def test_limits_of_nothing_and_of_all() -> None:
    for rate in (0.0, 1.0):
        lower, upper = count_limits("binomial", rate, _array(1, 22, 10**9), OUTER)
        assert (lower == rate).all()
        assert (upper == rate).all()
    assert [bound.tolist() for bound in count_limits("poisson", 0.0, _array(10**6), OUTER)] == [[0.0], [0.0]]


def test_equal_means_without_any_spread_are_within() -> None:
    assert side(
        _cases("mean", [0.3 * 20, 0.3 * 7, 0.3 * 90], [20, 7, 90], [0.09 * 20, 0.09 * 7, 0.09 * 90])
    ).tolist() == [
        0,
        0,
        0,
    ]


def test_single_cases_give_means_no_limits() -> None:
    assert np.isnan(side(_cases("mean", [3, 4], [1, 1], [9, 16]))).all()


def test_limits_of_means_narrow_with_the_root_of_n() -> None:
    cases = _cases("mean", [200, 400], [20, 20], [4000, 9000])
    lower, upper = funnel(cases, _array(20, 80), OUTER)
    assert (upper - lower)[0] == pytest.approx(2 * (upper - lower)[1])


def test_shrinkage_follows_marshall() -> None:
    totals, sizes = [4, 0, 9, 30, 2, 14, 8, 90], [2e4, 1e4, 6e4, 9e4, 4e4, 5e4, 7e4, 3e5]
    cases = _cases("poisson", totals, sizes)  # type: ignore[arg-type]
    k, n = cases.totals, cases.sizes
    mean = k.sum() / n.sum()
    between = (n * (k / n - mean) ** 2).sum() / n.sum() - mean / n.mean()
    weight = between / (between + mean / n)
    assert between > 0
    assert posterior(cases).mean == pytest.approx(mean + weight * (k / n - mean))


def test_a_prior_worth_fifty_cases_gives_the_known_examples() -> None:
    strength = 50 * 0.95
    shrunk = [(22 + strength) / 72, (96 + strength) / 150, (940 + strength) / 1050]
    assert shrunk == pytest.approx([0.965, 0.957, 0.941], abs=1e-3)


def test_a_group_that_differs_less_than_chance_is_no_surer_than_its_pooled_value() -> None:
    cases = _cases("binomial", [90] * 10, [100] * 10)
    assert prior(cases) == (0.9, 1000.0)
    lower, upper = posterior(cases).interval()
    assert (upper - lower > 0.03).all()


@pytest.mark.parametrize("family", ["binomial", "poisson"])
@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_shrinkage_of_nothing_and_of_all_stays_finite(family: str, rate: float) -> None:
    sizes = [1, 22, 15, 300, 4000, 10**9, 7, 90, 1]
    lower, upper = posterior(_cases(family, [rate * size for size in sizes], sizes)).interval()  # type: ignore[arg-type]
    assert np.isfinite(lower).all()
    assert np.isfinite(upper).all()
    assert (upper > lower).all()


@given(st.lists(st.tuples(st.integers(0, 10**5), st.integers(1, 10**5)), min_size=8, max_size=20))
@some
def test_shrunk_figures_lie_between_the_raw_and_the_groups(pairs: list[tuple[int, int]]) -> None:
    totals, sizes = zip(*(sorted(pair) for pair in pairs), strict=True)
    for family in ("binomial", "poisson"):
        cases = _cases(family, list(totals), list(sizes))
        raw, mean = cases.totals / cases.sizes, prior(cases)[0]
        shrunk = posterior(cases).mean
        slack = 1e-9
        assert (shrunk >= np.minimum(raw, mean) - slack).all()
        assert (shrunk <= np.maximum(raw, mean) + slack).all()
