"""The product against plain SQL: every metric, level, grain, break-down and filter, on hostile rows and on a slice of the city."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import replica
from data_access.demo import city as demo_city
from data_access.demo.embedded import Server
from data_access.live import live_store
from data_access.snapshot import Archive, Snapshot, sync
from metrics.core.evaluate import evaluate
from metrics.core.model import Score
from metrics.core.period import Grain, Period
from metrics.core.query import BadQuery, Query
from metrics.registry import metrics
from tests import databases
from tests.metrics import hostile, plain_sql
from tests.metrics.plain_sql import Cell

ROOT_LEVEL = 3
LEVELS = (3, 2, 1, 0)
TOLERANCE = 1e-9
Where = tuple[tuple[str, tuple[str | None, ...]], ...]
Window = tuple[date, date]

# Where each grain looks: over the leap day and the turn of the year, beginning and ending inside a calendar bucket.
HOSTILE_WINDOWS: Mapping[Grain, Window] = {
    Grain.day: (date(2024, 2, 27), date(2024, 3, 2)),
    Grain.week: (date(2024, 2, 21), date(2024, 3, 19)),
    Grain.month: (date(2023, 12, 15), date(2024, 4, 10)),
    Grain.quarter: (date(2023, 11, 10), date(2024, 8, 15)),
    Grain.year: (date(2023, 7, 1), date(2025, 2, 28)),
    Grain.total: (date(2024, 1, 1), date(2024, 12, 31)),
}
ODD_TOTALS: tuple[Window, ...] = (
    (date(2024, 2, 29), date(2024, 2, 29)),
    (date(1, 1, 1), date(9999, 12, 30)),
    (date(1988, 6, 1), date(1988, 7, 2)),
    (date(2030, 1, 1), date(2030, 1, 31)),
)
SLICE: Window = (date(2026, 8, 24), date(2026, 10, 5))
SLICE_WINDOWS: Mapping[Grain, Window] = {
    Grain.day: (date(2026, 9, 29), date(2026, 10, 3)),
    Grain.week: (date(2026, 9, 2), date(2026, 9, 30)),
    Grain.month: (date(2026, 8, 30), date(2026, 10, 5)),
    Grain.quarter: SLICE,
    Grain.year: SLICE,
    Grain.total: SLICE,
}


@dataclass(frozen=True)
class City:
    """One database and a snapshot of it."""

    root: str
    engine: Engine
    snapshot: Snapshot
    windows: Mapping[Grain, Window]

    def answer(self, query: Query) -> pl.DataFrame:
        """The observations from the snapshot."""
        return evaluate(query, self.snapshot, metrics())

    def live_answer(self, query: Query) -> pl.DataFrame:
        """The observations from the database itself."""
        with live_store(self.engine) as store:
            return evaluate(query, store, metrics())


@pytest.fixture(scope="module")
def hostile_city(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    url = databases.fresh_database(primary)
    hostile.fill(_owner(url))
    yield from _opened(url, hostile.ROOT, HOSTILE_WINDOWS, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def slice_city(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    url = databases.fresh_database(primary)
    demo_city.fill(_owner(url), city="430200", seed=5, since=SLICE[0], until=SLICE[1])
    yield from _opened(url, "430200000000", SLICE_WINDOWS, tmp_path_factory.mktemp("slice"))


def _owner(url: URL) -> Engine:
    return create_engine(url, poolclass=NullPool)


def _opened(url: URL, root: str, windows: Mapping[Grain, Window], folder: Path) -> Iterator[City]:
    engine = replica.connect(databases.reader(url), statement_timeout_seconds=600)
    archive = Archive(folder)
    sync(engine, archive)
    yield City(root, engine, Snapshot(archive, archive.manifest()), windows)
    engine.dispose()


@pytest.fixture(params=["hostile_city", "slice_city"])
def city(request: pytest.FixtureRequest) -> City:
    """Each of the two cities in turn."""
    chosen: City = request.getfixturevalue(request.param)
    return chosen


@cache
def plain_keys() -> tuple[str, ...]:
    """Every metric but the scores."""
    return tuple(key for key, metric in metrics().items() if not isinstance(metric.kind, Score))


@cache
def score_keys() -> tuple[str, ...]:
    return tuple(key for key, metric in metrics().items() if isinstance(metric.kind, Score))


def test_no_metric_is_left_out() -> None:
    assert set(plain_keys()) == set(plain_sql.METRICS)
    assert set(score_keys()) == set(plain_sql.SCHEMES)


def test_dimensions_are_those_of_the_design() -> None:
    for key, plain in plain_sql.METRICS.items():
        assert set(metrics()[key].dimensions) == set(plain_sql.DIMENSIONS[plain.rows]), key


def question(
    city: City, keys: Sequence[str], level: int, grain: Grain, window: Window | None = None, region: str | None = None
) -> Query:
    """All days of the window (that of the grain by default), both counted."""
    first, last = window or city.windows[grain]
    return Query(tuple(keys), region or city.root, level, Period.inclusive(first, last), grain)


def assert_same_as_plain_sql(city: City, query: Query) -> None:
    """Numerators and denominators equal, values within 1e-9, undefined alike, and no cell too many or missing."""
    problems: list[str] = []
    answers = city.answer(query).partition_by("metric", as_dict=True)
    with city.engine.connect() as connection:
        grid = _grid(connection, query)
        for key in query.metrics:
            shown = _cells(answers.get((key,), pl.DataFrame()), query.by)
            found = _differences(connection, query, grid, key, shown)
            problems += [f"{key}: {len(found)} cells", *sorted(found)[:3]] if found else []
    if problems:
        asked = f"{query.region} level {query.level} by {query.by} where {query.where} {query.grain} {query.period}"
        pytest.fail("\n".join([asked, *problems]), pytrace=False)


@dataclass(frozen=True)
class Cells:
    """What a query spans: the regions with their residents, and the buckets."""

    areas: Sequence[str]
    buckets: Sequence[plain_sql.Bucket]
    residents: Mapping[str, int | None]

    @property
    def whole(self) -> set[Cell]:
        """Every region and bucket, without break-downs."""
        return {(bucket.label, area, ()) for bucket in self.buckets for area in self.areas}


def _grid(connection: Connection, query: Query) -> Cells:
    return Cells(
        plain_sql.areas(connection, query.region, query.level),
        plain_sql.buckets(query.period.start, query.period.last, query.grain.value),
        plain_sql.population(connection),
    )


@dataclass(frozen=True)
class Shown:
    """One observation of the product."""

    value: float | None
    numerator: int | None
    denominator: int | None
    state: str


def _cells(answer: pl.DataFrame, by: Sequence[str]) -> dict[Cell, Shown]:
    found: dict[Cell, Shown] = {}
    for row in answer.iter_rows(named=True):
        cell = (row["period"], row["region_code"], tuple(row[name] for name in by))
        assert cell not in found, f"{cell} stands twice"
        found[cell] = Shown(row["value"], row["numerator"], row["denominator"], row["state"])
    return found


def _differences(connection: Connection, query: Query, grid: Cells, key: str, shown: Mapping[Cell, Shown]) -> list[str]:
    if not query.by and set(shown) != grid.whole:
        return [f"not the whole grid: {sorted(set(shown) ^ grid.whole)[:8]}"]
    rows = plain_sql.figures(connection, key, grid.areas, grid.buckets, query.by, query.where)
    measured = metrics()[key].measured_at(query.level, ROOT_LEVEL)
    found = []
    for cell in {*rows, *shown}:
        figures = rows.get(cell) or _empty(key, grid.residents[cell[1]])
        if not _agree(key, figures, shown.get(cell), measured):
            found.append(f"{cell}: SQL {figures}, product {shown.get(cell)}")
    return found


def _empty(key: str, residents: int | None) -> tuple[int, int | None]:
    """What a cell without rows holds."""
    denominator = plain_sql.METRICS[key].denominator
    if denominator == plain_sql.POPULATION:
        return 0, residents
    return 0, None if denominator is None else 0


def _agree(key: str, figures: tuple[int, int | None], shown: Shown | None, measured: bool) -> bool:
    numerator, denominator = figures
    counted = plain_sql.METRICS[key].denominator not in (None, plain_sql.POPULATION)
    if shown is None:  # with a break-down a combination of zero may be left out
        return numerator == 0 and not (counted and denominator)
    return (
        shown.numerator == numerator
        and (shown.denominator or 0) == (denominator or 0)
        and (not counted or shown.denominator is not None)
        and _same_value(plain_sql.value(key, numerator, denominator), shown.value)
        and shown.state == _state(key, denominator, measured)
    )


def _same_value(expected: float | None, shown: float | None) -> bool:
    if expected is None or shown is None:
        return expected is shown
    return math.isclose(expected, shown, rel_tol=1e-12, abs_tol=TOLERANCE)


def _state(key: str, denominator: int | None, measured: bool) -> str:
    if not measured:
        return "not_measured"
    if plain_sql.METRICS[key].denominator is None:
        return "ok"
    if not denominator:
        return "undefined"
    # The minimum n is one of cases; residents are none.
    enough = key.endswith("_per_10k") or denominator >= plain_sql.MINIMUM_N
    return "ok" if enough else "small_n"


def dimension_pairs() -> list[tuple[str, tuple[str, ...]]]:
    """Every dimension with the metrics that know it, those of one kind of rows together."""
    return [
        (dimension, tuple(key for key, plain in plain_sql.METRICS.items() if plain.rows == rows))
        for rows, dimensions in plain_sql.DIMENSIONS.items()
        for dimension in dimensions
    ]


def assert_same_scores(city: City, query: Query) -> None:
    """The scores within 1e-9, none where no part reaches its n."""
    answer = city.answer(query)
    with city.engine.connect() as connection:
        grid = _grid(connection, query)
        for key in query.metrics:
            measured = metrics()[key].measured_at(query.level, ROOT_LEVEL)
            expected = plain_sql.scores(connection, key, grid.areas, grid.buckets)
            shown = _cells(answer.filter(pl.col("metric") == key), ())
            assert set(shown) == set(expected)
            for cell, score in expected.items():
                state = "small_n" if score is None else "ok"
                assert _same_value(score, shown[cell].value), f"{key} {cell}: SQL {score}, product {shown[cell]}"
                assert shown[cell].state == (state if measured else "not_measured"), f"{key} {cell}: {shown[cell]}"


# --- every metric, without break-down --------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_every_grain_on_hostile_rows(hostile_city: City, level: int) -> None:
    for grain in Grain:
        assert_same_as_plain_sql(hostile_city, question(hostile_city, plain_keys(), level, grain))


@pytest.mark.parametrize("window", ODD_TOTALS, ids=str)
def test_odd_windows(hostile_city: City, window: Window) -> None:
    for level in LEVELS:
        assert_same_as_plain_sql(hostile_city, question(hostile_city, plain_keys(), level, Grain.total, window))


def test_hostile_rows_reach_every_metric(hostile_city: City) -> None:
    shown = hostile_city.answer(question(hostile_city, tuple(metrics()), ROOT_LEVEL, Grain.total))
    assert shown.filter((pl.col("value") == 0) | pl.col("value").is_null())["metric"].to_list() == []


@pytest.mark.parametrize(
    ("level", "grain"), [(3, Grain.day), (2, Grain.week), (1, Grain.month), (0, Grain.total), (2, Grain.total)]
)
def test_every_level_of_the_city(slice_city: City, level: int, grain: Grain) -> None:
    assert_same_as_plain_sql(slice_city, question(slice_city, plain_keys(), level, grain))


@pytest.mark.parametrize("region", hostile.ODD_REGIONS)
def test_an_odd_region_by_itself(hostile_city: City, region: str) -> None:
    own_level = hostile_city.snapshot.regions.get(region).level
    for level in range(min(own_level, ROOT_LEVEL) + 1):
        assert_same_as_plain_sql(hostile_city, question(hostile_city, plain_keys(), level, Grain.month, region=region))


@pytest.mark.parametrize("region", ["990777000000", "990777100000", hostile.UNKNOWN])
def test_a_place_without_a_path_to_the_root_is_refused(hostile_city: City, region: str) -> None:
    asked = question(hostile_city, ["petition_volume"], 1, Grain.total, region=region)
    with pytest.raises(BadQuery, match=region):
        hostile_city.answer(asked)
    with pytest.raises(BadQuery, match=region):
        hostile_city.live_answer(asked)


@pytest.mark.parametrize("key", plain_sql.SCHEMES)
def test_scores(city: City, key: str) -> None:
    for level, grain in product(LEVELS, (Grain.month, Grain.quarter, Grain.total)):
        assert_same_scores(city, question(city, [key], level, grain))


# --- break-downs and filters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dimension", "keys"), dimension_pairs(), ids=lambda value: str(value)[:40])
def test_break_down(hostile_city: City, dimension: str, keys: tuple[str, ...]) -> None:
    for level, grain in ((3, Grain.total), (2, Grain.month), (1, Grain.quarter)):
        asked = replace(question(hostile_city, keys, level, grain), by=(dimension,))
        assert_same_as_plain_sql(hostile_city, asked)


@pytest.mark.parametrize(("dimension", "keys"), dimension_pairs(), ids=lambda value: str(value)[:40])
def test_filter(hostile_city: City, dimension: str, keys: tuple[str, ...]) -> None:
    for wanted in _wanted_values(hostile_city, dimension, keys[0]):
        asked = question(hostile_city, keys, 2, Grain.total)
        assert_same_as_plain_sql(hostile_city, replace(asked, where=((dimension, wanted),)))


@pytest.mark.parametrize(("dimension", "keys"), dimension_pairs(), ids=lambda value: str(value)[:40])
def test_break_down_under_a_filter(hostile_city: City, dimension: str, keys: tuple[str, ...]) -> None:
    other = plain_sql.DIMENSIONS[plain_sql.METRICS[keys[0]].rows][0]
    by = tuple(dict.fromkeys((dimension, other)))
    for wanted in _wanted_values(hostile_city, other, keys[0])[:3]:
        asked = question(hostile_city, keys, 1, Grain.year)
        assert_same_as_plain_sql(hostile_city, replace(asked, by=by, where=((other, wanted),)))


def test_break_down_of_the_city(slice_city: City) -> None:
    for dimension, keys in dimension_pairs()[::2]:
        assert_same_as_plain_sql(slice_city, replace(question(slice_city, keys, 2, Grain.total), by=(dimension,)))


def test_the_same_dimension_twice_means_either(hostile_city: City) -> None:
    asked = question(hostile_city, ["petition_volume"], 2, Grain.total)
    either = replace(asked, where=(("channel", ("visit", "web")),))
    assert_same_as_plain_sql(hostile_city, either)
    assert_frame_equal(
        hostile_city.answer(replace(asked, where=(("channel", ("web", "visit")),))), hostile_city.answer(either)
    )


def _wanted_values(city: City, dimension: str, key: str) -> list[tuple[str | None, ...]]:
    """Null, what no row has, what each of a few rows has, null or one of them, and several at once."""
    found = sorted(_codes(city, key, dimension) - {None}, key=str)
    some = [found[0], found[len(found) // 2], found[-1]]
    return [(None,), ("no row has this",), *[(code,) for code in some], (None, some[0]), (some[0], some[-1], "x")]


def _codes(city: City, key: str, dimension: str) -> set[str | None]:
    everything = [plain_sql.Bucket(date(1, 1, 1), date(1, 1, 1), date(9999, 12, 30))]
    with city.engine.connect() as connection:
        cells = plain_sql.figures(connection, key, [city.root], everything, [dimension])
    return {codes[0] for _, _, codes in cells}


# --- what holds whatever the figures are -----------------------------------------------------------------------------


@pytest.mark.parametrize("grain", [Grain.month, Grain.total])
def test_children_and_unplaced_rows_add_up_to_the_parent(city: City, grain: Grain) -> None:
    keys = [key for key in plain_keys() if metrics()[key].additive]
    first, last = city.windows[grain]
    cut = plain_sql.buckets(first, last, grain.value)
    parents = _numerators(city.answer(question(city, keys, ROOT_LEVEL, grain)))
    for level in (2, 1, 0):
        children = _numerators(city.answer(question(city, keys, level, grain)))
        with city.engine.connect() as connection:
            unplaced = plain_sql.above(connection, city.root, level)
            for key, bucket in product(keys, cut):
                rest = plain_sql.figures(connection, key, unplaced, [bucket], roll_up=False)
                total = children.get((key, bucket.label), 0) + sum(numerator for numerator, _ in rest.values())
                assert total == parents[key, bucket.label], f"{key} {bucket} level {level}"


def _numerators(answer: pl.DataFrame) -> dict[tuple[str, date], int]:
    summed = answer.group_by("metric", "period").agg(pl.col("numerator").sum())
    return {(metric, period): numerator for metric, period, numerator in summed.iter_rows()}


@pytest.mark.parametrize("level", LEVELS)
def test_snapshot_and_database_agree(city: City, level: int) -> None:
    asked = question(city, tuple(metrics()), level, Grain.month)
    assert_frame_equal(city.answer(asked), city.live_answer(asked), check_exact=True)


_REPEATABLE = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Any question that the hostile city can be asked, of at most 60 buckets."""
    keys = draw(st.lists(st.sampled_from(tuple(metrics())), min_size=1, max_size=4, unique=True))
    regions = [code for code in hostile.REGION_CODES if not code.startswith("990777")]
    region = draw(st.sampled_from([hostile.ROOT] * 20 + regions))
    level = draw(st.sampled_from(range(hostile.LEVEL_OF[region], -1, -1)))
    grain = draw(st.sampled_from(tuple(Grain)))
    near = st.integers(-270, 480).map(lambda days: date(2024, 2, 20) + timedelta(days=days))
    first = draw(st.one_of(near, near, st.dates(date(1987, 1, 1), date(2030, 1, 1))))
    longest = {Grain.day: 12, Grain.week: 60, Grain.month: 300}.get(grain, 900)
    last = first + timedelta(days=draw(st.integers(0, longest)))
    common = set.intersection(*(set(metrics()[key].dimensions) for key in keys))
    by = draw(st.lists(st.sampled_from(sorted(common)), max_size=3, unique=True)) if common else []
    where = draw(st.lists(_filters(sorted(common)), max_size=2)) if common else []
    return Query(tuple(keys), region, level, Period.inclusive(first, last), grain, tuple(by), tuple(where))


