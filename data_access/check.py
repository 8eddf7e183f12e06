"""``yanpan check``: whether a database keeps the contract, table by table, before anything is computed from it.

An error is what stops or falsifies a sync: a table or column that is missing, of the wrong type or not readable; no
region, several roots, a cycle, a region without a level 0–5; a key, place or entry date that is null (the row would
count nowhere and nobody would see it); a key that stands twice (the row would count twice). Everything else the product
counts, shows and lives with, so it is a warning: unknown codes, places without a path to the root, categories without a
name, other nulls (an amount that is null is 0, a code that is null has its own row), empty tables, rights beyond SELECT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Engine, Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from data_access import contract, replica
from data_access.check_catalog import Catalog, read_catalog, rights_findings, schema_findings
from data_access.check_rows import Scan, scan_categories, scan_region, scan_table
from data_access.contract import ENTRY_DATES, SCHEMA
from data_access.findings import Finding, Severity

Result = TypeVar("Result")


@dataclass(frozen=True)
class Report:
    """What was found. ``heading``: the server, its state, the role, the synthetic mark; ``rows`` by table that was read."""

    heading: tuple[str, ...]
    findings: tuple[Finding, ...]
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """False only for what stops or falsifies a sync."""
        return not self._of(Severity.ERROR)

    def lines(self) -> list[str]:
        """The report as text for a terminal, without a trailing line feed in any line."""
        return [*self.heading, *self._about(None), *self._tables(), self._verdict()]

    def _tables(self) -> Iterator[str]:
        concerned = {finding.table for finding in self.findings}
        for name in (table.name for table in contract.metadata.tables.values()):
            if name in self.rows or name in concerned:
                count = f"{self.rows[name]:,} 行" if name in self.rows else "未读"
                yield f"{SCHEMA}.{name}：{count}" + ("" if name in concerned else "，正常")
                yield from (f"  {line}" for line in self._about(name))

    def _about(self, table: str | None) -> list[str]:
        chosen = [finding for finding in self.findings if finding.table == table]
        chosen.sort(key=lambda finding: finding.severity is not Severity.ERROR)
        return [f"{finding.severity.value}：{finding.text}" for finding in chosen]

    def _verdict(self) -> str:
        errors, warnings = len(self._of(Severity.ERROR)), len(self._of(Severity.WARNING))
        if errors:
            return f"结论：不能同步，错误 {errors} 处" + (f"，提醒 {warnings} 处" if warnings else "")
        return "结论：可以同步" + (f"，提醒 {warnings} 处" if warnings else "")

    def _of(self, severity: Severity) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is severity]


def check(engine: Engine) -> Report:
    """Examine the database of ``engine`` (made by ``replica.connect``). A database out of reach is a report, not an error."""
    try:
        return _examined(engine)
    except (DBAPIError, PoolTimeout) as error:
        return Report((), (Finding(Severity.ERROR, replica.explain(error)),))


def _examined(engine: Engine) -> Report:
    known = replica.state(engine)
    with replica.repeatable_read(engine) as connection:
        role = connection.execute(text("SELECT CAST(current_user AS text)")).scalar_one()
        catalog = read_catalog(connection)
        findings = [*schema_findings(catalog, engine.dialect), *rights_findings(connection)]
    heading = [f"数据库：{known.sentence}（PostgreSQL {known.version}，{known.host}，用户 {role}）"]
    if catalog.comment and contract.SYNTHETIC_MARK in catalog.comment:
        heading.append(f"数据：{catalog.comment}")
    scans = dict(_scans(engine, catalog)) if catalog.usable else {}
    rows = {name: scan.rows for name, scan in scans.items() if scan.rows is not None}
    found = [finding for scan in scans.values() for finding in scan.findings]
    return Report(tuple(heading), (*findings, *found, *_no_events(rows)), rows)


def _scans(engine: Engine, catalog: Catalog) -> Iterator[tuple[str, Scan]]:
    """Each table in a transaction of its own: one that fails does not hide the others."""
    reachable: set[str] | None = None
    for table in contract.metadata.tables.values():
        if not catalog.sound(table):
            continue
        try:
            if table is contract.region:
                scan, reachable = _read(engine, _scanning_regions(catalog))
            else:
                scan = _read(engine, _scanning(table, catalog, reachable))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            scan = Scan(None, (Finding(Severity.ERROR, f"读不出来：{replica.explain(error)}", table.name),))
        yield table.name, scan


def _scanning_regions(catalog: Catalog) -> Callable[[Connection], tuple[Scan, set[str] | None]]:
    sound, unique = catalog.sound(contract.region), catalog.has_unique_key(contract.region)
    return lambda connection: scan_region(connection, sound, unique)


def _scanning(table: Table, catalog: Catalog, reachable: set[str] | None) -> Callable[[Connection], Scan]:
    sound, named = catalog.sound(table), "category" in catalog.sound(contract.category)

    def scanning(connection: Connection) -> Scan:
        scan = scan_table(connection, table, sound, catalog.has_unique_key(table), reachable)
        if table is contract.category or not named or "category" not in sound:
            return scan
        return Scan(scan.rows, (*scan.findings, *scan_categories(connection, table)))

    return scanning


def _read(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    def attempt() -> Result:
        with replica.repeatable_read(engine) as connection:
            return work(connection)

    return replica.retrying(attempt)


def _no_events(rows: dict[str, int]) -> Iterator[Finding]:
    if set(ENTRY_DATES) <= rows.keys() and not any(rows[name] for name in ENTRY_DATES):
        yield Finding(Severity.WARNING, "所有事件表都没有数据（no rows）：同步得到的是空快照")
