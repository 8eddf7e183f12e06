"""Only what changed is fetched, and after a reconciliation the snapshot is that of a full rebuild, whatever the history."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL

from data_access import entry_months, facts, registers, replica, syncing
from data_access.archive import Archive, Manifest
from data_access.demo.embedded import Server
from data_access.snapshot import Snapshot
from data_access.snapshot_policy import SnapshotPolicy, Syncing
from data_access.steady import ContractError
from data_access.store import FactRequest
from data_access.syncing import Outcome
from tests import databases, small_city
from tests.data_access import histories
from tests.data_access.histories import Step

EXACT = SnapshotPolicy(sync=Syncing.model_validate({"overlap_minutes": 0}))
LATER = "updated_at = timestamptz '2026-04-02 08:00+08'"


@pytest.fixture
def city(database: URL) -> URL:
    histories.begin(database)
    return database


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "one")


@pytest.fixture
def engine(city: URL) -> Iterator[Engine]:
    engine = replica.connect(databases.reader(city))
    yield engine
    engine.dispose()


def look(engine: Engine, archive: Archive, *, reconcile: bool = False, policy: SnapshotPolicy = EXACT) -> Outcome:
    with archive.writing():
        return syncing.advance(engine, archive, reconcile=reconcile, policy=policy)


def content(manifest: Manifest) -> Manifest:
    """All that must not depend on the way there."""
    return replace(manifest, number=0, taken_at="", replica="", watermarks={}, origin={})


def rebuilt(engine: Engine) -> Manifest:
    with tempfile.TemporaryDirectory() as folder:
        return content(syncing.sync(engine, Archive(Path(folder))))


# --- whatever the history ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loose(primary: Server) -> Iterator[tuple[URL, Engine]]:
    """A database whose columns may be empty, and the reader's engine on it."""
    owner = databases.fresh_database(primary)
    histories.loosen(owner)
    engine = replica.connect(databases.reader(owner))
    yield owner, engine
    engine.dispose()


def _walk(loose: tuple[URL, Engine], history: list[tuple[Step, bool]], *, reconcile: bool) -> tuple[Manifest, Manifest]:
    """The snapshot after the history, looked at where it says so and at its end; and that of a rebuild."""
    owner, engine = loose
    histories.begin(owner)
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder))
        look(engine, archive)
        for clock, (step, then_look) in enumerate(history):
            histories.take(owner, step, clock)
            if then_look:
                look(engine, archive)
        made = look(engine, archive, reconcile=reconcile).manifest
        Snapshot(archive, archive.manifest()).preload()
        assert content(made).files == content(archive.manifest()).files
        return content(replace(made, digests=_looked(archive))), rebuilt(engine)


def _looked(archive: Archive) -> dict[str, dict[str, str]]:
    looked = archive.looked()
    assert looked is not None
    return looked.digests


def _history(proper: bool) -> st.SearchStrategy[list[tuple[Step, bool]]]:
    return st.lists(st.tuples(histories.steps(proper), st.booleans()), min_size=1, max_size=10)


def _examples(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),  # a history is short enough to be read as it is
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@_examples(5)
@given(_history(proper=False))
def test_a_reconciliation_finds_everything(loose: tuple[URL, Engine], history: list[tuple[Step, bool]]) -> None:
    made, expected = _walk(loose, history, reconcile=True)
    assert made == expected


@_examples(5)
@given(_history(proper=True))
def test_a_look_finds_everything_where_changes_are_marked(
    loose: tuple[URL, Engine], history: list[tuple[Step, bool]]
) -> None:
    """Deletions and moved entry dates included: they change the number of rows, or what came instead is marked."""
    made, expected = _walk(loose, history, reconcile=False)
    assert made == expected


