"""The region tree: one type for all levels, built from the rows of rpt.region.

Parents are said by parent_code and by nothing else; the root is the region without one. A region without a path to the
root does not belong to the tree, and what happened there counts in no region.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from data_access.region_tree import find_root_and_reachable

VILLAGE, TOWNSHIP, COUNTY, PREFECTURE, PROVINCE, NATION = range(6)

LEVEL_KEYS = {
    "village": VILLAGE,
    "township": TOWNSHIP,
    "county": COUNTY,
    "prefecture": PREFECTURE,
    "province": PROVINCE,
    "nation": NATION,
}
LEVEL_LABELS = {
    VILLAGE: "村(社区)",
    TOWNSHIP: "乡镇(街道)",
    COUNTY: "县市区",
    PREFECTURE: "市州",
    PROVINCE: "省",
    NATION: "国家",
}


class UnknownRegion(LookupError):
    """A code that the region tree does not hold."""


@dataclass(frozen=True)
class Region:
    """One place of any level. population: persons, None where unknown; point: WGS 84 degrees."""

    code: str
    name: str
    level: int
    parent: str | None
    peer_group: str
    population: int | None
    longitude: float | None
    latitude: float | None


class RegionTree:
    """All regions with a path to the root.

    ``frame``: region_code, name, level, parent_code, peer_group, population, longitude, latitude (as in rpt.region).
    Raises RegionTreeError for no root, several roots or a cycle.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        rows = frame.sort("region_code").rows(named=True)
        root, reachable, self.dangling = find_root_and_reachable(
            [row["region_code"] for row in rows], [row["parent_code"] for row in rows]
        )
        self._regions = {
            row["region_code"]: Region(
                row["region_code"],
                row["name"],
                row["level"],
                row["parent_code"] if row["region_code"] != root else None,
                row["peer_group"],
                row["population"],
                row["longitude"],
                row["latitude"],
            )
            for row in rows
            if row["region_code"] in reachable
        }
        self.root = self._regions[root]

    def __contains__(self, code: object) -> bool:
        return code in self._regions

    def __iter__(self) -> Iterator[Region]:
        return iter(self._regions.values())

    def __len__(self) -> int:
        return len(self._regions)

    def get(self, code: str) -> Region:
        """The region of that code. Raises UnknownRegion."""
        try:
            return self._regions[code]
        except KeyError:
            raise UnknownRegion(f"没有代码为 {code} 的区划；根区划是 {self.root.code} {self.root.name}") from None

    @cached_property
    def _children(self) -> dict[str, list[Region]]:
        children: dict[str, list[Region]] = {}
        for region in self:
            if region.parent is not None:
                children.setdefault(region.parent, []).append(region)
        return children

    def children(self, code: str) -> list[Region]:
        """The regions directly below, by code."""
        return list(self._children.get(code, ()))

    def path(self, code: str) -> list[Region]:
        """From the root down to the region itself."""
        steps = [self.get(code)]
        while steps[-1].parent is not None:
            steps.append(self._regions[steps[-1].parent])
        return steps[::-1]

    def subtree(self, code: str) -> list[Region]:
        """The region itself and everything below, parents before children."""
        found = [self.get(code)]
        for region in found:
            found.extend(self._children.get(region.code, ()))
        return found

    def at_level(self, code: str, level: int) -> list[Region]:
        """The regions of ``level`` in the subtree of ``code`` (itself included), by code."""
        return sorted((region for region in self.subtree(code) if region.level == level), key=lambda r: r.code)

    def levels_below(self, code: str) -> list[int]:
        """The levels that occur in the subtree of ``code``, the coarsest first."""
        return sorted({region.level for region in self.subtree(code)}, reverse=True)

    @cached_property
    def _closure(self) -> dict[int, pl.DataFrame]:
        pairs: dict[int, tuple[list[str], list[str]]] = {}
        for region in self:
            for ancestor in self.path(region.code):
                codes, ancestors = pairs.setdefault(ancestor.level, ([], []))
                codes.append(region.code)
                ancestors.append(ancestor.code)
        return {
            level: pl.DataFrame({"region_code": codes, "ancestor": ancestors})
            for level, (codes, ancestors) in pairs.items()
        }

    def membership(self, level: int) -> pl.DataFrame:
        """region_code, ancestor: for every region the ancestor-or-self of ``level``; none for what stands above it."""
        empty = pl.DataFrame(schema={"region_code": pl.String, "ancestor": pl.String})
        return self._closure.get(level, empty)
