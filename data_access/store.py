"""What a metric may ask of the facts, and who answers: a snapshot, or the database itself. One signature, two stores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

import polars as pl

from data_access.facts import Fact
from data_access.regions import RegionTree

_TRUNCATE = {"week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}


@dataclass(frozen=True)
class FactRequest:
    """Sums of one fact by bucket, region of a level, and dimensions.

    ``regions``: codes of the regions of ``level`` that are wanted, each with its whole subtree. ``first`` … ``last``: days,
    both counted. ``grain``: day, week, month, quarter, year or total. ``opening``: what happened before ``first`` is added
    to the first bucket, which is what a stock needs.
    """

    fact: Fact
    measures: tuple[str, ...]
    dimensions: tuple[str, ...]
    level: int
    regions: tuple[str, ...]
    first: date
    last: date
    grain: str
    opening: bool = False


@dataclass(frozen=True)
class Provenance:
    """Where figures come from. number: None when asked live. taken_at: with time zone. business_date: the last full
    local day before ``taken_at``. newest_event: the newest event day up to the day of ``taken_at``, None without rows."""

    number: int | None
    taken_at: datetime
    business_date: date
    newest_event: date | None
    synthetic: str | None
    replica: str


class Store(Protocol):
    """Answers FactRequests. ``categories``: category, name, domain; ``organs``: as rpt.organ without nothing left out."""

    @property
    def provenance(self) -> Provenance: ...

    @property
    def regions(self) -> RegionTree: ...

    @property
    def categories(self) -> pl.DataFrame: ...

    @property
    def organs(self) -> pl.DataFrame: ...

    def sums(self, request: FactRequest) -> pl.DataFrame:
        """period (first day of the calendar bucket; for total ``first``), region_code, dimensions (text), measures (Int64).

        Only stored dimensions; those that a lookup derives are answered by ``load``. Row order is not defined.
        """
        ...

    def register(self, name: str) -> pl.DataFrame:
        """The rows of the register ``deduction`` or ``supervision_order`` (see ``registers``) in all regions of the tree.

        Columns as the register declares them, ordered by all of them. Raises KeyError for another name.
        """
        ...


def load(store: Store, request: FactRequest) -> pl.DataFrame:
    """As ``store.sums``, with derived dimensions (domain of a category) joined in and rolled up again."""
    derived = [name for name in request.dimensions if name in request.fact.lookups]
    if not derived:
        return store.sums(request)
    stored = [name for name in request.dimensions if name not in derived]
    needed = dict.fromkeys([*stored, *(request.fact.lookups[name] for name in derived)])
    frame = store.sums(replace(request, dimensions=tuple(needed)))
    for name in derived:
        key = request.fact.lookups[name]
        frame = frame.join(store.categories.select(key, name), on=key, how="left", maintain_order="left")
    keys = ["period", "region_code", *request.dimensions]
    return frame.group_by(keys).agg(pl.col(request.measures).sum())


def bucket(day: pl.Expr, request: FactRequest) -> pl.Expr:
    """The first day of the bucket that holds ``day``; days before the window fall into its first bucket."""
    inside = pl.max_horizontal(day, pl.lit(request.first))
    if request.grain == "total":
        return pl.lit(request.first)
    return inside if request.grain == "day" else inside.dt.truncate(_TRUNCATE[request.grain])
