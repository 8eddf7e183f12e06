"""One region against its peers, in every state of an observation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dashboard.look import Change
from dashboard.views import profile
from dashboard.views.profile import Line
from metrics.core.model import Metric, Ratio, Score

RATE = Metric("rate", "成功率", "%", "more", Ratio((), ()), "口径", "为何", "注意", "来源", None)
NAMES = {"a": "甲县", "b": "乙县", "c": "丙县"}
CHANGES = (Change("环比", "+1.0 百分点", 1, "better"),)


def row(code: str, value: float | None, state: str = "ok", **judged: Any) -> dict[str, Any]:
    figures = {"numerator": None if value is None else int(value * 100), "denominator": None if value is None else 100}
    nothing = {"verdict": None, "band": None, "rank_low": None, "rank_high": None}
    return {"region_code": code, "value": value, "state": state, **figures, **nothing, **judged}


def drawn(*rows: dict[str, Any], mean: float | None = 0.9) -> dict[str, Any]:
    table = profile.payload([Line(RATE, rows, mean, CHANGES)], "a", NAMES, selected="rate", group="县域")
    entry: dict[str, Any] = table["lines"][0]
    return entry


def test_the_region_stands_among_its_peers_on_one_scale() -> None:
    entry = drawn(row("a", 0.95), row("b", 0.80), row("c", 0.90))
    assert entry["peers"][0]["at"] < entry["peers"][1]["at"] < entry["at"]
    assert entry["mean"] == pytest.approx(entry["peers"][1]["at"])
    assert all(0 < place < 1 for place in (entry["at"], *(peer["at"] for peer in entry["peers"])))
    assert (entry["value"], entry["unit"]) == ("95.0", "%")
    assert entry["title"] == "95.0 %，分子/分母 95/100"
    assert entry["peers"][0]["title"] == "乙县 80.0%"


def test_a_verdict_is_said_only_where_one_was_reached() -> None:
    judged = row("a", 0.7, verdict="worse", band="below", rank_low=3, rank_high=3)
    entry = drawn(judged, row("b", 0.9))
    assert (entry["tone"], entry["verdict"], entry["place"]) == ("worse", "差于同类", "3")
    within = drawn(row("a", 0.9, band="within", rank_low=1, rank_high=2), row("b", 0.9))
    assert (within["tone"], within["verdict"], within["place"]) == ("neutral", "差异不显著", "1–2")
    assert drawn(row("a", 0.9), row("b", 0.9))["verdict"] == ""


def test_what_is_made_of_the_others_has_no_place_among_them() -> None:
    whole = profile.payload(
        [Line(RATE, [row("b", 0.9), row("c", 0.8)], 0.9, ())], "a", NAMES, selected="", group="各县"
    )
    assert not whole["placed"]
    assert "得分的平均" not in whole["foot"]
    score = replace(RATE, kind=Score("balanced"))
    scored = profile.payload(
        [Line(score, [row("a", 0.6), row("b", 0.9)], 0.9, ())], "a", NAMES, selected="", group="各县"
    )
    assert "不是各单位得分的平均" in scored["foot"]
    judged = [row("a", 0.9, band="within", rank_low=1, rank_high=2), row("b", 0.9)]
    assert profile.payload([Line(RATE, judged, 0.9, ())], "a", NAMES, selected="", group="县域")["placed"]


@pytest.mark.parametrize(
    ("state", "word"),
    [("small_n", "样本不足"), ("undefined", "未定义"), ("suppressed", "已隐去"), ("not_measured", "该级不统计")],
)
def test_a_figure_in_doubt_is_a_word_and_never_a_place(state: str, word: str) -> None:
    entry = drawn(row("a", 0.123 if state == "small_n" else None, state, verdict="worse"), row("b", 0.9))
    assert (entry["value"], entry["at"], entry["verdict"], entry["changes"]) == (word, None, "", [])
    assert "12.3" not in str(entry)


def test_peers_in_doubt_are_not_drawn_and_equal_peers_do_not_break_the_scale() -> None:
    entry = drawn(row("a", 0.9), row("b", None, "suppressed"), row("c", 0.9), mean=0.9)
    assert len(entry["peers"]) == 1
    assert 0 <= entry["at"] <= 1


def test_the_sentence_counts_what_stands_apart() -> None:
    lines = [
        Line(RATE, [row("a", 0.7, verdict="worse", band="below"), row("b", 0.9)], 0.9, CHANGES),
        Line(RATE, [row("a", 0.9, band="within"), row("b", 0.9)], 0.9, CHANGES),
    ]
    assert profile.alt(lines, "a", NAMES, "县域") == "甲县与县域比，2 项指标：差于同类 1 项（成功率）。"
    assert profile.alt(lines[1:], "a", NAMES, "县域") == "甲县与县域比，1 项指标：各项差异均不显著。"
