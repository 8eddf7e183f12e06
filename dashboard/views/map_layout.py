"""Where everything of a map stands, in pixels: shapes, labels that do not collide, a magnified copy of crowded places.

Pure geometry. The map has no base map and does not move, so it is laid out once for a box of a given size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_access.boundaries import Boundary

Points = NDArray[np.float64]
Shape = tuple[tuple[Points, ...], ...]
Grid = NDArray[np.bool_]
STEP = 3.0
MARGIN = 12.0
#: A label whose box lies inside its region by less than this share counts as crowded out.
ROOMY = 0.62
READABLE = 0.5
INSIDE = 0.85
INSET_SCALES = tuple(1.5 + 0.1 * step for step in range(30, -1, -1))
INSET_TITLE = 26.0
#: How far the frame of the copy stays from the edge: what is drawn there is cut off where the box is a little narrower.
EDGE = 10.0
#: How far beside the map, as a share of its width, a label may stand before the name alone in its place says more.
NEAR = 0.45


@dataclass(frozen=True)
class Rectangle:
    """Left, top, right, bottom in pixels; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    def touches(self, other: Rectangle) -> bool:
        """Whether the two overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def moved(self, right: float, down: float) -> Rectangle:
        """The same rectangle elsewhere."""
        return Rectangle(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def grown(self, by: float) -> Rectangle:
        """Larger by so many pixels on every side."""
        return Rectangle(self.left - by, self.top - by, self.right + by, self.bottom + by)


@dataclass(frozen=True)
class Label:
    """A region's name and value, centred on x, y. ``size``: px of the name; ``value`` may be empty.

    ``inside``: whether it stands on its own region's colour nearly throughout. ``leader``: where the line from a label beside
    the map ends in its region; None for one that stands in it.
    """

    code: str
    x: float
    y: float
    name: str
    value: str
    size: float
    inside: bool
    leader: tuple[float, float] | None = None


@dataclass(frozen=True)
class Inset:
    """A magnified copy: the frame on the page, the part of the map it shows, its shapes."""

    frame: Rectangle
    source: Rectangle
    shapes: Mapping[str, Shape]


@dataclass(frozen=True)
class Layout:
    """The whole picture in pixels of a box width × height."""

    width: float
    height: float
    shapes: Mapping[str, Shape]
    points: Mapping[str, tuple[float, float]]
    labels: tuple[Label, ...]
    inset: Inset | None


@dataclass(frozen=True)
class Projection:
    """Degrees to pixels: equirectangular at the middle latitude, true enough for a province."""

    west: float
    north: float
    stretch: float
    scale: float
    left: float
    top: float

    def place(self, longitude: float, latitude: float) -> tuple[float, float]:
        """The pixel of a point."""
        x, y = self.ring(((longitude, latitude),))[0]
        return float(x), float(y)

    def ring(self, ring: Iterable[tuple[float, float]]) -> Points:
        """A ring of degrees as pixels, shape (n, 2)."""
        degrees = np.array(list(ring), dtype=np.float64)
        x = (degrees[:, 0] - self.west) * self.stretch * self.scale + self.left
        y = (self.north - degrees[:, 1]) * self.scale + self.top
        return np.column_stack([x, y])

    def shape(self, boundary: Boundary) -> Shape:
        """All polygons of a boundary."""
        return tuple(tuple(self.ring(ring) for ring in polygon) for polygon in boundary.polygons)


def lay_out(
    boundaries: Mapping[str, Boundary],
    points: Mapping[str, tuple[float, float]],
    words: Mapping[str, tuple[str, str]],
    width: float,
    height: float,
    factor: float = 1.0,
    *,
    magnify: bool = True,
) -> Layout:
    """The picture of ``boundaries`` (and ``points`` of regions without one) in a box of width × height pixels.

    ``words``: name and value per region code, drawn where there is room. Codes without words get no label. ``magnify``:
    crowded places get a magnified copy.
    """
    projection = _fitted(boundaries, points, width, height)
    shapes = {code: projection.shape(boundary) for code, boundary in boundaries.items()}
    placed = {code: projection.place(*point) for code, point in points.items()}
    size = 15.0 * factor
    crowded = _crowded(shapes, words, size, width, height) if magnify else []
    moved, inset = _with_inset(shapes, crowded, width, height, factor)
    shapes = {code: _shifted(shape, moved) for code, shape in shapes.items()}
    placed = {code: (x + moved, y) for code, (x, y) in placed.items()}
    labels = _labels(shapes, placed, inset, words, size, width, height)
    return Layout(width, height, shapes, placed, labels, inset)


def _fitted(
    boundaries: Mapping[str, Boundary], points: Mapping[str, tuple[float, float]], width: float, height: float
) -> Projection:
    boxes = [boundary.box for boundary in boundaries.values()]
    boxes += [(x - 0.01, y - 0.01, x + 0.01, y + 0.01) for x, y in points.values()]
    west, south = min(box[0] for box in boxes), min(box[1] for box in boxes)
    east, north = max(box[2] for box in boxes), max(box[3] for box in boxes)
    stretch = math.cos(math.radians((south + north) / 2))
    wide, tall = (east - west) * stretch, north - south
    scale = min((width - 2 * MARGIN) / wide, (height - 2 * MARGIN) / tall)
    left, top = (width - wide * scale) / 2, (height - tall * scale) / 2
    return Projection(west, north, stretch, scale, left, top)


def _shifted(shape: Shape, by: float) -> Shape:
    return tuple(tuple(ring + np.array([by, 0.0]) for ring in polygon) for polygon in shape)


def box_of(shapes: Iterable[Shape]) -> Rectangle:
    """The smallest rectangle around the shapes."""
    corners = np.concatenate([polygon[0] for shape in shapes for polygon in shape])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return Rectangle(float(left), float(top), float(right), float(bottom))


# Rasters ----------------------------------------------------------------------------------------------------------


def spans(shape: Shape, y: float) -> list[tuple[float, float]]:
    """Where the horizontal line at ``y`` runs inside the shape (even-odd rule), left to right."""
    crossings: list[float] = []
    for polygon in shape:
        for ring in polygon:
            first, second = ring, np.roll(ring, -1, axis=0)
            cut = (first[:, 1] > y) != (second[:, 1] > y)
            a, b = first[cut], second[cut]
            crossings += (a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])).tolist()
    crossings.sort()
    return list(zip(crossings[::2], crossings[1::2], strict=False))


def raster(shapes: Iterable[Shape], width: float, height: float) -> Grid:
    """Which cells of STEP px lie inside one of the shapes; indexed [row, column]."""
    grid = np.zeros((math.ceil(height / STEP), math.ceil(width / STEP)), dtype=np.bool_)
    for shape in shapes:
        box = box_of([shape])
        for row in range(max(0, int(box.top / STEP)), min(grid.shape[0], int(box.bottom / STEP) + 1)):
            for left, right in spans(shape, (row + 0.5) * STEP):
                grid[row, max(0, round(left / STEP)) : max(0, round(right / STEP))] = True
    return grid


def _sums(grid: Grid) -> NDArray[np.int64]:
    return np.pad(grid.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _filled(sums: NDArray[np.int64], area: Rectangle) -> int:
    rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
    top, bottom = (min(max(int(edge / STEP), 0), rows) for edge in (area.top, area.bottom))
    left, right = (min(max(int(edge / STEP), 0), columns) for edge in (area.left, area.right))
    return int(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


def hatch(shape: Shape, spacing: float) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Diagonal strokes that fill the shape, as pairs of end points."""
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / math.sqrt(2)
    turned = tuple(tuple(ring @ turn for ring in polygon) for polygon in shape)
    box = box_of([turned])
    lines = []
    for y in np.arange(math.ceil(box.top / spacing) * spacing + 0.01, box.bottom, spacing):
        for left, right in spans(turned, float(y)):
            ends = np.array([[left, y], [right, y]]) @ turn.T
            lines.append(((float(ends[0, 0]), float(ends[0, 1])), (float(ends[1, 0]), float(ends[1, 1]))))
    return lines


