"""Parts and total: every region's own count against that of its children and of what is coded at the region itself.

The children are asked of one store, what is coded above them of another (``data_access.coded.Coded``), which groups by
the code that a row bears and never looks at the tree. So the two sides are counted in two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from data_access.regions import TOWNSHIP, Region, RegionTree
from metrics.core.model import Metric
from metrics.core.query import Query

#: Observations of a query; the store is filled in.
Evaluate = Callable[[Query], pl.DataFrame]


@dataclass(frozen=True)
class Step:
    """One level of the comparison, summed over all its parents.

    ``whole``: the parents' own figures; ``parts``: their children's; ``unspecified``: coded at the parents themselves;
    ``level``: of the children (the coarsest); ``measured``: whether the metric is recorded there; ``parents``: how many.
    ``wrong``: the parents whose figure is not parts + unspecified.
    """

    level: int
    whole: int
    parts: int
    unspecified: int
    measured: bool
    parents: int
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reconciled:
    """One metric from the asked region downwards, in the numerator's unit. ``steps``: the coarsest first."""

    metric: str
    whole: int
    steps: tuple[Step, ...]

    @property
    def holds(self) -> bool:
        """Whether every parent is the sum of its parts."""
        return not any(step.wrong for step in self.steps)


def reconciled(
    metrics: Sequence[Metric], tree: RegionTree, query: Query, evaluate: Evaluate, coded: Evaluate
) -> list[Reconciled]:
    """Every additive one of ``metrics`` in the region and period of ``query``, down to the townships.

    ``coded``: as ``evaluate``, but counting only what bears a region's very own code. Raises BadQuery, Forbidden.
    """
    additive = [metric for metric in metrics if metric.additive]
    below = {region.level for region in tree.subtree(query.region) if region.level >= TOWNSHIP}
    levels = sorted(below | {tree.get(query.region).level}, reverse=True)
    asked = [_at_level(query, additive, level) for level in levels]
    whole, own = _figures(map(evaluate, asked)), _figures(map(coded, asked))
    generations = _generations(tree, query.region)
    return [
        Reconciled(
            metric.key,
            whole[metric.key, query.region],
            tuple(_step(metric, tree, parents, whole, own) for parents in generations),
        )
        for metric in additive
    ]


def _at_level(query: Query, metrics: Sequence[Metric], level: int) -> Query:
    return Query(tuple(metric.key for metric in metrics), query.region, level, query.period)


def _figures(frames: Iterable[pl.DataFrame]) -> dict[tuple[str, str], int]:
    rows = (row for frame in frames for row in frame.select("metric", "region_code", "numerator").iter_rows())
    return {(metric, code): figure for metric, code, figure in rows}


def _generations(tree: RegionTree, code: str) -> list[list[Region]]:
    """The parents of each step: the region, then its children that have townships or more below them, and so on."""
    found = []
    parents = [tree.get(code)]
    while parents := [region for region in parents if _parts(tree, region)]:
        found.append(parents)
        parents = [child for region in parents for child in _parts(tree, region)]
    return found


def _parts(tree: RegionTree, region: Region) -> list[Region]:
    return [child for child in tree.children(region.code) if child.level >= TOWNSHIP]


def _step(
    metric: Metric,
    tree: RegionTree,
    parents: Sequence[Region],
    whole: Mapping[tuple[str, str], int],
    own: Mapping[tuple[str, str], int],
) -> Step:
    key, wrong, added, coded = metric.key, [], 0, 0
    for region in parents:
        parts = sum(whole[key, child.code] for child in _parts(tree, region))
        if whole[key, region.code] != parts + own[key, region.code]:
            wrong.append(region.code)
        added, coded = added + parts, coded + own[key, region.code]
    level = max(child.level for region in parents for child in _parts(tree, region))
    total = sum(whole[key, region.code] for region in parents)
    measured = metric.measured_at(level, tree.root.level)
    return Step(level, total, added, coded, measured, len(parents), tuple(wrong))
