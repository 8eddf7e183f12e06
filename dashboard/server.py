"""``yanpan serve``: the database (the demo's own, where none is named), the background, and Streamlit in one process."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import streamlit as st

from dashboard import logs
from dashboard.faults import show_fault
from dashboard.refresher import Refresher
from dashboard.routes import ROUTES
from dashboard.watch import Watch
from data_access import clocks, settings, source

APP = Path(__file__).resolve().parent / "app.py"
_GRACE_SECONDS = 3.0


def run(host: str, port: int) -> int:
    """Serve until told to stop; the exit status."""
    logs.configure()
    clocks.limits()  # a wrong limit is said now, not in the thread that needs it
    refusal = _refusal(host, port)
    if refusal is not None:
        print(f"yanpan：{refusal}", file=sys.stderr)
        return 1
    os.environ["YANPAN_HOME"] = str(settings.home())
    # As Ctrl-C does: the server of the demonstration city is stopped in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with source.started() as opened:
        background = (Watch(opened), Refresher(opened))
        for thread in background:
            thread.start()
        try:
            _serve(host, port)
        finally:
            for thread in background:
                thread.stop()
    return 0


def _serve(host: str, port: int) -> None:
    # Streamlit looks for .streamlit/ in the working directory and beside the script it believes to be launched by.
    os.chdir(settings.PROJECT)
    sys.argv = [str(APP)]
    grace = _Grace()
    app = st.App(APP, lifespan=grace.lifespan, routes=ROUTES, on_script_error=show_fault)
    try:
        app.run(config={"server.address": host, "server.port": port})
    finally:
        grace.end()


class _Grace:
    """Told to stop, uvicorn waits for every answer to be fetched, for ever where a download stalls; we for a moment.

    A second SIGINT is its own way of not waiting. Its handlers are in place when the life of the app begins.
    """

    def __init__(self) -> None:
        self._timers: list[threading.Timer] = []

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """What ``st.App`` wraps the life of the app in."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._hurry_after(number)
        logs.adopt()
        yield

    def end(self) -> None:
        """The server has ended: no further signal."""
        for timer in self._timers:
            timer.cancel()

    def _hurry_after(self, number: signal.Signals) -> None:
        stop = signal.getsignal(number)

        def stop_soon(received: int, frame: FrameType | None) -> None:
            timer = threading.Timer(_GRACE_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
            timer.daemon = True
            self._timers.append(timer)
            timer.start()
            if callable(stop):
                stop(received, frame)

        signal.signal(number, stop_soon)


def _refusal(host: str, port: int) -> str | None:
    """Why nobody can listen there, in one sentence; None when one can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return f"没有 {host} 这个监听地址；例如 HOST=127.0.0.1（仅本机）或 HOST=0.0.0.0（所有网络）"
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"{host}:{port} 已被占用；请换一个端口：PORT={port + 1}"
            return f"不能在 {host}:{port} 监听（{error.strerror}）；请换一个地址或端口（HOST、PORT）"
    return None
