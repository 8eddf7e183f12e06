"""How often fair judgement is wrong, and how often right, beside a naive ranking: simulated months of ten counties.

``python -m bench.fairness [PERIODS]`` prints the tables of docs/fairness.md; the tests hold the same functions to account.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from metrics.core.fairness.cases import Array, Cases, Family
from metrics.core.fairness.funnel import OUTER, count_limits, side
from metrics.core.fairness.ranks import rank_ranges

#: Residents of the ten counties of the reference city of 4.0 million, largest first.
POPULATIONS: Array = np.array([82, 66, 55, 48, 41, 34, 28, 22, 14, 10], dtype=np.float64) * 10_000
#: Visits to the capital: 0.5 per 10,000 residents and year.
NATIONAL_VISITS_BY_MONTH = 0.5 / 10_000 / 12
SEED = 20261121
#: The county whose rate is changed, or whose size the tables name: 340,000 residents.
MIDDLE = 5
Flags = NDArray[np.bool_]


def sizes(middle: int) -> Array:
    """Cases of the ten counties, by their populations, where the middle one has ``middle``."""
    cases: Array = np.round(POPULATIONS / POPULATIONS[MIDDLE] * middle)
    return cases


def months_of_rates(truth: Array | float, cases: Array, periods: int) -> Array:
    """Successes, periods × counties, when each county's true rate is ``truth``."""
    generator = np.random.default_rng(SEED)
    return generator.binomial(cases.astype(np.int64), truth, (periods, len(cases))).astype(np.float64)


def months_of_visits(periods: int, truth: Array | float = NATIONAL_VISITS_BY_MONTH) -> Array:
    """Visits, months × counties, at true rates by head; by default to the capital and the same everywhere."""
    generator = np.random.default_rng(SEED)
    return generator.poisson(POPULATIONS * truth, (periods, len(POPULATIONS))).astype(np.float64)


def outside(family: Family, totals: Array, cases: Array) -> tuple[Flags, Flags]:
    """Below and above the exact 99.8 % limits round each period's pooled value, periods × counties."""
    pooled = totals.sum(axis=1, keepdims=True) / cases.sum()
    lower, upper = count_limits(family, pooled, np.broadcast_to(cases, totals.shape), OUTER)
    return totals / cases < lower, totals / cases > upper


def naive_worst(totals: Array, cases: Array) -> Array:
    """Share of the periods in which each county has the highest figure."""
    worst = (totals / cases).argmax(axis=1)
    return np.bincount(worst, minlength=len(cases)) / len(totals)


def sure_worst(family: Family, totals: Array, cases: Array, more_is_better: bool) -> float:
    """Share of the periods in which the range of places leaves any county the last place alone."""
    found = 0
    for row in totals:
        low, _ = rank_ranges(Cases(family, row, cases, np.full(len(row), np.nan)), more_is_better)
        found += bool((low == len(row)).any())
    return found / len(totals)


def any_called(flags: Flags) -> float:
    """Share of the periods in which any county is."""
    return float(flags.any(axis=1).mean())


def detection(base: float, points: float, periods: int) -> tuple[float, float]:
    """How often the middle county, n = 300 and truly ``points`` lower, is called below; how often any other is."""
    cases = sizes(300)
    truth = np.full(len(cases), base)
    truth[MIDDLE] -= points
    below, _ = outside("binomial", months_of_rates(truth, cases, periods), cases)
    return float(below[:, MIDDLE].mean()), any_called(np.delete(below, MIDDLE, axis=1))


def detection_by_head(rate: float, times: float, periods: int) -> tuple[float, float]:
    """How often the middle county is called above, when it truly has ``times`` the others' rate by head; any other."""
    truth = np.full(len(POPULATIONS), rate)
    truth[MIDDLE] *= times
    _, above = outside("poisson", months_of_visits(periods, truth), POPULATIONS)
    return float(above[:, MIDDLE].mean()), any_called(np.delete(above, MIDDLE, axis=1))


def mean_days_called(middle: int, shape: float, periods: int) -> tuple[float, float]:
    """Share of periods with any county below, above, when durations are Gamma(``shape``) of 20 days everywhere."""
    generator = np.random.default_rng(SEED)
    cases = sizes(middle)
    first = np.concatenate([[0], np.cumsum(cases)[:-1]]).astype(np.int64)
    below = above = 0
    for _ in range(periods):
        days = np.round(generator.gamma(shape, 20 / shape, int(cases.sum())))
        totals, squares = np.add.reduceat(days, first), np.add.reduceat(days**2, first)
        sides = side(Cases("mean", totals, cases, squares))
        below, above = below + bool((sides < 0).any()), above + bool((sides > 0).any())
    return below / periods, above / periods


def rank_coverage(base: float, deviation: float, middle: int, periods: int) -> tuple[float, float]:
    """Share of true places inside the ranges, and the ranges' mean width in places, at rates that truly differ."""
    generator = np.random.default_rng(SEED)
    strength = base * (1 - base) / deviation**2 - 1
    cases = sizes(middle)
    inside, width = [], []
    for _ in range(periods):
        truth = generator.beta(base * strength, (1 - base) * strength, len(cases))
        place = np.argsort(np.argsort(-truth)) + 1
        totals = generator.binomial(cases.astype(np.int64), truth).astype(np.float64)
        low, high = rank_ranges(Cases("binomial", totals, cases, np.full(len(cases), np.nan)), more_is_better=True)
        inside.append(((low <= place) & (place <= high)).mean())
        width.append((high - low + 1).mean())
    return float(np.mean(inside)), float(np.mean(width))


