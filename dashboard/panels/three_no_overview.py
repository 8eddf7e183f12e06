"""三无创建 on one screen: the map, the places against their target, the trend, and the three conditions."""

from __future__ import annotations

import streamlit as st

from dashboard.page import Page
from dashboard.panels.three_no import conditions_panel, targets_map_panel, targets_panel
from dashboard.panels.trend import trend_panel


def three_no_overview(page: Page) -> None:
    """Map on the left; on the right the targets over trend and conditions."""
    left, right = st.columns([0.36, 0.64], gap="medium")
    with left:
        targets_map_panel(page)
    with right:
        targets_panel(page, height="22.4rem")
        since, why = st.columns([0.62, 0.38], gap="medium")
        with since:
            trend_panel(page, height=190)
        with why:
            conditions_panel(page)