# The magnified copy -----------------------------------------------------------------------------------------------


def _crowded(
    shapes: Mapping[str, Shape], words: Mapping[str, tuple[str, str]], size: float, width: float, height: float
) -> list[str]:
    """Regions too small for their label, and neighbours among them that are hardly larger; empty for a single one."""
    labelled = {code: shape for code, shape in shapes.items() if code in words}
    rooms = {code: _room(shape, words[code], size, width, height) for code, shape in labelled.items()}
    tight = [code for code, room in rooms.items() if room < ROOMY]
    if len(tight) < 2:
        return []
    around, largest = box_of(shapes[code] for code in tight), max(_area(shapes[code]) for code in tight)
    near = [code for code, shape in labelled.items() if code not in tight and box_of([shape]).touches(around)]
    return [*tight, *(code for code in near if _area(shapes[code]) <= 2.2 * largest)]


def _room(shape: Shape, word: tuple[str, str], size: float, width: float, height: float) -> float:
    return _best_place(shape, *label_size(*word, size), [], width, height)[0]


def _with_inset(
    shapes: Mapping[str, Shape], crowded: list[str], width: float, height: float, factor: float
) -> tuple[float, Inset | None]:
    """How far the map moves aside, and the inset; 0 and None where the crowded places are few, all, or far apart."""
    if not crowded or len(crowded) > 0.8 * len(shapes):
        return 0.0, None
    whole, source = box_of(shapes.values()), box_of(shapes[code] for code in crowded).grown(4)
    if source.width > 0.6 * whole.width and source.height > 0.6 * whole.height:
        return 0.0, None
    occupied = raster(shapes.values(), width, height)
    frame, moved, scale = _roomiest(occupied, whole, source, width, height, factor)
    if frame is None:
        return 0.0, None
    source = replace(source, left=source.left + moved, right=source.right + moved)
    left = frame.left + (frame.width - source.width * scale) / 2
    offset = np.array([left - source.left * scale, frame.top + INSET_TITLE * factor - source.top * scale])
    copies = {
        code: tuple(tuple(ring * scale + offset for ring in polygon) for polygon in _shifted(shapes[code], moved))
        for code in crowded
    }
    return moved, Inset(frame, source, copies)


