"""Heat map, calendar, repeats and level steps as plain values: complete in all five states, safe with any name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest

from dashboard import look
from dashboard.look import DARK, LIGHT, Change, Look, asset
from dashboard.panels.over_level import NOTE
from dashboard.panels.repeats import unplaced
from dashboard.panels.standing_out import Run, runs
from dashboard.views import calendar_map, heat_map, level_steps, repeats
from dashboard.views.heat_map import Figures, Side, pooled
from dashboard.views.level_steps import Step
from dashboard.views.scale import Scale
from metrics.core.calendar import calendar
from metrics.core.period import Period
from metrics.registry import metrics

VOLUME, REPEATED, FREQUENT = (metrics()[key] for key in ("petition_volume", "repeat_share", "frequent_repeats"))
BATCHES, PERSONS = metrics()["over_level_batches"], metrics()["over_level_persons"]
MARCH = date(2026, 3, 1)
EVIL = "<script>alert(1)</script>"
_SCHEMA = {"value": pl.Float64, "numerator": pl.Int64, "denominator": pl.Int64, "state": pl.String}
Figure = tuple[float | None, int | None, int | None, str]


def counted(number: int) -> Figure:
    return float(number), number, None, "ok"


def rated(numerator: int, denominator: int) -> Figure:
    state = "undefined" if denominator == 0 else "small_n" if denominator < 15 else "ok"
    return numerator / denominator if denominator else None, numerator, denominator, state


HIDDEN: Figure = (None, None, None, "suppressed")
UNMEASURED: Figure = (None, None, None, "not_measured")


def observed(by: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Each row its codes and a figure."""
    schema = {**dict.fromkeys(by, pl.String), **_SCHEMA}
    flat = [(*row[:-1], *row[-1]) for row in rows]
    return pl.DataFrame(flat, schema=schema, orient="row")


def named(code: str | None) -> str:
    return "未填" if code is None else f"名{code}"


ROWS = Side("category", "内容分类", named)
COLUMNS = Side("channel", "渠道", named, ["visit", "web"])


def figures(cells: Mapping[Any, int]) -> Figures:
    """Counts with the totals that go with them."""
    rows: dict[str | None, int] = {}
    columns: dict[str, int] = {}
    for (row, column), number in cells.items():
        rows[row] = rows.get(row, 0) + number
        columns[column] = columns.get(column, 0) + number
    return Figures(
        observed(["category", "channel"], [(*codes, counted(number)) for codes, number in cells.items()]),
        observed(["category"], [(code, counted(number)) for code, number in rows.items()]),
        observed(["channel"], [(code, counted(number)) for code, number in columns.items()]),
        observed([], [(counted(sum(cells.values())),)]),
    )


# The heat map -----------------------------------------------------------------------------------------------------


def test_rows_stand_by_their_total_columns_in_their_order_and_the_unfilled_last() -> None:
    cells = {("a", "web"): 5, ("b", "visit"): 9, (None, "web"): 50, ("a", "visit"): 1}
    table = heat_map.build(figures(cells), VOLUME, ROWS, COLUMNS).data
    assert [row["name"] for row in table["rows"]] == ["名b", "名a", "未填"]
    assert [column["name"] for column in table["columns"]] == ["名visit", "名web"]
    assert [[cell["text"] for cell in row["cells"]] for row in table["rows"]] == [["9", "0"], ["1", "5"], ["0", "50"]]
    assert [row["total"]["text"] for row in table["rows"]] == ["9", "6", "50"]
    assert [cell["text"] for cell in table["totals"]] == ["10", "55"]
    assert table["whole"]["text"] == "65"
    assert table["shares"] == ["15.4%", "84.6%"]


def test_the_more_the_stronger_and_nothing_has_no_colour() -> None:
    cells = {("a", "web"): 5, ("b", "visit"): 9, ("c", "web"): 50, ("a", "visit"): 1}
    table = heat_map.build(figures(cells), VOLUME, ROWS, COLUMNS).data
    shades = {cell["text"]: cell["shade"] for row in table["rows"] for cell in row["cells"]}
    assert shades["0"] == -1
    assert shades["1"] < shades["5"] < shades["9"] < shades["50"] == 4
    assert [item["text"] for item in table["legend"]] == ["1", "5", "9", "50"]


