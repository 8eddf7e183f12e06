"""指标口径"""

from dashboard import shell
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="catalogue",
    metrics=(
        "petition_volume",
        "mediation_success_rate",
    ),
    grain=Grain.month,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(page, [CardSpec("petition_volume")])
overview.map_trend_league(page)
