"""Looks at the state of the database every half minute, whatever else is done: the badge must not wait for the next sync.

One thread with one connection of its own and one small query; the figures are never asked for here.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import datetime, timedelta

from dashboard import current, telemetry
from data_access import replica
from data_access.clocks import Clock, Limits, Signs, limits, replica_clock
from data_access.reference import LOCAL
from data_access.server_memory import keep_memory, read_memory, remember
from data_access.source import DATABASE_ERRORS, Source
from metrics.core.calendar import calendar

log = logging.getLogger("yanpan.watch")


class Watch(threading.Thread):
    """One daemon thread per process."""

    def __init__(self, source: Source) -> None:
        super().__init__(name="watch", daemon=True)
        self._limits: Limits = limits()
        beat = self._limits.heartbeat
        self._beat = None if beat is None else (beat.table, beat.column)
        self._engine = replica.watching(source.engine)
        self._folder = source.archive.folder
        self._memory = read_memory(self._folder)
        self._ended = threading.Event()
        self._said: tuple[str, str] | None = None

    def stop(self) -> None:
        """End; waits a moment for a look in hand."""
        self._ended.set()
        self.join(timeout=5)

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except Exception:
                log.exception("look failed")
                telemetry.failed("look")
            self._ended.wait(self._limits.look_seconds)
        self.close()

    def close(self) -> None:
        """Give up the connection; another look would make a new one."""
        self._engine.dispose()

    def look(self) -> Clock:
        """Look once; what 库同步 shows from now on."""
        signs = self._signs(datetime.now(tz=LOCAL))
        clock = replica_clock(signs, self._limits)
        current.saw(
            current.Seen(clock, signs.now, self._memory.answered_at, None if signs.state is None else signs.state.host)
        )
        self._tell(clock)
        return clock

    def _signs(self, now: datetime) -> Signs:
        blank = Signs(now, memory=self._memory, missed_workdays=_missed_workdays(), read_at=current.read_at())
        try:
            found = replica.look(self._engine, self._beat)
        except DATABASE_ERRORS as error:
            telemetry.failed("look")
            return replace(blank, fault=replica.explain(error))
        self._memory = remember(self._memory, found.state, now)
        try:
            keep_memory(self._folder, self._memory)
        except OSError as error:
            log.warning("what was seen of the server cannot be kept: %s", error.strerror)
        offset = timedelta(0) if found.state.moment is None else now - found.state.moment
        return replace(
            blank,
            state=found.state,
            beat_age=found.beat_age,
            beat_fault=found.beat_fault,
            clock_offset=offset,
            memory=self._memory,
        )

    def _tell(self, clock: Clock) -> None:
        """Into the log when it changes, not every half minute."""
        said = (clock.level, clock.status or "")
        if said != self._said:
            grade = logging.INFO if clock.level in ("in_order", "unknown") else logging.WARNING
            extra = {"level_of_clock": clock.level, "status": clock.status}
            log.log(grade, "replica: %s (%s)", clock.words, "; ".join(clock.notes), extra=extra)
            self._said = said


def _missed_workdays() -> int | None:
    """Of the snapshot in use: workdays up to its business date that brought no event after its newest one."""
    loaded = current.snapshot()
    newest = None if loaded is None else loaded.provenance.newest_event
    if loaded is None or newest is None:
        return None
    return calendar().workdays_after(newest, loaded.provenance.business_date)
