"""Boundaries of regions: GeoJSON that comes with the project, and the deployment's own over it.

A feature belongs to the region whose code begins with its id (6 digits for counties and above, 9 for townships). Own
files lie in ``config/boundaries/*.geojson`` and win over the bundled ones, feature by feature. Coordinates: WGS 84 degrees.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from data_access.settings import SettingsError, config_folder

BUNDLED = Path(__file__).parent / "geo"
Ring = tuple[tuple[float, float], ...]
Polygon = tuple[Ring, ...]


@dataclass(frozen=True)
class Boundary:
    """One region's polygons, each an outer ring and its holes. ``schematic``: a drawing aid and no real border."""

    code: str
    name: str
    polygons: tuple[Polygon, ...]
    schematic: bool = False
    special: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        longitudes = [x for polygon in self.polygons for x, _ in polygon[0]]
        latitudes = [y for polygon in self.polygons for _, y in polygon[0]]
        return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def boundaries_of(codes: Iterable[str]) -> dict[str, Boundary]:
    """The boundaries known for these 12-digit region codes; a region without one is simply not there.

    Raises SettingsError for an own file that cannot be read.
    """
    known = _known(config_folder() / "boundaries")
    return {code: known[code] for code in codes if code in known}


def special_units(codes: Iterable[str]) -> tuple[Boundary, ...]:
    """Areas that belong to no county but lie between these regions (farms, reserves): they are drawn, never counted."""
    drawn = list(boundaries_of(codes).values())
    units = [unit for unit in _known(config_folder() / "boundaries").values() if unit.special]
    return tuple(unit for unit in units if unit.code not in codes and any(_overlap(unit.box, one.box) for one in drawn))


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@cache
def _known(own: Path) -> dict[str, Boundary]:
    # A coarser "lite" file and the schematic one come first, so that a finer one of the same region replaces them.
    bundled = sorted(BUNDLED.glob("*.geojson"), key=lambda path: ("_lite" not in path.stem, path.name))
    found: dict[str, Boundary] = {}
    for path in [*bundled, *sorted(own.glob("*.geojson"))]:
        found.update({boundary.code: boundary for boundary in _read(path)})
    return found


def _read(path: Path) -> Iterator[Boundary]:
    try:
        features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
        yield from [boundary for feature in features if (boundary := _boundary(feature)) is not None]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise SettingsError(f"读不懂边界文件 {path.name}：要 GeoJSON FeatureCollection，坐标为 WGS 84 经纬度") from None


def _boundary(feature: dict[str, Any]) -> Boundary | None:
    properties, geometry = feature.get("properties") or {}, feature.get("geometry") or {}
    identity = str(properties.get("adcode") or feature.get("id") or "")
    if not (identity.isdigit() and len(identity) <= 12) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return None
    coordinates = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    polygons = tuple(tuple(_ring(ring) for ring in polygon) for polygon in coordinates)
    return Boundary(
        code=identity.ljust(12, "0"),
        name=str(properties.get("name") or ""),
        polygons=polygons,
        schematic=bool(properties.get("schematic")),
        special=properties.get("level") == "special",
    )


def _ring(ring: list[list[float]]) -> Ring:
    return tuple((float(point[0]), float(point[1])) for point in ring)
