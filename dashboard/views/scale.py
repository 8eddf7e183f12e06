"""The five classes of a sequential scale as components draw them: a class per value, and the legend that says what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.look import number
from dashboard.views.classes import CLASSES, Classes, classify
from metrics.core.model import Metric


@dataclass(frozen=True)
class Scale:
    """The classes of one picture's values, spread over the five shades when there are fewer."""

    classes: Classes
    metric: Metric

    @classmethod
    def of(cls, values: Sequence[float], metric: Metric) -> Scale:
        """The scale of the values that are to be coloured."""
        return cls(classify(values), metric)

    def shade(self, value: float) -> int:
        """The shade, 0–4, of a value that was among those of the scale."""
        return self._spread(self.classes.index(value))

    def legend(self) -> list[dict[str, Any]]:
        """A shade and the range that it stands for, per class, low to high."""
        return [
            {"shade": self._spread(place), "text": _range(low, high, self.metric)}
            for place, (low, high) in enumerate(self.classes.bounds)
        ]

    def method(self) -> str:
        """How the classes were cut, in words; empty without a class."""
        return self.classes.method if self.classes.bounds else ""

    def _spread(self, place: int) -> int:
        count = len(self.classes.bounds)
        return round(place * (CLASSES - 1) / (count - 1)) if count > 1 else CLASSES // 2


def _range(low: float, high: float, metric: Metric) -> str:
    first, last = number(low, metric), number(high, metric)
    return first if first == last else f"{first}–{last}"
