"""The scores of any scheme as the panels ask for them, of a snapshot of the little city of the worked example."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from dashboard import answers
from data_access import replica
from data_access.demo.embedded import Server
from data_access.snapshot import Archive, Snapshot, sync
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.core.scheme import scheme
from metrics.registry import metrics
from tests import databases
from tests.metrics import examples

MARCH = Period.inclusive(date(2026, 3, 1), date(2026, 3, 31))
FEBRUARY = Period.inclusive(date(2026, 2, 1), date(2026, 2, 28))
QUERY = Query(("assessment_score",), examples.ROOT, 2, MARCH)


@pytest.fixture(scope="module")
def little(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """A snapshot of the worked example of the score in force."""
    example = metrics()["assessment_score"].example
    assert example is not None
    url = databases.fresh_database(primary)
    examples.fill(url, example.tables)
    engine = replica.connect(databases.reader(url))
    archive = Archive(tmp_path_factory.mktemp("archive"))
    sync(engine, archive)
    engine.dispose()
    yield Snapshot(archive, archive.manifest())
    answers.forget()


def test_the_score_metric_is_the_scheme_in_force(little: Snapshot) -> None:
    metric = answers.league(little, QUERY, Grain.month)
    by_scheme = answers.scheme_league(little, scheme("balanced"), QUERY, Grain.month)
    assert metric.equals(by_scheme)
    [row] = metric.rows(named=True)
    assert row["value"] == pytest.approx(22_900 / 408)
    assert row["lower"] <= row["value"] <= row["upper"]
    assert (row["rank_low"], row["rank_high"], row["verdict"]) == (1, 1, None)
    assert row["centre"] == row["value"]
    assert row["metric"] == "assessment_score"


def test_another_scheme_scores_the_same_rows_its_own_way(little: Snapshot) -> None:
    [row] = answers.scheme_league(little, scheme("zhuzhou"), QUERY, Grain.month).rows(named=True)
    assert (row["value"], row["deducted"], row["ceiling"], row["flags"]) == (97.0, 3.0, 100.0, [])
    assert (row["lower"], row["upper"]) == (97.0, 97.0)


def test_the_members_alone_are_held_against_each_other(little: Snapshot) -> None:
    nobody = answers.scheme_league(little, scheme("balanced"), QUERY, Grain.month, members=frozenset())
    assert nobody.is_empty()
    tried = scheme("balanced").with_weights({"调解成功": 0.9})
    weighted = answers.scheme_league(little, tried, QUERY, Grain.month, members=frozenset({examples.COUNTY}))
    assert weighted["value"].item() != pytest.approx(22_900 / 408)


def test_the_steps_add_up_and_what_lies_before_the_data_is_not_split(little: Snapshot) -> None:
    steps = answers.scheme_steps(little, scheme("zhuzhou"), QUERY, FEBRUARY)
    begun = answers.scheme_begins(little, scheme("zhuzhou"))
    assert (steps is None) == (begun is None or begun > FEBRUARY.start)
    years_before = Period.inclusive(date(2020, 1, 1), date(2020, 1, 31))
    assert answers.scheme_steps(little, scheme("balanced"), QUERY, years_before) is None
    off = answers.score_deductions(little, scheme("zhongxiang"), QUERY)
    assert set(off["label"]) == {item.label for item in scheme("zhongxiang").negative}
