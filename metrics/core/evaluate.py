"""From facts to observations: totals roll up first, the division comes last.

An observation is region × period × break-downs → value, numerator, denominator, state. Nothing else is shown anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

from data_access import settings
from data_access.facts import Fact
from data_access.regions import Region
from data_access.store import FactRequest, Store, load
from metrics.core.model import Count, Metric, Part, Population, Ratio, Score, Stock, Total
from metrics.core.period import bucket_start
from metrics.core.query import EVERYTHING, Query, Scope, check
from metrics.core.scoring import evaluate_score

STATES = ("ok", "undefined", "suppressed", "small_n", "not_measured")


def evaluate(query: Query, store: Store, metrics: Mapping[str, Metric], scope: Scope = EVERYTHING) -> pl.DataFrame:
    """The observations that ``query`` asks for, as far as ``scope`` allows.

    Columns: period (Date, first day of the calendar bucket; for total the query's first day), region_code, the break-downs
    in order (text, null where the source has none), metric, value (Float64), numerator, denominator (Int64), state (text).
    Without a break-down every region of the level and every bucket has a row; with one, the combinations that occur.
    Sorted by metric (as asked), period, region_code, break-downs. Raises BadQuery, Forbidden.
    """
    asked = check(query, dict(metrics), store.regions, scope)
    regions = [region for region in asked if scope.covers(store.regions, region.code)]
    chosen = [metrics[key] for key in query.metrics]
    sums = _Sums(query, store, regions, _parts_of(chosen))
    frames = [_observations(metric, query, store, metrics, scope, sums) for metric in chosen]
    return pl.concat(frames)


def _parts_of(metrics: Iterable[Metric]) -> list[Part]:
    parts: list[Part] = []
    for metric in metrics:
        kind = metric.kind
        if isinstance(kind, Count):
            parts.append(kind.total)
        elif isinstance(kind, Stock):
            parts.append(kind)
        elif isinstance(kind, Ratio):
            parts.extend(kind.numerator)
            parts.extend(() if isinstance(kind.denominator, Population) else kind.denominator)
    return parts


def _totals_of(part: Part) -> tuple[Total, ...]:
    if isinstance(part, Total):
        return (part,)
    return (part.entered,) if part.left is None else (part.entered, part.left)


@dataclass(frozen=True)
class _Need:
    """What has to be read of one fact, once, for all metrics of a query."""

    measures: frozenset[str]
    dimensions: frozenset[str]


class _Sums:
    """Reads each fact once per query and answers what a part adds up to, per cell of the grid.

    A cell is period × region × break-downs. Frames carry the cell's keys and one column ``sum`` and leave out zeros.
    """

    def __init__(self, query: Query, store: Store, regions: Sequence[Region], parts: Iterable[Part]) -> None:
        self._query = query
        self._store = store
        self.regions = regions
        self.keys = ["period", "region_code", *query.by]
        self.periods = [bucket_start(bucket.start, query.grain) for bucket in query.period.buckets(query.grain)]
        needs: dict[tuple[Fact, bool], _Need] = {}
        for part in parts:
            for total in _totals_of(part):
                key = (total.fact, isinstance(part, Stock))
                need = needs.get(key, _Need(frozenset(), frozenset()))
                needs[key] = _Need(need.measures | {total.measure}, need.dimensions | total.where_dimensions)
        self._frames = {key: self._read(*key, need) for key, need in needs.items()}

    def of(self, part: Part) -> pl.DataFrame:
        """The part's sums per cell: keys and ``sum`` (Int64)."""
        if isinstance(part, Total):
            return self._added(part, opening=False)
        moves = self._added(part.entered, opening=True)
        if part.left is not None:
            left = self._added(part.left, opening=True).with_columns(-pl.col("sum"))
            moves = pl.concat([moves, left]).group_by(self.keys).agg(pl.col("sum").sum())
        return self._accumulated(moves)

    def grid(self) -> pl.DataFrame:
        """Every region and every bucket: period, region_code."""
        codes = pl.DataFrame(
            {"region_code": [region.code for region in self.regions]}, schema={"region_code": pl.String}
        )
        return pl.DataFrame({"period": self.periods}, schema={"period": pl.Date}).join(codes, how="cross")

    def _read(self, fact: Fact, opening: bool, need: _Need) -> pl.DataFrame:
        query = self._query
        wanted = {*query.by, *(name for name, _ in query.where), *need.dimensions}
        request = FactRequest(
            fact,
            tuple(sorted(need.measures)),
            tuple(name for name in fact.dimension_names if name in wanted),
            query.level,
            tuple(region.code for region in self.regions),
            query.period.start,
            query.period.last,
            query.grain.value,
            opening,
        )
        return load(self._store, request).filter(*(_wanted(name, values) for name, values in query.where))

    def _added(self, total: Total, opening: bool) -> pl.DataFrame:
        frame = self._frames[total.fact, opening]
        if total.where is not None:
            frame = frame.filter(total.where)
        added = frame.group_by(self.keys).agg(pl.col(total.measure).sum().alias("sum"))
        return added.filter(pl.col("sum") != 0)

    def _accumulated(self, moves: pl.DataFrame) -> pl.DataFrame:
        """Running sums over the buckets, for every combination that ever moved."""
        combinations = moves.select(self.keys[1:]).unique()
        periods = pl.DataFrame({"period": self.periods}, schema={"period": pl.Date})
        cells = periods.join(combinations, how="cross").join(moves, on=self.keys, how="left", nulls_equal=True)
        stock = (
            cells.sort("period", maintain_order=True)
            .with_columns(pl.col("sum").fill_null(0).cum_sum().over(self.keys[1:]))
            .select(*self.keys, "sum")
        )
        return stock.filter(pl.col("sum") != 0)


def _wanted(dimension: str, values: tuple[str | None, ...]) -> pl.Expr:
    column = pl.col(dimension)
    wanted = column.is_in([value for value in values if value is not None]).fill_null(False)
    return wanted | column.is_null() if None in values else wanted


def _observations(
    metric: Metric,
    query: Query,
    store: Store,
    metrics: Mapping[str, Metric],
    scope: Scope,
    sums: _Sums,
) -> pl.DataFrame:
    if isinstance(metric.kind, Score):
        cells = evaluate_score(metric.kind, query, lambda inner: evaluate(inner, store, metrics, scope))
    elif isinstance(metric.kind, Ratio):
        cells = _ratio(metric.kind, sums)
    else:
        cells = _count(metric.kind, sums)
    return _finished(metric, query, store, sums, cells)


def _count(kind: Count | Stock, sums: _Sums) -> pl.DataFrame:
    part, divisor = (kind.total, kind.divisor) if isinstance(kind, Count) else (kind, 1)
    cells = _cells(sums, {"numerator": [part]})
    return cells.with_columns(
        value=pl.col("numerator") / divisor, denominator=pl.lit(None, pl.Int64), state=pl.lit("ok")
    )


def _ratio(kind: Ratio, sums: _Sums) -> pl.DataFrame:
    numerator, minimum = list(kind.numerator), settings.thresholds().minimum_denominator
    if isinstance(kind.denominator, Population):
        cells = _cells(sums, {"numerator": numerator}).join(_population(sums.regions), on="region_code")
        # Residents are no sample: a small place has few of them, not few observations.
        minimum = 0
    else:
        cells = _cells(sums, {"numerator": numerator, "denominator": list(kind.denominator)})
    defined = pl.col("denominator").fill_null(0) != 0
    few = pl.col("denominator") < minimum
    return cells.with_columns(
        value=pl.when(defined).then(pl.col("numerator") * kind.scale / pl.col("denominator")),
        state=pl.when(~defined).then(pl.lit("undefined")).when(few).then(pl.lit("small_n")).otherwise(pl.lit("ok")),
    )


def _population(regions: Sequence[Region]) -> pl.DataFrame:
    return pl.DataFrame(
        {"region_code": [r.code for r in regions], "denominator": [r.population for r in regions]},
        schema={"region_code": pl.String, "denominator": pl.Int64},
    )


def _cells(sums: _Sums, columns: Mapping[str, list[Part]]) -> pl.DataFrame:
    """One row per cell with the named columns: the whole grid, or with break-downs the combinations that occur."""
    parts = {name: _together([sums.of(part) for part in parts], sums.keys, name) for name, parts in columns.items()}
    if len(sums.keys) == 2:
        cells = sums.grid()
    else:
        cells = pl.concat([frame.select(sums.keys) for frame in parts.values()]).unique()
    for name, frame in parts.items():
        cells = cells.join(frame, on=sums.keys, how="left", nulls_equal=True).with_columns(pl.col(name).fill_null(0))
    return cells


def _together(frames: list[pl.DataFrame], keys: list[str], name: str) -> pl.DataFrame:
    stacked = reduce(lambda one, other: one.vstack(other), frames)
    return stacked.group_by(keys).agg(pl.col("sum").sum().alias(name))


def _finished(metric: Metric, query: Query, store: Store, sums: _Sums, cells: pl.DataFrame) -> pl.DataFrame:
    not_measured = not metric.measured_at(query.level, store.regions.root.level)
    state = pl.lit("not_measured") if not_measured else pl.col("state")
    return cells.select(
        *sums.keys,
        pl.lit(metric.key).alias("metric"),
        pl.col("value").cast(pl.Float64),
        pl.col("numerator").cast(pl.Int64),
        pl.col("denominator").cast(pl.Int64),
        state.alias("state"),
    ).sort(sums.keys, nulls_last=False)
