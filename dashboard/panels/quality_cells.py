"""Cells of the tables of 办理质效: a rate with both its figures, and its doubt along a shared axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dashboard import look
from dashboard.look import DASH, exact, parts, unit_of
from dashboard.views.table import Cell, CellTone
from metrics.core.model import Metric

Row = dict[str, Any]


@dataclass(frozen=True)
class Axis:
    """The raw values at the left and right edge of a column's pictures."""

    first: float
    last: float

    @classmethod
    def over(cls, rows: Iterable[Row], *marks: float | None) -> Axis:
        """An axis that holds every plain row's interval and the marks, with a little room, inside 0–1."""
        ends = [row[name] for row in rows if plain(row) for name in ("lower", "upper") if row.get(name) is not None]
        ends += [mark for mark in marks if mark is not None]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        room = 0.06 * (high - low)
        return cls(max(low - room, 0.0) if low else 0.0, high + room)

    def share(self, value: float) -> float:
        """Where the value stands, 0 left to 1 right."""
        return min(max((value - self.first) / ((self.last - self.first) or 1.0), 0.0), 1.0)


def plain(row: Row | None) -> bool:
    """Whether the observation has a value that may be compared."""
    return row is not None and row["state"] == "ok" and row["value"] is not None


def state_word(row: Row | None) -> str:
    """The word for an observation without a plain value."""
    return look.state_label(None if row is None else row["state"])


def state_reason(row: Row | None) -> str:
    """Why there is no plain value."""
    return look.state_reason(None if row is None else row["state"])


def rate_cell(row: Row | None, metric: Metric, *, counted: bool = True) -> Cell:
    """The figure, behind it numerator and denominator (``counted``); the word and reason of a state instead of it."""
    if row is None or not plain(row):
        known = row is not None and row["state"] == "small_n"
        return Cell(state_word(row), "muted", unit=_parts(row) if known else "", title=state_reason(row))
    unit = f"{unit_of(metric)} {_parts(row)}" if counted else unit_of(metric)
    return Cell(exact(row["value"], metric), unit=unit.strip(), strong=True, title=_parts(row))


def interval_cell(row: Row | None, axis: Axis, *, mark: float | None = None) -> Cell:
    """The rate's 95 % interval; blue or orange only by the verdict of the group's limits."""
    line = None if mark is None else axis.share(mark)
    if row is None or not plain(row) or row.get("lower") is None:
        return Cell("")
    low, high = axis.share(row["lower"]), axis.share(row["upper"])
    title = f"95% 区间 {100 * row['lower']:.1f}%–{100 * row['upper']:.1f}%"
    return Cell("", tone(row), title=title, interval=(low, axis.share(row["value"]), high), mark=line)


def tone(row: Row) -> CellTone:
    """Better or worse as judged against the group, else neutral."""
    verdict = row.get("verdict")
    return "better" if verdict == "better" else "worse" if verdict == "worse" else "neutral"


def count_cell(number: int | None, *, tone: CellTone = "neutral", strong: bool = False, title: str = "") -> Cell:
    """A count; a zero stands back."""
    if number is None:
        return Cell(DASH, "muted", title=title)
    return Cell(f"{number:,}", "muted" if number == 0 else tone, strong=strong and number > 0, title=title)


def _parts(row: Row | None) -> str:
    return "" if row is None else parts(row["numerator"], row["denominator"])
