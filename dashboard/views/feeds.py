"""What each source delivered on each of the last days, against what comparable days let expect: a row of bars a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from dashboard.span import WEEKDAYS
from dashboard.views.component import component

_COMPONENT = component("feeds")
Mark = Literal["gap", "none", "usual"]
GAP, NONE = "可能断数", "当日为零"


@dataclass(frozen=True)
class Day:
    """One bar. ``bar``, ``low``, ``high``: 0–1 of the row's height; low and high None where nothing can be expected."""

    bar: float
    low: float | None
    high: float | None
    tone: Mark
    title: str


def gap_days(judged: pl.DataFrame) -> pl.DataFrame:
    """The days of ``judged`` (see ``metrics.core.signal.bands``) that fell below their own band: 可能断数.

    A fall that only 28 days together show is slower than a dead feed and not among them.
    """
    return judged.filter((pl.col("verdict") == "low") & (pl.col("rule") == "day"))


def payload(judged: pl.DataFrame, name_of: Callable[[str | None], str], days: Sequence[date]) -> dict[str, Any]:
    """What the browser is sent. ``judged``: daily bands by source; ``days``: those shown, without a break."""
    rows = [_row(part, name_of, days) for part in judged.partition_by("source", maintain_order=True)]
    rows.sort(key=lambda row: (not row["gaps"], row["label"]))
    return {
        "label": alt(judged, name_of),
        "days": [{"text": f"{day:%m-%d}", "tick": day.weekday() == 0} for day in days],
        "rows": rows,
        "empty": "这段时间没有任何来源的汇聚记录。请核对数据汇聚表是否在送数。",
    }


def alt(judged: pl.DataFrame, name_of: Callable[[str | None], str]) -> str:
    """The picture as one sentence."""
    gaps = gap_days(judged)
    sources = judged["source"].n_unique()
    if gaps.is_empty():
        return f"{sources} 个来源近日都在预期之内。"
    said = [
        f"{name_of(source)} {count} 日" for source, count in gaps.group_by("source").len().sort("source").iter_rows()
    ]
    return f"可能断数：{'、'.join(said)}。"


def show(picture: dict[str, Any], *, key: str) -> None:
    """Draw it. Needs a Streamlit session."""
    _COMPONENT(key=key, data=picture)


def _row(part: pl.DataFrame, name_of: Callable[[str | None], str], days: Sequence[date]) -> dict[str, Any]:
    known = {row["day"]: row for row in part.iter_rows(named=True)}
    top = max([1.0, *(max(row["value"] or 0.0, row["upper"] or 0.0) for row in known.values())])
    drawn = [_day(known.get(day), day, top) for day in days]
    last = known.get(days[-1])
    gaps = sum(day.tone == "gap" for day in drawn)
    label = name_of(part["source"].first())  # type: ignore[arg-type]
    return {
        "label": label,
        "gaps": gaps,
        "days": [asdict(day) for day in drawn],
        "last": f"{last['value']:,.0f}" if last is not None else "—",
        "expected": f"预期 {_band(last)}" if last is not None and last["upper"] is not None else "",
        "verdict": f"{gaps} 日{GAP}" if gaps else "正常",
    }


def _day(row: dict[str, Any] | None, day: date, top: float) -> Day:
    when = f"{day:%m-%d} {WEEKDAYS[day.weekday()]}"
    if row is None:
        return Day(0.0, None, None, "none", f"{when}：没有记录")
    value, low, high = row["value"] or 0.0, row["lower"], row["upper"]
    gap = row["verdict"] == "low" and row["rule"] == "day"
    tone: Mark = "gap" if gap else "none" if value == 0 else "usual"
    expected = "" if high is None else f"，预期 {_band(row)}"
    doubt = {"gap": f"，{GAP}", "none": f"，{NONE}但在预期之内" if high is not None else f"，{NONE}", "usual": ""}[tone]
    return Day(
        value / top,
        None if low is None else low / top,
        None if high is None else high / top,
        tone,
        f"{when}：{value:,.0f} 条{expected}{doubt}",
    )


def _band(row: dict[str, Any]) -> str:
    return f"{row['lower']:,.0f}–{row['upper']:,.0f}"
