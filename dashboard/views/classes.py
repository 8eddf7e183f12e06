"""Five classes of a map: natural breaks (Jenks), quantiles when there are too many values for it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

CLASSES = 5
JENKS_UP_TO = 300


@dataclass(frozen=True)
class Classes:
    """``bounds``: lowest and highest value that occur in each class, ascending; ``method``: its Chinese name."""

    bounds: tuple[tuple[float, float], ...]
    method: str

    def index(self, value: float) -> int:
        """The class of a value that was classified."""
        return max(0, bisect_right([low for low, _ in self.bounds], value) - 1)


def classify(values: Sequence[float]) -> Classes:
    """At most five classes; fewer when fewer different values occur."""
    ordered = sorted(values)
    unique = sorted(set(ordered))
    if len(unique) <= CLASSES:
        return Classes(tuple((value, value) for value in unique), "逐值分级")
    if len(ordered) <= JENKS_UP_TO:
        return Classes(_bounds(ordered, _jenks_starts(ordered)), "自然断点分级")
    return Classes(_bounds(ordered, [len(ordered) * part // CLASSES for part in range(CLASSES)]), "分位数分级")


def _bounds(ordered: Sequence[float], starts: Sequence[int]) -> tuple[tuple[float, float], ...]:
    # Equal values must not be torn apart: a class begins where its first value first occurs.
    lows = sorted({ordered[start] for start in starts})
    return tuple(
        (low, max(value for value in ordered if value >= low and (index + 1 == len(lows) or value < lows[index + 1])))
        for index, low in enumerate(lows)
    )


def _jenks_starts(ordered: Sequence[float]) -> list[int]:
    """Where each class begins so that the squares within the classes are least (Fisher's exact optimum)."""
    size = len(ordered)
    sums, squares = [0.0], [0.0]
    for value in ordered:
        sums.append(sums[-1] + value)
        squares.append(squares[-1] + value * value)

    def spread(first: int, stop: int) -> float:
        total = sums[stop] - sums[first]
        return squares[stop] - squares[first] - total * total / (stop - first)

    best = [spread(0, stop) if stop else 0.0 for stop in range(size + 1)]
    starts: list[list[int]] = []
    for parts in range(2, CLASSES + 1):
        costs, chosen = [float("inf")] * (size + 1), [0] * (size + 1)
        for stop in range(parts, size + 1):
            costs[stop], chosen[stop] = min((best[cut] + spread(cut, stop), cut) for cut in range(parts - 1, stop))
        best = costs
        starts.append(chosen)
    return _traced(starts, size)


def _traced(starts: list[list[int]], size: int) -> list[int]:
    found, stop = [], size
    for chosen in reversed(starts):
        stop = chosen[stop]
        found.append(stop)
    return [0, *reversed(found)]
