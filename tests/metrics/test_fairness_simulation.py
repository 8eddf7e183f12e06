"""The promise kept: equal counties are left in peace, a county that is truly worse is found. Tables: docs/fairness.md."""

from __future__ import annotations

import numpy as np
import pytest

from bench import fairness
from metrics.core.fairness.judge import judged
from tests.metrics.leagues import PER_HEAD, RATE, league, metric

MONTHS = 4000


def test_a_naive_ranking_calls_the_smallest_county_worst() -> None:
    worst = fairness.naive_worst(fairness.months_of_visits(MONTHS), fairness.POPULATIONS)
    assert worst[-1] == pytest.approx(0.23, abs=0.02)
    assert worst[0] == pytest.approx(0.05, abs=0.01)


def test_equal_counties_are_called_in_at_most_five_percent_of_months() -> None:
    below, above = fairness.outside("poisson", fairness.months_of_visits(MONTHS), fairness.POPULATIONS)
    assert fairness.any_called(below) <= 0.05
    assert fairness.any_called(above) <= 0.05


@pytest.mark.parametrize("rate", [0.70, 0.93, 0.995])
@pytest.mark.parametrize("middle", [60, 300, 3000])
def test_equal_rates_are_called_in_at_most_five_percent_of_periods(rate: float, middle: int) -> None:
    cases = fairness.sizes(middle)
    below, above = fairness.outside("binomial", fairness.months_of_rates(rate, cases, MONTHS), cases)
    assert fairness.any_called(below) <= 0.05
    assert fairness.any_called(above) <= 0.05


@pytest.mark.parametrize("base", [0.90, 0.93, 0.965])
def test_ten_points_lower_is_found(base: float) -> None:
    found, others = fairness.detection(base, 0.10, MONTHS)
    assert found >= 0.90
    assert others <= 0.05


def test_the_entry_says_what_the_simulation_counts() -> None:
    cases = fairness.sizes(300)
    truth = [0.93] * 5 + [0.83] + [0.93] * 4
    totals = fairness.months_of_rates(np.array(truth), cases, 20)
    below, above = fairness.outside("binomial", totals, cases)
    for row, low, high in zip(totals, below, above, strict=True):
        rows = [(int(k), int(n)) for k, n in zip(row, cases, strict=True)]
        bands = judged(league(RATE, rows), metric(RATE))["band"].to_list()
        assert bands == [
            "below" if one else "above" if other else "within" for one, other in zip(low, high, strict=True)
        ]


def test_equal_counties_have_no_sure_last_place() -> None:
    totals = fairness.months_of_visits(40)
    assert fairness.sure_worst("poisson", totals, fairness.POPULATIONS, more_is_better=False) == 0.0
    rows = [(int(k), int(n)) for k, n in zip(totals[0], fairness.POPULATIONS, strict=True)]
    assert set(judged(league(PER_HEAD, rows), metric(PER_HEAD))["rank_low"]) <= {1, 2, 3}


@pytest.mark.full
def test_ranges_hold_the_true_place() -> None:
    for base, deviation in ((0.93, 0.01), (0.93, 0.03), (0.80, 0.05)):
        inside, width = fairness.rank_coverage(base, deviation, 300, 400)
        assert inside >= 0.95
        assert width < 10


@pytest.mark.full
def test_equal_means_are_called_in_at_most_five_percent_of_periods() -> None:
    for shape in (4.0, 1.0):
        below, above = fairness.mean_days_called(60, shape, 4000)
        assert below <= 0.05
        assert above <= 0.05
