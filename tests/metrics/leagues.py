"""Little leagues of made-up observations, for the tests of fairness."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from metrics.core.model import Metric
from metrics.registry import metrics

RATE = "satisfaction_rate"
PER_HEAD = "over_level_per_10k"
MEAN = "reply_mean_days"


def metric(key: str) -> Metric:
    """The declared metric of that key."""
    return metrics()[key]


def league(
    key: str,
    rows: Sequence[tuple[int | None, int | None]],
    squares: Sequence[int] | None = None,
    minimum_n: int = 15,
) -> pl.DataFrame:
    """Observations of one period from (numerator, denominator) pairs, in the states that evaluation gives them."""
    scale = getattr(metric(key).kind, "scale", 1)
    frame = pl.DataFrame(
        {
            "period": [date(2026, 3, 1)] * len(rows),
            "region_code": [f"4302{index:02d}000000" for index in range(len(rows))],
            "metric": [key] * len(rows),
            "numerator": [row[0] for row in rows],
            "denominator": [row[1] for row in rows],
        },
        schema_overrides={"metric": pl.String, "numerator": pl.Int64, "denominator": pl.Int64, "period": pl.Date},
    )
    defined = pl.col("denominator").fill_null(0) != 0
    few = pl.col("denominator") < minimum_n
    frame = frame.with_columns(
        value=pl.when(defined).then(pl.col("numerator") * scale / pl.col("denominator")),
        state=pl.when(~defined).then(pl.lit("undefined")).when(few).then(pl.lit("small_n")).otherwise(pl.lit("ok")),
    )
    return frame if squares is None else frame.with_columns(squares=pl.Series(squares, dtype=pl.Int64))
