"""A metric's formula with its numbers, in all states; its worked example as tables; safe with any text."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.look import Change
from dashboard.views import definition
from metrics.core.model import Metric, Score, WorkedExample
from metrics.registry import metrics
from metrics.worked import Term

EVIL = "<script>alert(1)</script>"


def row(value: float | None, numerator: int | None = None, denominator: int | None = None, state: str = "ok") -> Any:
    return {"value": value, "numerator": numerator, "denominator": denominator, "state": state}


def over(numerator: int, denominator: int) -> list[Term]:
    return [Term("numerator", "按期答复件", "", numerator), Term("denominator", "答复到期件", "", denominator)]


@pytest.mark.parametrize(
    ("key", "terms", "observed", "said"),
    [
        ("petition_volume", [Term("numerator", "件", "", 1665)], row(1665.0, 1665), "信访总量 = 1,665 件次"),
        ("reply_on_time_rate", over(2047, 2113), row(2047 / 2113, 2047, 2113), "按期答复率 = 2,047 ÷ 2,113 = 96.9%"),
        (
            "reply_on_time_rate",
            over(10, 12),
            row(10 / 12, 10, 12, "small_n"),
            "按期答复率 = 10 ÷ 12 = 83.3%（样本不足）",
        ),
        ("reply_on_time_rate", over(0, 0), row(None, 0, 0, "undefined"), "按期答复率 = 0 ÷ 0 = 未定义"),
        (
            "reply_on_time_rate",
            over(0, 0),
            row(None, state="not_measured"),
            "按期答复率：该级不统计（该级区划不统计这项指标）",
        ),
        (
            "reply_on_time_rate",
            over(3, 20),
            row(None, state="suppressed"),
            "按期答复率：已隐去（数量过少，为保密不显示）",
        ),
        (
            "open_petitions",
            [Term("numerator", "登记", "", 40512, 1, True), Term("numerator", "已答复", "", 38589, -1, True)],
            row(1923.0, 1923),
            "在办信访件 = 40,512 − 38,589 = 1,923 件",
        ),
        (
            "pyramid_base_share",
            [Term("numerator", "a", "", 438), *(Term("denominator", "b", "", figure) for figure in (438, 1570, 643))],
            row(438 / 2651, 438, 2651),
            "基层化解占比 = 438 ÷ (438 + 1,570 + 643) = 16.5%",
        ),
        (
            "petition_per_10k",
            [Term("numerator", "登记件次", "", 1665)],
            row(4.34, 1665, 3_836_000),
            "万人信访量 = 1,665 ÷ 3,836,000 × 10,000 = 4.34 件次/万人",
        ),
        (
            "petition_per_10k",
            [Term("numerator", "登记件次", "", 5)],
            row(None, 5, None, "undefined"),
            "万人信访量 = 5 ÷ 未填 × 10,000 = 未定义",
        ),
        (
            "deduction_points",
            [Term("numerator", "扣分", "", 850)],
            row(8.5, 850),
            "考核扣分 = 850 ÷ 100 = 8.50 分",
        ),
        ("assessment_score", [], row(72.04), "县区考核得分 = 72.0 分"),
    ],
)
def test_the_formula_in_one_line(key: str, terms: list[Term], observed: Any, said: str) -> None:
    metric = metrics()[key]
    assert definition.sentence(metric, terms, observed) == said
    drawn = definition.equation(metric, terms, observed, ())
    if observed["state"] in ("not_measured", "suppressed"):
        assert "yp-step" not in drawn
        # What must not be shown does not stand in its parts either.
        assert str(terms[0].figure) not in drawn.replace("yp-", "") or terms[0].figure == 0
    elif terms:
        assert f'aria-label="{said}"' in drawn


def test_a_plain_count_is_not_said_twice() -> None:
    drawn = definition.equation(metrics()["petition_volume"], [Term("numerator", "件", "", 7)], row(7.0, 7), ())
    assert drawn.count("<b>7") == 1


def test_changes_stand_below_the_value_with_their_tone() -> None:
    change = Change("环比", "+1.4 百分点", 1, "better", "15.1% → 16.5%")
    drawn = definition.equation(metrics()["reply_on_time_rate"], over(9, 10), row(0.9, 9, 10), [change])
    assert '<span class="better">▲+1.4 百分点</span>' in drawn
    assert 'title="15.1% → 16.5%"' in drawn


def test_data_is_text_and_never_markup() -> None:
    metric = Metric(EVIL, EVIL, EVIL, "less", Score("x"), EVIL, EVIL, EVIL, EVIL, None)
    terms = [Term("numerator", EVIL, EVIL, 1), Term("numerator", EVIL, EVIL, 2)]
    worked = WorkedExample({EVIL: f"a  {EVIL}\n{EVIL}  {EVIL}"}, "2026-01-01", "2026-01-31", 1, None, 1.0)
    drawn = [
        definition.heading(metric, EVIL, [EVIL]),
        definition.equation(metric, terms, row(3.0, 3), [Change(EVIL, EVIL, 0, "neutral", EVIL)]),
        definition.value_only(metric, row(3.0), ()),
        definition.facts({EVIL: EVIL}),
        definition.example(metric, worked),
    ]
    assert "<script" not in "".join(drawn)


@pytest.mark.parametrize("key", metrics())
def test_every_worked_example_is_a_whole_table(key: str) -> None:
    metric = metrics()[key]
    assert metric.example is not None
    for text in metric.example.tables.values():
        columns, rows = definition.example_rows(text)
        assert rows
        assert all(len(line) == len(columns) for line in rows)
    assert "<table>" in definition.example(metric, metric.example)


def test_the_outcome_of_an_example() -> None:
    rate = metrics()["orders_on_time_rate"]
    assert rate.example is not None
    assert definition.outcome(rate, rate.example) == "2026-03-01 至 2026-03-31：分子 1，分母 4，得 25.0%"
    count = metrics()["petition_volume"]
    assert count.example is not None
    assert definition.outcome(count, count.example) == "2026-03-01 至 2026-03-31：得 3 件次"
