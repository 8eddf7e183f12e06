"""What kind of day a day is: workday, weekend, holiday, 调休 workday, first workday after a holiday; lunar new year; meetings.

The package ``chinese_calendar`` knows the announced years; ``config/calendar.toml`` stands above it. A year that neither knows
is guessed from the weekday, the fixed holidays and the table of lunar dates, and is called provisional (暂定).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as TimeOfDay
from enum import StrEnum
from functools import cache, cached_property
from typing import Annotated

import chinese_calendar
import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from data_access import settings
from metrics.core.period import DAY, Period

FILE = "calendar.toml"


class DayKind(StrEnum):
    """Days that may be held against each other are of one kind. ``makeup`` is a weekend day worked for a holiday."""

    workday = "workday"
    weekend = "weekend"
    holiday = "holiday"
    makeup = "makeup"
    first = "first"


KIND_LABELS = {
    DayKind.workday: "工作日",
    DayKind.weekend: "周末",
    DayKind.holiday: "节假日",
    DayKind.makeup: "调休上班",
    DayKind.first: "节后首个工作日",
}
PROVISIONAL = "放假安排尚未公布，按惯例推算（暂定）"
SPRING_FESTIVAL = "春节"
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": SPRING_FESTIVAL,
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
_ANNOUNCED_YEARS = range(min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year + 1)


def _as_day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _plain(value)
    except (TypeError, ValueError):
        raise ValueError("不是日期；写法：2027-01-01，不加引号") from None


def _plain(value: object) -> date:
    if type(value) is not date:
        raise TypeError("no date")
    return value


Day = Annotated[date, BeforeValidator(_as_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Span(_Strict):
    name: str = Field(min_length=1)
    first: Day
    last: Day

    @model_validator(mode="after")
    def _in_order(self) -> _Span:
        if not 0 <= (self.last - self.first).days <= 366:
            raise ValueError(f"{self.name} 的 last {self.last} 必须在 first {self.first} 当天或之后一年以内")
        return self


class Holiday(_Span):
    """A stretch of days off, and the weekend days worked for it."""

    workdays: tuple[Day, ...] = ()


class Event(_Span):
    """A span that charts mark."""


class Meetings(_Strict):
    """On which workdays the assessment meeting sits (``weekdays`` from 1, Monday), and at what ``time`` of the local day."""

    weekdays: tuple[int, ...] = Field(default=(1, 2, 3, 4, 5), min_length=1)
    time: TimeOfDay = TimeOfDay(8, 30)
    skipped: tuple[Day, ...] = ()
    extra: tuple[Day, ...] = ()

    @model_validator(mode="after")
    def _are_weekdays(self) -> Meetings:
        wrong = [number for number in self.weekdays if not 1 <= number <= 7]
        if wrong:
            raise ValueError(f"weekdays 里的 {wrong} 不是星期；可选：1–7，1 是星期一")
        return self


class CalendarTable(_Strict):
    """``config/calendar.toml``."""

    announced: tuple[int, ...] = ()
    lunar_new_years: tuple[Day, ...] = ()
    dragon_boat_days: tuple[Day, ...] = ()
    mid_autumn_days: tuple[Day, ...] = ()
    meetings: Meetings = Meetings()
    holidays: tuple[Holiday, ...] = ()
    events: tuple[Event, ...] = ()

    @model_validator(mode="after")
    def _one_new_year_a_year(self) -> CalendarTable:
        for day in self.lunar_new_years:
            if not (1, 20) <= (day.month, day.day) <= (2, 21):
                raise ValueError(f"lunar_new_years 里的 {day} 不可能是正月初一；应在 1 月 20 日至 2 月 21 日之间")
        years = [day.year for day in self.lunar_new_years]
        if len(set(years)) != len(years):
            raise ValueError("lunar_new_years 里同一年写了两次")
        return self


@dataclass(frozen=True)
class Mark:
    """A span to mark on a chart. ``provisional``: guessed, not announced."""

    name: str
    first: date
    last: date
    provisional: bool


@dataclass(frozen=True)
class _Day:
    off: bool
    holiday: str | None


class Calendar:
    """The days of one table. Answers for any date; ``provisional`` tells which answers are guesses."""

    def __init__(self, table: CalendarTable) -> None:
        self.table = table
        self._written = {day: _Day(True, span.name) for span in table.holidays for day in _days(span.first, span.last)}
        self._written |= {day: _Day(False, None) for span in table.holidays for day in span.workdays}
        self._kinds: dict[date, DayKind] = {}

    def kind(self, day: date) -> DayKind:
        """The kind of ``day``."""
        if day not in self._kinds:
            self._kinds[day] = self._kind(day)
        return self._kinds[day]

    def holiday(self, day: date) -> str | None:
        """The Chinese name of the holiday that ``day`` is off for; None on any other day."""
        return self._day(day).holiday

    def is_workday(self, day: date) -> bool:
        """Whether offices are open."""
        return not self._day(day).off

    def workdays_after(self, day: date, last: date) -> int:
        """Workdays after ``day`` up to ``last``, both dates; beyond a year it is no matter how many."""
        return sum(self.is_workday(day + n * DAY) for n in range(1, min((last - day).days, 366) + 1))

    def provisional(self, day: date) -> bool:
        """Whether the year's holidays are guessed because they are not announced."""
        return day.year not in _ANNOUNCED_YEARS and day.year not in self.table.announced and day not in self._written

    def lunar_offset(self, day: date) -> int | None:
        """Days from the nearest lunar new year 正月初一 (negative before it); None when the table has none within 200 days."""
        near = [(day - first).days for first in self._new_years.get(day.year, ())]
        nearest = min(near, key=abs, default=None)
        return nearest if nearest is not None and abs(nearest) <= 200 else None

    def lunar_new_year_before(self, new_year: date) -> date | None:
        """The lunar new year before that one; None when the table has none within thirteen months."""
        earlier = [day for day in self.table.lunar_new_years if 0 < (new_year - day).days < 400]
        return max(earlier, default=None)

    def is_meeting_day(self, day: date) -> bool:
        """Whether the assessment meeting sits on ``day``."""
        meetings = self.table.meetings
        if day in meetings.extra:
            return True
        if day in meetings.skipped or not self.is_workday(day):
            return False
        return self.kind(day) is DayKind.makeup or day.isoweekday() in meetings.weekdays

    def since_last_meeting(self, day: date) -> Period:
        """The days from the last meeting day before ``day`` to the day before ``day``: on a Monday Friday to Sunday."""
        last = next((back for n in range(1, 61) if self.is_meeting_day(back := day - n * DAY)), day - DAY)
        return Period(last, day)

    def last_meeting(self, now: datetime) -> datetime | None:
        """When the assessment meeting last sat, at ``now`` (local, with zone) or before; None: not within two months."""
        moments = (datetime.combine(now.date() - n * DAY, self.table.meetings.time, now.tzinfo) for n in range(61))
        return next((each for each in moments if each <= now and self.is_meeting_day(each.date())), None)

    def marks(self, period: Period) -> list[Mark]:
        """Holidays and events that touch ``period``, whole, in order of their first day."""
        found = [Mark(event.name, event.first, event.last, False) for event in self.table.events]
        found += self._holiday_marks(period)
        touching = [mark for mark in found if mark.first <= period.last and mark.last >= period.start]
        return sorted(touching, key=lambda mark: (mark.first, mark.last, mark.name))

    def frame(self, period: Period) -> pl.DataFrame:
        """day (Date), kind, holiday (text, null), lunar_offset (Int64, null), provisional (Boolean): one row a day."""
        days = list(_days(period.start, period.last))
        return pl.DataFrame(
            {
                "day": days,
                "kind": [self.kind(day).value for day in days],
                "holiday": [self.holiday(day) for day in days],
                "lunar_offset": [self.lunar_offset(day) for day in days],
                "provisional": [self.provisional(day) for day in days],
            },
            schema={
                "day": pl.Date,
                "kind": pl.String,
                "holiday": pl.String,
                "lunar_offset": pl.Int64,
                "provisional": pl.Boolean,
            },
        )

    @cached_property
    def _new_years(self) -> dict[int, list[date]]:
        """The lunar new years that may be nearest to a day, by the day's year."""
        near: dict[int, list[date]] = {}
        for first in self.table.lunar_new_years:
            for year in (first.year - 1, first.year, first.year + 1):
                near.setdefault(year, []).append(first)
        return near

    def _kind(self, day: date) -> DayKind:
        known = self._day(day)
        if known.holiday is not None:
            return DayKind.holiday
        if known.off:
            return DayKind.weekend
        if self._follows_holiday(day):
            return DayKind.first
        return DayKind.makeup if day.isoweekday() > 5 else DayKind.workday

    def _follows_holiday(self, day: date) -> bool:
        before = day - DAY
        while (known := self._day(before)).off:
            if known.holiday is not None:
                return True
            before -= DAY
        return False

    def _day(self, day: date) -> _Day:
        written = self._written.get(day)
        if written is not None:
            return written
        return _announced(day) if day.year in _ANNOUNCED_YEARS else self._usual(day)

    def _usual(self, day: date) -> _Day:
        name = None if day.year in self.table.announced else self._usual_holiday(day)
        return _Day(name is not None or day.isoweekday() > 5, name)

    def _usual_holiday(self, day: date) -> str | None:
        """What is off by the rules in force since 2025: 除夕 to 初七, five days in May, seven in October."""
        offset = self.lunar_offset(day)
        if offset is not None and -1 <= offset <= 6:
            return SPRING_FESTIVAL
        if day in self.table.dragon_boat_days:
            return "端午节"
        if day.month == 10 and day.day <= 7:
            return "国庆节"
        if day in self.table.mid_autumn_days:
            return "中秋节"
        if day.month == 5 and day.day <= 5:
            return "劳动节"
        if (day.month, day.day) == (1, 1):
            return "元旦"
        return "清明节" if day == _tomb_sweeping_day(day.year) else None

    def _holiday_marks(self, period: Period) -> Iterator[Mark]:
        day = period.start
        while (name := self.holiday(day)) is not None and self.holiday(day - DAY) == name:
            day -= DAY
        while day <= period.last:
            first, name = day, self.holiday(day)
            while self.holiday(day + DAY) == name and (name is not None or day < period.last):
                day += DAY
            if name is not None:
                yield Mark(name, first, day, self.provisional(first))
            day += DAY


@cache
def calendar() -> Calendar:
    """The calendar in force, read once per process. Raises SettingsError that names file, key and what is allowed."""
    return Calendar(settings.read_config(FILE, CalendarTable))


def since_last_meeting(day: date) -> Period:
    """As ``Calendar.since_last_meeting``, by the calendar in force."""
    return calendar().since_last_meeting(day)


def _announced(day: date) -> _Day:
    off, name = chinese_calendar.get_holiday_detail(day)
    return _Day(bool(off), _NAMES.get(str(name), str(name)) if off and name else None)


def _tomb_sweeping_day(year: int) -> date:
    """清明, the day the sun reaches 15°; the usual formula, right for 2000–2099."""
    years = year % 100
    return date(year, 4, int(years * 0.2422 + 4.81) - years // 4)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
