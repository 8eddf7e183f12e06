"""The registers: the same rows from both stores, no identifier, and what a source may write that is no date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from data_access import registers, replica
from data_access.live import live_store
from data_access.snapshot import Archive, Snapshot, sync
from tests import databases, small_city
from tests.small_city import LILING, ROOT

_MORE = f"""
insert into rpt.deduction values
    (5, '-infinity', '{LILING}', '', 'county_group', '=1+1', -0.50, 'revoked', '文〔2026〕1号', now()),
    (6, '2026-02-14', '{LILING}', 'o1', 'county_group', 'late', 'NaN', 'appealed', null, now()),
    (7, '2026-02-01', '430999101000', null, 'county_group', 'late', 5.00, 'final', null, now());
insert into rpt.supervision_order values
    (2, 'dispatch', '{LILING}', null, '2026-02-01', 'infinity', '2026-02-03', now());
"""


@pytest.fixture
def engine(database: URL) -> Iterator[Engine]:
    small_city.fill(database)
    databases.execute(database, _MORE)
    engine = replica.connect(databases.reader(database))
    yield engine
    engine.dispose()


@pytest.fixture
def snapshot(engine: Engine, tmp_path: Path) -> Snapshot:
    archive = Archive(tmp_path / "archive")
    sync(engine, archive)
    return Snapshot(archive, archive.manifest())


def test_the_ledger(snapshot: Snapshot) -> None:
    rows = snapshot.register("deduction").select("month", "region_code", "organ_code", "hundredths", "status").rows()
    assert rows == [
        (None, LILING, "", -50, "revoked"),
        (date(2026, 1, 1), LILING, None, 10, "final"),
        (date(2026, 1, 1), LILING, None, 125, "final"),
        (date(2026, 2, 1), ROOT, "o1", -50, "final"),
        (date(2026, 2, 1), LILING, None, 900, "proposed"),
        (date(2026, 2, 1), LILING, "o1", None, "appealed"),
    ]


def test_the_orders(snapshot: Snapshot) -> None:
    assert snapshot.register("supervision_order").rows() == [
        ("dispatch", LILING, None, date(2026, 2, 1), None, date(2026, 2, 3)),
        ("prompt", LILING, "o1", date(2026, 1, 5), date(2026, 1, 15), None),
    ]


@pytest.mark.parametrize("register", registers.REGISTERS, ids=lambda register: register.name)
def test_both_stores_agree_and_no_row_can_be_named(
    register: registers.Register, engine: Engine, snapshot: Snapshot
) -> None:
    with live_store(engine) as live:
        assert_frame_equal(live.register(register.name), snapshot.register(register.name))
    columns = set(snapshot.register(register.name).columns)
    assert columns == set(register.columns)
    assert not {name for name in columns if name.endswith("_id")}


def test_an_empty_register_has_its_columns(database: URL, tmp_path: Path) -> None:
    small_city.fill(database)
    databases.execute(database, "delete from rpt.deduction; delete from rpt.supervision_order")
    empty = replica.connect(databases.reader(database))
    archive = Archive(tmp_path / "archive")
    sync(empty, archive)
    snapshot = Snapshot(archive, archive.manifest())
    for register in registers.REGISTERS:
        frame = snapshot.register(register.name)
        assert frame.is_empty()
        assert frame.schema == pl.Schema({name: kind for name, (_, kind) in register.columns.items()})
    empty.dispose()


def test_one_file_per_entry_month_and_the_same_files_again(engine: Engine, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    first, second = sync(engine, archive), sync(engine, archive)
    assert first.registers == second.registers
    assert set(first.registers["supervision_order"]) == {"2026-01-01", "2026-02-01"}


def test_an_unknown_register(snapshot: Snapshot) -> None:
    with pytest.raises(KeyError):
        snapshot.register("petition")
