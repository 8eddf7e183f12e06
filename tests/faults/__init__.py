"""The registry of faults: what may go wrong with replica, network, disk and clock, each as a trial that can be run again.

A module of this package registers its faults with ``@fault``; the tests run each once (tests/data_access/test_faults.py),
``python -m bench.faults`` as often as wanted.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.stage import Stage


@dataclass(frozen=True)
class Trial:
    """How one trial ended. ``wrong``: figures that differ from plain SQL, on any snapshot that was in use; ``lost``: snapshots
    that were there before and cannot be read after; ``recovery``: seconds from the end of the fault (or from its beginning,
    where the product gets over it by itself) to a right, newer picture; ``how``: what the product did, in a few words; ``count``:
    how often the fault came."""

    wrong: int
    lost: int
    recovery: float
    how: str
    count: int = 1


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


def registered() -> dict[str, Fault]:
    """All faults of all modules of this package, in their order."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        importlib.import_module(f"{__name__}.{module.name}")
    return FAULTS
