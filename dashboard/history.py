"""Older snapshots, loaded when somebody asks for one: the newest few asked for are kept, so that nobody waits twice.

An address asks by ``snapshot=N``, or by ``as_of=2026-11-20T08:30`` for the one in use at that moment.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock

from dashboard import answers, current, explored
from data_access import source
from data_access.archive import Archive, SnapshotError
from data_access.reference import LOCAL
from data_access.snapshot import Snapshot, whole
from metrics.core.query import BadQuery

#: A snapshot of a city takes some 50 MB.
REMEMBERED = 3
_loading = Lock()
_loaded: OrderedDict[tuple[Path, int], Snapshot] = OrderedDict()


def snapshot_of(number: int) -> Snapshot:
    """The snapshot of that number, whole in memory: clearing away its files does no harm. Raises SnapshotError."""
    used = current.snapshot()
    if used is not None and used.provenance.number == number:
        return used
    key = source.archive().folder, number
    with _loading:
        if key not in _loaded:
            _loaded[key] = _whole(*key)
            if len(_loaded) > REMEMBERED:
                _loaded.popitem(last=False)
                # Answers hold the snapshots that they were asked of.
                answers.forget()
                explored.forget()
        _loaded.move_to_end(key)
        return _loaded[key]


def asked_for(words: Mapping[str, Sequence[str]], used: Snapshot) -> tuple[Snapshot, int | None, list[str]]:
    """The snapshot by which an address is seen, its number where the address names one, and Chinese notes.

    ``used`` and no number where it names none, or one that is not to be had: then a note says so.
    """
    try:
        chosen = named({name: values[-1] for name, values in words.items() if values})
        if chosen is None:
            return used, None, []
        found = snapshot_of(chosen)
    except (BadQuery, SnapshotError) as error:
        return used, None, [f"没有按当时的快照打开，画面是最新的 №{used.provenance.number}：{error}"]
    return found, chosen, []


def named(words: Mapping[str, str]) -> int | None:
    """The number of the snapshot that the words of an address name, by itself or by a moment; None: none. Raises BadQuery,
    SnapshotError."""
    number, moment = words.get("snapshot"), words.get("as_of")
    if number is not None:
        return _number_of(number)
    return None if moment is None else _number_at(moment)


def _number_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 8):
        shown = "".join(letter for letter in text if letter.isprintable())[:24]
        raise BadQuery(f"snapshot={shown} 不可用；要快照编号，例如 snapshot=12")
    return int(text)


def moment_of(text: str) -> datetime:
    """A moment of the local calendar, with its time of day. Raises BadQuery."""
    shown = "".join(letter for letter in text if letter.isprintable())[:40]
    refusal = BadQuery(f"{shown!r} 不是时刻；写法：2026-11-20T08:30（北京时间，要有钟点）")
    if ":" not in text:
        raise refusal
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusal from None
    return moment.replace(tzinfo=LOCAL) if moment.tzinfo is None else moment


def _number_at(text: str) -> int:
    archive = source.archive()
    return _as_of(archive.folder, moment_of(text), max(archive.numbers(), default=0))


# Thousands of heads need not be read for every click; which one it was can only change with a newer snapshot.
@lru_cache(maxsize=64)
def _as_of(folder: Path, moment: datetime, _newest: int) -> int:
    return Archive(folder).as_of(moment)


def _whole(folder: Path, number: int) -> Snapshot:
    found = whole(Archive(folder), number)
    found.preload()
    return found
