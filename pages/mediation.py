"""调解成效"""

from dashboard import shell
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
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
overview.map_trend_league(page)
