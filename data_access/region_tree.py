"""The shape of the region tree: one root, no cycle; what hangs nowhere is named, not guessed.

Reading (design/metrics.md): parents by ``parent_code``; the root is the region without one. A region whose parents lead
to a code that is no region has no path to the root: rows coded there count in no region. Several roots or a cycle make
every sum doubtful, so nothing is computed at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

_NAMED = 10


class RegionTreeError(ValueError):
    """A region table without one clear root; the text is one Chinese sentence that names at most ten codes."""


def find_root_and_reachable(codes: Sequence[str], parents: Sequence[str | None]) -> tuple[str, set[str], set[str]]:
    """The root, the codes with a path to it (itself included), and the dangling ones, from two columns of equal length.

    Codes are text without padding. A blank parent is none. Raises RegionTreeError for an empty table, a code that
    stands twice, no root, several roots, or a cycle.
    """
    parent = {code: (up.strip() or None) if up else None for code, up in zip(codes, parents, strict=True)}
    if not parent:
        raise RegionTreeError("区划表没有数据（no rows in rpt.region）")
    if len(parent) < len(codes):
        doubles = [code for code, times in Counter(codes).items() if times > 1]
        raise RegionTreeError(f"区划代码重复（duplicate region_code）：{_named(doubles)}")
    reachable, dangling = _paths(parent)
    roots = [code for code, up in parent.items() if up is None]
    if not roots:
        raise RegionTreeError(f"区划没有根：上级都不在区划表中（no root）：{_named(dangling)}")
    if len(roots) > 1:
        raise RegionTreeError(f"区划有 {len(roots)} 个根，只能有一个（several roots）：{_named(roots)}")
    return roots[0], reachable, dangling


def _paths(parent: dict[str, str | None]) -> tuple[set[str], set[str]]:
    """Each code once: walk up until a code whose fate is known, then give the whole walk that fate."""
    reachable: set[str] = set()
    dangling: set[str] = set()
    for start in parent:
        walk: dict[str, None] = {}
        code: str | None = start
        while code is not None and code in parent and code not in reachable and code not in dangling:
            if code in walk:
                cycle = list(walk)[list(walk).index(code) :]
                raise RegionTreeError(f"区划上下级成环（cycle）：{_named(cycle)}")
            walk[code] = None
            code = parent[code]
        lost = code is not None and (code in dangling or code not in parent)
        (dangling if lost else reachable).update(walk)
    return reachable, dangling


def _named(codes: Iterable[str]) -> str:
    ordered = sorted(codes)
    rest = f" 等 {len(ordered)} 个" if len(ordered) > _NAMED else ""
    return "、".join(ordered[:_NAMED]) + rest
