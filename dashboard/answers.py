"""Observations by (snapshot, query), computed once per process and shared: what every panel of every session asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache

import polars as pl

from data_access.coded import Coded
from data_access.facts import Fact
from data_access.snapshot import Snapshot
from metrics.core import compare
from metrics.core.calendar import calendar
from metrics.core.compare import Reference
from metrics.core.evaluate import evaluate
from metrics.core.fairness.bounds import with_bounds
from metrics.core.fairness.intervals import COVERAGE
from metrics.core.fairness.judge import judged
from metrics.core.fairness.squares import with_squares
from metrics.core.model import Count, Metric, Population, Ratio, Score, Stock, Total
from metrics.core.period import DAY, Grain, Period
from metrics.core.query import EVERYTHING, FilterValue, Query, Scope
from metrics.core.scheme import Scheme, scheme
from metrics.core.score_interval import score_intervals
from metrics.core.scoring import evaluate_scheme, explain_scheme, figures_of, negative_points
from metrics.core.signal import judge
from metrics.core.waterfall import waterfall
from metrics.labels import Names
from metrics.reconciled import Reconciled
from metrics.reconciled import reconciled as reconcile
from metrics.registry import metrics
from metrics.worked import Term
from metrics.worked import terms as terms_of

_REMEMBERED = 1024


def observations(snapshot: Snapshot, query: Query, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """As ``evaluate``. Raises BadQuery, Forbidden."""
    return _observations(snapshot, query, scope)


# A snapshot is immutable and hashes by identity, so (snapshot, query) is a complete key.
@lru_cache(maxsize=_REMEMBERED)
def _observations(snapshot: Snapshot, query: Query, scope: Scope) -> pl.DataFrame:
    return evaluate(query, snapshot, metrics(), scope)


def asker(snapshot: Snapshot, scope: Scope = EVERYTHING) -> Callable[[Query], pl.DataFrame]:
    """``observations`` with the snapshot and the scope filled in."""
    return lambda query: observations(snapshot, query, scope)


def compared(
    snapshot: Snapshot,
    query: Query,
    grain: Grain,
    references: tuple[Reference, ...] = ("previous", "year_ago"),
    scope: Scope = EVERYTHING,
) -> pl.DataFrame:
    """Observations of ``query`` in one bucket, with a column per reference; see ``metrics.core.compare.compared``.

    Null where the other span lies before the data begins.
    """

    def covered(key: str, first: date) -> bool:
        begun = begins(snapshot, metrics()[key])
        return begun is not None and first >= begun

    return compare.compared(query, grain, asker(snapshot, scope), references, covered)


def league(
    snapshot: Snapshot,
    query: Query,
    grain: Grain,
    other: Reference = "year_ago",
    members: frozenset[str] | None = None,
    scope: Scope = EVERYTHING,
) -> pl.DataFrame:
    """One metric's regions side by side: values with ``previous`` and ``other``, and what may fairly be said of each.

    ``members``: the regions that are held against each other, None for all. Added are the columns of JUDGED_SCHEMA; for a
    score those of ``scheme_league``.
    """
    return _league(snapshot, query, grain, other, members, scope)


@lru_cache(maxsize=_REMEMBERED)
def _league(
    snapshot: Snapshot,
    query: Query,
    grain: Grain,
    other: Reference,
    members: frozenset[str] | None,
    scope: Scope,
) -> pl.DataFrame:
    metric = metrics()[query.metrics[0]]
    if isinstance(metric.kind, Score):
        return scheme_league(snapshot, scheme(metric.kind.scheme), query, grain, other, members, scope)
    frame = compared(snapshot, query, grain, ("previous", other), scope).rename({other: "other"})
    if members is not None:
        frame = frame.filter(pl.col("region_code").is_in(list(members)))
    return judged(with_squares(frame, metric, replace(query, grain=Grain.total), snapshot, scope), metric)


def scored(snapshot: Snapshot, chosen: Scheme, query: Query, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """The scores of any scheme, in force or not, as observations of ``query``'s one metric, with what came off and the
    vetoes that struck: the columns of ``metrics.core.scoring.evaluate_scheme`` besides those of an observation."""
    nothing = pl.lit(None, pl.Int64)
    cells = evaluate_scheme(chosen, query, asker(snapshot, scope))
    return cells.with_columns(pl.lit(query.metrics[0]).alias("metric"), numerator=nothing, denominator=nothing)


def scheme_league(
    snapshot: Snapshot,
    chosen: Scheme,
    query: Query,
    grain: Grain,
    other: Reference = "year_ago",
    members: frozenset[str] | None = None,
    scope: Scope = EVERYTHING,
) -> pl.DataFrame:
    """As ``league``, of the scores of any scheme; ``query`` names the metric that they stand for.

    Added are the columns of ``scored``, lower and upper (90 %), centre (the plain mean of the members' scores),
    verdict, rank_low and rank_high: see ``metrics.core.score_interval``.
    """
    return _scheme_league(snapshot, chosen, query, grain, other, members, scope)


@lru_cache(maxsize=_REMEMBERED)
def _scheme_league(
    snapshot: Snapshot,
    chosen: Scheme,
    query: Query,
    grain: Grain,
    other: Reference,
    members: frozenset[str] | None,
    scope: Scope,
) -> pl.DataFrame:
    begun = scheme_begins(snapshot, chosen)
    frame = compare.compared(
        query,
        grain,
        lambda asked: scored(snapshot, chosen, asked, scope),
        ("previous", other),
        lambda _, first: begun is not None and first >= begun,
    ).rename({other: "other"})
    if members is not None:
        frame = frame.filter(pl.col("region_code").is_in(list(members)))
    ask = asker(snapshot, scope)
    bounds = score_intervals(chosen, replace(query, grain=Grain.total), ask, metrics(), members=members)
    names = {"mean": "centre", "rank_first": "rank_low", "rank_last": "rank_high"}
    columns = ["region_code", "lower", "upper", "mean", "verdict", "rank_first", "rank_last"]
    return frame.join(bounds.select(columns).rename(names), on="region_code", how="left", maintain_order="left")


def scheme_steps(
    snapshot: Snapshot, chosen: Scheme, query: Query, before: Period, scope: Scope = EVERYTHING
) -> pl.DataFrame | None:
    """What moved the scores of ``query`` since ``before``; see ``metrics.core.waterfall.waterfall``.

    None where ``before`` lies before the data begin.
    """
    begun = scheme_begins(snapshot, chosen)
    if begun is None or before.start < begun:
        return None
    return waterfall(chosen, query, before, asker(snapshot, scope))


def bounded(snapshot: Snapshot, query: Query, coverage: float = COVERAGE, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """Observations of one metric, broken down as asked, with the columns lower and upper of their intervals."""
    return _bounded(snapshot, query, coverage, scope)


@lru_cache(maxsize=_REMEMBERED)
def _bounded(snapshot: Snapshot, query: Query, coverage: float, scope: Scope) -> pl.DataFrame:
    metric = metrics()[query.metrics[0]]
    frame = observations(snapshot, query, scope)
    return with_bounds(with_squares(frame, metric, query, snapshot, scope), metric, coverage)


def signals(snapshot: Snapshot, query: Query, scope: Scope = EVERYTHING) -> pl.DataFrame | None:
    """Bands and verdicts of the query's days or weeks (see ``metrics.core.signal``), of its plain counts only.

    None where nothing can be judged: another grain, no count among the metrics, or no history.
    """
    keys = tuple(key for key in query.metrics if isinstance(metrics()[key].kind, Count))
    starts = [begun for key in keys if (begun := begins(snapshot, metrics()[key])) is not None]
    if query.grain not in (Grain.day, Grain.week) or not starts:
        return None
    return _signals(snapshot, replace(query, metrics=keys), max(starts), scope)


@lru_cache(maxsize=_REMEMBERED)
def _signals(snapshot: Snapshot, query: Query, since: date, scope: Scope) -> pl.DataFrame:
    return judge(query, snapshot, metrics(), calendar(), since, scope)


def score_parts(snapshot: Snapshot, chosen: Scheme, query: Query, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """What the scores of ``query`` are made of; see ``metrics.core.scoring.score_parts``."""
    return explain_scheme(chosen, query, asker(snapshot, scope))


def score_deductions(snapshot: Snapshot, chosen: Scheme, query: Query, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """What the negative list takes off the scores of ``query``; see ``metrics.core.scoring.negative_points``."""
    return negative_points(chosen, figures_of(chosen, query, asker(snapshot, scope)))


def terms(snapshot: Snapshot, key: str, query: Query, scope: Scope = EVERYTHING) -> list[Term]:
    """The sums behind one metric in the region and period of ``query``; see ``metrics.worked.terms``."""
    return terms_of(metrics()[key], query, lambda inner, single: evaluate(inner, snapshot, single, scope))


@lru_cache(maxsize=32)
def reconciled(snapshot: Snapshot, query: Query, scope: Scope = EVERYTHING) -> tuple[Reconciled, ...]:
    """Parts against total of every additive metric; see ``metrics.reconciled``. Of ``query`` region and period are read."""
    coded = Coded(snapshot)
    found = reconcile(
        list(metrics().values()),
        snapshot.regions,
        query,
        lambda inner: evaluate(inner, snapshot, metrics(), scope),
        lambda inner: evaluate(inner, coded, metrics(), scope),
    )
    return tuple(found)


@lru_cache(maxsize=8)
def names(snapshot: Snapshot) -> Names:
    """Chinese names of codes, with the snapshot's own categories and organs."""
    return Names(snapshot)


@lru_cache(maxsize=256)
def codes(snapshot: Snapshot, dimension: str) -> tuple[FilterValue, ...]:
    """The codes of a dimension that occur in any metric, in the order of a list; null for rows without one."""
    counted = [metric for metric in metrics().values() if dimension in metric.dimensions]
    by_fact = {total.fact: metric for metric in counted for total in _totals(metric)}
    found: set[FilterValue] = set()
    for metric in by_fact.values():
        root, last = snapshot.regions.root, snapshot.provenance.business_date
        whole = Period.inclusive(min(begins(snapshot, metric) or last, last), last)
        found |= set(
            observations(snapshot, Query((metric.key,), root.code, root.level, whole, by=(dimension,)))[dimension]
        )
    order = {code: place for place, code in enumerate(names(snapshot).listed(dimension))}
    return tuple(sorted(found, key=lambda code: (code is None, order.get(code or "", len(order)), code or "")))


def begins(snapshot: Snapshot, metric: Metric) -> date | None:
    """The first month from which the metric's facts are really covered; None without any row."""
    return _begun(snapshot, _totals(metric))


@lru_cache(maxsize=_REMEMBERED)
def recorded_above(snapshot: Snapshot, key: str, code: str, level: int, last: date) -> bool:
    """Whether the count's cases around the region, in the year up to ``last``, are all coded above the level.

    A source that has cases of the whole and none of any part does not tell them apart there: that is unknown and no zero.
    """
    metric, tree = metrics()[key], snapshot.regions
    if not isinstance(metric.kind, Count):
        return False
    region = tree.get(code)
    while region.level <= level and region.parent is not None:
        region = tree.get(region.parent)
    year = Period(last - 365 * DAY, last + DAY)

    def cases(asked: int) -> int:
        return int(observations(snapshot, Query((key,), region.code, asked, year))["numerator"].sum())

    return cases(region.level) > 0 and cases(level) == 0


class Recorded(Mapping[str, Metric]):
    """The metrics as the snapshot's sources record them in a region: a count coded above a level is not measured there."""

    def __init__(self, snapshot: Snapshot, code: str) -> None:
        self._snapshot, self._code = snapshot, code

    def __getitem__(self, key: str) -> Metric:
        return _recorded(self._snapshot, key, self._code)

    def __iter__(self) -> Iterator[str]:
        return iter(metrics())

    def __len__(self) -> int:
        return len(metrics())


@lru_cache(maxsize=_REMEMBERED)
def _recorded(snapshot: Snapshot, key: str, code: str) -> Metric:
    metric, tree, last = metrics()[key], snapshot.regions, snapshot.provenance.business_date
    levels = [level for level in tree.levels_below(code) if metric.measured_at(level, tree.root.level)]
    above = [level for level in levels if recorded_above(snapshot, key, code, level, last)]
    return replace(metric, finest_level=max(above) + 1) if above else metric


def scheme_begins(snapshot: Snapshot, chosen: Scheme) -> date | None:
    """The first month from which all facts that a scheme reads are really covered; None without any row."""
    return _begun(snapshot, [total for key in chosen.reads for total in _totals(metrics()[key])])


def _begun(snapshot: Snapshot, totals: list[Total]) -> date | None:
    starts = [_history_start(snapshot, fact) for fact in {total.fact for total in totals}]
    known = [start for start in starts if start is not None]
    return max(known) if known else None


@lru_cache(maxsize=_REMEMBERED)
def _history_start(snapshot: Snapshot, fact: Fact) -> date | None:
    return snapshot.history_start(fact)


def _totals(metric: Metric) -> list[Total]:
    kind = metric.kind
    if isinstance(kind, Score):
        return [total for key in scheme(kind.scheme).reads for total in _totals(metrics()[key])]
    if isinstance(kind, Ratio):
        parts = [*kind.numerator, *(() if isinstance(kind.denominator, Population) else kind.denominator)]
    else:
        parts = [kind.total if isinstance(kind, Count) else kind]
    return [part.entered if isinstance(part, Stock) else part for part in parts]


def forget() -> None:
    """Let go of every answer, and with them of the snapshots that they were asked of."""
    judgements = (_league, _scheme_league, _bounded, _signals, reconciled, recorded_above, _recorded)
    for each in (_observations, _history_start, names, codes, *judgements):
        each.cache_clear()
