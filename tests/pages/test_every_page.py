"""Every page in a real browser, dark and light: complete, in Chinese, marked as synthetic, asking nobody but the server,
nothing overlapping or cut off, and its figures those of ``yanpan export``.

The pictures taken here are kept under artifacts/screenshots/.
"""

from __future__ import annotations

import csv
import io
import re
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dashboard import look
from dashboard.span import parse
from data_access.contract import SYNTHETIC_MARK
from metrics.registry import metrics
from tests.pages.conftest import OpenSite, Served
from tests.pages.measured import cut_off, overlapping
from tests.pages.site import ORDER, PROJECT, Site, title_of

pytestmark = pytest.mark.browser

PICTURES = PROJECT / "artifacts" / "screenshots"
PLACES = {"city": "430200000000", "county": "430281000000", "township": "430281102000"}
PERIODS = {"today": "2026-11-20", "assessment": "2026-Q3", "region": "2026-Q3", "health": "2026-11-20"}
#: Pages that are about figures of a region: they begin with cards. The others are lists, tables and questions.
WITH_CARDS = ("today", "volume", "over_level", "mediation", "quality", "supervision", "three_no")
#: Words of the trade that have no Chinese form: file formats, and on two pages the names of metrics and tables.
_LATIN = re.compile(r"[A-Za-z]{2,}")
_FORMATS = re.compile(r"\b(CSV|XLSX|Parquet)\b")
_NAMES = re.compile(r"rpt(\.\w+)?|config/[\w/]+\.toml|\b[a-z]+(_[a-z0-9]+)+\b")
_WITH_NAMES = ("catalogue", "health")
_BROKEN = ("Traceback", "Error", "错误编号", "没有画出来", "NaN", "undefined", "null", "None")


def address(name: str, place: str) -> str:
    """The page's address for a fixed period, in the city, the county or a township of it."""
    page = "" if name == ORDER[0] else name
    return f"{page}?region={PLACES[place]}&period={PERIODS.get(name, '2026-09')}"


def look_at(site: Site, name: str) -> None:
    """What holds on every page, at every level, in both themes."""
    text = site.text
    assert site.heading == title_of(name)
    assert "地址中的" not in text
    assert SYNTHETIC_MARK in text
    assert "业务截至 11-20" in text
    assert not [word for word in _BROKEN if word in text and not (word == "null" and name in _WITH_NAMES)]
    assert foreign_words(text, name) == []
    if site.page.locator("canvas").count():
        assert "数据来源：天地图" in text
    wider = site.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
    assert overlapping(site.page) == []
    assert cut_off(site.page) == []
    assert site.complaints == []
    assert site.strangers == []


def foreign_words(text: str, name: str) -> list[str]:
    """English that was left over."""
    plain = _FORMATS.sub("", text)
    if name in _WITH_NAMES:
        keys = "|".join(sorted(metrics(), key=len, reverse=True))
        plain = re.sub(keys, "", _NAMES.sub("", plain))
    return _LATIN.findall(plain)


def keep(site: Site, name: str) -> Path:
    """Keep a picture of the window."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    site.page.mouse.move(2, 2)
    site.page.screenshot(path=path)
    return path


def is_dark(site: Site) -> bool:
    """Whether the page stands on a dark ground."""
    ground = site.page.locator("[data-testid=stApp]").evaluate("one => getComputedStyle(one).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", ground)[:3]) < 3 * 128


def exported(served: Served, metric: str, region: str, period: str) -> dict[str, str]:
    """The one row that the export route gives for a metric of a region."""
    span = parse(period)
    assert span is not None
    words = {"metric": metric, "region": region, "from": str(span.whole.start), "to": str(span.whole.last)}
    with urllib.request.urlopen(f"{served.address}/export?{urlencode(words)}") as answer:
        (row,) = csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig")))
    return dict(row)


def same_figures(site: Site, served: Served) -> int:
    """Hold every card that speaks of the page's own period against the export; how many there were."""
    held = 0
    for key, value, badge, note in site.card_figures:
        if "近" in badge + note or value in look.STATE_LABELS.values():
            continue
        row = exported(served, key, site.words["region"], site.words["period"])
        metric = metrics()[key]
        assert value == look.number(float(row["value"]), metric), key
        if metric.percent:
            assert f"{int(row['numerator']):,}/{int(row['denominator']):,}" in note, key
        held += 1
    return held


@pytest.mark.parametrize("name", ORDER)
def test_every_page_once(open_site: OpenSite, served: Served, name: str) -> None:
    """In light and dark by turns."""
    dark = ORDER.index(name) % 2 == 0
    site = open_site(address(name, "city"), dark=dark)
    keep(site, f"{name}_{'dark' if dark else 'light'}_1920x1080")
    look_at(site, name)
    assert is_dark(site) == dark
    if name in WITH_CARDS:
        assert same_figures(site, served) >= 3


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ORDER)
def test_every_page_on_a_large_screen(open_site: OpenSite, name: str, dark: bool) -> None:
    site = open_site(address(name, "county"), dark=dark, width=3840, height=2160)
    keep(site, f"{name}_{'dark' if dark else 'light'}_3840x2160")
    look_at(site, name)
    root = site.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert root == pytest.approx(32, abs=2)


def test_a_page_on_a_large_screen(open_site: OpenSite) -> None:
    test_every_page_on_a_large_screen(open_site, "today", True)


@pytest.mark.full
@pytest.mark.parametrize("name", ORDER)
def test_every_page_on_a_telephone(open_site: OpenSite, name: str) -> None:
    site = open_site(address(name, "city"), width=390, height=844)
    keep(site, f"{name}_light_390x844")
    look_at(site, name)


def test_a_page_on_a_telephone(open_site: OpenSite) -> None:
    test_every_page_on_a_telephone(open_site, "volume")


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ORDER)
def test_every_page_at_every_level_in_both_themes(
    open_site: OpenSite, served: Served, name: str, place: str, dark: bool
) -> None:
    site = open_site(address(name, place), dark=dark)
    keep(site, f"walk_{name}_{place}_{'dark' if dark else 'light'}")
    look_at(site, name)
    if name in WITH_CARDS:
        same_figures(site, served)
