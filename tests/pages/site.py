"""The dashboard as a person in front of a browser sees and handles it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from dashboard import navigation

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page, Request, WebSocket

PROJECT = Path(__file__).resolve().parents[2]


ORDER = navigation.ORDER
title_of = navigation.title_of
# Streamlit's frontend looks for its server under the page's own path first, which no server answers.
_PROBE = re.compile(r"/\w+/_stcore/(health|host-config)$")
_PATIENCE = 60_000  # ms
# Where the pointer looks for a place, as parts of the map's box.
_GRID = [(right / 24, down / 24) for right in range(1, 24) for down in range(1, 24)]
# The script has run, every picture has been drawn, and for a third of a second nothing began anew.
_SETTLED = """() => {
  const app = document.querySelector('[data-testid="stApp"]')
  // The script may have come to its end before the browser has drawn the cards, which have a tree of their own.
  const cards = document.querySelector('.st-key-cards [data-testid="stBidiComponentIsolated"]')
  const drawn = !document.querySelector(".st-key-cards") || cards?.shadowRoot?.querySelector(".value")
  const busy = !app || app.dataset.testScriptState !== "notRunning" || document.querySelector('[data-stale="true"]') || !drawn
  const now = performance.now()
  if (busy) window.yanpanBusy = now
  window.yanpanBusy ??= now
  return !busy && now - window.yanpanBusy > 350
}"""

# What keeps the page from resting, for the report of a failed test.
_UNREST = """() => {
  const app = document.querySelector('[data-testid="stApp"]')
  const stale = [...document.querySelectorAll('[data-stale="true"]')].map((node) => node.className.slice(0, 120))
  return JSON.stringify({
    script: app?.dataset.testScriptState, runs: window.yanpanRuns, stale: stale.slice(0, 5), address: location.href,
    path: document.querySelector(".st-key-yp-path")?.innerText,
  })
}"""

# Counts the runs of the page's script: a view that the address has asked for is not there before one has begun.
_COUNT_RUNS = """
window.yanpanRuns = 0
const ran = (change) => change.oldValue === "running" || change.target.dataset.testScriptState === "running"
new MutationObserver((changes) => { if (changes.some(ran)) window.yanpanRuns += 1 }).observe(document, {
  subtree: true, attributes: true, attributeOldValue: true, attributeFilter: ["data-test-script-state"],
})
"""
# Pictograms are letters in the page and drawings on the screen; what is a pixel small is for screen readers. Our own
# components keep their words in trees of their own.
_VISIBLE = """() => {
  const found = []
  function read(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
      if (node.shadowRoot) read(node.shadowRoot)
      if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim()) continue
      const owner = node.parentElement
      if (!owner) continue
      const box = owner.getBoundingClientRect()
      const hidden = !owner.checkVisibility() || (!owner.ownerSVGElement && box.width <= 1)
      if (!hidden && !owner.closest("[data-testid=stIconMaterial], style, script")) found.push(node.textContent)
    }
  }
  read(document.body)
  return found
}"""


@dataclass
class Site:
    """A browser window on the dashboard at ``address``; keeps account of all it asked for and complained of."""

    address: str
    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    pointed: tuple[float, float] = (0.3, 0.5)  # the pointer on the map, in parts of its box

    def __post_init__(self) -> None:
        self.page.set_default_timeout(_PATIENCE)
        self.page.add_init_script(_COUNT_RUNS)
        self.page.on("request", self._asked)
        self.page.on("websocket", self._connected)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _connected(self, socket: WebSocket) -> None:
        self.requests.append(socket.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _PROBE.search(urlsplit(message.location["url"]).path):
            self.complaints.append(f"{message.text} {message.location['url']}")

    @property
    def strangers(self) -> list[str]:
        """What was asked of anybody but the server itself."""
        own = urlsplit(self.address).netloc
        return [
            url for url in self.requests if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != own
        ]

    def open(self, words: str) -> None:
        """Go to an address of the dashboard, such as ``volume?period=2026-09``."""
        self.page.goto(f"{self.address}/{words}")
        self.settle()

    def settle(self) -> None:
        """Wait until the page has come to rest."""
        self.page.locator(".yp-head h1").wait_for()
        self._await(_SETTLED)

    def _await(self, condition: str, argument: object = None) -> None:
        """Wait for a condition of the page; a failure says what the page was doing instead."""
        try:
            self.page.wait_for_function(condition, arg=argument)
        except PlaywrightTimeout as error:
            raise AssertionError(f"waited in vain, from {argument}: {self.page.evaluate(_UNREST)}") from error

    @property
    def place(self) -> str:
        """The page's path without slashes."""
        return urlsplit(self.page.url).path.strip("/")

    @property
    def words(self) -> dict[str, str]:
        """What the address says."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query).items()}

    # What it shows ------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """All that can be read on the page, the components' own trees included."""
        return "\n".join(self.page.evaluate(_VISIBLE))

    @property
    def cards(self) -> Locator:
        """The headline figures."""
        return self.page.locator(".st-key-cards section.card")

    @property
    def cards_text(self) -> list[str]:
        """Each card as one line."""
        return self.cards.all_inner_texts()

    @property
    def values(self) -> list[str]:
        """The number on each card, without its unit."""
        figures = self.cards.locator(".value")
        return [str(one) for one in figures.evaluate_all("all => all.map(one => one.firstChild.textContent)")]

    @property
    def card_figures(self) -> list[tuple[str, str, str, str]]:
        """Of each card the metric, the number without its unit, the badge, and what stands beside the number."""
        found = self.cards.evaluate_all(
            """all => all.map(one => [
              one.dataset.metric, one.querySelector(".value").firstChild.textContent,
              one.querySelector(".badge")?.textContent ?? "", one.querySelector(".note")?.textContent ?? "",
            ])"""
        )
        return [(str(key), str(value), str(badge), str(note)) for key, value, badge, note in found]

    @property
    def rows(self) -> Locator:
        """The rows of the league table."""
        return self.page.locator(".st-key-panel-league tbody tr")

    @property
    def league_text(self) -> list[str]:
        """Each row of the league table as one line."""
        return self.rows.all_inner_texts()

    @property
    def league(self) -> dict[str, int]:
        """The league table of a count: place to figure."""
        found = self.rows.evaluate_all(
            "rows => rows.map(row => [row.querySelector('button')?.textContent, row.querySelector('.value')?.textContent])"
        )
        return {name: int(figure.replace(",", "")) for name, figure in found if name}

    @property
    def heading(self) -> str:
        """What the page is called."""
        return self.page.locator(".yp-head h1").inner_text()

    @property
    def finding(self) -> str:
        """What it says first."""
        return self.page.locator(".yp-head b").inner_text()

    @property
    def standing(self) -> str:
        """The region that the page stands on: the last step of the region path."""
        return self.page.locator(".st-key-yp-path b").inner_text()

    @property
    def map(self) -> Locator:
        """The map's canvas."""
        return self.page.locator(".st-key-panel-map canvas").first

    # What one can do ----------------------------------------------------------------------------------------------

    def hover_map(self, name: str = "") -> str:
        """Put the pointer on the place, or on any; what the map then says. Looks first where it last found one."""
        self.map.scroll_into_view_if_needed()
        box = self.map.bounding_box()
        assert box is not None
        tip = self.page.locator(".st-key-panel-map .deck-tooltip")
        for right, down in sorted(_GRID, key=lambda point: math.dist(point, self.pointed)):
            self.page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] * down)
            self.page.wait_for_timeout(120)
            words = tip.first.inner_text() if tip.count() and tip.first.is_visible() else ""
            if words and name in ("", words.split("\n")[0]):
                self.pointed = (right, down)
                return words
        raise AssertionError(f"{name or 'no place'} is nowhere on the map")

    def click_on_map(self, name: str = "") -> str:
        """Click the place's polygon, or any; the place's name."""
        found = self.hover_map(name).split("\n")[0]
        self._go_to_region(self._press_mouse, found)
        return found

    def click_row(self, name: str) -> None:
        """Click the place's row of the league table, beside its name."""
        row = self.rows.filter(has=self.page.get_by_role("button", name=re.compile(f"^{name}")))
        self._go_to_region(lambda: row.locator("td.value").click(), name)

    def press_row(self, name: str) -> None:
        """Open the place of that row by the keyboard."""
        button = self.rows.get_by_role("button", name=re.compile(f"^{name}"))
        self._go_to_region(lambda: button.press("Enter"), name)

    def _go_to_region(self, act: Callable[[], object], name: str) -> None:
        """Do what opens that region, and wait until the page stands on it and has come to rest."""
        before = self.page.url
        act()
        self._await("address => location.href !== address", before)
        self.page.locator(".st-key-yp-path b", has_text=name).wait_for()
        self.settle()

    def step_up(self, name: str) -> None:
        """Press a region above in the region path."""
        self._leave(lambda: self.page.locator(".st-key-yp-path").get_by_role("button", name=name, exact=True).click())

    def choose_child(self, name: str) -> None:
        """Choose a region below in the selector."""
        self._choose(".st-key-yp-path", name)

    def choose_metric(self, label: str) -> None:
        """Choose the measure of map, trend and league."""
        self._choose(".st-key-yp-metric", label)

    def choose_grain(self, word: str) -> None:
        """Press 日, 周, 月, 季 or 年."""
        self._leave(lambda: self.page.locator(".st-key-yp-grain").get_by_text(word, exact=True).click())

    def choose_period(self, label: str) -> None:
        """Choose a period from the list behind the present one's name."""
        self.page.locator(".st-key-yp-span [data-testid=stPopover] button").click()
        choice = self.page.get_by_role("button", name=label, exact=True).last
        choice.wait_for()
        self._leave(choice.click)

    def press(self, sign: str) -> None:
        """Press ‹ or › beside the period."""
        self._leave(lambda: self.page.locator(".st-key-yp-span").get_by_role("button", name=sign, exact=True).click())

    def export(self, form: str) -> None:
        """Open the menu of the export and choose a format."""
        self.page.locator(".st-key-yp-bar").get_by_text("导出", exact=True).click()
        link = self.page.get_by_role("link", name=f"导出 {form}")
        link.wait_for()
        link.click()

    def go_to(self, title: str) -> None:
        """Follow a link of the navigation."""
        link = self.page.locator("[data-testid=stSidebar]").get_by_role("link", name=title, exact=True)
        link.click()
        self.page.locator(".yp-head h1", has_text=title).wait_for()
        self.settle()

    def _press_mouse(self) -> None:
        self.page.mouse.down()
        self.page.mouse.up()

    def back(self) -> None:
        """The browser's Back."""
        self._leave(lambda: self.page.evaluate("history.back()"))

    def forward(self) -> None:
        """The browser's Forward."""
        self._leave(lambda: self.page.evaluate("history.forward()"))

    def _choose(self, place: str, label: str) -> None:
        self.page.locator(place).get_by_role("combobox").click()
        option = self.page.get_by_role("option", name=label, exact=True)
        option.wait_for()
        self._leave(option.click)

    def _leave(self, act: Callable[[], object]) -> None:
        """Do what leads to another view, and wait until it has come to rest."""
        before = self.page.evaluate("[location.href, window.yanpanRuns]")
        act()
        self._await("([address, runs]) => location.href !== address && window.yanpanRuns > runs", before)
        self.settle()
