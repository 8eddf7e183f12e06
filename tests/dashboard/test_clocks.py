"""The clocks: what each is called from which moment on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from dashboard.views import clocks
from data_access.reference import LOCAL
from data_access.replica import ReplicaState
from metrics.core.calendar import calendar

WEDNESDAY = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL)
HOUR = timedelta(hours=1)


def state(**told: object) -> ReplicaState:
    """A standby that streams and has replayed everything, but for what is told."""
    plain = {
        "in_recovery": True,
        "version": "18.4",
        "host": "db:5432",
        "receiver_present": True,
        "receiver_status": "streaming",
        "receiver_silence_seconds": 2.0,
        "replay_lag_seconds": 0.0,
        "replay_paused": False,
    }
    return ReplicaState(**{**plain, **told})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("newest", "now", "verdict"),
    [
        (date(2026, 11, 25), WEDNESDAY, "正常"),
        (date(2026, 11, 24), WEDNESDAY, "正常"),
        (date(2026, 11, 23), WEDNESDAY, "偏旧"),
        (date(2026, 11, 20), WEDNESDAY, "陈旧"),
        # On Monday nothing later than Friday is missed, on a Tuesday after it one day is.
        (date(2026, 11, 20), WEDNESDAY - 2 * 24 * HOUR, "正常"),
        (date(2026, 11, 20), WEDNESDAY - 24 * HOUR, "偏旧"),
        # The National Day week of 2026 has no workday that could be missed.
        (date(2026, 9, 30), datetime(2026, 10, 8, 9, 0, tzinfo=LOCAL), "正常"),
        (None, WEDNESDAY, "陈旧"),
    ],
)
def test_business_is_late_by_the_workdays_without_an_event(newest: date | None, now: datetime, verdict: str) -> None:
    assert clocks.business(newest, now, calendar().is_workday).verdict == verdict


@pytest.mark.parametrize(
    ("told", "verdict", "value"),
    [
        ({}, "正常", "同步"),
        ({"in_recovery": False}, "正常", "主库"),
        ({"replay_lag_seconds": 12.0}, "正常", "延迟 12 秒"),
        ({"replay_lag_seconds": 200.0}, "偏旧", "延迟 3 分"),
        ({"replay_lag_seconds": 7200.0}, "陈旧", "延迟 2 小时"),
        ({"replay_paused": True}, "陈旧", "回放暂停"),
        ({"receiver_present": False, "receiver_status": None}, "陈旧", "与主库断开"),
        ({"receiver_status": None, "replay_lag_seconds": 90.0}, "偏旧", "延迟至多 1 分"),
        ({"receiver_status": None, "replay_lag_seconds": None}, "不明", "不明"),
    ],
)
def test_the_replica_is_judged_by_what_it_said(told: dict[str, object], verdict: str, value: str) -> None:
    sentence = state(**told).sentence
    tile = clocks.replica(sentence, WEDNESDAY)
    assert (tile.verdict, tile.value) == (verdict, value)
    assert sentence in tile.notes[0]


@pytest.mark.parametrize(
    ("age", "verdict"), [(0.2, "正常"), (1.4, "正常"), (1.6, "偏旧"), (3.9, "偏旧"), (4.1, "陈旧"), (-0.1, "正常")]
)
def test_a_picture_is_late_by_the_turns_it_missed(age: float, verdict: str) -> None:
    tile = clocks.picture(7, WEDNESDAY - age * HOUR, HOUR, WEDNESDAY)
    assert tile.verdict == verdict
    assert tile.value == "№7"


def test_without_a_known_turn_no_verdict_is_given() -> None:
    assert clocks.picture(7, WEDNESDAY, None, WEDNESDAY).verdict == "不明"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "0 秒"), (59, "59 秒"), (61, "1 分"), (3600, "1 小时"), (172_800, "2 天")]
)
def test_spans_in_one_word(seconds: int, words: str) -> None:
    assert clocks.duration(timedelta(seconds=seconds)) == words


def test_tiles_are_text_and_never_markup() -> None:
    tile = clocks.Tile("<b>", "<script>", "broken", "陈旧", ("<i>",))
    drawn = clocks.html([tile])
    assert "<script>" not in drawn
    assert "<i>" not in drawn.replace('<i class="', "")
    assert 'aria-label="&lt;b&gt; &lt;script&gt; 陈旧。"' in drawn
