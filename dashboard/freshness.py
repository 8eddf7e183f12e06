"""The three clocks of this moment, by what the background has seen. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard import current
from data_access import clocks as decisions
from data_access.clocks import Clock, Level
from data_access.reference import LOCAL
from data_access.store import Provenance
from metrics.core.calendar import calendar
from metrics.core.period import DAY

#: A look that is older than so many turns is no longer believed: the thread that looks may have ended.
_LOOKS_MISSED = 4


@dataclass(frozen=True)
class Freshness:
    """业务截至, 库同步, 画面."""

    business: Clock
    replica: Clock
    picture: Clock

    @property
    def level(self) -> Level:
        """The worst of the three."""
        return decisions.worst((self.business, self.replica, self.picture))


def clocks(made: Provenance, now: datetime | None = None) -> Freshness:
    """The clocks for the snapshot ``made``. ``now``: local time, by default the present."""
    now, limits = now or datetime.now(tz=LOCAL), decisions.limits()
    return Freshness(
        decisions.business_clock(made.newest_event, _missed(made, now), limits),
        replica(now),
        decisions.picture_clock(
            made.number,
            made.taken_at.astimezone(LOCAL),
            _local(current.findings().read_at),
            current.findings().every,
            now,
            limits,
        ),
    )


def replica(now: datetime | None = None) -> Clock:
    """库同步 alone, which does not need a snapshot."""
    now, limits = now or datetime.now(tz=LOCAL), decisions.limits()
    seen = current.seen()
    if seen is None:
        return Clock("unknown", "未知", ("还没有看过库的状态",), None, "unknown")
    silent = now - seen.at
    if silent > _LOOKS_MISSED * timedelta(seconds=limits.look_seconds) + timedelta(seconds=30):
        note = f"已有 {decisions.duration(silent)}没有看库的状态，请查看日志"
        return Clock("caution", "未知", (note, *seen.clock.notes), silent, "unknown")
    return seen.clock


def _missed(made: Provenance, now: datetime) -> int:
    newest = made.newest_event
    return 0 if newest is None else calendar().workdays_after(newest, now.date() - DAY)


def _local(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(LOCAL)
