"""What the background finds out beside each snapshot, on a real database: the check, the versions, what was restated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy.engine import URL

from dashboard import current
from dashboard.refresher import Refresher
from data_access import replica, retention
from data_access.reference import LOCAL
from data_access.server_memory import Memory, keep_memory
from data_access.snapshot import Archive, sync
from data_access.source import Source
from metrics.core.calendar import calendar
from tests import databases, small_city
from tests.small_city import LILING, TOWN


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "_current", current._Current())


@pytest.fixture
def city(database: URL) -> URL:
    return small_city.fill(database)


@pytest.fixture
def source(city: URL, tmp_path: Path) -> Iterator[Source]:
    engine = replica.connect(databases.reader(city))
    yield Source(engine, Archive(tmp_path), None)
    engine.dispose()


def test_after_the_first_snapshot_the_check_and_the_version_are_known(source: Source) -> None:
    background = Refresher(source)
    assert current.findings().every == timedelta(hours=1)
    assert background._step()
    known = current.findings()
    assert known.examined is not None
    assert known.examined.report.ok
    assert known.examined.report.rows["petition"] == 8
    assert any("到不了根" in finding.text for finding in known.examined.report.findings)
    assert 0 < known.examined.seconds < 60
    assert [(version.number, version.changed, version.readable) for version in known.versions] == [(1, None, True)]
    assert known.restated == current.Restated(1)
    assert current.status() == current.Status()


def test_a_second_snapshot_tells_what_it_restates_and_is_checked_again(source: Source, city: URL) -> None:
    background = Refresher(source)
    assert background._step()
    first = current.findings().examined
    databases.execute(
        city,
        "update rpt.petition set registered_at = '2026-01-15 09:00+08' where petition_id = 3;"
        "delete from rpt.dispute_inflow;"
        "update rpt.petition set region_code = '430999101000' where petition_id = 8",
    )
    sync(source.engine, source.archive)
    assert background._step()
    known = current.findings()
    assert known.examined is not None
    assert first is not None
    assert known.examined.at > first.at
    assert [version.number for version in known.versions] == [2, 1]
    assert known.versions[0].changed is not None
    assert known.versions[0].changed > 0
    told = known.restated
    assert told is not None
    assert told.frame is not None
    assert (told.before, told.after, told.fault) == (1, 2, None)
    rows = {(row["fact"], row["region_code"], row["month"]): row for row in told.frame.iter_rows(named=True)}
    moved = rows["petition_registered", LILING, date(2026, 1, 1)]
    assert (moved["before"], moved["after"], moved["added"], moved["removed"]) == (2, 2, 1, 1)
    gone = rows["petition_registered", LILING, date(2026, 3, 1)]
    assert (gone["before"], gone["after"]) == (2, 1)
    lost = rows["petition_registered", None, date(2026, 3, 1)]
    assert (lost["before"], lost["after"]) == (1, 2)
    assert rows["dispute_inflow", LILING, date(2026, 1, 1)]["removed"] == 3
    assert len(rows) == 4


def test_nothing_is_looked_at_twice(source: Source) -> None:
    background = Refresher(source)
    assert background._step()
    seen = current.findings()
    assert background._step()
    assert current.findings() is seen


def test_a_database_that_is_gone_at_the_check_is_a_finding_and_the_snapshot_stays(source: Source, city: URL) -> None:
    sync(source.engine, source.archive)
    source.engine.dispose()
    databases.execute(city.set(username=None, database="postgres"), f"drop database {city.database} with (force)")
    assert Refresher(source)._step()
    assert current.snapshot() is not None
    assert current.status().fault is None
    examined = current.findings().examined
    assert examined is not None
    assert not examined.report.ok
    assert examined.report.rows == {}


def test_a_snapshot_before_that_is_damaged_is_said_and_left_out(source: Source, city: URL) -> None:
    background = Refresher(source)
    assert background._step()
    databases.execute(city, f"update rpt.petition set persons = 3 where region_code = '{TOWN}'")
    [manifest] = (source.archive.folder / "manifests").glob("*.json")
    manifest.write_text("{", encoding="utf-8")
    sync(source.engine, source.archive)
    assert background._step()
    known = current.findings()
    assert known.restated is not None
    assert known.restated.fault is not None
    assert "清单读不出来" in known.restated.fault
    assert [version.number for version in known.versions] == [2]
    assert known.versions[0].changed is None


def test_rows_of_the_restated_frame_are_small(source: Source, city: URL) -> None:
    background = Refresher(source)
    background._step()
    databases.execute(city, "update rpt.feed_receipt set records = 11")
    sync(source.engine, source.archive)
    background._step()
    told = current.findings().restated
    assert told is not None
    assert told.frame is not None
    assert told.frame.select(pl.col("fact"), pl.col("before"), pl.col("after")).rows() == [("feed_receipt", 10, 11)]


def test_what_is_in_use_when_the_meeting_sits_is_kept_and_held_against(source: Source, city: URL) -> None:
    made, archive = sync(source.engine, source.archive), source.archive
    meeting = calendar().last_meeting(datetime.now(tz=LOCAL))
    assert meeting is not None
    archive.publish(replace(made, taken_at=(meeting - timedelta(minutes=5)).isoformat()))
    databases.execute(city, "delete from rpt.petition where petition_id = 3")
    sync(source.engine, archive)
    background = Refresher(source)
    assert background._step()
    assert [(pin.number, pin.reason, pin.at) for pin in retention.pins(archive).values()] == [
        (1, f"{meeting:%m-%d} 例会", meeting)
    ]
    told = current.findings().since_meeting
    assert told is not None
    assert (told.before, told.after, told.meeting) == (1, 2, meeting)
    assert told.frame is not None
    assert told.frame.filter(fact="petition_registered").select("removed").item() == 1
    with archive.writing():
        retention.unpin(archive, 1)
    assert background._step()
    assert retention.pins(archive) == {}, "marked once, not against the operator's will"


def test_a_change_of_the_server_is_looked_at_without_waiting(source: Source, city: URL) -> None:
    background = Refresher(source)
    assert background._step()
    databases.execute(city, "update rpt.petition set persons = 9, updated_at = 'epoch' where petition_id = 3")
    looked = source.archive.looked()
    assert looked is not None
    assert not background._is_due()
    keep_memory(source.archive.folder, Memory(change="replaced", changed_at=datetime.now(tz=LOCAL)))
    source.archive.note(replace(looked, clock=looked.clock - 100))
    assert background._is_due()
    assert background._step()
    assert current.findings().versions[0].number == 2
    assert not background._is_due()
