"""信访总量"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import cards, frame, standing_out, volume
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = PageSpec(
    path="volume",
    metrics=("petition_volume", "petition_per_10k", "first_petitions", "repeat_share", "web_share", "visit_batches"),
    grain=Grain.month,
)
page = shell.open_page(__doc__, SPEC)
found = standing_out.remark(page)
frame.finding(page, found.clause, found.aside)
cards.cards(
    page,
    [
        CardSpec("petition_volume"),
        CardSpec("petition_persons"),
        CardSpec("petition_per_10k"),
        CardSpec("repeat_share"),
        CardSpec("web_share"),
        CardSpec("group_visit_batches"),
    ],
)
volume.composition(page)
