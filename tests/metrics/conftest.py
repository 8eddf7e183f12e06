"""Little cities made of worked examples, each asked in both ways: of the database itself and of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from data_access import replica
from data_access.demo.embedded import Server
from data_access.live import live_store
from data_access.snapshot import Archive, Snapshot, sync
from metrics.core.evaluate import evaluate
from metrics.core.query import Query
from metrics.registry import metrics
from tests import databases
from tests.metrics import examples


@dataclass(frozen=True)
class City:
    """One database that the examples' rows stand in, and a snapshot of it."""

    engine: Engine
    snapshot: Snapshot

    def answers(self, query: Query) -> dict[str, pl.DataFrame]:
        """The observations by store: ``snapshot`` and ``live``."""
        with live_store(self.engine) as store:
            live = evaluate(query, store, metrics())
        return {"snapshot": evaluate(query, self.snapshot, metrics()), "live": live}


CityOf = Callable[[Mapping[str, str]], City]


@pytest.fixture(scope="session")
def city_of(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CityOf]:
    """The city of a worked example's tables; made once for examples that share their tables."""
    cities: dict[tuple[tuple[str, str], ...], City] = {}

    def make(tables: Mapping[str, str]) -> City:
        key = tuple(sorted(tables.items()))
        if key not in cities:
            cities[key] = _city(primary, tables, tmp_path_factory.mktemp("archive"))
        return cities[key]

    yield make
    for city in cities.values():
        city.engine.dispose()


def _city(server: Server, tables: Mapping[str, str], folder: Path) -> City:
    url = databases.fresh_database(server)
    examples.fill(url, tables)
    engine = replica.connect(databases.reader(url))
    archive = Archive(folder)
    sync(engine, archive)
    # Many cities stand at once: none may keep connections of a small server.
    engine.dispose()
    return City(engine, Snapshot(archive, archive.manifest()))
