"""The selected region's figure day by day on a calendar; a click selects the day."""

from __future__ import annotations

from datetime import date, timedelta

from dashboard import answers
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel
from dashboard.span import Span
from dashboard.views import calendar_map
from metrics.core.calendar import calendar
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics

_WEEKS = timedelta(weeks=53)
#: What a narrow page shows at least. A period within these weeks is seen without moving the calendar.
_NEAR = timedelta(weeks=25)


def calendar_panel(page: Page, key: str) -> None:
    """The count ``key`` of the last weeks by day, holidays and unusual days marked."""
    metric = metrics()[key]
    shown = _shown(page, key)
    if shown is None:
        return
    query = Query((key,), page.region.code, page.region.level, shown, Grain.day)
    picture = calendar_map.payload(page.ask(query), metric, calendar(), band=page.signals(query), selected=page.period)
    with panel(
        "calendar",
        f"每日{metric.label}",
        f"{page.region.name} · 描边为所选期间，点选一天即看当天{narrowed(page, metric)}",
        metric,
    ):
        day = calendar_map.show(picture, key="calendar")
    if day is not None:
        span = Span.holding(day, Grain.day)
        page.at(page.default.span if span == page.selection.span else span)


def _shown(page: Page, key: str) -> Period | None:
    """Up to the business date, so that a click does not move the picture; further back only for a period long ago."""
    last = page.business_date
    if page.period.start < last - _NEAR:
        last = min(last, page.period.last + _NEAR / 2)
    begun: date | None = answers.begins(page.snapshot, metrics()[key])
    first = last - _WEEKS + timedelta(days=1)
    return None if begun is None or begun > last else Period.inclusive(max(first, begun), last)
