"""办理质效"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, flow, organs, quality
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = PageSpec(
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
    switches=(flow.COHORT, *organs.SWITCHES),
)
page = shell.open_page(__doc__, SPEC)
quality.finding(page)
cards.cards(
    page,
    [
        CardSpec("reply_on_time_rate"),
        CardSpec("accept_on_time_rate"),
        CardSpec("overdue_petitions"),
        CardSpec("reply_due_in_7_days"),
        CardSpec("satisfaction_rate"),
        CardSpec("evaluation_rate"),
    ],
)
quality.first_screen(page)
quality.below(page)
