"""From words to a Query: what the command line, the address bar and the export route have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from data_access.regions import LEVEL_KEYS, RegionTree, UnknownRegion
from metrics.core.period import Grain, Period
from metrics.core.query import BadQuery, FilterValue, Query

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def ask(
    tree: RegionTree,
    *,
    metrics: Sequence[str],
    first: str,
    last: str,
    region: str | None = None,
    level: str | None = None,
    grain: str = "total",
    by: Sequence[str] = (),
    where: Sequence[str] = (),
) -> Query:
    """The Query that these words mean. Raises BadQuery with one line that names what is allowed.

    ``region``: default the root; ``level``: key of LEVEL_KEYS, default the region's own; ``where``: DIM=VALUE, an empty
    VALUE asks for rows without a code, the same DIM twice for either. Keys of metrics and dimensions are checked when the
    query is evaluated.
    """
    code = region or tree.root.code
    try:
        own_level = tree.get(code).level
    except UnknownRegion as error:
        raise BadQuery(str(error)) from None
    start, end = day_of(first, "开始日期"), day_of(last, "结束日期")
    if end < start:
        raise BadQuery(f"结束日期 {end} 早于开始日期 {start}；两个日期都计入，结束日期不能更早")
    return Query(
        tuple(metrics),
        code,
        own_level if level is None else level_of(level),
        Period.inclusive(start, end),
        grain_of(grain),
        tuple(by),
        filters_of(where),
    )


def day_of(text: str, what: str) -> date:
    """YYYY-MM-DD as a date between the years 1900 and 2999. Raises BadQuery."""
    try:
        # Python reads 20260101 and 2026-W01-1 as dates too.
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise BadQuery(f"{what} {text!r} 不是日期；写法：YYYY-MM-DD") from None
    if not 1900 <= day.year <= 2999:
        raise BadQuery(f"{what} {text!r} 不可用；年份 1900–2999")
    return day


def level_of(text: str) -> int:
    """The number of a level's key. Raises BadQuery."""
    if text not in LEVEL_KEYS:
        raise BadQuery(f"没有层级 {text}；可选：{'、'.join(LEVEL_KEYS)}")
    return LEVEL_KEYS[text]


def grain_of(text: str) -> Grain:
    """The grain of that key. Raises BadQuery."""
    try:
        return Grain(text)
    except ValueError:
        raise BadQuery(f"没有粒度 {text}；可选：{'、'.join(Grain)}") from None


def filters_of(pairs: Iterable[str]) -> tuple[tuple[str, tuple[FilterValue, ...]], ...]:
    """DIM=VALUE words as a Query's ``where``, in order of first appearance. Raises BadQuery."""
    wanted: dict[str, list[FilterValue]] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise BadQuery(f"筛选 {pair!r} 写法不对；写法：维度=取值，例如 channel=visit")
        wanted.setdefault(name, []).append(value or None)
    return tuple((name, tuple(dict.fromkeys(values))) for name, values in wanted.items())
