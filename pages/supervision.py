"""督办销号"""

from dashboard import shell
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="supervision",
    metrics=(
        "orders_on_time_rate",
        "orders_issued",
        "orders_closed",
        "orders_overdue",
        "backlog_clear_rate",
        "risk_issues_open",
    ),
    grain=Grain.month,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(
    page,
    [
        CardSpec("orders_issued"),
        CardSpec("orders_overdue"),
        CardSpec("orders_due_in_3_days"),
        CardSpec("orders_on_time_rate"),
        CardSpec("backlog_open"),
        CardSpec("risk_issues_open"),
    ],
)
overview.map_trend_league(page)
