"""Three clocks: 业务截至 (the newest event), 库同步 (is the replica in step), 画面 (the snapshot in use).

Pure decisions over signs that others have read: no database, no file, no clock of its own. 库同步 has several signs
(receiver, positions, heartbeat row, newest event, what the server was before); of those that tell something the worst wins,
and where none does the answer is 未知, never 同步.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_access.replica import ReplicaState
from data_access.server_memory import Memory
from data_access.settings import read_config

Level = Literal["in_order", "unknown", "caution", "broken"]
Status = Literal["in_step", "unknown", "late", "cut_off"]
#: From good to bad. 未知 is less than 偏旧: it says that nothing tells it, not that something is wrong.
LEVELS: tuple[Level, ...] = ("in_order", "unknown", "caution", "broken")
_GRAVITY: tuple[Status, ...] = ("in_step", "unknown", "late", "cut_off")
# The clocks of two machines differ by less, where anybody looks after them.
_CLOCK_OFFSET = timedelta(minutes=2)
_NAME = r"^[a-z_][a-z0-9_$]*$"
_TABLE = r"^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$"


class Heartbeat(BaseModel):
    """A row on the primary that a job moves forward; ``column`` is a timestamptz."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str = Field(pattern=_TABLE)
    column: str = Field(default="beat_at", pattern=_NAME)


