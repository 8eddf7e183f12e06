"""What the rows of a database say against the contract: nulls, codes, places, the region tree. Counts only.

Every table is read in one pass, plus one GROUP BY per question that a count alone cannot answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Column, Connection, Date, DateTime, Table, Text, cast, exists, func, null, or_, select
from sqlalchemy.sql.elements import ColumnElement

from data_access import contract
from data_access.contract import CODES, ENTRY_DATES
from data_access.findings import Finding, Severity, listed, tallied
from data_access.region_tree import RegionTreeError, find_root_and_reachable

# Pairs of dates whose difference is a duration; the later one before the earlier is a slip that the sums still carry.
_DURATIONS = {"petition": ("registered_at", "replied_on"), "mediation": ("accepted_at", "concluded_on")}
_FIRST_DAY, _LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
_PREFIXES = (9, 6, 4, 2)


@dataclass(frozen=True)
class Scan:
    """One table: its number of rows (None where it could not be read) and what was found."""

    rows: int | None
    findings: tuple[Finding, ...]


def scan_region(connection: Connection, sound: set[str], unique: bool) -> tuple[Scan, set[str] | None]:
    """The region table: scan, and the codes with a path to the root (None when there is no clear root)."""
    scan = scan_table(connection, contract.region, sound, unique, None)
    if not {"region_code", "parent_code"} <= sound:
        return scan, None
    columns = contract.region.c
    level = columns.level if "level" in sound else null()
    rows = connection.execute(
        select(_text(columns.region_code), _text(columns.parent_code), level).where(columns.region_code.is_not(None))
    ).all()
    codes, parents = [str(row[0]) for row in rows], [row[1] for row in rows]
    try:
        _, reachable, dangling = find_root_and_reachable(codes, parents)
    except RegionTreeError as error:
        return _with(scan, [_error("region", str(error))]), None
    levels = dict(zip(codes, (row[2] for row in rows), strict=True)) if "level" in sound else {}
    return _with(scan, _region_faults(dict(zip(codes, parents, strict=True)), levels, dangling)), reachable


def _region_faults(
    parent: dict[str, str | None], levels: dict[str, int | None], dangling: set[str]
) -> Iterator[Finding]:
    if dangling:
        yield _warning(
            "region", f"{len(dangling):,} 个区划到不了根，上级不在表中（dangling）：{listed(sorted(dangling))}"
        )
    outside = sorted(code for code, level in levels.items() if level is None or not 0 <= level <= 5)
    if outside:
        yield _error("region", f"{len(outside):,} 个区划的 level 不在 0 到 5 之间：{listed(outside)}")
    irregular = sorted(code for code in parent if len(code) != 12 or not code.isdecimal())
    if irregular:
        yield _warning("region", f"{len(irregular):,} 个区划代码不是 12 位数字：{listed(irregular)}")
    moved = sorted(code for code, up in parent.items() if up and _digits_disagree(code, up))
    if moved:
        yield _warning(
            "region", f"{len(moved):,} 个区划的 parent_code 与代码的位数不合，以 parent_code 为准：{listed(moved)}"
        )
    upside = sorted(code for code, up in parent.items() if _not_below(levels.get(code), levels.get(up or "")))
    if upside:
        yield _warning("region", f"{len(upside):,} 个区划的 level 不低于其上级：{listed(upside)}")


def _digits_disagree(code: str, parent: str) -> bool:
    above = (code[:length].ljust(12, "0") for length in _PREFIXES)
    nearest = next((ancestor for ancestor in above if ancestor != code), None)
    return nearest is not None and len(code) == 12 and nearest != parent


def _not_below(level: int | None, above: int | None) -> bool:
    return level is not None and above is not None and level >= above


def scan_table(connection: Connection, table: Table, sound: set[str], unique: bool, reachable: set[str] | None) -> Scan:
    """One table against the contract, its ``sound`` columns only.

    ``unique``: the database keeps doubles out, so they need not be looked for. ``reachable``: the codes with a path to
    the root; None leaves places unchecked. Raises DBAPIError when the rows cannot be read.
    """
    columns = [column for column in table.columns if column.name in sound]
    pass_one = connection.execute(select(*_counts(table, columns)).select_from(table)).mappings().one()
    rows = pass_one["rows"]
    findings = list(_null_and_date_findings(table, columns, dict(pass_one)))
    strange = [column for column in columns if pass_one.get(f"codes:{column.name}")]
    findings += [_unknown_codes(connection, table, column) for column in strange]
    if not unique and {column.name for column in table.primary_key} <= sound:
        findings += _doubles(connection, table)
    if reachable is not None and "region_code" in sound:
        findings += _unknown_places(connection, table, reachable)
    if not rows and table.name != "region":
        findings.append(_warning(table.name, "没有数据（no rows）"))
    return Scan(rows, tuple(findings))


def scan_categories(connection: Connection, table: Table) -> list[Finding]:
    """Categories of ``table`` that rpt.category does not know: they have no domain."""
    known = exists().where(contract.category.c.category == table.c.category)
    counts = _tally(connection, table.c.category, table.c.category.is_not(None) & ~known)
    if not counts:
        return []
    total = sum(count for _, count in counts)
    return [_warning(table.name, f"{total:,} 行的 category 不在 rpt.category 中，领域为空：{tallied(counts)}")]


def _counts(table: Table, columns: list[Column[object]]) -> Iterator[ColumnElement[int]]:
    """Every column is touched, so a view that cannot compute one of them fails here and not in the sync."""
    yield func.count().label("rows")
    for column in columns:
        yield func.count(column).label(f"filled:{column.name}")
        if isinstance(column.type, Date | DateTime):
            yield func.count().filter(_off_calendar(column)).label(f"days:{column.name}")
        if column.name in CODES.get(table.name, {}):
            yield func.count().filter(_unknown(table, column)).label(f"codes:{column.name}")
    pair = _DURATIONS.get(table.name)
    if pair is not None and set(pair) <= {column.name for column in columns}:
        begun, ended = (table.c[name] for name in pair)
        yield func.count().filter(ended < cast(begun, Date), ended >= _FIRST_DAY).label("negative")


def _off_calendar(column: Column[object]) -> ColumnElement[bool]:
    return or_(column < _FIRST_DAY, column > _LAST_DAY)


def _unknown(table: Table, column: Column[object]) -> ColumnElement[bool]:
    return _text(column).not_in(CODES[table.name][column.name])


def _null_and_date_findings(table: Table, columns: list[Column[object]], counts: dict[str, int]) -> Iterator[Finding]:
    essential = _essential(table)
    for column in columns:
        name = column.name
        report = _error if name in essential else _warning
        empty = counts["rows"] - counts[f"filled:{name}"]
        if empty and not column.nullable:
            yield report(table.name, f"列 {name} 有 {empty:,} 行为空，约定不为空（null）")
        if days := counts.get(f"days:{name}"):
            yield report(table.name, f"列 {name} 有 {days:,} 行不是公历日期（infinity 或公元前）")
    if negative := counts.get("negative"):
        begun, ended = _DURATIONS[table.name]
        yield _warning(
            table.name, f"{negative:,} 行的 {ended} 早于 {begun}，天数为负（negative duration），平均天数照实计入"
        )


def _essential(table: Table) -> set[str]:
    """The columns without which a row counts nowhere, silently: its key, its place, its day; of a region, its level."""
    names = {column.name for column in table.primary_key}
    if table.name in ENTRY_DATES:
        names |= {ENTRY_DATES[table.name], "region_code"}
    return names | ({"level"} if table.name == "region" else set())


def _unknown_codes(connection: Connection, table: Table, column: Column[object]) -> Finding:
    counts = _tally(connection, column, _unknown(table, column))
    total = sum(count for _, count in counts)
    return _warning(table.name, f"列 {column.name} 有 {total:,} 行是未知代码（unknown code）：{tallied(counts)}")


def _doubles(connection: Connection, table: Table) -> Iterator[Finding]:
    key = list(table.primary_key)
    groups = select(func.count().label("times")).group_by(*key).having(func.count() > 1)
    inner = groups.where(*(column.is_not(None) for column in key)).subquery()
    surplus = connection.execute(select(func.coalesce(func.sum(inner.c.times - 1), 0))).scalar_one()
    if surplus:
        names = "、".join(column.name for column in key)
        yield _error(table.name, f"{int(surplus):,} 行的主键 {names} 重复（duplicate key），会被重复计数")


def _unknown_places(connection: Connection, table: Table, reachable: set[str]) -> Iterator[Finding]:
    everywhere = _tally(connection, table.c.region_code, table.c.region_code.is_not(None))
    lost = [(code, count) for code, count in everywhere if code not in reachable]
    if lost:
        total = sum(count for _, count in lost)
        yield _warning(
            table.name, f"{total:,} 行的 region_code 到不了根（no path to the root），不计入任何区划：{tallied(lost)}"
        )


def _tally(connection: Connection, column: Column[object], where: ColumnElement[bool]) -> list[tuple[str, int]]:
    code = _text(column)
    return [
        (str(row[0]), int(row[1])) for row in connection.execute(select(code, func.count()).where(where).group_by(code))
    ]


def _text(column: Column[object]) -> ColumnElement[str]:
    """As text: of char(n) this drops the padding."""
    return cast(column, Text)


def _with(scan: Scan, more: list[Finding] | Iterator[Finding]) -> Scan:
    return Scan(scan.rows, (*scan.findings, *more))


def _error(table: str, words: str) -> Finding:
    return Finding(Severity.ERROR, words, table)


def _warning(table: str, words: str) -> Finding:
    return Finding(Severity.WARNING, words, table)
