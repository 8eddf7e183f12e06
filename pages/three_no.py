"""三无创建"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, three_no
from dashboard.panels.cards import CardSpec
from dashboard.panels.three_no_overview import three_no_overview
from metrics.core.period import Grain

SPEC = PageSpec(
    path="three_no",
    metrics=(
        "three_no_share",
        "no_case_share",
        "no_accident_share",
        "no_petition_share",
    ),
    grain=Grain.month,
)
page = shell.open_page(__doc__, SPEC)
three_no.finding(page)
cards.cards(
    page,
    [
        CardSpec("three_no_share"),
        CardSpec("no_case_share"),
        CardSpec("no_accident_share"),
        CardSpec("no_petition_share"),
    ],
)
three_no_overview(page)
