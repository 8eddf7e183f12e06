"""Scores a second time: from the TOML of a scheme and the SQL of plain_sql, in plain Python, cell by cell.

Source: "Assessment schemes" of design/metrics.md. Nothing of the product is used here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tests.metrics import plain_sql
from tests.metrics.plain_sql import Bucket, Cell

Rates = Mapping[str, tuple[int, int | None]]
NOTHING: tuple[int, int | None] = (0, 0)


@dataclass(frozen=True)
class PlainPart:
    """What one part came to; ``worth`` None where it does not count."""

    label: str
    weight: float
    worth: float | None


@dataclass(frozen=True)
class PlainScore:
    """One cell. ``value`` None: no score."""

    value: float | None
    parts: tuple[PlainPart, ...]
    points: float
    off: Mapping[str, float]
    flags: tuple[str, ...]


def scores(
    connection: Connection,
    path: Path,
    areas: Sequence[str],
    buckets: Sequence[Bucket],
    weights: Mapping[str, float] | None = None,
) -> dict[Cell, PlainScore]:
    """Every region and bucket scored by the file, with other ``weights`` for the parts of these labels if given."""
    scheme = tomllib.loads(path.read_text(encoding="utf-8"))
    keys = {entry["metric"] for name in ("parts", "negative", "veto") for entry in scheme.get(name, [])}
    keys |= {part["participation"]["metric"] for part in scheme.get("parts", []) if "participation" in part}
    found = {key: plain_sql.figures(connection, key, areas, buckets) for key in keys}
    group = [("assess_group", [scheme["group"]])]
    ledger = plain_sql.figures(connection, "deduction_points", areas, buckets, where=group)
    answer = {}
    for bucket in buckets:
        for area in areas:
            cell: Cell = (bucket.label, area, ())
            rates = {key: found[key].get(cell, NOTHING) for key in keys}
            points = ledger.get(cell, NOTHING)[0] / 100
            answer[cell] = _score(scheme, rates, points, weights or {})
    return answer


def _score(scheme: Mapping[str, Any], rates: Rates, points: float, weights: Mapping[str, float]) -> PlainScore:
    least = scheme.get("minimum_n", 15)
    parts = tuple(
        PlainPart(part["label"], weights.get(part["label"], part["weight"]), _worth(part, rates, least))
        for part in scheme.get("parts", [])
    )
    counted = [(part.weight, part.worth) for part in parts if part.worth is not None and part.weight > 0]
    off = {
        entry["label"]: min(entry["cap"], max(0.0, entry["points"] * rates[entry["metric"]][0]))
        for entry in scheme.get("negative", [])
    }
    struck = [rule for rule in scheme.get("veto", []) if rates[rule["metric"]][0] >= rule["threshold"]]
    flags = tuple(rule["label"] for rule in struck)
    if parts and not counted:
        return PlainScore(None, parts, points, off, flags)
    value = scheme.get("base", 0)
    if parts:
        value = 100 * sum(weight * worth for weight, worth in counted) / sum(weight for weight, _ in counted)
    if scheme["ledger"]["deducted"]:
        value -= min(scheme["ledger"]["cap"], points)
    value = min(100.0, max(0.0, value - sum(off.values())))
    for rule in struck:
        if rule["effect"] == "cap":
            value = min(value, rule["cap"])
    return PlainScore(value, parts, points, off, flags)


def _worth(part: Mapping[str, Any], rates: Rates, least: int) -> float | None:
    above, below = rates[part["metric"]]
    if (below or 0) < least:
        return None
    figure = above / (below or 1)
    if "participation" in part:
        above, below = rates[part["participation"]["metric"]]
        if (below or 0) < least:
            return None
        figure *= min(1.0, above / (below or 1) / part["participation"]["target"])
    floor, target = float(part["floor"]), float(part["target"])
    return min(1.0, max(0.0, (figure - floor) / (target - floor)))
