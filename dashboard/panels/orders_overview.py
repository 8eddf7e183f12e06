"""督办销号 on one screen: the orders on the left; the backlog, the risks and the kinds of orders on the right."""

from __future__ import annotations

import streamlit as st

from dashboard.page import Page
from dashboard.panels.backlog import backlog_panel
from dashboard.panels.orders import handled, kinds_panel, orders_panel
from dashboard.panels.risk import risk_panel

#: So few orders leave room for the matrix of kinds under them.
_FEW = 8


def orders_overview(page: Page) -> None:
    """Orders beside what has been left over for long; both columns end at the same height."""
    few = handled(page).height <= _FEW
    left, right = st.columns([0.5, 0.5], gap="medium")
    with left:
        orders_panel(page, height=24.4 if few else 39.8)
        if few:
            kinds_panel(page)
    with right:
        backlog_panel(page, height=366 if few else 156)
        risk_panel(page)
        if not few:
            kinds_panel(page)
