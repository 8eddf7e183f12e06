"""Every metric's worked example, on a real PostgreSQL: asked live and through a snapshot it gives its figures."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from metrics.core.model import Metric, Score, WorkedExample
from metrics.core.period import Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests.metrics import examples
from tests.metrics.conftest import CityOf


@pytest.mark.parametrize("metric", metrics().values(), ids=list(metrics()))
def test_the_example_gives_its_figures(metric: Metric, city_of: CityOf) -> None:
    example = metric.example
    assert example is not None, "every metric has a worked example"
    for store, observations in city_of(example.tables).answers(_query(metric, example)).items():
        _assert_figures(observations, example, store)


@pytest.mark.parametrize("metric", metrics().values(), ids=list(metrics()))
def test_a_day_without_events_is_zero_or_undefined(metric: Metric, city_of: CityOf) -> None:
    example = metric.example
    assert example is not None
    before = Period.inclusive(date(2000, 1, 1), date(2000, 1, 1))
    for store, observations in city_of(example.tables).answers(_query(metric, example, before)).items():
        row = observations.row(0, named=True)
        if metric.additive or row["denominator"]:
            assert (row["value"], row["numerator"]) == (0.0, 0), store
        else:
            assert row["value"] is None, store
            assert row["state"] == ("small_n" if isinstance(metric.kind, Score) else "undefined"), store


def _query(metric: Metric, example: WorkedExample, period: Period | None = None) -> Query:
    asked = Period.inclusive(date.fromisoformat(example.first), date.fromisoformat(example.last))
    return Query((metric.key,), examples.ROOT, 3, period or asked)


def _assert_figures(observations: pl.DataFrame, example: WorkedExample, store: str) -> None:
    assert observations.height == 1, store
    row = observations.row(0, named=True)
    assert (row["period"], row["region_code"]) == (date.fromisoformat(example.first), examples.ROOT), store
    assert (row["numerator"], row["denominator"]) == (example.numerator, example.denominator), store
    if example.value is None:
        assert row["value"] is None, store
    else:
        assert row["value"] == pytest.approx(example.value, rel=0, abs=1e-12), store
