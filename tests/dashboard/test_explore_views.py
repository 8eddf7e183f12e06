"""The table by pages, the bars and the lists of choices as plain values: complete in all states, safe with any word."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.look import STATE_LABELS
from dashboard.views import bars, explore_choices, explore_table
from dashboard.views.explore_choices import Family, Option
from dashboard.views.explore_table import Cell, Head, Paging, Step, step
from metrics.core.model import Metric
from metrics.registry import metrics

RATE: Metric = metrics()["repeat_share"]
COUNTED: Metric = metrics()["petition_volume"]
EVIL = "<script>alert(1)</script>"
HEADS = [
    Head("县市区", "region"),
    Head("信访总量", "petition_volume", right=True, sorted=-1),
    Head("分子/分母", right=True),
]


def table(rows: int = 2, page: int = 1, pages: int = 3) -> dict[str, Any]:
    cells = [[Cell(EVIL, code=f"43020{n}000000"), Cell("1,234"), Cell("")] for n in range(rows)]
    return explore_table.payload(HEADS, cells, Paging(1, 555, page, pages), label="表", find="", empty="没有")


# The table --------------------------------------------------------------------------------------------------------------


def test_a_cell_is_sent_with_what_it_has_and_nothing_else() -> None:
    assert table(1)["rows"] == [[{"text": EVIL, "code": "430200000000"}, {"text": "1,234"}, {"text": ""}]]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 cells"):
        explore_table.payload(HEADS, [[Cell("1")]], Paging(1, 1, 1, 1), label="", find="", empty="")


@pytest.mark.parametrize(
    ("rows", "paging", "said"),
    [
        (0, Paging(1, 0, 1, 1), "共 0 行"),
        (2, Paging(1, 2, 1, 1), "共 2 行"),
        (2, Paging(201, 116_176, 2, 581), "第 201–202 行，共 116,176 行"),
    ],
)
def test_how_many_rows_there_are_is_always_said(rows: int, paging: Paging, said: str) -> None:
    cells = [[Cell("x")]] * rows
    assert explore_table.payload([Head("列")], cells, paging, label="", find="", empty="没有")["said"] == said


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sort:-petition_volume", Step("sort", "-petition_volume")),
        ("sort:region", Step("sort", "region")),
        ("sort:分子/分母", None),
        ("sort:", None),
        ("page:3", Step("page", "3")),
        ("page:003", Step("page", "3")),
        ("page:4", None),
        ("page:0", None),
        ("page:-1", None),
        ("page:²", None),
        ("page:" + "9" * 5000, None),
        ("find:  白兔 镇\n\x00 ", Step("find", "白兔 镇")),
        ("find:" + "长" * 99, Step("find", "长" * 40)),
        ("find:", Step("find", "")),
        ("open:430200000000", Step("open", "430200000000")),
        ("open:430299000000", None),
        ("close:1", None),
        ("sort", None),
        (None, None),
        (7, None),
    ],
)
def test_only_what_the_table_offers_is_a_step(word: object, expected: Step | None) -> None:
    assert step(word, table()) == expected


@given(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text())))
def test_nonsense_from_a_browser_is_no_step_and_no_error(word: object) -> None:
    found = step(word, table())
    assert found is None or found.kind == "find"


# Bars -------------------------------------------------------------------------------------------------------------------


def observed(values: list[tuple[str, float | None, int | None, int | None, str]]) -> pl.DataFrame:
    schema = {"key": pl.String, "value": pl.Float64, "numerator": pl.Int64, "denominator": pl.Int64, "state": pl.String}
    return pl.DataFrame(values, schema=schema, orient="row")


def test_beyond_twenty_counts_are_added_up_and_rates_only_counted() -> None:
    frame = observed([(f"k{n:02}", float(n), n, None, "ok") for n in range(25)])
    names = {key: key for key in frame["key"]}
    picture = bars.payload(frame, COUNTED, names, label="图")
    assert [bar["key"] for bar in picture["bars"]] == [f"k{n:02}" for n in range(24, 4, -1)] + ["rest"]
    assert (picture["bars"][-1]["name"], picture["bars"][-1]["text"]) == ("其余 5 项合计", "10")
    assert picture["foot"] == ""
    rates = observed([(f"k{n:02}", n / 25, n, 25, "ok") for n in range(25)])
    picture = bars.payload(rates, RATE, names, label="图")
    assert len(picture["bars"]) == bars.MOST_BARS
    assert picture["foot"] == "只画前 20 项，其余 5 项见表"


def test_every_state_is_drawn_or_told() -> None:
    frame = observed(
        [
            ("a", 0.5, 10, 20, "ok"),
            ("b", 0.9, 9, 10, "small_n"),
            ("c", None, 0, 0, "undefined"),
            ("d", None, None, None, "suppressed"),
            ("e", None, None, None, "not_measured"),
        ]
    )
    picture = bars.payload(frame, RATE, {key: f"{key}{EVIL}" for key in "abcde"}, label="图", openable=frozenset("ab"))
    assert [bar["key"] for bar in picture["bars"]] == ["a", "b"], "too few cases stand after the others"
    assert (picture["bars"][1]["note"], picture["bars"][1]["quiet"]) == ("9/10 样本不足", True)
    for state in ("undefined", "suppressed", "not_measured"):
        assert f"1 项{STATE_LABELS[state]}" in picture["foot"]
    assert "最高 a" in bars.alt(frame, RATE, {key: key for key in "abcde"})
    assert "共 1 项" in bars.alt(frame, RATE, {key: key for key in "abcde"})


def test_bars_begin_at_zero_on_either_side() -> None:
    frame = observed([("a", 3.0, 3, None, "ok"), ("b", -1.0, -1, None, "ok"), ("c", 0.0, 0, None, "ok")])
    found = {
        bar["key"]: (bar["start"], bar["length"])
        for bar in bars.payload(frame, COUNTED, {k: k for k in "abc"}, label="")["bars"]
    }
    assert found == {"a": (0.25, 0.75), "b": (0.0, 0.25), "c": (0.25, 0.0)}


def test_nothing_to_draw_is_said() -> None:
    picture = bars.payload(observed([]), COUNTED, {}, label="图")
    assert (picture["bars"], picture["empty"]) == ([], "没有可画的数值。请换一个期间或放宽筛选。")
    assert "没有可显示的数值" in bars.alt(observed([]), COUNTED, {})


def test_the_picture_is_the_same_for_the_same_input() -> None:
    frame = observed([(f"k{n}", 1.0, 1, None, "ok") for n in range(30)])
    names = {key: key for key in frame["key"]}
    assert json.dumps(bars.payload(frame, COUNTED, names, label="")) == json.dumps(
        bars.payload(frame, COUNTED, names, label="")
    )


# Choices ----------------------------------------------------------------------------------------------------------------

FAMILIES = [
    Family("信访", [Option("a", "甲"), Option("b", "乙"), Option("c", "丙")]),
    Family("", [Option("d", "丁", refused="甲不分此项")]),
]


def refused(choices: dict[str, Any]) -> dict[str, str]:
    return {option["key"]: option["refused"] for family in choices["families"] for option in family["options"]}


def test_what_cannot_be_chosen_says_why() -> None:
    choices = explore_choices.payload(FAMILIES, ["a", "x"], label="", add="", most=2, least=1)
    assert refused(choices) == {"a": "至少要有一项", "b": "", "c": "", "d": "甲不分此项"}
    assert choices["chosen"] == [{"key": "a", "label": "甲", "fixed": True}]
    full = explore_choices.payload(FAMILIES, ["b", "a"], label="", add="", most=2, least=1)
    assert refused(full) == {"a": "", "b": "", "c": "最多选 2 项", "d": "甲不分此项"}
    assert [chip["key"] for chip in full["chosen"]] == ["b", "a"]
