"""Pictures that narrow the page by a dimension and go on showing all its codes, the chosen ones marked."""

from __future__ import annotations

from dataclasses import replace

from dashboard.page import Page
from metrics.core.query import FilterValue


def without(page: Page, *dimensions: str) -> Page:
    """The page as if it were not narrowed by these dimensions: to ask its questions, not to take its steps."""
    selection = page.selection
    for dimension in dimensions:
        selection = selection.filtered(dimension, ())
    return replace(page, selection=selection)


def chosen(page: Page, dimension: str) -> tuple[FilterValue, ...]:
    """The codes of the dimension that the page is narrowed to."""
    return dict(page.selection.where).get(dimension, ())


def follow(page: Page, pairs: tuple[tuple[str, FilterValue], ...]) -> None:
    """Narrow the page by these codes; where it is narrowed by exactly them already, widen it again. Ends the run."""
    if all(chosen(page, dimension) == (code,) for dimension, code in pairs):
        page.show(without(page, *(dimension for dimension, _ in pairs)).selection)
    else:
        page.narrow(*pairs)
