"""What a league's figures were counted from, and which law of chance such counts follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.core.model import Metric, Population, Ratio

#: binomial: so many of n; poisson: events among so many residents; mean: a duration averaged over n.
Family = Literal["binomial", "poisson", "mean"]
Array = NDArray[np.float64]


def family_of(metric: Metric) -> Family | None:
    """The law of chance of the metric's figures; None for plain counts, stocks and scores, which have no denominator."""
    kind = metric.kind
    if not isinstance(kind, Ratio):
        return None
    if isinstance(kind.denominator, Population):
        return "poisson"
    return "binomial" if kind.percent else "mean"


@dataclass(frozen=True, eq=False)
class Cases:
    """The counts behind one league, one entry per member, all of equal length and with ``sizes`` above 0.

    ``totals``: numerators; ``sizes``: denominators; ``squares``: Σ days², for means only, else nan.
    """

    family: Family
    totals: Array
    sizes: Array
    squares: Array

    @property
    def members(self) -> int:
        """How many stand side by side."""
        return len(self.totals)

    @property
    def pooled(self) -> float:
        """The group's own value: all numerators over all denominators."""
        return float(self.totals.sum() / self.sizes.sum())

    @property
    def variances(self) -> Array:
        """Of means: each member's variance of a single duration; nan where it has one case only."""
        single = np.where(self.sizes > 1, self.sizes - 1, np.nan)
        # Rounding must not make the variance of equal durations negative.
        return np.maximum((self.squares - self.totals**2 / self.sizes) / single, 0.0)

    @property
    def spread(self) -> tuple[float, float]:
        """Of means: the standard deviation of a single duration within the members, and its degrees of freedom."""
        freedom = float((self.sizes - 1).sum())
        if freedom <= 0:
            return float("nan"), float("nan")
        return float(np.sqrt(np.nansum(self.variances * (self.sizes - 1)) / freedom)), freedom


def cases_of(frame: pl.DataFrame, family: Family) -> Cases:
    """The counts of rows that passed ``countable``."""
    squares = frame["squares"] if family == "mean" else pl.Series([None] * frame.height, dtype=pl.Float64)
    return Cases(family, *(_floats(column) for column in (frame["numerator"], frame["denominator"], squares)))


def countable(frame: pl.DataFrame, family: Family) -> pl.DataFrame:
    """The rows with counts that the law of chance can have brought forth; means need their squares."""
    total, size = pl.col("numerator"), pl.col("denominator")
    possible = pl.col("state").is_in(["ok", "small_n"]) & (size > 0) & total.is_not_null()
    if family == "binomial":
        possible &= total.is_between(0, size)
    elif family == "poisson":
        possible &= total >= 0
    elif "squares" in frame.columns:
        possible &= pl.col("squares").is_not_null()
    else:
        return frame.clear()
    return frame.filter(possible)


def _floats(column: pl.Series) -> Array:
    return column.cast(pl.Float64).to_numpy().astype(np.float64)
