"""The calendar: a square a day, a column a week from Monday to Sunday, in five classes; what lies outside its band is ringed.

The browser shows as many of the latest weeks as it has room for. A click on a day gives it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from dashboard.look import STATE_LABELS, STATE_REASONS, count, with_unit
from dashboard.span import WEEKDAYS
from dashboard.views.component import component, opened
from dashboard.views.scale import Scale
from metrics.core.calendar import Calendar
from metrics.core.model import Metric
from metrics.core.period import DAY, Grain, Period, bucket_start

_COMPONENT = component("calendar_map", "scale")
#: Verdicts that say "look", in the words of the tooltip.
_UNUSUAL = {"high": "高于预期", "low": "低于预期", "gap": "可能断数"}
Row = dict[str, Any]


def payload(
    frame: pl.DataFrame,
    metric: Metric,
    days: Calendar,
    *,
    band: pl.DataFrame | None = None,
    selected: Period | None = None,
) -> dict[str, Any]:
    """What the browser is sent.

    ``frame``: observations of one metric and region by day; a day without a row lies before the data or after them and is
    left out. ``band``: day, lower, upper, verdict, as ``metrics.core.signal`` gives them. ``selected``: the days that the page
    speaks of, outlined.
    """
    rows = {row["period"]: row for row in frame.iter_rows(named=True) if row["state"] != "not_measured"}
    bands = {row["day"]: row for row in band.iter_rows(named=True)} if band is not None else {}
    scale = Scale.of([row["value"] for row in rows.values() if _plain(row) and row["value"]], metric)
    squares = {day: _square(row, bands.get(day), metric, scale, days, selected) for day, row in rows.items()}
    return {
        "weeks": _weeks(squares),
        "weekdays": list(WEEKDAYS),
        "legend": scale.legend(),
        "words": [scale.method()],
        "holiday": "节假日",
        "ring": "超出预期" if bands else "",
        "label": alt(frame, metric, band),
        "empty": f"{metric.label}没有可显示的日子：数据还没有开始，或该级不统计。",
    }


def show(picture: dict[str, Any], *, key: str) -> date | None:
    """Draw the calendar; the day opened in this run (click or Enter), else None. Needs a Streamlit session."""
    result = _COMPONENT(key=key, data=picture, on_opened_change=lambda: None)
    word = opened(result, {day["code"] for week in picture["weeks"] for day in week["days"] if day is not None})
    return None if word is None else date.fromisoformat(word)


def alt(frame: pl.DataFrame, metric: Metric, band: pl.DataFrame | None = None) -> str:
    """The calendar as one sentence: the highest day and how many lie outside their bands."""
    plain = [row for row in frame.iter_rows(named=True) if _plain(row)]
    if not plain:
        return f"{metric.label}日历：没有可显示的数值。"
    high = max(plain, key=lambda row: (row["value"], row["period"]))
    said = f"{metric.label}日历：最高 {with_unit(high['value'], metric)}（{high['period']}）"
    if band is None:
        return f"{said}。"
    outside = band.filter(pl.col("verdict").is_in(list(_UNUSUAL))).height
    return f"{said}，{f'{outside} 天超出预期范围' if outside else '没有一天超出预期范围'}。"


def _plain(row: Row) -> bool:
    return row["state"] == "ok" and row["value"] is not None


def _square(
    row: Row, band: Row | None, metric: Metric, scale: Scale, days: Calendar, selected: Period | None
) -> dict[str, Any]:
    day: date = row["period"]
    plain, holiday = _plain(row), days.holiday(day)
    unusual = _UNUSUAL.get(band["verdict"]) if band is not None else None
    return {
        "code": day.isoformat(),
        "shade": scale.shade(row["value"]) if plain and row["value"] else -1,
        "hidden": not plain,
        "ring": unusual is not None,
        "holiday": holiday is not None,
        "selected": selected is not None and selected.start <= day < selected.stop,
        "title": "，".join(_said(row, band, metric, holiday, unusual)),
    }


def _said(row: Row, band: Row | None, metric: Metric, holiday: str | None, unusual: str | None) -> list[str]:
    day: date = row["period"]
    said = [f"{day} 星期{WEEKDAYS[day.weekday()]}" + (f"（{holiday}）" if holiday else "")]
    if not _plain(row):
        state = row["state"] if row["state"] in STATE_LABELS else "undefined"
        return [*said, f"{STATE_LABELS[state]}：{STATE_REASONS[state]}"]
    said.append(with_unit(row["value"], metric))
    if band is not None and band["lower"] is not None:
        said.append(f"预期 {count(round(band['lower']))}–{count(round(band['upper']))}")
    return [*said, unusual] if unusual else said


def _weeks(squares: Mapping[date, dict[str, Any]]) -> list[dict[str, Any]]:
    """Columns of seven days, None where there is no day; a month is named over the week that holds its first day."""
    if not squares:
        return []
    weeks = []
    monday, last = bucket_start(min(squares), Grain.week), max(squares)
    while monday <= last:
        days = [monday + place * DAY for place in range(7)]
        first = next((day for day in days if day.day == 1 and day <= last), None)
        weeks.append({"month": _month(first), "days": [squares.get(day) for day in days]})
        monday += 7 * DAY
    return weeks


def _month(first: date | None) -> str:
    if first is None:
        return ""
    return f"{first.year}年" if first.month == 1 else f"{first.month}月"
