"""Whether figures are right: every metric of a snapshot by county and month, against plain SQL on the event rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TypeAlias

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access.reference import LOCAL
from data_access.regions import COUNTY, PREFECTURE
from data_access.snapshot import Snapshot
from metrics.core.evaluate import evaluate
from metrics.core.model import Score
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests.metrics import plain_sql

# Up to yesterday: a city whose events are old is not one in order.
UNTIL = datetime.now(tz=LOCAL).date() - timedelta(days=1)
SINCE = UNTIL - timedelta(days=60)
ROOT = "430200000000"

#: metric, first day of the month, county → above and below the line; what is 0 above and below is left out.
Figures: TypeAlias = Mapping[tuple[str, date, str], tuple[int, int]]


def truth(owner: URL) -> Figures:
    """By plain SQL, as the database is now."""
    engine = create_engine(owner, poolclass=NullPool)
    found: dict[tuple[str, date, str], tuple[int, int]] = {}
    with engine.connect() as connection:
        areas = plain_sql.areas(connection, ROOT, COUNTY)
        months = plain_sql.buckets(SINCE, UNTIL, "month")
        for key in _keys():
            for (label, area, _), (above, below) in plain_sql.figures(connection, key, areas, months).items():
                found[key, label, area] = (above, below or 0)
    return {cell: figures for cell, figures in found.items() if figures[0]}


def shown(snapshot: Snapshot) -> Figures:
    """As the product shows them."""
    query = Query(_keys(), ROOT, COUNTY, Period.inclusive(SINCE, UNTIL), Grain.month)
    rows = evaluate(query, snapshot, metrics()).iter_rows(named=True)
    found = {
        (row["metric"], row["period"], row["region_code"]): (row["numerator"] or 0, row["denominator"] or 0)
        for row in rows
    }
    return {cell: figures for cell, figures in found.items() if figures[0]}


def wrong(snapshot: Snapshot, *truths: Figures) -> int:
    """Cells that differ from the one of ``truths`` that fits best: the database as it was before or after a change."""
    told = shown(snapshot)
    return min(sum(told.get(cell) != one.get(cell) for cell in {*told, *one}) for one in truths)


def _keys() -> tuple[str, ...]:
    return tuple(
        key
        for key, metric in metrics().items()
        if not isinstance(metric.kind, Score) and metric.measured_at(COUNTY, PREFECTURE)
    )
