"""督办销号 on one screen: the orders and their kinds on the left; the backlog and the risks on the right."""

from __future__ import annotations

import streamlit as st

from dashboard.page import Page
from dashboard.panels.backlog import backlog_panel
from dashboard.panels.orders import kinds_panel, orders_panel
from dashboard.panels.risk import risk_panel


def orders_overview(page: Page) -> None:
    """Orders beside what has been left over for long; both columns end at the same height."""
    left, right = st.columns([0.5, 0.5], gap="medium")
    with left:
        orders_panel(page, height=25.2)
        kinds_panel(page)
    with right:
        backlog_panel(page)
        risk_panel(page)
