"""How fresh the data is: the three clocks of business, database and picture, each with a plain verdict. Tiles in a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from data_access.clocks import Clock, Level

#: What a clock is called, by how bad it is.
VERDICTS: dict[Level, str] = {"in_order": "正常", "caution": "偏旧", "broken": "陈旧", "unknown": "不明"}
#: A tile is read from across a room: the rest of what a clock rests on stands in its title.
_NOTES = 3
#: What a fault is called in English, for searching; it stays in the title.
_GLOSS = re.compile(r"（[a-zA-Z][a-zA-Z _.-]*）")


@dataclass(frozen=True)
class Tile:
    """``value`` large, ``notes`` small below it; ``verdict`` in a badge with the colour of ``level``."""

    name: str
    value: str
    level: Level
    verdict: str
    notes: tuple[str, ...] = ()


def tile(name: str, clock: Clock, seen_at: datetime | None = None) -> Tile:
    """A clock as a tile; ``seen_at``: when it was last looked at, where that is worth saying."""
    notes = clock.notes if seen_at is None else (*clock.notes, f"{seen_at:%m-%d %H:%M:%S} 看过库的状态")
    return Tile(name, clock.words, clock.level, VERDICTS[clock.level], notes)


def alt(tiles: Sequence[Tile]) -> str:
    """The row as one sentence."""
    return "，".join(f"{tile.name} {tile.value} {tile.verdict}" for tile in tiles) + "。"


def html(tiles: Sequence[Tile]) -> str:
    """The tiles side by side."""
    return f'<div class="yp-tiles" role="group" aria-label="{escape(alt(tiles))}">{"".join(map(_tile, tiles))}</div>'


def _tile(tile: Tile) -> str:
    plain = [_GLOSS.sub("", note) for note in tile.notes]
    shown = plain if len(plain) <= _NOTES else [*plain[: _NOTES - 1], plain[-1]]
    notes = "".join(f"<p>{escape(note)}</p>" for note in shown)
    return (
        f'<div class="yp-tile" title="{escape("；".join(tile.notes))}"><div><span>{escape(tile.name)}</span>'
        f'<em class="{tile.level}"><i class="yp-dot {tile.level}"></i>{escape(tile.verdict)}</em></div>'
        f"<b>{escape(tile.value)}</b>{notes}</div>"
    )
