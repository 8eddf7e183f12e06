"""What may go wrong with the demonstration city's own database: its files damaged. It is made anew, and that is said."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from dashboard import current
from dashboard.refresher import Refresher
from data_access import source
from tests.faults import Trial, fault
from tests.faults.replica_faults import in_use, nothing_known
from tests.faults.stage import Stage
from tests.faults.truth import shown, wrong


@contextmanager
def _own_home(stage: Stage) -> Iterator[Path]:
    """A state folder without any replica: the demonstration city's."""
    kept = {name: os.environ.pop(name, None) for name in ("YANPAN_HOME", "YANPAN_REPLICA_URL")}
    home = stage.folder / "demo-home"
    home.mkdir()
    home.chmod(0o711)
    os.environ["YANPAN_HOME"] = str(home)
    try:
        yield home
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})
        if kept["YANPAN_HOME"] is None:
            del os.environ["YANPAN_HOME"]
        shutil.rmtree(home, ignore_errors=True)


def _damage_pages(home: Path, address: URL) -> None:
    """Overwrite pages of the petitions on the disk; the server still holds them in memory until it ends."""
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        place = connection.execute(text("select pg_relation_filepath('rpt.petition')")).scalar_one()
        connection.execute(text("checkpoint"))
    with (home / "demo" / "data" / place).open("r+b") as handle:
        handle.seek(8192 * 3)
        handle.write(os.urandom(8192 * 4))


@fault("demo-does-not-start", "Demonstration database damaged so that it does not start", tries=1)
def control_file_gone(stage: Stage) -> Trial:
    """Set aside, made anew, said on the page and in the log; the snapshot in use stays."""
    with _own_home(stage) as home, nothing_known():
        with source.started() as opened:
            assert Refresher(opened)._step()
        before = shown(in_use())
        (home / "demo" / "data" / "global" / "pg_control").write_bytes(b"")
        begun = time.monotonic()
        with source.started() as opened:
            background = Refresher(opened)
            assert background._step()
            bad = wrong(in_use(), before)
            background._urgent = True
            background._sync()
            background._load_newest()
            bad += wrong(in_use(), before)
        assert any("启动不了，已重新生成" in notice for notice in current.findings().notices)
        assert (home / "demo" / "data.damaged").is_dir()
        return Trial(bad, 0, time.monotonic() - begun, "set aside and made anew, said on page and in the log")


@fault("demo-tables-damaged", "Pages of the demonstration city's tables damaged on the disk", tries=1)
def pages_damaged(stage: Stage) -> Trial:
    """The checksum fails while the sync reads; the tables are made anew and the sync goes on."""
    with _own_home(stage) as home, nothing_known():
        with source.started() as opened:
            assert Refresher(opened)._step()
            assert opened.demo_address is not None
            place = opened.demo_address
            before = shown(in_use())
            _damage_pages(home, place)
        begun = time.monotonic()
        with source.started() as opened:
            background = Refresher(opened)
            assert background._step()
            background._urgent = True
            background._sync()
            background._load_newest()
            bad = wrong(in_use(), before)
        recovery = time.monotonic() - begun
        assert any("数据文件已损坏，已重新生成" in notice for notice in current.findings().notices)
        return Trial(bad, 0, recovery, "tables made anew, said on page and in the log")
