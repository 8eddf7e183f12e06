"""A snapshot is whole or not there at all, the same rows give the same files, and what is damaged is said so."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import facts, replica
from data_access.demo.embedded import Server
from data_access.live import live_store
from data_access.region_tree import RegionTreeError
from data_access.snapshot import Archive, Manifest, Snapshot, SnapshotError, sync
from data_access.source import DATABASE_ERRORS
from data_access.store import FactRequest
from tests import databases, small_city
from tests.small_city import HETANG, LILING, NOWHERE, ROOT, TOWN

_WORKER = """
import sys
from pathlib import Path
from data_access import replica, settings
from data_access.snapshot import Archive, sync
engine = replica.connect(settings.postgresql_url(sys.argv[1], "address"))
print("ready", flush=True)
sys.stdin.readline()
sync(engine, Archive(Path(sys.argv[2])), lambda line: print(line, flush=True))
"""


@pytest.fixture
def city(database: URL) -> URL:
    """The small city; the owner's address."""
    return small_city.fill(database)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "snapshots" / "one")


def taken(owner: URL, archive: Archive, user: str = databases.READER) -> Manifest:
    """One sync as the reader."""
    engine = replica.connect(owner.set(username=user))
    try:
        return sync(engine, archive)
    finally:
        engine.dispose()


def newest(archive: Archive) -> Snapshot:
    return Snapshot(archive, archive.manifest())


def registered(snapshot: Snapshot, level: int = 2) -> dict[tuple[date, str], int]:
    """Petitions by month and region of the level."""
    regions = tuple(region.code for region in snapshot.regions.at_level(ROOT, level))
    span = (date(2025, 12, 1), date(2026, 3, 31))
    frame = snapshot.sums(FactRequest(facts.petition_registered, ("items",), (), level, regions, *span, "month"))
    return {(row["period"], row["region_code"]): row["items"] for row in frame.iter_rows(named=True)}


EXPECTED = {
    (date(2025, 12, 1), LILING): 1,
    (date(2026, 1, 1), LILING): 2,
    (date(2026, 2, 1), HETANG): 1,
    (date(2026, 3, 1), HETANG): 1,
    (date(2026, 3, 1), LILING): 2,
}


def content(archive: Archive) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in archive.folder.glob("files/*")}


# --- what a snapshot holds ---------------------------------------------------------------------------------------------


def test_days_are_local_and_regions_roll_up(city: URL, archive: Archive) -> None:
    made = taken(city, archive)
    assert made.number == 1
    assert made.newest_event == "2026-03-31"
    assert made.synthetic is None
    assert registered(newest(archive)) == EXPECTED


def test_what_hangs_on_no_root_counts_nowhere(city: URL, archive: Archive) -> None:
    taken(city, archive)
    snapshot = newest(archive)
    assert NOWHERE not in snapshot.regions
    assert snapshot.regions.dangling == {NOWHERE}
    assert sum(registered(snapshot, 3).values()) == 7, "of eight petitions"
    assert sum(registered(snapshot, 1).values()) == 6, "one of them is coded at the county"


def test_the_same_rows_give_the_same_files(city: URL, archive: Archive) -> None:
    first = taken(city, archive)
    before = content(archive)
    # Rewritten in another order, as a dump and restore would leave them.
    databases.execute(
        city,
        "create table rpt.kept as select * from rpt.petition; delete from rpt.petition;"
        "insert into rpt.petition select * from rpt.kept order by petition_id desc; drop table rpt.kept",
    )
    second = taken(city, archive)
    assert (second.number, second.facts, second.reference) == (2, first.facts, first.reference)
    assert content(archive) == before


def test_a_changed_row_changes_the_files_of_its_entry_month_only(city: URL, archive: Archive) -> None:
    first = taken(city, archive)
    databases.execute(city, "update rpt.petition set replied_on = '2026-03-01' where petition_id = 2")
    second = taken(city, archive)
    assert second.facts["petition_accept_due"] == first.facts["petition_accept_due"]
    assert list(second.facts["petition_replied"]) == ["2026-01-01"]
    # The cohort of the registered knows what became of it; it too changes in its own month only.
    for fact in ("petition_open", "petition_registered"):
        before, after = first.facts[fact], second.facts[fact]
        assert {month for month in before if before[month] != after[month]} == {"2026-01-01"}, fact


