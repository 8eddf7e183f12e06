"""区域画像"""

from dashboard import shell
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="region",
    metrics=(
        "petition_volume",
        "petition_per_10k",
        "over_level_per_10k",
        "reply_on_time_rate",
        "satisfaction_rate",
        "mediation_success_rate",
        "backlog_clear_rate",
    ),
    grain=Grain.quarter,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(
    page,
    [
        CardSpec("petition_volume"),
        CardSpec("petition_per_10k"),
        CardSpec("over_level_batches"),
        CardSpec("reply_on_time_rate"),
        CardSpec("satisfaction_rate"),
        CardSpec("mediation_success_rate"),
    ],
)
overview.map_trend_league(page)
