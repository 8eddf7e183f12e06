"""The compared regions in order, with the doubt beside every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import answers, bar, steps
from dashboard.page import PEERS, Page
from dashboard.panels.cards import SPARK_BUCKETS
from dashboard.panels.frame import narrowed, panel, previous_label
from dashboard.views import league
from data_access.regions import COUNTY, LEVEL_LABELS, Region
from metrics.core.compare import reference_period
from metrics.core.model import Metric, Score
from metrics.labels import PEER_GROUP_LABELS
from metrics.registry import metrics


@dataclass(frozen=True)
class Peers:
    """Who stands side by side. ``group``: the peer group that is chosen and occurs, else all; ``occurring``: those to choose."""

    members: tuple[Region, ...]
    group: str
    occurring: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...] | None:
        """The regions that are held against each other; None for all."""
        return None if self.group == PEERS.default else tuple(place.code for place in self.members)

    @property
    def words(self) -> str:
        """The group's name; empty for all."""
        return f"{PEER_GROUP_LABELS[self.group]}组" if self.group in PEER_GROUP_LABELS else ""


@dataclass(frozen=True)
class Figures:
    """What a league is drawn from: observations of one metric with what may fairly be said of each, the league of the
    period before (None: not known), several periods for the spark lines, and the row that stands out."""

    metric: Metric
    frame: pl.DataFrame
    places: pl.DataFrame | None
    history: pl.DataFrame
    selected: str


def peers_of(page: Page, metric: Metric) -> Peers:
    """The regions that the metric's league holds, and among whom. Only counties are told apart by kind: the towns of one
    county have that in common."""
    level = page.compared_level_of(metric)
    everyone = page.tree.at_level(page.compared_region_of(metric).code, level)
    told_apart = level >= COUNTY
    occurring = tuple(key for key in PEERS.choices if told_apart and any(place.peer_group == key for place in everyone))
    group = page.switch(PEERS)
    if group not in occurring:
        return Peers(tuple(everyone), PEERS.default, occurring)
    return Peers(tuple(place for place in everyone if place.peer_group == group), group, occurring)


def league_panel(
    page: Page,
    key: str | None = None,
    name: str | None = None,
    figures: Figures | None = None,
    title: str | None = None,
    note: str = "",
) -> None:
    """The league of the page's metric, or of another one; a click on a row opens the region.

    ``name``: what the panel is called among those of the page, by default told apart by the metric. ``figures``: other
    ones than the metric's own, of the same regions. ``note``: stands below it.
    """
    metric = figures.metric if figures else metrics()[key or page.metric.key]
    name = name or ("league" if key in (None, page.metric.key) else f"league-{key}")
    peers = peers_of(page, metric)
    drawn = figures or _figures(page, metric, peers)
    with panel(
        name,
        title or f"{page.compared_region_of(metric).name}{peers.words or f'各{_label(page, metric)}'}",
        f"{metric.label} · {bar.span_label(page)}{narrowed(page, metric)}",
        metric,
        controls=lambda: _peer_control(page, peers, name),
    ):
        opened = league.show(_table(page, drawn, peers), key=name)
        if note:
            st.html(f'<p class="yp-quiet">{escape(note)}</p>')
    if opened is not None:
        page.go(opened)


def _table(page: Page, drawn: Figures, peers: Peers) -> dict[str, Any]:
    metric, frame = drawn.metric, drawn.frame
    is_score = isinstance(metric.kind, Score)
    label = _label(page, metric)
    return league.payload(
        frame,
        metric,
        {place.code: place.name for place in peers.members},
        compare=league.Comparisons(
            previous=_renamed(frame, "previous"),
            year_ago=_renamed(frame, "other"),
            previous_label=previous_label(page),
            year_ago_label=bar.reference_label(page),
            history=drawn.history,
            places=drawn.places,
            judged=not page.unfinished,
        ),
        selected=drawn.selected,
        rest=None if peers.words else _rest(page, frame, metric),
        mean=centre_of(frame),
        mean_label=f"{peers.words or f'各{label}'}平均" if is_score else peers.words or "所列合计",
        place_label=label,
        value_label="得分" if is_score else "",
    )


def _label(page: Page, metric: Metric) -> str:
    return LEVEL_LABELS[page.compared_level_of(metric)]


def _selected(page: Page, members: Sequence[Region]) -> str:
    """The listed region that is selected or holds the selected one; empty for none."""
    path = {place.code for place in page.tree.path(page.region.code)}
    return next((place.code for place in members if place.code in path), "")


def _figures(page: Page, metric: Metric, peers: Peers) -> Figures:
    history = page.series(
        [metric.key], page.compared_region_of(metric).code, page.compared_level_of(metric), SPARK_BUCKETS
    )
    selected = _selected(page, peers.members)
    return Figures(metric, page.parts(metric.key, peers.codes), _places(page, metric, peers), history, selected)


def _places(page: Page, metric: Metric, peers: Peers) -> pl.DataFrame | None:
    """The league of the period before; None where nobody is ranked or nothing is known of it."""
    if metric.polarity == "neutral":
        return None
    before = reference_period(page.period, page.grain, "previous")
    begun = answers.begins(page.snapshot, metric)
    if before is None or begun is None or before.start < begun:
        return None
    return page.parts(metric.key, peers.codes, before)


def _peer_control(page: Page, peers: Peers, name: str) -> None:
    """The peer group, where there are several."""
    if len(peers.occurring) < 2:
        return
    key = f"small-peers-{name}"
    st.session_state[key] = peers.group

    def chosen() -> None:
        group = st.session_state[key]
        if group is not None:
            steps.write(page.selection.switched(PEERS, group), page.default)

    st.segmented_control(
        PEERS.label,
        [PEERS.default, *peers.occurring],
        format_func=PEERS.choices.__getitem__,
        key=key,
        on_change=chosen,
        label_visibility="collapsed",
    )


def _renamed(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The compared values in the form of observations."""
    return frame.select("region_code", value=pl.col(column), state=pl.lit("ok"))


def centre_of(frame: pl.DataFrame) -> float | None:
    """The group's own value, by which its members are judged; None where they are not."""
    known = frame["centre"].drop_nulls() if "centre" in frame.columns else frame["value"].clear()
    return float(known[0]) if len(known) else None


def _rest(page: Page, frame: pl.DataFrame, metric: Metric) -> pl.DataFrame | None:
    """未细分: what is coded above the level shown; None where the parts already add up to the whole."""
    if not metric.additive:
        return None
    whole = page.whole(metric.key).row(0, named=True)
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
