"""A person at the desk: first figures, drilling down and back, periods and measures, definitions, links, the export."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dashboard.export import BYTE_ORDER_MARK
from data_access.contract import SYNTHETIC_MARK
from tests import small_city
from tests.pages.conftest import OpenSite, Served
from tests.pages.site import ORDER, Site, title_of

pytestmark = pytest.mark.browser

ROOT, LILING = "430200000000", "430281000000"
HEADER = "period,region_code,region_name,metric,value,numerator,denominator,data"


@pytest.fixture
def desk(open_site: OpenSite) -> Iterator[Site]:
    """信访总量 of a finished month, on which nothing may complain."""
    site = open_site("volume?period=2026-09")
    yield site
    assert site.complaints == []


def exported(served: Served, **words: str) -> dict[str, dict[str, str]]:
    """The rows of the export route by region code."""
    words = {"from": "2026-09-01", "to": "2026-09-30", **words}
    with urllib.request.urlopen(f"{served.address}/export?{urlencode(words)}") as answer:
        text = answer.read().decode("utf-8-sig")
    return {row["region_code"]: row for row in csv.DictReader(io.StringIO(text))}


def shown(figure: str) -> int:
    """A count as the screen writes it, as a number."""
    return int(figure.replace(",", ""))


def test_the_first_page_shows_figures(open_site: OpenSite) -> None:
    site = open_site()
    assert site.heading == title_of(ORDER[0])
    assert site.cards.count() >= 6
    assert all(re.search(r"\d", value) or value in ("未定义", "样本不足") for value in site.values)
    assert site.map.is_visible()
    site.page.locator(".st-key-panel-trend .main-svg").first.wait_for()
    assert "要情" in site.text
    assert site.complaints == []


def test_the_screen_shows_what_the_export_holds(served: Served, desk: Site) -> None:
    total = exported(served, metric="petition_volume")[ROOT]["value"]
    persons = exported(served, metric="petition_persons")[ROOT]["value"]
    repeat = exported(served, metric="repeat_share")[ROOT]
    assert [shown(value) for value in desk.values[:2]] == [int(total), int(persons)]
    assert desk.values[3] == f"{float(repeat['value']) * 100:.1f}"
    assert f"{int(repeat['numerator']):,}/{int(repeat['denominator']):,}" in desk.cards_text[3]
    counties = exported(served, metric="petition_volume", level="county")
    assert {row["region_name"]: int(row["value"]) for row in counties.values()} == desk.league


def test_a_click_on_the_map_drills_down_and_back_comes_up_again(desk: Site) -> None:
    before = desk.values
    county = desk.click_on_map()
    assert desk.standing == county
    code = desk.words["region"]
    assert code.startswith("4302")
    assert code.endswith("000000")
    assert desk.values != before
    town = desk.click_on_map()
    assert desk.standing == town
    assert desk.words["region"].startswith(code[:6])
    deepest = desk.values
    desk.back()
    assert desk.words == {"period": "2026-09", "region": code}
    assert desk.standing == county
    desk.back()
    assert desk.words == {"period": "2026-09"}
    assert desk.values == before
    desk.forward()
    desk.forward()
    assert (desk.standing, desk.values) == (town, deepest)


def test_the_same_county_can_be_clicked_again_after_back(desk: Site) -> None:
    county = desk.hover_map().split("\n")[0]
    for _ in range(2):
        desk.click_on_map(county)
        assert desk.standing == county
        desk.back()
        assert desk.standing == "株洲市"


def test_a_click_on_a_row_drills_down_to_the_township(served: Served, desk: Site) -> None:
    desk.click_row("醴陵市")
    assert desk.words["region"] == LILING
    assert shown(desk.values[0]) == int(exported(served, metric="petition_volume", region=LILING)[LILING]["value"])
    town = next(iter(desk.league))
    desk.click_row(town)
    assert desk.standing == town
    code = desk.words["region"]
    assert shown(desk.values[0]) == int(exported(served, metric="petition_volume", region=code)[code]["value"])
    assert desk.page.locator(".st-key-panel-league tr[aria-current=true]").inner_text().startswith(town)
    desk.step_up("醴陵市")
    assert desk.words["region"] == LILING
    desk.step_up("株洲市")
    assert "region" not in desk.words


def test_the_keyboard_and_the_selector_drill_down(desk: Site) -> None:
    desk.press_row("炎陵县")
    assert desk.standing == "炎陵县"
    town = next(iter(desk.league))
    desk.choose_child(town)
    assert desk.standing == town
    desk.back()
    assert desk.standing == "炎陵县"


def test_a_copied_link_opens_the_same_view(desk: Site, open_site: OpenSite) -> None:
    desk.click_row("醴陵市")
    desk.choose_metric("重复信访率")
    copied = desk.page.url.removeprefix(f"{desk.address}/")
    other = open_site(copied)
    assert other.words == desk.words == {"period": "2026-09", "region": LILING, "metric": "repeat_share"}
    assert (other.cards_text, other.league_text, other.finding) == (desk.cards_text, desk.league_text, desk.finding)


def test_the_period_is_stepped_listed_and_cut_anew(served: Served, desk: Site) -> None:
    desk.press("‹")
    assert desk.words["period"] == "2026-08"
    august = exported(served, metric="petition_volume", **{"from": "2026-08-01", "to": "2026-08-31"})
    assert shown(desk.values[0]) == int(august[ROOT]["value"])
    desk.press("›")
    assert desk.words["period"] == "2026-09"
    desk.choose_period("2026年6月")
    assert desk.words["period"] == "2026-06"
    for grain, word in (("季", "2026-Q2"), ("年", "2026"), ("周", ""), ("日", "")):
        desk.choose_grain(grain)
        assert desk.words["period"].startswith(word)
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", desk.words["period"])
    desk.back()
    assert re.fullmatch(r"2026-W\d{2}", desk.words["period"])


def test_another_measure_changes_map_trend_and_league(served: Served, desk: Site) -> None:
    desk.choose_metric("来访批次")
    assert desk.words["metric"] == "visit_batches"
    for panel in ("map", "trend", "league"):
        assert "来访批次" in desk.page.locator(f".st-key-panel-{panel}").inner_text() + " ".join(desk.league_text)
    counties = exported(served, metric="visit_batches", level="county")
    assert {row["region_name"]: int(row["value"]) for row in counties.values()} == desk.league
    name, figure, *_ = desk.hover_map().split("\n")
    assert figure.startswith(f"来访批次 {desk.league[name]:,} ")


def test_another_page_keeps_region_and_period(desk: Site) -> None:
    desk.click_row("醴陵市")
    for name in ORDER[::-1]:
        desk.go_to(title_of(name))
        assert desk.heading == title_of(name)
        assert desk.place == ("" if name == ORDER[0] else name)
        assert desk.standing == "醴陵市"
        assert desk.words.get("period") == "2026-09" or "2026年9月" in desk.text


def test_the_definition_of_a_figure_opens(desk: Site) -> None:
    desk.page.locator(".st-key-panel-map").get_by_role("button", name="口径").click()
    words = desk.page.locator(".yp-definition")
    words.wait_for()
    assert "期内登记的信访件次" in words.inner_text()
    assert "petition_volume" in words.inner_text()
    desk.page.keyboard.press("Escape")
    card = desk.cards.first
    card.get_by_label("的口径").click()
    assert "期内登记的信访件次" in card.locator("details .words").inner_text()


def test_the_export_is_the_table_on_the_screen_byte_by_byte(served: Served, desk: Site, tmp_path: Path) -> None:
    desk.click_row("醴陵市")
    with desk.page.expect_download() as waiting:
        desk.export("CSV")
    file = tmp_path / "browser.csv"
    waiting.value.save_as(file)
    assert waiting.value.suggested_filename.startswith("信访总量_醴陵市_20260901-20260930_截至")
    assert waiting.value.suggested_filename.endswith("_演示数据合成.csv")
    content = file.read_bytes()
    assert content == commanded(served, tmp_path / "command.csv")
    assert content.startswith(BYTE_ORDER_MARK)
    lines = content.removeprefix(BYTE_ORDER_MARK).split(b"\r\n")
    assert lines[0].decode() == HEADER
    assert lines[-1] == b""
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert {row["data"] for row in rows} == {SYNTHETIC_MARK}
    assert {row["region_name"]: int(row["value"]) for row in rows} == desk.league


def commanded(served: Served, file: Path) -> bytes:
    """What the command line exports for the same question."""
    words = ["--metric", "petition_volume", "--region", LILING, "--level", "township"]
    words += ["--from", "2026-09-01", "--to", "2026-09-30", "--out", str(file)]
    done = subprocess.run(
        [small_city.YANPAN, "export", *words], env=served.environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return file.read_bytes()


def test_a_wrong_address_is_a_note_and_no_error(open_site: OpenSite) -> None:
    site = open_site("volume?region=999&period=never&metric=none")
    for note in ("地址中的区划 「999」 不存在", "地址中的期间 「never」 不可用", "没有指标 「none」"):
        assert note in site.text
    assert site.cards.count() >= 6
    assert site.complaints == []
