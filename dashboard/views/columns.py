"""The map seen aslant, with a column on every region: the one picture in which height is drawn.

Pure geometry on a flat layout: the ground is pressed together, the columns stand on it from back to front. No camera and no
perspective, so equal heights are equal everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dashboard.views.map_layout import Label, Layout, Points, Rectangle, Shape, text_width

#: How far the ground is pressed together, and which share of the box the highest column takes.
TILT, TALLEST = 0.62, 0.34
_WIDTH, _DEPTH = 15.0, 7.0
Corners = list[list[float]]


@dataclass(frozen=True)
class Column:
    """One column: the region, its three visible faces as rings of pixels, and where its top ends."""

    code: str
    front: Corners
    side: Corners
    top: Corners
    head: tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """The pressed ground with its columns, back to front, and the labels over them."""

    layout: Layout
    columns: tuple[Column, ...]


def flat_height(height: float) -> float:
    """How tall the flat map must be laid out to stand in a box of that height."""
    return height * (1 - TALLEST) / TILT


def stand(
    flat: Layout, height: float, heights: Mapping[str, float], words: Mapping[str, tuple[str, str]], factor: float = 1.0
) -> Standing:
    """The flat map (laid out ``flat_height`` tall, without an inset) in a box of that ``height``.

    ``heights``: region code → 0 … 1 of the highest column; a region without one gets none. ``words``: name and value,
    written where they collide with nothing.
    """
    room = height * TALLEST
    ground = {code: _pressed(shape, room) for code, shape in flat.shapes.items()}
    points = {code: (x, y * TILT + room) for code, (x, y) in flat.points.items()}
    feet = {code: _foot(shape) for code, shape in ground.items() if code in heights} | {
        code: point for code, point in points.items() if code in heights
    }
    order = sorted(feet, key=lambda code: (feet[code][1], code))
    columns = tuple(_column(code, *feet[code], heights[code] * room * 0.84, factor) for code in order)
    labels = _labels(columns, words, flat, factor)
    return Standing(Layout(flat.width, height, ground, points, labels, None), columns)


def _pressed(shape: Shape, room: float) -> Shape:
    stretch, move = np.array([1.0, TILT]), np.array([0.0, room])
    return tuple(tuple(ring * stretch + move for ring in polygon) for polygon in shape)


def _foot(shape: Shape) -> tuple[float, float]:
    """The centre of gravity of the largest polygon."""
    rings = [polygon[0] for polygon in shape]
    ring = max(rings, key=lambda corners: abs(_twice_area(corners)))
    following = np.roll(ring, -1, axis=0)
    cross = ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]
    total = float(cross.sum())
    if total == 0:
        return float(ring[:, 0].mean()), float(ring[:, 1].mean())
    x, y = (((ring[:, axis] + following[:, axis]) * cross).sum() / (3 * total) for axis in (0, 1))
    return float(x), float(y)


def _twice_area(ring: Points) -> float:
    following = np.roll(ring, -1, axis=0)
    return float((ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]).sum())


def _column(code: str, x: float, y: float, tall: float, factor: float) -> Column:
    half, depth = _WIDTH * factor / 2, _DEPTH * factor
    left, right, top = x - half, x + half, y - tall
    return Column(
        code,
        [[left, y], [right, y], [right, top], [left, top], [left, y]],
        [[right, y], [right + depth, y - depth], [right + depth, top - depth], [right, top], [right, y]],
        [[left, top], [right, top], [right + depth, top - depth], [left + depth, top - depth], [left, top]],
        (x + depth / 2, top - depth),
    )


def _labels(
    columns: tuple[Column, ...], words: Mapping[str, tuple[str, str]], flat: Layout, factor: float
) -> tuple[Label, ...]:
    """Over each column, the front ones first; a name that finds no room is left out before a value is."""
    size = 14.0 * factor
    taken = [_body(column) for column in columns]
    found: list[Label] = []
    for column in reversed(columns):
        name, value = words.get(column.code, ("", ""))
        for first, second in ((name, value), (value, "")):
            label = _over(column, first, second, size)
            area = label_box(label)
            inside = area.left >= 0 and area.right <= flat.width and area.top >= 0
            if first and inside and not any(area.touches(other) for other in taken):
                found.append(label)
                taken.append(area)
                break
    return tuple(sorted(found, key=lambda label: label.code))


def _body(column: Column) -> Rectangle:
    xs = [x for face in (column.front, column.side, column.top) for x, _ in face]
    ys = [y for face in (column.front, column.side, column.top) for _, y in face]
    return Rectangle(min(xs), min(ys), max(xs), max(ys))


def _over(column: Column, first: str, second: str, size: float) -> Label:
    x, y = column.head
    tall = size * (2.4 if second else 1.2)
    return Label(column.code, x, y - tall / 2 - 2, first, second, size, False)


def label_box(label: Label) -> Rectangle:
    """The pixels that a label over a column takes."""
    tall = label.size * (2.4 if label.value else 1.2)
    wide = max(text_width(label.name, label.size), text_width(label.value, label.size * 1.12))
    return Rectangle(label.x - wide / 2, label.y - tall / 2, label.x + wide / 2, label.y + tall / 2)
