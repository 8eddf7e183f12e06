"""The snapshot in use: one per process, shared by all sessions, replaced whole when a newer one is there."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from data_access.snapshot import Snapshot


@dataclass(frozen=True)
class Status:
    """What the background is doing, in one Chinese line, and what went wrong last; None: nothing."""

    doing: str | None = None
    fault: str | None = None


class _Current:
    def __init__(self) -> None:
        self.lock = Lock()
        self.snapshot: Snapshot | None = None
        self.status = Status()


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
