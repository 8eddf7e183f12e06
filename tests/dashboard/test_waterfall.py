"""The waterfall picture: its columns hang together, add up, and say what they are."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from dashboard.look import DARK, LIGHT
from dashboard.views import waterfall

SCHEMA = {
    "region_code": pl.String,
    "step": pl.Int64,
    "kind": pl.String,
    "label": pl.String,
    "metric": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "change": pl.Float64,
}
CODE = "430281000000"


def rows(*steps: tuple[str, str, float | None, float | None, float | None]) -> pl.DataFrame:
    """(kind, label, before, after, change) in order."""
    listed = [
        (CODE, number, kind, label, None, before, after, change)
        for number, (kind, label, before, after, change) in enumerate(steps)
    ]
    return pl.DataFrame(listed, schema=SCHEMA, orient="row")


FALL = rows(
    ("start", "上期得分", 76.9, 76.9, None),
    ("part", "按期受理", 14.0, 14.2, 0.2),
    ("part", "调解成功", 12.0, 8.6, -3.4),
    ("part", "督办按期", 0.0, 0.0, 0.0),
    ("weights", "计分项增减与权重分摊", None, None, 0.1),
    ("ledger", "台账扣分", -1.0, -1.0, 0.0),
    ("bounds", "封顶、封底与否决", 0.0, 0.0, 0.0),
    ("end", "本期得分", 73.8, 73.8, None),
)


def test_the_steps_lead_from_one_score_to_the_other() -> None:
    steps = waterfall.steps_of(FALL)
    assert [step.label for step in steps] == ["上期得分", "按期受理", "调解成功", "权重分摊", "本期得分"]
    moves = [step for step in steps if not step.total]
    assert sum(step.change for step in moves) == pytest.approx(73.8 - 76.9)
    assert moves[0].start == steps[0].stop
    for one, other in pairwise(moves):
        assert one.stop == other.start
    assert moves[-1].stop == pytest.approx(steps[-1].stop)


def test_a_part_that_counts_but_did_not_move_stands_there() -> None:
    still = rows(
        ("start", "上期得分", 50.0, 50.0, None),
        ("part", "积案化解", 7.0, 7.0, 0.0),
        ("end", "本期得分", 50.0, 50.0, None),
    )
    assert [step.label for step in waterfall.steps_of(still)] == ["上期得分", "积案化解", "本期得分"]
    assert waterfall.alt(still, "攸县") == "攸县得分由 50.0 到 50.0，变化 0.0 分。"


def test_columns_hang_where_the_one_before_ended() -> None:
    picture = waterfall.figure(FALL, LIGHT)
    tops = [bar.base[0] + bar.y[0] for bar in picture.data]
    assert tops[0] == pytest.approx(76.9)
    assert picture.data[2].base[0] == pytest.approx(77.1)
    assert tops[2] == pytest.approx(73.7)
    assert [bar.marker.color for bar in picture.data[1:3]] == [LIGHT.better, LIGHT.worse]
    assert [note.text for note in picture.layout.annotations][1:3] == ["+0.2", "−3.4"]
    low, high = picture.layout.yaxis.range
    assert 0 < low < 73.7
    assert high > 77.1


def test_the_axis_that_does_not_begin_at_zero_is_drawn_torn() -> None:
    torn = [shape for shape in waterfall.figure(FALL, DARK).layout.shapes if shape.type == "path"]
    assert len(torn) == 2
    low = rows(
        ("start", "上期得分", 1.0, 1.0, None), ("part", "调解成功", 1.0, 2.0, 1.0), ("end", "本期得分", 2.0, 2.0, None)
    )
    picture = waterfall.figure(low, DARK)
    assert picture.layout.yaxis.range[0] == 0
    assert not [shape for shape in picture.layout.shapes if shape.type == "path"]


def test_the_waterfall_in_a_sentence_and_the_same_at_every_call() -> None:
    assert waterfall.alt(FALL, "醴陵市") == (
        "醴陵市得分由 76.9 到 73.8，变化 −3.1 分，变动最大的是调解成功 −3.4、按期受理 +0.2。"
    )
    assert waterfall.figure(FALL, DARK).to_json() == waterfall.figure(FALL, DARK).to_json()
    assert waterfall.alt(FALL.clear(), "醴陵市") == "醴陵市：上期或本期没有得分，无法分解变化。"
    assert not waterfall.figure(FALL.clear(), DARK).data
