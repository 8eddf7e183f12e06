"""The clocks as a viewer sees them: tiles, and the badge over every page, by what the background has seen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from html import unescape

import pytest

from dashboard import bar, current, freshness
from dashboard.current import Seen, Status
from dashboard.views import clocks
from data_access.clocks import Clock, Level
from data_access.reference import LOCAL
from data_access.store import Provenance

WEDNESDAY = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL)
HOUR = timedelta(hours=1)
IN_STEP = Clock("in_order", "同步", ("备库与主库相连",), None, "in_step")


@pytest.fixture(autouse=True)
def hourly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "_current", current._Current())
    current.found(every=HOUR)


def right_now() -> datetime:
    """The clock that the badge reads: the tests may come minutes after they were loaded."""
    return datetime.now(tz=LOCAL)


def made(taken_at: datetime | None = None, newest: date | None = None) -> Provenance:
    taken_at = taken_at or right_now()
    return Provenance(7, taken_at, taken_at.date() - timedelta(days=1), newest or taken_at.date(), None, "备库，同步")


def saw(clock: Clock, at: datetime | None = None) -> None:
    at = at or right_now()
    current.saw(Seen(clock, at, at, "db:5432"))


@pytest.mark.parametrize(
    ("newest", "now", "level"),
    [
        (date(2026, 11, 25), WEDNESDAY, "in_order"),
        (date(2026, 11, 24), WEDNESDAY, "in_order"),
        (date(2026, 11, 23), WEDNESDAY, "caution"),
        (date(2026, 11, 20), WEDNESDAY, "broken"),
        # On Monday nothing later than Friday is missed, on a Tuesday after it one day is.
        (date(2026, 11, 20), WEDNESDAY - 2 * 24 * HOUR, "in_order"),
        (date(2026, 11, 20), WEDNESDAY - 24 * HOUR, "caution"),
        # The National Day week of 2026 has no workday that could be missed.
        (date(2026, 9, 30), datetime(2026, 10, 8, 9, 0, tzinfo=LOCAL), "in_order"),
        # Years without an event are no longer counted day by day.
        (date(1999, 1, 1), WEDNESDAY, "broken"),
    ],
)
def test_business_is_late_by_the_workdays_without_an_event(newest: date, now: datetime, level: str) -> None:
    assert freshness.clocks(made(now, newest), now).business.level == level


def test_before_the_first_look_nothing_is_known() -> None:
    assert freshness.clocks(made()).replica.words == "未知"
    assert "yp-dot unknown" in bar.marks(made())


def test_a_look_that_is_old_is_not_believed() -> None:
    saw(IN_STEP, right_now() - HOUR)
    found = freshness.clocks(made()).replica
    assert (found.words, found.level) == ("未知", "caution")
    assert "没有看库的状态" in found.notes[0]


@pytest.mark.parametrize(
    ("clock", "tone", "words"),
    [
        (IN_STEP, "", "库同步　快照 №7"),
        (Clock("in_order", "延迟 3 分", (), 3 * timedelta(minutes=1), "late"), "", "库延迟 3 分"),
        (Clock("caution", "延迟 9 分", (), 9 * timedelta(minutes=1), "late"), "caution", "库延迟 9 分"),
        (Clock("caution", "主库断开 2 分", (), 2 * timedelta(minutes=1), "cut_off"), "caution", "主库断开 2 分"),
        (Clock("broken", "主库断开 2 小时", (), 2 * HOUR, "cut_off"), "broken", "主库断开 2 小时"),
        (Clock("unknown", "未知", (), None, "unknown"), "unknown", "库状态未知　"),
        (Clock("broken", "未知", ("连不上库",), 2 * HOUR, "unknown"), "broken", "库状态未知 2 小时"),
    ],
)
def test_the_badge_has_the_words_and_the_colour_of_the_worst(clock: Clock, tone: str, words: str) -> None:
    saw(clock)
    badge = bar.marks(made())
    assert f'class="yp-dot {tone}"' in badge
    assert words in unescape(badge)
    assert all(note in badge for note in clock.notes)


@pytest.mark.parametrize(
    ("hours", "tone", "age"), [(1, "", ""), (2, "caution", "（2 小时前）"), (6, "broken", "（6 小时前）")]
)
def test_a_snapshot_that_is_not_renewed_turns_amber_then_red(hours: int, tone: str, age: str) -> None:
    saw(IN_STEP)
    badge = bar.marks(made(right_now() - hours * HOUR, right_now().date()))
    assert f'class="yp-dot {tone}"' in badge
    assert f"快照 №7{age}<" in badge
    current.found(read_at=right_now())
    assert 'class="yp-dot "' in bar.marks(made(right_now() - hours * HOUR, right_now().date()))


def test_a_failed_refresh_is_said_and_amber_at_least() -> None:
    saw(IN_STEP)
    current.report(Status(fault="连不上 <db>"))
    badge = bar.marks(made())
    assert 'class="yp-dot caution"' in badge
    assert "取数失败，显示上一次的数据" in badge
    assert "&lt;db&gt;" in badge


@pytest.mark.parametrize(
    ("level", "verdict"), [("in_order", "正常"), ("unknown", "不明"), ("caution", "偏旧"), ("broken", "陈旧")]
)
def test_a_clock_as_a_tile(level: Level, verdict: str) -> None:
    notes = tuple(f"第 {number} 条" for number in range(1, 6))
    tile = clocks.tile("库同步", Clock(level, "延迟 3 分", notes), WEDNESDAY)
    assert (tile.value, tile.verdict) == ("延迟 3 分", verdict)
    drawn = clocks.html([tile])
    assert "<p>第 1 条</p>" in drawn
    assert "<p>第 5 条</p>" not in drawn
    assert "第 5 条" in drawn
    assert "<p>11-25 09:00:00 看过库的状态</p>" in drawn


def test_the_english_gloss_of_a_fault_stays_in_the_title() -> None:
    drawn = clocks.html(
        [clocks.tile("库同步", Clock("caution", "未知", ("连不上 db:1（connection refused），上一次",)))]
    )
    assert "<p>连不上 db:1，上一次</p>" in drawn
    assert "connection refused" in drawn


def test_tiles_are_text_and_never_markup() -> None:
    tile = clocks.Tile("<b>", "<script>", "broken", "陈旧", ("<i>",))
    drawn = clocks.html([tile])
    assert "<script>" not in drawn
    assert "<i>" not in drawn.replace('<i class="', "")
    assert 'aria-label="&lt;b&gt; &lt;script&gt; 陈旧。"' in drawn
