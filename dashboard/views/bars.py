"""Places or kinds as bars, the greatest first: at most twenty, the rest added up where that may be done, else counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from dashboard.look import STATE_LABELS, STATE_REASONS, count, exact, number, parts, unit_of, with_unit
from dashboard.views.component import component, opened
from metrics.core.model import Metric

_COMPONENT = component("bars")
MOST_BARS = 20
REST = "rest"


@dataclass(frozen=True)
class Bar:
    """``start`` and ``length``: parts 0–1 of the width, which holds zero; ``open``: a click gives the key back."""

    key: str
    name: str
    text: str
    unit: str
    note: str
    title: str
    start: float
    length: float
    quiet: bool = False
    open: bool = False


def payload(
    frame: pl.DataFrame, metric: Metric, names: Mapping[str, str], *, label: str, openable: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What the browser is sent.

    ``frame``: columns key, value, numerator, denominator, state, one row per bar; ``names``: key → its name.
    """
    plain = _in_order(frame)
    drawn, left = plain.head(MOST_BARS), plain.slice(MOST_BARS)
    rest = _rest(left, metric)
    values = [*drawn["value"].to_list(), *([] if rest is None else [rest])]
    low, high = min([0.0, *values]), max([0.0, *values])
    spread = (high - low) or 1.0

    def bar(key: str, name: str, value: float, row: Mapping[str, Any]) -> Bar:
        counted = parts(row["numerator"], row["denominator"])
        few = row["state"] == "small_n"
        said = f"{name} {exact(value, metric)}{unit_of(metric) if metric.percent else f' {metric.unit}'}"
        return Bar(
            key=key,
            name=name,
            text=number(value, metric),
            unit=unit_of(metric) if metric.percent else "",
            note=" ".join(part for part in (counted, STATE_LABELS["small_n"] if few else "") if part),
            title=said
            + (f"，分子/分母 {counted}" if counted else "")
            + (f"，{STATE_REASONS['small_n']}" if few else ""),
            start=round((min(value, 0.0) - low) / spread, 4),
            length=round(abs(value) / spread, 4),
            quiet=few or key == REST,
            open=key in openable,
        )

    bars = [bar(row["key"], names[row["key"]], row["value"], row) for row in drawn.iter_rows(named=True)]
    if rest is not None:
        none = {"numerator": None, "denominator": None, "state": "ok"}
        bars.append(bar(REST, f"其余 {count(left.height)} 项合计", rest, none))
    return {
        "label": label,
        "bars": [asdict(each) for each in bars],
        "foot": _foot(frame, left, rest),
        "empty": "没有可画的数值。请换一个期间或放宽筛选。",
    }


def alt(frame: pl.DataFrame, metric: Metric, names: Mapping[str, str]) -> str:
    """The picture as one sentence: how many, the highest and the lowest."""
    plain = _in_order(frame).filter(pl.col("state") == "ok")
    if plain.is_empty():
        return f"{metric.label}：没有可显示的数值。"
    high, low = plain.row(0, named=True), plain.row(-1, named=True)
    return (
        f"{metric.label}，共 {count(plain.height)} 项，最高 {names[high['key']]} {with_unit(high['value'], metric)}，"
        f"最低 {names[low['key']]} {with_unit(low['value'], metric)}。"
    )


def show(picture: dict[str, Any], *, key: str) -> str | None:
    """Draw the bars; the key of the bar opened in this run, else None."""
    result = _COMPONENT(key=key, data=picture, on_opened_change=lambda: None)
    return opened(result, {each["key"] for each in picture["bars"] if each["open"]})


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """What has a value, the greatest first; figures of too few cases are not ranked and stand after the others."""
    known = frame.filter(pl.col("value").is_not_null())
    return known.sort(pl.col("state") != "ok", "value", descending=[False, True], maintain_order=True)


def _rest(left: pl.DataFrame, metric: Metric) -> float | None:
    """What the bars left out come to together; None where that cannot be added up or there are none."""
    return float(left["value"].sum()) if metric.additive and left.height else None


def _foot(frame: pl.DataFrame, left: pl.DataFrame, rest: float | None) -> str:
    said: list[str] = []
    if left.height and rest is None:
        said.append(f"只画前 {MOST_BARS} 项，其余 {count(left.height)} 项见表")
    without = frame.filter(pl.col("value").is_null())
    for state, number_of in _counted_states(without["state"].to_list()):
        said.append(f"{count(number_of)} 项{STATE_LABELS[state]}（{STATE_REASONS[state]}）")
    return "；".join(said)


def _counted_states(states: Sequence[str]) -> list[tuple[str, int]]:
    return [(state, states.count(state)) for state in STATE_LABELS if state in states]
