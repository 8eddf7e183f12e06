"""What a fault is tried on: a primary and its streaming standby with a synthetic city, and archives of snapshots of it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import replica, syncing
from data_access.demo import city
from data_access.demo.embedded import Server
from data_access.settings import DRIVER
from data_access.snapshot import Archive, Manifest, Snapshot, SnapshotError
from data_access.source import Source
from tests import databases
from tests.faults.truth import SINCE, UNTIL, Figures, truth

TEMPLATE = "city_template"


@dataclass
class Scene:
    """One database of the city, with an archive of its own that holds one good snapshot. ``before``: its figures."""

    stage: Stage
    owner: URL
    archive: Archive
    before: Figures
    engines: list[Engine] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The database."""
        return self.owner.database or ""

    def address(self, *servers: Server, **words: str) -> URL:
        """For the reader over TCP, several hosts as an operator writes them; by default the standby alone."""
        hosts = tuple(f"127.0.0.1:{server.port}" for server in servers or (self.stage.standby,))
        return URL.create(
            DRIVER,
            databases.READER,
            databases.READER_PASSWORD,
            database=self.name,
            query={"host": hosts, "application_name": f"yanpan-{self.name}", **words},
        )

    def engine(self, url: URL | None = None, **limits: float) -> Engine:
        """An engine of the product's; disposed of at the end of the scene."""
        made = replica.connect(url or self.address(), **limits)  # type: ignore[arg-type]
        self.engines.append(made)
        return made

    def source(self, url: URL | None = None) -> Source:
        """As the server has it."""
        return Source(self.engine(url), self.archive, None)

    def sync(self, engine: Engine, at: Callable[[int], None] = lambda _: None, *, rebuild: bool = False) -> Manifest:
        """One sync of what has changed, or of everything; ``at(n)`` is called when the n-th piece has been read, counted over
        all attempts."""
        lines: list[str] = []

        def progress(line: str) -> None:
            lines.append(line)
            at(len(lines))

        with self.archive.writing():
            why = "everything" if rebuild else None
            return syncing.advance(engine, self.archive, progress, rebuild=why).manifest

    def change(self) -> Figures:
        """Move the world on at the primary, visible on the standby when it runs; the figures after it."""
        databases.execute(
            self.owner,
            "update rpt.petition set persons = persons + 3, updated_at = now() where mod(petition_id, 7) = 0;"
            "delete from rpt.mediation where mod(mediation_id, 11) = 0;"
            "insert into rpt.dispute_inflow select day, '430224000000', 'police_call', 5, now() from rpt.dispute_inflow"
            " group by day on conflict do nothing",
        )
        return truth(self.owner)

    def newest(self) -> Snapshot:
        """The newest snapshot, read."""
        loaded = Snapshot(self.archive, self.archive.manifest())
        loaded.preload()
        return loaded

    def lost(self, numbers: list[int]) -> int:
        """How many of these snapshots can no longer be read."""
        return sum(not self._readable(number) for number in numbers)

    def _readable(self, number: int) -> bool:
        try:
            Snapshot(self.archive, self.archive.manifest(number)).preload()
        except SnapshotError:
            return False
        return True


class Stage:
    """The servers; each scene is a copy of one city."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.primary = databases.primary_server(folder / "fault-primary")
        self._servers = ExitStack()
        self._standby: Server | None = None

    def __enter__(self) -> Stage:
        self._servers.enter_context(self.primary)
        databases.furnish(self.primary)
        owner = databases.fresh_database(self.primary)
        databases.execute(self.primary.url(), f"alter database {owner.database} rename to {TEMPLATE}")
        engine = create_engine(owner.set(database=TEMPLATE), poolclass=NullPool)
        city.fill(engine, since=SINCE, until=UNTIL)
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    @property
    def standby(self) -> Server:
        """The standby, running and in step."""
        if self._standby is None:
            self._standby = databases.standby_server(self.primary, self.folder / "fault-standby")
            self._servers.enter_context(self._standby)
        return self._standby

    @cached_property
    def first_truth(self) -> Figures:
        """The figures of every new scene."""
        return truth(self.primary.url(TEMPLATE, databases.OWNER))

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """A fresh copy of the city, on primary and standby, and one snapshot of it taken in peace."""
        owner = databases.fresh_database(self.primary, TEMPLATE)
        self.in_step()
        archive = Archive(Path(tempfile.mkdtemp(prefix="archive-", dir=self.folder)))
        scene = Scene(self, owner, archive, self.first_truth)
        try:
            scene.sync(scene.engine())
            yield scene
        finally:
            for engine in scene.engines:
                engine.dispose()
            self.revive()
            databases.execute(self.primary.url(), f"drop database {owner.database} with (force)")
            shutil.rmtree(archive.folder, ignore_errors=True)

    def in_step(self) -> None:
        """Wait until the standby has all that the primary has."""
        databases.await_replay(self.primary, self.standby, patience=60)

    def kill_standby(self) -> None:
        """As a power cut does it: every process of the standby at once."""
        leader = int((self.standby.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        for process in [*_children(leader), leader]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.standby.stop()

    def revive(self) -> None:
        """Start the standby again where it is off, and wait until it is in step."""
        self.standby.start()
        self.in_step()


def until(done: Callable[[], bool], patience: float = 60.0) -> None:
    """Wait for it. Raises TimeoutError."""
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.05)


def _children(parent: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            if int((place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent:
                found.append(int(place.name))
    return found
