"""How fresh the data is: the three clocks of business, database and picture, each with a plain verdict. Tiles in a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from typing import Literal

Level = Literal["in_order", "caution", "broken", "unknown"]
#: What a clock is called, by how bad it is.
VERDICTS: dict[Level, str] = {"in_order": "正常", "caution": "偏旧", "broken": "陈旧", "unknown": "不明"}
# So many workdays without any event are 偏旧, and so many 陈旧.
_MISSED_LATE, _MISSED_STALE = 1, 2
# A picture is due after one turn; it is 偏旧 after so many turns, 陈旧 after so many.
_TURNS_LATE, _TURNS_STALE = 1.5, 4.0
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Tile:
    """``value`` large, ``notes`` small below it; ``verdict`` in a badge with the colour of ``level``."""

    name: str
    value: str
    level: Level
    verdict: str
    notes: tuple[str, ...] = ()


def business(newest: date | None, now: datetime, is_workday: Callable[[date], bool]) -> Tile:
    """业务截至: how many workdays have passed since the newest event without another. ``now`` in local time."""
    if newest is None:
        return _clock("业务截至", "无", "broken", "库里还没有任何事件")
    yesterday = now.date() - _DAY
    missed = sum(is_workday(newest + n * _DAY) for n in range(1, (yesterday - newest).days + 1))
    level: Level = "broken" if missed >= _MISSED_STALE else "caution" if missed >= _MISSED_LATE else "in_order"
    gap = f"到昨日缺 {missed} 个工作日" if missed else "到昨日不缺工作日"
    return _clock("业务截至", f"{newest:%m-%d}", level, f"最新一件事的日子，{gap}")


def replica(sentence: str, taken_at: datetime) -> Tile:
    """库同步: what the database said of itself when the snapshot was taken (``ReplicaState.sentence``)."""
    level, value = _replica_state(sentence)
    return _clock("库同步", value, level, f"{taken_at:%m-%d %H:%M} 取数时所报：{sentence}")


def picture(number: int | None, taken_at: datetime, every: timedelta | None, now: datetime) -> Tile:
    """画面: how old the snapshot in use is, against the time in which a new one is due."""
    age = now - taken_at
    told = f"{taken_at:%m-%d %H:%M} 取数，距今 {duration(age)}"
    if every is None:
        return _clock("画面", f"№{number}", "unknown", told)
    level: Level = "broken" if age > _TURNS_STALE * every else "caution" if age > _TURNS_LATE * every else "in_order"
    return _clock("画面", f"№{number}", level, told, f"每 {duration(every)}取一次")


def duration(span: timedelta) -> str:
    """A span in one word: 12 秒, 3 分, 5 小时, 2 天."""
    seconds = max(span.total_seconds(), 0.0)
    for limit, unit, size in ((60, "秒", 1), (3600, "分", 60), (172_800, "小时", 3600)):
        if seconds < limit:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86_400)} 天"


def alt(tiles: Sequence[Tile]) -> str:
    """The row as one sentence."""
    return "，".join(f"{tile.name} {tile.value} {tile.verdict}" for tile in tiles) + "。"


def html(tiles: Sequence[Tile]) -> str:
    """The tiles side by side."""
    return f'<div class="yp-tiles" role="group" aria-label="{escape(alt(tiles))}">{"".join(map(_tile, tiles))}</div>'


def _replica_state(sentence: str) -> tuple[Level, str]:
    """Read from the sentence, because a snapshot keeps no more than that."""
    if "断开" in sentence:
        return "broken", "与主库断开"
    if "回放暂停" in sentence:
        return "broken", "回放暂停"
    if (late := re.search(r"延迟(?:至多)? \d+ (秒|分|小时|天)", sentence)) is not None:
        return ("in_order" if late[1] == "秒" else "caution" if late[1] == "分" else "broken"), late[0]
    if sentence.startswith("主库"):
        return "in_order", "主库"
    return ("in_order", "同步") if sentence.endswith("同步") else ("unknown", "不明")


def _clock(name: str, value: str, level: Level, *notes: str) -> Tile:
    return Tile(name, value, level, VERDICTS[level], notes)


def _tile(tile: Tile) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in tile.notes)
    return (
        f'<div class="yp-tile"><div><span>{escape(tile.name)}</span>'
        f'<em class="{tile.level}"><i class="yp-dot {tile.level}"></i>{escape(tile.verdict)}</em></div>'
        f"<b>{escape(tile.value)}</b>{notes}</div>"
    )