def report(periods: int) -> Iterator[str]:
    """The Markdown tables, line by line. ``periods``: how many months each figure of the counts rests on."""
    yield from _visits(periods)
    yield from _equal_rates(periods)
    yield from _lower_county(periods)
    yield from _busier_county(periods)
    yield from _equal_means(max(periods // 10, 1))
    yield from _ranges(max(periods // 40, 1))


def _visits(periods: int) -> Iterator[str]:
    totals = months_of_visits(periods)
    below, above = outside("poisson", totals, POPULATIONS)
    sample = max(periods // 40, 1)
    yield f"## Identical true rates: visits to the capital, 0.5 per 10,000 and year, {periods} months"
    yield ""
    yield from _head("county (10,000 residents)", "naive: worst by rate", "ours: above (worse)", "ours: below (better)")
    for index, share in enumerate(naive_worst(totals, POPULATIONS)):
        called = above[:, index].mean(), below[:, index].mean()
        yield _line(f"{POPULATIONS[index] / 10_000:.0f}", *(_percent(value) for value in (share, *called)))
    yield _line("any of the ten", "100 %", _percent(any_called(above)), _percent(any_called(below)))
    yield ""
    alone = sure_worst("poisson", totals[:sample], POPULATIONS, more_is_better=False)
    yield f"A range of places that leaves a county the last place alone: {_percent(alone)} of {sample} months."
    yield ""


def _equal_rates(periods: int) -> Iterator[str]:
    yield f"## Identical true rates: how often any of ten counties is called, {periods} periods"
    yield ""
    yield from _head("true rate", "n of the middle county (smallest)", "any below", "any above")
    for rate in (0.70, 0.85, 0.93, 0.965, 0.985, 0.995):
        for middle in (60, 300, 3000):
            cases = sizes(middle)
            below, above = outside("binomial", months_of_rates(rate, cases, periods), cases)
            size = f"{middle} ({cases.min():.0f})"
            yield _line(_percent(rate), size, _percent(any_called(below)), _percent(any_called(above)))
    yield ""


def _lower_county(periods: int) -> Iterator[str]:
    yield f"## One county (n = 300) truly lower: how often it is called below, {periods} periods"
    yield ""
    yield from _head("rate of the others", "5 points lower", "10 points lower", "any other below meanwhile")
    for rate in (0.70, 0.80, 0.85, 0.90, 0.93, 0.965, 0.985):
        found, others = detection(rate, 0.10, periods)
        yield _line(_percent(rate), *(_percent(value) for value in (detection(rate, 0.05, periods)[0], found, others)))
    yield ""


def _busier_county(periods: int) -> Iterator[str]:
    yield f"## One county (340,000 residents) truly higher by head: how often it is called above, {periods} periods"
    yield ""
    yield from _head("visits per 10,000 and year", "span", "expected there", "twice", "three times", "any other above")
    for yearly in (0.5, 1.2, 5.0):
        for span, months in (("month", 1), ("quarter", 3), ("year", 12)):
            rate = yearly / 10_000 / 12 * months
            twice, others = detection_by_head(rate, 2, periods)
            thrice, _ = detection_by_head(rate, 3, periods)
            expected = f"{rate * POPULATIONS[MIDDLE]:.1f}"
            yield _line(f"{yearly}", span, expected, *(_percent(value) for value in (twice, thrice, others)))
    yield ""


def _equal_means(periods: int) -> Iterator[str]:
    yield f"## Identical durations (20 days, gamma): how often any of ten counties is called, {periods} periods"
    yield ""
    yield from _head("coefficient of variation", "n of the middle county (smallest)", "any below", "any above")
    for shape in (4.0, 1.0):
        for middle in (60, 300):
            below, above = mean_days_called(middle, shape, periods)
            size = f"{middle} ({sizes(middle).min():.0f})"
            yield _line(f"{shape**-0.5:.1f}", size, _percent(below), _percent(above))
    yield ""


def _ranges(periods: int) -> Iterator[str]:
    yield f"## Ranges of places (95 %) where true rates differ, {periods} periods"
    yield ""
    yield from _head(
        "rate, deviation between counties", "n of the middle county", "true place inside", "places in a range"
    )
    for base, deviation in ((0.93, 0.01), (0.93, 0.03), (0.80, 0.05)):
        for middle in (60, 300, 3000):
            inside, width = rank_coverage(base, deviation, middle, periods)
            yield _line(f"{_percent(base)} ± {deviation * 100:.0f}", f"{middle}", _percent(inside), f"{width:.1f}")


def _head(*cells: str) -> Iterator[str]:
    yield _line(*cells)
    yield "|" + "---|" * len(cells)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def main(arguments: Sequence[str]) -> None:
    """Print the tables. The first argument: number of periods, by default 20,000."""
    for line in report(int(arguments[0]) if arguments else 20_000):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
