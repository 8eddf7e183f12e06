"""Whether printed figures agree with each other: sums of parts, rates with their numerators, shares with their whole.

For figures that stand in a report or a source, not for those computed here, which cannot disagree. Everything is exact
(fractions, no floats). A printed percentage is a text such as "64%" or "+21.6%"; it is compatible with whatever rounds to
it at its own digits, the half itself included on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor

_PERCENT = re.compile(r"([+\-−]?)(\d+(?:\.(\d+))?)\s*[%％]?")


@dataclass(frozen=True)
class Finding:
    """What one comparison found. ``stated``: as printed; ``computed``: from the other figures."""

    what: str
    stated: str
    computed: str
    holds: bool

    @property
    def sentence(self) -> str:
        """For the panel that shows it."""
        verdict = "相符" if self.holds else "不符"
        return f"{self.what}：印作{self.stated}，据其分项为{self.computed}，{verdict}。"


@dataclass(frozen=True)
class Printed:
    """A printed percentage: everything from ``lowest`` to ``highest`` (fractions, 1 is 100 %) prints as it."""

    text: str
    value: Fraction
    digits: int

    @property
    def half(self) -> Fraction:
        """Half of the last digit."""
        return Fraction(1, 2 * 100 * 10**self.digits)

    @property
    def lowest(self) -> Fraction:
        return self.value - self.half

    @property
    def highest(self) -> Fraction:
        return self.value + self.half

    def fits(self, exact: Fraction) -> bool:
        """Whether ``exact`` may be printed so."""
        return self.lowest <= exact <= self.highest

    def like(self, exact: Fraction) -> str:
        """``exact`` printed with the same digits, with one more where it does not fit."""
        return percent(exact, self.digits if self.fits(exact) else self.digits + 1)


def printed(text: str) -> Printed:
    """A percentage as it is printed; the sign % may be missing. Raises ValueError for what is none."""
    found = _PERCENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no printed percentage")
    sign, number, decimals = found.groups()
    value = Fraction(number) / 100 * (-1 if sign in ("-", "−") else 1)
    return Printed(text, value, len(decimals or ""))


def percent(exact: Fraction, digits: int) -> str:
    """The fraction as a percentage, rounded half up (away from zero) as people do."""
    places = Decimal(1).scaleb(-digits)
    hundredfold = Decimal(exact.numerator * 100) / Decimal(exact.denominator)
    return f"{hundredfold.quantize(places, ROUND_HALF_UP)}%"


def part_sum(what: str, total: int, parts: Iterable[int]) -> Finding:
    """The parts add up to the total."""
    added = sum(parts)
    return Finding(what, str(total), str(added), added == total)


def part_count(what: str, claimed: int, items: Sequence[str]) -> Finding:
    """As many items are listed as are claimed: 六无 lists six."""
    return Finding(what, str(claimed), str(len(items)), claimed == len(items))


def rate(what: str, text: str, numerator: int, denominator: int) -> Finding:
    """The printed rate is that of numerator and denominator. Raises ZeroDivisionError: of nothing there is no rate."""
    claim, exact = printed(text), Fraction(numerator, denominator)
    return Finding(what, text, claim.like(exact), claim.fits(exact))


def change(what: str, text: str, before: int, after: int) -> Finding:
    """The printed change is that from ``before`` to ``after``. Raises ZeroDivisionError: from nothing there is none."""
    claim, exact = printed(text), Fraction(after, before) - 1
    sign = "+" if exact > 0 else ""
    return Finding(what, text, f"{sign}{claim.like(exact)}", claim.fits(exact))


def numerators(text: str, denominator: int) -> range:
    """The whole numbers whose share of ``denominator`` prints as ``text``; empty where none does."""
    claim = printed(text)
    return range(ceil(claim.lowest * denominator), floor(claim.highest * denominator) + 1)


def counts_after(text: str, before: int) -> range:
    """The whole numbers that a count of ``before`` may have become, if ``text`` is the printed change; empty: none."""
    claim = printed(text)
    return range(ceil((1 + claim.lowest) * before), floor((1 + claim.highest) * before) + 1)


def at_least(text: str, denominator: int) -> int:
    """The least number that is ``text`` of ``denominator`` or more: what a target means in villages."""
    return ceil(printed(text).value * denominator)


def change_of_multiple(multiple: str) -> Fraction:
    """What a change "是…的 6.3 倍" (is 6.3 times) is as an increase: 5.3, that is +530 %, not +630 %."""
    return Fraction(multiple) - 1


def shares_within_whole(what: str, shares: Sequence[str]) -> Finding:
    """The printed shares of one whole are at most 100 % together, allowing for the rounding of each."""
    claims = [printed(share) for share in shares]
    total = sum((claim.value for claim in claims), Fraction(0))
    slack = sum((claim.half for claim in claims), Fraction(0))
    digits = max((claim.digits for claim in claims), default=0)
    return Finding(what, "≤100%", percent(total, digits), total - slack <= 1)


def shares_of_denominator(what: str, shares: Sequence[str], denominator: int) -> Finding:
    """Each printed share is that of some whole number in ``denominator``; ``computed`` names those that are not."""
    impossible = [share for share in shares if not numerators(share, denominator)]
    said = "各项都有对应件数" if not impossible else f"{'、'.join(impossible)}没有对应件数"
    return Finding(what, f"各占{denominator}", said, not impossible)


def denominators(shares: Sequence[str], highest: int) -> list[int]:
    """The wholes up to ``highest`` of which every printed share is that of a whole number."""
    return [whole for whole in range(1, highest + 1) if all(numerators(share, whole) for share in shares)]
