"""办理质效: the finding over the page, the order of what needs action, and the states in its tables."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from dashboard.look import STATE_LABELS
from dashboard.panels import due_soon, organs, quality, satisfaction
from dashboard.panels.due_soon import Place
from dashboard.panels.organs import NOBODY, REST, TOTAL, Organ
from dashboard.panels.quality_cells import Axis, interval_cell, rate_cell
from dashboard.views import table
from metrics.core.fairness.judge import judged
from metrics.core.scheme import scheme
from metrics.registry import metrics

RATE = metrics()["reply_on_time_rate"]
DAYS = metrics()["reply_mean_days"]
OVERDUE = metrics()["overdue_petitions"]
NAMES = {"a": "甲县", "b": "乙县", "c": "丙县", "d": "丁县"}
Row = dict[str, Any]


def observation(code: str, numerator: int | None, denominator: int | None, state: str = "ok") -> Row:
    known = numerator is not None and denominator
    return {
        "period": date(2026, 11, 1),
        "region_code": code,
        "metric": RATE.key,
        "value": numerator / denominator if known and numerator is not None and denominator else None,
        "numerator": numerator,
        "denominator": denominator,
        "state": state,
    }


def league(*rows: Row) -> list[Row]:
    """The rows judged as the page has them."""
    return judged(pl.DataFrame(list(rows), infer_schema_length=None), RATE).rows(named=True)


def said(rows: list[Row], whole: Row) -> str:
    names = {row["region_code"]: NAMES[row["region_code"]] for row in rows}
    return quality.sentence(rows, names, RATE, "全市", whole, "县市区")


# The finding ------------------------------------------------------------------------------------------------------------


def test_the_worst_is_named_when_it_is_more_than_chance() -> None:
    rows = league(observation("a", 160, 179), observation("b", 290, 295), observation("c", 197, 200))
    assert said(rows, observation("", 647, 674)) == "甲县按期答复率 89.4%（160/179），显著低于全市 96.0%"


def test_several_worse_are_counted_and_the_lowest_named() -> None:
    rows = league(
        observation("a", 300, 400), observation("b", 320, 400), observation("c", 990, 1000), observation("d", 995, 1000)
    )
    assert (
        said(rows, observation("", 2605, 2800)) == "2 个县市区按期答复率显著低于全市 93.0%，最低 甲县 75.0%（300/400）"
    )


def test_chance_is_called_chance() -> None:
    rows = league(observation("a", 56, 61), observation("b", 57, 58), observation("c", 84, 85))
    assert said(rows, observation("", 197, 204)) == "各县市区按期答复率差异不显著，最低 甲县 91.8%（56/61），全市 96.6%"


def test_too_few_to_compare_are_said_to_be_few() -> None:
    few = observation("b", 3, 4, "small_n")
    rows = league(observation("a", 56, 61), few, observation("c", 84, 85))
    assert said(rows, observation("", 143, 150)).startswith("可比的 2 个县市区")
    alone = league(observation("a", 56, 61), few)
    assert said(alone, observation("", 59, 65)).endswith("可比的县市区不足两个，不作比较")


def test_equal_places_have_no_lowest() -> None:
    rows = league(observation("a", 20, 20), observation("b", 30, 30))
    assert said(rows, observation("", 50, 50)) == "各县市区按期答复率都是 100.0%"


@pytest.mark.parametrize("state", STATE_LABELS)
def test_a_whole_in_doubt_is_not_compared(state: str) -> None:
    rows = league(observation("a", 3, 4, "small_n"))
    sentence = said(rows, observation("", 3, 4, state))
    assert sentence.startswith(f"全市按期答复率{STATE_LABELS[state]}")
    assert "显著" not in sentence
    assert ("3/4" in sentence) is (state == "small_n"), "only a small sample shows its figures"


def test_of_a_figure_of_which_less_is_better_the_highest_is_the_worst() -> None:
    rows: list[Row] = [
        {**observation("a", 4230, 100), "band": "within", "verdict": None},
        {**observation("b", 3000, 100), "band": "within", "verdict": None},
    ]
    sentence = quality.sentence(rows, {"a": "甲县", "b": "乙县"}, DAYS, "全市", observation("", 7230, 200), "县市区")
    assert sentence == "各县市区平均答复天数差异不显著，最高 甲县 42.3 天，全市 36.1 天"


def test_of_a_count_the_largest_share_is_named() -> None:
    rows = [observation("a", 101, 1), observation("b", 89, 1)]
    sentence = quality.sentence(rows, NAMES, OVERDUE, "全市", observation("", 190, 1), "县市区")
    assert sentence == "全市超期未答复 190 件，甲县 101 件最多，占 53.2%"
    nothing = quality.sentence([observation("a", 0, 1)], NAMES, OVERDUE, "全市", observation("", 0, 1), "县市区")
    assert nothing == "全市超期未答复 0 件"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((160, 179), "显著低于甲市整体 96.0%"), ((57, 58), "与甲市整体 96.0% 差异不显著")],
)
def test_one_place_against_all(numbers: tuple[int, int], words: str) -> None:
    rows = league(observation("a", *numbers), observation("b", 290, 295), observation("c", 197, 200))
    sentence = quality.own_sentence("甲县", rows[0], RATE, "甲市整体", observation("", 647, 674))
    assert sentence.endswith(words)


# Due soon ---------------------------------------------------------------------------------------------------------------


def place(code: str, overdue: int | None, soon: int = 0, open_now: int = 5) -> Place:
    counts = dict(zip(due_soon.KEYS, (overdue, 0, soon, open_now), strict=True))
    return Place(code, f"{code}县", counts)


def test_overdue_comes_first_then_due_soon() -> None:
    places = [place("a", 0, 9), place("b", 3), place("c", 0, 1), place("d", 12)]
    rows = due_soon.listed(places, place("", 15, 10, 20))
    assert [row.code for row in rows] == ["d", "b", "a", "c", TOTAL]
    assert due_soon.finding(places, place("", 15, 10)) == "超期 15 件，d县 12 件最多"


def test_many_places_are_summed_up_and_nothing_is_lost() -> None:
    places = [place(f"{number:02}", number) for number in range(24)]
    whole = place("", sum(range(24)) + 1, 0, 24 * 5)
    rows = due_soon.listed(places, whole)
    assert [row.name for row in rows[-3:]] == ["其余 17 个", "未细分", "合计"]
    assert sum(row["overdue_petitions"] or 0 for row in rows[:-1]) == whole["overdue_petitions"]
    assert not any(row.open for row in rows[-3:])


def test_a_hidden_count_is_not_taken_for_none() -> None:
    places = [place("a", None), *(place(f"{number:02}", 1) for number in range(12))]
    rest = due_soon.listed(places, place("", None, 0, 13 * 5))[-2]
    assert (rest.name, rest["overdue_petitions"]) == ("其余 6 个", None)
    assert due_soon.finding(places, place("", None)) == "到期与超期"


def test_nothing_overdue_looks_ahead() -> None:
    assert due_soon.finding([place("a", 0, 4)], place("", 0, 4)) == "没有超期未答复，七日内到期 4 件"


# Satisfaction beside participation --------------------------------------------------------------------------------------


def test_satisfaction_is_never_said_without_participation() -> None:
    content = observation("", 255, 274)
    assert satisfaction.finding(content, observation("", 173, 765), 0.4) == "满意率 93.1%，但参评只有 22.6%"
    assert satisfaction.finding(content, observation("", 400, 765), 0.4) == "满意率 93.1%，参评率 52.3%"
    assert satisfaction.finding(content, observation("", 0, 0, "undefined"), 0.4) == "满意率 93.1%，参评率未定义"
    assert satisfaction.finding(observation("", 2, 2, "small_n"), observation("", 2, 9, "small_n"), 0.4).endswith(
        "样本不足"
    )


def test_the_targets_are_those_of_the_scheme() -> None:
    assert satisfaction.targets() == (0.98, 0.40)
    assert scheme("balanced").parts[2].target == 0.98


def test_what_can_be_compared_stands_first_and_the_selected_place_is_kept() -> None:
    codes = {f"{number:02}": f"{number} 镇" for number in range(30)}
    content = {code: observation(code, 2, 3, "small_n") for code in codes}
    taking_part = {code: observation(code, 2, int(code), "small_n") for code in codes}
    content["20"], content["21"] = observation("20", 18, 20), observation("21", 20, 20)
    taking_part["22"] = observation("22", 5, 40)
    ordered = satisfaction.in_order(codes, content, taking_part, "03")
    assert ordered[:4] == ["21", "20", "22", "29"]
    assert (ordered[-1], len(ordered)) == ("03", due_soon.MOST_ROWS)


# The organs -------------------------------------------------------------------------------------------------------------


def organ(key: str, overdue: int, rate: tuple[int, int] | None = None) -> Organ:
    counts = dict(zip(organs.STOCKS, (overdue, 0, 3), strict=True))
    return Organ(key, key, "county_group", counts, observation(key, *rate) if rate else None)


def test_the_rest_of_the_organs_is_summed_up() -> None:
    members = [organ(f"{number:02}", 40 - number, (number, 20)) for number in range(1, 31)]
    rows = organs.listed(members, organs.TOP)
    assert [row.key for row in rows[-2:]] == [REST, TOTAL]
    assert rows[0].key == "01"
    rest, total = rows[-2:]
    assert rest.name == "其余 18 个单位"
    assert rest.rate is not None
    assert total.rate is not None
    assert (rest.rate["numerator"], rest.rate["denominator"]) == (sum(range(13, 31)), 18 * 20)
    assert (total.rate["numerator"], total.rate["denominator"]) == (sum(range(1, 31)), 600)
    assert total["overdue_petitions"] == sum(40 - number for number in range(1, 31))
    assert len(organs.listed(members, None)) == 31, "all of them and their sum"


def test_an_organ_alone_has_no_sum() -> None:
    assert [row.key for row in organs.listed([organ("a", 1)], organs.TOP)] == ["a"]


def test_the_finding_over_the_organs() -> None:
    members = [organ("甲局", 19), organ("乙局", 0), organ(NOBODY, 2)]
    assert organs.finding(members) == "2 个单位有超期件，甲局 19 件最多"
    assert organs.finding([organ("乙局", 0)]) == "责任单位：没有超期未答复"


# The cells --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATE_LABELS)
def test_a_doubtful_figure_is_a_word_with_its_reason(state: str) -> None:
    row = observation("a", 3, 4, state)
    cell = rate_cell(row, RATE)
    assert cell.text == STATE_LABELS[state]
    assert cell.title
    assert cell.unit == ("3/4" if state == "small_n" else "")
    assert interval_cell(row, Axis(0, 1)).interval is None


def test_an_interval_holds_its_point_and_the_target() -> None:
    rows = league(observation("a", 160, 179), observation("b", 290, 295), observation("c", 197, 200))
    axis = Axis.over(rows, 0.98)
    for row in rows:
        cell = interval_cell(row, axis, mark=0.98)
        assert cell.interval is not None
        assert cell.mark is not None
        low, point, high = cell.interval
        assert 0 <= low <= point <= high <= 1
        assert 0 < cell.mark < 1
    assert interval_cell(rows[0], axis).tone == "worse"
    drawn = table.payload([table.Column("x")], [table.Row("a", [interval_cell(rows[0], axis)])], label="", empty="")
    assert drawn["rows"][0]["cells"][0]["interval"]


def test_departments_and_county_organs_are_never_judged_as_one_group() -> None:
    """A department as good as the other departments is not called better because county organs are worse."""
    groups = {"a": "dept_group", "b": "dept_group", "c": "county_group", "d": "county_group"}
    numbers = {"a": (398, 400), "b": (397, 400), "c": (300, 400), "d": (301, 400), "x": (10, 400), "y": (390, 400)}
    rows = [{**observation("", *figures), "organ_code": code} for code, figures in numbers.items()]
    frame = organs.judged_by_group(pl.DataFrame(rows), groups)
    assert dict(frame.select("organ_code", "verdict").iter_rows()) == dict.fromkeys(numbers)
    assert frame["lower"].null_count() == 0, "every organ has its own interval"
    assert organs.judged_by_group(pl.DataFrame(rows).clear(), groups).is_empty()