@pytest.mark.full
@pytest.mark.parametrize("proper", [False, True])
def test_long_walks(loose: tuple[URL, Engine], proper: bool) -> None:
    @_examples(250)
    @given(_history(proper))
    def walk(history: list[tuple[Step, bool]]) -> None:
        made, expected = _walk(loose, history, reconcile=not proper)
        assert made == expected

    walk()


# --- what is fetched ---------------------------------------------------------------------------------------------------


def test_without_a_change_nothing_is_fetched_and_nothing_published(engine: Engine, archive: Archive) -> None:
    first = look(engine, archive)
    assert (first.published, first.rebuilt) == (True, "还没有快照")
    noted = archive.looked()
    again = look(engine, archive)
    assert (again.published, again.months, again.rows, again.rebuilt) == (False, 0, 0, None)
    assert archive.numbers() == [1]
    looked = archive.looked()
    assert noted is not None
    assert looked is not None
    assert (looked.number, looked.digests) == (1, noted.digests)
    assert datetime.fromisoformat(looked.at) > datetime.fromisoformat(noted.at)
    assert not look(engine, archive, reconcile=True).published


def test_a_changed_row_fetches_its_month_in_all_facts_of_its_table(city: URL, engine: Engine, archive: Archive) -> None:
    before = look(engine, archive).manifest
    databases.execute(city, f"update rpt.petition set replied_on = '2026-03-01', {LATER} where petition_id = 2")
    lines: list[str] = []
    with archive.writing():
        outcome = syncing.advance(engine, archive, lines.append, policy=EXACT)
    assert outcome.published
    assert outcome.months == 1
    assert len(lines) == sum(fact.table.name == "petition" for fact in facts.FACTS)
    assert lines[0] == "1/11 petition_registered：2 行", "of January"
    for name, months in outcome.manifest.facts.items():
        assert set(months) - {"2026-01-01"} == set(before.facts[name]) - {"2026-01-01"}
        assert all(months[month] == before.facts[name].get(month) for month in months if month != "2026-01-01")
    assert content(outcome.manifest) == rebuilt(engine)


