"""今日态势"""

from dashboard import shell
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="",
    metrics=("petition_volume", "visit_batches", "mediation_accepted", "overdue_petitions"),
    grain=Grain.day,
    since_meeting=True,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(
    page,
    [
        CardSpec("petition_volume", label="登记"),
        CardSpec("visit_batches", label="来访"),
        CardSpec("over_level_batches", label="越级走访"),
        CardSpec("mediation_success_rate", days=28),
        CardSpec("reply_on_time_rate", days=28),
        CardSpec("overdue_petitions"),
    ],
)
overview.map_trend_league(page)
