"""调解成效"""

import streamlit as st

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, mediation
from dashboard.panels.cards import CardSpec
from dashboard.panels.channels import channels_panel
from dashboard.panels.flow import mediation_flow
from dashboard.panels.funnel import funnel_panel
from dashboard.panels.league import league_panel
from dashboard.panels.mix import mix_panel
from dashboard.panels.pyramid import pyramid_panel
from dashboard.panels.region_map import map_panel
from dashboard.panels.trend import trend_panel
from metrics.core.period import Grain

SPEC = PageSpec(
    path="mediation",
    metrics=(
        "mediation_success_rate",
        "mediation_success_of_accepted",
        "mediation_mean_days",
        "performance_rate",
        "judicial_confirmation_rate",
        "pyramid_base_share",
        "mediation_accepted",
        "mediation_concluded",
        "mediation_succeeded",
        "police_disputes",
        "civil_filings",
    ),
    grain=Grain.month,
)
page = shell.open_page(__doc__, SPEC)
mediation.finding(page)
cards.cards(
    page,
    [
        CardSpec("mediation_accepted"),
        CardSpec("mediation_success_rate"),
        CardSpec("mediation_mean_days"),
        CardSpec("performance_rate"),
        CardSpec("judicial_confirmation_rate"),
        CardSpec("pyramid_base_share"),
    ],
)
left, right = st.columns([0.56, 0.44], gap="medium")
with left:
    channels_panel(page)
    pyramid_panel(page)
with right:
    funnel_panel(page, height=310, width=680)
    trend_panel(page, height=272)
mediation_flow(page)
left, right = st.columns([0.37, 0.63], gap="medium")
with left:
    map_panel(page, height=372)
with right:
    league_panel(page)
mix_panel(page)
left, right = st.columns(2, gap="medium")
with left:
    mediation.days_panel(page, height=420)
with right:
    mediation.cohort_panel(page)