def _filters(dimensions: Sequence[str]) -> st.SearchStrategy[tuple[str, tuple[str | None, ...]]]:
    values = st.sampled_from([None, *hostile.COMMON_CODES, *hostile.ODD_CODES])
    wanted = st.lists(values, min_size=1, max_size=6, unique=True).map(tuple)
    return st.tuples(st.sampled_from(dimensions), wanted)


def _check_any(city: City, query: Query) -> None:
    assert_frame_equal(city.answer(query), city.live_answer(query), check_exact=True)
    scored = tuple(key for key in query.metrics if key in score_keys())
    plain = tuple(key for key in query.metrics if key not in scored)
    if plain:
        assert_same_as_plain_sql(city, replace(query, metrics=plain))
    if scored:
        assert_same_scores(city, replace(query, metrics=scored))


@settings(_REPEATABLE, max_examples=60)
@given(query=queries())
def test_any_question(hostile_city: City, query: Query) -> None:
    _check_any(hostile_city, query)


def test_infinite_dates(primary: Server, tmp_path: Path) -> None:
    url = databases.fresh_database(primary)
    hostile.fill(_owner(url), rows=50)
    hostile.add_endless(_owner(url))
    for endless in _opened(url, hostile.ROOT, HOSTILE_WINDOWS, tmp_path):
        assert_same_as_plain_sql(endless, question(endless, plain_keys(), 3, Grain.month))


