"""A network between us and a database that can go silent: sockets stay open, connections are accepted, nothing comes."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Proxy:
    """Forwards 127.0.0.1:``port`` to 127.0.0.1:``target``; a context manager."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._silent = threading.Event()
        self._ended = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        for one in [self._listener, *(end for pair in self._pairs for end in pair)]:
            one.close()

    def hang(self) -> None:
        """From now on nothing passes."""
        self._silent.set()

    def resume(self) -> None:
        """What is connected anew passes again; what hung is dropped."""
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._silent.clear()

    def _run(self) -> None:
        while not self._ended.is_set():
            if self._silent.is_set():
                self._ended.wait(0.02)
                continue
            ends = {end: other for one, two in self._pairs for end, other in ((one, two), (two, one))}
            readable, _, _ = select.select([self._listener, *ends], [], [], 0.02)
            for end in readable:
                if end is self._listener:
                    client, _ = self._listener.accept()
                    self._pairs.append((client, socket.create_connection(("127.0.0.1", self._target))))
                else:
                    self._pass_on(end, ends[end])

    def _pass_on(self, end: socket.socket, other: socket.socket) -> None:
        try:
            content = end.recv(65536)
            if content:
                other.sendall(content)
                return
        except OSError:
            pass
        for pair in [pair for pair in self._pairs if end in pair]:
            self._pairs.remove(pair)
            for one in pair:
                one.close()
