"""督办销号"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, orders, overview
from dashboard.panels.cards import CardSpec
from dashboard.panels.orders_overview import orders_overview
from metrics.core.period import Grain

SPEC = PageSpec(
    path="supervision",
    metrics=(
        "orders_overdue",
        "orders_open",
        "orders_issued",
        "orders_closed",
        "orders_on_time_rate",
        "backlog_open",
        "backlog_clear_rate",
        "leader_led_clear_rate",
        "backlog_over_5y",
        "risk_issues_open",
    ),
    grain=Grain.month,
    switches=(orders.ORDERS,),
)
page = shell.open_page(__doc__, SPEC)
orders.finding(page)
cards.cards(
    page,
    [
        CardSpec("orders_overdue"),
        CardSpec("orders_open"),
        CardSpec("orders_due_in_3_days"),
        CardSpec("orders_on_time_rate"),
        CardSpec("backlog_open"),
        CardSpec("risk_issues_open"),
    ],
)
orders_overview(page)
overview.map_trend_league(page)
