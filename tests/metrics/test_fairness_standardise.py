"""Direct standardisation: what the mix explains, what the rates explain."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.core.fairness.standardise import standardised, strata_effects

Cell = tuple[str, str | None, str, int, int]
STRATA = ("category", "channel")


def _frame(cells: list[Cell]) -> pl.DataFrame:
    schema = {
        "region_code": pl.String,
        "category": pl.String,
        "channel": pl.String,
        "numerator": pl.Int64,
        "denominator": pl.Int64,
    }
    return pl.DataFrame(cells, schema=schema, orient="row").with_columns(period=date(2026, 3, 1))


# Each county answers web letters at 90 % and visits at 50 %; the one has visits, the other letters.
SAME_RATES: list[Cell] = [
    ("A", "land", "web", 18, 20),
    ("A", "land", "visit", 40, 80),
    ("B", "land", "web", 72, 80),
    ("B", "land", "visit", 10, 20),
]


def test_a_different_mix_alone_is_no_difference() -> None:
    result = standardised(_frame(SAME_RATES), STRATA)
    assert result["crude"].to_list() == pytest.approx([0.58, 0.82])
    assert result["standardised"].to_list() == pytest.approx([0.7, 0.7])
    assert result["mix_effect"].to_list() == pytest.approx([-0.12, 0.12])
    assert result["rate_effect"].to_list() == pytest.approx([0.0, 0.0])
    assert result["covered"].to_list() == [1.0, 1.0]


def test_simpsons_paradox_is_seen_through() -> None:
    cells: list[Cell] = [
        ("A", "land", "web", 19, 20),
        ("A", "land", "visit", 44, 80),
        ("B", "land", "web", 72, 80),
        ("B", "land", "visit", 10, 20),
    ]
    crude, adjusted = standardised(_frame(cells), STRATA).select("crude", "standardised").get_columns()
    assert crude[0] < crude[1]
    assert adjusted[0] > adjusted[1]


def test_what_a_region_lacks_is_taken_at_the_groups_rate() -> None:
    cells: list[Cell] = [*SAME_RATES, ("C", None, "visit", 9, 10), ("D", "land", "web", 0, 0)]
    result = standardised(_frame(cells), STRATA)
    assert result["region_code"].to_list() == ["A", "B", "C"]
    assert result["covered"].to_list() == pytest.approx([200 / 210, 200 / 210, 10 / 210])
    c = result.row(2, named=True)
    assert c["standardised"] == pytest.approx(c["standard"])
    assert c["mix_effect"] == pytest.approx(c["crude"] - c["standard"])


def test_other_dimensions_and_another_standard() -> None:
    frame = _frame(SAME_RATES).rename({"category": "dispute_type"})
    a, b = (frame.filter(region_code=code) for code in "AB")
    result = standardised(a, ("channel", "dispute_type"), b).row(0, named=True)
    assert result["standard"] == pytest.approx(0.82)
    assert result["standardised"] == pytest.approx(0.82)
    assert result["mix_effect"] == pytest.approx(-0.24)


def test_strata_say_where_it_comes_from() -> None:
    effects = strata_effects(_frame(SAME_RATES), ("channel",))
    visits = effects.filter(region_code="A", channel="visit").row(0, named=True)
    assert visits["mix_effect"] == pytest.approx((0.8 - 0.5) * 0.5)
    assert effects.height == 4


def test_nothing_to_compare() -> None:
    empty = _frame([])
    assert standardised(empty, STRATA).is_empty()
    assert standardised(_frame(SAME_RATES), STRATA, empty).is_empty()
    assert standardised(_frame([("A", "land", "web", 0, 0)]), STRATA).columns == standardised(empty, STRATA).columns


_pairs = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ABC"), st.sampled_from(["land", "labour", None]), st.sampled_from(["web", "visit"])),
        _pairs,
        min_size=1,
    )
)
@settings(deadline=None, max_examples=60)
def test_mix_and_rate_are_the_whole_difference(cells: dict[tuple[str, str | None, str], list[int]]) -> None:
    frame = _frame([(*key, k, n) for key, (k, n) in cells.items()])
    sums = frame.group_by("region_code").agg(pl.col("numerator", "denominator").sum()).filter(pl.col("denominator") > 0)
    result = standardised(frame, STRATA)
    assert result["region_code"].to_list() == sorted(sums["region_code"])
    pooled = Fraction(int(frame["numerator"].sum()), max(int(frame["denominator"].sum()), 1))
    for row in result.iter_rows(named=True):
        k, n = sums.filter(region_code=row["region_code"]).select("numerator", "denominator").row(0)
        assert row["mix_effect"] + row["rate_effect"] == pytest.approx(float(Fraction(k, n) - pooled), abs=1e-12)
        assert row["crude"] - row["standardised"] == pytest.approx(row["mix_effect"], abs=1e-12)
        assert row["lower"] - 1e-9 <= row["standardised"] <= row["upper"] + 1e-9
