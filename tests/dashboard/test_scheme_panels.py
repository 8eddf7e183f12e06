"""What the assessment says of counties and schemes: by ranges and verdicts, never by a bare rank."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard.panels import departments, ledger, scheme, score
from metrics.core.period import Grain
from metrics.core.scheme import schemes

NAMES = {"a": "甲县", "b": "乙县", "c": "丙县", "d": "丁县"}
Ranges = dict[str, tuple[int, int] | None]


def league(ranges: Ranges) -> list[dict[str, Any]]:
    """Rows of a league with these rank ranges; None: too few cases."""
    return [
        {
            "region_code": code,
            "state": "ok" if found else "small_n",
            "rank_low": found[0] if found else None,
            "rank_high": found[1] if found else None,
        }
        for code, found in ranges.items()
    ]


def test_schemes_agree_where_the_whole_range_lies_in_one_half_whatever_the_scheme() -> None:
    one = league({"a": (1, 2), "b": (1, 3), "c": (2, 4), "d": (3, 4)})
    other = league({"a": (1, 1), "b": (2, 4), "c": (1, 3), "d": (4, 4)})
    said = scheme.agreement({"x": one, "y": other}, NAMES)
    assert said == "2 套方案下都靠后的有丁县，都靠前的有甲县；其余 2 个的次序随方案变化。"


def test_a_county_that_changes_halves_is_named() -> None:
    one = league({"a": (1, 2), "b": (1, 3), "c": (2, 4), "d": (3, 4)})
    turned = league({"a": (3, 4), "b": (1, 3), "c": (2, 4), "d": (1, 2)})
    said = scheme.agreement({"x": one, "y": turned}, NAMES)
    assert said.startswith("没有区划在 2 套方案下都靠前或都靠后")
    assert "甲县、丁县换一套方案就由前半变后半" in said


def test_who_is_not_ranked_belongs_to_neither_half() -> None:
    one = league({"a": (1, 1), "b": (2, 2), "c": (3, 3), "d": None})
    said = scheme.agreement({"x": one, "y": one}, NAMES)
    assert "丁县" not in said
    assert "乙县" not in said
    assert said == "2 套方案下都靠后的有丙县，都靠前的有甲县；其余 2 个的次序随方案变化。"
    assert scheme.agreement({"x": one}, NAMES) == "只有一套方案。"


def test_every_scheme_can_be_chosen_and_the_one_in_force_is_the_default() -> None:
    switch = scheme.scheme_switch()
    assert switch.default == "balanced"
    assert set(switch.choices) == set(schemes())
    assert all("示例" in switch.choices[name] for name, found in schemes().items() if found.example)
    assert scheme.shown_metrics()[0] == "assessment_score"
    assert {"reply_on_time_rate", "leader_led_clear_rate", "three_no_share"} <= set(scheme.shown_metrics())
    assert set(scheme.GRAINS) >= {Grain(found.period) for found in schemes().values()}


def test_the_ledger_says_what_counts_and_what_is_open() -> None:
    rows = pl.DataFrame(
        {
            "points": [2.0, -0.5, 1.0, 3.0, 1.0],
            "status": ["final", "final", "proposed", "appealed", "revoked"],
            "counted": [True, True, False, False, False],
        }
    )
    assert ledger.summary(rows) == "已定 2 项，计 1.50 分；拟定 1 项、申诉中 1 项不计"
    assert ledger.summary(rows.filter("counted")) == "已定 2 项，计 1.50 分"
    assert ledger.summary(rows.clear()) == ""


def test_a_department_rate_keeps_its_state_and_its_parts() -> None:
    def cell(state: str, value: float | None, above: int, below: int) -> Any:
        row = {"reply_state": state, "reply_on_time_rate": value, "reply_on_time": above, "reply_due": below}
        return departments._rate(row, "reply", "reply_on_time_rate")

    assert (cell("ok", 0.9, 18, 20).text, cell("ok", 0.9, 18, 20).unit) == ("90.0%", "18/20")
    few = cell("small_n", 0.5, 1, 2)
    assert (few.text, few.unit, few.tone) == ("样本不足", "1/2", "muted")
    assert few.title == "分母过小，不作比较"
    assert cell("undefined", None, 0, 0).text == "未定义"
    assert cell("suppressed", None, 0, 0).text == "已隐去"


def test_a_part_with_too_few_cases_is_named_without_points() -> None:
    row = {
        "part": "督办按期",
        "metric": "orders_on_time_rate",
        "weight": 0.1,
        "value": 6 / 11,
        "numerator": 6,
        "denominator": 11,
        "participation": None,
        "worth": 0.0,
        "counted": False,
        "contribution": 0.0,
    }
    made = score._part_row(row, "assessment_score", ("orders_on_time_rate",))
    assert [cell.text for cell in made.cells] == ["督办按期", ".10", "54.5", "6/11", "样本不足", "不计"]
    assert made.quiet
    assert made.open
    shared = {**row, "metric": "satisfaction_rate", "value": 0.5, "participation": 0.23, "counted": True, "worth": 0.42}
    assert score._figure(shared).text == "54.5%×23.0"
    assert "参评率 23.0%" in score._figure(shared).title
    assert score._figure({**row, "value": None, "denominator": 0}).text == "未定义"


def test_a_part_that_counts_only_for_all_together_is_told() -> None:
    def parts(*counted: tuple[str, bool]) -> pl.DataFrame:
        return pl.DataFrame(counted, schema={"part": pl.String, "counted": pl.Boolean}, orient="row")

    whole = parts(("答复", True), ("督办", True), ("化解", False))
    members = parts(("答复", True), ("督办", False), ("化解", False), ("答复", False), ("督办", False))
    assert score.counted_only_together(whole, members) == ["督办"]
    assert score.counted_only_together(whole, parts(("答复", True), ("督办", True))) == []
