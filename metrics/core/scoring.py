"""The score: clip(100 · Σ w·g / Σ w − min(cap, final ledger points) − negative list, 0, 100) over the parts that have
enough to go by, or a start value in place of the parts; a veto caps last.

``evaluate`` is always the one that answers a Query with observations, the viewer's scope filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from metrics.core.model import Score
from metrics.core.query import Query
from metrics.core.scheme import COUNTY_LEVEL, LEDGER_METRIC, NegativeItem, Scheme, SchemePart, Veto, scheme

Evaluate = Callable[[Query], pl.DataFrame]
CELL = ["period", "region_code"]


def evaluate_score(kind: Score, query: Query, evaluate: Evaluate) -> pl.DataFrame:
    """period, region_code, value (0–100, null without a part that counts), numerator, denominator (null), state."""
    nothing = pl.lit(None, pl.Int64)
    cells = evaluate_scheme(scheme(kind.scheme), query, evaluate)
    return cells.select(*CELL, "value", nothing.alias("numerator"), nothing.alias("denominator"), "state")


def evaluate_scheme(chosen: Scheme, query: Query, evaluate: Evaluate) -> pl.DataFrame:
    """The scores of any scheme, in force or not, from a file or with a viewer's weights (``Scheme.with_weights``).

    Asked are the region, level, period and grain of ``query``. One row per cell of the grid, sorted: period, region_code,
    value (0–100, null without a part that counts), weighted (100·Σwg/Σw, or the start value), points (final points of the
    scheme's group in the ledger, taken off or not), deducted and negative (what came off for the ledger and the negative
    list), ceiling (100, or the lowest cap of a veto that struck), flags (the vetoes that struck, whether they cap or only
    flag), state (ok; small_n; not_measured: the ledger speaks of counties, so a scheme that deducts it has no score of a
    township or of the city as a whole).
    """
    cells = score_cells(chosen, figures_of(chosen, query, evaluate))
    if chosen.ledger.deducted and chosen.group == "county_group" and query.level != COUNTY_LEVEL:
        return cells.with_columns(state=pl.lit("not_measured"))
    return cells


def explain_score(kind: Score, query: Query, evaluate: Evaluate) -> pl.DataFrame:
    """What a score is made of; columns as ``score_parts``. ``query``: the score's own query."""
    return explain_scheme(scheme(kind.scheme), query, evaluate)


def explain_scheme(chosen: Scheme, query: Query, evaluate: Evaluate) -> pl.DataFrame:
    """As ``explain_score``, of any scheme. No rows where the scheme has no parts."""
    return score_parts(chosen, figures_of(chosen, query, evaluate))


def figures_of(chosen: Scheme, query: Query, evaluate: Evaluate) -> pl.DataFrame:
    """The observations that the scheme reads, those of the ledger for its own group only."""
    plain = replace(query, metrics=chosen.metric_keys, by=(), where=())
    # Counties and departments are never mixed: only the points of the scheme's own group come off.
    ledger = evaluate(replace(plain, metrics=(LEDGER_METRIC,), where=(("assess_group", (chosen.group,)),)))
    return pl.concat([evaluate(plain), ledger]) if plain.metrics else ledger


def score_cells(chosen: Scheme, figures: pl.DataFrame) -> pl.DataFrame:
    """The columns of ``evaluate_scheme`` from the figures that the scheme reads."""
    points = figures.filter(metric=LEDGER_METRIC).select(*CELL, points=pl.col("value"))
    cells = points.join(_weighted(chosen, figures, points), on=CELL, how="left")
    cells = cells.join(_negative(chosen, figures), on=CELL, how="left").with_columns(
        deducted=pl.min_horizontal("points", pl.lit(chosen.ledger.cap)) if chosen.ledger.deducted else pl.lit(0.0),
        negative=pl.col("negative").fill_null(0.0),
    )
    cells = cells.with_columns(ceiling=pl.lit(100.0))
    for number, rule in enumerate(chosen.veto):
        cells = _vetoed(cells, rule, chosen.minimum_n, figures.filter(metric=rule.metric), f"veto{number}")
    flags = [pl.col(f"veto{number}") for number in range(len(chosen.veto))]
    return cells.select(
        *CELL,
        (pl.col("weighted") - pl.col("deducted") - pl.col("negative")).clip(0.0, "ceiling").alias("value"),
        "weighted",
        "points",
        "deducted",
        "negative",
        "ceiling",
        flags=pl.concat_list(flags).list.drop_nulls() if flags else pl.lit([], pl.List(pl.String)),
        state=pl.when(pl.col("weighted").is_null()).then(pl.lit("small_n")).otherwise(pl.lit("ok")),
    ).sort(CELL)


