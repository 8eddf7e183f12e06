"""What two snapshots say differently of days that were over."""

from __future__ import annotations

from datetime import date

import polars as pl

from metrics.restated import RESTATED, SUMS, restated

TOWN, OTHER_TOWN, COUNTY, NOWHERE = "430281101000", "430281102000", "430281000000", "430999101000"
PLACES = pl.DataFrame({"region_code": [TOWN, OTHER_TOWN, COUNTY], "ancestor": [COUNTY] * 3})
CLOSED = date(2026, 3, 20)
Row = tuple[str, date, str, int]


def sums(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SUMS, orient="row")


def day(number: int, month: int = 3) -> date:
    return date(2026, month, number)


def compared(before: pl.DataFrame, after: pl.DataFrame) -> list[tuple[object, ...]]:
    return restated(before, after, CLOSED, PLACES).rows()


def test_what_is_the_same_is_not_told() -> None:
    same = sums(("petition_registered", day(1), TOWN, 5), ("petition_registered", day(2), COUNTY, 1))
    assert compared(same, same) == []
    assert restated(same, same, CLOSED, PLACES).schema == pl.Schema(RESTATED)


def test_a_late_entry_stands_with_the_whole_month() -> None:
    before = sums(("petition_registered", day(1), TOWN, 5), ("petition_registered", day(2), COUNTY, 1))
    after = sums(("petition_registered", day(1), TOWN, 5), ("petition_registered", day(2), COUNTY, 4))
    assert compared(before, after) == [("petition_registered", COUNTY, day(1), 6, 9, 3, 0)]


def test_a_day_that_was_still_open_is_no_late_entry() -> None:
    after = sums(("petition_registered", day(20), TOWN, 2), ("petition_registered", day(21), TOWN, 9))
    assert compared(sums(), after) == [("petition_registered", COUNTY, day(1), 0, 2, 2, 0)]


def test_a_row_moved_to_another_day_is_seen_though_the_month_stands() -> None:
    before = sums(("petition_registered", day(3), TOWN, 4))
    after = sums(("petition_registered", day(5), TOWN, 4))
    assert compared(before, after) == [("petition_registered", COUNTY, day(1), 4, 4, 4, 4)]
    elsewhere = sums(("petition_registered", day(3), OTHER_TOWN, 4))
    assert compared(before, elsewhere) == [("petition_registered", COUNTY, day(1), 4, 4, 4, 4)]


def test_a_row_moved_to_another_month_or_county_is_told_of_both() -> None:
    before = sums(("mediation_accepted", day(3, 2), TOWN, 4))
    after = sums(("mediation_accepted", day(3), TOWN, 4))
    assert compared(before, after) == [
        ("mediation_accepted", COUNTY, day(1), 0, 4, 4, 0),
        ("mediation_accepted", COUNTY, day(1, 2), 4, 0, 0, 4),
    ]


def test_withdrawn_rows_and_places_outside_the_tree() -> None:
    before = sums(("petition_registered", day(1), NOWHERE, 2), ("petition_registered", day(1), NOWHERE, 1))
    assert compared(before, sums()) == [("petition_registered", None, day(1), 3, 0, 0, 3)]


def test_the_greatest_change_stands_first_and_the_difference_is_what_came_less_what_went() -> None:
    before = sums(("b", day(1), TOWN, 1), ("a", day(1), TOWN, 9), ("a", day(2), TOWN, 1))
    after = sums(("b", day(1), TOWN, 2), ("a", day(1), TOWN, 2), ("a", day(2), TOWN, 3))
    frame = restated(before, after, CLOSED, PLACES)
    assert frame["fact"].to_list() == ["a", "b"]
    assert (frame["after"] - frame["before"]).to_list() == (frame["added"] - frame["removed"]).to_list() == [-5, 1]