def _roomiest(
    occupied: Grid, whole: Rectangle, source: Rectangle, width: float, height: float, factor: float
) -> tuple[Rectangle | None, float, float]:
    shifts = (0.0, width - MARGIN - whole.right, MARGIN - whole.left)
    sums = {shift: _sums(np.roll(occupied, round(shift / STEP), axis=1)) for shift in shifts}
    for scale in INSET_SCALES:
        wide, tall = source.width * scale + 16 * factor, source.height * scale + (INSET_TITLE + 8) * factor
        if wide > width * 0.62 or tall > height * 0.72:
            continue
        for shift in shifts:
            for left in (EDGE, width - wide - EDGE):
                for top in (height - tall - 2, 2.0):
                    frame = Rectangle(left, top, left + wide, top + tall)
                    if _filled(sums[shift], frame.grown(6)) == 0:
                        return frame, shift, scale
    return None, 0.0, 1.0


# Labels -----------------------------------------------------------------------------------------------------------


def text_width(text: str, size: float) -> float:
    """About how many px a text takes: a Chinese character one em, anything else a little over half."""
    return sum(1.0 if ord(sign) > 0x2E7F else 0.58 for sign in text) * size


def label_size(name: str, value: str, size: float) -> tuple[float, float]:
    """Width and height in px of the two lines."""
    return max(text_width(name, size), text_width(value, size * 1.15)), size * (2.5 if value else 1.25)


def _labels(
    shapes: Mapping[str, Shape],
    points: Mapping[str, tuple[float, float]],
    inset: Inset | None,
    words: Mapping[str, tuple[str, str]],
    size: float,
    width: float,
    height: float,
) -> tuple[Label, ...]:
    magnified = inset.shapes if inset else {}
    todo = {**{code: shape for code, shape in shapes.items() if code not in magnified}, **magnified}
    ordered = sorted((code for code in todo if code in words), key=lambda code: (_area(todo[code]), code))
    taken: list[Rectangle] = []
    found: list[Label] = []
    frame = [inset.frame] if inset else []
    for code in ordered:
        blocked = [*taken, *([] if code in magnified else frame)]
        label, area = _label(code, todo[code], words[code], size, blocked, width, height)
        if label is not None and area is not None:
            found.append(label)
            taken.append(area)
    for code, (x, y) in sorted(points.items()):
        found += _point_label(code, x, y, words, size, taken)
    known = {label.code for label in found}
    crowded = [code for code in ordered if code not in known]
    if crowded:
        free = _Beside(raster(shapes.values(), width, height), taken, frame, width, height)
        for code in crowded:
            near = None if code in magnified else free.label(code, shapes[code], words[code], size, NEAR * width)
            found += (
                _last_resort(free, code, todo[code], words[code], size, code in magnified) if near is None else [near]
            )
    return tuple(sorted(found, key=lambda label: label.code))


def _last_resort(
    free: _Beside, code: str, shape: Shape, word: tuple[str, str], size: float, magnified: bool
) -> list[Label]:
    """The name alone in its place, else a label far beside; nothing where there is no room for either."""
    blocked = [*free.taken, *([] if magnified else free.frame)]
    label, area = _label(code, shape, (word[0], ""), size, blocked, free.width, free.height)
    if label is not None and area is not None:
        free.taken.append(area)
        return [label]
    far = None if magnified else free.label(code, shape, word, size, math.inf)
    return [] if far is None else [far]


