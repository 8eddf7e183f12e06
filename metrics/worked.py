"""A metric with its numbers filled in: every sum that stands in its formula, for one region and period.

Each sum is asked of ``evaluate`` as a metric of its own, so what is shown are the figures the value is made of and not a
second way of counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from metrics.core.model import Count, Kind, Metric, Part, Population, Ratio, Score, Stock, Total
from metrics.core.query import Query
from metrics.wording import condition_words, measure_words

Side = Literal["numerator", "denominator"]
Evaluate = Callable[[Query, Mapping[str, Metric]], pl.DataFrame]


@dataclass(frozen=True)
class Term:
    """One sum of a formula: ``words`` what it counts, ``condition`` of which rows (empty: of all), ``figure`` how much.

    ``sign`` 1 is added, −1 taken away; ``cumulative``: everything up to the period's end, not only in the period.
    """

    side: Side
    words: str
    condition: str
    figure: int
    sign: int = 1
    cumulative: bool = False


def terms(metric: Metric, query: Query, evaluate: Evaluate) -> list[Term]:
    """The sums behind ``metric`` in the single region and period of ``query``, whose metrics are not looked at.

    The denominator of figures per head is no sum and not among them. Empty for a score: see ``scoring.explain_score``.
    Raises BadQuery, Forbidden as ``evaluate``.
    """
    asked = {f"{metric.key}:{place}": pair for place, pair in enumerate(_asked(metric.kind))}
    if not asked:
        return []
    single = {key: replace(metric, key=key, kind=kind) for key, (kind, _) in asked.items()}
    frame = evaluate(replace(query, metrics=tuple(single)), single)
    figures = dict(frame.select("metric", "numerator").iter_rows())
    return [replace(term, figure=figures[key]) for key, (_, term) in asked.items()]


def added(found: list[Term], side: Side) -> int:
    """What the terms of one side come to."""
    return sum(term.sign * term.figure for term in found if term.side == side)


def _asked(kind: Kind) -> Iterator[tuple[Kind, Term]]:
    if isinstance(kind, Score):
        return
    if isinstance(kind, Count):
        yield from _of(kind.total, "numerator")
    elif isinstance(kind, Stock):
        yield from _of(kind, "numerator")
    elif isinstance(kind, Ratio):
        for part in kind.numerator:
            yield from _of(part, "numerator")
        for part in () if isinstance(kind.denominator, Population) else kind.denominator:
            yield from _of(part, "denominator")


def _of(part: Part, side: Side) -> Iterator[tuple[Kind, Term]]:
    if isinstance(part, Total):
        yield Count(part), _term(part, side)
        return
    yield Stock(part.entered), replace(_term(part.entered, side), cumulative=True)
    if part.left is not None:
        yield Stock(part.left), replace(_term(part.left, side), cumulative=True, sign=-1)


def _term(total: Total, side: Side) -> Term:
    return Term(side, measure_words(total.fact.name, total.measure), condition_words(total), 0)
