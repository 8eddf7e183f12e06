"""数据状态: can today's data be trusted? First what the clocks and the checks say in a word, then each in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st

from dashboard import bar, current
from dashboard.page import Page
from dashboard.panels import clocks, feeds, health_check, reconciliation, restated
from dashboard.shell import headline
from dashboard.views.clocks import VERDICTS, Tile
from metrics.reconciled import Reconciled


def overview(page: Page) -> None:
    """The whole page."""
    missing = feeds.missing(page)
    tiles = clocks.tiles(page, missing)
    added = reconciliation.reconciled(page)
    headline(page, _verdict(tiles, list(_findings(page, tiles, added))), _detail(page))
    clocks.row(tiles)
    left, right = st.columns([0.58, 0.42], gap="medium")
    with left:
        feeds.feeds_panel(page, missing)
        feeds.gaps_panel(page, missing)
    with right:
        health_check.check_panel()
    left, right = st.columns([0.58, 0.42], gap="medium")
    with left:
        reconciliation.reconciliation_panel(page, added)
        restated.versions_panel(page)
    with right:
        restated.restated_panel(page)
        reconciliation.unplaced_panel(page)


def _verdict(tiles: Sequence[Tile], findings: Sequence[str]) -> str:
    """Whether the data may be used, and what to look at first."""
    if not findings:
        return "今天的数据可以用，各项核对都通过"
    grave = any(tile.level == "broken" for tile in tiles)
    return f"{'先核对再用' if grave else '可以用，留意'}：{'、'.join(findings)}"


def _findings(page: Page, tiles: Sequence[Tile], added: Sequence[Reconciled]) -> Iterator[str]:
    """What is not in order, the gravest first, each in a few words."""
    for level in ("broken", "caution", "unknown"):
        for tile in tiles:
            if tile.level == level:
                clock = tile.verdict in VERDICTS.values()
                yield f"{tile.name}{tile.verdict}" if clock else f"{tile.name} {tile.value}"
    if wrong := sum(not one.holds for one in added):
        yield f"分项不符 {wrong} 项"
    if page.snapshot.unplaced:
        yield "有数在区划之外"
    if changed := restated.changed_months(restated.chosen(page)):
        yield f"旧日变动 {changed} 处"


def _detail(page: Page) -> str:
    made = page.snapshot.provenance
    notices = "".join(f"{notice}。" for notice in current.findings().notices)
    return notices + (
        f"{page.region.name}，{bar.span_label(page)}。业务日期 {made.business_date}：快照前最后一个整日，"
        "画面的数都到这一天为止；本页的核对都在后台或从快照算出，不查库。"
    )
