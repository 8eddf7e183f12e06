"""The ledger of deductions of one region, row by row, and in its place the table of departments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboard import steps
from dashboard.address import Switch
from dashboard.look import signed_zero
from dashboard.page import Page
from dashboard.panels import departments
from dashboard.panels.frame import panel
from dashboard.panels.scheme import Standing
from dashboard.views import table
from metrics.core.scheme import LEDGER_METRIC
from metrics.ledger import ledger_rows
from metrics.registry import metrics

BESIDE = Switch("beside", "另列", {"ledger": "台账", "departments": "市直"})
_TONES: Mapping[str, table.CellTone] = {"final": "neutral", "proposed": "caution", "appealed": "caution"}


def ledger_panel(found: Standing, height: float = 0) -> None:
    """The ledger of the focused region, or the departments: what stands beside the score. ``height``: rem, from which on
    the rows scroll."""
    page = found.page
    if page.switch(BESIDE) == "departments":
        departments.departments_panel(page, height, controls=control(page))
        return
    if found.focus is None:
        return
    rows = ledger_rows(page.snapshot, found.focus.code, page.period, page.scope, group=found.chosen.group)
    with panel("ledger", f"{found.focus.name}：扣分台账", "", metrics()[LEDGER_METRIC], control(page)):
        table.show(_table(found, rows, height), key="ledger")


def control(page: Page) -> Callable[[], None]:
    """What switches between ledger and departments."""
    key = "small-beside"

    def chosen() -> None:
        value = st.session_state[key]
        if value is not None:
            steps.write(page.selection.switched(BESIDE, value), page.default)

    def draw() -> None:
        st.session_state[key] = page.switch(BESIDE)
        st.segmented_control(
            BESIDE.label,
            list(BESIDE.choices),
            format_func=BESIDE.choices.__getitem__,
            key=key,
            on_change=chosen,
            label_visibility="collapsed",
        )

    return draw


def summary(rows: pl.DataFrame) -> str:
    """What counts, and what is still open."""
    if rows.is_empty():
        return ""
    final = rows.filter("counted")
    waiting = [
        f"{label} {(rows['status'] == status).sum()} 项"
        for status, label in (("proposed", "拟定"), ("appealed", "申诉中"))
        if (rows["status"] == status).any()
    ]
    said = f"已定 {final.height} 项，计 {signed_zero(float(final['points'].sum()), 2)} 分"
    return f"{said}；{'、'.join(waiting)}不计" if waiting else said


def _table(found: Standing, rows: pl.DataFrame, height: float) -> dict[str, Any]:
    cells = [
        table.Row(str(index), _cells(row), quiet=not row["counted"]) for index, row in enumerate(rows.rows(named=True))
    ]
    taken = "已定的从得分中扣除" if found.chosen.ledger.deducted else "本方案不扣除，只并列"
    heads = (("月份", False), ("事由", False), ("扣分", True), ("状态", False), ("文号", False))
    return table.payload(
        [table.Column(label, right=right) for label, right in heads],
        cells,
        label=f"扣分台账，{summary(rows) or '本期没有记录'}",
        empty="本期台账没有记录。换一个期间，或在榜上选另一个区划。",
        foot=f"{summary(rows)}。{taken}{'；负数为加分' if (rows['points'] < 0).any() else ''}。" if cells else "",
        height=height,
        dense=True,
    )


def _cells(row: Mapping[str, Any]) -> list[table.Cell]:
    status = row["status"]
    return [
        table.Cell(f"{row['month']:%y-%m}", "muted", title=f"{row['month']:%Y年%m月}"),
        table.Cell(row["reason_label"], title=row["organ_name"] or row["organ_code"] or row["region_name"]),
        table.Cell(signed_zero(row["points"], 2), strong=row["counted"]),
        table.Cell(row["status_label"], _TONES.get(status, "muted")),
        table.Cell(row["document_no"] or "未填", "muted"),
    ]
