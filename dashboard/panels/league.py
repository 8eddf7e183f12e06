"""The compared regions in order, with the doubt beside every figure."""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import bar
from dashboard.panels.cards import SPARK_BUCKETS
from dashboard.panels.frame import narrowed, panel, previous_label
from dashboard.shell import PEERS, Page
from dashboard.views import league
from data_access.regions import LEVEL_LABELS
from metrics.core.model import Metric
from metrics.registry import metrics


def league_panel(page: Page, key: str | None = None, *, note: str = "", narrow: bool = False) -> None:
    """The league of the page's metric, or of another one; a click on a row opens the region.

    ``note``: stands below it. ``narrow``: in less than half of the page's width: the figure's head is its unit, and there are
    no spark lines beside intervals.
    """
    metric = metrics()[key or page.metric.key]
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    everyone = page.tree.at_level(region.code, level)
    group = page.switch(PEERS)
    peers = [place for place in everyone if group in (PEERS.default, place.peer_group)]
    frame = page.parts(metric.key, None if group == PEERS.default else [place.code for place in peers])
    whole = page.whole(metric.key).row(0, named=True)
    names = {place.code: place.name for place in everyone}
    label = LEVEL_LABELS[level]
    title = f"{region.name}各{label}" if group == PEERS.default else f"{region.name}{PEERS.choices[group]}各{label}"
    with panel("league", title, f"{metric.label} · {bar.span_label(page)}{narrowed(page, metric)}", metric):
        table = league.payload(
            frame,
            metric,
            names,
            compare=league.Comparisons(
                previous=_renamed(frame, "previous"),
                year_ago=_renamed(frame, "other"),
                previous_label=previous_label(page),
                year_ago_label=bar.reference_label(page),
                history=page.series([metric.key], region.code, level, SPARK_BUCKETS),
            ),
            selected=page.region.code,
            rest=_rest(frame, whole, metric) if group == PEERS.default else None,
            mean=whole["value"] if group == PEERS.default else None,
            place_label=label,
        )
        if narrow:
            table["columns"] = _narrowed(table["columns"])
        opened = league.show(table, key="league")
        if note:
            st.html(f'<p class="yp-quiet">{escape(note)}</p>')
    if opened is not None:
        page.go(opened)


def _narrowed(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The panel's title names the measure already."""
    intervals = any(column["key"] == "axis" and column["label"] for column in columns)
    kept = [column for column in columns if column["key"] != "spark" or not intervals]
    return [
        column | {"label": column["label"].rpartition("（")[2].rstrip("）")} if column["key"] == "value" else column
        for column in kept
    ]


def _renamed(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The compared values in the form of observations."""
    return frame.select("region_code", value=pl.col(column), state=pl.lit("ok"))


def _rest(frame: pl.DataFrame, whole: dict[str, Any], metric: Metric) -> pl.DataFrame | None:
    """未细分: what is coded above the level shown; None where the parts already add up to the whole."""
    if not metric.additive:
        return None
    left = frame.select(
        period=pl.lit(None, pl.Date),
        region_code=pl.lit(""),
        metric=pl.lit(metric.key),
        value=pl.lit(whole["value"]) - pl.col("value").sum(),
        numerator=pl.lit(whole["numerator"]) - pl.col("numerator").sum(),
        denominator=pl.lit(None, pl.Int64),
        state=pl.lit("ok"),
    ).head(1)
    return left if left["numerator"].item() != 0 else None
