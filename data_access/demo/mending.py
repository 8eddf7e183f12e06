"""When the demonstration database is damaged it is made anew, because everything in it follows from city, seed and day.

It runs without fsync, so a power cut may damage it. What does not start is set aside, never deleted: its folder might not
be what we take it for. What starts but holds damaged tables gets new ones.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from datetime import datetime

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from data_access import contract
from data_access.demo.embedded import DamagedError, EmbeddedError, Server
from data_access.reference import LOCAL

log = logging.getLogger("yanpan.demo")


def start(server: Server) -> str | None:
    """Start the demonstration server, if need be with a new cluster; then the sentence that says so. Raises EmbeddedError."""
    try:
        server.start()
        return None
    except DamagedError as error:
        log.error("the demonstration database does not start: %s", error)
        if not _set_aside(server):
            raise
        try:
            server.start()
        except EmbeddedError:
            _put_back(server)
            raise error from None
    return said("启动不了")


def empty(address: URL) -> str:
    """Drop the tables of the demonstration city; the sentence that says why. Raises SQLAlchemy's errors."""
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"drop schema if exists {contract.SCHEMA} cascade"))
    return said("数据文件已损坏")


def said(reason: str) -> str:
    """What the page and the log say, with the moment."""
    return f"{datetime.now(tz=LOCAL):%m-%d %H:%M} 演示库{reason}，已重新生成；演示数据由种子算出，内容不变"


def _set_aside(server: Server) -> bool:
    """False where another process has the cluster in use, or it cannot be moved."""
    aside = server.folder / "data.damaged"
    lock = os.open(server.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(aside, ignore_errors=True)
        server.data.rename(aside)
    except OSError:
        return False
    finally:
        os.close(lock)
    log.warning("set aside as %s", aside)
    return True


def _put_back(server: Server) -> None:
    """A new cluster does not start either, so the old one was not the reason."""
    shutil.rmtree(server.data, ignore_errors=True)
    (server.folder / "data.damaged").rename(server.data)
