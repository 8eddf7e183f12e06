"""越级走访"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, frame, over_level, standing_out
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = PageSpec(
    path="over_level",
    metrics=("over_level_per_10k", "over_level_batches", "over_level_persons", "over_level_share"),
    grain=Grain.quarter,
)
page = shell.open_page(__doc__, SPEC)
found = standing_out.remark(page)
frame.finding(page, found.clause, found.aside)
cards.cards(
    page,
    [
        CardSpec("over_level_batches"),
        CardSpec("over_level_persons"),
        CardSpec("over_level_share"),
        CardSpec("over_level_per_10k"),
        CardSpec("group_visit_batches"),
        CardSpec("group_visit_persons"),
    ],
)
over_level.composition(page)
