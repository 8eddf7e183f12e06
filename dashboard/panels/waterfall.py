"""What changed one region's score since the period before."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import answers
from dashboard.look import signed, signed_zero
from dashboard.panels.frame import panel
from dashboard.panels.scheme import Standing
from dashboard.views import waterfall


def waterfall_panel(found: Standing, height: int = 300) -> None:
    """The steps from the score before to the score now, or why there are none."""
    name = found.focus.name if found.focus else ""
    steps = _steps(found)
    with panel("waterfall", f"{name}：什么变了", _detail(found, steps)):
        if steps is None or steps.is_empty():
            st.html(f'<p class="yp-quiet">{_why_not(found, steps)}</p>')
            return
        screen = found.page.screen
        waterfall.show(
            waterfall.figure(steps, screen.look, height=height, factor=screen.factor),
            key="waterfall",
            alt=waterfall.alt(steps, name),
        )


def _steps(found: Standing) -> pl.DataFrame | None:
    """The rows of ``metrics.core.waterfall``; None where the period before is not known."""
    if found.focus is None or found.before is None:
        return None
    query = found.query_of(found.focus.code, found.page.period)
    return answers.scheme_steps(found.page.snapshot, found.chosen, query, found.before, found.page.scope)


def _detail(found: Standing, frame: pl.DataFrame | None) -> str:
    said = [found.why_focus] if found.why_focus else []
    if frame is not None and not frame.is_empty():
        steps = waterfall.steps_of(frame)
        old, new = steps[0].stop, steps[-1].stop
        said.insert(0, f"{signed_zero(old, 1)} → {signed_zero(new, 1)}，各项合计 {signed(new - old, 1)}")
    return " · ".join(said)


def _why_not(found: Standing, frame: pl.DataFrame | None) -> str:
    if frame is None:
        return "上一期没有完整的数据，无法分解变化；可在上方换一个较近的期间。"
    return f"{found.focus.name if found.focus else '该区划'}上期或本期样本不足，没有得分；可换更长的期间（季、年）。"
