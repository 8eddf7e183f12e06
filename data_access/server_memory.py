"""What earlier looks have found of the server behind an address: who it was, and when it was last well.

One look cannot tell a promoted standby from a plain primary, nor how long a lag has lasted. What must outlive the process
(who the server was) is kept in a small file beside the snapshots.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from data_access.replica import ReplicaState

Change = Literal["replaced", "promoted", "switched"]
_FILE = "server.json"
_MOMENTS = ("answered_at", "replayed_at", "streamed_at", "changed_at")


@dataclass(frozen=True)
class Memory:
    """Moments with zone, by our own clock.

    ``answered_at``: any server answered; ``streamed_at``: the receiver was connected; ``replayed_at``: all that had been
    received was replayed.
    ``system`` and ``timeline``: who it was, the highest timeline seen; ``standby``: it was a standby. ``change``: what the
    last change of these was, at ``changed_at``. ``outdated``: a lower timeline answers now, so an old primary after a
    failover; ``without_standby``: the standby is away and its own primary answers now (several hosts in the address).
    """

    answered_at: datetime | None = None
    replayed_at: datetime | None = None
    streamed_at: datetime | None = None
    system: str | None = None
    timeline: int | None = None
    standby: bool = False
    change: Change | None = None
    changed_at: datetime | None = None
    outdated: bool = False
    without_standby: bool = False


def remember(memory: Memory, state: ReplicaState, now: datetime) -> Memory:
    """The memory after a look at ``now`` that found ``state``."""
    change = _change(memory, state)
    outdated = _lower(state.timeline, memory.timeline) and change != "replaced"
    known = replace(
        memory,
        answered_at=now,
        streamed_at=now if state.streaming else memory.streamed_at,
        replayed_at=now if state.in_recovery and state.caught_up else memory.replayed_at,
        outdated=outdated,
        without_standby=memory.standby and not state.in_recovery and change is None and not outdated,
        system=state.system or memory.system,
        timeline=memory.timeline if outdated else state.timeline or memory.timeline,
        standby=state.in_recovery or (memory.standby and change is None),
    )
    return known if change is None else replace(known, change=change, changed_at=now)


def _change(memory: Memory, state: ReplicaState) -> Change | None:
    if memory.system is None or state.system is None:
        return None
    if memory.system != state.system:
        return "replaced"
    if not _lower(memory.timeline, state.timeline):
        return None
    return "promoted" if memory.standby and not state.in_recovery else "switched"


def _lower(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one < other


def read_memory(folder: Path) -> Memory:
    """What was kept in ``folder``; nothing where it cannot be read: the next look begins anew."""
    try:
        kept: dict[str, Any] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        moments = {name: datetime.fromisoformat(kept[name]) for name in _MOMENTS if kept.get(name)}
        return Memory(**{**kept, **{name: moments.get(name) for name in _MOMENTS}})
    except (OSError, ValueError, TypeError, AttributeError):
        return Memory()


def keep_memory(folder: Path, memory: Memory) -> None:
    """Keep it for the next process, whole or not at all. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(memory).items()}
    part = folder / f"{_FILE}.{os.getpid()}.part"
    part.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    part.chmod(0o600)
    part.replace(folder / _FILE)
