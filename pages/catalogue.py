"""指标口径"""

from dashboard import shell
from dashboard.page import PageSpec
from dashboard.panels import catalogue
from metrics.core.period import Grain

SPEC = PageSpec(path="catalogue", metrics=catalogue.KEYS, grain=Grain.month, switches=(catalogue.SOUGHT,))
page = shell.open_page(__doc__, SPEC)
catalogue.browser(page)
