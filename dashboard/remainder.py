"""未细分 of a table: how much of the whole region is coded above the level that the table lists, and so in none of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from data_access.store import Store
from metrics.core.evaluate import evaluate
from metrics.core.model import Count, Metric, Population, Ratio, Stock
from metrics.core.period import Grain
from metrics.core.query import EVERYTHING, Query, Scope


@dataclass(frozen=True)
class Remainder:
    """Of one metric: ``whole`` cases of the region (of a rate its denominator), ``rest`` of them in no row; hundredths of
    points where its sums are."""

    metric: Metric
    whole: int
    rest: int

    def words(self) -> str:
        """``信访总量 7 件次``, ``按期答复率的分母 9``, ``民商事收案全部 643 件（各行的 0 表示未细分到该级）``."""
        kind = self.metric.kind
        if isinstance(kind, Ratio):
            part = "分子" if isinstance(kind.denominator, Population) else "分母"
            return f"{self.metric.label}的{part} {self.rest:,}"
        every = self.rest == self.whole
        said = f"{self.metric.label}{'全部' if every else ''} {self.amount()}"
        return f"{said}（各行的 0 表示未细分到该级）" if every else said

    def amount(self) -> str:
        """The rest of a count with its unit."""
        kind = self.metric.kind
        divisor = kind.divisor if isinstance(kind, Count) else 1
        number = f"{self.rest:,}" if divisor == 1 else f"{self.rest / divisor:,.2f}"
        return f"{number} {self.metric.unit}"


def remainders(
    query: Query, observations: pl.DataFrame, store: Store, known: Mapping[str, Metric], scope: Scope = EVERYTHING
) -> tuple[Remainder, ...]:
    """The metrics of which something is in no row of ``observations``, the answer to ``query``.

    None of scores, which nothing adds up to, nor of stocks over several buckets; none where a figure is hidden, since the
    difference would tell it.
    """
    if query.level >= store.regions.get(query.region).level:
        return ()
    keys = tuple(key for key in query.metrics if _adds_up(known[key], query))
    if not keys or observations["state"].is_in(["suppressed"]).any():
        return ()
    asked = replace(query, metrics=keys, level=store.regions.get(query.region).level, grain=Grain.total, by=())
    whole = evaluate(asked, store, known, scope)
    return tuple(_left(keys, known, _sums(whole, known), _sums(observations, known)))


def _left(
    keys: tuple[str, ...], known: Mapping[str, Metric], whole: Mapping[str, int], placed: Mapping[str, int]
) -> Iterator[Remainder]:
    for key in keys:
        rest = whole.get(key, 0) - placed.get(key, 0)
        if rest > 0:
            yield Remainder(known[key], whole[key], rest)


def _sums(frame: pl.DataFrame, known: Mapping[str, Metric]) -> dict[str, int]:
    sums = frame.group_by("metric").agg(pl.col("numerator", "denominator").sum())
    return {
        row["metric"]: int(row["denominator" if _by_denominator(known[row["metric"]]) else "numerator"])
        for row in sums.iter_rows(named=True)
    }


def _by_denominator(metric: Metric) -> bool:
    return isinstance(metric.kind, Ratio) and not isinstance(metric.kind.denominator, Population)


def _adds_up(metric: Metric, query: Query) -> bool:
    kind = metric.kind
    if isinstance(kind, Ratio):
        denominator = () if isinstance(kind.denominator, Population) else kind.denominator
        stocks = any(isinstance(part, Stock) for part in (*kind.numerator, *denominator))
    else:
        stocks = isinstance(kind, Stock)
    return isinstance(kind, Count | Ratio | Stock) and (not stocks or query.grain is Grain.total)
