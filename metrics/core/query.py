"""A Query says what is asked, and nothing else: cache key, address and export name at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_access.regions import LEVEL_KEYS, LEVEL_LABELS, Region, RegionTree, UnknownRegion
from metrics.core.model import Metric, Score
from metrics.core.period import Grain, Period

# One wanted value of a filter; None asks for the rows whose code is empty.
FilterValue = str | None


class BadQuery(ValueError):
    """A question that cannot be asked; its text is one Chinese line that names what is allowed."""


class Forbidden(PermissionError):
    """A region outside the viewer's scope."""


@dataclass(frozen=True)
class Query:
    """Metrics of the regions of ``level`` inside ``region``, cut by ``grain`` over ``period``.

    ``by``: dimensions that split each figure. ``where``: (dimension, wanted values) pairs; a row must fulfil them all and
    is wanted by a pair when its code is any of the values.
    """

    metrics: tuple[str, ...]
    region: str
    level: int
    period: Period
    grain: Grain = Grain.total
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[FilterValue, ...]], ...] = ()


@dataclass(frozen=True)
class Scope:
    """What a viewer may see: the subtrees of these regions; None is everything."""

    regions: frozenset[str] | None = None

    def covers(self, tree: RegionTree, code: str) -> bool:
        """Whether the region lies inside the scope."""
        if self.regions is None:
            return True
        return any(step.code in self.regions for step in tree.path(code))


EVERYTHING = Scope()


def check(query: Query, metrics: dict[str, Metric], tree: RegionTree, scope: Scope) -> list[Region]:
    """The regions asked for, by code. Raises BadQuery or Forbidden."""
    region = _region(tree, query.region)
    if not scope.covers(tree, region.code):
        raise Forbidden(f"没有查看 {region.name} 的权限")
    if query.level > region.level:
        allowed = "、".join(_level_word(level) for level in tree.levels_below(region.code))
        raise BadQuery(f"层级 {_level_word(query.level)} 高于区划 {region.name}；可选：{allowed}")
    for key in query.metrics:
        if key not in metrics:
            raise BadQuery(f"没有指标 {key}；可选：{'、'.join(metrics)}")
        _check_dimensions(query, metrics[key])
    _check_distinct("指标", query.metrics)
    _check_distinct("维度", query.by)
    return tree.at_level(region.code, query.level)


def visible_names(tree: RegionTree, region: str, scope: Scope) -> dict[str, str]:
    """Code and name of the regions in the subtree of ``region``. Raises BadQuery for an unknown one, Forbidden."""
    found = _region(tree, region)
    if not scope.covers(tree, region):
        raise Forbidden(f"没有查看 {found.name} 的权限")
    return {place.code: place.name for place in tree.subtree(region)}


def _region(tree: RegionTree, code: str) -> Region:
    try:
        return tree.get(code)
    except UnknownRegion as error:
        raise BadQuery(str(error)) from None


def _check_dimensions(query: Query, metric: Metric) -> None:
    asked = [*query.by, *(name for name, _ in query.where)]
    if asked and isinstance(metric.kind, Score):
        raise BadQuery(f"{metric.key} 是得分，不能按维度细分或筛选")
    for name in asked:
        if name not in metric.dimensions:
            allowed = "、".join(metric.dimensions) or "无"
            raise BadQuery(f"指标 {metric.key} 没有维度 {name}；可选：{allowed}")


def _check_distinct(what: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise BadQuery(f"{what}重复：{'、'.join(names)}")


def _level_word(level: int) -> str:
    key = next((key for key, number in LEVEL_KEYS.items() if number == level), str(level))
    return f"{key} {LEVEL_LABELS.get(level, '')}".strip()
