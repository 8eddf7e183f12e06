"""The burn-down: each batch against all that it ever held, the running month apart, batches compared at the same age."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from dashboard.look import DARK, LIGHT
from dashboard.views import burn_down
from dashboard.views.burn_down import Batch, Plan

SCHEMA = {
    "period": pl.Date,
    "batch": pl.String,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "state": pl.String,
}
EVIL = "<b>第一批</b>&"


def frame(*rows: tuple[date, str | None, int | None, int | None, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def batch(name: str, year: int, resolved: tuple[int, ...], assigned: int = 100, **more: object) -> Batch:
    return Batch(name, date(year, 1, 1), assigned, resolved, bool(more.get("running")), str(more.get("state", "ok")))


def read(rows: pl.DataFrame, last: date) -> list[Batch]:
    codes = rows["batch"].unique().to_list()
    return burn_down.batches_of(rows, "batch", last, [(code, code or "未填") for code in codes])


def test_the_denominator_is_all_that_the_batch_ever_held() -> None:
    rows = frame(
        (date(2026, 1, 1), "一", 0, 20, "ok"),
        (date(2026, 2, 1), "一", 10, 40, "ok"),
        (date(2026, 3, 1), "一", 30, 40, "ok"),
    )
    (found,) = read(rows, date(2026, 3, 31))
    assert (found.began, found.assigned, found.open, found.running) == (date(2026, 1, 1), 40, (40, 30, 10), False)
    assert found.shares == (1.0, 0.75, 0.25)


def test_months_before_the_assignment_are_no_months_of_the_batch_and_a_month_under_way_is_told() -> None:
    rows = frame(
        (date(2025, 12, 1), "一", 0, 0, "undefined"),
        (date(2026, 1, 1), "一", 0, 20, "ok"),
        (date(2026, 2, 1), "一", 5, 20, "ok"),
    )
    (found,) = read(rows, date(2026, 2, 10))
    assert (found.began, len(found.resolved), found.full_months, found.running) == (date(2026, 1, 1), 2, 1, True)


@pytest.mark.parametrize("state", ["suppressed", "not_measured", "undefined"])
def test_hidden_counts_make_no_batch(state: str) -> None:
    assert read(frame((date(2026, 1, 1), "一", None, None, state)), date(2026, 1, 31)) == []


def test_a_batch_without_a_name_and_the_newest_first() -> None:
    rows = frame((date(2026, 1, 1), None, 1, 20, "ok"), (date(2026, 2, 1), "二", 1, 20, "ok"))
    assert [found.name for found in read(rows, date(2026, 2, 28))] == ["二", "未填"]


def test_the_newest_batch_stands_beside_earlier_ones_at_its_age() -> None:
    batches = [
        batch("新", 2026, (10, 20, 30, 40), running=True),
        batch("三", 2025, (5, 10, 50)),
        batch("二", 2024, (5, 10, 20, 90)),
        batch("一", 2023, (5, 10, 40, 95)),
    ]
    found = burn_down.same_age(batches)
    assert found is not None
    assert (found.batch.name, found.months, found.others) == ("新", 3, 3)
    assert [found.resolved, found.usual] == pytest.approx([0.3, 0.4])
    assert burn_down.title(batches) == "新交办 3 个月后未化解 70.0%，以往同期 60.0%"


def test_too_few_or_too_small_earlier_batches_compare_nothing() -> None:
    old = [batch("二", 2024, (5, 10, 20)), batch("一", 2023, (5, 10, 20), 9, state="small_n")]
    assert burn_down.same_age([batch("新", 2026, (10, 20, 30)), *old, batch("零", 2022, (1, 2, 3))]) is None
    assert burn_down.same_age([batch("新", 2026, (10, 20))]) is None
    assert burn_down.title([]) == burn_down.MEASURE


def test_lines_begin_at_the_whole_and_the_running_month_is_dashed() -> None:
    picture = burn_down.figure([batch("新", 2026, (10, 20), running=True)], LIGHT).to_plotly_json()
    solid, dashed, end = picture["data"]
    assert (list(solid["x"]), list(solid["y"])) == ([0, 1], [100.0, 90.0])
    assert (list(dashed["x"]), list(dashed["y"]), dashed["line"]["dash"]) == ([1, 2], [90.0, 80.0], "dot")
    assert (list(end["y"]), end["marker"]["color"]) == ([80.0], LIGHT.panel)
    assert "未化解 80.0%</b>　80/100" in dashed["text"][-1]
    assert "（未满）" in dashed["text"][-1]


def test_small_batches_are_not_drawn_and_nothing_is_said_of_them() -> None:
    few = batch("少", 2026, (1,), 9, state="small_n")
    assert not burn_down.figure([few], LIGHT).data
    assert burn_down.alt([few]) == "各批积案未化解占比：没有可画的批次。"


def test_the_plan_is_a_straight_line_to_its_end() -> None:
    drawn = burn_down.figure([batch("新", 2026, (10, 20, 30, 40))], DARK, plan=Plan(8, 0.2, "目标")).data[0]
    assert (list(drawn.x), list(drawn.y)) == ([0, 4.0], [100, pytest.approx(60.0)])


def test_the_same_figure_each_time_and_names_that_are_no_markup() -> None:
    batches = [batch(EVIL, 2026, (10, 20)), batch("一", 2025, (30, 40, 50))]
    one, two = (burn_down.figure(batches, DARK).to_json() for _ in range(2))
    assert one == two
    assert "<b>第一批" not in one
    assert "\\u003cb\\u003e第一批" not in one


def test_labels_leave_each_other_room() -> None:
    batches = [batch(str(number), 2026 - number, (50,) * (3 + number)) for number in range(8)]
    named = [note for note in burn_down.figure(batches, LIGHT).layout.annotations if "<b>" in note.text]
    assert 1 <= len(named) < 8
