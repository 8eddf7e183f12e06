"""Every page at every level of region, without a browser: it opens, in Chinese, with the figures that ``evaluate`` gives."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from dashboard import current, look
from dashboard.current import Status
from data_access.regions import COUNTY, PREFECTURE, TOWNSHIP, VILLAGE
from data_access.snapshot import Snapshot
from metrics.core.evaluate import evaluate
from metrics.core.period import Period
from metrics.core.query import Query
from metrics.registry import metrics
from tests.pages import drawn
from tests.pages.drawn import PAGES
from tests.pages.site import ORDER, title_of

SEPTEMBER = Period.inclusive(date(2026, 9, 1), date(2026, 9, 30))
ROOT, LILING = "430200000000", "430281000000"
LEVELS = {"city": PREFECTURE, "county": COUNTY, "township": TOWNSHIP, "village": VILLAGE}
#: Pages that begin with cards, and those whose league and map show the page's own metric in the page's own period.
WITH_CARDS = ("today", "volume", "over_level", "mediation", "quality", "supervision", "three_no")
WITH_LEAGUE = ("volume", "over_level", "mediation", "quality", "region")
#: Latin letters that belong into Chinese texts: file formats, keys, and the tables, columns and files that a source names.
_LATIN = re.compile(r"[A-Za-z]{2,}")
_KEYS = re.compile(
    r"代码 \w+|rpt\.\w+|config/[\w/]+\.toml|\b[a-z]+(_[a-z0-9]+)+\b|CSV|XLSX|Parquet|（(day|month|final)）|source 为"
)


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch, city_snapshot: Snapshot) -> Snapshot:
    """The city as the snapshot in use."""
    monkeypatch.setattr(current, "_current", current._Current())
    current.install(city_snapshot)
    return city_snapshot


def place(snapshot: Snapshot, level: int) -> str:
    """The root; else the first region of that level in 醴陵市, or 醴陵市 itself."""
    tree = snapshot.regions
    return ROOT if level == PREFECTURE else tree.at_level(LILING, level)[0].code


@pytest.mark.parametrize("name", ORDER)
def test_a_page_is_a_file_called_by_its_docstring(name: str) -> None:
    assert (PAGES / f"{name}.py").is_file()
    assert re.fullmatch(r"[\u4e00-\u9fff]{2,8}", title_of(name))


def test_every_file_is_a_page() -> None:
    assert {path.stem for path in PAGES.glob("*.py")} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ORDER)
def test_every_page_opens_at_every_level_in_chinese(shown: Snapshot, name: str, level: str) -> None:
    code = place(shown, LEVELS[level])
    run = drawn.opened(name, region=code, period="2026-09")
    assert not run.exception
    assert not run.error
    assert not run.caption
    assert drawn.heading(run) == title_of(name)
    words = drawn.readable(run)
    assert any(shown.regions.get(code).name in text for text in words)
    assert any(text == "演示数据·合成" or "演示数据·合成" in text.split() for text in words)
    foreign = {text for text in words if _LATIN.search(_KEYS.sub("", text))}
    assert foreign == set()


@pytest.mark.parametrize("period", ["2026-11-19", "2026-W46", "2026-09", "2026-Q3", "2026", "2026-08-10..2026-09-05"])
def test_every_calendar_opens(period: str) -> None:
    run = drawn.opened("volume", period=period, region=LILING)
    assert not run.exception
    assert not run.caption
    assert len(drawn.component(run, "yanpan_kpi")["cards"]) == 6


@pytest.mark.parametrize("name", [name for name in ORDER if name not in ("explore", "catalogue", "health")])
def test_every_metric_that_a_page_offers_opens(name: str) -> None:
    offered = drawn.opened(name, period="2026-09").selectbox(key="yp-metric")
    for index, label in enumerate(offered.options):
        run = drawn.opened(name, period="2026-09").selectbox(key="yp-metric").select_index(index).run()
        assert not run.exception
        assert any(label in text for text in drawn.readable(run))


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ({"region": "999999999999"}, "地址中的区划 「999999999999」 不存在，已改为 株洲市"),
        ({"period": "2026-13"}, "地址中的期间 「2026-13」 不可用"),
        ({"period": "2999"}, "地址中的期间 「2999」 不可用"),
        ({"metric": "<script>"}, "没有指标 「<script>」，已"),
    ],
)
@pytest.mark.parametrize("name", ORDER)
def test_what_an_address_says_wrongly_is_a_quiet_note(name: str, words: dict[str, str], note: str) -> None:
    run = drawn.opened(name, **words)
    assert not run.exception
    assert len(run.caption) == 1
    assert run.caption[0].value.startswith(note)
    assert drawn.heading(run) == title_of(name)


@pytest.mark.parametrize("name", ORDER)
def test_a_page_waits_for_the_first_snapshot(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "_current", current._Current())
    current.report(Status(doing="正在取数 petition"))
    assert "首次取数，请稍候 正在取数 petition" in " ".join(" ".join(drawn.readable(drawn.opened(name))).split())
    current.report(Status(fault="连不上数据库"))
    said = " ".join(drawn.readable(drawn.opened(name)))
    assert "还没有可用的数据" in said
    assert "连不上数据库" in said


def test_a_fault_of_the_source_leaves_the_figures_and_is_said() -> None:
    current.report(Status(fault="连不上数据库"))
    run = drawn.opened("volume", period="2026-09")
    assert "取数失败，显示上一次的数据" in " ".join(drawn.readable(run))
    assert len(drawn.component(run, "yanpan_kpi")["cards"]) == 6


@pytest.mark.parametrize("level", ["city", "county", "township"])
@pytest.mark.parametrize("name", WITH_CARDS)
def test_the_cards_show_what_evaluate_gives(shown: Snapshot, name: str, level: str) -> None:
    code = place(shown, LEVELS[level])
    cards = drawn.component(drawn.opened(name, region=code, period="2026-09"), "yanpan_kpi")["cards"]
    for card in cards:
        days = re.search(r"近(\d+)日", card["badge"] + card["note"])
        period = (
            Period(date.fromordinal(SEPTEMBER.stop.toordinal() - int(days[1])), SEPTEMBER.stop) if days else SEPTEMBER
        )
        metric = metrics()[card["key"]]
        row = figures(shown, metric.key, code, LEVELS[level], period)[code]
        assert card["state"] == row["state"]
        if row["state"] in ("ok", "small_n"):
            assert card["value"] == look.number(row["value"], metric)
            assert card["exact"].split()[0] == look.exact(row["value"], metric)
            assert card["unit"] == look.unit_of(metric)
        else:
            assert card["value"] == look.STATE_LABELS[row["state"]]
        if metric.percent and row["state"] == "ok":
            assert card["note"] == look.parts(row["numerator"], row["denominator"])


@pytest.mark.parametrize("name", WITH_CARDS)
def test_a_card_is_held_against_the_period_before_and_the_year_before(shown: Snapshot, name: str) -> None:
    before = {
        "环比": Period.inclusive(date(2026, 8, 1), date(2026, 8, 31)),
        "同比": Period.inclusive(date(2025, 9, 1), date(2025, 9, 30)),
    }
    cards = drawn.component(drawn.opened(name, period="2026-09"), "yanpan_kpi")["cards"]
    compared = 0
    for card in cards:
        metric = metrics()[card["key"]]
        if "近" in card["badge"] + card["note"] or card["state"] != "ok":
            continue
        for change in card["changes"]:
            row = figures(shown, metric.key, ROOT, PREFECTURE, before[change["label"]])[ROOT]
            if change["text"] != look.DASH:
                assert change["detail"].split(" → ")[0] == look.with_unit(row["value"], metric)
                compared += 1
    assert compared >= 4


@pytest.mark.parametrize("level", ["city", "county", "township"])
@pytest.mark.parametrize("name", WITH_LEAGUE)
def test_league_and_map_show_what_evaluate_gives(shown: Snapshot, name: str, level: str) -> None:
    code = place(shown, LEVELS[level])
    run = drawn.opened(name, region=code, period="2026-09")
    key = re.search(r"metric=(\w+)", " ".join(node for node in drawn.markup(run) if "/export?" in node))
    assert key is not None
    metric = metrics()[key[1]]
    # A level at which the metric is not measured is not offered: there the counties stay.
    counties = level == "city" or not metric.measured_at(TOWNSHIP, PREFECTURE)
    whole, below = (ROOT, COUNTY) if counties else (LILING, TOWNSHIP)
    expected = figures(shown, metric.key, whole, below, SEPTEMBER)
    rows = {row["code"]: row for row in drawn.component(run, "yanpan_league")["rows"] if row["code"] != "rest"}
    assert set(rows) == set(expected)
    for place_code, row in expected.items():
        if row["state"] == "ok":
            assert rows[place_code]["value"] == look.exact(row["value"], metric)
    shapes = [layer for layer in drawn.deck(run)["layers"] if layer["id"].startswith("regions:")]
    coloured = {item["properties"]["region_code"]: item["properties"] for item in shapes[0]["data"]}
    assert set(coloured) <= set(expected)
    for place_code, properties in coloured.items():
        row = expected[place_code]
        if row["state"] == "ok":
            assert look.exact(row["value"], metric) in properties["value"]
        else:
            assert look.STATE_LABELS[row["state"]] in properties["value"]


def figures(snapshot: Snapshot, key: str, region: str, level: int, period: Period) -> dict[str, dict[str, Any]]:
    """The observations by region, straight from ``evaluate``."""
    frame = evaluate(Query((key,), region, level, period), snapshot, metrics())
    return {row["region_code"]: row for row in frame.iter_rows(named=True)}
