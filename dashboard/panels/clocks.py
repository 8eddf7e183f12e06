"""The first row of 数据状态: three clocks, the contract check in a word, and whether something may be missing."""

from __future__ import annotations

import streamlit as st

from dashboard import current, freshness
from dashboard.look import asset
from dashboard.page import Page
from dashboard.panels.feeds import DAYS, Missing
from dashboard.views import clocks
from dashboard.views.clocks import Tile
from data_access.findings import Severity


def tiles(page: Page, missing: Missing) -> list[Tile]:
    """The tiles of this moment."""
    # The clocks speak of now, also on a page that is seen as of an older snapshot.
    known, seen = freshness.clocks((current.snapshot() or page.snapshot).provenance), current.seen()
    return [
        clocks.tile("业务截至", known.business),
        clocks.tile("库同步", known.replica, None if seen is None else seen.at),
        clocks.tile("画面", known.picture),
        check_tile(current.findings().examined),
        missing_tile(missing),
    ]


def row(drawn: list[Tile]) -> None:
    """Draw them side by side."""
    st.html(f"<style>{asset('health.css')}</style>{clocks.html(drawn)}")


def check_tile(examined: current.Examined | None) -> Tile:
    """约定核对: what the last check of the database found."""
    if examined is None:
        return Tile("约定核对", "尚未核对", "unknown", "不明", ("后台在快照启用后核对一次",))
    found = examined.report.findings
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    warnings = len(found) - errors
    when = f"{examined.at:%m-%d %H:%M} 核对，用时 {examined.seconds:.1f} 秒"
    if errors:
        more = f"，提醒 {warnings} 处" if warnings else ""
        return Tile("约定核对", f"错误 {errors} 处", "broken", "不能同步", (f"{when}{more}",))
    if warnings:
        return Tile("约定核对", f"提醒 {warnings} 处", "caution", "可以同步", (when,))
    return Tile("约定核对", "全部相符", "in_order", "正常", (when,))


def missing_tile(missing: Missing) -> Tile:
    """断数: sources and counties that brought less than can be chance."""
    if not missing.judged:
        return Tile("断数", "无从判断", "unknown", "不明", ("历史太短，还没有可比的日子",))
    if missing.none:
        return Tile("断数", "未见", "in_order", "正常", (f"近 {DAYS} 日各来源、各县区都在预期之内",))
    said = [f"{count} 个{what}" for count, what in ((missing.sources, "来源"), (missing.places, "县区")) if count]
    note = f"近 {DAYS} 日有 {'、'.join(said)}低于预期下限，请先核对"
    return Tile("断数", f"{missing.sources + missing.places} 处", "caution", "可能断数", (note,))
