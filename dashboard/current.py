"""The snapshot in use: one per process, shared by all sessions, replaced whole when a newer one is there.

Beside it what the background has found out about its source, so that no viewer's click ever asks the replica or reads
another snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from threading import Lock

import polars as pl

from data_access.check import Report
from data_access.clocks import Clock
from data_access.snapshot import Snapshot


@dataclass(frozen=True)
class Status:
    """What the background is doing, in one Chinese line, and what went wrong last; None: nothing."""

    doing: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Examined:
    """The contract check as it was last run: ``at`` with time zone, ``seconds`` how long it took."""

    report: Report
    at: datetime
    seconds: float


@dataclass(frozen=True)
class Seen:
    """What the last look at the database's state found: 库同步 as of ``at``; ``answered_at``: when any server last answered;
    ``host``: which one, None where none does."""

    clock: Clock
    at: datetime
    answered_at: datetime | None = None
    host: str | None = None


@dataclass(frozen=True)
class Version:
    """One snapshot of the archive. ``changed``: monthly files that differ from the one before, None where there is none
    to compare with; ``readable``: made by the definitions of this program; ``kept``: why it is kept, in Chinese."""

    number: int
    taken_at: datetime
    business_date: date
    newest_event: date | None
    replica: str
    files: int
    changed: int | None
    readable: bool
    kept: str = ""


@dataclass(frozen=True)
class Restated:
    """What snapshot ``after`` says differently than ``before`` of days up to ``closed``; see ``metrics.restated``.

    ``before`` None: there is no earlier one. ``fault``: why the two could not be compared, one Chinese sentence. ``meeting``:
    when the meeting sat at which ``before`` was in use; None: it is merely the one before.
    """

    after: int
    before: int | None = None
    closed: date | None = None
    frame: pl.DataFrame | None = None
    fault: str | None = None
    meeting: datetime | None = None


@dataclass(frozen=True)
class Findings:
    """What the background knows of the data: of the snapshot in use, or None and empty until it has looked.

    ``every``: in what time the source is looked at again; ``versions``: the newest first, ``unlisted``
    others being kept; ``since_meeting``: as ``restated``, since the last meeting; ``read_at``: when the source was last read
    to the end, whether or not that made a new snapshot; ``notices``: what the operator should know, each a Chinese sentence.
    """

    every: timedelta | None = None
    examined: Examined | None = None
    versions: tuple[Version, ...] = ()
    unlisted: int = 0
    restated: Restated | None = None
    since_meeting: Restated | None = None
    read_at: datetime | None = None
    notices: tuple[str, ...] = ()


class _Current:
    def __init__(self) -> None:
        self.lock = Lock()
        self.snapshot: Snapshot | None = None
        self.status = Status()
        self.findings = Findings()
        self.seen: Seen | None = None


_current = _Current()


def snapshot() -> Snapshot | None:
    """The snapshot in use; None until the first one is loaded."""
    with _current.lock:
        return _current.snapshot


def install(new: Snapshot) -> None:
    """Use this snapshot from now on."""
    with _current.lock:
        _current.snapshot = new


def status() -> Status:
    """What the background does."""
    with _current.lock:
        return _current.status


def report(new: Status) -> None:
    """Say what the background does."""
    with _current.lock:
        _current.status = new


def seen() -> Seen | None:
    """What the last look at the database's state found; None before the first."""
    with _current.lock:
        return _current.seen


def saw(new: Seen) -> None:
    """Say what a look found."""
    with _current.lock:
        _current.seen = new


def read_at() -> datetime | None:
    """When the source was last read to the end: by the snapshot in use, or since then without anything new."""
    with _current.lock:
        loaded, known = _current.snapshot, _current.findings.read_at
    if loaded is None:
        return known
    taken = loaded.provenance.taken_at
    return taken if known is None else max(taken, known)


def findings() -> Findings:
    """What the background knows of the data."""
    with _current.lock:
        return _current.findings


def found(
    *,
    every: timedelta | None = None,
    examined: Examined | None = None,
    versions: tuple[Version, ...] | None = None,
    unlisted: int | None = None,
    restated: Restated | None = None,
    since_meeting: Restated | None = None,
    read_at: datetime | None = None,
    notices: tuple[str, ...] | None = None,
) -> None:
    """Say what the background has found out; what is None stays as it was."""
    told = {
        "every": every,
        "examined": examined,
        "versions": versions,
        "unlisted": unlisted,
        "restated": restated,
        "since_meeting": since_meeting,
        "read_at": read_at,
        "notices": notices,
    }
    with _current.lock:
        known = {name: value for name, value in told.items() if value is not None}
        _current.findings = replace(_current.findings, **known)  # type: ignore[arg-type]
