"""Shares against targets: every state, exact gaps, the lowest first; the map in the colours of standing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboard.look import DARK, LIGHT, Look, channels, dark_ground
from dashboard.panels import three_no
from dashboard.views import targets, targets_map
from dashboard.views.region_map import Place
from dashboard.views.targets import Weakest
from data_access.boundaries import boundaries_of
from tests.dashboard.test_views import CODES, EVIL, MARCH, NAMES, RATE, Observation, all_states, observed

AIMS: dict[str, float | None] = dict.fromkeys(CODES, 0.95)


def three() -> list[Observation]:
    return [
        (MARCH, CODES[0], "rate", 0.95, 247, 260, "ok"),
        (MARCH, CODES[1], "rate", 131 / 139, 131, 139, "ok"),
        (MARCH, CODES[2], "rate", 0.8, 80, 100, "ok"),
    ]


def lines(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in table["rows"]}


def test_the_lowest_stand_first_and_gaps_are_exact() -> None:
    table = targets.payload(observed(three()), RATE, NAMES, AIMS)
    assert [(row["name"], row["gap"], row["tone"], row["sign"]) for row in table["rows"]] == [
        ("石峰区", "−15", "worse", "○"),
        ("芦淞区", "−2", "worse", "◐"),
        ("荷塘区", "0", "better", "●"),
    ]
    assert table["label"] == "成功率：3 个区划中 1 个达到目标，最低 石峰区 80.0%。"


def test_every_state_has_its_words_and_none_but_ok_is_judged() -> None:
    rows = lines(targets.payload(all_states(), RATE, NAMES, AIMS))
    for code, word in zip(CODES[3:7], ("样本不足", "未定义", "已隐去", "该级不统计"), strict=True):
        assert rows[code]["value"] == word
        assert (rows[code]["gap"], rows[code]["at"], rows[code]["tone"]) == ("", None, "neutral")
        assert word in rows[code]["alt"]
    assert rows[CODES[3]]["parts"] == "10/12"
    assert rows[CODES[5]]["parts"] == ""


def test_without_a_target_there_is_no_gap() -> None:
    table = targets.payload(observed(three()), RATE, NAMES, {})
    assert not table["gap"]
    assert all(row["aim"] is None and row["tone"] == "neutral" for row in table["rows"])
    assert targets.alt(observed(three()), RATE, NAMES, {}) == "成功率：没有可与目标比较的数值。"


def test_each_region_has_its_own_target() -> None:
    rows = lines(targets.payload(observed(three()), RATE, NAMES, {**AIMS, CODES[2]: 0.8}))
    assert (rows[CODES[2]]["gap"], rows[CODES[1]]["gap"]) == ("0", "−2")
    assert rows[CODES[2]]["aim"] < rows[CODES[1]]["aim"]


def test_the_scale_reaches_from_below_everything_to_the_whole() -> None:
    table = targets.payload(observed(three()), RATE, NAMES, AIMS)
    assert [tick["text"] for tick in table["ticks"]] == ["100%", "95%", "90%", "85%", "80%", "75%"]
    assert all(0 <= row["at"] <= 1 for row in table["rows"])


def test_the_weakest_condition_and_evil_names_are_plain_text() -> None:
    names = {**NAMES, CODES[0]: EVIL}
    table = targets.payload(observed(three()), RATE, names, AIMS, weakest={CODES[0]: Weakest("无上访", "95.0%")})
    assert table["head"][-1] == "最低的一项"
    assert lines(table)[CODES[0]]["name"] == EVIL
    assert lines(table)[CODES[0]]["weakest"] == {"label": "无上访", "share": "95.0%"}
    json.dumps(table)


@pytest.mark.parametrize("look", [DARK, LIGHT], ids=lambda look: look.name)
def test_the_map_is_painted_by_standing_with_dark_text_on_every_fill(look: Look) -> None:
    frame = observed([*three(), (MARCH, CODES[3], "rate", 10 / 12, 10, 12, "small_n")])
    places = {code: Place(name) for code, name in NAMES.items()}
    picture = targets_map.build(
        frame, RATE, look, AIMS, places=places, boundaries=boundaries_of(frame["region_code"].to_list())
    )
    assert picture.deck is not None
    layer = next(layer for layer in json.loads(picture.deck.to_json())["layers"] if layer["id"] == picture.layer)
    fills = {feature["properties"]["region_code"]: feature["properties"]["fill"][:3] for feature in layer["data"]}
    colours = targets_map.colours(look)
    expected = [colours["reached"], colours["near"], colours["below"], look.quiet]
    assert [fills[code] for code in CODES[:4]] == [list(channels(colour)) for colour in expected]
    assert len({*expected}) == 4
    assert not any(dark_ground(colour) for colour in colours.values())
    for words in ("达到目标 1 个", "差 5 个百分点以内 1 个", "差 5 个百分点以上 1 个", "样本不足", "天地图"):
        assert words in picture.legend


def test_a_region_without_target_is_ground_and_one_without_boundary_is_named() -> None:
    frame = observed([*three()[:2], (MARCH, "999999000000", "rate", 0.5, 50, 100, "ok")])
    picture = targets_map.build(
        frame,
        RATE,
        LIGHT,
        {CODES[0]: 0.95},
        places={**{code: Place(name) for code, name in NAMES.items()}, "999999000000": Place("<i>飞地")},
        boundaries=boundaries_of(CODES[:2]),
    )
    assert "&lt;i&gt;飞地 50.0%" in picture.legend
    assert "达到目标 1 个" in picture.legend
    assert "差 5 个百分点以内 0 个" in picture.legend


def test_the_headline_counts_the_gap_in_points_and_villages() -> None:
    def said(numerator: int, denominator: int, state: str = "ok", aim: float | None = 0.95) -> str:
        value = numerator / denominator if denominator else None
        row = {"value": value, "numerator": numerator, "denominator": denominator, "state": state}
        return three_no.target_words(row, aim, three_no.ONE_MONTH).removeprefix("三无村(社区)占比")

    assert said(1810, 1983) == " 91.3%（1,810/1,983），距 95% 目标差 3.7 个百分点，相当于 74 个村(社区)"
    assert said(1917, 1983) == " 96.7%（1,917/1,983），已达 95% 目标，超过 1.7 个百分点"
    assert said(247, 260).endswith("已达 95% 目标，恰好达到")
    assert said(9, 10, "small_n").startswith(" 90.0%（9/10），样本不足，不与 95% 目标比")
    assert said(0, 0, "undefined") == "：未定义（本期没有评定数据，可换期间）"
    assert said(1, 1, "suppressed") == "：已隐去（数量过少，为保密不显示）"
    assert said(19, 20, aim=None).endswith("本期没有目标")


def test_the_panel_names_the_few_that_are_short() -> None:
    words = three_no.standing_words(observed(three()), NAMES, AIMS, "县市区", three_no.ONE_MONTH)
    assert words == "3 个县市区中 2 个未达目标：石峰区差 15 个村(社区)、芦淞区差 2 个村(社区)"
    assert three_no.standing_words(all_states(), NAMES, {}, "县市区", "个") == ""
    some = three_no.standing_words(all_states(), NAMES, dict.fromkeys(CODES, 0.5), "县市区", "个")
    assert some == "可比的 3 个县市区全部达到目标"


def test_the_binding_condition_is_the_one_missed_most() -> None:
    def row(numerator: int, state: str = "ok") -> dict[str, Any]:
        return {"value": numerator / 100, "numerator": numerator, "denominator": 100, "state": state}

    rows = {
        "three_no_share": row(90),
        "no_case_share": row(98),
        "no_accident_share": row(99),
        "no_petition_share": row(93),
    }
    assert three_no.binding_words(rows, three_no.ONE_MONTH) == ("短板是无上访", "未达的 10 个中占 7")
    even = rows | {"no_case_share": row(93)}
    assert three_no.binding_words(even, "个村·月") == ("短板是无案件、无上访", "未达的 10 次中各占 7")
    assert three_no.binding_words({key: row(100) for key in rows}, "")[0] == "三项条件全部达到"
    assert three_no.binding_words({key: row(0, "suppressed") for key in rows}, "") == ("三项条件", "")