def test_an_empty_database_with_one_region(database: URL, archive: Archive) -> None:
    databases.execute(database, f"insert into rpt.region values ('{ROOT}', '株洲市', 3, null, 'county')")
    made = taken(database, archive)
    assert made.newest_event is None
    snapshot = newest(archive)
    snapshot.preload()
    assert registered(snapshot, 3) == {}
    assert snapshot.history_start(facts.petition_registered) is None


def test_history_starts_with_the_first_month_that_is_really_covered(database: URL, archive: Archive) -> None:
    databases.execute(
        database,
        f"""
        insert into rpt.region values ('{ROOT}', '株洲市', 3, null, 'county');
        insert into rpt.dispute_inflow
        select day, '{ROOT}', 'police_call', 1, now() from generate_series('2025-01-01'::date, '2025-12-31', '1 day') day
        union all select '2019-05-05', '{ROOT}', 'police_call', 1, now();
        """,
    )
    taken(database, archive)
    assert newest(archive).history_start(facts.dispute_inflow) == date(2025, 1, 1)


def test_the_newest_event_is_no_slip_of_the_keyboard(city: URL, archive: Archive) -> None:
    databases.execute(city, "update rpt.petition set registered_at = '2062-01-01' where petition_id = 1")
    made = taken(city, archive)
    assert made.newest_event == "2026-03-31"
    assert date.fromisoformat(made.business_date) == made.provenance.taken_at.date() - timedelta(days=1)
    assert made.provenance.taken_at.utcoffset() == timedelta(hours=8)


# --- whatever the server is set to -------------------------------------------------------------------------------------

STRANGE = [
    "timezone = 'America/New_York'",
    "datestyle = 'German, DMY'",
    "intervalstyle = 'sql_standard'",
    "standard_conforming_strings = off",
    "extra_float_digits = -15",
    "search_path = rpt",
    "client_encoding = 'GBK'",
    "row_security = off",
    "transform_null_equals = on",
    "default_transaction_isolation = 'serializable'",
]


def test_settings_of_role_and_database_do_not_matter(city: URL, archive: Archive) -> None:
    first = taken(city, archive)
    for setting in STRANGE:
        databases.execute(city, f"alter database {city.database} set {setting}")
        databases.execute(city, f"alter role {databases.OWNER} in database {city.database} set {setting}")
    second = taken(city, archive, databases.OWNER)
    assert (second.facts, second.reference) == (first.facts, first.reference)
    assert second.taken_at.endswith("+08:00")


def test_short_codes_lose_their_padding(city: URL, archive: Archive) -> None:
    databases.execute(
        city,
        f"update rpt.region set region_code = '4302' where region_code = '{ROOT}';"
        f"update rpt.region set parent_code = '4302' where parent_code = '{ROOT}'",
    )
    taken(city, archive)
    snapshot = newest(archive)
    assert snapshot.regions.root.code == "4302"
    assert [region.code for region in snapshot.regions.children("4302")] == [HETANG, LILING]


def test_views_of_other_types_do(database: URL, archive: Archive) -> None:
    """The owner of a petition system maps views: text codes, other names below, a role that may only SELECT."""
    small_city.fill(database)
    databases.execute(
        database,
        "alter table rpt.region rename to region_rows;"
        "create view rpt.region as select region_code::text, name::varchar, level::int, coalesce(parent_code, '')::text"
        " as parent_code, peer_group, population::bigint, longitude, latitude from rpt.region_rows;"
        "grant select on rpt.region to reader; revoke select on rpt.region_rows from reader",
    )
    taken(database, archive)
    assert registered(newest(archive)) == EXPECTED


def test_a_standby_is_as_good(primary: Server, standby: Server, city: URL, archive: Archive) -> None:
    databases.await_replay(primary, standby)
    engine = replica.connect(databases.reader_over_tcp(standby, city.database))
    on_standby = sync(engine, archive)
    engine.dispose()
    on_primary = taken(city, archive)
    assert on_standby.replica.startswith("备库")
    assert on_primary.replica == "主库（非备库）"
    assert on_standby.facts == on_primary.facts