def test_a_change_that_no_figure_shows_is_no_new_snapshot(city: URL, engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    databases.execute(city, f"update rpt.mediation set households = 3, {LATER}")
    outcome = look(engine, archive)
    assert (outcome.published, outcome.months) == (False, 1)
    assert look(engine, archive).months == 0, "it is known now"


def test_a_late_commit_with_an_old_time_stamp_is_found_within_the_overlap(
    city: URL, engine: Engine, archive: Archive
) -> None:
    policy = SnapshotPolicy(sync=Syncing.model_validate({"overlap_minutes": 10, "count_rows": False}))
    look(engine, archive, policy=policy)
    late = "update rpt.petition set persons = 9, updated_at = timestamptz '{at}' where petition_id = 4"
    databases.execute(city, late.format(at="2026-03-31 23:51+08"))
    assert look(engine, archive, policy=policy).published
    databases.execute(city, late.replace("9", "8").format(at="2026-03-31 23:49+08"))
    assert not look(engine, archive, policy=policy).published
    outcome = look(engine, archive, policy=policy, reconcile=True)
    assert (outcome.published, outcome.reconciled, outcome.months) == (True, True, 1)
    assert content(outcome.manifest) == rebuilt(engine)


def test_a_deleted_row_and_a_moved_date_are_seen_at_once(city: URL, engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    databases.execute(
        city,
        "delete from rpt.dispute_inflow;"
        f"update rpt.petition set registered_at = '2026-02-02 08:00+08', {LATER} where petition_id = 3",
    )
    outcome = look(engine, archive)
    assert content(outcome.manifest) == rebuilt(engine)
    assert outcome.manifest.facts["dispute_inflow"] == {}


def test_feeds_move_with_the_root(city: URL, engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    databases.execute(
        city,
        "update rpt.region set region_code = '430200000001' where parent_code is null;"
        "update rpt.region set parent_code = '430200000001' where parent_code = '430200000000'",
    )
    assert content(look(engine, archive).manifest) == rebuilt(engine)


def test_other_definitions_are_a_full_rebuild_and_it_says_so(engine: Engine, archive: Archive) -> None:
    made = look(engine, archive).manifest
    archive.publish(replace(made, number=2, definitions="another"))
    newest = look(engine, archive)
    assert (newest.manifest.number, newest.published, newest.reconciled) == (3, True, True), "built upon the first"
    for number in (1, 2, 3):
        archive.publish(replace(made, number=number, definitions="another"))
    whole = look(engine, archive)
    assert (whole.manifest.number, whole.rebuilt) == (4, "口径已变（阈值配置或版本）")
    assert content(whole.manifest) == content(made)


def test_a_new_business_date_is_a_change(engine: Engine, archive: Archive) -> None:
    made = look(engine, archive).manifest
    yesterday = date.fromordinal(date.fromisoformat(made.business_date).toordinal() - 1)
    archive.publish(replace(made, business_date=yesterday.isoformat()))
    outcome = look(engine, archive)
    assert (outcome.published, outcome.rows, outcome.manifest.number) == (True, 0, 2)
    assert outcome.manifest.business_date == made.business_date


def test_killed_between_snapshot_and_note_the_manifest_speaks(city: URL, engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    stale = archive.looked()
    databases.execute(city, f"update rpt.petition set persons = 3, {LATER} where petition_id = 1")
    look(engine, archive)
    assert stale is not None
    archive.note(stale)  # as if the second look had been killed before its own note
    outcome = look(engine, archive)
    assert (outcome.published, outcome.months, outcome.manifest.number) == (False, 0, 2)


def test_once_a_day_all_months_are_compared(engine: Engine, archive: Archive) -> None:
    assert syncing.reconcile_due(archive, 3, datetime.now(tz=UTC)), "nothing is known"
    look(engine, archive)
    looked = archive.looked()
    assert looked is not None
    archive.note(replace(looked, reconciled_at=datetime(2026, 3, 5, 2, 59, tzinfo=UTC).timestamp()))
    assert not syncing.reconcile_due(archive, 3, datetime(2026, 3, 5, 2, 59, 30, tzinfo=UTC))
    assert syncing.reconcile_due(archive, 3, datetime(2026, 3, 5, 3, 0, tzinfo=UTC))
    archive.note(replace(looked, reconciled_at=datetime(2026, 3, 5, 3, 1, tzinfo=UTC).timestamp()))
    assert not syncing.reconcile_due(archive, 3, datetime(2026, 3, 6, 2, 59, tzinfo=UTC))


# --- the database's own ways -------------------------------------------------------------------------------------------


def test_entry_months_are_those_of_the_facts(city: URL, engine: Engine) -> None:
    """What a month's condition lets through is what its files hold: for every table, border and edge of the calendar."""
    months = [entry_months.named(name) for name in ("2026-01-01", "2026-02-01", "9999-12-01", "0001-01-01", "None")]
    histories.loosen(city)
    histories.run(city, "update rpt.petition set registered_at = 'infinity' where petition_id = 1")
    histories.run(city, "update rpt.petition set registered_at = '-infinity' where petition_id = 2")
    histories.run(city, "update rpt.petition set registered_at = null where petition_id = 3")
    histories.run(city, "update rpt.petition set replied_on = '2026-03-03'")
    with replica.repeatable_read(engine) as connection:
        makings: list[facts.Fact | registers.Register] = [*facts.FACTS, *registers.REGISTERS]
        for made in makings:
            whole = replica.copy_frame(connection, made.snapshot_select(), made.schema)
            part = replica.copy_frame(connection, made.snapshot_select(months), made.schema)
            inside = whole.filter(whole["entry_month"].is_in(months, nulls_equal=True))
            keys = list(made.schema)
            assert part.sort(keys).equals(inside.sort(keys)), made.name


def test_a_month_is_fetched_by_an_index(city: URL) -> None:
    databases.execute(city, "create index by_entry on rpt.petition (registered_at); analyze rpt.petition")
    select = facts.petition_registered.snapshot_select([date(2026, 1, 1)])
    engine = replica.connect(city)
    with engine.connect() as connection:
        connection.execute(text("set enable_seqscan = off"))
        written = str(select.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(connection.exec_driver_sql(f"explain {written.replace('%', '%%')}").scalars())
    engine.dispose()
    assert "by_entry" in plan
    assert "Index Cond" in plan


COLUMNS = [
    ("alter table rpt.petition drop column persons", "rpt.petition 缺列 persons（missing column）"),
    ("alter table rpt.mediation drop column households", "rpt.mediation 缺列 households"),
    ("alter table rpt.petition alter registered_at type timestamp", "列 registered_at 的类型是 timestamp without time"),
    ("alter table rpt.petition alter persons type text", "列 persons 的类型是 text，应为 integer（wrong type）"),
    ("drop table rpt.feed_receipt", "rpt.feed_receipt 没有这张表（missing table）"),
]


@pytest.mark.parametrize(("statement", "sentence"), COLUMNS, ids=[sentence for _, sentence in COLUMNS])
def test_a_column_dropped_or_retyped_is_refused(
    statement: str, sentence: str, city: URL, engine: Engine, archive: Archive
) -> None:
    before = look(engine, archive).manifest
    databases.execute(city, statement)
    with pytest.raises(ContractError) as caught:
        look(engine, archive)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("数据库的表不合数据契约，没有取数：")
    assert "\n" not in str(caught.value)
    assert archive.manifest() == before
    Snapshot(archive, archive.manifest()).preload()


def test_a_table_rewritten_in_the_middle_waits_and_is_not_read_as_empty(
    city: URL, engine: Engine, archive: Archive
) -> None:
    """PostgreSQL shows a rewritten table as empty to a transaction that began before: the lock keeps that away."""
    databases.execute(city, f"update rpt.petition set persons = 2, {LATER}")
    seen: list[str] = []

    def rewrite(line: str) -> None:
        if not seen:
            impatient = city.update_query_dict({"options": "-c lock_timeout=200ms"})
            with pytest.raises(Exception, match="lock timeout"):
                databases.execute(impatient, "truncate rpt.feed_receipt")
        seen.append(line)

    with archive.writing():
        outcome = syncing.advance(engine, archive, rewrite, policy=EXACT)
    assert len(seen) > 1
    assert outcome.manifest.facts["feed_receipt"] != {}


def test_nulls_and_unknown_codes_are_counted(city: URL, engine: Engine, archive: Archive) -> None:
    look(engine, archive)
    histories.loosen(city)
    databases.execute(
        city,
        f"update rpt.petition set channel = 'fax', {LATER} where petition_id = 1;"
        f"update rpt.petition set channel = null, {LATER} where petition_id = 2;"
        f"update rpt.petition set region_code = null, {LATER} where petition_id = 3;"
        f"update rpt.petition set registered_at = null, {LATER} where petition_id = 4",
    )
    outcome = look(engine, archive)
    snapshot = Snapshot(archive, outcome.manifest)
    snapshot.preload()
    assert snapshot.unplaced["petition_registered"] == 2, "one without a place, one whose place is in no tree"
    assert outcome.manifest.undated == {"petition": 1}
    request = by_channel()
    found = dict(snapshot.sums(request).select("channel", "items").rows())
    assert (found["fax"], found[None]) == (1, 1)
    assert content(outcome.manifest) == rebuilt(engine)


def by_channel() -> FactRequest:
    return FactRequest(
        facts.petition_registered,
        ("items",),
        ("channel",),
        3,
        (small_city.ROOT,),
        date(2025, 1, 1),
        date(2026, 12, 31),
        "total",
    )
