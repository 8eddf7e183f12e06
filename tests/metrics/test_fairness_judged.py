"""``judged``: one league at a time, hostile ones among them."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from metrics.core.fairness.judge import BAND_LABELS, JUDGED_SCHEMA, funnel_curve, judged
from metrics.core.fairness.ranks import ranges_of_draws
from metrics.core.fairness.squares import squares_total, with_squares
from metrics.core.period import Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests.metrics.conftest import CityOf
from tests.metrics.leagues import MEAN, PER_HEAD, RATE, league, metric

TEN = [(930, 1000)] * 9 + [(270, 300)]
_KINDS = ("band", "verdict", "rank_low", "rank_high")


def _one(frame: pl.DataFrame, column: str, row: int = -1) -> object:
    return frame[column][row]


def test_ten_points_lower_is_below_and_worse_and_last() -> None:
    frame = judged(league(RATE, [*TEN[:9], (249, 300)]), metric(RATE))
    assert frame["band"].to_list() == ["within"] * 9 + ["below"]
    assert frame["verdict"].to_list() == [None] * 9 + ["worse"]
    assert (_one(frame, "rank_low"), _one(frame, "rank_high")) == (10, 10)
    assert frame["rank_low"].to_list()[:9] == [1] * 9
    assert set(frame["rank_high"].to_list()[:9]) <= {8, 9}
    assert frame["centre"].unique().to_list() == [(9 * 930 + 249) / 9300]


def test_fewer_over_level_visits_are_better() -> None:
    rows = [(120, 400_000)] * 8 + [(40, 400_000), (260, 400_000)]
    frame = judged(league(PER_HEAD, rows), metric(PER_HEAD))
    assert frame["band"].to_list()[-2:] == ["below", "above"]
    assert frame["verdict"].to_list()[-2:] == ["better", "worse"]
    assert frame["rank_low"].to_list()[-2:] == [1, 10]
    assert frame["lower"][0] < frame["value"][0] == 3.0 < frame["upper"][0]
    assert frame["outer_lower"][0] < frame["centre"][0] < frame["outer_upper"][0]


def test_neutral_metrics_get_no_band_and_no_place() -> None:
    frame = judged(league("web_share", [(1, 100), (99, 100), (50, 100)]), metric("web_share"))
    assert frame.select(_KINDS).null_count().row(0) == (3, 3, 3, 3)
    assert frame["lower"].null_count() == 0


@pytest.mark.parametrize("key", ["petition_volume", "over_level_batches", "open_petitions", "assessment_score"])
def test_figures_without_a_denominator_are_left_alone(key: str) -> None:
    frame = league(key, [(5, None), (0, None)]).with_columns(state=pl.lit("ok"))
    result = judged(frame, metric(key))
    assert result.select(list(JUDGED_SCHEMA)).null_count().row(0) == (2,) * len(JUDGED_SCHEMA)


def test_too_few_cases_keep_their_interval_and_lose_band_and_place() -> None:
    frame = judged(league(RATE, [*TEN, (0, 14), (1, 1), (0, 0)]), metric(RATE))
    few = frame.tail(3)
    assert few.select(_KINDS).null_count().row(0) == (3, 3, 3, 3)
    assert few["lower"].null_count() == 1
    assert frame["rank_high"].max() == 10


def test_figures_that_are_missing_or_impossible_are_not_judged() -> None:
    rows = [*TEN, (None, 20), (None, None), (30, None), (20, 19), (-1, 50)]
    frame = judged(league(RATE, rows), metric(RATE))
    assert frame.tail(5).select(list(JUDGED_SCHEMA)).null_count().row(0) == (5,) * len(JUDGED_SCHEMA)
    assert frame["centre"][0] == pytest.approx((9 * 930 + 270) / 9300)


def test_suppressed_figures_do_not_shine_through() -> None:
    frame = league(RATE, TEN).with_columns(
        state=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("suppressed")).otherwise("state")
    )
    result = judged(frame, metric(RATE))
    assert result.head(1).select(list(JUDGED_SCHEMA)).null_count().row(0) == (1,) * len(JUDGED_SCHEMA)
    assert result["centre"][1] == pytest.approx((8 * 930 + 270) / 8300)


def test_population_null() -> None:
    frame = judged(league(PER_HEAD, [(12, 400_000), (9, None), (3, 0), (10, 300_000)]), metric(PER_HEAD))
    assert frame["band"].to_list() == ["within", None, None, "within"]
    assert frame["rank_high"].to_list() == [2, None, None, 2]


def test_a_region_alone_is_neither_above_nor_first() -> None:
    frame = judged(league(RATE, [(22, 22)]), metric(RATE))
    assert frame.select(_KINDS).null_count().row(0) == (1, 1, 1, 1)
    assert (_one(frame, "lower"), _one(frame, "upper")) == (pytest.approx(0.851, abs=1e-3), 1.0)


def test_an_empty_league_stays_empty() -> None:
    frame = judged(league(RATE, []), metric(RATE))
    assert frame.is_empty()
    assert {name: frame.schema[name] for name in JUDGED_SCHEMA} == {
        name: kind() for name, kind in JUDGED_SCHEMA.items()
    }


@pytest.mark.parametrize("pair", [(0, 100), (100, 100), (93, 100), (10**12, 2 * 10**12)])
def test_equals_share_every_place(pair: tuple[int, int]) -> None:
    frame = judged(league(RATE, [pair] * 10), metric(RATE))
    assert frame["band"].unique().to_list() == ["within"]
    assert set(zip(frame["rank_low"], frame["rank_high"], strict=True)) == {(1, 10)}


def test_22_of_22_is_not_first_for_sure() -> None:
    frame = judged(league(RATE, [(22, 22), *[(930 + 2 * step, 1000) for step in range(9)]]), metric(RATE))
    assert _one(frame, "band", 0) == "within"
    assert frame["rank_high"][0] > 3
    assert 0.93 < frame["shrunk"][0] < 0.96


def test_shrinkage_needs_eight_members() -> None:
    for members in (7, 8):
        frame = judged(league(RATE, TEN[-members:]), metric(RATE))
        assert frame["shrunk"].null_count() == (members if members < 8 else 0)
        assert frame["rank_low"].null_count() == 0


def test_rows_and_their_order_stay() -> None:
    frame = league(RATE, [(900 - 10 * step, 1000) for step in range(9)])
    result = judged(frame, metric(RATE))
    assert_frame_equal(result.select(frame.columns), frame)
    assert_frame_equal(judged(frame.reverse(), metric(RATE)).reverse(), result)


def test_departments_of_one_root_are_a_league() -> None:
    frame = league(RATE, TEN).with_columns(region_code=pl.lit("430200000000"), organ_code=pl.col("region_code"))
    assert judged(frame, metric(RATE))["rank_low"].null_count() == 0


def test_a_league_is_of_one_metric_and_one_period() -> None:
    frame = league(RATE, TEN)
    for other in (frame.with_columns(metric=pl.lit("x")), frame.with_columns(period=date(2026, 4, 1))):
        with pytest.raises(ValueError, match="one metric and one period"):
            judged(pl.concat([frame, other]), metric(RATE))


def test_means() -> None:
    days = [(20 * 100, 100)] * 9 + [(40 * 100, 100)]
    frame = judged(league(MEAN, days, [20 * 20 * 100 + 8_000] * 9 + [40 * 40 * 100 + 8_000]), metric(MEAN))
    assert frame["band"].to_list() == ["within"] * 9 + ["above"]
    assert _one(frame, "verdict") == "worse"
    assert _one(frame, "rank_low") == 10
    assert frame["shrunk"].null_count() == 10


def test_means_without_squares_are_not_judged() -> None:
    frame = judged(league(MEAN, [(400, 20), (500, 20)]), metric(MEAN))
    assert frame.select(list(JUDGED_SCHEMA)).null_count().row(0) == (2,) * len(JUDGED_SCHEMA)


def test_a_mean_of_one_case_is_not_ranked_whatever_the_threshold() -> None:
    rows = league(MEAN, [(400, 20), (500, 20), (7, 1)], [9000, 13_000, 49], minimum_n=1)
    assert judged(rows, metric(MEAN))["rank_low"].to_list() == [1, 2, None]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=15))
@example([(0, 366794), (0, 370919), (40, 773), (3406, 3406), (62701, 77249)])
@settings(deadline=None, max_examples=40)
def test_whatever_the_counts(pairs: list[tuple[int, int]]) -> None:
    rows = [(min(pair), max(pair)) for pair in pairs]
    for key in (RATE, PER_HEAD):
        frame = judged(league(key, rows), metric(key))
        floats = frame.select(pl.col(pl.Float64).is_nan().any() | pl.col(pl.Float64).is_infinite().any())
        assert not any(floats.row(0))
        ranked = frame.filter(pl.col("rank_low").is_not_null())
        assert ranked.filter(~pl.col("rank_low").is_between(1, pl.col("rank_high"))).is_empty()
        assert ranked.filter(pl.col("rank_high") > ranked.height).is_empty()
        assert set(frame["band"].drop_nulls()) <= set(BAND_LABELS)
        within = pl.col("value").is_between("outer_lower", "outer_upper")
        assert frame.filter((pl.col("band") == "within") != within).is_empty()
        assert frame.filter(~pl.col("value").is_between(pl.col("lower") - 1e-9, pl.col("upper") + 1e-9)).is_empty()


def test_the_funnel_to_draw_meets_the_members_limits() -> None:
    frame = judged(league(PER_HEAD, [(12, 100_000), (90, 400_000), (200, 820_000)]), metric(PER_HEAD))
    curve = funnel_curve(frame, metric(PER_HEAD))
    assert curve["size"].is_sorted()
    assert curve["size"][0] < 100_000 < 820_000 < curve["size"][-1]
    assert curve["centre"][0] == frame["centre"][0]
    assert all(one >= other for one, other in pairwise(curve["outer_upper"].to_list()[::40]))
    assert funnel_curve(frame.head(1), metric(PER_HEAD)).is_empty()
    assert funnel_curve(league("petition_volume", [(5, None)]), metric("petition_volume")).is_empty()


def test_ranges_of_draws() -> None:
    low, high = ranges_of_draws(np.array([[3.0, 2.0, 2.0]] * 50), more_is_better=True)
    assert (low.tolist(), high.tolist()) == ([1, 2, 2], [1, 3, 3])


def test_every_mean_knows_its_squares() -> None:
    means = [key for key, declared in metrics().items() if squares_total(declared) is not None]
    assert {"reply_mean_days", "mediation_mean_days"} <= set(means)


@pytest.mark.parametrize("key", ["reply_mean_days", "mediation_mean_days"])
def test_squares_come_from_the_facts(city_of: CityOf, key: str) -> None:
    tables = {
        "petition": """
registered_at     procedure_route     replied_on
2026-02-20 09:00  petition_procedure  2026-03-02
2026-03-01 09:00  petition_procedure  2026-03-04
2026-03-02 09:00  litigation          2026-03-17
""",
        "mediation": """
accepted_at       concluded_on  outcome
2026-02-20 09:00  2026-03-02    succeeded
2026-03-01 09:00  2026-03-04    failed
2026-03-01 09:00  2026-03-20    -
""",
    }
    city = city_of(tables)
    query = Query((key,), "430200000000", 3, Period.inclusive(date(2026, 3, 1), date(2026, 3, 31)))
    observed = with_squares(city.answers(query)["snapshot"], metric(key), query, city.snapshot)
    assert observed.select("numerator", "denominator", "squares").rows() == [(13, 2, 109)]
    assert judged(observed, metric(key))["upper"][0] == pytest.approx(6.5 + 12.7062 * 3.5, abs=1e-3)
