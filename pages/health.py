"""数据状态"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import health
from dashboard.panels.restated import AGAINST
from metrics.core.period import Grain

SPEC = PageSpec(path="health", metrics=("feed_records",), grain=Grain.month, switches=(AGAINST,))
page = shell.open_page(__doc__, SPEC)
health.overview(page)