def test_a_click_means_both_codes_or_one_and_nothing_else() -> None:
    picture = heat_map.build(figures({(None, "web"): 5, ("a", "visit"): 2}), VOLUME, ROWS, COLUMNS)
    meant = set(picture.meanings.values())
    assert (("category", None), ("channel", "web")) in meant
    assert (("category", None),) in meant
    assert (("channel", "visit"),) in meant
    # An empty cell would lead to an empty page.
    assert (("category", "a"), ("channel", "web")) not in meant


def test_what_is_chosen_is_marked_and_the_others_stay() -> None:
    rows = Side("category", "内容分类", named, selected=["a"])
    columns = Side("channel", "渠道", named, ["visit", "web"], selected=["web"])
    table = heat_map.build(figures({("a", "web"): 5, ("b", "web"): 2}), VOLUME, rows, columns).data
    assert [[cell["selected"] for cell in row["cells"]] for row in table["rows"]] == [[True], [False]]
    assert [row["selected"] for row in table["rows"]] == [True, False]


def test_the_smallest_rows_are_added_up_in_one_that_opens_nothing() -> None:
    cells = {(f"{index:02d}", "web"): 100 - index for index in range(14)}
    table = heat_map.build(figures(cells), VOLUME, ROWS, COLUMNS, most=12).data
    assert len(table["rows"]) == 12
    last = table["rows"][-1]
    assert (last["name"], last["code"], last["cells"][0]["text"]) == ("其余 3 类", "", "264")
    assert last["cells"][0]["shade"] == -1
    assert sum(int(row["total"]["text"]) for row in table["rows"]) == sum(cells.values())


def test_a_rates_rest_is_divided_anew_and_few_cases_have_no_colour() -> None:
    rest = pooled(
        [{"numerator": 1, "denominator": 4, "state": "small_n"}, {"numerator": 9, "denominator": 16, "state": "ok"}],
        REPEATED,
    )
    assert (rest["value"], rest["state"]) == (0.5, "ok")
    assert pooled([], REPEATED)["state"] == "undefined"
    assert pooled([], VOLUME)["value"] == 0
    rows = [("a", "web", rated(3, 30)), ("b", "web", rated(1, 2)), ("c", "web", rated(0, 0))]
    whole = Figures(
        observed(["category", "channel"], rows),
        observed(["category"], [(row[0], row[2]) for row in rows]),
        observed(["channel"], [("web", rated(4, 32))]),
        observed([], [(rated(4, 32),)]),
    )
    table = heat_map.build(whole, REPEATED, ROWS, COLUMNS).data
    cells = {row["name"]: row["cells"][0] for row in table["rows"]}
    assert (cells["名a"]["text"], cells["名a"]["shade"]) == ("10.0", 2)
    assert (cells["名b"]["text"], cells["名b"]["shade"], cells["名b"]["quiet"]) == ("50.0", -1, True)
    assert "样本不足" in cells["名b"]["title"]
    assert (cells["名c"]["text"], cells["名c"]["shade"]) == ("—", -1)
    assert table["shares"] == [""]
    assert table["totals"][0]["text"] == "12.5"


def test_what_is_hidden_stays_hidden_also_in_a_sum() -> None:
    whole = Figures(
        observed(["category", "channel"], [("a", "web", HIDDEN), ("b", "web", counted(7))]),
        observed(["category"], [("a", HIDDEN), ("b", counted(7))]),
        observed(["channel"], [("web", HIDDEN)]),
        observed([], [(HIDDEN,)]),
    )
    table = heat_map.build(whole, VOLUME, ROWS, COLUMNS, most=1).data
    assert [row["name"] for row in table["rows"]] == ["其余 2 类"]
    assert table["rows"][0]["cells"][0]["text"] == table["rows"][0]["total"]["text"] == "已隐去"
    assert table["shares"] == [""]
    one = heat_map.build(whole, VOLUME, ROWS, COLUMNS).data
    hidden = next(row for row in one["rows"] if row["name"] == "名a")["cells"][0]
    assert (hidden["text"], hidden["shade"]) == ("已隐去", -1)
    assert any("已隐去：" in words for words in one["words"])


