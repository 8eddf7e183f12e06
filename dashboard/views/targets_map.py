"""The map by target: which regions have reached what is aimed at, which are near, which are further below.

The picture is that of ``region_map``, painted anew in three colours that are told apart by lightness too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

import polars as pl

from dashboard.look import STATE_LABELS, Look, channels, mixed
from dashboard.views import region_map
from dashboard.views.region_map import Place, RegionMap
from dashboard.views.targets import STANDING_LABELS, plain
from data_access.boundaries import Boundary
from metrics.core.model import Metric
from metrics.shortfall import Standing, standing

#: The order of the legend.
STANDINGS: tuple[Standing, ...] = ("reached", "near", "below")


def colours(look: Look) -> dict[Standing, str]:
    """The fill of each: all of them light enough for dark text, in both themes."""
    if look.name == "dark":
        return {"reached": look.scale[4], "near": mixed(look.worse, "#ffffff", 0.55), "below": look.worse}
    return {
        "reached": look.scale[2],
        "near": mixed(look.worse, "#ffffff", 0.72),
        "below": mixed(look.worse, "#ffffff", 0.45),
    }


def build(
    frame: pl.DataFrame,
    metric: Metric,
    look: Look,
    aims: Mapping[str, float | None],
    *,
    places: Mapping[str, Place],
    boundaries: Mapping[str, Boundary],
    **options: Any,
) -> RegionMap:
    """As ``region_map.build``, flat, with a fill by standing. ``aims``: what is aimed at in each region; a region with a
    figure and no target keeps the colour of ground."""
    fills = colours(look)
    ground = replace(look, scale=(fills["near"],) * 5)
    picture = region_map.build(frame, metric, ground, places=places, boundaries=boundaries, **options)
    if picture.deck is None:
        return picture
    stands = standings(frame, aims)
    drawn = _repaint(picture, {code: fills[stand] for code, stand in stands.items()}, look)
    missing = [row for row in frame.iter_rows(named=True) if row["region_code"] not in drawn]
    schematic = any(boundary.schematic for code, boundary in boundaries.items() if code in drawn)
    return replace(picture, legend=_legend(frame, stands, look, [_said(row, places) for row in missing], schematic))


def standings(frame: pl.DataFrame, aims: Mapping[str, float | None]) -> dict[str, Standing]:
    """How each region stands that may be judged and has a target."""
    return {
        row["region_code"]: standing(row["numerator"], row["denominator"], aim)
        for row in frame.iter_rows(named=True)
        if plain(row) and (aim := aims.get(row["region_code"])) is not None
    }


def _repaint(picture: RegionMap, fills: Mapping[str, str], look: Look) -> set[str]:
    """Fill the regions of the clickable layer; the codes that are drawn."""
    drawn = set()
    for layer in picture.deck.layers if picture.deck is not None else ():
        if layer.id != picture.layer:
            continue
        for feature in layer.data:
            properties = feature["properties"]
            code = str(properties["region_code"])
            drawn.add(code)
            properties["fill"] = [*channels(fills.get(code, look.quiet)), 255]
    return drawn


def _legend(
    frame: pl.DataFrame, stands: Mapping[str, Standing], look: Look, missing: list[str], schematic: bool
) -> str:
    fills = colours(look)
    tally = list(stands.values())
    marks = [
        f"<span><i style='background:{fills[stand]}'></i>{STANDING_LABELS[stand]} {tally.count(stand)} 个</span>"
        for stand in STANDINGS
    ]
    states = {row["state"] for row in frame.iter_rows(named=True) if not plain(row)}
    marks += [
        f"<span><i class='{'hatched' if state == 'small_n' else 'grey'}'></i>{label}</span>"
        for state, label in STATE_LABELS.items()
        if state in states
    ]
    notes = ["乡镇多边形为示意，不是行政区域界线。"] if schematic else []
    notes += [f"无边界，未画出：{'、'.join(missing)}。"] if missing else []
    lines = "".join(f"<div class='yp-source'>{note}</div>" for note in [*notes, region_map.source_line()])
    return f"<div class='yp-legend'>{''.join(marks)}</div>{lines}"


def _said(row: Mapping[str, Any], places: Mapping[str, Place]) -> str:
    code = row["region_code"]
    value = f"{100 * row['value']:.1f}%" if plain(dict(row)) else STATE_LABELS.get(row["state"], "")
    return escape(f"{places[code].name if code in places else code} {value}")
