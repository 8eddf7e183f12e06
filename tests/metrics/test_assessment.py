"""All schemes against plain Python from the file and SQL: scores, parts, flags, what-if, waterfall; and what stands beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from data_access import replica, settings
from data_access.demo import city as demo_city
from data_access.demo.embedded import Server
from data_access.live import live_store
from data_access.snapshot import Archive, Snapshot, sync
from metrics.assessment import under
from metrics.core.evaluate import evaluate
from metrics.core.model import Score
from metrics.core.period import Grain, Period
from metrics.core.query import BadQuery, Forbidden, Query, Scope
from metrics.core.scheme import Scheme, scheme, schemes
from metrics.core.scoring import Evaluate, evaluate_scheme, explain_scheme
from metrics.core.waterfall import waterfall
from metrics.departments import departments
from metrics.ledger import ledger_rows
from metrics.registry import metrics
from tests import databases
from tests.metrics import hostile, plain_score, plain_sql
from tests.metrics.plain_score import PlainScore
from tests.metrics.plain_sql import Cell

NAMES = ("balanced", "zhuzhou", "zhongxiang", "peace_index")
GRAINS = (Grain.month, Grain.quarter, Grain.year, Grain.total)
FOLDER = settings.PROJECT / "config" / "assessment"
CLOSE = pytest.approx


@dataclass(frozen=True)
class City:
    root: str
    engine: Engine
    snapshot: Snapshot
    period: Period

    @property
    def evaluate(self) -> Evaluate:
        return lambda query: evaluate(query, self.snapshot, metrics())

    def query(self, level: int = 2, grain: Grain = Grain.quarter, period: Period | None = None) -> Query:
        return Query((), self.root, level, period or self.period, grain)

    def plain(self, name: str, query: Query, weights: dict[str, float] | None = None) -> dict[Cell, PlainScore]:
        with self.engine.connect() as connection:
            areas = plain_sql.areas(connection, query.region, query.level)
            cut = plain_sql.buckets(query.period.start, query.period.last, query.grain.value)
            return plain_score.scores(connection, FOLDER / f"{name}.toml", areas, cut, weights)


def _opened(server: Server, folder: Path, root: str, period: Period, hostile_seed: int | None) -> Iterator[City]:
    url = databases.fresh_database(server)
    owner = create_engine(url, poolclass=NullPool)
    if hostile_seed is not None:
        hostile.fill(owner, seed=hostile_seed, rows=2500)
    else:
        demo_city.fill(owner, city="430200", seed=5, since=date(2026, 7, 1), until=date(2026, 10, 31))
    engine = replica.connect(databases.reader(url), statement_timeout_seconds=600)
    archive = Archive(folder)
    sync(engine, archive)
    yield City(root, engine, Snapshot(archive, archive.manifest()), period)
    engine.dispose()


@pytest.fixture(scope="module")
def odd_city(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    period = Period.inclusive(date(2023, 11, 10), date(2024, 8, 15))
    yield from _opened(primary, tmp_path_factory.mktemp("odd"), hostile.ROOT, period, 11)


@pytest.fixture(scope="module")
def usual_city(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    period = Period.inclusive(date(2026, 8, 1), date(2026, 10, 31))
    yield from _opened(primary, tmp_path_factory.mktemp("usual"), "430200000000", period, None)


@pytest.fixture(params=["odd_city", "usual_city"])
def city(request: pytest.FixtureRequest) -> City:
    chosen: City = request.getfixturevalue(request.param)
    return chosen


def test_these_are_all_schemes() -> None:
    assert sorted(schemes()) == sorted(NAMES)


# --- against the second computation ------------------------------------------------------------------------------------


def _agree(shown: pl.DataFrame, plain: dict[Cell, PlainScore]) -> None:
    rows: dict[Cell, dict[str, Any]] = {
        (row["period"], row["region_code"], ()): row for row in shown.iter_rows(named=True)
    }
    assert rows.keys() == plain.keys()
    for cell, expected in plain.items():
        row = rows[cell]
        assert row["value"] == (None if expected.value is None else CLOSE(expected.value, abs=1e-9)), cell
        assert row["points"] == CLOSE(expected.points, abs=1e-9), cell
        assert row["negative"] == CLOSE(sum(expected.off.values()), abs=1e-9), cell
        assert tuple(row["flags"]) == expected.flags, cell


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [3, 2, 1])
def test_scores(name: str, level: int, city: City) -> None:
    for grain in GRAINS:
        query = city.query(level, grain)
        shown = evaluate_scheme(scheme(name), query, city.evaluate)
        _agree(shown, city.plain(name, query))
        known = {"not_measured"} if scheme(name).ledger.deducted and level != 2 else {"ok", "small_n"}
        assert set(shown["state"]) <= known


@pytest.mark.parametrize("name", ["balanced", "zhongxiang", "peace_index"])
def test_parts(name: str, city: City) -> None:
    query = city.query(2, Grain.quarter)
    parts = explain_scheme(scheme(name), query, city.evaluate)
    shown = {(row["period"], row["region_code"], row["part"]): row for row in parts.iter_rows(named=True)}
    for (period, region, _), expected in city.plain(name, query).items():
        counted = sum(part.weight for part in expected.parts if part.worth is not None)
        for part in expected.parts:
            row = shown.pop((period, region, part.label))
            assert row["counted"] == (part.worth is not None)
            points = 0.0 if part.worth is None else 100 * part.weight * part.worth / counted
            assert row["contribution"] == CLOSE(points, abs=1e-9)
            assert part.worth is None or row["worth"] == CLOSE(part.worth, abs=1e-12)
    assert not shown


def test_the_metric_gives_the_scheme_in_force(city: City) -> None:
    query = city.query(2, Grain.month)
    shown = evaluate_scheme(scheme("balanced"), query, city.evaluate)
    metric = city.evaluate(replace(query, metrics=("assessment_score",)))
    assert_frame_equal(
        metric.select("period", "region_code", "value", "state"),
        shown.select("period", "region_code", "value", "state"),
    )


@pytest.mark.parametrize("name", NAMES)
def test_another_scheme_in_force(name: str, city: City) -> None:
    chosen = scheme(name)
    other = under(metrics()["assessment_score"], chosen)
    assert isinstance(other.kind, Score)
    assert other.kind.scheme == name
    query = replace(city.query(), metrics=("assessment_score",))
    shown = evaluate(query, city.snapshot, {**metrics(), "assessment_score": other})
    expected = evaluate_scheme(chosen, query, city.evaluate)
    assert_frame_equal(shown.select("value", "state"), expected.select("value", "state"))


def test_both_stores_agree(city: City) -> None:
    query = city.query()
    with live_store(city.engine) as live:
        for name in NAMES:
            shown = evaluate_scheme(scheme(name), query, lambda inner: evaluate(inner, live, metrics()))
            assert_frame_equal(shown, evaluate_scheme(scheme(name), query, city.evaluate), check_exact=True)


def test_something_is_scored_deducted_flagged_and_left_out(odd_city: City, usual_city: City) -> None:
    """The comparisons above would prove nothing on cities where nothing happens."""
    shown = pl.concat(
        evaluate_scheme(scheme(name), city.query(), city.evaluate) for name in NAMES for city in (odd_city, usual_city)
    )
    assert shown.filter(pl.col("deducted") > 0).height
    assert shown.filter(pl.col("negative") > 0).height
    assert shown.filter(pl.col("ceiling") < 100).height
    assert shown.filter(pl.col("flags").list.len() == 2).height
    parts = explain_scheme(scheme("balanced"), odd_city.query(), odd_city.evaluate)
    assert set(parts["counted"]) == {True, False}


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20, 30))
def test_scores_on_other_hostile_rows(seed: int, primary: Server, tmp_path: Path) -> None:
    period = Period.inclusive(date(2023, 6, 10), date(2024, 12, 15))
    for other in _opened(primary, tmp_path, hostile.ROOT, period, seed):
        for name in NAMES:
            for level in (3, 2, 1, 0):
                for grain in GRAINS:
                    query = other.query(level, grain)
                    _agree(evaluate_scheme(scheme(name), query, other.evaluate), other.plain(name, query))


# --- what-if -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weights", [{"按期受理": 0.9}, {"按期受理": 0.0, "调解成功": 1.0}, {"督办按期": 0.33, "积案化解": 0.01}]
)
def test_what_if(weights: dict[str, float], city: City) -> None:
    written = (FOLDER / "balanced.toml").read_bytes()
    query = city.query(2, Grain.month)
    tried = scheme("balanced").with_weights(weights)
    _agree(evaluate_scheme(tried, query, city.evaluate), city.plain("balanced", query, weights))
    assert "试算" in tried.label
    assert (FOLDER / "balanced.toml").read_bytes() == written
    assert scheme("balanced").label == "均衡"


# --- waterfall ---------------------------------------------------------------------------------------------------------


def _scores(city: City, chosen: Scheme, period: Period) -> dict[str, float | None]:
    shown = evaluate_scheme(chosen, city.query(2, Grain.total, period), city.evaluate)
    return dict(shown.select("region_code", "value").rows())


@pytest.mark.parametrize("name", NAMES)
def test_waterfall_adds_up(name: str, city: City) -> None:
    first = Period.inclusive(city.period.start, city.period.start.replace(day=28))
    for now, before in ((city.period, first), (first, city.period)):
        rows = waterfall(scheme(name), city.query(2, Grain.month, now), before, city.evaluate)
        new, old = _scores(city, scheme(name), now), _scores(city, scheme(name), before)
        both = {code for code in new if new[code] is not None and old[code] is not None}
        assert set(rows["region_code"]) == both
        assert both
        for code in both:
            own = rows.filter(region_code=code)
            assert own["step"].to_list() == list(range(own.height))
            assert own["kind"][0] == "start"
            assert own["kind"][-1] == "end"
            assert (own["after"][0], own["after"][-1]) == (old[code], new[code])
            assert own["after"][0] + own["change"].sum() == CLOSE(own["after"][-1], abs=1e-9)


def test_waterfall_of_the_ledger(usual_city: City) -> None:
    august, september = (Period.holding(date(2026, month, 1), Grain.month) for month in (8, 9))
    rows = waterfall(scheme("zhuzhou"), usual_city.query(2, period=september), august, usual_city.evaluate)
    assert set(rows["kind"]) == {"start", "ledger", "bounds", "end"}
    points = {
        month: dict(
            evaluate_scheme(scheme("zhuzhou"), usual_city.query(2, Grain.total, month), usual_city.evaluate)
            .select("region_code", "points")
            .iter_rows()
        )
        for month in (august, september)
    }
    for row in rows.filter(kind="ledger").iter_rows(named=True):
        code = row["region_code"]
        assert row["change"] == CLOSE(points[august][code] - points[september][code], abs=1e-9)


# --- departments and ledger --------------------------------------------------------------------------------------------


def test_departments(city: City) -> None:
    root = city.snapshot.regions.root
    organs = city.snapshot.organs
    shown = departments(organs, root, city.period, city.evaluate)
    assert not [name for name in shown.columns if "score" in name]
    cut = plain_sql.buckets(city.period.start, city.period.last, "total")
    with city.engine.connect() as connection:
        group = [("assess_group", ["dept_group"])]
        points = plain_sql.figures(connection, "deduction_points", [root.code], cut, ["organ_code"], group)
        reply, orders = (
            plain_sql.figures(connection, key, [root.code], cut, ["organ_code"])
            for key in ("reply_on_time_rate", "orders_on_time_rate")
        )
    assert shown["points"].sum() == CLOSE(sum(numerator for numerator, _ in points.values()) / 100, abs=1e-9)
    assert set(organs.filter(assess_group="dept_group")["organ_code"]) <= set(shown["organ_code"])
    for row in shown.iter_rows(named=True):
        cell = (cut[0].label, root.code, (row["organ_code"],))
        assert row["points"] == CLOSE(points.get(cell, (0, None))[0] / 100, abs=1e-9)
        for prefix, found in (("reply", reply), ("orders", orders)):
            above, below = found.get(cell, (0, 0)) if row["organ_code"] is not None else (0, 0)
            assert (row[f"{prefix}_on_time"], row[f"{prefix}_due"]) == (above, below)
            assert row[f"{prefix}_on_time_rate"] == (above / below if below else None)
    assert set(shown["reply_state"]) <= {"ok", "small_n", "undefined"}


def test_departments_by_month_are_every_month(usual_city: City) -> None:
    root = usual_city.snapshot.regions.root
    shown = departments(usual_city.snapshot.organs, root, usual_city.period, usual_city.evaluate, Grain.month)
    assert shown["period"].unique().sort().to_list() == [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]
    assert shown.height == 3 * shown["organ_code"].n_unique()


def test_departments_are_not_for_one_county(usual_city: City) -> None:
    county = Scope(frozenset({"430281000000"}))
    with pytest.raises(Forbidden):
        departments(
            usual_city.snapshot.organs,
            usual_city.snapshot.regions.root,
            usual_city.period,
            lambda query: evaluate(query, usual_city.snapshot, metrics(), county),
        )


@pytest.mark.parametrize("group", ["county_group", "dept_group", None])
def test_what_counts_in_the_ledger_is_the_points(group: str | None, city: City) -> None:
    rows = ledger_rows(city.snapshot, city.root, city.period, group=group)
    where = () if group is None else (("assess_group", (group,)),)
    points = city.evaluate(Query(("deduction_points",), city.root, 3, city.period, where=where))
    assert rows.filter(pl.col("counted"))["points"].sum() == CLOSE(points["value"][0], abs=1e-9)
    assert rows.filter(~pl.col("counted")).height
    assert rows["month"].to_list() == sorted(rows["month"], reverse=True)


def test_the_ledger_says_what_is_not_final(usual_city: City) -> None:
    rows = ledger_rows(usual_city.snapshot, usual_city.root, usual_city.period)
    said = dict(rows.select("status", "status_label").unique().rows())
    assert said.items() <= {"final": "已定", "proposed": "拟定", "appealed": "申诉中", "revoked": "已撤销"}.items()
    assert set(rows["region_name"]) <= {region.name for region in usual_city.snapshot.regions}


def test_the_ledger_keeps_to_the_scope(usual_city: City) -> None:
    county = "430281000000"
    scope = Scope(frozenset({county}))
    rows = ledger_rows(usual_city.snapshot, county, usual_city.period, scope)
    assert set(rows["region_code"]) <= {county}
    with pytest.raises(Forbidden):
        ledger_rows(usual_city.snapshot, usual_city.root, usual_city.period, scope)
    with pytest.raises(BadQuery):
        ledger_rows(usual_city.snapshot, "nowhere", usual_city.period)
