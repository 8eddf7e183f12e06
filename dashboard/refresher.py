"""The background of the server: loads the newest snapshot, and looks for changes when it is time.

Of several servers on one host that share a state folder one looks, whichever holds the archive's lock when it is time;
when that was stands beside the snapshots, so the others find that it is not time any more and load what is published.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from datetime import datetime, timedelta

from dashboard import answers, current, explored, looking_back, telemetry
from dashboard.current import Examined, Status
from data_access import replica, syncing
from data_access.archive import BusyError
from data_access.check import check
from data_access.demo.refusals import NotEmpty, UnknownCity
from data_access.reference import LOCAL
from data_access.region_tree import RegionTreeError
from data_access.settings import SettingsError
from data_access.snapshot import Snapshot, SnapshotError, definitions, last_good, whole
from data_access.snapshot_policy import snapshot_policy
from data_access.source import Source
from data_access.steady import ContractError
from data_access.syncing import Outcome
from metrics.core.calendar import calendar

log = logging.getLogger("yanpan.refresher")

SYNC_SECONDS_VARIABLE = "YANPAN_SYNC_SECONDS"
_LOOK_SECONDS = 5.0
_RETRY_SECONDS = 60.0


class Refresher(threading.Thread):
    """One daemon thread per process. A fault leaves the last good snapshot in use and is said on the page."""

    def __init__(self, source: Source) -> None:
        super().__init__(name="refresher", daemon=True)
        self._source = source
        self._every = timedelta(seconds=_sync_seconds())
        self._ended = threading.Event()
        self._seen = 0
        self._warning: str | None = None
        self._urgent = False
        self._told = 0.0
        self._examined: tuple[int | None, datetime | None] | None = None
        self._meeting: datetime | None = None
        # The demonstration city gains a day at midnight and nothing in between.
        current.found(
            every=timedelta(days=1) if source.demo_address is not None else self._every, notices=tuple(source.notices)
        )

    def stop(self) -> None:
        """End, giving up what is being made; waits a moment for it."""
        self._ended.set()
        self.join(timeout=5)

    def run(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            pause = _LOOK_SECONDS if self._step() else _RETRY_SECONDS
            # The distributions behind intervals take seconds to import; the first league must not wait for them.
            importlib.import_module("scipy.stats")

    def _step(self) -> bool:
        try:
            self._load_newest()
            if self._is_due():
                self._sync()
                self._load_newest()
            self._tell_when_read()
            self._keep_for_meeting()
            self._look_back()
        except _StoppedError:
            return True
        except Exception as error:
            log.exception("refresh failed")
            telemetry.failed("refresh")
            current.report(Status(fault=_sentence(error)))
            return False
        current.report(Status(fault=self._warning))
        return True

    def _is_due(self) -> bool:
        """Whether the source is to be looked at now, by what any process of this host has last found out."""
        looked = self._source.archive.looked()
        used = current.snapshot()
        if looked is None or used is None or self._urgent:
            return True
        # A clock put back must not mean that it is never time again.
        since = time.time() - looked.clock
        yesterday = datetime.now(tz=LOCAL).date() - timedelta(days=1)
        if used.provenance.business_date < yesterday or syncing.change_seen(self._source.archive) is not None:
            return not 0 <= since < _RETRY_SECONDS
        # The demonstration city gains a day at midnight and nothing in between.
        return self._source.demo_address is None and not 0 <= since <= self._every.total_seconds()

    def _sync(self) -> None:
        archive = self._source.archive
        try:
            with archive.writing():
                self._load_newest()
                if not self._is_due():
                    return
                outcome = self._source.mending(self._read, self._doing)
        except BusyError as busy:
            current.report(Status(doing=str(busy)))
            return
        finally:
            current.found(notices=tuple(self._source.notices))
        self._urgent = False
        number, seconds = outcome.manifest.number, outcome.seconds
        extra = {"snapshot": number, "seconds": round(seconds, 3), "rows": outcome.rows}
        if outcome.published:
            log.info("snapshot %s made in %.1f s, %s rows", number, seconds, outcome.rows, extra=extra)
        else:
            log.info("nothing new since snapshot %s, looked in %.1f s", number, seconds, extra=extra)

    def _read(self) -> Outcome:
        archive, policy = self._source.archive, snapshot_policy()
        self._source.prepare(self._doing)
        due = syncing.reconcile_due(archive, policy.sync.reconcile_hour, datetime.now(tz=LOCAL))
        with telemetry.sync_run():
            return syncing.advance(
                self._source.engine, archive, lambda line: self._doing(f"正在取数 {line}"), reconcile=due
            )

    def _load_newest(self) -> None:
        archive = self._source.archive
        newest = max(archive.numbers(), default=0)
        if newest <= self._seen:
            return
        self._seen = newest
        try:
            fresh = whole(archive, newest)
            self._warning = None
        except SnapshotError as error:
            log.warning("snapshot %s cannot be used: %s", newest, error)
            fallback = self._fallen_back(newest, str(error))
            if fallback is None:
                return
            fresh = fallback
        fresh.preload()
        current.install(fresh)
        answers.forget()
        explored.forget()
        log.info("snapshot %s in use", fresh.provenance.number)

    def _fallen_back(self, newest: int, fault: str) -> Snapshot | None:
        """The last good snapshot, where none is in use yet; what is in use stays. Either way the page says so.

        What is damaged is to be mended at once; made by other definitions, another program on this host may want it so.
        """
        archive, used = self._source.archive, current.snapshot()
        head = archive.head(newest)
        self._urgent = used is None or head is None or head.definitions == definitions()
        if used is not None:
            self._warning = f"{fault}；仍用快照 №{used.provenance.number}"
            return None
        try:
            found = last_good(archive)
        except SnapshotError:
            # Nothing left that is whole and ours: a sync follows, as there is no snapshot in use.
            return None
        self._warning = f"{fault}；暂用快照 №{found.provenance.number}"
        return found

    def _tell_when_read(self) -> None:
        looked = self._source.archive.looked()
        if looked is not None and looked.clock != self._told:
            self._told = looked.clock
            current.found(read_at=datetime.fromisoformat(looked.at))

    def _look_back(self) -> None:
        """After each new snapshot and each meeting: which there are, what it restates, and whether the database keeps the contract.

        Never in a viewer's run, and on the refresher's own engine. A fault here leaves the figures in use and is logged.
        """
        fresh, meeting = current.snapshot(), self._meeting
        if fresh is None or (fresh.provenance.number, meeting) == self._examined or self._ended.is_set():
            return
        self._examined = (fresh.provenance.number, meeting)
        archive = self._source.archive
        try:
            listed, others = looking_back.versions(archive, datetime.now(tz=LOCAL))
            current.found(
                versions=listed, unlisted=others, restated=looking_back.compared_with_previous(archive, fresh)
            )
            if meeting is not None:
                current.found(since_meeting=looking_back.compared_with_meeting(archive, fresh, meeting))
            current.found(examined=self._examine())
        except Exception:
            log.exception("looking back failed")

    def _keep_for_meeting(self) -> None:
        """Once the time of a meeting has come: what was in use then is kept, as shown there."""
        meeting, archive = calendar().last_meeting(datetime.now(tz=LOCAL)), self._source.archive
        if meeting is None or meeting == self._meeting:
            return
        try:
            with archive.writing():
                kept = looking_back.keep_for_meeting(archive, meeting)
        except BusyError:
            return
        self._meeting = meeting
        if kept is not None:
            log.info("snapshot %s kept: in use at the meeting of %s", kept, meeting.date())

    def _examine(self) -> Examined:
        started = time.monotonic()
        found = check(self._source.engine)
        taken = time.monotonic() - started
        log.info("contract check took %.1f s", taken)
        return Examined(found, datetime.now(tz=LOCAL), taken)

    def _doing(self, line: str) -> None:
        if self._ended.is_set():
            raise _StoppedError
        current.report(Status(doing=line))


class _StoppedError(Exception):
    """The server ends: the work in hand is given up; a snapshot is whole or not there at all."""


def _sync_seconds() -> float:
    text = os.environ.get(SYNC_SECONDS_VARIABLE) or "3600"
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 864_000:
        raise SettingsError(f"环境变量 {SYNC_SECONDS_VARIABLE} 写的是 {text!r}；允许：1–864000 秒")
    return seconds


def _sentence(error: Exception) -> str:
    told = (SnapshotError, RegionTreeError, ContractError, NotEmpty, UnknownCity)
    return str(error) if isinstance(error, told) else replica.explain(error)