def test_live_and_snapshot_agree_on_every_fact(city: URL, archive: Archive) -> None:
    taken(city, archive)
    snapshot, engine = newest(archive), replica.connect(databases.reader(city))
    with live_store(engine) as live:
        for fact in facts.FACTS:
            for opening in (False, True):
                request = FactRequest(
                    fact,
                    fact.measure_names,
                    tuple(fact.dimensions),
                    2,
                    (HETANG, LILING),
                    date(2026, 1, 2),
                    date(2026, 3, 31),
                    "week",
                    opening,
                )
                one, other = snapshot.sums(request), live.sums(request)
                assert_frame_equal(one, other, check_row_order=False)
    engine.dispose()


# --- refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update rpt.region set parent_code = null where level = 2", "several roots"),
        (f"update rpt.region set parent_code = '{TOWN}' where region_code = '{LILING}'", "cycle"),
        ("delete from rpt.region", "no rows"),
        ("update rpt.region set parent_code = '430000000000' where level = 3", "no root"),
    ],
)
def test_a_tree_without_a_clear_root_leaves_the_old_snapshot(
    statement: str, words: str, city: URL, archive: Archive
) -> None:
    taken(city, archive)
    databases.execute(city, statement)
    with pytest.raises(RegionTreeError, match=words):
        taken(city, archive)
    assert archive.numbers() == [1]


def test_without_a_snapshot_the_command_is_named(archive: Archive) -> None:
    with pytest.raises(SnapshotError, match="请先运行：yanpan sync --once"):
        archive.manifest()


def test_a_number_that_is_not_there(city: URL, archive: Archive) -> None:
    taken(city, archive)
    with pytest.raises(SnapshotError, match="没有快照 №7；现有 №1–№1"):
        archive.manifest(7)


def manifest_path(archive: Archive) -> Path:
    return archive.folder / "manifests" / "00000001.json"


def _rewritten(change: Callable[[dict[str, object]], object]) -> Callable[[Archive], None]:
    def spoil(archive: Archive) -> None:
        path = manifest_path(archive)
        words = json.loads(path.read_text(encoding="utf-8"))
        change(words)
        path.write_text(json.dumps(words), encoding="utf-8")

    return spoil


def _every_file(change: Callable[[Path], object]) -> Callable[[Archive], None]:
    def spoil(archive: Archive) -> None:
        for path in archive.folder.glob("files/*.parquet"):
            change(path)

    return spoil


