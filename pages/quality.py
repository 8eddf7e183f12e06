"""办理质效"""

from dashboard import shell
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="quality",
    metrics=(
        "reply_on_time_rate",
        "accept_on_time_rate",
        "satisfaction_rate",
        "evaluation_rate",
        "reply_mean_days",
        "overdue_petitions",
    ),
    grain=Grain.month,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(
    page,
    [
        CardSpec("accept_on_time_rate"),
        CardSpec("reply_on_time_rate"),
        CardSpec("overdue_petitions"),
        CardSpec("reply_due_in_3_days"),
        CardSpec("reply_due_in_7_days"),
        CardSpec("satisfaction_rate"),
    ],
)
overview.map_trend_league(page)
