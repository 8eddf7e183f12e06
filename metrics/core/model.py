"""What a metric is: one of four kinds, declared once with everything that a reader must know of it.

A metric may only count what a Total adds up. Totals roll up first; the division comes last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from data_access.facts import Fact

Polarity = Literal["more", "less", "neutral"]
POLARITY_LABELS: Mapping[Polarity, str] = {"more": "越高越好", "less": "越低越好", "neutral": "中性"}


# How Polars prints an expression, turned into what a reader writes.
_READABLE = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r'col\("(\w+)"\)', r"\1"),
        (r'"([^"]*)"', r"\1"),
        (r"\[?\((\w+)\) == \((\w+)\)\]?", r"\1 = \2"),
        (r"\[?\((\w+)\) != \((\w+)\)\]?", r"\1 ≠ \2"),
        (r"(\w+)\.is_not_null\(\)", r"\1 非空"),
        (r"(\w+)\.is_in\W*([\w, ]+)\W*\)", r"\1 属于 \2"),
        (r" & ", " 且 "),
        (r" \| ", " 或 "),
        (r"[\[\]()]", ""),
    )
)


@dataclass(frozen=True, eq=False)
class Total:
    """Add up ``measure`` of ``fact`` over the rows that fulfil ``where``, an expression over the fact's dimensions."""

    fact: Fact
    measure: str
    where: pl.Expr | None = None

    def __post_init__(self) -> None:
        unknown = self.where_dimensions - set(self.fact.dimension_names)
        if unknown or self.measure not in self.fact.measure_names:
            raise ValueError(f"{self.fact.name} has no {unknown or self.measure}")

    @property
    def where_dimensions(self) -> frozenset[str]:
        """The dimensions that the condition reads."""
        return frozenset(self.where.meta.root_names()) if self.where is not None else frozenset()

    @property
    def condition(self) -> str:
        """The condition as a reader writes it: ``channel = visit 且 persons = group``; empty without one."""
        text = "" if self.where is None else str(self.where)
        for pattern, words in _READABLE:
            text = pattern.sub(words, text)
        return text


@dataclass(frozen=True, eq=False)
class Stock:
    """What had entered and not left at the end of a bucket's last day; without ``left`` all that ever entered.

    A figure by itself, or a part of a ratio of stocks.
    """

    entered: Total
    left: Total | None = None


Part = Total | Stock


@dataclass(frozen=True, eq=False)
class Count:
    """One Total. ``divisor`` turns the summed unit into the shown one (100 for points kept as hundredths)."""

    total: Total
    divisor: int = 1


@dataclass(frozen=True, eq=False)
class Population:
    """The region's own number of residents, the denominator of figures per 10,000."""


@dataclass(frozen=True, eq=False)
class Ratio:
    """Parts over parts, or over the population; ``scale`` 10,000 for figures per 10,000 residents.

    ``percent``: shown as a percentage. Without it the value carries the metric's own unit.
    """

    numerator: tuple[Part, ...]
    denominator: tuple[Part, ...] | Population
    scale: int = 1
    percent: bool = True


@dataclass(frozen=True, eq=False)
class Score:
    """A weighted score 0–100 from the scheme of that name in config/assessment."""

    scheme: str


Kind = Count | Ratio | Stock | Score


@dataclass(frozen=True)
class WorkedExample:
    """A little table in, figures out: a test and a piece of documentation at once.

    ``tables``: contract table → aligned text, a header line and one line a row, columns parted by two spaces or more, ``-``
    for null; a column ``times`` stands for that many equal rows. Only the columns that matter stand there: the rest is
    filled with harmless defaults, and a row without a region_code happens in a township of a county of a root of 40,000
    residents (orders and deductions in the county, each row of village_status in a village of its own). Asked is the
    root, all days ``first`` … ``last`` in one. ``numerator`` and ``denominator`` as they are summed, both None for a
    score; ``value`` None: undefined.
    """

    tables: Mapping[str, str]
    first: str
    last: str
    numerator: int | None
    denominator: int | None
    value: float | None


@dataclass(frozen=True, eq=False)
class Metric:
    """One figure: what is counted and what a reader must know. ``definition`` is the 口径 in one sentence."""

    key: str
    label: str
    unit: str
    polarity: Polarity
    kind: Kind
    definition: str
    why: str
    caution: str
    source: str
    example: WorkedExample | None
    dimensions: tuple[str, ...] = ()
    finest_level: int = 1
    root_only: bool = False
    owner: str = "信访联席会议办公室"
    version: int = 1
    since: str = "2026-01"
    decimals: int = field(default=0)

    @property
    def percent(self) -> bool:
        """Whether the value is a fraction that the screen shows as a percentage."""
        return isinstance(self.kind, Ratio) and self.kind.percent

    def measured_at(self, level: int, root_level: int) -> bool:
        """Whether the source records it at that level: pages offer no other, an export answers literally."""
        return level == root_level if self.root_only else level >= self.finest_level

    @property
    def additive(self) -> bool:
        """Whether children add up to their parent."""
        return isinstance(self.kind, Count | Stock)
