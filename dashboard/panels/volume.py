"""信访总量: how the page's panels stand together."""

from __future__ import annotations

import streamlit as st

from dashboard.page import Page
from dashboard.panels.calendar_map import calendar_panel
from dashboard.panels.heat_map import heat_map_panel
from dashboard.panels.league import league_panel
from dashboard.panels.region_map import map_panel
from dashboard.panels.repeats import repeats_by_dimension, repeats_by_region
from dashboard.panels.trend import trend_panel
from metrics.core.model import Count

#: What is told apart by channel with sense: a figure that is itself about one channel is not.
_BY_CHANNEL = ("petition_volume", "petition_persons", "first_petitions", "repeat_share", "frequent_repeats")
_VOLUME = "petition_volume"
#: A league of more places than this takes the calendar's room on the first screen too.
_MOST_BESIDE_CALENDAR = 10


def composition(page: Page) -> None:
    """Where; since when and what about through which door; who and on which days. Below: first or repeated."""
    key = page.metric.key
    daily = key if isinstance(page.metric.kind, Count) else _VOLUME
    long = len(page.tree.at_level(page.compared_region.code, page.compared_level)) > _MOST_BESIDE_CALENDAR
    with st.container(key="row-volume-long" if long else "row-volume"):
        where, what, who = st.columns([0.282, 0.323, 0.395], gap="medium")
        with where:
            map_panel(page, height=575, share=0.282)
        with what:
            trend_panel(page, height=150)
            heat_map_panel(page, key if key in _BY_CHANNEL else _VOLUME, "category", "channel")
        with who:
            league_panel(page)
            if not long:
                calendar_panel(page, daily)
    if long:
        calendar_panel(page, daily)
    with st.container(key="row-repeats"):
        kind, place = st.columns(2, gap="medium")
        with kind:
            repeats_by_dimension(page, "category")
        with place:
            repeats_by_region(page)
