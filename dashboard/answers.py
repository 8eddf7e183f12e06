"""Observations by (snapshot, query), computed once per process and shared: what every panel of every session asks for."""

from __future__ import annotations

from collections.abc import Callable
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
from metrics.core.fairness.judge import judged
from metrics.core.fairness.squares import with_squares
from metrics.core.model import Count, Metric, Population, Ratio, Score, Stock, Total
from metrics.core.period import Grain, Period
from metrics.core.query import EVERYTHING, FilterValue, Query, Scope
from metrics.core.scheme import scheme
from metrics.core.score_interval import score_intervals
from metrics.core.scoring import explain_score
from metrics.core.signal import judge
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
    score lower and upper (90 %), rank_low and rank_high.
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
    frame = compared(snapshot, query, grain, ("previous", other), scope).rename({other: "other"})
    if members is not None:
        frame = frame.filter(pl.col("region_code").is_in(list(members)))
    whole = replace(query, grain=Grain.total)
    if isinstance(metric.kind, Score):
        bounds = score_intervals(scheme(metric.kind.scheme), whole, asker(snapshot, scope), metrics())
        ranks = bounds.select("region_code", "lower", "upper", rank_low="rank_first", rank_high="rank_last")
        return frame.join(ranks, on="region_code", how="left", maintain_order="left")
    return judged(with_squares(frame, metric, whole, snapshot, scope), metric)


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


def score_parts(snapshot: Snapshot, kind: Score, query: Query, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """What the scores of ``query`` are made of; see ``metrics.core.scoring.score_parts``."""
    return explain_score(kind, query, asker(snapshot, scope))


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


@lru_cache(maxsize=1)
def names(snapshot: Snapshot) -> Names:
    """Chinese names of codes, with the snapshot's own categories and organs."""
    return Names(snapshot)


@lru_cache(maxsize=64)
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
    facts = {total.fact for total in _totals(metric)}
    starts = [_history_start(snapshot, fact) for fact in facts]
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
    """Let go of every answer, and with them of the snapshots that they were asked of: a newer one is in use."""
    for remembered in (_observations, _league, _signals, reconciled, _history_start, names, codes):
        remembered.cache_clear()
