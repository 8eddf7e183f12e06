"""One league judged: the observations of a group of regions, with what may fairly be said of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.core.fairness.cases import Array, Cases, Family, cases_of, countable, family_of
from metrics.core.fairness.funnel import INNER, OUTER, funnel, side
from metrics.core.fairness.intervals import interval
from metrics.core.fairness.ranks import rank_ranges
from metrics.core.fairness.shrinkage import MINIMUM_MEMBERS, posterior
from metrics.core.model import Metric, Polarity, Ratio

BAND_LABELS: Mapping[str, str] = {"above": "高于", "within": "不显著", "below": "低于"}
VERDICT_LABELS: Mapping[str, str] = {"better": "好于全体", "worse": "差于全体"}
_BANDS: Mapping[float, str] = {1.0: "above", 0.0: "within", -1.0: "below"}

#: What ``judged`` adds, in this order.
JUDGED_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "lower": pl.Float64,
    "upper": pl.Float64,
    "shrunk": pl.Float64,
    "shrunk_lower": pl.Float64,
    "shrunk_upper": pl.Float64,
    "centre": pl.Float64,
    "inner_lower": pl.Float64,
    "inner_upper": pl.Float64,
    "outer_lower": pl.Float64,
    "outer_upper": pl.Float64,
    "band": pl.String,
    "verdict": pl.String,
    "rank_low": pl.Int64,
    "rank_high": pl.Int64,
}
_ROW = "league_row"
_CURVE_POINTS = 200


def judged(frame: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    """``frame`` with the columns of JUDGED_SCHEMA, its rows and their order untouched.

    ``frame``: observations of one metric in one period, one row per member of the peer group (for departments, per
    organ); a mean carries ``squares`` (see ``with_squares``). All figures are in the value's unit.

    lower, upper: 95 % interval of the raw figure. shrunk…: empirical-Bayes figure and 95 % interval, from 8 members on,
    not for means. centre: the group's pooled value. inner (95 %), outer (99.8 %): funnel limits at the member's size.
    band: above, within, below the outer limits; verdict: better, worse, null. rank_low … rank_high: places that 95 % of
    the possible true orders leave, 1 the best, among the members in state ok.

    Null is what cannot be said: bands and places of neutral metrics, of members below the minimum n and of leagues
    with fewer than two members; everything of plain counts, stocks and scores. Raises ValueError for several metrics or
    periods in one frame.
    """
    if frame["metric"].n_unique() > 1 or frame["period"].n_unique() > 1:
        raise ValueError("a league holds one metric and one period")
    rows = frame.with_row_index(_ROW)
    family = family_of(metric)
    counted = rows.clear() if family is None else countable(rows, family)
    columns = _nothing() if family is None or counted.is_empty() else _columns(counted, metric, family)
    return rows.join(columns, on=_ROW, how="left", maintain_order="left").drop(_ROW)


def funnel_curve(frame: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    """The funnel of a league over its sizes, for drawing; empty where ``judged`` gives no limits.

    ``frame``: as for ``judged``. Columns, in the value's unit: size (Int64, ascending, from below the smallest member to
    above the largest), centre, inner_lower, inner_upper, outer_lower, outer_upper.
    """
    family = family_of(metric)
    counted = frame.clear() if family is None else countable(frame, family)
    names = ["centre", "inner_lower", "inner_upper", "outer_lower", "outer_upper"]
    if family is None or counted.height < 2:
        return pl.DataFrame(schema={"size": pl.Int64, **dict.fromkeys(names, pl.Float64)})
    cases = cases_of(counted, family)
    first, last = max(cases.sizes.min() * 0.8, 1.0), cases.sizes.max() * 1.1
    sizes = np.unique(np.geomspace(first, last, _CURVE_POINTS).round()).astype(np.float64)
    scale = _scale(metric)
    curve = {"size": sizes, "centre": np.full(len(sizes), cases.pooled * scale), **_limits(cases, sizes, scale)}
    return pl.DataFrame(curve, nan_to_null=True).select(pl.col("size").cast(pl.Int64), *names)


def _scale(metric: Metric) -> int:
    return metric.kind.scale if isinstance(metric.kind, Ratio) else 1


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={_ROW: pl.get_index_type(), **JUDGED_SCHEMA})


def _columns(counted: pl.DataFrame, metric: Metric, family: Family) -> pl.DataFrame:
    cases = cases_of(counted, family)
    judgeable = (counted["state"] == "ok").to_numpy() & (metric.polarity != "neutral") & (cases.members > 1)
    if family == "mean":
        # One duration tells nothing of its doubt, whatever minimum n the deployment has chosen.
        judgeable &= cases.sizes > 1
    sides = np.where(judgeable, side(cases), np.nan)
    scale = _scale(metric)
    figures = {name: values * scale for name, values in _figures(cases).items()}
    figures |= _limits(cases, cases.sizes, scale)
    places = _places(cases, judgeable, metric.polarity)
    columns = pl.DataFrame({_ROW: counted[_ROW], **figures, **places, "side": sides}, nan_to_null=True)
    return columns.with_columns(
        band=pl.col("side").replace_strict(_BANDS, default=None, return_dtype=pl.String),
        verdict=_verdict(metric.polarity),
    ).select(_ROW, *(pl.col(name).cast(kind) for name, kind in JUDGED_SCHEMA.items()))


def _figures(cases: Cases) -> dict[str, Array]:
    lower, upper = interval(cases)
    figures = {"lower": lower, "upper": upper, "centre": np.full(cases.members, cases.pooled)}
    if cases.family == "mean" or cases.members < MINIMUM_MEMBERS:
        return figures | dict.fromkeys(("shrunk", "shrunk_lower", "shrunk_upper"), np.full(cases.members, np.nan))
    drawn = posterior(cases)
    shrunk_lower, shrunk_upper = drawn.interval()
    return figures | {"shrunk": drawn.mean, "shrunk_lower": shrunk_lower, "shrunk_upper": shrunk_upper}


def _limits(cases: Cases, sizes: Array, scale: int) -> dict[str, Array]:
    inner, outer = funnel(cases, sizes, INNER, scale), funnel(cases, sizes, OUTER, scale)
    return {"inner_lower": inner[0], "inner_upper": inner[1], "outer_lower": outer[0], "outer_upper": outer[1]}


def _places(cases: Cases, ranked: NDArray[np.bool_], polarity: Polarity) -> dict[str, Array]:
    low, high = np.full(cases.members, np.nan), np.full(cases.members, np.nan)
    if ranked.sum() > 1:
        own = Cases(cases.family, cases.totals[ranked], cases.sizes[ranked], cases.squares[ranked])
        low[ranked], high[ranked] = rank_ranges(own, polarity == "more")
    return {"rank_low": low, "rank_high": high}


def _verdict(polarity: Polarity) -> pl.Expr:
    good = 1.0 if polarity == "more" else -1.0
    side_of = pl.col("side")
    return pl.when(side_of == good).then(pl.lit("better")).when(side_of == -good).then(pl.lit("worse"))
