"""How many cases are missing from a target: exact, and by the month that the period ends in."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.core.compare import ComparisonTable, Target
from metrics.core.period import Period
from metrics.shortfall import aim_of, missing, standing

TABLE = ComparisonTable(
    targets=(
        Target(metric="share", first=date(2023, 1, 1), last=date(2023, 12, 31), value=0.85),
        Target(metric="share", first=date(2024, 1, 1), last=date(2030, 12, 31), value=0.9),
        Target(metric="share", region="430281000000", first=date(2024, 1, 1), last=date(2030, 12, 31), value=0.95),
    )
)


@pytest.mark.parametrize(
    ("numerator", "denominator", "aim", "cases"),
    [
        (247, 260, 0.95, 0),  # 0.95 × 260 is 247 exactly; as binary numbers it may be a little more
        (246, 260, 0.95, 1),
        (131, 139, 0.95, 2),  # 132.05 villages are 133
        (0, 100, 0.07, 7),  # 0.07 × 100 is 7.000000000000001 as binary numbers
        (100, 100, 0.95, -5),
        (0, 0, 0.95, 0),
    ],
)
def test_missing_cases_are_whole_and_exact(numerator: int, denominator: int, aim: float, cases: int) -> None:
    assert missing(numerator, denominator, aim) == cases


@pytest.mark.parametrize("denominator", range(1, 200))
def test_what_is_missing_is_just_enough(denominator: int) -> None:
    for aim in (0.85, 0.9, 0.95):
        needed = missing(0, denominator, aim)
        assert needed * 100 >= round(aim * 100) * denominator > (needed - 1) * 100


@pytest.mark.parametrize(
    ("numerator", "denominator", "stands"),
    [(95, 100, "reached"), (94, 100, "near"), (90, 100, "near"), (89, 100, "below"), (18, 20, "near")],
)
def test_standing_has_closed_borders(numerator: int, denominator: int, stands: str) -> None:
    assert standing(numerator, denominator, 0.95) == stands


def test_the_target_is_that_of_the_last_day_and_a_change_within_the_period_is_told() -> None:
    def aimed(first: date, last: date, region: str = "430200000000") -> tuple[float | None, bool]:
        aim, moved = aim_of("share", region, Period.inclusive(first, last), TABLE)
        return None if aim is None else aim.value, moved

    assert aimed(date(2024, 1, 1), date(2024, 1, 31)) == (0.9, False)
    assert aimed(date(2023, 11, 1), date(2024, 2, 29)) == (0.9, True)
    assert aimed(date(2024, 1, 1), date(2024, 1, 31), "430281000000") == (0.95, False)
    assert aimed(date(2022, 1, 1), date(2022, 1, 31)) == (None, False)
    assert aimed(date(2022, 12, 1), date(2023, 1, 31)) == (0.85, True)
