"""自助分析"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import explore, explore_views
from metrics.core.period import Grain

SPEC = PageSpec(path="explore", metrics=("petition_volume",), grain=Grain.month, free=True)
page = shell.open_page(__doc__, SPEC)
explore.heading(page)
explore_views.row(page)
explore.question_and_answer(page)
