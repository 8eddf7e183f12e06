"""The measuring of words finds what is wrong and leaves alone what is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.pages.measured import cut_off, overlapping

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 600, "height": 400})
    yield opened
    opened.close()


def test_words_over_one_another_are_found_also_in_trees_of_their_own(page: Page) -> None:
    page.set_content("<p style='position:absolute;top:0'>醴陵市</p><div id='host'></div>")
    page.evaluate(
        """() => { document.querySelector("#host").attachShadow({ mode: "open" }).innerHTML =
          "<p style='position:absolute;top:0'>攸县</p>" }"""
    )
    assert overlapping(page) == ["醴陵市 × 攸县"]


def test_words_beside_one_another_hidden_or_scrolled_away_do_not_overlap(page: Page) -> None:
    page.set_content(
        "<span>左</span><span>右</span><details><summary>开</summary><p style='position:absolute;top:0'>里</p></details>"
        "<div style='height:20px;overflow:auto'><p>一</p><p>二</p></div><p>三</p>"
    )
    assert overlapping(page) == []


def test_what_a_pinned_row_of_a_list_hides_does_not_overlap_but_what_it_lies_over_elsewhere_does(page: Page) -> None:
    row = "<div style='position:sticky;bottom:0;background:white'>选中</div>"
    rows = "<div>甲</div><div>乙</div><div>丙</div>"
    page.set_content(f"<div class='scroll' style='height:40px;overflow:auto'>{rows}{row}<div>丁</div></div>")
    assert overlapping(page) == []
    page.set_content(f"<div style='height:40px;overflow:auto'>{rows}{row}<div>丁</div></div>")
    assert overlapping(page) != []


def test_a_word_cut_by_its_box_or_by_the_window_is_found(page: Page) -> None:
    page.set_content(
        "<div style='width:30px;overflow:hidden;white-space:nowrap'>太长的一句话</div>"
        "<div style='position:absolute;left:580px;top:100px;white-space:nowrap'>出了窗口</div>"
    )
    assert cut_off(page) == ["太长的一句话", "出了窗口"]


def test_what_can_be_scrolled_to_is_not_cut_off(page: Page) -> None:
    page.set_content("<div style='width:60px;overflow-x:auto;white-space:nowrap'>太长的一句话可以滚动</div>")
    assert cut_off(page) == []
