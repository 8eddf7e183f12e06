"""今日态势: sentences of 要情, the short list of what is due, the structure, and the outlines on the map."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard.look import DARK
from dashboard.panels import due
from dashboard.views import news, region_map, structure
from dashboard.views.news import Told
from dashboard.views.region_map import Mark, Place
from dashboard.views.structure import Step
from data_access.boundaries import boundaries_of
from metrics.core.story import Finding, Kind, Part, Story
from metrics.registry import metrics

LILING = "430281000000"
DAY = date(2026, 11, 20)
VOLUME = metrics()["petition_volume"]
TOLD = Told(lambda code: {LILING: "醴陵市"}.get(code, "株洲市"), VOLUME, dated=False)
HIGH = Finding(Kind.high, "petition_volume", "登记", "petitions", LILING, DAY, DAY, 19, 17, 6.2, 4.0)
LOW_RATE = replace(
    HIGH, kind=Kind.rate, metric="mediation_success_rate", name="调解成功率", value=0.77, limit=0.8, expected=0.84
)


# Sentences --------------------------------------------------------------------------------------------------------------


def test_a_sentence_names_place_figure_comparison_and_limit() -> None:
    assert news.sentence(HIGH, TOLD) == "醴陵市登记 19 件次，高于预期（上限 17）"
    assert news.sentence(HIGH, replace(TOLD, dated=True)) == "醴陵市 11-20（周五）登记 19 件次，高于预期（上限 17）"
    low = replace(HIGH, kind=Kind.low, name="网信", value=0, limit=1)
    assert news.sentence(low, TOLD) == "醴陵市网信 0 件次，低于预期（下限 1）"
    assert "数据汇聚" in news.comparison(low, TOLD)


def test_28_days_are_said_and_what_lasts_too() -> None:
    slow = replace(HIGH, first=DAY - timedelta(days=27), value=41, limit=30, lasting=True)
    assert news.sentence(slow, TOLD) == "醴陵市近28日登记 41 件次，仍高于预期（上限 30）"


def test_a_gap_is_possible_and_asks_to_look_at_the_feed() -> None:
    gap = replace(HIGH, kind=Kind.gap, first=DAY - timedelta(days=1), value=1, limit=None, expected=27.0)
    assert news.sentence(gap, TOLD) == "醴陵市可能断数：11-19 至 11-20 各渠道共 1 件次"
    assert news.comparison(gap, TOLD) == "预期约 27 件次，请先核对数据汇聚"


def test_a_stock_names_the_day_it_is_held_against() -> None:
    overdue = Told(TOLD.place, metrics()["overdue_petitions"], dated=False)
    rose = replace(HIGH, kind=Kind.moved, name="超期未答复", value=6, limit=3, total=3, expected=None)
    assert news.sentence(rose, overdue) == "醴陵市超期未答复升至 6 件"
    assert news.comparison(rose, overdue).startswith("比 11-19 多 3 件")
    assert news.line("x", rose, overdue, "", "").tone == "worse"


def test_a_rate_is_good_or_bad_by_its_polarity() -> None:
    rate = Told(TOLD.place, metrics()["mediation_success_rate"], dated=False)
    below = replace(
        HIGH, kind=Kind.rate, name="调解成功率", value=0.74, limit=0.78, expected=0.83, numerator=74, denominator=100
    )
    assert news.sentence(below, rate) == "醴陵市近28日调解成功率 74.0%，转为低于全体范围"
    assert news.comparison(below, rate) == "74/100，界限 78.0%，全体 83.0%"
    assert (news.line("x", below, rate, "", "").mark, news.line("x", below, rate, "", "").tone) == ("▼", "worse")
    assert news.line("x", replace(below, value=0.9), rate, "", "").tone == "better"


def test_every_kind_has_a_sentence_and_a_mark() -> None:
    for kind in Kind:
        finding = replace(HIGH, kind=kind, limit=17)
        drawn = news.line("x", finding, TOLD, news.comparison(finding, TOLD), "volume?region=1")
        assert drawn.mark in "▲▼"
        assert "醴陵市" in drawn.text


def test_an_excess_is_placed_only_where_half_of_it_lies() -> None:
    assert news.held(Part("x", 11, 0.2, 0.8), "城乡建设", VOLUME) == "多出的主要在城乡建设 11 件次"
    assert news.held(Part("x", 11, 3.0, 0.8), "城乡建设", VOLUME).endswith("（预期约 3）")
    assert news.held(Part("x", 11, 0.2, 0.3), "城乡建设", VOLUME).startswith("分布较散")


def test_the_last_line_says_what_is_usual_and_what_is_not_judged() -> None:
    story = Story((HIGH,), more=2, usual=43, one_sided=7, unjudged=3, standing=(LOW_RATE,))
    last = news.rest(story, 3, TOLD.place)
    assert last.text == "其余 43 项指标在正常范围内"
    for words in (
        "另有 2 项",
        "醴陵市调解成功率偏低（上次已在范围外）",
        "7 项发生数少",
        "3 项可比日不足",
        "平均约 0.3 项",
    ):
        assert words in last.detail
    assert news.rest(Story((), 0, 0, 0, 0), 1, TOLD.place).text == "没有可以判断的指标"
    assert last.href == ""


def test_the_payload_is_plain_and_its_label_reads_the_list() -> None:
    line = news.line("0", HIGH, TOLD, "预期约 6", "volume?region=430281000000")
    data: dict[str, Any] = json.loads(json.dumps(news.payload([line])))
    assert data["lines"][0]["key"] == "0"
    assert data["label"] == "要情：醴陵市登记 19 件次，高于预期（上限 17）。"


# What is due ------------------------------------------------------------------------------------------------------------


def orders(rows: Sequence[tuple[date | None, date | None]]) -> pl.DataFrame:
    schema = {"due_on": pl.Date, "closed_on": pl.Date}
    known = {"kind": "prompt", "region_code": LILING, "organ_code": None, "issued_on": date(2026, 1, 1)}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        **{name: pl.lit(value) for name, value in known.items()}
    )


def test_orders_of_a_day_overdue_first_then_what_falls_due_next() -> None:
    day = timedelta(days=1)
    frame = orders(
        [(DAY + 3 * day, None), (DAY - 9 * day, None), (DAY, None), (DAY - day, None), (None, None), (DAY - day, DAY)]
    )
    found = due.open_on(frame, DAY)
    assert found["left"].to_list() == [-1, -9, 0, 3, None]
    assert due.open_on(frame, DAY - day)["left"].to_list() == [-8, 0, 0, 1, 4, None]
    assert due.open_on(frame, date(2025, 12, 31)).is_empty()


def test_a_short_list_keeps_room_for_what_falls_due() -> None:
    day = timedelta(days=1)
    late, coming = [(DAY - n * day, None) for n in range(1, 8)], [(DAY + n * day, None) for n in range(1, 3)]
    found = due.open_on(orders([*late, *coming]), DAY)
    assert due.listed(found, 5)["left"].to_list() == [-1, -2, -3, 1, 2]
    assert due.listed(due.open_on(orders(late), DAY), 5)["left"].to_list() == [-1, -2, -3, -4, -5]
    assert due.listed(due.open_on(orders(coming), DAY), 5)["left"].to_list() == [1, 2]
    assert due.listed(found, 2)["left"].to_list() == [-1, 1]


# Structure and map ------------------------------------------------------------------------------------------------------


def steps(*values: float | None) -> list[Step]:
    keys = ("mediation_succeeded", "police_disputes", "civil_filings")
    return [Step(label, value, metrics()[key]) for label, value, key in zip("甲乙丙", values, keys, strict=True)]


def test_the_structure_is_upright_only_on_a_broad_base() -> None:
    assert structure.finding(steps(30, 20, 10)) == "正立"
    assert structure.finding(steps(10, 20, 15)) == "倒置"
    assert structure.finding(steps(30, 10, 20)) == "未正立"
    assert structure.finding(steps(30, None, 10)) == ""
    assert structure.finding(steps(0, 0, 0)) == ""
    assert "该级不统计" in structure.html(steps(30, None, 10))
    assert "width:100.0%" in structure.html(steps(30, 20, 10))


def test_what_lies_outside_its_band_is_outlined_marked_and_explained() -> None:
    frame = pl.DataFrame(
        {"region_code": [LILING], "value": [19.0], "numerator": [19], "denominator": [None], "state": ["ok"]},
        schema_overrides={"denominator": pl.Int64},
    )
    mark = Mark("▲", "worse", "高于预期上限", "预期范围 0–17")
    built = [
        region_map.build(
            frame, VOLUME, DARK, places={LILING: Place("醴陵市", mark=chosen)}, boundaries=boundaries_of([LILING])
        )
        for chosen in (mark, Mark(note="预期范围 0–30"))
    ]
    layers = [
        {layer["id"]: layer for layer in json.loads(picture.deck.to_json())["layers"]}
        for picture in built
        if picture.deck
    ]
    assert "outlined" in layers[0]
    assert "outlined" not in layers[1]
    assert "高于预期上限" in built[0].legend
    assert "预期上限" not in built[1].legend
    assert layers[1][built[1].layer]["data"][0]["properties"]["note"] == "预期范围 0–30"
    texts = [row["text"] for name, layer in layers[0].items() if name.startswith("labels") for row in layer["data"]]
    assert "19 ▲" in texts
