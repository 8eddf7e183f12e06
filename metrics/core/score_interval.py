"""How sure a score is: a 90 % parametric bootstrap from numerators and denominators, and the ranks that it leaves open.

Each rate of a scheme is drawn anew from a binomial distribution with its own number of cases, figures per 10,000 from a
Poisson one, means from a gamma one (as if single durations varied as much as their mean); the score is computed from each
draw. A rate of 0 or 1 is drawn from half a case off the edge, so that 20 of 20 is not taken for certain; and as floors and
targets cut the draws on one side only, these are shifted back so that their mean is the score itself. What is not a sample
stays as it is: ledger, negative list, vetoes, and which parts have enough cases to count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.core.model import Metric, Population, Ratio
from metrics.core.query import Query
from metrics.core.scheme import Scheme, SchemePart
from metrics.core.scoring import CELL, Evaluate, figures_of, score_cells

LEVEL = 0.90
DRAWS = 2000
_SEED = 20_130_101
_TAIL = (1 - LEVEL) / 2
#: Of each tail: among ten equal counties the chance that any is called lower than their mean then stays about 5 %.
_VERDICT_TAIL = 0.005

Floats = NDArray[np.float64]


def score_intervals(
    chosen: Scheme,
    query: Query,
    evaluate: Evaluate,
    metrics: Mapping[str, Metric],
    draws: int = DRAWS,
    members: Collection[str] | None = None,
) -> pl.DataFrame:
    """The scores with their 90 % intervals and rank ranges; cells without a score are left out.

    ``members``: the regions held against each other, by default all that are asked. Columns: period, region_code, value,
    lower, upper (0–100, lower ≤ value ≤ upper), rank_first, rank_last (1 is the highest score of the period among the
    members; ties span their ranks), ranked (how many there are), mean (the plain mean of their scores), verdict (better or
    worse: in 99 % of the draws the score lies on that side of the mean drawn with it; null else, and wherever nothing is a
    sample: without parts, or alone). A cell's interval is the same in whatever company it is asked, and at every call.
    """
    figures = figures_of(chosen, query, evaluate)
    cells = score_cells(chosen, figures).filter(pl.col("value").is_not_null())
    if members is not None:
        cells = cells.filter(pl.col("region_code").is_in(list(members)))
    rates = {key: _drawn_from(figures.filter(metric=key), cells, metrics[key]) for key in _keys(chosen)}
    off = (cells["deducted"] + cells["negative"]).to_list()
    places = zip(cells["period"], cells["region_code"], off, cells["ceiling"], strict=True)
    scores = np.empty((cells.height, draws))
    for row, (period, region, points, ceiling) in enumerate(places):
        # Seeded by the cell itself: an interval must not change with the company in which it is asked.
        chance = np.random.default_rng([_SEED, period.toordinal(), crc32(region.encode())])
        weighted = _draw_weighted(chosen, chance, {key: rates[key][row] for key in rates}, metrics, draws)
        shift = cells["weighted"][row] - weighted.mean()
        scores[row] = np.clip(weighted + shift - points, 0.0, ceiling)
    value = cells["value"].to_numpy()
    lower, upper = np.quantile(scores, (_TAIL, 1 - _TAIL), axis=1) if cells.height else (value, value)
    bounds = cells.select(
        *CELL, "value", lower=pl.Series(np.minimum(lower, value)), upper=pl.Series(np.maximum(upper, value))
    )
    group = _group(cells["period"], value, scores)
    if not chosen.parts:
        group = group.with_columns(verdict=pl.lit(None, pl.String))
    return pl.concat([bounds, group], how="horizontal")


def _keys(chosen: Scheme) -> list[str]:
    """The rates of the parts, each once."""
    keys = [part.metric for part in chosen.parts]
    return list(dict.fromkeys([*keys, *(part.participation.metric for part in chosen.parts if part.participation)]))


def _drawn_from(figures: pl.DataFrame, cells: pl.DataFrame, metric: Metric) -> list[tuple[int, int, int]]:
    """Numerator, denominator and scale of each cell, in the order of ``cells``."""
    scale = metric.kind.scale if isinstance(metric.kind, Ratio) else 1
    own = cells.select(CELL).join(figures, on=CELL, how="left", maintain_order="left")
    pairs = own.select(pl.col("numerator", "denominator").fill_null(0)).rows()
    return [(above, below, scale) for above, below in pairs]


def _draw_weighted(
    chosen: Scheme,
    chance: np.random.Generator,
    rates: Mapping[str, tuple[int, int, int]],
    metrics: Mapping[str, Metric],
    draws: int,
) -> Floats:
    """The weighted scores that a cell might have had; the start value as often where the scheme has no parts."""
    drawn = {key: _draw_rate(chance, metrics[key], *rate, draws) for key, rate in rates.items()}
    counted = [part for part in chosen.parts if _counts(part, chosen.minimum_n, rates)]
    weighted: Floats = np.full(draws, 0.0 if counted else chosen.base or 0.0)
    whole = sum(part.weight for part in counted)
    for part in counted:
        weighted += 100 * part.weight / whole * _worth(part, drawn)
    return weighted


def _counts(part: SchemePart, minimum_n: int, rates: Mapping[str, tuple[int, int, int]]) -> bool:
    second = part.participation.metric if part.participation else part.metric
    return rates[part.metric][1] >= minimum_n and rates[second][1] >= minimum_n


def _draw_rate(
    chance: np.random.Generator, metric: Metric, numerator: int, denominator: int, scale: int, draws: int
) -> Floats:
    if denominator <= 0:
        return np.zeros(draws)
    if metric.percent:
        likely = min(max(numerator / denominator, 0.5 / denominator), 1 - 0.5 / denominator)
        drawn = chance.binomial(denominator, likely, draws) / denominator
    elif isinstance(metric.kind, Ratio) and isinstance(metric.kind.denominator, Population):
        drawn = chance.poisson(max(numerator, 0.5), draws) / denominator
    else:
        drawn = chance.gamma(denominator, max(numerator, 0) / denominator**2, draws)
    return np.asarray(drawn * scale, np.float64)


def _worth(part: SchemePart, drawn: Mapping[str, Floats]) -> Floats:
    figure = drawn[part.metric]
    if part.participation is not None:
        figure = figure * np.minimum(drawn[part.participation.metric] / part.participation.target, 1.0)
    return np.clip((figure - part.floor) / (part.target - part.floor), 0.0, 1.0)


def _group(periods: pl.Series, value: Floats, scores: Floats) -> pl.DataFrame:
    """rank_first, rank_last, ranked, mean, verdict of each row, inside its period."""
    first, last, ranked, side = (np.zeros(len(value), np.int64) for _ in range(4))
    mean = np.zeros(len(value))
    codes = periods.to_physical().to_numpy()
    for period in np.unique(codes):
        rows = np.flatnonzero(codes == period)
        first[rows], last[rows] = rank_range(value[rows], scores[rows])
        ranked[rows], mean[rows], side[rows] = len(rows), value[rows].mean(), _sides(scores[rows])
    columns = {"rank_first": first, "rank_last": last, "ranked": ranked, "mean": mean, "side": side}
    verdict = pl.col("side").replace_strict({1: "better", -1: "worse"}, default=None, return_dtype=pl.String)
    return pl.DataFrame(columns).with_columns(verdict=verdict).drop("side")


def _sides(scores: Floats) -> NDArray[np.int64]:
    """1 and −1 where a row of ``scores`` (regions × draws) is above and below the mean of its column nearly always.

    The mean is drawn along with the scores, so it brings its own doubt. A region alone is its own mean: 0.
    """
    apart = scores - scores.mean(axis=0)
    low, high = np.quantile(apart, (_VERDICT_TAIL, 1 - _VERDICT_TAIL), axis=1)
    return np.asarray((low > 0).astype(np.int64) - (high < 0).astype(np.int64), np.int64)


def rank_range(value: Floats, scores: Floats) -> tuple[Sequence[int], Sequence[int]]:
    """The first and the last rank (1 is the highest) that each row of ``scores`` (regions × draws) has in 90 % of the
    draws, widened to the rank of ``value`` itself."""
    # scipy.stats takes a second or two to import; only who ranks scores waits for it.
    from scipy.stats import rankdata

    size = len(value)
    best = np.quantile(rankdata(-scores, "min", axis=0), _TAIL, axis=1, method="inverted_cdf")
    worst = np.quantile(rankdata(-scores, "max", axis=0), 1 - _TAIL, axis=1, method="inverted_cdf")
    first = np.minimum(best, rankdata(-value, "min")).astype(np.int64)
    last = np.maximum(worst, rankdata(-value, "max")).astype(np.int64)
    return first.clip(1, size), last.clip(1, size)
