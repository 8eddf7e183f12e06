"""Intervals of figures that are no league, and of the difference of two of them."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from metrics.core.fairness.bounds import Bounded, difference_interval, side_of, with_bounds
from metrics.core.fairness.judge import judged
from metrics.core.fairness.standardise import standardised
from tests.metrics.leagues import MEAN, PER_HEAD, RATE, league, metric


def bounded(successes: int, cases: int) -> Bounded:
    row = with_bounds(league(RATE, [(successes, cases)]), metric(RATE)).row(0, named=True)
    return Bounded(row["value"], row["lower"], row["upper"])


def test_the_difference_of_two_rates_as_newcombe_published_it() -> None:
    # Newcombe 1998, table II, method 10: 56/70 against 48/80.
    ends = difference_interval(bounded(56, 70), bounded(48, 80))
    assert ends is not None
    assert [round(end, 4) for end in ends] == [0.0524, 0.3339]
    assert side_of(bounded(56, 70), bounded(48, 80)) == 1
    assert side_of(bounded(48, 80), bounded(56, 70)) == -1
    assert side_of(bounded(8, 10), bounded(6, 10)) == 0


def test_without_an_interval_nothing_is_said() -> None:
    assert difference_interval(Bounded(0.5, None, None), bounded(1, 2)) is None
    assert side_of(bounded(99, 100), Bounded(None, None, None)) == 0


@pytest.mark.parametrize(
    ("key", "rows", "squares"),
    [
        (RATE, [(90, 100), (5, 10), (0, 0)], None),
        (PER_HEAD, [(3, 50_000), (0, 1_000)], None),
        (MEAN, [(1000, 100), (300, 20), (7, 1)], [12_000, 5_000, 49]),
    ],
)
def test_the_bounds_are_those_of_the_league(key: str, rows: list[tuple[int, int]], squares: list[int] | None) -> None:
    frame = league(key, rows, squares)
    ours = with_bounds(frame, metric(key))
    theirs = judged(frame, metric(key))
    assert ours.select("region_code", "lower", "upper").equals(theirs.select("region_code", "lower", "upper"))


def test_a_count_has_no_bounds() -> None:
    frame = with_bounds(league("petition_volume", [(5, None)]), metric("petition_volume"))
    assert frame["lower"].to_list() == [None]


def test_a_wider_coverage_gives_wider_bounds() -> None:
    frame = league(RATE, [(90, 100)])
    narrow, wide = (with_bounds(frame, metric(RATE), coverage).row(0, named=True) for coverage in (0.95, 0.998))
    assert wide["lower"] < narrow["lower"] < narrow["upper"] < wide["upper"]


def test_standardised_figures_take_the_coverage_too() -> None:
    frame = pl.DataFrame(
        {
            "region_code": ["a", "a", "b"],
            "channel": ["x", "y", "x"],
            "numerator": [50, 30, 70],
            "denominator": [60, 50, 80],
        }
    )
    narrow, wide = (standardised(frame, ["channel"], coverage=coverage) for coverage in (0.95, 0.998))
    assert (wide["lower"] < narrow["lower"]).all()
    assert np.allclose(narrow["standardised"], wide["standardised"])
    # One stratum of its own is Wilson's plain interval at that stratum's variance: b has 80 cases and nothing of y.
    assert not math.isnan(narrow["lower"][1])
