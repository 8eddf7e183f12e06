"""Reproducible chance: every day has its own random stream, and every row hangs on uniform numbers of its day.

So a day's rows are the same whichever days are made with it. Days are counted as in ``date.toordinal``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER = 4_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_SERIALS_PER_DAY = 16_384
_SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)
_LOW_63_BITS = np.uint64((1 << 63) - 1)


@dataclass(frozen=True)
class Draws:
    """Events before they have columns: ``day``, ``cell`` and ``serial`` of shape (n,), ``uniform`` (n, columns) in [0, 1)."""

    day: Ints
    cell: Ints
    serial: Ints
    uniform: Floats

    def joined(self, other: Draws) -> Draws:
        """Both, one after the other."""
        return Draws(
            np.concatenate([self.day, other.day]),
            np.concatenate([self.cell, other.cell]),
            np.concatenate([self.serial, other.serial]),
            np.concatenate([self.uniform, other.uniform]),
        )

    def kept(self, keep: Bools) -> Draws:
        """Only the events where ``keep`` is true."""
        return Draws(self.day[keep], self.cell[keep], self.serial[keep], self.uniform[keep])


def draw(
    seed: int, stream: int, days: Sequence[date], means: Floats, dispersion: float | Floats, columns: int
) -> Draws:
    """Gamma-Poisson events: ``means`` (days, cells) expected counts, ``dispersion`` the gamma shape k (large: Poisson)."""
    day_parts: list[Ints] = []
    cell_parts: list[Ints] = []
    serial_parts: list[Ints] = []
    uniform_parts: list[Floats] = [np.empty((0, columns))]
    cells = np.arange(means.shape[1])
    for day, mean in zip(days, means, strict=True):
        random = np.random.default_rng([seed, day.toordinal(), stream])
        counts = random.poisson(random.gamma(dispersion, mean / dispersion))
        total = int(counts.sum())
        day_parts.append(np.full(total, day.toordinal()))
        cell_parts.append(np.repeat(cells, counts))
        serial_parts.append(np.arange(total))
        uniform_parts.append(random.random((total, columns)))
    empty = [np.empty(0, dtype=np.int64)]
    return Draws(
        np.concatenate(empty + day_parts),
        np.concatenate(empty + cell_parts),
        np.concatenate(empty + serial_parts),
        np.concatenate(uniform_parts),
    )


def surrogate(day: Ints, serial: Ints) -> Ints:
    """A key that looks random and tells nothing, unique per (day, serial) with serial < 16384."""
    key = (day * _SERIALS_PER_DAY + serial).astype(np.uint64)
    return ((key * _SCRAMBLE) & _LOW_63_BITS).astype(np.int64)


def cumulative(weights: Sequence[Sequence[float]] | Floats) -> Floats:
    """Row-wise cumulative shares of ``weights`` (rows, choices)."""
    table = np.cumsum(np.asarray(weights, dtype=np.float64), axis=1)
    return np.asarray(table / table[:, -1:], dtype=np.float64)


def pick(table: Floats, row: Ints, uniform: Floats) -> Ints:
    """The choice that ``uniform`` falls on in each event's ``row`` of a ``cumulative`` table, shape (n,)."""
    passed: Ints = (uniform[:, None] >= table[row]).sum(axis=1)
    return np.minimum(passed, np.int64(table.shape[1] - 1))


def pick_one(weights: Sequence[float], uniform: Floats) -> Ints:
    """The same for one row of ``weights`` for all events."""
    return pick(cumulative([weights]), np.zeros(len(uniform), dtype=np.int64), uniform)


@dataclass(frozen=True)
class Children:
    """Weighted children of numbered parents (children sorted by parent), picked by one uniform number."""

    upper: Floats

    @staticmethod
    def of(parent: Ints, weight: Floats) -> Children:
        """``parent`` ascending from 0 without gaps, ``weight`` positive, both (children,)."""
        total = np.bincount(parent, weights=weight)
        running = np.cumsum(weight)
        before = np.concatenate([[0.0], np.cumsum(total)])[parent]
        upper = parent + (running - before) / total[parent]
        last = np.append(parent[1:] != parent[:-1], True)
        upper[last] = parent[last] + 1.0
        return Children(upper)

    def pick(self, parent: Ints, uniform: Floats) -> Ints:
        """The child's index for each event, shape (n,)."""
        return np.searchsorted(self.upper, parent + np.minimum(uniform, 1 - 1e-9), side="right").astype(np.int64)


def whole(uniform: Floats, low: int, high: int) -> Ints:
    """Whole numbers from ``low`` to ``high``, both included."""
    return low + np.floor(uniform * (high - low + 1)).astype(np.int64)


class Timeline:
    """What of a set of rows is known at the end of the day ``until``, and when each row last changed.

    A row is known from its ``born`` day. ``updated_at`` therefore moves forward exactly when something becomes known,
    which lets a later fill write only rows changed since.
    """

    def __init__(self, born: Ints, until: date) -> None:
        self._until = until.toordinal()
        self._last = born.copy()
        self.known: Bools = born <= self._until

    def happened(self, when: Ints) -> Bools:
        """True where ``when`` is past; remembers it as the row's last change if it is the latest."""
        past = when <= self._until
        self._last = np.where(past, np.maximum(self._last, when), self._last)
        return past

    def dated(self, when: Ints) -> Ints:
        """``when``, or NEVER where it is still to come."""
        return np.where(self.happened(when), when, NEVER)

    def updated_at(self, uniform: Floats, not_before: pl.Series | None = None) -> pl.Series:
        """The evening of the last change (local time), or ``not_before`` where that is later."""
        evening = moments(self._last, np.floor((20 + 3.9 * uniform) * 3600))
        if not_before is None:
            return evening
        return pl.select(pl.max_horizontal(evening, not_before)).to_series()


def dates(days: Ints, shown: Bools | None = None) -> pl.Series:
    """Ordinals as dates; NEVER, and rows not ``shown``, are null."""
    visible = days < NEVER if shown is None else (days < NEVER) & shown
    return pl.Series(np.where(visible, days - _EPOCH, 0).astype(np.int32)).cast(pl.Date).set(pl.Series(~visible), None)


def moments(days: Ints, seconds: Floats) -> pl.Series:
    """Ordinals and seconds of the day as local timestamps."""
    whole_seconds = (days - _EPOCH) * 86_400 + seconds.astype(np.int64)
    return pl.Series(whole_seconds * 1_000_000).cast(pl.Datetime("us"))


def words(choices: Sequence[str], index: Ints, shown: Bools | None = None) -> pl.Series:
    """The chosen words, null where not ``shown``."""
    series = pl.Series(choices, dtype=pl.String).gather(pl.Series(index.astype(np.int64)))
    return series if shown is None else series.set(pl.Series(~shown), None)


def numbers(values: Ints, shown: Bools) -> pl.Series:
    """Whole numbers, null where not ``shown``."""
    return pl.Series(values.astype(np.int64)).set(pl.Series(~shown), None)
