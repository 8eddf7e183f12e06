"""The registry of faults: what may go wrong with replica, network, disk and clock, each as a trial that can be run again.

A module of this package registers its faults with ``@fault``; a fault that is already a test joins by ``as_tests``. The
tests run each once (tests/data_access/test_faults.py), ``python -m bench.faults`` as often as wanted.
"""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.stage import Stage


@dataclass(frozen=True)
class Trial:
    """How one trial ended. ``wrong``: figures that differ from plain SQL, on any snapshot that was in use; ``lost``: snapshots
    that were there before and cannot be read after; ``recovery``: seconds from the end of the fault (or from its beginning,
    where the product gets over it by itself) to a right, newer picture; ``how``: what the product did, in a few words."""

    wrong: int
    lost: int
    recovery: float
    how: str


@dataclass(frozen=True)
class Fault:
    """``title``: what goes wrong; ``tries``: how often the whole suite tries it."""

    key: str
    title: str
    tries: int
    run: Callable[[Stage], Trial]


FAULTS: dict[str, Fault] = {}


def fault(key: str, title: str, tries: int = 3) -> Callable[[Callable[[Stage], Trial]], Callable[[Stage], Trial]]:
    """Register the decorated trial."""

    def register(run: Callable[[Stage], Trial]) -> Callable[[Stage], Trial]:
        assert key not in FAULTS, key
        FAULTS[key] = Fault(key, title, tries, run)
        return run

    return register


def as_tests(key: str, title: str, *nodes: str, tries: int = 1) -> None:
    """Register tests that exist: pytest's names of them. What fails counts as a wrong figure; recovery is their time."""

    def run(_: Stage) -> Trial:
        begun = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-m",
            "full or not full",
            *nodes,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        words = done.stdout.strip().splitlines()[-1:] or ["no output"]
        return Trial(int(done.returncode != 0), 0, time.monotonic() - begun, f"tests: {words[0].strip('= ')}")

    fault(key, title, tries)(run)


def registered() -> dict[str, Fault]:
    """All faults of all modules of this package, in their order."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        importlib.import_module(f"{__name__}.{module.name}")
    return FAULTS