def score_parts(chosen: Scheme, figures: pl.DataFrame) -> pl.DataFrame:
    """One row per cell and part: period, region_code, part (label), metric, weight, value (0–1, participation included),
    numerator, denominator, participation (0–1 or null), worth (g, 0–1), counted (enough cases), contribution (the part's
    points in the score, 100·w·g/Σw over those that count; 0 where it does not)."""
    parts = [_part(part, chosen.minimum_n, figures) for part in chosen.parts]
    if not parts:
        return pl.DataFrame(schema=_PART_SCHEMA)
    counted = pl.col("weight") * pl.col("counted")
    whole = counted.sum().over(CELL)
    worth = pl.when(pl.col("counted")).then(counted * pl.col("worth") / whole).otherwise(0.0)
    return pl.concat(parts).with_columns(contribution=100 * worth)


def negative_points(chosen: Scheme, figures: pl.DataFrame) -> pl.DataFrame:
    """One row per cell and line of the negative list: period, region_code, label, metric, count, off (points, ≥ 0)."""
    lines = [_negative_line(item, figures) for item in chosen.negative]
    return pl.concat(lines) if lines else pl.DataFrame(schema=_NEGATIVE_SCHEMA)


_CELL_SCHEMA = {"period": pl.Date, "region_code": pl.String}
_PART_SCHEMA = {
    **_CELL_SCHEMA,
    "part": pl.String,
    "metric": pl.String,
    "weight": pl.Float64,
    "value": pl.Float64,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "participation": pl.Float64,
    "worth": pl.Float64,
    "counted": pl.Boolean,
    "contribution": pl.Float64,
}
_NEGATIVE_SCHEMA = {
    **_CELL_SCHEMA,
    "label": pl.String,
    "metric": pl.String,
    "count": pl.Float64,
    "off": pl.Float64,
}


def _part(part: SchemePart, minimum_n: int, figures: pl.DataFrame) -> pl.DataFrame:
    own = figures.filter(metric=part.metric).select(*CELL, "value", "numerator", "denominator")
    if part.participation is None:
        own = own.with_columns(participation=pl.lit(None, pl.Float64), participants=pl.col("denominator"))
        value = pl.col("value")
    else:
        second = figures.filter(metric=part.participation.metric).select(
            *CELL, participation=pl.col("value"), participants=pl.col("denominator")
        )
        own = own.join(second, on=CELL, how="left")
        value = pl.col("value") * (pl.col("participation") / part.participation.target).clip(upper_bound=1.0)
    # A factor that rests on a handful of cases must not halve a part: both rates need their cases.
    enough = (pl.col("denominator") >= minimum_n) & (pl.col("participants") >= minimum_n)
    worth = ((value - part.floor) / (part.target - part.floor)).clip(0.0, 1.0)
    return own.select(
        *CELL,
        pl.lit(part.label).alias("part"),
        pl.lit(part.metric).alias("metric"),
        pl.lit(part.weight).alias("weight"),
        value.alias("value"),
        "numerator",
        "denominator",
        "participation",
        worth.alias("worth"),
        enough.fill_null(False).alias("counted"),
    )


def _weighted(chosen: Scheme, figures: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """period, region_code, weighted: the cells that have a part that counts; with a start value all of them."""
    if chosen.base is not None:
        return grid.select(*CELL, weighted=pl.lit(chosen.base))
    counted = score_parts(chosen, figures).filter(pl.col("counted"))
    return counted.group_by(CELL).agg(
        weighted=100 * (pl.col("weight") * pl.col("worth")).sum() / pl.col("weight").sum()
    )


def _negative(chosen: Scheme, figures: pl.DataFrame) -> pl.DataFrame:
    return negative_points(chosen, figures).group_by(CELL).agg(negative=pl.col("off").sum())


def _negative_line(item: NegativeItem, figures: pl.DataFrame) -> pl.DataFrame:
    counted = figures.filter(metric=item.metric)
    off = (pl.col("value") * item.points).clip(0.0, item.cap)
    return counted.select(*CELL, label=pl.lit(item.label), metric=pl.lit(item.metric), count=pl.col("value"), off=off)


def _vetoed(cells: pl.DataFrame, rule: Veto, minimum_n: int, vetoing: pl.DataFrame, name: str) -> pl.DataFrame:
    """With a column ``name`` that holds the rule's flag where it strikes; there ``ceiling`` comes down, if the rule caps."""
    reached = pl.col("value") >= rule.threshold if rule.when == "at_least" else pl.col("value") <= rule.threshold
    # A rate that rests on a handful of cases strikes nobody; counts have no denominator.
    enough = pl.col("denominator").is_null() | (pl.col("denominator") >= minimum_n)
    struck = vetoing.select(*CELL, struck=(reached & enough).fill_null(False))
    ceiling = pl.col("ceiling").clip(upper_bound=rule.cap if rule.effect == "cap" else 100.0)
    return (
        cells.join(struck, on=CELL, how="left")
        .with_columns(
            pl.when(pl.col("struck")).then(pl.lit(rule.flag)).alias(name),
            ceiling=pl.when(pl.col("struck")).then(ceiling).otherwise(pl.col("ceiling")),
        )
        .drop("struck")
    )
