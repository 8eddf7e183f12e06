"""Observations by (snapshot, query), computed once per process and shared: what every panel of every session asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache

import polars as pl

from data_access.facts import Fact
from data_access.snapshot import Snapshot
from metrics.core import compare
from metrics.core.calendar import calendar
from metrics.core.evaluate import evaluate
from metrics.core.fairness.judge import judged
from metrics.core.fairness.squares import with_squares
from metrics.core.model import Count, Metric, Population, Ratio, Score, Stock, Total
from metrics.core.period import Grain
from metrics.core.query import EVERYTHING, Query, Scope
from metrics.core.scheme import scheme
from metrics.core.score_interval import score_intervals
from metrics.core.scoring import explain_score
from metrics.core.signal import judge
from metrics.registry import metrics

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


def compared(snapshot: Snapshot, query: Query, grain: Grain, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """Observations of ``query`` in one bucket, with ``previous`` and ``year_ago``; see ``metrics.core.compare.compared``.

    Null where the other span lies before the data begins.
    """

    def covered(key: str, first: date) -> bool:
        begun = begins(snapshot, metrics()[key])
        return begun is not None and first >= begun

    return compare.compared(query, grain, asker(snapshot, scope), covered=covered)


def league(snapshot: Snapshot, query: Query, grain: Grain, scope: Scope = EVERYTHING) -> pl.DataFrame:
    """One metric's regions side by side: ``compared`` with what may fairly be said of each.

    Added are the columns of JUDGED_SCHEMA; for a score lower and upper (90 %), rank_low and rank_high.
    """
    return _league(snapshot, query, grain, scope)


@lru_cache(maxsize=_REMEMBERED)
def _league(snapshot: Snapshot, query: Query, grain: Grain, scope: Scope) -> pl.DataFrame:
    metric = metrics()[query.metrics[0]]
    frame = compared(snapshot, query, grain, scope)
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
    for remembered in (_observations, _league, _signals, _history_start):
        remembered.cache_clear()
