"""To which level people went above their own, and with how many."""

from __future__ import annotations

from typing import Any

from dashboard import bar
from dashboard.page import Page
from dashboard.panels.crossfilter import chosen, follow, without
from dashboard.panels.frame import changes, narrowed, panel
from dashboard.views import level_steps
from dashboard.views.level_steps import Step
from metrics.core.query import Query
from metrics.registry import metrics

_BATCHES, _PERSONS, _SHARE = "over_level_batches", "over_level_persons", "over_level_share"
_DIMENSION = "received_level"
_NAMES = {"3": "到市级", "4": "到省级", "5": "到国家级"}
#: Always shown, also with nothing; a level below them only where something occurred.
_ALWAYS = ("3", "4", "5")


def level_steps_panel(page: Page) -> None:
    """Over-level visits by the level that received them; a click narrows the page to a level. A filter on it is outlined, not
    followed."""
    batches, persons = metrics()[_BATCHES], metrics()[_PERSONS]
    free, selected = without(page, _DIMENSION), chosen(page, _DIMENSION)
    steps = [_step(free, code, code in selected) for code in _levels(free)]
    detail = f"越级走访 · {bar.span_label(page)} · 点选可筛选{narrowed(free, batches)}"
    with panel("steps", "到哪一级", detail, batches):
        clicked = level_steps.show(level_steps.payload(steps, batches, persons), key="steps")
    if clicked is not None:
        follow(page, ((_DIMENSION, clicked),))


def _levels(page: Page) -> list[str]:
    query = Query((_BATCHES,), page.region.code, page.region.level, page.period, by=(_DIMENSION,))
    found = {str(code) for code in page.ask(query)[_DIMENSION] if code is not None}
    return sorted({*found, *_ALWAYS})


def _step(page: Page, code: str, selected: bool) -> Step:
    """Asked level by level: where nothing occurred there is a zero, which can be compared too."""
    frame = page.compared([_BATCHES, _PERSONS, _SHARE], where=((_DIMENSION, (code,)),))
    rows: dict[str, dict[str, Any]] = {row["metric"]: row for row in frame.iter_rows(named=True)}
    batches = rows[_BATCHES]
    return Step(
        code,
        _NAMES.get(code, f"到{page.names.of(_DIMENSION, code)}级"),
        batches | {"year_ago": batches["other"]},
        rows[_PERSONS],
        rows[_SHARE],
        changes(page, batches, metrics()[_BATCHES]),
        selected,
    )
