"""The score: clip(100 · Σ w·g / Σ w − min(cap, final ledger points), 0, 100) over the parts that have enough to go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from metrics.core.model import Score
from metrics.core.query import Query
from metrics.core.scheme import LEDGER_METRIC, Scheme, SchemePart, scheme

Evaluate = Callable[[Query], pl.DataFrame]
_CELL = ["period", "region_code"]


def evaluate_score(kind: Score, query: Query, evaluate: Evaluate, grid: pl.DataFrame) -> pl.DataFrame:
    """period, region_code, value (0–100, null without a part that counts), numerator, denominator (null), state."""
    chosen = scheme(kind.scheme)
    figures = _figures(chosen, query, evaluate)
    parts = score_parts(chosen, figures)
    counted = parts.filter(pl.col("counted"))
    weighted = counted.group_by(_CELL).agg(
        base=100 * (pl.col("weight") * pl.col("worth")).sum() / pl.col("weight").sum()
    )
    cells = grid.join(weighted, on=_CELL, how="left").join(_deductions(chosen, figures), on=_CELL, how="left")
    cells = cells.with_columns(value=(pl.col("base") - pl.col("deducted").fill_null(0.0)).clip(0.0, 100.0))
    for rule in chosen.veto:
        if rule.effect == "cap":
            cells = _capped(cells, figures.filter(metric=rule.metric), rule.threshold, rule.cap)
    return cells.select(
        *_CELL,
        "value",
        pl.lit(None, pl.Int64).alias("numerator"),
        pl.lit(None, pl.Int64).alias("denominator"),
        pl.when(pl.col("value").is_null()).then(pl.lit("small_n")).otherwise(pl.lit("ok")).alias("state"),
    )


def explain_score(kind: Score, query: Query, evaluate: Evaluate) -> pl.DataFrame:
    """What a score is made of; columns as ``score_parts``. ``query``: the score's own query."""
    chosen = scheme(kind.scheme)
    return score_parts(chosen, _figures(chosen, query, evaluate))


def score_parts(chosen: Scheme, figures: pl.DataFrame) -> pl.DataFrame:
    """One row per cell and part: period, region_code, part (label), metric, weight, value (0–1, participation included),
    numerator, denominator, participation (0–1 or null), worth (g, 0–1), counted (enough cases)."""
    return pl.concat([_part(part, chosen.minimum_n, figures) for part in chosen.parts])


def _figures(chosen: Scheme, query: Query, evaluate: Evaluate) -> pl.DataFrame:
    plain = replace(query, metrics=chosen.metric_keys, by=(), where=())
    # Counties and departments are never mixed: only the points of the scheme's own group come off.
    ledger = replace(plain, metrics=(LEDGER_METRIC,), where=(("assess_group", (chosen.group,)),))
    return pl.concat([evaluate(plain), evaluate(ledger)])


def _part(part: SchemePart, minimum_n: int, figures: pl.DataFrame) -> pl.DataFrame:
    own = figures.filter(metric=part.metric).select(*_CELL, "value", "numerator", "denominator")
    if part.participation is None:
        own = own.with_columns(participation=pl.lit(None, pl.Float64), participants=pl.col("denominator"))
        value = pl.col("value")
    else:
        second = figures.filter(metric=part.participation.metric).select(
            *_CELL, participation=pl.col("value"), participants=pl.col("denominator")
        )
        own = own.join(second, on=_CELL, how="left")
        value = pl.col("value") * (pl.col("participation") / part.participation.target).clip(upper_bound=1.0)
    # A factor that rests on a handful of cases must not halve a part: both rates need their cases.
    enough = (pl.col("denominator") >= minimum_n) & (pl.col("participants") >= minimum_n)
    worth = ((value - part.floor) / (part.target - part.floor)).clip(0.0, 1.0)
    return own.select(
        *_CELL,
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


def _deductions(chosen: Scheme, figures: pl.DataFrame) -> pl.DataFrame:
    points = figures.filter(metric=LEDGER_METRIC).select(*_CELL, deducted=pl.col("value"))
    if not chosen.ledger.deducted:
        return points.with_columns(deducted=pl.lit(0.0))
    return points.with_columns(pl.col("deducted").clip(upper_bound=chosen.ledger.cap))


def _capped(cells: pl.DataFrame, vetoing: pl.DataFrame, threshold: float, cap: float) -> pl.DataFrame:
    struck = vetoing.select(*_CELL, struck=pl.col("value") >= threshold)
    capped = pl.when(pl.col("struck").fill_null(False)).then(pl.col("value").clip(upper_bound=cap))
    joined = cells.join(struck, on=_CELL, how="left")
    return joined.with_columns(value=capped.otherwise(pl.col("value"))).drop("struck")
