"""One page of a long table: sorted by a click on a head, searched, turned, all by the server. Cells are prepared text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dashboard.look import count
from dashboard.views.component import component
from dashboard.views.table import CellTone

_COMPONENT = component("explore_table")
_MOST_LETTERS = 40


@dataclass(frozen=True)
class Head:
    """A column. ``key``: by what a click sorts, empty where it cannot; ``unit`` stands small below the label; ``right``:
    figures; ``sorted``: 1 from the least, −1 from the greatest, 0 not by this column."""

    label: str
    key: str = ""
    unit: str = ""
    right: bool = False
    sorted: int = 0
    title: str = ""


@dataclass(frozen=True)
class Cell:
    """``note``: small, behind the text; ``code``: what a click gives back, empty for a plain cell."""

    text: str
    note: str = ""
    title: str = ""
    tone: CellTone = "neutral"
    direction: int = 0
    code: str = ""


@dataclass(frozen=True)
class Step:
    """What was done in this run. ``sort`` by a word, ``-`` before it for the greatest first; ``page`` number; ``find`` letters;
    ``open`` a cell."""

    kind: Literal["sort", "page", "find", "open"]
    word: str


@dataclass(frozen=True)
class Paging:
    """``first``: number of the first row shown, from 1; ``rows``: how many there are in all; ``page`` of ``pages``."""

    first: int
    rows: int
    page: int
    pages: int


def payload(
    heads: Sequence[Head],
    rows: Sequence[Sequence[Cell]],
    paging: Paging,
    *,
    label: str,
    find: str,
    empty: str,
    foot: str = "",
) -> dict[str, Any]:
    """What the browser is sent. ``label``: the table as one sentence. Raises ValueError for a row with too many or too few cells."""
    if any(len(row) != len(heads) for row in rows):
        raise ValueError(f"a row has not {len(heads)} cells")
    last = paging.first + len(rows) - 1
    said = f"第 {count(paging.first)}–{count(last)} 行，共 {count(paging.rows)} 行" if rows else "0 行"
    return {
        "heads": [asdict(head) for head in heads],
        "rows": [[_short(cell) for cell in row] for row in rows],
        "label": label,
        "find": find,
        "said": said if paging.pages > 1 else f"共 {count(paging.rows)} 行",
        "page": paging.page,
        "pages": paging.pages,
        "empty": empty,
        "foot": foot,
    }


def _short(cell: Cell) -> dict[str, Any]:
    """Only what the cell has: most have a text and nothing else."""
    return {name: value for name, value in asdict(cell).items() if name == "text" or value not in ("", 0, "neutral")}


def show(table: dict[str, Any], *, key: str) -> Step | None:
    """Draw the table; what was done to it in this run, else None."""
    result = _COMPONENT(key=key, data=table, on_opened_change=lambda: None)
    return step(result.opened, table)


def step(word: object, table: dict[str, Any]) -> Step | None:
    """The browser's word as a step, if it is one that the table offers: a browser may send anything."""
    kind, colon, rest = word.partition(":") if isinstance(word, str) else ("", "", "")
    if not colon:
        return None
    if kind == "find":
        return Step("find", "".join(letter for letter in rest if letter.isprintable())[:_MOST_LETTERS].strip())
    if kind == "page":
        fits = rest.isascii() and rest.isdigit() and 1 <= int(rest[:9]) <= table["pages"]
        return Step("page", str(int(rest))) if fits else None
    if kind == "sort":
        return Step("sort", rest) if rest.removeprefix("-") in {head["key"] for head in table["heads"]} - {""} else None
    openable = {cell["code"] for row in table["rows"] for cell in row if "code" in cell}
    return Step("open", rest) if kind == "open" and rest in openable else None
