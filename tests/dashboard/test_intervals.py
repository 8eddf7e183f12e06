"""The table of intervals as plain values."""

from __future__ import annotations

import json

import pytest

from dashboard.look import asset
from dashboard.views import intervals
from dashboard.views.intervals import Axis, Column, Range, Row, Sides, Text

EVIL = "<script>alert(1)</script>"


def table(*rows: Row, axis: Axis | None = None) -> dict[str, object]:
    columns = [Column("渠道"), Column("", axis=axis or Axis(0, 100))]
    return intervals.payload(columns, rows, label="一句话", empty="没有")


def cells(row: Row, axis: Axis | None = None) -> list[dict[str, object]]:
    found = table(row, axis=axis)["rows"]
    assert isinstance(found, list)
    return found[0]["cells"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        ([51.2, 96.0], {"unit": "%"}, ["40%", "60%", "80%", "100%"]),
        ([-9.3, 6.3], {"holds": 0.0}, ["−10", "−5", "0", "5", "10"]),
        ([0.4, 3.1], {"holds": 0.0}, ["0", "1", "2", "3", "4"]),
        ([13.0, 66.0], {"unit": "%", "ends": True}, ["0%", "", "", "", "80%"]),
        ([5.0], {}, None),
        ([], {}, None),
        ([None, 3.0, None], {"holds": 0.0}, None),
    ],
)
def test_an_axis_holds_its_values_in_round_steps(
    values: list[float | None], options: dict[str, object], words: object
) -> None:
    axis = intervals.axis_over(values, **options)  # type: ignore[arg-type]
    known = [value for value in values if value is not None]
    assert all(axis.first <= value <= axis.last for value in known)
    assert axis.first < axis.last
    assert 2 <= len(axis.ticks) <= 7
    if words is not None:
        assert [text for _, text in axis.ticks] == words


def test_a_range_stands_on_its_axis_and_is_cut_off_at_its_ends() -> None:
    drawn = cells(Row("a", [Text("诉调"), Range(50, 25, 130, before=-5, tone="worse", hollow=True)]))[1]
    assert (drawn["at"], drawn["low"], drawn["high"], drawn["before"]) == (0.5, 0.25, 1.0, 0.0)
    assert (drawn["tone"], drawn["hollow"]) == ("worse", True)


def test_a_bar_grows_from_nothing_to_both_sides() -> None:
    drawn = cells(Row("a", [Text("诉调"), Sides(-10)]), Axis(-20, 20))[1]
    assert (drawn["at"], drawn["zero"]) == (0.25, 0.5)


def test_nothing_is_drawn_of_what_is_unknown() -> None:
    for cell in (Range(None), Sides(None)):
        assert cells(Row("a", [Text("诉调"), cell]))[1]["at"] is None


def test_a_row_has_as_many_cells_as_there_are_columns() -> None:
    with pytest.raises(ValueError, match="lost"):
        table(Row("lost", [Text("诉调")]))


def test_plain_values_alone_leave_for_the_browser_and_never_become_markup() -> None:
    sent = table(Row("a", [Text(EVIL), Range(1, 0, 2)], alt=EVIL))
    assert EVIL in json.dumps(sent, ensure_ascii=False)
    script = asset("intervals.js")
    assert not any(word in script for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"))
