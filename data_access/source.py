"""Which database the figures come from: the replica that the operator names, or the embedded demonstration city."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TextIO, TypeVar

import psycopg2
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from data_access import replica, settings
from data_access.demo import embedded, mending
from data_access.faults import is_damage
from data_access.snapshot import Archive, Progress, silent

log = logging.getLogger("yanpan.source")

Result = TypeVar("Result")

#: How long a live question waits for another one.
LIVE_PATIENCE_SECONDS = 120.0

DEMO = "demo"
SEED = 1
DEMO_CITY_VARIABLE = "YANPAN_DEMO_CITY"


#: What reading the source can raise besides our own errors; ``replica.explain`` puts it into words.
DATABASE_ERRORS = (SQLAlchemyError, psycopg2.Error)


@dataclass(frozen=True)
class Source:
    """An open way to the data: read-only ``engine``, the archive of this source's snapshots, and whether it is the demo.

    ``notices``: what has been done to it that the operator should know, each a Chinese sentence; grows by ``mending``.
    """

    engine: Engine
    archive: Archive
    demo_address: URL | None
    notices: list[str] = field(default_factory=list)

    def prepare(self, progress: Progress = silent, until: date | None = None) -> int:
        """Bring the demonstration city up to yesterday; how many rows changed. Nothing to do for a real replica."""
        return 0 if self.demo_address is None else _fill(self.demo_address, None, SEED, until, progress)

    def mending(self, work: Callable[[], Result], progress: Progress = silent, until: date | None = None) -> Result:
        """``work()``; where the demonstration city turns out to be damaged, it is made anew and ``work`` done once more.

        Nothing of a real replica is ever touched. Raises what ``work`` raises.
        """
        try:
            return work()
        except DATABASE_ERRORS as error:
            if self.demo_address is None or not is_damage(error):
                raise
            log.error("the demonstration city cannot be read: %s", replica.explain(error))
            # What is still open may hold locks, and remembers files that are gone.
            self.engine.dispose()
            self.notices.append(mending.empty(self.demo_address))
            self.prepare(progress, until)
            log.warning(self.notices[-1])
        return work()


class LiveBusyError(RuntimeError):
    """Another live question of this host goes on; its text is one Chinese sentence."""


@contextmanager
def one_live_question(patience: float = LIVE_PATIENCE_SECONDS) -> Iterator[None]:
    """Only one ``--live`` question of this host at a time. Raises LiveBusyError after so many seconds."""
    deadline = time.monotonic() + patience
    with (settings.home() / "live.lock").open("w") as handle:
        while not _locked(handle):
            if time.monotonic() > deadline:
                raise LiveBusyError(
                    "本机另一个 --live 查询还没有结束：为保护副本，一次只许一个；请稍后再试，或不用 --live"
                )
            time.sleep(0.1)
        yield


def _locked(handle: TextIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def archive() -> Archive:
    """Where the snapshots of the configured source stand. Two sources never share an archive."""
    url = settings.replica_url()
    shelf = settings.home() / "snapshots"
    shelf.mkdir(mode=0o700, exist_ok=True)
    return Archive(shelf / (DEMO if url is None else _fingerprint(url)))


@contextmanager
def started() -> Iterator[Source]:
    """The configured source; the demonstration city's server runs, but its data may be missing (see ``prepare``).

    Call from the main thread (see ``embedded.Server``). Raises SettingsError, EmbeddedError.
    """
    url = settings.replica_url()
    if url is not None:
        with _reader(url) as engine:
            yield Source(engine, archive(), None)
        return
    server = embedded.demo_server()
    notice = mending.start(server)
    if notice is not None:
        log.warning(notice)
    with server, _reader(server.url()) as engine:
        yield Source(engine, archive(), server.url(), [] if notice is None else [notice])


@contextmanager
def opened(progress: Progress = silent, until: date | None = None) -> Iterator[Source]:
    """The configured source, ready to be read: the demonstration city has been brought up to yesterday."""
    with started() as source:
        source.prepare(progress, until)
        yield source


@contextmanager
def _reader(url: URL) -> Iterator[Engine]:
    engine = replica.connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def fill(into: str | None, code: str | None, seed: int, until: date | None, progress: Progress) -> int:
    """Write the synthetic city into the database ``into``, or into the embedded one; how many rows changed.

    ``code``: six digits of a prefecture, default 株洲市; ``until``: the last day, default yesterday. Raises NotEmpty,
    UnknownCity, SettingsError, EmbeddedError, SQLAlchemy's errors.
    """
    if into is not None:
        return _fill(settings.postgresql_url(into, "--into"), code, seed, until, progress)
    server = embedded.demo_server()
    mending.start(server)
    with server:
        return _fill(server.url(), code, seed, until, progress)


def _fill(address: URL, code: str | None, seed: int, until: date | None, progress: Progress) -> int:
    # Making rows takes numpy and scipy, half a second that the other commands need not spend.
    from data_access.demo import city

    engine = create_engine(address)
    try:
        chosen = code or os.environ.get(DEMO_CITY_VARIABLE, city.DEFAULT_CITY)
        return city.fill(engine, city=chosen, seed=seed, until=until, progress=progress)
    finally:
        engine.dispose()


def _fingerprint(url: URL) -> str:
    """Hosts, port and database name: what makes it the same data whoever reads it."""
    hosts = url.query.get("host", ())
    named = [url.host or "", str(url.port or ""), *([hosts] if isinstance(hosts, str) else sorted(hosts))]
    text = "|".join([*named, url.database or ""])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
