"""Names beside the points of a funnel, placed so that none covers a point or another name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboard.views.map_layout import text_width

Box = tuple[float, float, float, float]
#: Where a name may stand beside its point, the best place first; the words are plotly's.
_PLACES = (
    "middle right",
    "middle left",
    "top center",
    "bottom center",
    "top right",
    "bottom right",
    "top left",
    "bottom left",
)
#: How much worse it is to hide a point than to write over another name.
_POINT = 4.0
#: And a name that may not cover another one takes any place before that.
_NAME = 1e6


@dataclass(frozen=True)
class Spot:
    """A point to be named: ``x`` and ``y`` px from the top left of the picture.

    ``must``: named even where it covers points or another name; ``wanted``: even where it covers points, but no name.
    """

    code: str
    name: str
    x: float
    y: float
    must: bool = False
    wanted: bool = False


def place_names(spots: Sequence[Spot], width: float, height: float, size: float, radius: float) -> dict[str, str]:
    """Code → plotly's word for where its name stands; a name that finds no free place is left to the hover.

    ``size``: px of the type; ``radius``: px of a point. Those that must be named choose first, then those that are wanted,
    and where nothing is free they take the place that covers least.
    """
    points = [(spot.x - radius, spot.y - radius, spot.x + radius, spot.y + radius) for spot in spots]
    taken: list[Box] = []
    placed: dict[str, str] = {}
    for spot in sorted(spots, key=lambda spot: (not spot.must, not spot.wanted, spot.y, spot.code)):
        boxes = dict(_boxes(spot, size, radius))
        inside = [word for word, box in boxes.items() if _inside(box, width, height)] or list(boxes)
        names = {word: sum(_overlap(boxes[word], name) for name in taken) for word in inside}
        hidden = {word: sum(_overlap(boxes[word], point) for point in points) for word in inside}
        best = min(inside, key=lambda word: names[word] * (1 if spot.must else _NAME) + _POINT * hidden[word])
        free = names[best] == 0 and (hidden[best] == 0 or spot.wanted) and _inside(boxes[best], width, height)
        if free or spot.must:
            placed[spot.code] = best
            taken.append(boxes[best])
    return placed


def _boxes(spot: Spot, size: float, radius: float) -> Iterator[tuple[str, Box]]:
    wide, high, gap = text_width(spot.name, size), size * 1.2, radius + 3
    for word in _PLACES:
        row, column = word.split()
        aside = gap if row == "middle" else radius / 2
        left = {"right": spot.x + aside, "left": spot.x - aside - wide}.get(column, spot.x - wide / 2)
        top = {"top": spot.y - gap - high, "bottom": spot.y + gap}.get(row, spot.y - high / 2)
        yield word, (left, top, left + wide, top + high)


def _inside(box: Box, width: float, height: float) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height


def _overlap(one: Box, other: Box) -> float:
    """The area that both cover, px²."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)