class _Beside:
    """Places beside the map for the labels that have no room in it, nearest first."""

    def __init__(
        self, occupied: Grid, taken: list[Rectangle], frame: list[Rectangle], width: float, height: float
    ) -> None:
        self._sums = _sums(occupied)
        self.taken, self.frame = taken, frame
        self.width, self.height = width, height

    def label(self, code: str, shape: Shape, word: tuple[str, str], size: float, reach: float) -> Label | None:
        """Name and value in one line, with a line to the region; None where no place within ``reach`` px is free."""
        text, em = " ".join(part for part in word if part), size * 0.85
        _, x, y = _best_place(shape, STEP, STEP, [], self.width, self.height)
        wide, tall = text_width(text, em), em * 1.3
        places = [
            (math.hypot(left - x, top - y), left, top)
            for left in np.arange(wide / 2 + 2, self.width - wide / 2 - EDGE, 2 * STEP)
            for top in np.arange(tall / 2 + 2, self.height - tall / 2 - 2, 2 * STEP)
        ]
        for _, left, top in sorted(place for place in places if place[0] <= reach):
            area = _box(float(left), float(top), wide, tall)
            blocked = [*self.taken, *self.frame]
            if _filled(self._sums, area.grown(2)) == 0 and _allowed(area, blocked, self.width, self.height):
                self.taken.append(area)
                return Label(code, float(left), float(top), text, "", em, False, (x, y))
        return None


def _point_label(
    code: str, x: float, y: float, words: Mapping[str, tuple[str, str]], size: float, taken: list[Rectangle]
) -> list[Label]:
    name, value = words.get(code, ("", ""))
    text = f"{name} {value}".strip()
    middle = y + size * 1.3
    area = _box(x, middle, text_width(text, size * 0.85), size)
    if not text or any(area.touches(other) for other in taken):
        return []
    taken.append(area)
    return [Label(code, x, middle, text, "", size * 0.85, False)]


def _label(
    code: str, shape: Shape, word: tuple[str, str], size: float, taken: list[Rectangle], width: float, height: float
) -> tuple[Label | None, Rectangle | None]:
    """The largest form that fits: name and value, both smaller; of a name alone a smaller one still; else none."""
    name, value = word
    forms = [(name, value, size, READABLE), (name, value, size * 0.85, READABLE)]
    forms += [] if value else [(name, "", size * 0.8, 0.6)]
    for first, second, em, least in forms:
        wide, tall = label_size(first, second, em)
        room, x, y = _best_place(shape, wide, tall, taken, width, height)
        if room >= least:
            return Label(code, x, y, first, second, em, room >= INSIDE), _box(x, y, wide, tall)
    return None, None


def _box(x: float, y: float, wide: float, tall: float) -> Rectangle:
    return Rectangle(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)


def _area(shape: Shape) -> float:
    rings = [(polygon[0], np.roll(polygon[0], -1, axis=0)) for polygon in shape]
    return sum(abs(float(np.sum(one[:, 0] * two[:, 1] - two[:, 0] * one[:, 1]))) / 2 for one, two in rings)


def _best_place(
    shape: Shape, wide: float, tall: float, taken: list[Rectangle], width: float, height: float
) -> tuple[float, float, float]:
    """The centre where most of a box wide × tall lies inside the shape: that share, x, y. Share −1: no free place."""
    box = box_of([shape])
    local = tuple(tuple(ring - np.array([box.left, box.top]) for ring in polygon) for polygon in shape)
    sums = _sums(raster([local], box.width + STEP, box.height + STEP))
    middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    best = (-1.0, *middle)
    score = -math.inf
    for x in np.arange(box.left, box.right, 2 * STEP):
        for y in np.arange(box.top, box.bottom, 2 * STEP):
            area = _box(float(x), float(y), wide, tall)
            inside = _filled(
                sums, Rectangle(area.left - box.left, area.top - box.top, area.right - box.left, area.bottom - box.top)
            )
            share = inside * STEP * STEP / (wide * tall)
            away = math.hypot(x - middle[0], y - middle[1]) / max(box.width, box.height)
            if share - 0.35 * away > score and _allowed(area, taken, width, height):
                score, best = share - 0.35 * away, (share, float(x), float(y))
    return best


def _allowed(area: Rectangle, taken: list[Rectangle], width: float, height: float) -> bool:
    inside = area.left >= 0 and area.top >= 0 and area.right <= width and area.bottom <= height
    return inside and not any(area.touches(other) for other in taken)
