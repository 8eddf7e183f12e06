"""Σ days² beside Σ days: what a mean's interval needs and its observation does not carry."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from data_access.store import Store
from metrics.core.evaluate import evaluate
from metrics.core.fairness.cases import family_of
from metrics.core.model import Count, Metric, Ratio, Total
from metrics.core.query import EVERYTHING, Query, Scope


def with_squares(
    frame: pl.DataFrame, metric: Metric, query: Query, store: Store, scope: Scope = EVERYTHING
) -> pl.DataFrame:
    """``frame``, the observations of ``metric`` that ``query`` gave, with ``squares`` (Int64); unchanged unless a mean."""
    total = squares_total(metric)
    if total is None:
        return frame
    auxiliary = replace(metric, kind=Count(total))
    found = evaluate(replace(query, metrics=(metric.key,)), store, {metric.key: auxiliary}, scope)
    keys = ["period", "region_code", *query.by]
    squares = found.select(*keys, squares=pl.col("numerator"))
    return frame.join(squares, on=keys, how="left", nulls_equal=True, maintain_order="left").with_columns(
        pl.col("squares").fill_null(0)
    )


def squares_total(metric: Metric) -> Total | None:
    """The Total of the squares: same fact, same condition, measure ``…_squared``. None for what is no mean.

    Raises ValueError for a mean of more than one Total, or of a fact that keeps no squares.
    """
    if family_of(metric) != "mean" or not isinstance(metric.kind, Ratio):
        return None
    if len(metric.kind.numerator) != 1 or not isinstance(metric.kind.numerator[0], Total):
        raise ValueError(f"{metric.key}: the mean of more than one total has no squares")
    total = metric.kind.numerator[0]
    return Total(total.fact, f"{total.measure}_squared", total.where)
