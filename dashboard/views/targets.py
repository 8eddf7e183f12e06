"""Shares against what is aimed at: one line per place with its interval, the target, and how many cases are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard.look import STATE_LABELS, STATE_REASONS, Tone, count, number, parts, signed, with_unit
from dashboard.views.component import component, opened
from metrics.core.model import Metric
from metrics.shortfall import Standing, missing, standing

_COMPONENT = component("targets")
STANDING_LABELS: Mapping[Standing, str] = {
    "reached": "达到目标",
    "near": "差 5 个百分点以内",
    "below": "差 5 个百分点以上",
}
#: Shape and tone of each: told apart without any colour.
_SIGNS: Mapping[Standing, str] = {"reached": "●", "near": "◐", "below": "○"}
_LAST = ("small_n", "undefined", "suppressed", "not_measured")
Row = dict[str, Any]


@dataclass(frozen=True)
class Weakest:
    """Which of several conditions a place meets least often, ready to be written."""

    label: str
    share: str


def payload(
    frame: pl.DataFrame,
    metric: Metric,
    names: Mapping[str, str],
    aims: Mapping[str, float | None],
    *,
    weakest: Mapping[str, Weakest] | None = None,
    selected: str | None = None,
    place_label: str = "县市区",
    case: str = "个",
    foot: str = "",
    height: str = "",
) -> dict[str, Any]:
    """The table of one period's observations as plain values, the lowest share first, those without one last.

    ``frame``: one row per region_code with value, numerator, denominator, state, and ``lower``/``upper`` where known.
    ``aims``: what is aimed at in each region, None without a target. ``case``: what is counted.
    """
    rows = _ordered(frame.rows(named=True))
    first, last = _axis(rows, aims)
    lines = [
        _line(row, metric, names, aims.get(row["region_code"]), (weakest or {}), first, last, case) for row in rows
    ]
    some = any(aim is not None for aim in aims.values())
    head = [place_label, metric.label, "95% 区间与目标", f"达到/全部（{case}）"]
    head += [f"距目标（{case}）"] if some else []
    return {
        "head": [*head, *(["最低的一项"] if weakest else [])],
        "rows": lines,
        "ticks": _ticks(first, last),
        "gap": some,
        "weakest": bool(weakest),
        "selected": selected or "",
        "label": alt(frame, metric, names, aims),
        "empty": "本期没有可列出的区划。",
        "foot": foot,
        "height": height,
    }


def show(table: dict[str, Any], *, key: str) -> str | None:
    """Draw the table; the region_code of the row opened in this run (click or Enter), else None."""
    result = _COMPONENT(key=key, data=table, on_opened_change=lambda: None)
    return opened(result, {row["code"] for row in table["rows"]})


def alt(frame: pl.DataFrame, metric: Metric, names: Mapping[str, str], aims: Mapping[str, float | None]) -> str:
    """The table as one sentence: how many reached their target, which lie furthest below."""
    judged = [
        (row, aim)
        for row in frame.iter_rows(named=True)
        if plain(row) and (aim := aims.get(row["region_code"])) is not None
    ]
    if not judged:
        return f"{metric.label}：没有可与目标比较的数值。"
    short = [row for row, aim in judged if missing(row["numerator"], row["denominator"], aim) > 0]
    said = f"{metric.label}：{len(judged)} 个区划中 {len(judged) - len(short)} 个达到目标"
    if short:
        low = min(short, key=lambda row: (row["value"], row["region_code"]))
        said += f"，最低 {names.get(low['region_code'], low['region_code'])} {with_unit(low['value'], metric)}"
    return said + "。"


def plain(row: Row) -> bool:
    """Whether the row may be judged."""
    return row["state"] == "ok" and row["value"] is not None


def _ordered(rows: Sequence[Row]) -> list[Row]:
    sure = sorted((row for row in rows if plain(row)), key=lambda row: (row["value"], row["region_code"]))
    rest = sorted(
        (row for row in rows if not plain(row)), key=lambda row: (_LAST.index(_state(row)), row["region_code"])
    )
    return sure + rest


def _state(row: Row) -> str:
    return row["state"] if row["state"] in STATE_LABELS else "undefined"


def _axis(rows: Sequence[Row], aims: Mapping[str, float | None]) -> tuple[float, float]:
    """From a round figure below everything drawn, up to the whole."""
    ends: list[float] = [aim for aim in aims.values() if aim is not None]
    ends += [row["value"] if row.get("lower") is None else row["lower"] for row in rows if plain(row)]
    low = min(ends, default=0.0)
    step = 0.05 if low >= 0.7 else 0.1
    return max(0.0, (low - 0.002) // step * step), 1.0


def _ticks(first: float, last: float) -> list[dict[str, object]]:
    step = next(step for step in (0.05, 0.1, 0.2, 0.5) if (last - first) / step <= 6)
    at = [last - step * number for number in range(round((last - first) / step) + 1)]
    return [{"at": _share(value, first, last), "text": f"{100 * value:.0f}%"} for value in at if value >= first - 1e-9]


def _share(value: float | None, first: float, last: float) -> float | None:
    return None if value is None else round(min(max((value - first) / ((last - first) or 1.0), 0.0), 1.0), 4)


def _line(
    row: Row,
    metric: Metric,
    names: Mapping[str, str],
    aim: float | None,
    weakest: Mapping[str, Weakest],
    first: float,
    last: float,
    case: str,
) -> Row:
    code = row["region_code"]
    name = names.get(code, code)
    sure = plain(row)
    gap, tone, sign, said = _judged(row, aim, case) if sure else ("", "neutral", "", STATE_LABELS[_state(row)])
    weak = weakest.get(code)
    return {
        "code": code,
        "name": name,
        "value": number(row["value"], metric) if sure else STATE_LABELS[_state(row)],
        "percent": sure,
        "title": f"95% 区间 {_interval(row, metric)}" if sure else STATE_REASONS[_state(row)],
        "at": _share(row["value"], first, last) if sure else None,
        "low": _share(row.get("lower"), first, last) if sure else None,
        "high": _share(row.get("upper"), first, last) if sure else None,
        "aim": _share(aim, first, last),
        "parts": parts(row["numerator"], row["denominator"]) if row["state"] in ("ok", "small_n") else "",
        "gap": gap,
        "tone": tone,
        "sign": sign,
        "weakest": {"label": weak.label, "share": weak.share} if weak else None,
        "quiet": not sure,
        "alt": f"{name}，{with_unit(row['value'], metric) if sure else ''}{'，' if sure and said else ''}{said}",
    }


def _judged(row: Row, aim: float | None, case: str) -> tuple[str, Tone, str, str]:
    """The gap, its tone and sign, and both in words."""
    if aim is None:
        return "", "neutral", "", "没有目标"
    needed = missing(row["numerator"], row["denominator"], aim)
    stands = standing(row["numerator"], row["denominator"], aim)
    tone: Tone = "better" if stands == "reached" else "worse"
    words = f"还差 {count(needed)} {case}" if needed > 0 else STANDING_LABELS["reached"]
    return signed(-needed), tone, _SIGNS[stands], words


def _interval(row: Row, metric: Metric) -> str:
    low, high = row.get("lower"), row.get("upper")
    return "—" if low is None or high is None else f"{number(low, metric)}–{number(high, metric)}%"
