"""What the rows of a table are, entry month by entry month, told by the database without fetching them.

A digest is the number of rows and two 64-bit sums over all contract columns, whatever order the rows stand in. The hash
is the one that PostgreSQL partitions by: half as dear as md5, and there also where the server's cryptography forbids md5.
The sums are kept exactly, so rows that are there twice count twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Connection, Table, Text, cast, func, select

from data_access import entry_months
from data_access.entry_months import Month

#: Before any change that a source could know; a time stamp beyond it (minus infinity) is no moment of Python's.
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Changes:
    """``months``: those with rows changed since; ``newest``: the newest updated_at among them, never after the reading."""

    months: frozenset[Month]
    newest: datetime | None


def read_digests(connection: Connection, table: Table, months: Collection[Month] | None = None) -> dict[str, str]:
    """Entry month (its name) → digest, of the months that have rows; of ``months`` only, or of all."""
    text = cast(func.row(*table.columns), Text)
    rows = select(entry_months.of(table).label("month"), text.label("text"))
    if months is not None:
        rows = rows.where(entry_months.within(table, months))
    # The fence keeps the planner from writing each row as text twice.
    each = rows.offset(0).subquery("each")
    sums = [func.sum(func.hashtextextended(each.c.text, cast(seed, BigInteger))) for seed in (0, 1)]
    found = connection.execute(select(each.c.month, func.count(), *sums).group_by(each.c.month))
    return {entry_months.key(month): f"{count}:{one}:{other}" for month, count, one, other in found}


def read_counts(connection: Connection, table: Table) -> dict[str, int]:
    """Entry month (its name) → number of rows, of all months that have any."""
    each = select(entry_months.of(table).label("month")).subquery("each")
    found = connection.execute(select(each.c.month, func.count()).group_by(each.c.month))
    return {entry_months.key(month): count for month, count in found}


def read_changes(connection: Connection, table: Table, since: datetime | None) -> Changes:
    """The entry months of rows whose updated_at lies after ``since``; None: of all rows."""
    updated = table.c.updated_at
    bounded = func.greatest(func.least(updated, func.now()), _LONG_AGO)
    each = select(entry_months.of(table).label("month"), bounded.label("updated"))
    each = each.where(updated.is_not(None) if since is None else updated > since)
    rows = each.subquery("each")
    found = connection.execute(select(rows.c.month, func.max(rows.c.updated)).group_by(rows.c.month)).all()
    return Changes(frozenset(month for month, _ in found), max((newest for _, newest in found), default=None))


def since(watermark: str | None, now: datetime, overlap: timedelta) -> datetime | None:
    """From when on changes are looked for: a transaction may commit that much after the time stamp it wrote.

    ``now`` is the database's clock: where it was put back, what is written from now on bears older time stamps.
    """
    return None if watermark is None else min(datetime.fromisoformat(watermark), now) - overlap


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> frozenset[Month]:
    """The months whose digests differ, those that came or went included."""
    return frozenset(entry_months.named(name) for name in {*before, *now} if before.get(name) != now.get(name))


def miscounted(before: Mapping[str, str], counts: Mapping[str, int]) -> frozenset[Month]:
    """The months that do not have as many rows as their digest says."""
    known = {name: rows_of(digest) for name, digest in before.items()}
    return frozenset(
        entry_months.named(name) for name in {*known, *counts} if known.get(name, 0) != counts.get(name, 0)
    )


def rows_of(digest: str) -> int:
    """The number of rows that a digest speaks of."""
    return int(digest.partition(":")[0])
