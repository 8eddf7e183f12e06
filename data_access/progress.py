"""How long work tells of itself, line by line; raising in it gives the work up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str], None]


def silent(_: str) -> None:
    """The progress of one who does not want to hear of it."""
