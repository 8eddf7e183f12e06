"""A connection on which nothing waits for ever.

The server's own ``statement_timeout`` does not fire in a server that is frozen, and keepalives are answered by the kernel
of one whose process is; so we watch from our side too. libpq cannot be told to give up reading, but it notices at once
when the socket is shut down.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import psycopg2
from psycopg2.extensions import connection as DriverConnection
from psycopg2.extensions import cursor as DriverCursor

from data_access import traffic
from data_access.faults import SILENT

# For a session whose statements the operator lets run without limit.
_UNLIMITED_SECONDS = 3600.0
_FIRST_SECONDS = 15.0


class BoundedCursor(DriverCursor):
    """Each statement ends, with an answer or with the connection."""

    def execute(self, query: Any, vars: Any = None) -> None:
        self._bounded(lambda: super(BoundedCursor, self).execute(query, vars))

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        self._bounded(lambda: super(BoundedCursor, self).copy_expert(sql, file, size))

    def _bounded(self, work: Callable[[], None]) -> None:
        link = self.connection
        begun = time.monotonic()
        try:
            if isinstance(link, BoundedConnection):
                link.bounded(work)
            else:
                work()
        finally:
            traffic.asked(time.monotonic() - begun)


class BoundedConnection(DriverConnection):
    """``grace_seconds``: how much longer than the session's statement timeout we wait for an answer."""

    def __init__(self, *arguments: Any, grace_seconds: float, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.cursor_factory = BoundedCursor
        self._limit = min(_FIRST_SECONDS, grace_seconds)
        traffic.connected()
        self._limit = self._statement_timeout() + grace_seconds

    def commit(self) -> None:
        self.bounded(super().commit)

    def rollback(self) -> None:
        self.bounded(super().rollback)

    def bounded(self, work: Callable[[], None]) -> None:
        """Run ``work``, which waits for the server. Raises OperationalError when it stays silent for too long."""
        if self.closed:
            work()
            return
        with _guard(self.fileno(), self._limit) as fired:
            try:
                work()
            except psycopg2.Error as error:
                if fired:
                    raise psycopg2.OperationalError(f"{SILENT} for {self._limit:.0f} s") from error
                raise

    def _statement_timeout(self) -> float:
        with self.cursor() as cursor:
            cursor.execute("SELECT CAST(setting AS float8) / 1000 FROM pg_settings WHERE name = 'statement_timeout'")
            found = cursor.fetchone()
        # What was begun by the SELECT ends here: the session is as SQLAlchemy expects a new one.
        self.rollback()
        return float(found[0]) if found and found[0] else _UNLIMITED_SECONDS


@contextmanager
def _guard(descriptor: int, seconds: float) -> Iterator[list[bool]]:
    """Shut the socket down after that time, unless the block has ended; the list is no longer empty when that happened."""
    fired: list[bool] = []
    # Its own descriptor: ours may be closed, and its number be another file's, by the time the timer runs.
    with socket.socket(fileno=os.dup(descriptor)) as own:

        def shut() -> None:
            fired.append(True)
            traffic.cut()
            own.shutdown(socket.SHUT_RDWR)

        timer = Timer(seconds, shut)
        timer.daemon = True
        timer.start()
        try:
            yield fired
        finally:
            timer.cancel()
            timer.join()
