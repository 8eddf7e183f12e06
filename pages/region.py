"""区域画像"""

import streamlit as st

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import league, profile, region_map, trend
from metrics.core.period import Grain

HEADLINES = (
    "petition_per_10k",
    "repeat_share",
    "over_level_per_10k",
    "accept_on_time_rate",
    "reply_on_time_rate",
    "reply_mean_days",
    "satisfaction_rate",
    "evaluation_rate",
    "mediation_success_rate",
    "mediation_mean_days",
    "performance_rate",
    "pyramid_base_share",
    "backlog_clear_rate",
    "orders_on_time_rate",
    "three_no_share",
    "assessment_score",
)
SPEC = PageSpec(path="region", metrics=HEADLINES, grain=Grain.quarter, switches=(profile.AGAINST,))
page = shell.open_page(__doc__, SPEC)
profile.finding(page, HEADLINES)
left, right = st.columns([0.6, 0.4], gap="medium")
with left:
    profile.profile_panel(page, HEADLINES)
with right:
    region_map.map_panel(page, height=330, share=0.4)
    trend.trend_panel(page, height=140)
league.league_panel(page)
