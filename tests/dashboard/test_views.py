"""The pictures as plain values: the same for the same input, complete in all five states, safe with any name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest

from dashboard.look import DARK, LIGHT, Change, asset
from dashboard.views import columns, kpi, league, region_map, trend
from dashboard.views.classes import classify
from dashboard.views.map_layout import Layout, Shape, box_of, lay_out, spans, text_width
from dashboard.views.region_map import Place, RegionMap
from dashboard.views.screen import Screen, parse
from data_access.boundaries import Boundary, boundaries_of, special_units
from metrics.core.model import Metric, Ratio, Score
from metrics.core.period import Grain

RATE = Metric("rate", "成功率", "%", "more", Ratio((), ()), "口径", "为何", "注意", "来源", None)
NEUTRAL = Metric("plain", "登记量", "件", "neutral", Score("x"), "", "", "", "", None)
SCHEMA = {
    "period": pl.Date,
    "region_code": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "state": pl.String,
}
CODES = [f"4302{place}000000" for place in ("02", "03", "04", "11", "12", "23", "24", "25", "81")]
NAMES = dict(
    zip(CODES, ["荷塘区", "芦淞区", "石峰区", "天元区", "渌口区", "攸县", "茶陵县", "炎陵县", "醴陵市"], strict=True)
)
EVIL = "<script>alert(1)</script>@@={x}"
MARCH = date(2026, 3, 1)

Observation = tuple[date, str, str, float | None, int | None, int | None, str]


def observed(rows: Sequence[Observation]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def all_states() -> pl.DataFrame:
    rows: list[Observation] = [
        (MARCH, CODES[0], "rate", 0.962, 250, 260, "ok"),
        (MARCH, CODES[1], "rate", 0.863, 442, 512, "ok"),
        (MARCH, CODES[2], "rate", 0.954, 332, 348, "ok"),
        (MARCH, CODES[3], "rate", 10 / 12, 10, 12, "small_n"),
        (MARCH, CODES[4], "rate", None, 0, 0, "undefined"),
        (MARCH, CODES[5], "rate", None, None, None, "suppressed"),
        (MARCH, CODES[6], "rate", None, None, None, "not_measured"),
    ]
    return observed(rows)


# The map ----------------------------------------------------------------------------------------------------------


def build(frame: pl.DataFrame, names: dict[str, str] | None = None, **options: Any) -> RegionMap:
    places = {code: Place(name, None, "环比 +1.0 百分点") for code, name in (names or NAMES).items()}
    boundaries = options.pop("boundaries", boundaries_of(CODES))
    return region_map.build(frame, RATE, DARK, places=places, boundaries=boundaries, **options)


def spec(picture: RegionMap) -> dict[str, Any]:
    assert picture.deck is not None
    content: dict[str, Any] = json.loads(picture.deck.to_json())
    return content


def features(picture: RegionMap) -> dict[str, dict[str, Any]]:
    layer = next(layer for layer in spec(picture)["layers"] if layer["id"] == picture.layer)
    return {feature["properties"]["region_code"]: feature["properties"] for feature in layer["data"]}


def test_the_map_is_the_same_for_the_same_input() -> None:
    assert spec(build(all_states())) == spec(build(all_states()))


def test_the_map_asks_nobody_for_a_base_map() -> None:
    content = spec(build(all_states()))
    assert "mapProvider" not in content
    assert content["mapStyle"] == "__MAP_STYLE__"  # the placeholder that draws nothing without a provider
    assert "http" not in json.dumps(content)


def test_every_state_has_its_words_on_the_map_and_in_its_legend() -> None:
    picture = build(all_states())
    found = features(picture)
    assert found[CODES[0]]["value"] == "成功率 96.2%"
    assert found[CODES[0]]["parts"] == "分子/分母 250/260"
    for code, word in zip(CODES[3:7], ("样本不足", "未定义", "已隐去", "该级不统计"), strict=True):
        assert word in found[code]["value"]
        assert word in picture.legend
    assert found[CODES[5]]["parts"] == ""
    assert found[CODES[3]]["fill"] == found[CODES[4]]["fill"]
    assert any(layer["id"] == "hatch" for layer in spec(picture)["layers"])


def test_the_layer_changes_with_what_is_shown_so_that_no_old_selection_survives() -> None:
    ids = {
        build(all_states(), scope=scope, selected=selected).layer
        for scope in ("430200000000", "430281000000")
        for selected in (None, CODES[0])
    }
    assert len(ids) == 4


def test_a_click_gives_the_region_of_the_present_layer_only() -> None:
    state = {"selection": {"objects": {"regions:a::rate": [{"properties": {"region_code": CODES[0]}}]}}}
    assert region_map.clicked_region(state, "regions:a::rate") == CODES[0]
    assert region_map.clicked_region(state, "regions:b::rate") is None
    assert region_map.clicked_region({"selection": {"objects": {}}}, "regions:a::rate") is None


def test_a_name_can_be_neither_markup_nor_expression() -> None:
    evil = {**NAMES, CODES[0]: EVIL, CODES[1]: EVIL}
    picture = build(all_states(), evil, boundaries=boundaries_of(CODES[1:]))
    assert "<script" not in picture.legend
    assert "&lt;script" in picture.legend
    assert "@@={" not in json.dumps(spec(picture)["layers"], ensure_ascii=False)


def test_a_region_without_boundary_is_a_point_or_a_word_but_never_lost() -> None:
    frame, known = all_states(), boundaries_of(CODES[2:])
    places = {code: Place(name) for code, name in NAMES.items()} | {CODES[0]: Place(NAMES[CODES[0]], (113.17, 27.85))}
    picture = region_map.build(frame, RATE, LIGHT, places=places, boundaries=known)
    assert CODES[0] in features(picture)
    assert "无边界，未画出：芦淞区 86.3%" in picture.legend
    assert "圆点" in picture.legend


def test_without_any_boundary_the_map_says_what_is_missing() -> None:
    picture = build(all_states(), boundaries={})
    assert picture.deck is None
    assert "没有边界文件" in picture.legend
    assert "荷塘区 96.2%" in picture.legend


def test_the_source_stands_under_every_map_and_the_approval_where_there_is_one() -> None:
    assert build(all_states()).legend.count("数据来源：天地图；示意图，内部使用") == 1
    assert "审图号" not in build(all_states()).legend
    assert "审图号：湘S(2026)001号" in build(all_states(), approval="湘S(2026)001号").legend


def test_schematic_townships_are_marked() -> None:
    frame = observed([(MARCH, "430202001000", "rate", 0.9, 90, 100, "ok")])
    picture = build(frame, {"430202001000": "月塘街道"}, boundaries=boundaries_of(["430202001000"]))
    assert "示意，不是行政区域界线" in picture.legend


def test_the_map_in_a_sentence() -> None:
    assert build(all_states()).alt == "成功率地图：最高荷塘区 96.2%，最低芦淞区 86.3%；4 个区划无可比数值。"
    assert build(all_states().filter(pl.col("state") != "ok")).alt.startswith("成功率地图：没有可显示的数值")


# Its layout -------------------------------------------------------------------------------------------------------


def laid_out(codes: Sequence[str] = CODES, width: float = 560, factor: float = 1.0) -> Layout:
    words = {code: (NAMES.get(code, code), "91.4%") for code in codes}
    return lay_out(boundaries_of(codes), {}, words, width * factor, 560 * factor, factor)


def test_small_urban_districts_are_magnified_in_a_free_corner() -> None:
    layout = laid_out()
    assert layout.inset is not None
    assert set(layout.inset.shapes) == set(CODES[:4])
    assert not any(
        box_of([shape]).touches(layout.inset.frame) for code, shape in layout.shapes.items() if code in CODES[6:]
    )
    assert {label.code for label in layout.labels} == set(CODES)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_everything_stands_inside_the_box_and_no_labels_collide(factor: float) -> None:
    townships = [code for code in _township_codes() if code.startswith("430281")]
    layout = lay_out(
        boundaries_of(townships),
        {},
        dict.fromkeys(townships, ("某某街道", "91.4%")),
        560 * factor,
        560 * factor,
        factor,
    )
    box = box_of(layout.shapes.values())
    assert box.left >= 0
    assert box.top >= 0
    assert box.right <= layout.width
    assert box.bottom <= layout.height
    rows = [(label.x, label.y, text_width(label.name, label.size) / 2) for label in layout.labels]
    for index, (x, y, half) in enumerate(rows):
        assert not any(abs(x - x2) < half and abs(y - y2) < 12 * factor for x2, y2, _ in rows[index + 1 :])


def test_a_region_without_room_is_named_beside_the_map_with_a_line_to_it() -> None:
    layout = laid_out(width=364)
    assert layout.inset is None
    assert {label.code for label in layout.labels} == set(CODES)
    beside = [label for label in layout.labels if label.leader is not None]
    assert beside
    for label in beside:
        x, y = label.leader or (0.0, 0.0)
        (holding,) = [code for code, shape in layout.shapes.items() if _holds(shape, x, y)]
        assert holding == label.code
        assert not any(_holds(shape, label.x, label.y) for shape in layout.shapes.values())


@pytest.mark.parametrize("county", ["430211", "430223", "430281"])
@pytest.mark.parametrize("width", [364, 560])
def test_every_township_of_a_county_is_named(county: str, width: int) -> None:
    codes = [code for code in _township_codes() if code.startswith(county)]
    words = dict.fromkeys(codes, ("某某街道", "93.5%"))
    layout = lay_out(boundaries_of(codes), {}, words, width, 480)
    assert [label.code for label in layout.labels] == sorted(boundaries_of(codes))
    without = [label.code for label in layout.labels if not label.value and label.leader is None]
    assert len(without) <= 1


def _holds(shape: Shape, x: float, y: float) -> bool:
    return any(left <= x <= right for left, right in spans(shape, y))


def test_a_larger_screen_only_enlarges() -> None:
    small, large = laid_out(), laid_out(factor=2.0)
    assert [label.size for label in large.labels] == [2 * label.size for label in small.labels]
    assert abs(box_of(large.shapes.values()).width - 2 * box_of(small.shapes.values()).width) < 40


def _township_codes() -> list[str]:
    from data_access.boundaries import BUNDLED

    content = json.loads((BUNDLED / "430200_township_schematic.geojson").read_text("utf-8"))
    return [str(feature["id"]).ljust(12, "0") for feature in content["features"]]


def test_special_areas_between_the_regions_are_found() -> None:
    assert any(unit.name for unit in special_units(["620725000000"]))
    assert not special_units(CODES)


# Classes ----------------------------------------------------------------------------------------------------------


def test_few_values_are_their_own_classes_and_many_are_cut_where_they_part() -> None:
    assert list(classify([3.0, 3.0, 1.0]).bounds) == [(1.0, 1.0), (3.0, 3.0)]
    parted = classify([1, 2, 3, 50, 51, 52, 100, 101, 200, 201, 400])
    assert list(parted.bounds) == [(1, 3), (50, 52), (100, 101), (200, 201), (400, 400)]
    assert parted.index(51) == 1
    assert not classify([]).bounds


def test_very_many_values_are_cut_into_equal_shares() -> None:
    classes = classify([float(value) for value in range(1000)])
    assert classes.method == "分位数分级"
    assert [low for low, _ in classes.bounds] == [0, 200, 400, 600, 800]


# The league -------------------------------------------------------------------------------------------------------


def test_the_league_orders_what_can_be_compared_and_puts_the_rest_below_without_a_bare_rank() -> None:
    table = league.payload(all_states(), RATE, NAMES)
    rows = table["rows"]
    assert [row["name"] for row in rows[:3]] == ["荷塘区", "石峰区", "芦淞区"]
    assert {row["rank"] for row in rows} == {""}
    assert [row["value"] for row in rows] == ["96.2", "95.4", "86.3", "样本不足", "未定义", "已隐去", "该级不统计"]
    assert "rank" not in [column["key"] for column in table["columns"]]
    assert rows[5]["n"] == ""
    assert "样本不足不排名" in table["foot"]


def test_less_is_better_turns_the_order() -> None:
    less = Metric("less", "超期率", "%", "less", Ratio((), ()), "", "", "", "", None)
    frame = observed(
        [(MARCH, code, "less", value, 1, 2, "ok") for code, value in zip(CODES, (0.3, 0.1, 0.1), strict=False)]
    )
    rows = league.payload(frame, less, NAMES)["rows"]
    assert [row["name"] for row in rows] == ["芦淞区", "石峰区", "荷塘区"]


def test_a_neutral_figure_has_neither_place_nor_good_and_bad() -> None:
    frame = observed([(MARCH, code, "plain", 10.0 + index, None, None, "ok") for index, code in enumerate(CODES)])
    before = frame.with_columns(value=pl.col("value") * 2)
    table = league.payload(frame, NEUTRAL, NAMES, compare=league.Comparisons(previous=before))
    assert "rank" not in [column["key"] for column in table["columns"]]
    assert {row["changes"]["previous"]["tone"] for row in table["rows"]} == {"neutral"}
    assert "不排名" in table["foot"]


def test_the_verdict_colours_and_the_interval_does_not() -> None:
    verdicts = pl.Series("verdict", ["better", None, "worse", "worse", None, None, None], dtype=pl.String)
    frame = all_states().with_columns(
        verdicts, lower=pl.col("value") - 0.001, upper=pl.col("value") + 0.001, rank_low=pl.lit(1), rank_high=pl.lit(3)
    )
    table = league.payload(frame, RATE, NAMES, mean=0.94)
    by_code = dict(zip(frame["region_code"], verdicts, strict=True))
    plain = [row for row in table["rows"] if not row["quiet"]]
    assert [row["tone"] for row in plain] == [by_code[row["code"]] or "neutral" for row in plain]
    assert {row["tone"] for row in table["rows"] if row["quiet"]} == {"neutral"}
    assert table["rows"][0]["rank"] == "1–3"
    assert 0 < table["mean"] < 1
    assert "虚线为所列合计 94.0%" in table["foot"]


def ranked(values: Sequence[float], ranges: Sequence[tuple[int, int]], key: str = "rate") -> pl.DataFrame:
    """A league in which everyone is ranked."""
    frame = observed([(MARCH, code, key, value, 1, 2, "ok") for code, value in zip(CODES, values, strict=False)])
    low, high = zip(*ranges, strict=True)
    return frame.with_columns(pl.Series("rank_low", low), pl.Series("rank_high", high))


def test_places_move_by_value_among_those_ranked_in_both_periods() -> None:
    now = ranked([0.9, 0.8, 0.7, 0.6], [(1, 2), (1, 3), (2, 4), (4, 4)])
    before = ranked([0.5, 0.9, 0.95, 0.2], [(3, 4), (1, 2), (1, 2), (3, 4)])
    table = league.payload(now, RATE, NAMES, compare=league.Comparisons(places=before))
    moves = [row["move"] for row in table["rows"]]
    assert [(move["text"], move["direction"]) for move in moves] == [("2", 1), ("—", 0), ("2", -1), ("—", 0)]
    assert moves[0]["detail"] == "此前第 3–4 位"
    assert moves[2]["detail"] == "此前第 1–2 位；两期位次区间有重叠，变动可能只是偶然"
    assert [move["doubt"] for move in moves] == [False, False, True, False]
    # Who was not ranked before moves nobody: the others keep their places among themselves.
    missing = before.with_columns(
        state=pl.when(pl.col("region_code") == CODES[0]).then(pl.lit("small_n")).otherwise("state")
    )
    moves = [
        row["move"] for row in league.payload(now, RATE, NAMES, compare=league.Comparisons(places=missing))["rows"]
    ]
    assert moves[0] is None
    assert [move["text"] for move in moves[1:]] == ["1", "1", "—"]


def test_nobody_moves_where_nobody_is_ranked() -> None:
    now = ranked([9.0, 8.0], [(1, 1), (2, 2)], "plain")
    table = league.payload(now, NEUTRAL, NAMES, compare=league.Comparisons(places=now))
    assert "move" not in [column["key"] for column in table["columns"]]
    alone = league.payload(ranked([0.9], [(1, 1)]), RATE, NAMES)
    assert "move" not in [column["key"] for column in alone["columns"]]


def test_what_is_decided_and_no_sample_has_no_interval_to_speak_of() -> None:
    frame = ranked([0.9, 0.8], [(1, 1), (2, 2)])
    decided = frame.with_columns(lower=pl.col("value"), upper=pl.col("value"))
    heads = {column["key"]: column["label"] for column in league.payload(decided, RATE, NAMES, mean=0.85)["columns"]}
    assert heads["axis"] == ""
    drawn = frame.with_columns(lower=pl.col("value") - 0.1, upper=pl.col("value"))
    heads = {column["key"]: column["label"] for column in league.payload(drawn, RATE, NAMES, mean=0.85)["columns"]}
    assert heads["axis"] == "95% 区间"


def test_what_is_coded_above_stands_last_and_opens_nothing() -> None:
    rest = observed([(MARCH, "430200000000", "rate", 0.9, 9, 10, "ok")])
    rows = league.payload(all_states(), RATE, NAMES, rest=rest)["rows"]
    assert (rows[-1]["name"], rows[-1]["open"], rows[-1]["quiet"]) == ("未细分", False, True)


def test_large_counts_share_one_unit_so_that_they_stay_aligned() -> None:
    frame = observed(
        [(MARCH, code, "plain", value, None, None, "ok") for code, value in zip(CODES, (2e5, 3e4), strict=False)]
    )
    table = league.payload(frame, NEUTRAL, NAMES)
    assert [row["value"] for row in table["rows"]] == ["20.0", "3.0"]
    assert "登记量（万件）" in [column["label"] for column in table["columns"]]
    assert table["rows"][0]["exact"] == "200,000件"


def test_the_league_in_a_sentence_and_with_nothing() -> None:
    table = league.payload(all_states(), RATE, NAMES)
    assert table["label"] == "成功率列表，共 7 个：首位荷塘区 96.2%，末位芦淞区 86.3%；4 个不排名。"
    assert league.payload(all_states().clear(), RATE, NAMES)["rows"] == []


@pytest.mark.parametrize("script", ["kpi.js", "league.js", "screen.js"])
def test_scripts_write_data_as_text(script: str) -> None:
    text = asset(script)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
        assert way not in text.replace("http://www.w3.org/2000/svg", "")


# The trend --------------------------------------------------------------------------------------------------------


def series(values: Sequence[float | None], code: str = "430200000000", first: int = 1) -> pl.DataFrame:
    return observed(
        [
            (date(2026, first + index, 1), code, "rate", value, 90, 100, "ok" if value is not None else "undefined")
            for index, value in enumerate(values)
        ]
    )


def test_the_trend_is_the_same_for_the_same_input_and_leaves_gaps_open() -> None:
    frame = series([0.9, None, 0.92, 0.95])
    one, two = (trend.figure(frame, RATE, DARK, grain=Grain.month) for _ in range(2))
    assert one.to_json() == two.to_json()
    assert list(one.data[0].y) == [90.0, None, 92.0, 95.0]
    assert one.data[0].connectgaps is False
    assert "未定义" in one.data[0].text[1]
    assert "分子/分母 90/100" in one.data[0].text[0]


def test_an_unfinished_bucket_is_dashed_and_hollow() -> None:
    picture = trend.figure(series([0.9, 0.91, 0.5]), RATE, DARK, grain=Grain.month, unfinished=date(2026, 3, 1))
    dashed = [trace for trace in picture.data if trace.line.dash == "dot"]
    assert [list(trace.x) for trace in dashed] == [["2026-02-01", "2026-03-01"]]
    hollow = [trace for trace in picture.data if trace.mode == "markers" and trace.marker.color == DARK.panel]
    assert [list(trace.x) for trace in hollow] == [["2026-03-01"]]
    hatched = [trace for trace in picture.data if trace.fillpattern.shape == "/"]
    assert [trace.x[0] for trace in hatched] == ["2026-02-15T00:00:00"]


def test_last_year_is_drawn_on_this_years_buckets() -> None:
    picture = trend.figure(series([0.9, 0.91]), RATE, LIGHT, grain=Grain.month, year_ago=series([0.8, 0.85]))
    assert list(picture.data[0].y) == [80.0, 85.0]
    assert picture.data[0].text[0].startswith("上年同期（对 2026年1月）")


def test_several_places_are_at_most_five_and_named_at_their_ends() -> None:
    frame = pl.concat([series([0.5 + index / 50, 0.6 + index / 50], code) for index, code in enumerate(CODES)])
    names = {**NAMES, CODES[8]: "<b>醴陵市"}
    picture = trend.figure(frame, RATE, LIGHT, grain=Grain.month, names=names)
    said = [note.text for note in picture.layout.annotations]
    assert len(said) == 5
    assert "&lt;b&gt;醴陵市" in said
    assert not picture.layout.showlegend


@pytest.mark.parametrize("values", [[], [None, None], [0.5], [0.5, 0.5]])
def test_empty_and_flat_trends_are_drawn(values: list[float | None]) -> None:
    frame = series(values)
    trend.figure(frame, RATE, DARK, grain=Grain.month)
    assert trend.alt(frame, RATE, Grain.month).endswith("。")


@pytest.mark.parametrize(
    ("grain", "full", "short"),
    [
        (Grain.day, "2026-11-16", "11-16<br>2026年"),
        (Grain.week, "2026年第47周（11-16 起）", "第47周<br>2026年"),
        (Grain.month, "2026年11月", "11月<br>2026年"),
        (Grain.quarter, "2026年第4季度", "4季度<br>2026年"),
        (Grain.year, "2026年", "2026年"),
    ],
)
def test_buckets_have_chinese_names(grain: Grain, full: str, short: str) -> None:
    day = date(2026, 11, 16)
    assert trend.bucket_label(day, grain) == full
    assert trend.tick_label(day, grain, None) == short


def test_the_year_stands_only_where_it_changes() -> None:
    assert trend.tick_label(date(2026, 11, 1), Grain.month, date(2026, 8, 1)) == "11月"
    assert trend.tick_label(date(2026, 2, 1), Grain.month, date(2025, 11, 1)) == "2月<br>2026年"


def test_the_trend_in_a_sentence() -> None:
    said = trend.alt(series([0.9, 0.95, 0.92]), RATE, Grain.month)
    assert said == "成功率走势：2026年3月 92.0%，最高 95.0%（2026年2月），最低 90.0%（2026年1月）。"


# The cards --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["undefined", "suppressed", "not_measured"])
def test_a_card_without_figure_says_why_and_shows_none(state: Any) -> None:
    card = kpi.Card("a", "成功率", "91.4", "%", (Change("环比", "+0.6 百分点"),), (1.0, 2.0), "9/10", state)
    entry: Any = kpi.payload([card])["cards"]
    assert entry[0]["value"] in ("未定义", "已隐去", "该级不统计")
    assert entry[0]["changes"] == []
    assert "91.4" not in kpi.alt(card)


def test_a_card_on_few_cases_shows_its_figure_with_the_doubt() -> None:
    card = kpi.Card("a", "越级走访", "2", "批", (Change("环比", "1→2", 1, "worse"),), state="small_n")
    entry: Any = kpi.payload([card])["cards"]
    assert (entry[0]["value"], entry[0]["state_label"]) == ("2", "样本不足")
    assert kpi.alt(card) == "越级走访 2 批，环比 1→2，样本不足。"


def test_what_a_figure_does_not_follow_is_said_below_its_parts() -> None:
    card = kpi.Card("a", "按期答复率", "100.0", "%", note="461/478", limit="未筛选")
    entry: Any = kpi.payload([card])["cards"]
    assert (entry[0]["note"], entry[0]["limit"]) == ("461/478", "未筛选")
    assert kpi.alt(card) == "按期答复率 100.0%，461/478，未筛选。"


def test_points_are_named_once() -> None:
    changes = (Change("环比", "+0.6 百分点"), Change("同比", "+1.9 百分点"))
    entry: Any = kpi.payload([kpi.Card("a", "成功率", "91.4", "%", changes)])["cards"]
    assert [item["text"] for item in entry[0]["changes"]] == ["+0.6", "+1.9 百分点"]


# The screen -------------------------------------------------------------------------------------------------------


def test_the_screens_report_is_checked() -> None:
    assert parse("2.00;1920;dark;own", LIGHT) == Screen(2.0, DARK, 1920, True)
    assert parse(None, LIGHT) == Screen(1.0, LIGHT)
    assert parse("x;y", LIGHT) == Screen(1.0, LIGHT)
    assert parse("999;9;light;system", DARK) == Screen(4.0, LIGHT, 320)


def test_a_panel_is_as_wide_as_its_column() -> None:
    assert Screen(1.0, LIGHT, 1920).inside_panel(0.37) == 556
    assert Screen(1.0, LIGHT, 480).inside_panel(0.37) == 394


def test_boundaries_fill_their_codes_up_to_twelve_digits() -> None:
    found = boundaries_of(["430281000000", "430202001000", "999999000000"])
    assert set(found) == {"430281000000", "430202001000"}
    assert isinstance(found["430281000000"], Boundary)
    assert found["430202001000"].schematic
    assert not found["430281000000"].schematic


def test_what_was_aimed_at_is_a_step_and_the_days_can_be_clicked() -> None:
    picture = trend.figure(
        series([0.9, 0.91]), RATE, DARK, grain=Grain.month, targets={date(2026, 1, 1): 0.85, date(2026, 2, 1): 0.9}
    )
    aimed = next(trace for trace in picture.data if trace.line.shape == "hv")
    assert list(aimed.y) == [85.0, 90.0]
    assert "目标 90.0%" in [note.text for note in picture.layout.annotations]
    reachable = picture.data[-1]
    assert (reachable.mode, reachable.marker.opacity, list(reachable.x)) == ("markers", 0, ["2026-01-01", "2026-02-01"])


@pytest.mark.parametrize(
    ("state", "day"),
    [
        ({"selection": {"points": [{"x": "2026-02-01"}]}}, date(2026, 2, 1)),
        ({"selection": {"points": [{"x": "2026-02-01 00:00"}]}}, date(2026, 2, 1)),
        ({"selection": {"points": []}}, None),
        ({"selection": {"points": [{"x": "never"}]}}, None),
        ({}, None),
    ],
)
def test_a_click_on_the_trend_is_a_day_or_nothing(state: dict[str, Any], day: date | None) -> None:
    assert trend.clicked_day(state) == day


# Columns on the map -----------------------------------------------------------------------------------------------


def test_columns_are_as_high_as_their_values_and_stand_from_back_to_front() -> None:
    flat = lay_out(boundaries_of(CODES), {}, {}, 560, columns.flat_height(560), magnify=False)
    heights = {code: (index + 1) / len(CODES) for index, code in enumerate(CODES)}
    raised = columns.stand(flat, 560, heights, {code: (NAMES[code], "1") for code in CODES})
    tall = {column.code: column.front[0][1] - column.front[2][1] for column in raised.columns}
    highest = max(tall.values())
    assert {code: pytest.approx(height * highest) for code, height in heights.items()} == tall
    feet = [column.front[0][1] for column in raised.columns]
    assert feet == sorted(feet)
    corners = [point for column in raised.columns for face in (column.front, column.side, column.top) for point in face]
    assert all(0 <= x <= 560 and 0 <= y <= 560 for x, y in corners)


def test_labels_over_columns_do_not_collide() -> None:
    flat = lay_out(boundaries_of(CODES), {}, {}, 560, columns.flat_height(560), magnify=False)
    raised = columns.stand(flat, 560, dict.fromkeys(CODES, 0.5), {code: (NAMES[code], "12") for code in CODES})
    boxes = [columns.label_box(label) for label in raised.layout.labels]
    assert len(boxes) >= 4
    assert not [1 for index, one in enumerate(boxes) for other in boxes[index + 1 :] if one.touches(other)]


def test_a_column_is_clicked_like_its_region() -> None:
    frame = observed([(MARCH, code, "rate", 0.5, 5, 10, "ok") for code in CODES])
    picture = build(frame, columns=True)
    raised = next(layer for layer in spec(picture)["layers"] if layer["id"].endswith(":raised"))
    clicked = {"selection": {"objects": {raised["id"]: [raised["data"][0]]}}}
    assert region_map.clicked_region(clicked, picture.layer) in CODES
