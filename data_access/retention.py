"""Which snapshots are kept, until when and why; and the clearing away of all others.

A manifest goes first, by a rename into ``removed/``; its files stay for a time of grace after that, so that whoever has
loaded it can still read them. A file goes only when no kept manifest and none still in grace names it. Killed at any
moment, what is left is either kept or cleared away by the next one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data_access.archive import Archive, Head, SnapshotError, file_names, sync_folder, write
from data_access.reference import LOCAL
from data_access.snapshot_policy import Keep

FOR_EVER = datetime.max.replace(tzinfo=UTC)
_NEWEST_KEPT = 2


@dataclass(frozen=True)
class Reason:
    """Why a snapshot is kept, in Chinese; ``until``: FOR_EVER, or None for as long as it is among the newest."""

    text: str
    until: datetime | None


@dataclass(frozen=True)
class Pin:
    """A snapshot that was shown at a meeting; ``at``: when it was marked, with time zone."""

    number: int
    reason: str
    at: datetime


def reasons(
    heads: Sequence[Head], pins: Mapping[int, Pin], policy: Keep, now: datetime
) -> dict[int, tuple[Reason, ...]]:
    """Number → why it is kept at ``now``; without any reason it may go.

    The newest two (the older one to fall back upon); all of the last hours; the last of each hour and of each business
    date for some days; what was shown at a meeting; the last of each month of business dates, for ever.
    """
    given: dict[int, list[Reason]] = {head.number: [] for head in heads}
    for head in sorted(heads, key=lambda head: head.number)[-_NEWEST_KEPT:]:
        given[head.number].append(Reason("最新", None))
    hours, days = timedelta(hours=1), timedelta(days=1)
    hourly = _last_of(heads, lambda head: head.taken_at.astimezone(LOCAL).strftime("%Y-%m-%d %H"))
    daily = _last_of(heads, lambda head: str(head.business_date))
    for head in heads:
        _while_young(given[head.number], head, "近期", policy.all_hours * hours)
        if head.number in hourly:
            _while_young(given[head.number], head, "每小时", policy.hourly_days * days)
        if head.number in daily:
            _while_young(given[head.number], head, "每日", policy.daily_days * days)
        if pin := pins.get(head.number):
            given[head.number].append(Reason(f"会议：{pin.reason}", pin.at + policy.meeting_days * days))
    for number in _last_of(heads, lambda head: f"{head.business_date:%Y-%m}"):
        given[number].append(Reason("月末", FOR_EVER))
    return {number: tuple(_in_force(each, now)) for number, each in given.items()}


def _while_young(given: list[Reason], head: Head, text: str, age: timedelta) -> None:
    given.append(Reason(text, head.taken_at + age))


def _in_force(given: Iterable[Reason], now: datetime) -> Iterator[Reason]:
    return (reason for reason in given if reason.until is None or reason.until > now)


def _last_of(heads: Iterable[Head], span: Callable[[Head], str]) -> set[int]:
    """The last snapshot of each span, by the time that it was taken."""
    last: dict[str, tuple[datetime, int]] = {}
    for head in heads:
        last[span(head)] = max(last.get(span(head), (head.taken_at, head.number)), (head.taken_at, head.number))
    return {number for _, number in last.values()}


def kept(archive: Archive, policy: Keep, now: datetime) -> dict[int, tuple[Reason, ...]]:
    """As ``reasons``, of the snapshots that stand in the archive now."""
    heads = archive.heads()
    # A clock that has jumped ahead, here or in the database, must not make old what is not.
    newest = max(heads, key=lambda head: head.number, default=None)
    return reasons(heads, pins(archive), policy, now if newest is None else min(now, newest.taken_at))


def collect(archive: Archive, policy: Keep, now: datetime) -> tuple[int, int]:
    """Clear away what the policy does not keep; how many manifests and files went. Call inside ``archive.writing``."""
    gone = [number for number, why in kept(archive, policy, now).items() if not why]
    gone += _unreadable(archive, policy)
    for number in gone:
        set_aside(archive, number)
    if gone:
        sync_folder(archive.removed)
        sync_folder(archive.manifests)
    _forget_removed(archive, policy)
    named = {name for path in _manifests(archive) for name in file_names(path)}
    stray = [path for path in archive.files.glob("*.parquet") if path.name not in named]
    for path in stray:
        path.unlink(missing_ok=True)
    for pin in set(pins(archive)) - set(archive.numbers()):
        _pin_path(archive, pin).unlink(missing_ok=True)
    return len(gone), len(stray)


def _unreadable(archive: Archive, policy: Keep) -> Iterator[int]:
    """Damaged manifests serve nobody; they stay a while to be looked at, and the newest keeps its number taken."""
    numbers = archive.numbers()
    readable = {head.number for head in archive.heads()}
    for number in numbers[:-1]:
        path = archive.manifest_path(number)
        if number not in readable and time.time() - path.stat().st_mtime > policy.all_hours * 3600:
            yield number


def set_aside(archive: Archive, number: int) -> None:
    """The snapshot is no longer listed; its files stay for the time of grace. Call inside ``writing``."""
    path = archive.manifest_path(number)
    os.utime(path)  # the time of grace begins now
    path.rename(archive.removed / path.name)


def _forget_removed(archive: Archive, policy: Keep) -> None:
    for path in archive.removed.glob("*.json"):
        if time.time() - path.stat().st_mtime > policy.grace.total_seconds():
            path.unlink()


def _manifests(archive: Archive) -> Iterator[Path]:
    yield from archive.manifests.glob("*.json")
    yield from archive.removed.glob("*.json")


def pins(archive: Archive) -> dict[int, Pin]:
    """The snapshots that are marked as shown at a meeting. A mark that cannot be read counts from the file's time."""
    return {int(path.stem): _pin(path) for path in archive.pins.glob("*.json") if path.stem.isdecimal()}


def pin(archive: Archive, number: int, reason: str, now: datetime) -> None:
    """Mark the snapshot as shown at a meeting. Raises SnapshotError when there is none. Call inside ``writing``."""
    archive.manifest(number)
    write(
        _pin_path(archive, number), json.dumps({"reason": reason, "at": now.isoformat()}, ensure_ascii=False).encode()
    )
    sync_folder(archive.pins)


def unpin(archive: Archive, number: int) -> None:
    """Take the mark away. Raises SnapshotError when there is none. Call inside ``writing``."""
    try:
        _pin_path(archive, number).unlink()
    except FileNotFoundError:
        raise SnapshotError(f"快照 №{number} 没有会议标记") from None


def _pin_path(archive: Archive, number: int) -> Path:
    return archive.pins / f"{number:08d}.json"


def _pin(path: Path) -> Pin:
    number = int(path.stem)
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Pin(number, str(said["reason"]), datetime.fromisoformat(said["at"]).astimezone(LOCAL))
    except (OSError, ValueError, TypeError, KeyError):
        return Pin(number, "（标记已损坏）", datetime.fromtimestamp(path.stat().st_mtime, LOCAL))
