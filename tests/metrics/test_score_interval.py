"""The bootstrap of scores: what it covers, what it leaves open, and that it is the same whenever and wherever it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.core.period import Period
from metrics.core.query import Query
from metrics.core.scheme import Scheme, SchemePart, scheme
from metrics.core.score_interval import score_intervals
from metrics.core.scoring import Evaluate
from metrics.registry import metrics

_QUARTER = Period.inclusive(date(2026, 1, 1), date(2026, 3, 31))
_QUERY = Query((), "0", 2, _QUARTER)
# Rates as counties have them; all below their targets and above their floors.
_USUAL = {
    "accept_on_time_rate": 0.97,
    "reply_on_time_rate": 0.95,
    "satisfaction_rate": 0.90,
    "evaluation_rate": 0.45,
    "mediation_success_rate": 0.85,
    "backlog_clear_rate": 0.70,
    "orders_on_time_rate": 0.85,
}


def _answers(figures: Mapping[str, list[tuple[int, int]]], points: list[float], by_region: int = 0) -> Evaluate:
    """Observations with these numerators and denominators, one region each, named from ``by_region`` on."""

    def evaluate(query: Query) -> pl.DataFrame:
        return pl.concat(
            _observations(key, figures[key] if key in figures else [(round(100 * each), 0) for each in points])
            for key in query.metrics
        )

    def _observations(key: str, pairs: list[tuple[int, int]]) -> pl.DataFrame:
        rows = [
            (_QUARTER.start, str(by_region + number), key, above / (below or 100), above, below or None, "ok")
            for number, (above, below) in enumerate(pairs)
        ]
        columns = ("period", "region_code", "metric", "value", "numerator", "denominator", "state")
        return pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)

    return evaluate


def _drawn(rates: Mapping[str, float], size: int, cases: int, seed: int) -> dict[str, list[tuple[int, int]]]:
    chance = np.random.default_rng(seed)
    return {key: [(int(above), cases) for above in chance.binomial(cases, rate, size)] for key, rate in rates.items()}


def _true_score(chosen: Scheme, rates: Mapping[str, float]) -> float:
    def worth(part: SchemePart) -> float:
        figure = rates[part.metric]
        if part.participation:
            figure *= min(1.0, rates[part.participation.metric] / part.participation.target)
        return min(1.0, max(0.0, (figure - part.floor) / (part.target - part.floor)))

    return 100 * sum(part.weight * worth(part) for part in chosen.parts) / sum(part.weight for part in chosen.parts)


@pytest.mark.parametrize("cases", [30, 100, 500])
def test_nine_of_ten_intervals_hold_the_true_score(cases: int) -> None:
    chosen = scheme("balanced")
    size = 500
    shown = score_intervals(
        chosen, _QUERY, _answers(_drawn(_USUAL, size, cases, 7), [0.0] * size), metrics(), draws=500
    )
    true = _true_score(chosen, _USUAL)
    covered = ((shown["lower"] <= true) & (true <= shown["upper"])).mean()
    assert covered == pytest.approx(0.90, abs=0.035)
    assert (shown["lower"] <= shown["value"]).all()
    assert (shown["value"] <= shown["upper"]).all()


def test_more_cases_make_narrower_intervals() -> None:
    widths = []
    for cases in (20, 80, 320):
        figures = {key: [(round(rate * cases), cases)] for key, rate in _USUAL.items()}
        [row] = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0]), metrics()).rows(named=True)
        widths.append(row["upper"] - row["lower"])
    assert widths[0] > 1.6 * widths[1] > 1.6 * 1.6 * widths[2]


def test_twenty_of_twenty_is_not_certain() -> None:
    figures = {key: [(20, 20)] for key in _USUAL}
    [row] = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0]), metrics()).rows(named=True)
    assert row["value"] == 100.0
    assert row["lower"] < 99


def test_the_same_in_whatever_company() -> None:
    figures = _drawn(_USUAL, 6, 60, 3)
    together = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0] * 6), metrics())
    again = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0] * 6), metrics())
    assert_frame_equal(together, again, check_exact=True)
    alone = {key: pairs[4:5] for key, pairs in figures.items()}
    one = score_intervals(scheme("balanced"), _QUERY, _answers(alone, [0.0], by_region=4), metrics())
    columns = ["region_code", "value", "lower", "upper"]
    assert_frame_equal(one.select(columns), together[4:5].select(columns), check_exact=True)
    assert one.select("rank_first", "rank_last", "ranked").row(0) == (1, 1, 1)


def test_ten_equal_counties_cannot_be_ranked_and_a_worse_one_can() -> None:
    size = 10
    equal = _drawn(_USUAL, size, 60, 5)
    shown = score_intervals(scheme("balanced"), _QUERY, _answers(equal, [0.0] * size), metrics())
    assert (shown["rank_last"] - shown["rank_first"]).mean() >= 5  # type: ignore[operator]
    best = shown.sort("value", descending=True)
    ranks = pl.Series(range(1, size + 1))
    assert ((best["rank_first"] <= ranks) & (ranks <= best["rank_last"])).all()
    worse = {
        key: [*pairs[:-1], (round(0.75 * 400 * _USUAL[key]), 400)]
        for key, pairs in _drawn(_USUAL, size, 400, 5).items()
    }
    last = score_intervals(scheme("balanced"), _QUERY, _answers(worse, [0.0] * size), metrics()).row(-1, named=True)
    assert (last["rank_first"], last["rank_last"], last["ranked"]) == (10, 10, 10)


def test_among_the_members_only() -> None:
    figures = _drawn(_USUAL, 6, 60, 3)
    everyone = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0] * 6), metrics())
    group = score_intervals(
        scheme("balanced"), _QUERY, _answers(figures, [0.0] * 6), metrics(), members=frozenset({"1", "3", "5"})
    )
    assert group["region_code"].to_list() == ["1", "3", "5"]
    assert set(group["ranked"]) == {3}
    assert group["rank_last"].max() == 3
    assert group["mean"].to_list() == pytest.approx([group["value"].mean()] * 3)
    bounds = ["region_code", "value", "lower", "upper"]
    assert_frame_equal(
        group.select(bounds), everyone.filter(pl.col("region_code").is_in(["1", "3", "5"])).select(bounds)
    )


@pytest.mark.parametrize("cases", [30, 120])
def test_of_ten_equal_counties_hardly_ever_one_is_called_lower(cases: int) -> None:
    size, cities = 10, 200
    called = 0
    for seed in range(cities):
        answers = _answers(_drawn(_USUAL, size, cases, seed), [0.0] * size)
        shown = score_intervals(scheme("balanced"), _QUERY, answers, metrics(), draws=500)
        called += "worse" in shown["verdict"]
    assert called / cities <= 0.09  # 5 %, and two standard errors of two hundred cities


def test_one_county_that_is_worse_is_called_so_and_a_ledger_calls_nobody() -> None:
    figures = {
        key: [*pairs[:-1], (round(0.85 * 200 * _USUAL[key]), 200)] for key, pairs in _drawn(_USUAL, 9, 200, 5).items()
    }
    shown = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0] * 9), metrics())
    assert shown["verdict"].to_list()[-1] == "worse"
    alone = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0] * 9), metrics(), members={"8"})
    assert alone["verdict"].to_list() == [None]
    ledger = score_intervals(scheme("zhuzhou"), _QUERY, _answers({}, [3.0, 0.0, 40.0]), metrics())
    assert ledger["verdict"].to_list() == [None, None, None]


def test_a_ledger_is_no_sample() -> None:
    shown = score_intervals(scheme("zhuzhou"), _QUERY, _answers({}, [3.0, 0.0, 3.0, 120.0]), metrics())
    assert shown.select("value", "lower", "upper").rows() == [(97.0,) * 3, (100.0,) * 3, (97.0,) * 3, (0.0,) * 3]
    assert shown.select("rank_first", "rank_last").rows() == [(2, 3), (1, 1), (2, 3), (4, 4)]


def test_cells_without_a_score_are_left_out() -> None:
    figures = {key: [(3, 4), (30, 40)] for key in _USUAL}
    shown = score_intervals(scheme("balanced"), _QUERY, _answers(figures, [0.0, 0.0]), metrics())
    assert shown["region_code"].to_list() == ["1"]
    none = {key: [(3, 4)] for key in _USUAL}
    assert score_intervals(scheme("balanced"), _QUERY, _answers(none, [0.0]), metrics()).is_empty()


@pytest.mark.parametrize(
    ("metric", "floor", "target", "pair", "spread"),
    [
        # 9,000 days over 300 replies: as if exponential, a mean of 30 with a standard error of 30/√300.
        ("reply_mean_days", 60.0, 0.0, (9_000, 300), 30 / 300**0.5 / 60),
        # 400 in 100,000: Poisson, 40 with a standard error of 2 per 10,000.
        ("petition_per_10k", 80.0, 0.0, (400, 100_000), 2.0 / 80),
    ],
)
def test_means_and_figures_per_10000(
    metric: str, floor: float, target: float, pair: tuple[int, int], spread: float
) -> None:
    part = SchemePart(label="x", metric=metric, weight=1.0, floor=floor, target=target)
    chosen = scheme("balanced").model_copy(update={"parts": (part,)})
    scale = 10_000 if metric.endswith("_per_10k") else 1

    def evaluate(query: Query) -> pl.DataFrame:
        shown = _answers({metric: [pair]}, [0.0])(query)
        return shown.with_columns(pl.when(pl.col("metric") == metric).then(pl.col("value") * scale).otherwise("value"))

    [row] = score_intervals(chosen, _QUERY, evaluate, metrics()).rows(named=True)
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.645 * 100 * spread, rel=0.1)
    assert row["value"] == pytest.approx(50.0)
