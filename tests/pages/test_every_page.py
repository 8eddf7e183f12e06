"""Every page in a real browser, dark and light: complete, in Chinese, marked as synthetic, asking nobody but the server.

The pictures taken here are kept under artifacts/screenshots/.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data_access.contract import SYNTHETIC_MARK
from tests.pages.conftest import OpenSite
from tests.pages.site import ORDER, PROJECT, Site, title_of

pytestmark = pytest.mark.browser

PICTURES = PROJECT / "artifacts" / "screenshots"
PLACES = {"city": "430200000000", "county": "430281000000", "township": "430281102000"}
PERIODS = {"today": "2026-11-20", "assessment": "2026-Q3"}
_ENGLISH = re.compile(r"[A-Za-z]{2,}")
_BROKEN = ("Traceback", "Error", "错误编号", "没有画出来", "NaN", "undefined", "null", "None")


def address(name: str, place: str) -> str:
    """The page's address for a fixed period, in the city, the county or a township of it."""
    page = "" if name == ORDER[0] else name
    return f"{page}?region={PLACES[place]}&period={PERIODS.get(name, '2026-09')}"


def look_at(site: Site, name: str) -> None:
    """What holds on every page, at every level, in both themes."""
    assert site.heading == title_of(name)
    assert "地址中的" not in site.text
    assert SYNTHETIC_MARK in site.text
    assert "数据来源：天地图" in site.text
    assert "业务截至 11-20" in site.text
    assert site.page.get_by_role("link", name="导出").is_visible()
    assert not [word for word in _BROKEN if word in site.text]
    assert _ENGLISH.findall(site.text) == []
    assert site.rows.count() >= 4
    assert site.cards.count() >= 6
    wider = site.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
    assert site.complaints == []
    assert site.strangers == []


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


@pytest.mark.parametrize("name", ORDER)
def test_every_page_in_both_themes(open_site: OpenSite, name: str) -> None:
    for dark in (False, True):
        site = open_site(address(name, "city"), dark=dark)
        keep(site, f"{name}_{'dark' if dark else 'light'}_1920x1080")
        look_at(site, name)
        assert is_dark(site) == dark


@pytest.mark.parametrize("name", ORDER)
def test_every_page_on_a_large_screen(open_site: OpenSite, name: str) -> None:
    dark = name == ORDER[0]
    site = open_site(address(name, "county"), dark=dark, width=3840, height=2160)
    keep(site, f"{name}_{'dark' if dark else 'light'}_3840x2160")
    look_at(site, name)
    root = site.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert root == pytest.approx(32, abs=2)


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ORDER)
def test_every_page_at_every_level_in_both_themes(open_site: OpenSite, name: str, place: str, dark: bool) -> None:
    site = open_site(address(name, place), dark=dark)
    keep(site, f"walk_{name}_{place}_{'dark' if dark else 'light'}")
    look_at(site, name)
