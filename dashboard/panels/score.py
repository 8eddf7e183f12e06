"""How the selected region's score comes about."""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import answers
from dashboard.look import count, with_unit
from dashboard.panels.frame import panel
from dashboard.shell import Page
from metrics.core.model import Score
from metrics.core.query import Query
from metrics.registry import metrics


def score_panel(page: Page) -> None:
    """How the selected region's score comes about: each part with its weight, figure and worth."""
    kind = page.metric.kind
    if not isinstance(kind, Score):
        return
    query = Query((page.metric.key,), page.region.code, page.region.level, page.period)
    frame = answers.score_parts(page.snapshot, kind, query)
    with panel(
        "score", f"{page.region.name}：怎么算的", "每项得分 = 权重 × 达成度；样本不足的项不计，权重由其余项分担"
    ):
        st.html(_score_table(frame))


def _score_table(frame: pl.DataFrame) -> str:
    head = "<tr><th>分项</th><th>权重</th><th>本期</th><th>分子/分母</th><th>达成度</th></tr>"
    return f'<table class="yp-table">{head}{"".join(_score_row(row) for row in frame.iter_rows(named=True))}</table>'


def _score_row(row: dict[str, Any]) -> str:
    figure = with_unit(row["value"], metrics()[row["metric"]])
    if row["participation"] is not None:
        figure += f"（参评 {100 * row['participation']:.1f}%）"
    reached = f"{100 * row['worth']:.0f}%" if row["counted"] else "样本不足"
    of = f"{count(row['numerator'])}/{count(row['denominator'])}"
    cells = [row["part"], f"{row['weight']:.2f}", figure, of, reached]
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
