"""What all tests share: a state folder of their own, and real PostgreSQL servers, each started when first asked for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy.engine import URL

from data_access.demo.embedded import Server
from tests import databases

# How fast a machine is, is no property of the code.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def state_folder() -> Iterator[Path]:
    """The state folder of this test process; no test touches that of the user, nor the replica they may have set.

    Not pytest's own temporary folder: the database's user could not pass through it.
    """
    folder = Path(tempfile.mkdtemp(prefix="yanpan-test-"))
    folder.chmod(0o711)
    os.environ["YANPAN_HOME"] = str(folder)
    os.environ.pop("YANPAN_REPLICA_URL", None)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def primary(state_folder: Path) -> Iterator[Server]:
    """A running PostgreSQL with the contract's tables and roles; see tests/databases.py."""
    with databases.primary_server(state_folder / "primary") as server:
        databases.furnish(server)
        yield server


@pytest.fixture(scope="session")
def standby(primary: Server, state_folder: Path) -> Iterator[Server]:
    """A hot standby that streams from ``primary``."""
    with databases.standby_server(primary, state_folder / "standby") as server:
        yield server


@pytest.fixture
def database(primary: Server) -> URL:
    """A fresh, empty database with the contract's tables: its address for the owner."""
    return databases.fresh_database(primary)