class Limits(BaseModel):
    """``config/replica.toml``: from when on a clock is 偏旧 (caution) and 陈旧 (broken)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    look_seconds: float = Field(default=30, ge=1, le=3600)
    lag_caution_minutes: float = Field(default=5, gt=0, le=1440)
    lag_broken_minutes: float = Field(default=60, gt=0, le=10_080)
    cut_off_broken_minutes: float = Field(default=60, gt=0, le=10_080)
    workdays_caution: int = Field(default=1, ge=1, le=60)
    workdays_broken: int = Field(default=2, ge=1, le=60)
    turns_caution: float = Field(default=1.5, ge=1, le=100)
    turns_broken: float = Field(default=4.0, ge=1, le=100)
    change_notice_hours: float = Field(default=24, gt=0, le=720)
    ready_max_age_hours: float = Field(default=48, gt=0, le=8760)
    heartbeat: Heartbeat | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name in ("lag", "workdays", "turns"):
            unit = "_minutes" if name == "lag" else ""
            low, high = f"{name}_caution{unit}", f"{name}_broken{unit}"
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} 不得大于 {high}")
        return self


@cache
def limits() -> Limits:
    """The limits in force, read once per process. Raises SettingsError."""
    return read_config("replica.toml", Limits)


@dataclass(frozen=True)
class Clock:
    """What one clock shows. ``words``: 同步, 延迟 3 分, 主库断开 12 分, 未知 …; ``age``: how late, where that is known;
    ``notes``: what it rests on, the gravest first, each a Chinese clause."""

    level: Level
    words: str
    notes: tuple[str, ...] = ()
    age: timedelta | None = None
    status: Status | None = None


@dataclass(frozen=True)
class Signs:
    """What is known of the database at one moment.

    ``state``: what the server said, None where none answered, and then ``fault`` says why. ``beat_age``: the age of the
    heartbeat row by the server's clock, None without one; ``beat_fault``: a heartbeat is configured and cannot be read.
    ``memory``: what earlier looks have found, this one not yet included where it failed. ``missed_workdays``: between the
    newest event and the business date of the snapshot in use, None where unknown. ``read_at``: when that was read.
    """

    now: datetime
    state: ReplicaState | None = None
    fault: str | None = None
    beat_age: timedelta | None = None
    beat_fault: str | None = None
    clock_offset: timedelta = timedelta(0)
    memory: Memory = field(default_factory=Memory)
    missed_workdays: int | None = None
    read_at: datetime | None = None


@dataclass(frozen=True)
class _Opinion:
    level: Level
    status: Status
    note: str
    age: timedelta | None = None

    @property
    def rank(self) -> tuple[int, int, timedelta]:
        return LEVELS.index(self.level), _GRAVITY.index(self.status), self.age or timedelta(0)


def replica_clock(signs: Signs, limits: Limits) -> Clock:
    """库同步. The worst of all signs that tell something; 未知 where none does."""
    opinions = list(_opinions(signs, limits))
    telling = [opinion for opinion in opinions if opinion.level != "unknown"]
    if not telling:
        notes = tuple(opinion.note for opinion in opinions) or ("还没有看过库的状态",)
        return Clock("unknown", "未知", notes, None, "unknown")
    telling.sort(key=lambda opinion: opinion.rank, reverse=True)
    worst = telling[0]
    silent = [opinion.note for opinion in opinions if opinion.level == "unknown"]
    notes = tuple(dict.fromkeys([*(opinion.note for opinion in telling), *silent]))
    return Clock(worst.level, _words(worst), notes, worst.age, worst.status)


def business_clock(newest: date | None, missed_workdays: int, limits: Limits) -> Clock:
    """业务截至: by the workdays up to yesterday that brought no event after the newest one."""
    if newest is None:
        return Clock("broken", "无", ("库里还没有任何事件",))
    gap = f"到昨日缺 {missed_workdays} 个工作日" if missed_workdays else "到昨日不缺工作日"
    level = _by(missed_workdays, limits.workdays_caution, limits.workdays_broken)
    return Clock(level, f"{newest:%m-%d}", (f"最新一件事的日子，{gap}",))


def picture_clock(
    number: int | None,
    taken_at: datetime,
    looked_at: datetime | None,
    every: timedelta | None,
    now: datetime,
    limits: Limits,
) -> Clock:
    """画面: the snapshot in use, against the time in which the source is to be read again.

    ``looked_at``: when the source was last read to the end, whether or not that brought anything new. ``every`` None: unknown.
    """
    known = max(taken_at, looked_at or taken_at)
    age = max(now - known, timedelta(0))
    notes = [f"{taken_at:%m-%d %H:%M} 取数，距今 {duration(now - taken_at)}"]
    if looked_at is not None and looked_at > taken_at:
        notes.append(f"{looked_at:%m-%d %H:%M} 又核对过源库，没有变化")
    if every is None:
        return Clock("unknown", f"№{number}", tuple(notes), age)
    level = _by(age / every, limits.turns_caution, limits.turns_broken, inclusive=False)
    return Clock(level, f"№{number}", (*notes, f"每 {duration(every)}取一次"), age)


def worst(clocks: Sequence[Clock]) -> Level:
    """The gravest level of several clocks."""
    return max((clock.level for clock in clocks), key=LEVELS.index, default="in_order")


def duration(span: timedelta) -> str:
    """A span in one word: 12 秒, 3 分, 5 小时, 2 天."""
    seconds = max(span.total_seconds(), 0.0)
    for limit, unit, size in ((60, "秒", 1), (3600, "分", 60), (172_800, "小时", 3600)):
        if seconds < limit:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86_400)} 天"


def _words(opinion: _Opinion) -> str:
    age = "" if opinion.age is None else f" {duration(opinion.age)}"
    return {"in_step": "同步", "late": f"延迟{age or '不明'}", "cut_off": f"主库断开{age}", "unknown": "未知"}[
        opinion.status
    ]


def _by(amount: float, caution: float, broken: float, *, inclusive: bool = True) -> Level:
    over = amount.__ge__ if inclusive else amount.__gt__
    return "broken" if over(broken) else "caution" if over(caution) else "in_order"


# The signs, one by one -------------------------------------------------------------------------------------------------


def _opinions(signs: Signs, limits: Limits) -> Iterator[_Opinion]:
    if signs.state is None and signs.fault is None:
        return
    if signs.state is None:
        yield _unanswered(signs, limits)
    else:
        yield from _of_server(signs, signs.state, limits)
        yield from _of_heartbeat(signs, limits)
    yield from _of_newest_event(signs, limits)
    yield from _of_change(signs, limits)
    if abs(signs.clock_offset) > _CLOCK_OFFSET:
        yield _Opinion("caution", "in_step", f"本机与库的时钟相差 {duration(abs(signs.clock_offset))}")


def _unanswered(signs: Signs, limits: Limits) -> _Opinion:
    since = signs.memory.answered_at
    age = None if since is None else max(signs.now - since, timedelta(0))
    when = "" if since is None else f"，上一次有回音是 {since:%m-%d %H:%M}"
    return _Opinion(_after(age, limits), "unknown", f"库没有回答：{signs.fault}{when}", age)


def _of_server(signs: Signs, state: ReplicaState, limits: Limits) -> Iterator[_Opinion]:
    if not state.in_recovery:
        yield _Opinion("in_order", "in_step", "读的是主库，数据没有复制的延迟")
    elif state.streaming:
        yield _streaming(signs, state, limits)
    elif state.receiver_hidden:
        yield from _hidden(signs, state, limits)
    else:
        yield _cut_off(signs, state, limits)
    if state.replay_paused:
        late = not state.caught_up
        yield _Opinion(
            "caution", "late" if late else "in_step", "备库的回放被暂停", _behind(signs, state) if late else None
        )


def _streaming(signs: Signs, state: ReplicaState, limits: Limits) -> _Opinion:
    if state.caught_up:
        return _Opinion("in_order", "in_step", "备库与主库相连，收到的都已回放")
    age = _behind(signs, state)
    if age is None:
        return _Opinion("caution", "late", "备库还没有回放完收到的日志，落后多久不明")
    return _late(age, limits, "备库与主库相连，还没有回放完收到的日志")


def _hidden(signs: Signs, state: ReplicaState, limits: Limits) -> Iterator[_Opinion]:
    """Equal positions of a receiver that one may not look at say nothing: they would be equal with the primary gone."""
    why = "看不到接收进程的状态（角色缺 pg_read_all_stats）"
    yield _Opinion("unknown", "unknown", why)
    age = _behind(signs, state)
    if not state.caught_up and age is not None:
        yield _late(age, limits, "备库还没有回放完收到的日志")


def _cut_off(signs: Signs, state: ReplicaState, limits: Limits) -> _Opinion:
    ages = [] if signs.memory.streamed_at is None else [signs.now - signs.memory.streamed_at]
    ages += [
        timedelta(seconds=known)
        for known in (state.receiver_silence_seconds, state.replay_age_seconds)
        if known is not None
    ]
    age = max(min(ages), timedelta(0)) if ages else None
    return _Opinion(_after(age, limits), "cut_off", "备库与主库断开，数据停在断开的时候", age)


def _behind(signs: Signs, state: ReplicaState) -> timedelta | None:
    """How far behind at most: the age of the last replayed transaction, or less where an earlier look found all replayed."""
    ages = [] if signs.memory.replayed_at is None else [signs.now - signs.memory.replayed_at]
    ages += [] if state.replay_age_seconds is None else [timedelta(seconds=state.replay_age_seconds)]
    return max(min(ages), timedelta(0)) if ages else None


def _of_heartbeat(signs: Signs, limits: Limits) -> Iterator[_Opinion]:
    if signs.beat_fault is not None:
        yield _Opinion("caution", "unknown", f"心跳表读不到：{signs.beat_fault}")
    elif signs.beat_age is not None:
        yield _late(signs.beat_age, limits, f"主库的心跳是 {duration(signs.beat_age)}前的")


def _of_newest_event(signs: Signs, limits: Limits) -> Iterator[_Opinion]:
    """Only bad news: that there are events of yesterday does not say that those of today have come."""
    missed = signs.missed_workdays or 0
    level = _by(missed, limits.workdays_caution, limits.workdays_broken)
    if level != "in_order":
        yield _Opinion(level, "unknown", f"取数时库里已有 {missed} 个工作日没有新的事件")


def _of_change(signs: Signs, limits: Limits) -> Iterator[_Opinion]:
    memory = signs.memory
    if memory.outdated:
        yield _Opinion("broken", "unknown", "连到的是切换以前的旧主库（时间线更旧），数据可能不再更新")
    if memory.without_standby:
        yield _Opinion("caution", "in_step", "备库不在，改读主库：数据是新的，但查询落在主库上")
    if memory.change is None or memory.changed_at is None:
        return
    if signs.now - memory.changed_at > timedelta(hours=limits.change_notice_hours):
        return
    when = f"{memory.changed_at:%m-%d %H:%M}"
    if memory.change == "replaced":
        read_again = signs.read_at is not None and signs.read_at >= memory.changed_at
        level: Level = "caution" if read_again else "broken"
        then = "画面已按新库重取" if read_again else "画面还是旧库的"
        yield _Opinion(level, "unknown", f"{when} 起地址后面换了一个库（系统标识不同），{then}")
    elif memory.change == "promoted":
        sure = signs.beat_age is not None
        words = f"{when} 起备库升成了主库：若业务仍写在原来的主库，这里不再更新"
        yield _Opinion("caution", "in_step" if sure else "unknown", words)
    else:
        yield _Opinion("caution", "in_step", f"{when} 起主库换过（时间线升高），切换前最后的登记可能有缺")


def _late(age: timedelta, limits: Limits, note: str) -> _Opinion:
    minutes = age.total_seconds() / 60
    level = _by(minutes, limits.lag_caution_minutes, limits.lag_broken_minutes)
    return _Opinion(level, "in_step" if minutes < 1 else "late", note, age if minutes >= 1 else None)


def _after(age: timedelta | None, limits: Limits) -> Level:
    """At once 偏旧, after a while 陈旧."""
    late = age is not None and age >= timedelta(minutes=limits.cut_off_broken_minutes)
    return "broken" if late else "caution"