def test_a_level_without_the_metric_and_a_period_without_cases_say_so() -> None:
    nothing = figures({})
    assert "没有登记的信访总量" in heat_map.build(nothing, VOLUME, ROWS, COLUMNS).data["empty"]
    unmeasured = Figures(nothing.cells, nothing.rows, nothing.columns, observed([], [(UNMEASURED,)]))
    picture = heat_map.build(unmeasured, VOLUME, ROWS, COLUMNS)
    assert picture.data["rows"] == []
    assert "该级区划不统计" in picture.data["empty"]


def test_the_table_in_a_sentence() -> None:
    said = heat_map.alt(figures({("a", "web"): 5, ("b", "visit"): 9}), VOLUME, ROWS, COLUMNS)
    assert said == "信访总量按内容分类与渠道：最高名b（名visit） 9 件次。"


# The calendar -----------------------------------------------------------------------------------------------------


def daily(first: date, figures_: Sequence[Figure]) -> pl.DataFrame:
    days = pl.date_range(first, first + (len(figures_) - 1) * (date(2026, 1, 2) - date(2026, 1, 1)), eager=True)
    return observed([], [(figure,) for figure in figures_]).with_columns(period=days)


def squares(picture: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {day["code"]: day for week in picture["weeks"] for day in week["days"] if day is not None}


def test_a_week_is_a_column_from_monday_and_other_days_are_left_out() -> None:
    # 2026-09-30 is a Wednesday.
    picture = calendar_map.payload(daily(date(2026, 9, 30), [counted(n) for n in range(1, 8)]), VOLUME, calendar())
    weeks = picture["weeks"]
    assert [[day is not None for day in week["days"]] for week in weeks] == [
        [False] * 2 + [True] * 5,
        [True] * 2 + [False] * 5,
    ]
    assert weeks[0]["days"][2]["code"] == "2026-09-30"
    assert [week["month"] for week in weeks] == ["10月", ""]
    assert squares(picture)["2026-10-01"]["holiday"]
    assert not squares(picture)["2026-09-30"]["holiday"]
    assert "国庆节" in squares(picture)["2026-10-01"]["title"]


def test_what_lies_outside_its_band_is_ringed_and_said() -> None:
    frame = daily(date(2026, 11, 2), [counted(3), counted(90), counted(0)])
    band = pl.DataFrame(
        {
            "day": frame["period"],
            "lower": [1.0, 2.0, None],
            "upper": [9.0, 20.0, None],
            "verdict": ["usual", "high", "too_few"],
        }
    )
    picture = calendar_map.payload(
        frame, VOLUME, calendar(), band=band, selected=Period.inclusive(date(2026, 11, 3), date(2026, 11, 3))
    )
    found = squares(picture)
    assert [found[day]["ring"] for day in sorted(found)] == [False, True, False]
    assert [found[day]["selected"] for day in sorted(found)] == [False, True, False]
    assert found["2026-11-03"]["title"] == "2026-11-03 星期二，90 件次，预期 2–20，高于预期"
    assert found["2026-11-04"]["shade"] == -1
    assert calendar_map.alt(frame, VOLUME, band).endswith("1 天超出预期范围。")


def test_a_hidden_day_is_hatched_and_nothing_at_all_says_so() -> None:
    picture = calendar_map.payload(daily(date(2026, 11, 2), [HIDDEN, counted(4)]), VOLUME, calendar())
    day = squares(picture)["2026-11-02"]
    assert (day["hidden"], day["shade"]) == (True, -1)
    assert "已隐去" in day["title"]
    assert calendar_map.payload(daily(MARCH, [UNMEASURED]), VOLUME, calendar())["weeks"] == []
    empty = calendar_map.payload(daily(MARCH, [counted(1)]).clear(), VOLUME, calendar())
    assert empty["weeks"] == []
    assert "没有可显示的日子" in empty["empty"]


# First or repeated ------------------------------------------------------------------------------------------------


def bars(rows: Sequence[tuple[Any, ...]], often: Sequence[tuple[Any, ...]] = (), **options: Any) -> repeats.Repeats:
    return repeats.build(
        observed(["category"], rows),
        observed(["category"], often),
        "category",
        metric=REPEATED,
        frequent_metric=FREQUENT,
        name=named,
        whole={"value": 0.25, "state": "ok"},
        label="内容分类",
        **options,
    )


def test_the_highest_share_stands_first_and_the_doubtful_after_the_sure() -> None:
    picture = bars(
        [("a", rated(10, 40)), ("b", rated(9, 10)), ("c", rated(20, 40)), ("d", rated(0, 0))], [("c", counted(3))]
    )
    lines = picture.data["rows"]
    assert [line["name"] for line in lines] == ["名c", "名a", "名b"]
    assert [line["quiet"] for line in lines] == [False, False, True]
    assert [line["often"] for line in lines] == ["3", "0", "0"]
    assert lines[0]["low"] == pytest.approx(0.3520, abs=1e-4)  # Wilson's interval of 20/40
    assert lines[0]["high"] == pytest.approx(0.6480, abs=1e-4)
    assert lines[0]["title"].startswith("名c：重复 20，初次 20，")
    assert picture.data["legend"] == ["重复", "初次"]
    assert "色" not in picture.data["foot"].replace("灰字", "")
    assert "1 类本期没有登记，未列" in picture.data["foot"]
    assert "灰字样本不足" in picture.data["foot"]


def test_the_rest_is_pooled_and_what_opens_nothing_stands_last() -> None:
    rows = [("a", rated(10, 40)), ("b", rated(10, 30)), ("c", rated(5, 20)), ("", rated(15, 15))]
    picture = bars(rows, most=2, closed=("",))
    lines = picture.data["rows"]
    assert [(line["name"], line["parts"], line["open"]) for line in lines] == [
        ("名a", "10/40", True),
        ("其余 2 类", "15/50", False),
        ("名", "15/15", False),
    ]
    assert set(picture.codes.values()) == {"a"}


def test_hidden_shares_tell_nothing() -> None:
    lines = bars([("a", HIDDEN), (None, rated(10, 40))]).data["rows"]
    hidden = next(line for line in lines if line["name"] == "名a")
    assert (hidden["value"], hidden["share"], hidden["parts"]) == ("已隐去", None, "")
    assert bars([("a", UNMEASURED)]).data["rows"] == []


def test_what_is_coded_above_the_parts_is_what_is_left_of_the_whole() -> None:
    def frame(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
        return observed(["region_code", "metric"], rows).select(pl.lit(MARCH).alias("period"), pl.all())

    parts = frame(
        [
            ("1", "repeat_share", rated(2, 20)),
            ("2", "repeat_share", rated(3, 30)),
            ("1", "frequent_repeats", counted(4)),
        ]
    )
    whole = frame([("0", "repeat_share", rated(9, 70)), ("0", "frequent_repeats", counted(4))])
    left = unplaced(parts, whole).rows(named=True)
    assert [(row["metric"], row["numerator"], row["denominator"], row["value"]) for row in left] == [
        ("repeat_share", 4, 20, 0.2)
    ]
    assert unplaced(frame([("1", "repeat_share", HIDDEN)]), whole).is_empty()


# The steps --------------------------------------------------------------------------------------------------------


def row(figure: Figure, previous: float | None = None, year_ago: float | None = None) -> dict[str, Any]:
    return dict(zip(_SCHEMA, figure, strict=True)) | {"previous": previous, "year_ago": year_ago}


def step(batches: dict[str, Any], persons: Figure) -> Step:
    return Step("3", "到市级", batches, row(persons), row(rated(4, 40)), [Change("环比", "2→4", 1, "worse")])


def test_a_step_says_batches_persons_and_their_size() -> None:
    entry = level_steps.payload([step(row(counted(4), 40.0, 50.0), counted(10))], BATCHES, PERSONS)["steps"][0]
    assert (entry["value"], entry["persons"], entry["size"]) == ("4", "10 人次", "每批 2.5 人")
    assert entry["share"] == "占该级来访 4/40"
    assert entry["few"] == ""
    none = level_steps.payload([step(row(counted(0), 40.0), counted(0))], BATCHES, PERSONS)["steps"][0]
    assert (none["value"], none["size"]) == ("0", "")


@pytest.mark.parametrize(
    ("now", "previous", "year_ago", "few"),
    [(9, 4.0, 5.0, True), (1, 5.0, 5.0, False), (4, None, None, True), (5, None, None, False), (9, None, 2.0, True)],
)
def test_few_is_what_was_to_be_expected_and_not_what_came(
    now: int, previous: float | None, year_ago: float | None, few: bool
) -> None:
    assert level_steps.few(row(counted(now), previous, year_ago)) == few


@pytest.mark.parametrize(("figure", "word"), [(HIDDEN, "已隐去"), (UNMEASURED, "该级不统计")])
def test_a_step_without_figure_shows_no_figure(figure: Figure, word: str) -> None:
    entry = level_steps.payload([step(row(figure, 3.0), figure)], BATCHES, PERSONS)["steps"][0]
    assert (entry["value"], entry["unit"], entry["share"], entry["changes"]) == (word, "", "", [])
    assert word in entry["title"]
    assert not level_steps.few(row(figure, 3.0))


def test_the_end_of_ranking_is_said() -> None:
    assert "国家信访局2013年起不再按此类数量排名" in NOTE


# What stands out --------------------------------------------------------------------------------------------------


def test_days_in_a_row_on_one_side_are_one_run_and_the_largest_comes_first() -> None:
    rows = [
        ("a", date(2026, 11, 7), 30.0, 5.0, "day", "high"),
        ("a", date(2026, 11, 8), 25.0, 5.0, "day", "high"),
        ("a", date(2026, 11, 9), 6.0, 5.0, "day", "usual"),
        ("a", date(2026, 11, 10), 12.0, 5.0, "28_days", "high"),
        ("b", date(2026, 11, 9), 0.0, 20.0, "day", "low"),
        ("b", date(2026, 11, 10), 70.0, 20.0, "day", "high"),
    ]
    names = ["region_code", "day", "value", "expected", "rule", "verdict"]
    assert runs(pl.DataFrame(rows, schema=names, orient="row")) == [
        Run("b", date(2026, 11, 10), date(2026, 11, 10), 50.0),
        Run("a", date(2026, 11, 7), date(2026, 11, 8), 45.0),
        Run("b", date(2026, 11, 9), date(2026, 11, 9), -20.0),
    ]


# All of them ------------------------------------------------------------------------------------------------------


def test_few_classes_are_spread_over_the_shades() -> None:
    scale = Scale.of([1.0, 7.0], VOLUME)
    assert [scale.shade(1.0), scale.shade(7.0)] == [0, 4]
    assert Scale.of([3.0], VOLUME).shade(3.0) == 2
    assert Scale.of([], VOLUME).method() == ""


@pytest.mark.parametrize("tokens", [DARK, LIGHT])
def test_every_shade_has_text_that_can_be_read(tokens: Look) -> None:
    for colour in tokens.scale:
        light, dark = sorted((look._luminance(colour), look._luminance(look.ink(colour))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_names_are_sent_as_they_are_and_written_as_text() -> None:
    table = heat_map.build(
        figures({("a", "web"): 5}), VOLUME, Side("category", "内容分类", lambda _: EVIL), COLUMNS
    ).data
    assert table["rows"][0]["name"] == EVIL
    for script in ("heat_map.js", "calendar_map.js", "repeats.js", "level_steps.js", "scale.js"):
        text = asset(script)
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
            assert way not in text


def test_the_style_sheets_name_only_known_variables() -> None:
    defined = set(re.findall(r"(--yp-[a-z-]+):", look.page_css(DARK)))
    for sheet in ("heat_map.css", "calendar_map.css", "repeats.css", "level_steps.css", "scale.css"):
        assert set(re.findall(r"var\((--yp-[a-z-]+)\)", asset(sheet))) <= defined
