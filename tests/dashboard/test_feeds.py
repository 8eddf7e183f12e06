"""Feeds by day: which are called 可能断数, and that every day says what it is."""

from __future__ import annotations

from datetime import date

import polars as pl

from dashboard.views import feeds
from metrics.core.calendar import calendar
from metrics.core.period import DAY
from metrics.core.signal import bands

FIRST, DAYS = date(2026, 1, 1), 150
NAMES = {"police": "公安", "court": "法院"}


def judged(shown: int = 10, **changed: dict[int, int]) -> pl.DataFrame:
    """Two steady sources, with other values on the days counted from the last one back."""
    rows = [
        (source, FIRST + place * DAY, float(changed.get(source, {}).get(DAYS - 1 - place, usual)))
        for source, usual in (("police", 200), ("court", 3))
        for place in range(DAYS)
    ]
    series = pl.DataFrame(rows, schema=["source", "day", "value"], orient="row")
    return bands(series, calendar(), since=FIRST + (DAYS - shown) * DAY)


def days(shown: int = 10) -> list[date]:
    return [FIRST + place * DAY for place in range(DAYS - shown, DAYS)]


def name(code: str | None) -> str:
    return NAMES[code or ""]


def test_steady_sources_are_in_order() -> None:
    picture = feeds.payload(judged(), name, days())
    assert picture["label"] == "2 个来源近日都在预期之内。"
    assert [row["verdict"] for row in picture["rows"]] == ["正常", "正常"]
    assert {day["tone"] for row in picture["rows"] for day in row["days"]} == {"usual"}
    assert [day["text"] for day in picture["days"]] == [f"{day:%m-%d}" for day in days()]


def test_a_dead_source_is_marked_on_its_days_and_stands_first() -> None:
    picture = feeds.payload(judged(police={0: 0, 1: 4}), name, days())
    first, second = picture["rows"]
    assert (first["label"], first["gaps"], first["verdict"], first["last"]) == ("公安", 2, "2 日可能断数", "0")
    assert [day["tone"] for day in first["days"]][-3:] == ["usual", "gap", "gap"]
    assert "：0 条，预期 " in first["days"][-1]["title"]
    assert first["days"][-1]["title"].endswith("，可能断数")
    assert second["gaps"] == 0
    assert picture["label"] == "可能断数：公安 2 日。"


def test_a_zero_that_may_be_chance_is_no_gap_but_said() -> None:
    picture = feeds.payload(judged(court={0: 0}), name, days())
    court = next(row for row in picture["rows"] if row["label"] == "法院")
    assert court["days"][-1]["tone"] == "none"
    assert court["days"][-1]["title"].endswith("，当日为零但在预期之内")
    assert court["gaps"] == 0


def test_bars_and_bands_stay_inside_the_row() -> None:
    for row in feeds.payload(judged(police={3: 900}), name, days())["rows"]:
        for day in row["days"]:
            assert 0 <= day["bar"] <= 1
            assert 0 <= day["low"] <= day["high"] <= 1


def test_a_day_without_a_row_is_said_to_have_none() -> None:
    frame = judged()
    missing = frame.filter(pl.col("day") != days()[-1])
    row = feeds.payload(missing, name, days())["rows"][0]
    assert row["last"] == "—"
    assert row["days"][-1]["title"].endswith("：没有记录")


def test_without_any_source_it_says_what_to_do() -> None:
    picture = feeds.payload(judged().head(0), name, days())
    assert picture["rows"] == []
    assert "请核对数据汇聚表" in picture["empty"]
