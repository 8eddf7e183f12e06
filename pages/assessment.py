"""县区考核"""

import streamlit as st

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import league, ledger, scheme, score, waterfall

SPEC = PageSpec(
    path="assessment",
    metrics=scheme.shown_metrics(),
    grain=scheme.default_grain(),
    switches=(scheme.scheme_switch(), ledger.BESIDE),
    grains=scheme.GRAINS,
)
page = shell.open_page(__doc__, SPEC)
standing = scheme.standing(page)
score.finding(standing)
first, second = st.container(key="row-standing"), st.container(key="row-behind")
left, right = first.columns([0.6, 0.4], gap="medium")
with left:
    if page.metric.key == standing.metric.key:
        league.league_panel(page, figures=standing.figures, title="得分与位次", note=score.whole_words(standing))
    else:
        league.league_panel(page)
with right:
    scheme.schemes_panel(standing)
left, middle, right = second.columns([0.32, 0.37, 0.31], gap="medium")
with left:
    waterfall.waterfall_panel(standing)
with middle:
    score.score_panel(standing)
with right:
    ledger.ledger_panel(standing, height=17.2)
