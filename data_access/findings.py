"""What an examination found: a severity, one Chinese sentence, and the table it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

_NAMED = 10


class Severity(StrEnum):
    """ERROR stops or falsifies a sync; WARNING is counted and shown, and the sync goes on."""

    ERROR = "错误"
    WARNING = "提醒"


@dataclass(frozen=True)
class Finding:
    """One sentence; ``table`` is a name of the contract without its schema, or None for the database as a whole."""

    severity: Severity
    text: str
    table: str | None = None


def listed(names: Sequence[str]) -> str:
    """At most ten of ``names``, and how many there are."""
    rest = f" 等 {len(names)} 个" if len(names) > _NAMED else ""
    return "、".join(names[:_NAMED]) + rest


def tallied(counts: Iterable[tuple[str, int]]) -> str:
    """Codes with their counts, the most frequent first, at most ten: ``fax 12 行、telex 1 行``."""
    ordered = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return listed([f"{code or '（空串）'} {count:,} 行" for code, count in ordered])
