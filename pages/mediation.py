"""调解成效"""

import streamlit as st

from dashboard import shell
from dashboard.panels import cards, frame
from dashboard.panels.cards import CardSpec
from dashboard.panels.funnel import funnel_panel
from dashboard.panels.league import league_panel
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="mediation",
    metrics=("mediation_success_rate", "mediation_concluded", "mediation_mean_days", "performance_rate"),
    grain=Grain.month,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(
    page,
    [
        CardSpec("mediation_accepted"),
        CardSpec("mediation_concluded"),
        CardSpec("mediation_success_rate"),
        CardSpec("mediation_mean_days"),
        CardSpec("performance_rate"),
        CardSpec("judicial_confirmation_rate"),
    ],
)
left, right = st.columns([0.37, 0.63], gap="medium")
with left:
    funnel_panel(page)
with right:
    league_panel(page)
