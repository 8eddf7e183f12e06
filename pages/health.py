"""数据状态"""

from dashboard import shell
from dashboard.panels import cards, frame, overview
from dashboard.panels.cards import CardSpec
from metrics.core.period import Grain

SPEC = shell.PageSpec(
    path="health",
    metrics=("feed_records",),
    grain=Grain.day,
)
page = shell.open_page(__doc__, SPEC)
frame.finding(page)
cards.cards(page, [CardSpec("feed_records")])
overview.map_trend_league(page)
