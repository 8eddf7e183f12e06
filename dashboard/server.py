"""``yanpan serve``: the database (the demo's own, where none is named), the background, and Streamlit in one process."""

from __future__ import annotations

import logging
import os
import socket
import sys
from pathlib import Path

import streamlit as st

from dashboard.faults import show_fault
from dashboard.refresher import Refresher
from dashboard.routes import ROUTES
from data_access import settings, source

APP = Path(__file__).resolve().parent / "app.py"


def run(host: str, port: int) -> int:
    """Serve until told to stop; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if not _is_free(host, port):
        print(f"yanpan：{host}:{port} 已被占用；请换一个端口：PORT=8502 make run", file=sys.stderr)
        return 1
    os.environ["YANPAN_HOME"] = str(settings.home())
    with source.started() as opened:
        refresher = Refresher(opened)
        refresher.start()
        try:
            _serve(host, port)
        finally:
            refresher.stop()
    return 0


def _serve(host: str, port: int) -> None:
    # Streamlit looks for .streamlit/ in the working directory and beside the script it believes to be launched by.
    os.chdir(settings.PROJECT)
    sys.argv = [str(APP)]
    app = st.App(APP, routes=ROUTES, on_script_error=show_fault)
    app.run(config={"server.address": host, "server.port": port})


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
