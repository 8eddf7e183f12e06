"""A table whose figures carry their doubt: intervals on a common axis, bars to both sides of nothing, and plain cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dashboard.look import MINUS, Tone
from dashboard.views.component import component, opened

_COMPONENT = component("intervals")
CellTone = Literal["better", "worse", "neutral", "caution", "accent", "muted"]


@dataclass(frozen=True)
class Axis:
    """The common scale of a column of pictures: its ends, and the ticks (value, words) over it."""

    first: float
    last: float
    ticks: tuple[tuple[float, str], ...] = ()

    def share(self, value: float | None) -> float | None:
        """Where the value stands, 0 left to 1 right, cut off at the ends; None for none."""
        if value is None:
            return None
        return round(min(max((value - self.first) / ((self.last - self.first) or 1.0), 0.0), 1.0), 4)


def axis_over(
    values: Iterable[float | None], *, unit: str = "", holds: float | None = None, most: int = 4, ends: bool = False
) -> Axis:
    """An axis in round steps that holds all values, and ``holds`` where given (0 for bars), of about ``most`` steps.

    ``ends``: only its two ends are written, for a narrow column.
    """
    known = [value for value in values if value is not None] + ([holds] if holds is not None else [])
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    spread = (high - low) or abs(high) or 1.0
    power = 1e-6
    while power * 10 <= spread / most:
        power *= 10
    step = next(power * part for part in (1, 2, 5, 10, 20) if spread / (power * part) <= most)
    first = int(low // step)
    last = first
    while last * step < high - 1e-9 * step:
        last += 1
    last = max(last, first + 1)
    places = [round(place * step, 9) for place in range(first, last + 1)]
    ticks = tuple(
        (place, "" if ends and index not in (0, len(places) - 1) else f"{place:,.10g}".replace("-", MINUS) + unit)
        for index, place in enumerate(places)
    )
    return Axis(ticks[0][0], ticks[-1][0], ticks)


@dataclass(frozen=True)
class Column:
    """``right``: figures, aligned on the right; ``width``: CSS width, by the content where empty; ``axis``: of pictures;
    ``mean``: a value that a dashed line marks on it."""

    label: str
    right: bool = False
    width: str = ""
    axis: Axis | None = None
    mean: float | None = None


@dataclass(frozen=True)
class Text:
    """A written cell. ``direction`` −1, 1 an arrow; ``title`` is told on hover."""

    text: str
    unit: str = ""
    tone: CellTone = "neutral"
    direction: int = 0
    title: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Range:
    """A figure on the column's axis with its interval; ``before``: the earlier figure, drawn hollow; all in the axis's unit."""

    value: float | None
    lower: float | None = None
    upper: float | None = None
    before: float | None = None
    tone: Tone = "neutral"
    hollow: bool = False
    title: str = ""


@dataclass(frozen=True)
class Sides:
    """A bar from 0 to the value on the column's axis."""

    value: float | None
    tone: CellTone = "muted"
    title: str = ""


Cell = Text | Range | Sides


@dataclass(frozen=True)
class Row:
    """``key``: what a click gives back, which only a row with ``open`` does; ``total``: all rows together; ``quiet``: a row
    without a plain figure; ``alt``: the row as a screen reader says it."""

    key: str
    cells: Sequence[Cell]
    open: bool = False
    selected: bool = False
    total: bool = False
    quiet: bool = False
    alt: str = ""


def payload(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    label: str,
    empty: str,
    foot: str = "",
    compact: bool = False,
    height: float = 0.0,
) -> dict[str, Any]:
    """What the browser is sent: plain values. ``label``: the table as one sentence; ``empty``: why there is no row and what
    to do; ``compact``: lower rows; ``height``: rem from which on it scrolls
    inside, never where 0. Raises ValueError for a row with too many or too few cells."""
    wrong = [row.key for row in rows if len(row.cells) != len(columns)]
    if wrong:
        raise ValueError(f"rows {wrong} have not {len(columns)} cells")
    return {
        "columns": [_column(column) for column in columns],
        "rows": [_row(row, columns) for row in rows],
        "label": label,
        "empty": empty,
        "foot": foot,
        "compact": compact,
        "height": height,
    }


def show(table: dict[str, Any], *, key: str) -> str | None:
    """Draw the table; the key of the row opened in this run (click or Enter), else None. Needs a Streamlit session."""
    result = _COMPONENT(key=key, data=table, on_opened_change=lambda: None)
    return opened(result, {row["key"] for row in table["rows"] if row["open"]})


def _column(column: Column) -> dict[str, Any]:
    axis = column.axis
    return {
        "label": column.label,
        "right": column.right,
        "width": column.width,
        "ticks": [] if axis is None else [{"at": axis.share(value), "text": text} for value, text in axis.ticks],
        "mean": None if axis is None else axis.share(column.mean),
    }


def _row(row: Row, columns: Sequence[Column]) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("key", "open", "selected", "total", "quiet", "alt")}
    return plain | {"cells": [_cell(cell, column) for cell, column in zip(row.cells, columns, strict=True)]}


def _cell(cell: Cell, column: Column) -> dict[str, Any]:
    """The browser tells them apart by what they hold: ``text``, ``zero`` or ``low``; a picture of nothing has no ``at``."""
    if isinstance(cell, Text):
        return asdict(cell)
    axis = column.axis
    at = None if axis is None else axis.share(cell.value)
    if axis is None or at is None:
        return {"at": None, "title": cell.title}
    if isinstance(cell, Sides):
        return {"at": at, "zero": axis.share(0.0), "tone": cell.tone, "title": cell.title}
    return {
        "at": at,
        "low": axis.share(cell.lower),
        "high": axis.share(cell.upper),
        "before": axis.share(cell.before),
        "tone": cell.tone,
        "hollow": cell.hollow,
        "title": cell.title,
    }
