"""The funnel of the compared regions: which of them lie outside what chance alone explains."""

from __future__ import annotations

from html import escape

import polars as pl
import streamlit as st

from dashboard import bar
from dashboard.look import count
from dashboard.page import PEERS, Page
from dashboard.panels.frame import narrowed, panel
from dashboard.panels.league import peers_of
from dashboard.views import funnel
from data_access.regions import LEVEL_LABELS
from metrics.core.fairness.cases import family_of
from metrics.core.model import Metric
from metrics.registry import metrics


def funnel_panel(page: Page, key: str | None = None, height: int = 320, width: int = 560) -> None:
    """The funnel of that metric, by default the page's own or, where that is a plain count, the page's first rate.

    A click on a point opens the region. ``height`` and ``width``: px at 1080 lines, the width only to place names by.
    """
    metric = judged_metric(page, key)
    peers, label = peers_of(page, metric), LEVEL_LABELS[page.compared_level_of(metric)]
    names = {place.code: place.name for place in peers.members}
    frame = page.parts(metric.key, peers.codes)
    among = "" if peers.codes is None else f"{PEERS.choices[peers.group]} · "
    region = page.compared_region_of(metric)
    elsewhere = "" if region == page.region else region.name
    detail = f"{among}{metric.label} · {bar.span_label(page)}{narrowed(page, metric)}"
    with panel("funnel", f"{elsewhere}{funnel.finding(frame, names, metric, label)}", detail, metric):
        picture = funnel.figure(
            frame,
            metric,
            page.screen.look,
            names,
            selected=page.region.code,
            width=width,
            height=height,
            factor=page.screen.factor,
        )
        if picture is None:
            st.html(f'<p class="yp-quiet">{_why_none(metric)}</p>')
            return
        clicked = funnel.show(picture, key="funnel", alt=funnel.alt(frame, metric, names, label), codes=list(names))
        if said := [text for text in (funnel.left_out(frame, names), _unassigned(page, metric, frame)) if text]:
            st.html(f'<p class="yp-quiet">{escape("".join(said))}</p>')
    if clicked is not None:
        page.go(clicked)


def judged_metric(page: Page, key: str | None = None) -> Metric:
    """The metric that a funnel of this page shows: the asked one, else the page's own if it has a denominator, else the
    first of the page's metrics that has."""
    asked = metrics()[key or page.metric.key]
    if key is not None or family_of(asked) is not None:
        return asked
    return next((metrics()[name] for name in page.spec.metrics if family_of(metrics()[name]) is not None), asked)


def _unassigned(page: Page, metric: Metric, frame: pl.DataFrame) -> str:
    """Said of cases coded above the level shown, which the pooled figure of the parts leaves out; empty without any."""
    if peers_of(page, metric).codes is not None or family_of(metric) == "poisson":
        return ""
    whole = page.whole(metric.key).row(0, named=True)["denominator"]
    rest = (whole or 0) - int(frame["denominator"].sum() or 0)
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    return f"另有 {count(rest)} 件未细分到{LEVEL_LABELS[level]}，在{region.name}之内、合计之外。" if rest > 0 else ""


def _why_none(metric: Metric) -> str:
    if family_of(metric) is None:
        return "计数和得分没有分母，画不出漏斗图。请在上方改选比率、人均或平均天数指标。"
    return "有分母的区划不足两个，无从比较。请改选更长的期间，或回到上一级区划。"
