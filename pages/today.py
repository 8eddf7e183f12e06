"""今日态势"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, news, today
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = PageSpec(
    path="",
    metrics=(
        "petition_volume",
        "visit_batches",
        "group_visit_batches",
        "over_level_batches",
        "mediation_accepted",
        "police_disputes",
        "mediation_success_rate",
        "reply_on_time_rate",
        "overdue_petitions",
    ),
    grain=Grain.day,
    since_meeting=True,
)
page = shell.open_page(__doc__, SPEC)
told = news.read(page)
news.finding(page, told)
cards.cards(
    page,
    [
        CardSpec("petition_volume", label="登记", page="volume"),
        CardSpec("visit_batches", label="来访", page="volume"),
        CardSpec("over_level_batches", label="越级走访", page="over_level"),
        CardSpec("mediation_success_rate", days=28, page="mediation"),
        CardSpec("reply_on_time_rate", days=28, page="quality"),
        CardSpec("overdue_petitions", page="quality"),
    ],
)
today.screen(page, told)
