"""The funnel plot: what it draws is what ``judged`` says, in all five states, for rates, figures per head and means."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest

from dashboard.look import DARK, LIGHT
from dashboard.views import funnel
from dashboard.views.funnel_labels import Spot, place_names
from metrics.core.fairness.judge import judged
from tests.metrics.leagues import MEAN, PER_HEAD, RATE, league, metric

EVIL = "<script>alert(1)</script>"
LOW_LAST = [(930, 1000)] * 9 + [(249, 300)]


def names_of(frame: pl.DataFrame) -> dict[str, str]:
    return {code: f"第{index}县" for index, code in enumerate(frame["region_code"].to_list())}


def judged_league(key: str, rows: Any, squares: Any = None) -> pl.DataFrame:
    return judged(league(key, rows, squares), metric(key))


def drawn(frame: pl.DataFrame, key: str = RATE, **options: Any) -> go.Figure:
    picture = funnel.figure(frame, metric(key), DARK, options.pop("names", names_of(frame)), **options)
    assert picture is not None
    return picture


def points(picture: go.Figure) -> go.Scatter:
    return picture.data[-1]


def test_the_same_league_gives_the_same_bytes() -> None:
    frame = judged_league(RATE, LOW_LAST)
    assert drawn(frame).to_json() == drawn(frame).to_json()


def test_a_point_outside_has_the_colour_of_its_verdict_the_shape_of_its_side_and_its_name() -> None:
    frame = judged_league(RATE, LOW_LAST)
    marks = points(drawn(frame))
    assert list(marks.marker.symbol) == ["circle"] * 9 + ["triangle-down"]
    assert list(marks.marker.color) == [DARK.secondary] * 9 + [DARK.worse]
    assert marks.text[-1] == "<b>第9县</b>"
    assert "低于界限，差于全体" in marks.hovertext[-1]
    assert "与全体差异不显著" in marks.hovertext[0]


def test_fewer_is_better_turns_the_colours_not_the_shapes() -> None:
    frame = judged_league(PER_HEAD, [(120, 400_000)] * 8 + [(40, 400_000), (260, 400_000)])
    marks = points(drawn(frame, PER_HEAD))
    assert list(marks.marker.symbol)[-2:] == ["triangle-down", "triangle-up"]
    assert list(marks.marker.color)[-2:] == [DARK.better, DARK.worse]
    assert list(marks.x) == [40.0] * 10  # residents in units of ten thousand
    assert list(marks.y)[-1] == 6.5


def test_the_limits_are_exact_at_the_size_of_every_member() -> None:
    frame = judged_league(RATE, [(13, 16), (93, 103), (930, 1000), (249, 300), (15, 15)])
    lower, upper = drawn(frame).data[0], drawn(frame).data[1]
    for row in frame.iter_rows(named=True):
        place = list(lower.x).index(row["denominator"])
        assert lower.y[place] == pytest.approx(100 * row["outer_lower"], abs=1e-12)
        assert upper.y[place] == pytest.approx(100 * row["outer_upper"], abs=1e-12)


def test_a_mean_has_a_funnel_too() -> None:
    frame = judged_league(MEAN, [(1000, 100), (2000, 200), (3500, 100)], [12_000, 24_000, 130_000])
    marks = points(drawn(frame, MEAN))
    assert list(marks.y) == [10.0, 10.0, 35.0]
    assert list(marks.marker.color)[-1] == DARK.worse


def test_every_state_is_drawn_or_said() -> None:
    frame = league(RATE, [(90, 100), (92, 100), (10, 12), (0, 0), (None, None), (None, None)])
    states = ["ok", "ok", "small_n", "undefined", "suppressed", "not_measured"]
    frame = judged(frame.with_columns(state=pl.Series(states)), metric(RATE))
    names = names_of(frame)
    marks = points(drawn(frame))
    assert len(marks.x) == 3
    assert marks.marker.color[2] == DARK.panel
    assert "样本不足" in marks.hovertext[2]
    left = funnel.left_out(frame, names)
    for word in ("第3县（未定义", "第4县（已隐去", "第5县（该级不统计"):
        assert word in left
    assert left in funnel.alt(frame, metric(RATE), names)
    assert "1 个样本不足" in funnel.alt(frame, metric(RATE), names)


def test_a_missing_figure_is_not_drawn_though_it_has_cases() -> None:
    frame = judged_league(RATE, LOW_LAST).with_columns(
        state=pl.when(pl.col("denominator") == 300).then(pl.lit("suppressed")).otherwise(pl.col("state"))
    )
    assert len(points(drawn(frame)).x) == 9


def test_no_funnel_without_a_denominator_or_without_company() -> None:
    counts = league("petition_volume", [(5, None), (7, None)]).with_columns(state=pl.lit("ok"))
    assert funnel.figure(judged(counts, metric("petition_volume")), metric("petition_volume"), LIGHT, {}) is None
    alone = judged_league(RATE, [(90, 100)])
    assert funnel.figure(alone, metric(RATE), LIGHT, names_of(alone)) is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (LOW_LAST, "第9县低于 99.8% 控制限，其余差异不显著"),
        ([(930, 1000)] * 10, "各县市区差异不显著"),
        ([(9, 10), (8, 10)], "各县市区样本不足，不作比较"),
        ([(700, 1000), (990, 1000)], "第0县低于 99.8% 控制限，第1县高于 99.8% 控制限"),
    ],
)
def test_the_title_names_only_who_lies_outside(rows: Any, said: str) -> None:
    frame = judged_league(RATE, rows)
    assert funnel.finding(frame, names_of(frame), metric(RATE), "县市区") == said


def test_many_outside_are_counted_instead_of_listed() -> None:
    frame = judged_league(RATE, [(990, 1000)] * 5 + [(700, 1000)] * 5)
    assert funnel.finding(frame, names_of(frame), metric(RATE)) == "10 个区划中 5 个低于、5 个高于 99.8% 控制限"


def test_a_neutral_metric_is_listed_and_not_judged() -> None:
    frame = judged_league("web_share", [(1, 100), (99, 100), (50, 100)])
    assert "只列不评" in funnel.finding(frame, names_of(frame), metric("web_share"))
    marks = points(drawn(frame, "web_share"))
    assert set(marks.marker.color) == {DARK.secondary}
    assert set(marks.marker.symbol) == {"circle"}


def test_a_name_is_never_markup() -> None:
    frame = judged_league(RATE, LOW_LAST)
    marks = points(drawn(frame, names=dict.fromkeys(frame["region_code"].to_list(), EVIL)))
    assert not any("<script" in text for text in [*marks.text, *marks.hovertext])


def test_a_click_opens_only_what_is_there() -> None:
    def state(code: object) -> dict[str, Any]:
        return {"selection": {"points": [{"customdata": code}]}}

    assert funnel.clicked_code(state(["a"]), ["a", "b"]) == "a"
    assert funnel.clicked_code(state("b"), ["a", "b"]) == "b"
    for strange in (["c"], [], None, 7, [["a"]]):
        assert funnel.clicked_code(state(strange), ["a", "b"]) is None
    assert funnel.clicked_code({"selection": {"points": []}}, ["a"]) is None


def test_wide_spread_sizes_stand_on_a_logarithmic_axis() -> None:
    frame = judged_league(RATE, [(18, 20), (900, 1000), (450, 500)])
    assert drawn(frame).layout.xaxis.type == "log"
    assert drawn(judged_league(RATE, LOW_LAST)).layout.xaxis.type == "linear"


# Names ------------------------------------------------------------------------------------------------------------


def test_names_cover_neither_points_nor_names() -> None:
    spots = [Spot("a", "甲乙丙", 60, 50), Spot("b", "丁戊己", 72, 50), Spot("c", "庚辛壬", 300, 50)]
    placed = place_names(spots, 400, 100, 14, 6)
    assert placed["a"] == "middle left"
    assert placed["b"] == placed["c"] == "middle right"


def test_a_crowded_name_is_left_out_unless_it_must_stand() -> None:
    crowd = [Spot(str(number), "某某街道", 20 + 3 * number, 20) for number in range(12)]
    assert len(place_names(crowd, 80, 40, 14, 6)) < len(crowd)
    must = [*crowd, Spot("must", "某某街道", 21, 20, must=True)]
    assert "must" in place_names(must, 80, 40, 14, 6)


def test_what_is_wanted_may_cover_points_but_no_name() -> None:
    three = [Spot(code, "某某街道", 100, 17, wanted=True) for code in ("a", "b", "c")]
    points = [Spot(f"{x}", "", x, y) for x in range(0, 200, 12) for y in (5, 17, 29)]
    placed = place_names([*three, *points], 200, 34, 14, 6)
    # Above and below there is no room, so one of the three has none.
    assert {placed["a"], placed["b"]} == {"middle left", "middle right"}
    assert "c" not in placed


def test_where_nothing_is_free_a_name_covers_as_little_as_it_can() -> None:
    wall = [Spot(f"{x}-{y}", "", x, y) for x in range(0, 400, 12) for y in range(0, 80, 12)]
    gap = [spot for spot in wall if not (206 < spot.x < 260 and 30 < spot.y < 55)]
    placed = place_names([*gap, Spot("must", "甲乙丙", 200, 42, must=True)], 400, 100, 14, 6)
    assert placed["must"] == "middle right"


def test_a_name_stays_inside_the_picture() -> None:
    assert place_names([Spot("a", "甲乙丙丁", 395, 50)], 400, 100, 14, 6)["a"] == "middle left"
