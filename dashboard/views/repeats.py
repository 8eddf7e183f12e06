"""First or repeated: a bar per group, cut where the repeated ones end, with the doubt of that share and the five-times repeats.

A click on a row gives its code back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from dashboard.look import DASH, STATE_LABELS, STATE_REASONS, count, number, parts, with_unit
from dashboard.views.component import component, opened
from dashboard.views.heat_map import pooled
from metrics.core.fairness.intervals import wilson
from metrics.core.model import Metric
from metrics.core.query import FilterValue

_COMPONENT = component("repeats")
MOST_ROWS = 10
Row = dict[str, Any]
#: A row that opens nothing stands back.
_SHUT: Row = {"code": "", "open": False, "selected": False, "quiet": True}


@dataclass(frozen=True)
class Repeats:
    """What the browser is sent, and which code a row stands for."""

    data: dict[str, Any]
    codes: Mapping[str, FilterValue]


def build(
    share: pl.DataFrame,
    frequent: pl.DataFrame,
    by: str,
    *,
    metric: Metric,
    frequent_metric: Metric,
    name: Callable[[FilterValue], str],
    whole: Row,
    label: str,
    selected: Sequence[FilterValue] = (),
    most: int = MOST_ROWS,
    counter: str = "类",
    closed: Collection[FilterValue] = (),
) -> Repeats:
    """The bars of the ``most`` groups with the most cases, the highest share first; the others are one bar, 其余.

    ``share``: observations of ``metric``, a rate, one row per value of ``by``; ``frequent``: of ``frequent_metric``, a count, alike.
    ``whole``: the rate of all of them, a dashed line. ``closed``: codes that open nothing and stand last.
    """
    everyone = [row for row in share.iter_rows(named=True) if row["state"] != "not_measured"]
    often = {row[by]: row for row in frequent.iter_rows(named=True)}

    def line(row: Row, often_row: Row | None, words: str) -> Row:
        return _line(row, often_row, words, metric, frequent_metric) | _SHUT

    shown, left = _largest([row for row in everyone if row["denominator"] != 0 and row[by] not in closed], by, most)
    codes = {_word(row[by]): row[by] for row in shown}
    lines = [
        line(row, often.get(row[by]), name(row[by]))
        | {"code": _word(row[by]), "open": True, "selected": row[by] in selected, "quiet": row["state"] != "ok"}
        for row in shown
    ]
    if left:
        rest = pooled([often[row[by]] for row in left if row[by] in often], frequent_metric)
        words = {"title": "、".join(name(row[by]) for row in left)}
        lines.append(line(pooled(left, metric), rest, f"其余 {len(left)} {counter}") | words)
    lines += [line(row, often.get(row[by]), name(row[by])) for row in everyone if row[by] in closed]
    without = sum(1 for row in everyone if row["denominator"] == 0)
    mean = whole["value"] if whole["state"] in ("ok", "small_n") else None
    data = {
        "legend": ["重复", "初次"],
        "columns": [label, "重复信访占比", "", "重复/全部", frequent_metric.label.removesuffix("重复信访")],
        "rows": lines,
        "mean": None if mean is None else round(mean, 4),
        "label": alt(shown, by, metric, name),
        "foot": _foot(mean, metric, lines, f"{without} {counter}本期没有登记，未列" if without else ""),
        "empty": "本期没有登记的信访件，或该级不统计。可换一个期间、区划，或取消筛选。",
    }
    return Repeats(data, codes)


def _largest(rows: list[Row], by: str, most: int) -> tuple[list[Row], list[Row]]:
    """The rows with the most cases, the highest sure share first, and what is left of more than ``most``."""
    ordered = sorted(rows, key=lambda row: (-(row["denominator"] or 0), str(row[by])))
    stop = len(ordered) if len(ordered) <= most else most - 1
    shown = sorted(ordered[:stop], key=lambda row: (row["state"] != "ok", -(row["value"] or 0.0), str(row[by])))
    return shown, ordered[stop:]


def _word(code: FilterValue) -> str:
    """What the browser sends back for a code; no code is not the same as an empty one."""
    return "" if code is None else f"={code}"


def show(picture: Repeats, *, key: str) -> tuple[FilterValue] | None:
    """Draw the bars; the code of the row opened in this run, in a tuple because it may be None; else None."""
    result = _COMPONENT(key=key, data=picture.data, on_opened_change=lambda: None)
    word = opened(result, {row["code"] for row in picture.data["rows"] if row["open"]})
    return None if word is None else (picture.codes[word],)


def alt(rows: Sequence[Row], by: str, metric: Metric, name: Callable[[FilterValue], str]) -> str:
    """The bars as one sentence: the highest and the lowest share."""
    plain = sorted((row for row in rows if row["state"] == "ok"), key=lambda row: (-row["value"], str(row[by])))
    if not plain:
        return f"{metric.label}：没有可比较的数值。"
    said = [f"{name(row[by])} {with_unit(row['value'], metric)}" for row in (plain[0], plain[-1])]
    return f"{metric.label}：最高{said[0]}" + (f"，最低{said[1]}。" if len(plain) > 1 else "。")


def _line(row: Row, often: Row | None, name: str, metric: Metric, frequent_metric: Metric) -> Row:
    state = row["state"]
    known = state in ("ok", "small_n") and row["value"] is not None
    low, high = _interval(row) if known else (None, None)
    return {
        "name": name,
        "title": _title(row, name, low, high, metric),
        "value": number(row["value"], metric) if known else STATE_LABELS.get(state, DASH),
        "share": round(row["value"], 4) if known else None,
        "low": low,
        "high": high,
        "parts": parts(row["numerator"], row["denominator"]) if known else "",
        "often": _often(often, frequent_metric),
        "quiet": state != "ok",
        "doubt": STATE_LABELS["small_n"] if state == "small_n" else "",
    }


def _interval(row: Row) -> tuple[float, float]:
    lower, upper = wilson(np.array([float(row["numerator"])]), np.array([float(row["denominator"])]))
    return round(float(lower[0]), 4), round(float(upper[0]), 4)


def _often(row: Row | None, metric: Metric) -> str:
    if row is None:
        return "0"
    return number(row["value"], metric) if row["state"] == "ok" else STATE_LABELS.get(row["state"], DASH)


def _title(row: Row, name: str, low: float | None, high: float | None, metric: Metric) -> str:
    if low is None or high is None:
        state = row["state"] if row["state"] in STATE_LABELS else "undefined"
        return f"{name}：{STATE_LABELS[state]}（{STATE_REASONS[state]}）"
    first = (row["denominator"] or 0) - (row["numerator"] or 0)
    return (
        f"{name}：重复 {count(row['numerator'])}，初次 {count(first)}，{metric.label} {with_unit(row['value'], metric)}"
        f"（95% 区间 {100 * low:.1f}%–{100 * high:.1f}%）"
    )


def _foot(mean: float | None, metric: Metric, lines: Sequence[Row], without: str) -> str:
    said = ["细线为 95% 区间"]
    said += [f"虚线为全体 {with_unit(mean, metric)}"] if mean is not None else []
    said += ["灰字样本不足，不作比较"] if any(line["doubt"] for line in lines) else []
    said += [without] if without else []
    return "；".join(said) + "。" if lines else ""
