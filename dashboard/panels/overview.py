"""Where, since when, who: the three pictures of one selection side by side."""

from __future__ import annotations

import streamlit as st

from dashboard.page import Page
from dashboard.panels.league import league_panel
from dashboard.panels.region_map import map_panel
from dashboard.panels.trend import trend_panel


def map_trend_league(page: Page) -> None:
    """Map on the left, trend over league on the right."""
    left, right = st.columns([0.37, 0.63], gap="medium")
    with left:
        map_panel(page)
    with right:
        trend_panel(page)
        league_panel(page)
