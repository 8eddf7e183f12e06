"""How much this process has asked of the database: connections, statements, the time they took, rows and bytes fetched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock


@dataclass(frozen=True)
class Traffic:
    """Totals since the process began. ``busy_seconds``: waited for answers; ``cut``: connections closed for being silent."""

    connections: int = 0
    statements: int = 0
    busy_seconds: float = 0.0
    rows: int = 0
    octets: int = 0
    cut: int = 0


class _Account:
    def __init__(self) -> None:
        self.lock = Lock()
        self.total = Traffic()


_account = _Account()


def total() -> Traffic:
    """The totals now."""
    with _account.lock:
        return _account.total


def connected() -> None:
    """A connection was made."""
    _add(connections=1)


def asked(seconds: float) -> None:
    """A statement was answered, or failed, after so long."""
    _add(statements=1, busy_seconds=seconds)


def fetched(rows: int, octets: int) -> None:
    """A table came out."""
    _add(rows=rows, octets=octets)


def cut() -> None:
    """A silent connection was closed by us."""
    _add(cut=1)


def _add(**more: float) -> None:
    with _account.lock:
        known = _account.total
        _account.total = replace(known, **{name: getattr(known, name) + count for name, count in more.items()})
