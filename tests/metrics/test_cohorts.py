"""Cohorts: the open rows told apart by their limit, against plain SQL; the steps of one cohort nested and complete."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from data_access import replica
from data_access.demo.embedded import Server
from data_access.live import live_store
from data_access.snapshot import Archive, Snapshot, sync
from metrics.cohorts import METRICS, Open, still_open
from metrics.core.evaluate import evaluate
from metrics.core.period import Period
from metrics.core.query import EVERYTHING, Forbidden, Query, Scope
from metrics.registry import metrics
from tests import databases
from tests.metrics import examples, hostile
from tests.metrics.conftest import CityOf

MARCH = Period.inclusive(date(2026, 3, 1), date(2026, 3, 31))
YEAR = Period.inclusive(date(2023, 6, 1), date(2024, 12, 31))
_OPEN = {
    "cohort_unaccepted": (
        "rpt.petition",
        "(registered_at at time zone 'Asia/Shanghai')::date",
        "accept_due_on",
        "accepted_on",
        "true",
    ),
    "cohort_unanswered": (
        "rpt.petition",
        "(registered_at at time zone 'Asia/Shanghai')::date",
        "reply_due_on",
        "replied_on",
        "procedure_route = 'petition_procedure'",
    ),
    "cohort_unperformed": (
        "rpt.mediation",
        "(accepted_at at time zone 'Asia/Shanghai')::date",
        "performance_due_on",
        "performed_on",
        "outcome = 'succeeded' and performance_due_on is not null",
    ),
}


def _asked(key: str, root: str, period: Period) -> Query:
    return Query((key,), root, 3, period)


@pytest.fixture(scope="module")
def strange(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Snapshot]]:
    """The hostile city with its infinite and far dates: its engine and a snapshot of it."""
    url = databases.fresh_database(primary)
    owner = create_engine(url, poolclass=NullPool)
    hostile.fill(owner, rows=600)
    hostile.add_endless(owner)
    engine = replica.connect(databases.reader(url))
    archive = Archive(tmp_path_factory.mktemp("cohorts"))
    sync(engine, archive)
    yield engine, Snapshot(archive, archive.manifest())
    engine.dispose()


@pytest.mark.parametrize("as_of", [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2026, 1, 1)], ids=str)
@pytest.mark.parametrize("key", _OPEN)
def test_the_limits_of_open_rows_agree_with_plain_sql(strange: tuple[Engine, Snapshot], key: str, as_of: date) -> None:
    engine, snapshot = strange
    expected = _by_hand(engine, key, as_of)
    assert expected.not_due + expected.overdue > 20
    asked = _asked(key, hostile.ROOT, YEAR)
    assert still_open(metrics()[key], asked, as_of, snapshot) == expected
    with live_store(engine) as store:
        assert still_open(metrics()[key], asked, as_of, store) == expected


def _by_hand(engine: Engine, key: str, as_of: date) -> Open:
    table, entered, due, done, where = _OPEN[key]
    question = f"""
        with recursive inside as (
            select region_code from rpt.region where region_code = :root
            union all
            select r.region_code from rpt.region r join inside i on r.parent_code = i.region_code)
        select count(*) filter (where {due} >= :as_of), count(*) filter (where {due} < :as_of),
               count(*) filter (where {due} is null)
        from {table} join inside using (region_code)
        where {entered} between :first and :last and {where}
          and ({done} between '0001-01-01' and '9999-12-31') is not true"""
    words = {"root": hostile.ROOT, "as_of": as_of, "first": YEAR.start, "last": YEAR.last}
    with engine.connect() as connection:
        return Open(*connection.execute(text(question), words).one())


def test_a_limit_of_today_is_not_overdue_yet(city_of: CityOf) -> None:
    snapshot = city_of(METRICS[0].example.tables).snapshot  # type: ignore[union-attr]
    asked = _asked("cohort_unanswered", examples.ROOT, MARCH)
    unanswered = metrics()["cohort_unanswered"]
    # Open are the limits 2026-05-03 and 2026-05-04.
    assert still_open(unanswered, asked, date(2026, 5, 3), snapshot) == Open(2, 0, 0)
    assert still_open(unanswered, asked, date(2026, 5, 4), snapshot) == Open(1, 1, 0)
    assert still_open(unanswered, asked, date(2026, 5, 5), snapshot) == Open(0, 2, 0)


def test_open_rows_without_a_limit_are_counted_apart(city_of: CityOf) -> None:
    snapshot = city_of(METRICS[0].example.tables).snapshot  # type: ignore[union-attr]
    asked = _asked("cohort_unaccepted", examples.ROOT, MARCH)
    # One of 2026-03-19, and one whose procedure sets no limit.
    assert still_open(metrics()["cohort_unaccepted"], asked, date(2026, 4, 1), snapshot) == Open(0, 1, 1)


def test_only_what_counts_open_rows_can_be_told_apart(city_of: CityOf) -> None:
    snapshot = city_of(METRICS[0].example.tables).snapshot  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="cohort_accepted"):
        still_open(
            metrics()["cohort_accepted"], _asked("cohort_accepted", examples.ROOT, MARCH), date(2026, 4, 1), snapshot
        )


def test_a_place_outside_the_scope_is_refused(city_of: CityOf) -> None:
    snapshot = city_of(METRICS[0].example.tables).snapshot  # type: ignore[union-attr]
    asked = _asked("cohort_unanswered", examples.ROOT, MARCH)
    with pytest.raises(Forbidden):
        still_open(
            metrics()["cohort_unanswered"], asked, date(2026, 5, 3), snapshot, Scope(frozenset({examples.TOWNSHIP}))
        )
    assert still_open(metrics()["cohort_unanswered"], asked, date(2026, 5, 3), snapshot, EVERYTHING).not_due == 2


#: What the steps of one cohort add up to, in any data.
_SUMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("petition_volume", ("cohort_accepted", "cohort_unaccepted")),
    ("cohort_to_reply", ("cohort_replied", "cohort_unanswered")),
    ("cohort_performance_due", ("cohort_performed", "cohort_unperformed")),
)
_INSIDE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cohort_accepted", ("cohort_accepted_on_time", "cohort_accepted_late")),
    ("cohort_replied", ("cohort_replied_on_time", "cohort_replied_late")),
    ("cohort_evaluable", ("cohort_evaluated",)),
    ("cohort_evaluated", ("cohort_satisfied",)),
    ("mediation_accepted", ("cohort_concluded",)),
    ("cohort_concluded", ("cohort_succeeded",)),
    ("cohort_succeeded", ("cohort_performance_due",)),
    ("cohort_succeeded", ("cohort_confirmed",)),
    ("cohort_performed", ("cohort_performed_on_time",)),
)


def test_the_steps_of_a_cohort_add_up_and_lie_inside_one_another(strange: tuple[Engine, Snapshot]) -> None:
    _, snapshot = strange
    keys = tuple(dict.fromkeys(key for whole, parts in (*_SUMS, *_INSIDE) for key in (whole, *parts)))
    rows = evaluate(Query(keys, hostile.ROOT, 3, YEAR), snapshot, metrics())
    counted = dict(rows.select("metric", "numerator").iter_rows())
    for whole, parts in _SUMS:
        assert counted[whole] == sum(counted[part] for part in parts), whole
    for whole, parts in _INSIDE:
        assert counted[whole] >= sum(counted[part] for part in parts) > 0, whole
