"""The answer to a free question: the same figures as ``evaluate``, in pages, sorted and searched; on the page and as a file."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import polars as pl
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from dashboard import cli, current, explored, exploring, look, routes, saved_views
from dashboard.explored import Answer
from dashboard.exploring import ExploreQuery
from data_access import settings
from data_access.demo.embedded import Server
from data_access.regions import COUNTY, PREFECTURE, TOWNSHIP
from data_access.snapshot import Archive, Snapshot
from metrics.core.evaluate import evaluate
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests import databases, small_city
from tests.pages import drawn
from tests.small_city import HETANG, LILING, ROOT, STREET, TOWN

QUARTER = Period.inclusive(date(2026, 1, 1), date(2026, 3, 31))
KEYS = ("petition_volume", "over_level_batches", "repeat_share")


@pytest.fixture(scope="module")
def home(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with one snapshot of the small city, marked as synthetic."""
    owner = small_city.fill(databases.fresh_database(primary))
    small_city.mark_as_synthetic(owner)
    reader = databases.reader(owner)
    folder = tmp_path_factory.mktemp("home")
    made = small_city.yanpan("sync", "--once", env=small_city.environment(folder, reader))
    assert made.returncode == 0, made.stderr.decode()
    (folder / "replica").write_text(small_city.address(reader), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def snapshot(home: Path) -> Snapshot:
    """The snapshot of that folder."""
    [folder] = (home / "snapshots").iterdir()
    archive = Archive(folder)
    return Snapshot(archive, archive.manifest())


def ask(snapshot: Snapshot, query: Query, **more: Any) -> Answer:
    return Answer(snapshot, query, **more)


def by_cell(snapshot: Snapshot, query: Query) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The observations by metric and cell, straight from ``evaluate``."""
    cells = ["metric", "period", "region_code", *query.by]
    frame = evaluate(query, snapshot, metrics())
    return {tuple(row[name] for name in cells): row for row in frame.iter_rows(named=True)}


@pytest.mark.parametrize("by", [(), ("channel",), ("channel", "repeat")])
@pytest.mark.parametrize("grain", [Grain.total, Grain.month, Grain.day])
@pytest.mark.parametrize("level", [PREFECTURE, COUNTY, TOWNSHIP])
def test_the_table_holds_what_evaluate_gives(level: int, grain: Grain, by: tuple[str, ...], snapshot: Snapshot) -> None:
    query = Query(KEYS, ROOT, level, QUARTER, grain, by)
    expected = by_cell(snapshot, query)
    table = explored.table(ask(snapshot, query))
    cells = ["period", "region_code", *by]
    assert table.select(cells).is_duplicated().sum() == 0
    found = 0
    for row in table.iter_rows(named=True):
        for key in KEYS:
            observation = expected.get((key, *(row[name] for name in cells)))
            if observation is None:
                # Left out of one metric beside another: nothing happened.
                assert by
                nothing = (None, None, "undefined") if key == "repeat_share" else (0.0, 0, "ok")
                numerator = 0 if key == "repeat_share" else nothing[1]
                assert (row[f"{key}.value"], row[f"{key}.numerator"], row[f"{key}.state"]) == (
                    nothing[0],
                    numerator,
                    nothing[2],
                )
                continue
            found += 1
            assert [row[f"{key}.{name}"] for name in explored.FIGURES] == [
                observation[name] for name in explored.FIGURES
            ]
    assert found == len(expected)


@pytest.mark.parametrize("column", ["region", "channel", "petition_volume", "repeat_share", "period"])
@pytest.mark.parametrize("descending", [False, True])
def test_sorting_only_changes_the_order(column: str, descending: bool, snapshot: Snapshot) -> None:
    answer = ask(snapshot, Query(KEYS, ROOT, COUNTY, QUARTER, Grain.month, ("channel",)))
    numbers = explored.ordered(answer, column, descending, "")
    table = explored.table(answer)
    assert sorted(numbers.to_list()) == list(range(table.height))
    rows = table[numbers]
    name = {"region": "region_code"}.get(column, column)
    if column in KEYS:
        ranked = rows.filter(pl.col(f"{column}.state") == "ok")[f"{column}.value"].to_list()
        states = rows[f"{column}.state"].to_list()
        assert states == sorted(states, key=lambda state: state != "ok"), "too few cases are not ranked"
        assert ranked == sorted(ranked, reverse=descending)
    elif column == "channel":
        order = ["visit", "web", "letter", "phone"]
        assert rows[name].to_list() == sorted(rows[name].to_list(), key=order.index, reverse=descending)
    else:
        assert rows[name].to_list() == sorted(rows[name].to_list(), reverse=descending)


@pytest.fixture
def two_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A deployment whose minimum n is 2, so that in the small city some figures have it and some have not."""
    (tmp_path / "thresholds.toml").write_text("minimum_denominator = 2\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("YANPAN_CONFIG", str(tmp_path))
        settings.thresholds.cache_clear()
        explored.forget()
        yield
    settings.thresholds.cache_clear()
    explored.forget()


@pytest.mark.usefixtures("two_are_enough")
@pytest.mark.parametrize("descending", [False, True])
def test_figures_of_too_few_cases_are_not_ranked(descending: bool, snapshot: Snapshot) -> None:
    query = Query(("repeat_share",), ROOT, PREFECTURE, QUARTER, by=("channel",))
    rows = explored.table(ask(snapshot, query))[explored.ordered(ask(snapshot, query), "repeat_share", descending, "")]
    states = rows["repeat_share.state"].to_list()
    assert states == ["ok", "ok", "small_n", "small_n"]
    values = rows["repeat_share.value"].to_list()
    assert values[:2] == sorted(values[:2], reverse=descending)
    assert values[2:] == sorted(values[2:], reverse=descending)


def test_pages_together_are_the_whole_table(snapshot: Snapshot) -> None:
    answer = ask(
        snapshot,
        Query(("petition_volume",), ROOT, TOWNSHIP, Period.inclusive(date(2025, 6, 1), date(2026, 3, 31)), Grain.day),
    )
    asked = ExploreQuery(("petition_volume",), grain=Grain.day)
    first, rows, _ = explored.page(answer, asked)
    pages = -(-rows // explored.PAGE_ROWS)
    assert (first.height, rows, pages) == (explored.PAGE_ROWS, 2 * 304, 4)
    parts = [explored.page(answer, replace(asked, page=number + 1))[0] for number in range(pages)]
    assert pl.concat(parts).equals(explored.table(answer))
    last, _, number = explored.page(answer, replace(asked, page=999_999))
    assert (last.height, number) == (608 - 3 * 200, 4)


@pytest.mark.parametrize(
    ("find", "rows"),
    [
        ("", 9 * 0 + 6),
        ("醴陵", 3),
        ("430202", 3),
        ("2026-02", 2),
        ("2026年2月 荷塘", 1),
        ("荷塘 醴陵", 0),
        ("没有", 0),
        ("=荷塘", 3),
        (".*", 0),
    ],
)
def test_a_search_finds_names_codes_and_days(find: str, rows: int, snapshot: Snapshot) -> None:
    answer = ask(snapshot, Query(("petition_volume",), ROOT, COUNTY, QUARTER, Grain.month))
    assert len(explored.ordered(answer, "", False, find)) == rows


def test_a_search_finds_the_rows_without_a_code_by_their_word(snapshot: Snapshot) -> None:
    answer = ask(snapshot, Query(("petition_volume",), ROOT, PREFECTURE, QUARTER, by=("organ_code",)))
    rows = explored.table(answer)[explored.ordered(answer, "", False, "未填")]
    assert rows["organ_code"].to_list() == [None]


def test_changes_are_those_of_the_other_span(snapshot: Snapshot) -> None:
    march = Period.inclusive(date(2026, 3, 1), date(2026, 3, 31))
    query = Query(("petition_volume", "repeat_share"), ROOT, COUNTY, march, by=("channel",))
    answer = ask(snapshot, query, calendar=Grain.month, references=("previous", "year_ago"))
    february = by_cell(snapshot, replace(query, period=Period.inclusive(date(2026, 2, 1), date(2026, 2, 28))))
    table = explored.table(answer)
    for row in table.iter_rows(named=True):
        cell = (date(2026, 2, 1), row["region_code"], row["channel"])
        before = february.get(("petition_volume", *cell))
        assert row["petition_volume.previous"] == (before["value"] if before else 0.0)
        ratio = february.get(("repeat_share", *cell))
        assert row["repeat_share.previous"] == (ratio["value"] if ratio else None)
    # Nothing is known of the March before.
    assert table["petition_volume.other"].null_count() == table.height


def test_a_line_has_every_bucket_and_a_count_left_out_is_nought(snapshot: Snapshot) -> None:
    answer = ask(snapshot, Query(("petition_volume",), ROOT, COUNTY, QUARTER, Grain.month, ("channel",)))
    frame, left_out = explored.lines(answer, "petition_volume", 2)
    series = frame["series"].unique().to_list()
    assert len(series) == 2
    assert left_out == explored.told_apart(answer, "petition_volume")["series"].n_unique() - 2
    assert frame.height == 2 * 3
    assert frame["value"].null_count() == 0
    total = explored.table(answer).filter(pl.col("channel") == "visit", pl.col("region_code") == LILING)
    visits = frame.filter(pl.col("series") == "醴陵市 · 来访")
    assert visits["value"].sum() == total["petition_volume.value"].sum()


def test_two_places_of_one_name_stay_two() -> None:
    assert explored._distinct({"a": "城关镇", "b": "城关镇", None: "未填"}) == {
        "a": "城关镇（a）",
        "b": "城关镇（b）",
        None: "未填",
    }


def test_too_much_is_refused_in_chinese_and_not_computed(snapshot: Snapshot) -> None:
    query = Query(
        tuple(metrics())[:8], ROOT, TOWNSHIP, Period.inclusive(date(1800, 1, 1), date(2099, 12, 31)), Grain.day
    )
    said = explored.refusal(query, snapshot.regions)
    assert said is not None
    assert "超出屏幕上的上限" in said
    assert explored.refusal(replace(query, grain=Grain.year), snapshot.regions) is None


# On the page, and as a file -------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot, home: Path) -> Iterator[Any]:
    """The page, opened with words in its address."""
    monkeypatch.setattr(current, "_current", current._Current())
    monkeypatch.setenv("YANPAN_HOME", str(home))
    current.install(snapshot)
    explored.forget()

    def run(**words: str | list[str]) -> Any:
        return drawn.opened("explore", **words)  # type: ignore[arg-type]

    yield run
    explored.forget()


QUESTIONS: list[dict[str, str | list[str]]] = [
    {"metric": ["over_level_batches", "over_level_persons"], "level": "township", "period": "2026-Q1", "changes": "on"},
    {
        "metric": ["petition_volume", "repeat_share"],
        "level": "county",
        "grain": "month",
        "by": ["channel"],
        "period": "2026-Q1",
    },
    {
        "metric": "petition_volume",
        "by": ["organ_code", "category"],
        "level": "prefecture",
        "period": "2026-01-01..2026-03-31",
        "channel": ["visit", "web"],
    },
    {"metric": ["deduction_points", "orders_issued"], "period": "2026-02", "find": "醴陵", "sort": "-deduction_points"},
    {"metric": "petition_per_10k", "level": "township", "region": LILING, "period": "2026", "show": "table"},
    {"metric": "assessment_score", "period": "2026-Q1", "show": "picture"},
]
WORDS = [
    ("--metric", "over_level_batches", "--metric", "over_level_persons", "--level", "township", "--from", "2026-01-01", "--to", "2026-03-31"),
    ("--metric", "petition_volume", "--metric", "repeat_share", "--level", "county", "--grain", "month", "--by", "channel", "--from", "2026-01-01", "--to", "2026-03-31"),
    ("--metric", "petition_volume", "--by", "organ_code", "--by", "category", "--where", "channel=visit", "--where", "channel=web", "--from", "2026-01-01", "--to", "2026-03-31"),
    ("--metric", "deduction_points", "--metric", "orders_issued", "--level", "county", "--from", "2026-02-01", "--to", "2026-02-28"),
    ("--metric", "petition_per_10k", "--level", "township", "--region", LILING, "--from", "2026-01-01", "--to", "{last}"),
    ("--metric", "assessment_score", "--level", "county", "--from", "2026-01-01", "--to", "2026-03-31"),
]  # fmt: skip


def fetched(link: str) -> tuple[int, bytes, str]:
    """Status, content and file name that the export route answers."""

    async def ask() -> tuple[int, bytes, str]:
        query = urlsplit(link).query.encode()
        answer = await routes.export(Request({"type": "http", "query_string": query, "headers": []}))
        assert isinstance(answer, StreamingResponse), bytes(answer.body).decode()
        pieces = [
            piece if isinstance(piece, bytes) else bytes(str(piece), "utf-8") async for piece in answer.body_iterator
        ]
        return answer.status_code, b"".join(pieces), answer.headers["content-disposition"]

    return anyio.run(ask)


@pytest.mark.parametrize(("words", "command"), list(zip(QUESTIONS, WORDS, strict=True)), ids=range(len(QUESTIONS)))
def test_every_file_of_the_page_is_that_of_the_command_byte_by_byte(
    words: dict[str, str | list[str]],
    command: tuple[str, ...],
    opened: Any,
    snapshot: Snapshot,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = opened(**words)
    assert not run.exception
    assert not run.caption
    links = re.findall(r'href="(/export\?[^"]*)"', " ".join(drawn.markup(run)))
    links = list(dict.fromkeys(html.unescape(link) for link in links))
    assert len(links) == 6
    monkeypatch.setenv("YANPAN_REPLICA_URL", (home / "replica").read_text(encoding="utf-8"))
    last = str(snapshot.provenance.business_date)
    for link in links:
        kind = (re.search(r"format=(\w+)", link) or ["", "csv"])[1]
        layout = (re.search(r"layout=(\w+)", link) or ["", "tidy"])[1]
        out = tmp_path / f"{layout}.{kind}"
        asked = [word.format(last=last) for word in command]
        assert cli.main(["export", *asked, "--layout", layout, "--format", kind, "--out", str(out)]) == 0
        status, content, name = fetched(link)
        assert (status, content) == (200, out.read_bytes())
        assert name.endswith(f"%E6%BC%94%E7%A4%BA%E6%95%B0%E6%8D%AE%E5%90%88%E6%88%90.{kind}"), "marked as synthetic"


@pytest.mark.parametrize("words", QUESTIONS, ids=range(len(QUESTIONS)))
def test_the_wide_file_holds_the_figures_of_the_screen(words: dict[str, str | list[str]], opened: Any) -> None:
    run = opened(
        **words | {"find": "", "sort": "region" if "level" in words and words["level"] != "prefecture" else ""}
    )
    if words.get("show") == "picture":
        return
    shown = drawn.component(run, "yanpan_explore_table")
    links = re.findall(r'href="(/export\?[^"]*layout=wide)"', " ".join(drawn.markup(run)))
    text = fetched(html.unescape(links[0]))[1].decode("utf-8-sig")
    frame = pl.read_csv(text.encode(), infer_schema=False)
    keys = [words["metric"]] if isinstance(words["metric"], str) else list(words["metric"])
    assert len(shown["rows"]) == frame.height > 0
    for key in keys:
        metric = metrics()[key]
        column = next(number for number, head in enumerate(shown["heads"]) if head["key"] == key)
        cells = [row[column]["text"] for row in shown["rows"]]
        told = [look.exact(float(value), metric) if value is not None else None for value in frame[key].to_list()]
        assert sorted(cell for cell in cells if cell not in look.STATE_LABELS.values()) == sorted(
            value for value in told if value is not None
        )


def test_a_saved_view_is_opened_by_its_name_and_one_that_is_gone_is_said(opened: Any) -> None:
    words = {"metric": ["over_level_batches"], "level": ["township"], "period": ["2026-Q1"]}
    view = saved_views.save("乡镇越级", words)
    run = opened(view="乡镇越级")
    assert not run.caption
    heads = drawn.component(run, "yanpan_explore_table")["heads"]
    assert [head["label"] for head in heads] == ["乡镇(街道)", "越级走访批次"]
    assert "2026年第1季度" in " ".join(drawn.markup(run))
    # What the address says besides stands above the view's own words.
    other = opened(view="乡镇越级", level="county")
    assert drawn.component(other, "yanpan_explore_table")["heads"][0]["label"] == "县市区"
    saved_views.delete(view)
    run = opened(view="乡镇越级")
    assert [note.value for note in run.caption] == ["没有名为 「乡镇越级」 的已存视图，可能已被删除"]


def test_never_more_than_a_page_is_sent(opened: Any) -> None:
    run = opened(metric="petition_volume", level="township", grain="day", period="2025-06-01..2026-03-31", page="2")
    table = drawn.component(run, "yanpan_explore_table")
    assert len(table["rows"]) == explored.PAGE_ROWS
    assert (table["page"], table["pages"], table["said"]) == (2, 4, "第 201–400 行，共 608 行")


def test_what_is_coded_above_the_level_is_told(opened: Any) -> None:
    run = opened(metric="petition_volume", level="township", period="2026-03")
    table = drawn.component(run, "yanpan_explore_table")
    rows = {row[0]["text"]: row[1]["text"] for row in table["rows"]}
    assert rows == {"某镇": "1", "某街道": "1"}
    assert "合计 3 件次，其中 1 件次未细分到乡镇(街道)，不在表中" in table["foot"]
    assert {row[0]["code"] for row in table["rows"]} == {TOWN, STREET}


def test_a_region_of_few_cases_is_said_in_words(opened: Any) -> None:
    table = drawn.component(opened(metric="repeat_share", level="county", period="2026-Q1"), "yanpan_explore_table")
    notes = {row[0]["text"]: row[1].get("note") for row in table["rows"]}
    assert notes == {"醴陵市": "样本不足", "=荷塘区": "样本不足"}
    undefined = drawn.component(opened(metric="repeat_share", period="2026-03-20"), "yanpan_explore_table")
    assert {row[1]["text"] for row in undefined["rows"]} == {"未定义"}


@pytest.mark.parametrize("seed", range(12))
def test_any_combination_opens(seed: int, opened: Any, snapshot: Snapshot) -> None:
    chance = random.Random(seed)
    tree = snapshot.regions
    region = chance.choice([ROOT, LILING, HETANG, TOWN])
    keys = chance.sample(list(metrics()), chance.randint(1, 3))
    chosen = [metrics()[key] for key in keys]
    level = chance.choice(exploring.levels(chosen, tree, tree.get(region)) or [None])
    fitting = list(exploring.common_dimensions(chosen))
    words: dict[str, str | list[str]] = {
        "metric": keys,
        "region": region,
        "grain": chance.choice(list(Grain)).value,
        "by": chance.sample(fitting, min(len(fitting), chance.randint(0, 3))),
        "period": chance.choice(["2026-Q1", "2026", "2026-01-05..2026-02-20", "2026-02-28"]),
        "changes": chance.choice(["on", "off"]),
        "show": chance.choice(list(exploring.SHOWN)),
    }
    if level is not None:
        words["level"] = {3: "prefecture", 2: "county", 1: "township", 0: "village"}[level]
    run = opened(**words)
    assert not run.exception, words
    assert not run.caption, words
