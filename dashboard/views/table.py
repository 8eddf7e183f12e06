"""A plain table of prepared cells: orders, ledger, departments, issues. A row may open something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dashboard.views.component import component, opened

_COMPONENT = component("table")
CellTone = Literal["better", "worse", "neutral", "caution", "accent", "muted"]


@dataclass(frozen=True)
class Column:
    """``right``: figures, aligned on the right; ``width``: CSS width, by the content where empty; ``wrap``: sentences, which
    may take several lines. The label may be broken by ``\\n``."""

    label: str
    right: bool = False
    width: str = ""
    wrap: bool = False


@dataclass(frozen=True)
class Cell:
    """``unit`` stands small behind the text; ``bar`` 0–1 draws a bar instead of or under it; ``interval`` (low, point, high),
    each 0–1 along an axis that the column shares, draws a point with its doubt; ``mark`` 0–1 a dashed line across either;
    ``direction`` −1, 1 an arrow; ``title`` is told on hover; ``open``: what a click on this cell alone gives back; ``shade``
    0–1 tints its ground."""

    text: str
    tone: CellTone = "neutral"
    unit: str = ""
    title: str = ""
    strong: bool = False
    bar: float | None = None
    interval: tuple[float, float, float] | None = None
    mark: float | None = None
    direction: int = 0
    open: str = ""
    shade: float | None = None


@dataclass(frozen=True)
class Row:
    """``key``: what a click gives back, which only a row with ``open`` does; ``alt``: the row as a screen reader says it."""

    key: str
    cells: Sequence[Cell]
    open: bool = False
    selected: bool = False
    quiet: bool = False
    alt: str = ""


def payload(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    label: str,
    empty: str,
    foot: str = "",
    height: float = 0,
    fixed: bool = False,
    dense: bool = False,
    compact: bool = False,
) -> dict[str, Any]:
    """What the browser is sent. ``label``: the table as one sentence; ``empty``: why there is no row and what to do;
    ``height``: rem from which on it scrolls inside, ``fixed``: which it always has; ``dense``: closer rows, as those of a
    league; ``compact``: small and close, for matrices. Raises ValueError for a row with too many or too few cells."""
    wrong = [row.key for row in rows if len(row.cells) != len(columns)]
    if wrong:
        raise ValueError(f"rows {wrong} have not {len(columns)} cells")
    return {
        "columns": [asdict(column) for column in columns],
        "rows": [asdict(row) for row in rows],
        "label": label,
        "empty": empty,
        "foot": foot,
        "height": height,
        "fixed": fixed,
        "density": "compact" if compact else "dense" if dense else "",
    }


def show(table: dict[str, Any], *, key: str) -> str | None:
    """Draw the table; the key of the row or cell opened in this run (click or Enter), else None."""
    result = _COMPONENT(key=key, data=table, on_opened_change=lambda: None)
    return opened(result, openable(table))


def openable(table: dict[str, Any]) -> set[str]:
    """What a click in that payload's table may give back."""
    rows = {row["key"] for row in table["rows"] if row["open"]}
    return rows | {cell["open"] for row in table["rows"] for cell in row["cells"] if cell["open"]}