# --- the wide sweep --------------------------------------------------------------------------------------------------


@pytest.mark.full
@settings(_REPEATABLE, derandomize=False, max_examples=3000)
@given(query=queries())
def test_many_questions(hostile_city: City, query: Query) -> None:
    _check_any(hostile_city, query)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 8))
def test_other_hostile_rows(primary: Server, tmp_path: Path, seed: int) -> None:
    url = databases.fresh_database(primary)
    hostile.fill(_owner(url), seed=seed, rows=4000)
    for other in _opened(url, hostile.ROOT, HOSTILE_WINDOWS, tmp_path):
        for level, grain in product(LEVELS, Grain):
            asked = question(other, plain_keys(), level, grain)
            assert_same_as_plain_sql(other, asked)
            assert_same_scores(other, replace(asked, metrics=score_keys()))
        for (dimension, keys), level in product(dimension_pairs(), LEVELS):
            assert_same_as_plain_sql(other, replace(question(other, keys, level, Grain.month), by=(dimension,)))


@pytest.mark.full
@pytest.mark.parametrize(("level", "grain"), [*product(LEVELS, Grain)])
def test_every_level_and_grain_of_the_city(slice_city: City, level: int, grain: Grain) -> None:
    assert_same_as_plain_sql(slice_city, question(slice_city, plain_keys(), level, grain))


@pytest.mark.full
@pytest.mark.parametrize("grain", Grain)
def test_break_downs_of_the_city_at_every_level(slice_city: City, grain: Grain) -> None:
    for (dimension, keys), level in product(dimension_pairs(), LEVELS):
        assert_same_as_plain_sql(slice_city, replace(question(slice_city, keys, level, grain), by=(dimension,)))
