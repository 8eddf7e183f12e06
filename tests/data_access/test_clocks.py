"""The decision of the three clocks, sign by sign, and what is remembered from one look to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from data_access import settings
from data_access.clocks import (
    Clock,
    Heartbeat,
    Limits,
    Signs,
    business_clock,
    duration,
    picture_clock,
    replica_clock,
    worst,
)
from data_access.reference import LOCAL
from data_access.replica import ReplicaState
from data_access.server_memory import Memory, keep_memory, read_memory, remember
from data_access.settings import SettingsError

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIMITS = Limits()


def standby(**told: object) -> ReplicaState:
    """A standby that streams and has replayed everything, but for what is told."""
    plain: dict[str, object] = {
        "in_recovery": True,
        "version": "18.4",
        "host": "db:5432",
        "receiver_present": True,
        "receiver_status": "streaming",
        "receiver_silence_seconds": 2.0,
        "replay_lag_seconds": 0.0,
        "replay_paused": False,
        "caught_up": True,
        "replay_age_seconds": 28_800.0,
        "system": "7",
        "timeline": 1,
    }
    return ReplicaState(**{**plain, **told})  # type: ignore[arg-type]


def primary(**told: object) -> ReplicaState:
    plain = {"in_recovery": False, "receiver_present": False, "receiver_status": None, "caught_up": False}
    return standby(**{**plain, "replay_age_seconds": None, **told})


def clock(state: ReplicaState | None, **told: object) -> Clock:
    return replica_clock(Signs(NOW, state, **told), LIMITS)  # type: ignore[arg-type]


GONE: dict[str, object] = {"receiver_present": False, "receiver_status": None, "receiver_silence_seconds": None}
HIDDEN: dict[str, object] = {"receiver_status": None, "receiver_silence_seconds": None}
BEHIND: dict[str, object] = {"caught_up": False}


@pytest.mark.parametrize(
    ("state", "words", "level"),
    [
        # Idle for eight hours: the last transaction is old and nothing is late.
        (standby(), "同步", "in_order"),
        (primary(), "同步", "in_order"),
        (standby(**BEHIND, replay_age_seconds=0.4), "同步", "in_order"),
        (standby(**BEHIND, replay_age_seconds=200.0), "延迟 3 分", "in_order"),
        (standby(**BEHIND, replay_age_seconds=600.0), "延迟 10 分", "caution"),
        (standby(**BEHIND, replay_age_seconds=7200.0), "延迟 2 小时", "broken"),
        (standby(**BEHIND, replay_age_seconds=None), "延迟不明", "caution"),
        (standby(replay_paused=True), "同步", "caution"),
        (standby(**BEHIND, replay_paused=True, replay_age_seconds=7200.0), "延迟 2 小时", "broken"),
        # The positions are equal in both cases below: that alone says nothing.
        (standby(**GONE, replay_age_seconds=120.0), "主库断开 2 分", "caution"),
        (standby(**GONE, replay_age_seconds=7200.0), "主库断开 2 小时", "broken"),
        (standby(**GONE, replay_age_seconds=None), "主库断开", "caution"),
        (standby(receiver_silence_seconds=91.0), "主库断开 1 分", "caution"),
        (standby(receiver_status="waiting", replay_age_seconds=5.0), "主库断开 2 秒", "caution"),
        (standby(**HIDDEN), "未知", "unknown"),
        (standby(**HIDDEN, **BEHIND, replay_age_seconds=600.0), "延迟 10 分", "caution"),
    ],
)
def test_what_the_server_says_of_itself(state: ReplicaState, words: str, level: str) -> None:
    told = clock(state)
    assert (told.words, told.level) == (words, level)
    assert told.notes


@pytest.mark.parametrize(
    ("told", "words", "level"),
    [
        ({"beat_age": 20 * timedelta(seconds=1)}, "同步", "in_order"),
        ({"beat_age": 3 * MINUTE}, "延迟 3 分", "in_order"),
        ({"beat_age": 5 * MINUTE}, "延迟 5 分", "caution"),
        ({"beat_age": 2 * HOUR}, "延迟 2 小时", "broken"),
        ({"beat_fault": "没有表"}, "未知", "caution"),
        ({"missed_workdays": 0}, "同步", "in_order"),
        ({"missed_workdays": 1}, "未知", "caution"),
        ({"missed_workdays": 2}, "未知", "broken"),
        ({"clock_offset": 3 * MINUTE}, "同步", "caution"),
        ({"clock_offset": -3 * MINUTE}, "同步", "caution"),
        ({"clock_offset": 1 * MINUTE}, "同步", "in_order"),
        ({"beat_age": 10 * MINUTE, "missed_workdays": 2}, "未知", "broken"),
        ({"beat_age": 2 * HOUR, "missed_workdays": 1}, "延迟 2 小时", "broken"),
    ],
)
def test_the_worst_sign_wins_over_a_receiver_in_order(told: dict[str, object], words: str, level: str) -> None:
    found = clock(standby(), **told)
    assert (found.words, found.level) == (words, level)


def test_a_fresh_heartbeat_tells_what_a_hidden_receiver_does_not() -> None:
    found = clock(standby(**HIDDEN), beat_age=10 * timedelta(seconds=1))
    assert (found.words, found.level) == ("同步", "in_order")
    assert any("pg_read_all_stats" in note for note in found.notes)


def test_a_lag_is_no_longer_than_since_all_was_last_replayed() -> None:
    """A primary that was idle all night commits at last: what it sends is not eight hours late."""
    state, memory = standby(**BEHIND), Memory(replayed_at=NOW - 30 * timedelta(seconds=1))
    assert clock(state, memory=memory).words == "同步"
    assert clock(state).words == "延迟 8 小时"


def test_a_break_is_counted_from_when_the_receiver_was_last_seen() -> None:
    state = standby(**GONE)
    assert clock(state, memory=Memory(streamed_at=NOW - 10 * MINUTE)).words == "主库断开 10 分"
    assert clock(state, memory=Memory(streamed_at=NOW - 61 * MINUTE)).level == "broken"


def test_no_answer_turns_amber_at_once_and_red_after_a_while() -> None:
    for age, level in ((1, "caution"), (59, "caution"), (61, "broken")):
        found = clock(None, fault="连不上", memory=Memory(answered_at=NOW - age * MINUTE))
        assert (found.words, found.level, found.age) == ("未知", level, age * MINUTE)
    assert clock(None, fault="连不上").level == "caution"
    # What was bad before is not forgotten.
    assert clock(None, fault="连不上", missed_workdays=2).level == "broken"
    assert clock(None).level == "unknown"


def test_a_clock_that_was_set_back_gives_no_negative_age() -> None:
    later = NOW + HOUR
    memory = Memory(answered_at=later, streamed_at=later, replayed_at=later)
    assert clock(None, fault="x", memory=memory).age == timedelta(0)
    assert clock(standby(**GONE), memory=memory).words == "主库断开 0 秒"
    assert clock(standby(**BEHIND), memory=memory).words == "同步"


# Memory ---------------------------------------------------------------------------------------------------------------


def after(*states: ReplicaState) -> Memory:
    memory = Memory()
    for minute, state in enumerate(states):
        memory = remember(memory, state, NOW + minute * MINUTE)
    return memory


@pytest.mark.parametrize(
    ("states", "change", "outdated", "without"),
    [
        ([primary(), primary()], None, False, False),
        ([standby(), standby()], None, False, False),
        ([standby(), primary()], None, False, True),
        ([standby(), primary(), standby()], None, False, False),
        ([standby(), primary(timeline=2)], "promoted", False, False),
        ([standby(), primary(timeline=2), primary(timeline=2)], "promoted", False, False),
        ([standby(), standby(timeline=2)], "switched", False, False),
        ([primary(), primary(timeline=2)], "switched", False, False),
        ([standby(), standby(timeline=2), primary(timeline=1)], "switched", True, False),
        ([standby(), standby(timeline=2), primary(timeline=1), standby(timeline=2)], "switched", False, False),
        ([standby(), standby(system="8")], "replaced", False, False),
        ([standby(timeline=5), standby(system="8", timeline=1)], "replaced", False, False),
        ([standby(), primary(system="8")], "replaced", False, False),
        ([standby(), standby(system=None, timeline=None), standby()], None, False, False),
    ],
)
def test_who_the_server_was(states: list[ReplicaState], change: str | None, outdated: bool, without: bool) -> None:
    memory = after(*states)
    assert (memory.change, memory.outdated, memory.without_standby) == (change, outdated, without)


def test_a_replaced_database_is_red_until_it_is_read_and_amber_for_a_day() -> None:
    memory, state = after(standby(), standby(system="8")), standby(system="8")
    before = clock(state, memory=replace(memory, changed_at=NOW - HOUR), read_at=NOW - 2 * HOUR)
    assert (before.words, before.level) == ("未知", "broken")
    read = clock(state, memory=replace(memory, changed_at=NOW - HOUR), read_at=NOW)
    assert read.level == "caution"
    assert clock(state, memory=replace(memory, changed_at=NOW - 25 * HOUR), read_at=NOW).level == "in_order"


def test_a_promoted_standby_is_unknown_unless_a_heartbeat_comes() -> None:
    memory = after(standby(), primary(timeline=2))
    silent = clock(primary(timeline=2), memory=memory)
    assert (silent.words, silent.level) == ("未知", "caution")
    assert "升成了主库" in silent.notes[0]
    beating = clock(primary(timeline=2), memory=memory, beat_age=timedelta(0))
    assert (beating.words, beating.level) == ("同步", "caution")
    assert clock(primary(timeline=2), memory=memory, beat_age=2 * HOUR).words == "延迟 2 小时"


def test_an_old_primary_and_a_lost_standby_are_said() -> None:
    outdated = clock(primary(), memory=after(standby(timeline=2), primary(timeline=1)))
    assert (outdated.words, outdated.level) == ("未知", "broken")
    lost = clock(primary(), memory=after(standby(), primary()))
    assert (lost.words, lost.level) == ("同步", "caution")


def test_what_is_kept_is_read_again_and_rubbish_is_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    assert read_memory(folder) == Memory()
    memory = after(standby(), primary(timeline=2))
    keep_memory(folder, memory)
    assert read_memory(folder) == memory
    [kept] = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    for rubbish in ("", "[]", '{"answered_at": 7}', '{"what": 1}', "\0"):
        kept.write_text(rubbish)
        assert read_memory(folder) == Memory()


# The other two clocks, and the limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("missed", "level"), [(0, "in_order"), (1, "caution"), (2, "broken"), (9, "broken")])
def test_business_is_late_by_workdays(missed: int, level: str) -> None:
    assert business_clock(date(2026, 11, 24), missed, LIMITS).level == level
    assert business_clock(None, 0, LIMITS).level == "broken"


@pytest.mark.parametrize(
    ("age", "level"),
    [(0.2, "in_order"), (1.4, "in_order"), (1.6, "caution"), (3.9, "caution"), (4.1, "broken"), (-1, "in_order")],
)
def test_a_picture_is_late_by_the_turns_it_missed(age: float, level: str) -> None:
    assert picture_clock(7, NOW - age * HOUR, None, HOUR, NOW, LIMITS).level == level
    # A source that was read again and had nothing new is as good as a new snapshot.
    old = picture_clock(7, NOW - 30 * HOUR, NOW - age * HOUR, HOUR, NOW, LIMITS)
    assert old.level == level
    assert old.words == "№7"
    assert any("没有变化" in note for note in old.notes)
    assert picture_clock(7, NOW, None, None, NOW, LIMITS).level == "unknown"


def test_the_worst_of_several() -> None:
    assert worst([Clock("in_order", "a"), Clock("broken", "b"), Clock("unknown", "c")]) == "broken"
    assert worst([Clock("in_order", "a"), Clock("unknown", "c")]) == "unknown"
    assert worst([]) == "in_order"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "0 秒"), (59, "59 秒"), (61, "1 分"), (3600, "1 小时"), (172_800, "2 天")]
)
def test_spans_in_one_word(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lag_caution = 5", "replica.toml 有误：lag_caution：没有这个键"),
        ("lag_caution_minutes = 90", "lag_caution_minutes 不得大于 lag_broken_minutes"),
        ("workdays_broken = 0", "replica.toml 有误：workdays_broken：不得小于 1"),
        ("[heartbeat]\ncolumn = 'x'", "replica.toml 有误：heartbeat.table：缺少这个键"),
        ("[heartbeat]\ntable = 'a; drop table b'", "replica.toml 有误：heartbeat.table"),
    ],
)
def test_a_wrong_limit_names_file_and_key(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "replica.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("YANPAN_CONFIG", str(tmp_path))
    with pytest.raises(SettingsError) as caught:
        settings.read_config("replica.toml", Limits)
    assert sentence in str(caught.value)


def test_the_file_of_the_project_says_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YANPAN_CONFIG", raising=False)
    assert settings.read_config("replica.toml", Limits) == Limits()
    assert Heartbeat(table="rpt.heartbeat").column == "beat_at"
