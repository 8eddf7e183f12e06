"""要情: which of all that is watched deserves a sentence, in order of weight, and where the excess lies.

A finding is a fact of one place and some days, never a cause. Its weight is how surprising it is: −log₁₀ of the chance of
something as far out or farther, so that a gap of a feed, a burst of visits and a rate beyond its funnel stand in one order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import polars as pl

from metrics.core.band import TAIL
from metrics.core.period import DAY, Period
from metrics.core.query import FilterValue
from metrics.core.signal import Verdict
from metrics.core.tails import chance_of_at_least, chance_of_at_most

Where = tuple[tuple[str, tuple[FilterValue, ...]], ...]
Related = Callable[[str, str], bool]
#: A part of a finding below this many is not named: of so few in so small a cell nothing is said.
FLOOR = 5
#: A stock has moved when it moved by more than in 19 of 20 windows of the same weekdays in the year before.
_USUAL_MOVE = 0.05
_FEWEST_WINDOWS = 20
# Half an event among the twelve comparable days of a band: none so far is not none ever.
_HALF = 0.5 / 12
_FARTHEST = 300.0


#: The bands of no series at all.
NOTHING_JUDGED = pl.DataFrame(
    schema={
        "region_code": pl.String,
        "day": pl.Date,
        **dict.fromkeys(("value", "expected", "lower", "upper", "dispersion"), pl.Float64),
        **dict.fromkeys(("sum_28", "expected_28", "lower_28", "upper_28"), pl.Float64),
        "rule": pl.String,
        "verdict": pl.String,
        "series": pl.Int64,
    }
)


class Kind(StrEnum):
    """What a finding says: above or below the expected band, a feed that stopped, a stock that moved, a rate that left the
    range of the others, orders that fell overdue."""

    high = "high"
    low = "low"
    gap = "gap"
    moved = "moved"
    rate = "rate"
    orders = "orders"


@dataclass(frozen=True)
class Watched:
    """A daily count watched in every place. ``name``: as a sentence calls it; ``family``: the series that one event shows in
    together, of which only the most surprising gets a sentence; ``where``: the filter that makes it of its metric."""

    metric: str
    name: str
    family: str
    where: Where = ()


@dataclass(frozen=True)
class Finding:
    """One fact. ``first`` … ``last``: the days of ``value``; ``limit``: what it crossed, of a stock what it was before.

    ``days``: how many days of the window lie outside on the same side, ``total`` what they brought together. ``lasting``: it
    was outside before the window already. ``beside``: what is told with it, most surprising first. Rates also carry their
    counts and the pooled rate as ``expected``.
    """

    kind: Kind
    metric: str
    name: str
    family: str
    region: str
    first: date
    last: date
    value: float
    limit: float | None
    expected: float | None
    weight: float
    where: Where = ()
    days: int = 1
    total: float = 0.0
    lasting: bool = False
    numerator: int | None = None
    denominator: int | None = None
    beside: tuple[Finding, ...] = field(default=())

    @property
    def up(self) -> bool:
        """Whether it lies above what it is held against."""
        if self.kind in (Kind.high, Kind.orders):
            return True
        return self.kind in (Kind.moved, Kind.rate) and self.value > (self.limit or 0.0)


@dataclass(frozen=True)
class Story:
    """``told``: the findings with a sentence; ``more``: how many have none for want of room. Of series, each one place:
    ``usual`` in their range on all days, ``one_sided`` of these so few a day that only an excess can be seen, ``unjudged``
    without enough comparable days. ``standing``: the rates that lay outside before already, farthest out first."""

    told: tuple[Finding, ...]
    more: int
    usual: int
    one_sided: int
    unjudged: int
    standing: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Part:
    """The part of a finding that holds most of what is unexpected. ``share`` of the excess, above 1 where others fell."""

    code: str | None
    value: float
    expected: float
    share: float


@dataclass(frozen=True)
class Counted:
    """How many series, each one place, were looked at, and with which result."""

    usual: int
    one_sided: int
    unjudged: int


# What lies outside its band ---------------------------------------------------------------------------------------------


def outside(judged: pl.DataFrame, window: Period, watched: Sequence[Watched]) -> list[Finding]:
    """The series that lie outside their bands on days of the window, a finding for each series, place and side.

    ``judged``: daily ``bands`` with region_code and ``series``, the place in ``watched``; days before the window tell what
    lasts. Days with the verdict ``gap`` are not counted here.
    """
    rows = judged.filter(pl.col("verdict").is_in([Verdict.high.value, Verdict.low.value])).sort("day")
    sides = rows.partition_by("series", "region_code", "verdict", as_dict=True, maintain_order=True)
    found = [_outside(part.rows(named=True), window, watched[int(key[0])]) for key, part in sides.items()]
    return [finding for finding in found if finding is not None]


def _outside(rows: Sequence[Mapping[str, Any]], window: Period, series: Watched) -> Finding | None:
    within = [row for row in rows if window.start <= row["day"] < window.stop]
    if not within:
        return None
    daily = [row for row in within if row["rule"] == "day"]
    if not daily:
        before = {row["day"] for row in rows if row["rule"] == "28_days"}
        return _of_28_days(within[-1], series, lasting=window.start - DAY in before)
    worst = max(daily, key=lambda row: (_surprise(row), row["day"]))
    limit = worst["upper"] if worst["verdict"] == Verdict.high else worst["lower"]
    return Finding(
        **_named(worst, series),
        first=worst["day"],
        last=worst["day"],
        value=worst["value"],
        limit=limit,
        expected=worst["expected"],
        weight=_surprise(worst),
        days=len(daily),
        total=sum(row["value"] for row in daily),
    )


def _of_28_days(row: Mapping[str, Any], series: Watched, *, lasting: bool) -> Finding:
    limit = row["upper_28"] if row["verdict"] == Verdict.high else row["lower_28"]
    weight = _by_reach(row["sum_28"], row["expected_28"], limit)
    return Finding(
        **_named(row, series),
        first=row["day"] - 27 * DAY,
        last=row["day"],
        value=row["sum_28"],
        limit=limit,
        expected=row["expected_28"],
        weight=weight,
        total=row["sum_28"],
        lasting=lasting,
    )


def _named(row: Mapping[str, Any], series: Watched) -> dict[str, Any]:
    return {
        "kind": Kind(row["verdict"]),
        "metric": series.metric,
        "name": series.name,
        "family": series.family,
        "region": row["region_code"],
        "where": series.where,
    }


def _surprise(row: Mapping[str, Any]) -> float:
    mean, spread = np.array([row["expected"] + _HALF]), np.array([row["dispersion"]])
    value = np.array([row["value"]])
    tail = chance_of_at_least if row["verdict"] == Verdict.high else chance_of_at_most
    return _log(float(tail(value, mean, spread)[0]))


def _by_reach(value: float, centre: float, limit: float) -> float:
    """The surprise of a value that lies so many times as far from its centre as the limit of the 99.8 % range does."""
    from scipy.special import log_ndtr, ndtri

    reach = (value - centre) / ((limit - centre) or math.copysign(1e-9, value - centre))
    return min(float(-log_ndtr(ndtri(TAIL) * max(reach, 1.0)) / math.log(10)), _FARTHEST)


def _log(chance: float) -> float:
    return min(-math.log10(max(chance, 10**-_FARTHEST)), _FARTHEST)


def counted(judged: pl.DataFrame, window: Period) -> Counted:
    """How many series of ``judged`` were usual on all days of the window, and how many could not be judged on any."""
    rows = judged.filter(pl.col("day").is_between(window.start, window.stop, closed="left"))
    no_fall = (pl.col("lower").fill_null(0) == 0) & (pl.col("lower_28").fill_null(0) == 0)
    by_series = rows.group_by("series", "region_code").agg(
        usual=pl.col("verdict").is_in([Verdict.usual.value, Verdict.too_few.value]).all(),
        unjudged=(pl.col("verdict") == Verdict.too_few).all(),
        one_sided=no_fall.all(),
    )
    usual = by_series.filter("usual", ~pl.col("unjudged"))
    return Counted(usual.height, usual.filter("one_sided").height, by_series.filter("unjudged").height)


# Feeds, stocks, rates, orders -------------------------------------------------------------------------------------------


def stopped(gaps: pl.DataFrame, window: Period, metric: str, family: str) -> list[Finding]:
    """The gaps of ``possible_gaps`` that reach into the window."""
    return [
        Finding(
            Kind.gap,
            metric,
            "",
            family,
            row["region_code"],
            row["first"],
            row["last"],
            row["value"],
            None,
            row["expected"],
            _log(row["chance"]),
            days=(row["last"] - row["first"]).days + 1,
            total=row["value"],
        )
        for row in gaps.iter_rows(named=True)
        if row["last"] >= window.start and row["first"] < window.stop
    ]


def moved(stock: pl.DataFrame, window: Period, metric: str, name: str, region: str) -> Finding | None:
    """The stock's move over the window, when few windows of the same weekdays in the year before moved as far that way.

    ``stock``: day, value, a year and more up to the window's last day. None for too short a history and for a usual move.
    """
    values = dict(stock.select("day", "value").iter_rows())
    before, now = values.get(window.start - DAY), values.get(window.last)
    if before is None or now is None or before == now:
        return None
    past = _past_moves(values, window)
    farther = sum(1 for move in past if (move >= now - before if now > before else move <= now - before))
    chance = (farther + 1) / (len(past) + 1)
    if len(past) < _FEWEST_WINDOWS or chance > _USUAL_MOVE:
        return None
    return Finding(
        Kind.moved, metric, name, metric, region, window.start, window.last, now, before, None, _log(chance),
        days=window.days, total=now - before,
    )  # fmt: skip


def _past_moves(values: Mapping[date, float], window: Period) -> list[float]:
    """How far the stock moved in the 52 windows before that end on the same weekday."""
    spans = [window.shifted_days(-7 * weeks) for weeks in range(1, 53)]
    return [
        values[span.last] - values[span.start - DAY]
        for span in spans
        if span.last in values and span.start - DAY in values
    ]


def crossed(
    now: pl.DataFrame, earlier: Sequence[pl.DataFrame], period: Period, name: str
) -> tuple[list[Finding], list[Finding]]:
    """Rates that left the range of the others, and those that lay outside on the same side in any ``earlier`` league already.

    ``now`` and ``earlier``: one metric's leagues (``judged``) by region_code, ``now`` of ``period``.
    """
    before = {pair for league in earlier for pair in league.select("region_code", "band").iter_rows()}
    new: list[Finding] = []
    standing: list[Finding] = []
    for row in now.filter(pl.col("band").is_in(["above", "below"])).iter_rows(named=True):
        known = (row["region_code"], row["band"]) in before
        (standing if known else new).append(_crossed(row, period, name))
    return new, standing


def _crossed(row: Mapping[str, Any], period: Period, name: str) -> Finding:
    limit = row["outer_upper"] if row["band"] == "above" else row["outer_lower"]
    weight = _by_reach(row["value"], row["centre"], limit)
    return Finding(
        Kind.rate, row["metric"], name, row["metric"], row["region_code"], period.start, period.last,
        row["value"], limit, row["centre"], weight,
        numerator=row["numerator"], denominator=row["denominator"],
    )  # fmt: skip


def fell_overdue(orders: pl.DataFrame, window: Period) -> pl.DataFrame:
    """The rows that fell overdue on days of the window and are still open at its end; ``orders``: rows of the register."""
    fell = pl.col("due_on").is_between(window.start - DAY, window.last - DAY)
    still = pl.col("closed_on").is_null() | (pl.col("closed_on") > window.last)
    return orders.filter(fell, still)


def fallen_overdue(orders: pl.DataFrame, window: Period, region: str, metric: str, name: str) -> Finding | None:
    """How many fell overdue, None for none. Its weight is that of a mere reminder: the list beside shows them one by one."""
    new = float(fell_overdue(orders, window).height)
    if not new:
        return None
    return Finding(
        Kind.orders, metric, name, metric, region, window.start, window.last, new, None, None, 1.0,
        days=window.days, total=new,
    )  # fmt: skip


# The story --------------------------------------------------------------------------------------------------------------


def story(
    findings: Iterable[Finding], looked_at: Counted, related: Related, most: int, standing: Sequence[Finding] = ()
) -> Story:
    """The findings in order of weight, at most ``most`` of them, what one event shows in several series told once.

    ``related``: whether one region lies in the other, or is it.
    """
    kept: list[Finding] = []
    for finding in sorted(findings, key=_order):
        place = next((n for n, other in enumerate(kept) if _same_event(finding, other, related)), None)
        if place is None:
            kept.append(finding)
        else:
            kept[place] = replace(kept[place], beside=(*kept[place].beside, finding))
    told = tuple(kept[:most])
    known = tuple(sorted(standing, key=_order))
    return Story(told, len(kept) - len(told), looked_at.usual, looked_at.one_sided, looked_at.unjudged, known)


def _order(finding: Finding) -> tuple[bool, float, str, str, str]:
    # What the last meeting saw already comes after what it did not.
    return (finding.lasting, -finding.weight, finding.region, finding.metric, str(finding.where))


def _same_event(finding: Finding, other: Finding, related: Related) -> bool:
    downward = {Kind.low, Kind.gap}
    alike = finding.kind is other.kind or {finding.kind, other.kind} <= downward
    overlap = finding.first <= other.last and other.first <= finding.last
    banded = finding.kind in (Kind.high, Kind.low, Kind.gap)
    return banded and alike and overlap and finding.family == other.family and related(finding.region, other.region)


def concentration(parts: pl.DataFrame, key: str, finding: Finding) -> Part | None:
    """The part that holds most of a finding's excess; None where no part reaches the floor, or nothing is in excess.

    ``parts``: ``bands`` of the finding's last day, one row for each code of ``key``.
    """
    names = ("value", "expected") if finding.first == finding.last else ("sum_28", "expected_28")
    excess = finding.value - (finding.expected or 0.0)
    if finding.kind is not Kind.high or excess <= 0:
        return None
    rows = parts.select(key, value=pl.col(names[0]), expected=pl.col(names[1]).fill_null(0.0))
    large = rows.filter(pl.col("value") >= FLOOR, pl.col("value") > pl.col("expected"))
    if large.is_empty():
        return None
    order = large.with_columns(more=pl.col("value") - pl.col("expected")).sort("more", key, descending=[True, False])
    code, value, expected, more = order.row(0)
    return Part(code, value, expected, more / excess)
