"""Every registered fault once, with real servers: no wrong figure, no lost snapshot, and it comes back by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import registered
from tests.faults.stage import Stage

_PATIENCE = 60.0  # seconds to a right picture; only a hint on a loaded machine


@pytest.fixture(scope="module")
def stage(state_folder: Path) -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=state_folder))
    folder.chmod(0o711)
    with Stage(folder) as built:
        yield built


@pytest.mark.parametrize("key", registered())
def test_a_fault_does_no_harm(stage: Stage, key: str) -> None:
    trial = registered()[key].run(stage)
    assert (trial.wrong, trial.lost) == (0, 0), trial
    assert trial.recovery < _PATIENCE