def _flip_a_bit(path: Path) -> None:
    written = bytearray(path.read_bytes())
    written[len(written) // 2] ^= 1
    path.write_bytes(written)


SPOILED: list[tuple[Callable[[Archive], object], str]] = [
    (lambda archive: manifest_path(archive).write_text("{"), "清单读不出来"),
    (lambda archive: manifest_path(archive).write_text("[]"), "清单读不出来"),
    (_rewritten(lambda words: words.pop("facts")), "清单读不出来"),
    (_rewritten(lambda words: words.update(format=99)), "另一版本的格式"),
    (_rewritten(lambda words: words.update(definitions="x")), "另一版口径"),
    (_every_file(Path.unlink), "读不出来"),
    (_every_file(lambda path: path.write_bytes(b"")), "已损坏"),
    (_every_file(lambda path: path.write_bytes(path.read_bytes()[:-9])), "已损坏"),
    (_every_file(_flip_a_bit), "已损坏"),
]


@pytest.mark.parametrize(("spoil", "sentence"), SPOILED, ids=range(len(SPOILED)))
def test_what_is_damaged_is_said_and_the_next_sync_mends_it(
    spoil: Callable[[Archive], object], sentence: str, city: URL, archive: Archive
) -> None:
    taken(city, archive)
    spoil(archive)
    with pytest.raises(SnapshotError, match=f"{sentence}.*请重新运行：yanpan sync --once"):
        newest(archive).preload()
    assert taken(city, archive).number == 2
    newest(archive).preload()
    assert registered(newest(archive)) == EXPECTED


# --- on disk -----------------------------------------------------------------------------------------------------------


def test_folders_are_private(city: URL, archive: Archive) -> None:
    archive.folder.mkdir(parents=True, mode=0o755)
    taken(city, archive)
    for folder in (archive.folder, *(path for path in archive.folder.iterdir() if path.is_dir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_what_is_no_manifest_is_passed_over(city: URL, archive: Archive) -> None:
    taken(city, archive)
    for name in ("1x.json", "00000009.part", "notes.json"):
        (archive.folder / "manifests" / name).write_text("x")
    assert archive.numbers() == [1]
    assert taken(city, archive).number == 2
    assert not (archive.folder / "manifests" / "00000009.part").exists(), "swept away"


@contextmanager
def worker(owner: URL, archive: Archive) -> Iterator[subprocess.Popen[str]]:
    """Another process, ready to sync at the next line it reads."""
    words = [sys.executable, "-c", _WORKER, small_city.address(databases.reader(owner)), str(archive.folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_two_syncs_at_once_give_two_whole_snapshots(city: URL, archive: Archive) -> None:
    with worker(city, archive) as one, worker(city, archive) as other:
        begin(one)
        begin(other)
        assert [process.wait(60) for process in (one, other)] == [0, 0]
    assert archive.numbers() == [1, 2]
    assert archive.manifest(1).facts == archive.manifest(2).facts
    assert registered(newest(archive)) == EXPECTED


def test_a_snapshot_in_use_stays_while_others_are_made(city: URL, archive: Archive) -> None:
    taken(city, archive)
    held = newest(archive)
    databases.execute(city, "delete from rpt.petition")
    threads = [Thread(target=taken, args=(city, archive)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert registered(held) == EXPECTED
    for thread in threads:
        thread.join()
    assert registered(held) == EXPECTED
    assert registered(newest(archive)) == {}


def _kill_after(owner: URL, archive: Archive, lines: int, seconds: float) -> None:
    with worker(owner, archive) as process:
        begin(process)
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait(30)


def _walk_of_kills(owner: URL, archive: Archive, moments: list[tuple[int, float]]) -> None:
    taken(owner, archive)
    before = archive.manifest(1)
    for lines, seconds in moments:
        databases.execute(owner, "update rpt.petition set persons = persons + 1")
        _kill_after(owner, archive, lines, seconds)
        assert archive.manifest(1) == before
        for number in archive.numbers():
            Snapshot(archive, archive.manifest(number)).preload()
    last = taken(owner, archive)
    assert last.number == archive.numbers()[-1]
    assert registered(newest(archive)) == EXPECTED
    assert list(archive.folder.glob("*/*.part")) == []


def test_a_killed_sync_changes_nothing(city: URL, archive: Archive) -> None:
    _walk_of_kills(city, archive, [(1, 0.0), (14, 0.0), (26, 0.002), (27, 0.001)])


@pytest.mark.full
def test_fifty_killed_syncs_change_nothing(city: URL, archive: Archive) -> None:
    moments = [(number % 28, number * 0.0003) for number in range(50)]
    _walk_of_kills(city, archive, moments)


def test_a_database_that_goes_away_changes_nothing(city: URL, archive: Archive) -> None:
    taken(city, archive)
    engine = create_engine(city, poolclass=NullPool)
    seen: list[str] = []

    def cut(line: str) -> None:
        """Once, after the first fact: an administrator ends every session of the reader."""
        if not seen:
            with engine.connect() as connection:
                connection.execute(
                    text(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where usename = 'reader' and datname = current_database()"
                    )
                )
        seen.append(line)

    reading = replica.connect(databases.reader(city))
    try:
        with pytest.raises(DATABASE_ERRORS):
            sync(reading, archive, cut)
    finally:
        reading.dispose()
    assert archive.numbers() == [1]
    assert registered(newest(archive)) == EXPECTED


def test_the_clock_is_the_databases(city: URL, archive: Archive) -> None:
    made = taken(city, archive)
    assert abs(datetime.now().astimezone() - made.provenance.taken_at) < timedelta(minutes=1)
