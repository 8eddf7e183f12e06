"""The live store: the same sums asked of the database itself, with the same definitions, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import CTE, Connection, Date, DateTime, Engine, Select, Text, cast, func, literal, select
from sqlalchemy.sql.elements import ColumnElement

from data_access import contract, registers, replica
from data_access.reference import Moment, read_moment, read_reference
from data_access.regions import RegionTree
from data_access.store import FactRequest, Provenance


@contextmanager
def live_store(engine: Engine) -> Iterator[LiveStore]:
    """A store whose every answer comes from one REPEATABLE READ transaction of the database."""
    described = replica.state(engine).sentence
    with replica.repeatable_read(engine) as connection:
        yield LiveStore(connection, described)


class LiveStore:
    """Answers FactRequests by GROUP BY in the database. Valid inside its ``live_store`` block only."""

    def __init__(self, connection: Connection, described: str) -> None:
        self._connection = connection
        self._described = described
        self._reference = read_reference(connection)

    @cached_property
    def regions(self) -> RegionTree:
        """The region tree of this moment."""
        return RegionTree(self._reference["region"])

    @property
    def categories(self) -> pl.DataFrame:
        """category, name, domain."""
        return self._reference["category"]

    @property
    def organs(self) -> pl.DataFrame:
        """The organs, as in rpt.organ."""
        return self._reference["organ"]

    @cached_property
    def provenance(self) -> Provenance:
        """No number: live figures belong to no snapshot."""
        moment: Moment = read_moment(self._connection)
        return Provenance(None, moment.taken_at, moment.business_date, None, moment.synthetic, self._described)

    def sums(self, request: FactRequest) -> pl.DataFrame:
        """See ``Store.sums``."""
        schema = {
            "period": pl.Date(),
            "region_code": pl.String(),
            **{name: pl.String() for name in request.dimensions},
            **{name: pl.Int64() for name in request.measures},
        }
        if not request.regions:
            return pl.DataFrame(schema=schema)
        return replica.copy_frame(self._connection, live_select(request), schema)

    def register(self, name: str) -> pl.DataFrame:
        """See ``Store.register``."""
        register = registers.by_name(name)
        rows = replica.copy_frame(self._connection, register.snapshot_select(), register.schema)
        return registers.presented(rows, (region.code for region in self.regions))


def live_select(request: FactRequest) -> Select[Any]:
    """The GROUP BY of a request: period, region_code, dimensions, measures."""
    rows = request.fact.rows()
    members = _members(request.regions)
    inside = rows.c.day <= request.last
    if not request.opening:
        inside = inside & (rows.c.day >= request.first)
    placed = (
        select(
            _bucket(rows.c.day, request).label("period"),
            members.c.ancestor.label("region_code"),
            *(rows.c[name] for name in (*request.dimensions, *request.measures)),
        )
        .join(members, members.c.region_code == rows.c.region_code)
        .where(inside)
        .subquery("placed")
    )
    keys = [placed.c[name] for name in ("period", "region_code", *request.dimensions)]
    return select(*keys, *request.fact.sums(placed, request.measures)).group_by(*keys)


def _members(regions: tuple[str, ...]) -> CTE:
    """region_code, ancestor: the subtree of each wanted region. The wanted ones hang on the root, so no cycle is met."""
    region = contract.region.c
    code, parent = cast(region.region_code, Text), cast(region.parent_code, Text)
    top = select(code.label("region_code"), code.label("ancestor")).where(code.in_(regions))
    members = top.cte("members", recursive=True)
    below = select(code, members.c.ancestor).join(members, parent == members.c.region_code)
    return members.union_all(below)


def _bucket(day: ColumnElement[Any], request: FactRequest) -> ColumnElement[Any]:
    first = literal(request.first, Date)
    if request.grain == "total":
        return cast(first, Date)
    inside = func.greatest(day, first)
    if request.grain == "day":
        return inside
    return cast(func.date_trunc(request.grain, cast(inside, DateTime)), Date)
