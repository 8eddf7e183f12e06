"""Older snapshots, loaded when somebody asks for one: the newest few asked for are kept, so that nobody waits twice."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock

from dashboard import current
from data_access import source
from data_access.archive import Archive
from data_access.snapshot import Snapshot, whole

#: A snapshot of a city takes some 50 MB.
REMEMBERED = 3
_loading = Lock()


def snapshot_of(number: int) -> Snapshot:
    """The snapshot of that number, whole in memory: clearing away its files does no harm. Raises SnapshotError."""
    used = current.snapshot()
    if used is not None and used.provenance.number == number:
        return used
    with _loading:
        return _loaded(source.archive().folder, number)


@lru_cache(maxsize=REMEMBERED)
def _loaded(folder: Path, number: int) -> Snapshot:
    found = whole(Archive(folder), number)
    found.preload()
    return found
