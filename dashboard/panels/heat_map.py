"""Two dimensions of the page's figures against each other; a click narrows the page by them."""

from __future__ import annotations

from dataclasses import replace

from dashboard.look import unit_of
from dashboard.page import Page
from dashboard.panels.crossfilter import chosen, follow, without
from dashboard.panels.frame import narrowed, panel
from dashboard.views import heat_map
from dashboard.views.heat_map import Figures, Side
from metrics.core.query import FilterValue, Query
from metrics.labels import CODE_LABELS, DIMENSION_LABELS
from metrics.registry import metrics


def heat_map_panel(page: Page, key: str, rows: str, columns: str, *, most: int = heat_map.MOST_ROWS) -> None:
    """The metric by two dimensions in the selected region and period.

    Filters on these two are not followed but outlined, so that one can step from cell to cell; all others are. A click
    narrows by the cell, a row or a column, and one on what is chosen already lets it go.
    """
    metric, free = metrics()[key], without(page, rows, columns)
    down, across = _side(page, rows), _side(page, columns)
    picture = heat_map.build(_figures(free, key, rows, columns), metric, down, across, most=most)
    beside = "描边为已选" if down.selected or across.selected else "点选可筛选"
    detail = f"{metric.label}（{unit_of(metric)}）· {beside}{narrowed(free, metric)}"
    with panel("heat", f"{down.label} × {across.label}", detail, metric):
        clicked = heat_map.show(picture, key="heat")
    if clicked is not None:
        follow(page, clicked)


def _side(page: Page, dimension: str) -> Side:
    def name(code: FilterValue) -> str:
        return page.names.of(dimension, code)

    return Side(
        dimension, DIMENSION_LABELS[dimension], name, list(CODE_LABELS.get(dimension, {})), chosen(page, dimension)
    )


def _figures(page: Page, key: str, rows: str, columns: str) -> Figures:
    whole = Query((key,), page.region.code, page.region.level, page.period)
    return Figures(
        page.ask(replace(whole, by=(rows, columns))),
        page.ask(replace(whole, by=(rows,))),
        page.ask(replace(whole, by=(columns,))),
        page.ask(whole),
    )
