"""The background of the server: loads the newest snapshot, and makes a new one when it is due."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from datetime import datetime, timedelta

from dashboard import answers, current, explored, looking_back, telemetry
from dashboard.current import Examined, Status
from data_access import replica, snapshot
from data_access.check import check
from data_access.demo.refusals import NotEmpty, UnknownCity
from data_access.reference import LOCAL
from data_access.region_tree import RegionTreeError
from data_access.settings import SettingsError
from data_access.snapshot import Snapshot, SnapshotError
from data_access.source import Source

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
        self._examined = 0
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
            self._look_back()
        except _StoppedError:
            return True
        except Exception as error:
            log.exception("refresh failed")
            telemetry.failed("refresh")
            current.report(Status(fault=_sentence(error)))
            return False
        current.report(Status())
        return True

    def _is_due(self) -> bool:
        loaded = current.snapshot()
        if loaded is None:
            return True
        made = loaded.provenance
        now = datetime.now(tz=LOCAL)
        if made.business_date < now.date() - timedelta(days=1):
            return True
        # The demonstration city gains a day at midnight and nothing in between.
        return self._source.demo_address is None and now - made.taken_at > self._every

    def _sync(self) -> None:
        started = time.monotonic()
        made = self._source.mending(self._read, self._doing)
        current.found(notices=tuple(self._source.notices))
        current.found(read_at=made.provenance.taken_at)
        taken = time.monotonic() - started
        log.info(
            "snapshot %s made in %.1f s",
            made.number,
            taken,
            extra={"snapshot": made.number, "seconds": round(taken, 3)},
        )

    def _read(self) -> snapshot.Manifest:
        self._source.prepare(self._doing)
        with telemetry.sync_run():
            return snapshot.sync(
                self._source.engine, self._source.archive, lambda line: self._doing(f"正在取数 {line}")
            )

    def _load_newest(self) -> None:
        newest = max(self._source.archive.numbers(), default=0)
        if newest <= self._seen:
            return
        self._seen = newest
        try:
            fresh = Snapshot(self._source.archive, self._source.archive.manifest(newest))
            fresh.preload()
        except SnapshotError as error:
            # Made by other definitions, or damaged. What is in use stays; without any, a sync follows at once.
            log.warning("snapshot %s cannot be used: %s", newest, error)
            return
        current.install(fresh)
        answers.forget()
        explored.forget()
        log.info("snapshot %s in use", newest)

    def _look_back(self) -> None:
        """After each new snapshot: which there are, what it restates, and whether the database keeps the contract.

        Never in a viewer's run, and on the refresher's own engine. A fault here leaves the figures in use and is logged.
        """
        fresh = current.snapshot()
        if fresh is None or fresh.provenance.number == self._examined or self._ended.is_set():
            return
        self._examined = fresh.provenance.number or 0
        archive = self._source.archive
        try:
            current.found(
                versions=looking_back.versions(archive),
                restated=looking_back.compared_with_previous(archive, fresh),
            )
            current.found(examined=self._examine())
        except Exception:
            log.exception("looking back failed")

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
    told = (SnapshotError, RegionTreeError, NotEmpty, UnknownCity)
    return str(error) if isinstance(error, told) else replica.explain(error)
