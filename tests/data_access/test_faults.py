"""Every registered fault once, with real servers: no wrong figure, no lost snapshot, and it comes back by itself.

``make faults`` tries each several times and writes docs/faults.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import registered
from tests.faults.stage import Stage


@pytest.fixture(scope="module")
def stage(state_folder: Path) -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=state_folder))
    folder.chmod(0o711)
    with Stage(folder) as built:
        yield built


#: Tried in every run; the others are of a kind that a quicker test tries too, and have their turn in the full one.
_EACH_RUN = (
    "standby-killed-one-host",
    "recovery-conflict",
    "statement-timeout",
    "connection-limit",
    "hang-in-sync",
    "clock-jump",
    "demo-tables-damaged",
)


@pytest.mark.parametrize(
    "key", [key if key in _EACH_RUN else pytest.param(key, marks=pytest.mark.full) for key in registered()]
)
def test_a_fault_does_no_harm(stage: Stage, key: str) -> None:
    trial = registered()[key].run(stage)
    assert (trial.wrong, trial.lost) == (0, 0), trial
