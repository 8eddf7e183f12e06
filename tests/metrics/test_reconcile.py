"""What the reconciliation says of figures that fit and that do not; the published ones are in test_published_figures."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.core import reconcile


@pytest.mark.parametrize(
    ("text", "value", "digits"),
    [
        ("64%", Fraction(64, 100), 0),
        ("62.80％", Fraction(628, 1000), 2),
        ("+21.6%", Fraction(216, 1000), 1),
        ("−59.8 %", Fraction(-598, 1000), 1),
        ("-0.5", Fraction(-5, 1000), 1),
    ],
)
def test_printed_percentages(text: str, value: Fraction, digits: int) -> None:
    claim = reconcile.printed(text)
    assert (claim.value, claim.digits) == (value, digits)


@pytest.mark.parametrize("text", ["", "七成以上", "6.3倍", "1/3", "5.%", "--5%"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(ValueError, match="no printed percentage"):
        reconcile.printed(text)


@pytest.mark.parametrize(
    ("text", "numerator", "denominator", "holds"),
    [
        ("50%", 1, 2, True),
        ("12.5%", 1, 8, True),
        ("12%", 1, 8, True),  # a half may have been rounded either way
        ("13%", 1, 8, True),
        ("14%", 1, 8, False),
        ("33.33%", 1, 3, True),
        ("33.34%", 1, 3, False),
        ("0%", 0, 5, True),
        ("100%", 279, 279, True),
        ("100%", 278, 279, True),
        ("100.0%", 278, 279, False),
    ],
)
def test_rates(text: str, numerator: int, denominator: int, holds: bool) -> None:
    assert reconcile.rate("x", text, numerator, denominator).holds is holds


def test_of_nothing_there_is_no_rate() -> None:
    with pytest.raises(ZeroDivisionError):
        reconcile.rate("x", "0%", 0, 0)


@given(st.integers(1, 3000), st.integers(0, 3000), st.integers(0, 3))
def test_what_we_print_ourselves_always_fits(denominator: int, numerator: int, digits: int) -> None:
    numerator = min(numerator, denominator)
    text = reconcile.percent(Fraction(numerator, denominator), digits)
    assert reconcile.rate("x", text, numerator, denominator).holds
    assert numerator in reconcile.numerators(text, denominator)
    assert denominator in reconcile.denominators([text], denominator)


def test_sums_and_shares() -> None:
    assert reconcile.part_sum("来访、来信、网上", 143, (95, 19, 29)).holds
    assert not reconcile.part_sum("按受理层级", 143, (138,)).holds
    assert reconcile.shares_within_whole("x", ["33.4%", "33.3%", "33.4%"]).holds, "each may have been rounded up"
    assert not reconcile.shares_within_whole("x", ["33.5%", "33.3%", "33.4%"]).holds
    assert reconcile.shares_within_whole("x", []).holds


def test_the_sentence_says_both_figures() -> None:
    assert reconcile.rate("诉调成功率", "64%", 1245, 1983).sentence == "诉调成功率：印作64%，据其分项为62.8%，不符。"
    assert reconcile.rate("行调成功率", "100%", 279, 279).sentence == "行调成功率：印作100%，据其分项为100%，相符。"
