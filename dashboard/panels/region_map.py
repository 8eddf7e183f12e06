"""The map of the compared level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import streamlit as st

from dashboard import steps
from dashboard.look import unit_of
from dashboard.page import MAP, Page
from dashboard.panels.frame import changes, panel
from dashboard.views import region_map
from data_access.boundaries import boundaries_of, special_units
from data_access.regions import LEVEL_LABELS
from metrics.core.model import Metric


def map_panel(
    page: Page,
    height: int = 600,
    share: float = 0.37,
    marks: Mapping[str, region_map.Mark] | None = None,
    title: str | None = None,
) -> None:
    """The map of the page's metric in a column of that share of the page; a click on a region opens it.

    ``marks``: by region, how it stands to its band.
    """
    metric = page.metric
    frame = page.parts(metric.key)
    codes = frame["region_code"].to_list()
    selected = page.region.code if page.region.code in codes else None
    where = f"{page.compared_region.name} · 按{LEVEL_LABELS[page.compared_level]}"
    unit = "" if metric.percent else unit_of(metric)
    # A title that says a finding leaves no room for the place, which it names.
    detail = unit if title else " · ".join(part for part in (unit, where) if part)
    with panel("map", title or metric.label, detail, metric, lambda: _mode(page)):
        picture = region_map.build(
            frame,
            metric,
            page.screen.look,
            places=_marked(places(page, frame, metric), marks or {}),
            boundaries=boundaries_of(codes),
            specials=special_units(codes),
            scope=f"{page.compared_region.code}@{page.visit}",
            selected=selected,
            width=page.screen.inside_panel(share),
            height=height,
            factor=page.screen.factor,
            columns=page.switch(MAP) == "columns",
            own_font=page.screen.own_font,
        )
        clicked = region_map.show(picture, key="map")
    if clicked is not None:
        page.go(clicked)


def _marked(found: dict[str, region_map.Place], marks: Mapping[str, region_map.Mark]) -> dict[str, region_map.Place]:
    return {code: replace(place, mark=marks.get(code, region_map.UNMARKED)) for code, place in found.items()}


def _mode(page: Page) -> None:
    """The button that raises columns on the map, or lays them flat again."""
    other = "flat" if page.switch(MAP) == "columns" else "columns"
    st.button(
        MAP.choices[other],
        key="yp-map",
        type="tertiary",
        on_click=steps.write,
        args=(page.selection.switched(MAP, other), page.default),
    )


def places(page: Page, frame: pl.DataFrame, metric: Metric) -> dict[str, region_map.Place]:
    """Name, point and change of every region of the frame, which has columns value, previous, other."""
    found = {}
    for row in frame.iter_rows(named=True):
        region = page.tree.get(row["region_code"])
        known = region.longitude is not None and region.latitude is not None
        found[region.code] = region_map.Place(
            region.name,
            (region.longitude, region.latitude) if known else None,  # type: ignore[arg-type]
            "　".join(f"{item.label} {item.text}" for item in changes(page, row, metric)),
        )
    return found
