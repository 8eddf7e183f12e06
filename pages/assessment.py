"""县区考核"""

from dashboard import shell
from dashboard.panels import cards, frame, overview, score
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="assessment",
    metrics=(
        "assessment_score",
        "accept_on_time_rate",
        "reply_on_time_rate",
        "satisfaction_rate",
        "mediation_success_rate",
        "backlog_clear_rate",
        "orders_on_time_rate",
    ),
    grain=Grain.quarter,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(
    page,
    [
        CardSpec("assessment_score"),
        CardSpec("accept_on_time_rate"),
        CardSpec("reply_on_time_rate"),
        CardSpec("satisfaction_rate"),
        CardSpec("backlog_clear_rate"),
        CardSpec("orders_on_time_rate"),
    ],
)
overview.map_trend_league(page)
score.score_panel(page)
