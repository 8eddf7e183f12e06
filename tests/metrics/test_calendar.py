"""Kinds of days, lunar new year, meetings, marks; and the table that an operator may write."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access import settings
from data_access.settings import SettingsError
from metrics.core import calendar as module
from metrics.core.calendar import Calendar, CalendarTable, DayKind, Holiday, Meetings, calendar, since_last_meeting
from metrics.core.period import Period

D = date.fromisoformat
shipped = calendar()
bare = Calendar(CalendarTable())


@pytest.mark.parametrize(
    ("day", "kind", "holiday"),
    [
        ("2026-02-13", "workday", None),
        ("2026-02-14", "makeup", None),  # a Saturday worked for 春节
        ("2026-02-16", "holiday", "春节"),
        ("2026-02-21", "holiday", "春节"),  # a Saturday within it
        ("2026-02-24", "first", None),
        ("2026-02-25", "workday", None),
        ("2026-02-28", "makeup", None),
        ("2026-03-01", "weekend", None),
        ("2025-10-06", "holiday", "中秋节"),
        ("2025-10-09", "first", None),
        ("2026-10-10", "makeup", None),
        ("2024-02-29", "workday", None),  # a leap day
        ("2028-02-29", "workday", None),
        ("2021-10-08", "first", None),
        ("2021-10-09", "makeup", None),  # the day after the first is only a worked weekend
    ],
)
def test_kinds_of_days(day: str, kind: str, holiday: str | None) -> None:
    assert shipped.kind(D(day)) == kind
    assert shipped.holiday(D(day)) == holiday
    assert shipped.is_workday(D(day)) == (kind in ("workday", "makeup", "first"))


@pytest.mark.parametrize("first", ["2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06"])
def test_offsets_count_from_the_lunar_new_year(first: str) -> None:
    new_year = D(first)
    assert [shipped.lunar_offset(new_year + timedelta(days=n)) for n in (-50, -1, 0, 1, 100)] == [-50, -1, 0, 1, 100]
    assert shipped.holiday(new_year) == "春节"


def test_the_lunar_new_years_agree_with_the_announced_holidays() -> None:
    for day in shipped.table.lunar_new_years:
        assert shipped.holiday(day) == "春节", day
    assert [day.year for day in shipped.table.lunar_new_years] == list(range(2018, 2036))


def test_years_beyond_the_library_are_guessed_and_say_so() -> None:
    assert not shipped.provisional(D("2026-12-31"))
    assert shipped.provisional(D("2027-01-01"))
    wanted = {
        "2027-01-01": "元旦", "2027-02-05": "春节", "2027-02-12": "春节", "2027-04-05": "清明节", "2027-05-05": "劳动节",
        "2027-06-09": "端午节", "2027-09-15": "中秋节", "2027-10-01": "国庆节", "2028-04-04": "清明节",
    }  # fmt: skip
    assert {day: shipped.holiday(D(day)) for day in wanted} == wanted
    assert shipped.kind(D("2027-02-13")) is DayKind.weekend
    assert shipped.kind(D("2027-02-15")) is DayKind.first
    assert module.PROVISIONAL == "放假安排尚未公布，按惯例推算（暂定）"


@given(st.dates(date(1900, 1, 2), date(2999, 12, 30)))
def test_any_day_has_a_kind_with_and_without_a_table(day: date) -> None:
    for each in (shipped, bare):
        assert each.kind(day) in DayKind
        offset = each.lunar_offset(day)
        assert offset is None or abs(offset) <= 200
        assert each.since_last_meeting(day).last == day - timedelta(days=1)


def test_the_table_stands_above_the_library_and_ends_the_guessing() -> None:
    table = CalendarTable(
        announced=(2027,),
        holidays=(
            Holiday(name="元旦", first=D("2027-01-01"), last=D("2027-01-03"), workdays=(D("2027-01-09"),)),
            Holiday(name="州庆", first=D("2026-07-01"), last=D("2026-07-01")),
        ),
    )
    written = Calendar(table)
    assert written.kind(D("2027-01-09")) is DayKind.makeup
    assert written.kind(D("2027-01-04")) is DayKind.first
    assert not written.provisional(D("2027-05-01"))
    assert written.holiday(D("2027-05-03")) is None
    assert written.holiday(D("2026-07-01")) == "州庆"
    assert written.kind(D("2026-07-02")) is DayKind.first
    assert written.provisional(D("2028-01-01"))


@pytest.mark.parametrize(
    ("today", "first"),
    [
        ("2026-11-23", "2026-11-20"),  # Monday: Friday to Sunday
        ("2026-11-24", "2026-11-23"),
        ("2026-10-08", "2026-09-30"),  # back from the National Day
        ("2026-10-11", "2026-10-10"),  # the Saturday before was worked
        ("2026-01-01", "2025-12-31"),
    ],
)
def test_the_window_since_the_last_meeting(today: str, first: str) -> None:
    assert since_last_meeting(D(today)) == Period(D(first), D(today))


def test_meetings_may_be_moved() -> None:
    table = CalendarTable(meetings=Meetings(weekdays=(1, 4), skipped=(D("2026-11-19"),), extra=(D("2026-11-22"),)))
    moved = Calendar(table)
    assert moved.since_last_meeting(D("2026-11-20")).start == D("2026-11-16")
    assert moved.since_last_meeting(D("2026-11-23")).start == D("2026-11-22")


def test_marks_are_whole_holidays_and_events_in_order() -> None:
    marks = shipped.marks(Period.inclusive(D("2025-03-01"), D("2025-05-03")))
    assert [(mark.name, str(mark.first), str(mark.last)) for mark in marks] == [
        ("全国两会", "2025-03-04", "2025-03-11"),
        ("清明节", "2025-04-04", "2025-04-06"),
        ("劳动节", "2025-05-01", "2025-05-05"),
    ]
    inside = shipped.marks(Period.inclusive(D("2026-10-03"), D("2026-10-04")))
    assert [(mark.name, str(mark.first), str(mark.last)) for mark in inside] == [("国庆节", "2026-10-01", "2026-10-07")]
    assert [mark.provisional for mark in shipped.marks(Period.inclusive(D("2026-12-31"), D("2027-01-01")))] == [True]


def test_the_frame_names_every_day() -> None:
    frame = shipped.frame(Period.inclusive(D("2024-02-28"), D("2024-03-01")))
    assert frame.to_dict(as_series=False) == {
        "day": [D("2024-02-28"), D("2024-02-29"), D("2024-03-01")],
        "kind": ["workday"] * 3,
        "holiday": [None] * 3,
        "lunar_offset": [18, 19, 20],
        "provisional": [False] * 3,
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"lunar": 1}, ("lunar：没有这个键", "lunar_new_years")),
        ({"meetings": {"weekdays": [0]}}, ("meetings", "1–7")),
        ({"lunar_new_years": [D("2027-03-01")]}, ("2027-03-01", "1 月 20 日至 2 月 21 日")),
        ({"lunar_new_years": [D("2027-02-06"), D("2027-02-07")]}, ("同一年写了两次",)),
        (
            {"holidays": [{"name": "元旦", "first": D("2027-01-03"), "last": D("2027-01-01")}]},
            ("holidays.0", "last 2027-01-01"),
        ),
        (
            {"events": [{"name": "两会", "first": "三月", "last": D("2027-03-11")}]},
            ("events.0.first", "写法：2027-01-01"),
        ),
        ({"events": [{"first": D("2027-03-01"), "last": D("2027-03-11")}]}, ("events.0.name：缺少这个键",)),
    ],
)
def test_a_wrong_table_is_refused_with_file_key_and_what_is_allowed(content: object, words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings.validated(Path("calendar.toml"), CalendarTable, content)
    for word in ("calendar.toml", *words):
        assert word in str(refusal.value)


def test_the_table_of_a_deployment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calendar.toml").write_text(
        "[[holidays]]\nname = '州庆'\nfirst = 2026-07-01\nlast = 2026-07-01\n", "utf-8"
    )
    monkeypatch.setenv("YANPAN_CONFIG", str(tmp_path))
    calendar.cache_clear()
    try:
        assert calendar().holiday(D("2026-07-01")) == "州庆"
    finally:
        calendar.cache_clear()


@pytest.mark.parametrize(
    ("now", "meeting"),
    [
        ("2026-11-24 08:30", "2026-11-24 08:30"),
        ("2026-11-24 08:29", "2026-11-23 08:30"),
        ("2026-11-23 07:00", "2026-11-20 08:30"),  # a Monday: Friday's
        ("2026-11-22 12:00", "2026-11-20 08:30"),
        ("2026-10-08 08:00", "2026-09-30 08:30"),  # after the national holiday
    ],
)
def test_when_the_meeting_last_sat(now: str, meeting: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    moment = datetime.fromisoformat(now).replace(tzinfo=zone)
    assert calendar().last_meeting(moment) == datetime.fromisoformat(meeting).replace(tzinfo=zone)
