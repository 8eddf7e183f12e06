"""要情: what is told, in which order, once for one event; where an excess lies; nothing of small cells."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from metrics.core import story
from metrics.core.calendar import calendar
from metrics.core.period import DAY, Period
from metrics.core.signal import Verdict, bands, possible_gaps, with_gaps
from metrics.core.story import Counted, Finding, Kind, Watched

CITY, LILING, HETANG, TOWN = "430200000000", "430281000000", "430202000000", "430281101000"
START = date(2024, 3, 4)
DAYS = 191  # A Tuesday without a holiday near.
LAST = START + timedelta(days=DAYS - 1)
WATCHED = (
    Watched("petition_volume", "登记", "petitions"),
    Watched("petition_volume", "网信", "petitions", (("channel", ("web",)),)),
    Watched("group_visit_batches", "集体访", "group"),
)
NOTHING = Counted(0, 0, 0)
PARENTS = {CITY: "", LILING: CITY, HETANG: CITY, TOWN: LILING}


def related(one: str, other: str) -> bool:
    def above(code: str) -> set[str]:
        return {code} | (above(PARENTS[code]) if PARENTS[code] else set())

    return one in above(other) or other in above(one)


def watched(values: dict[tuple[int, str], list[float]]) -> pl.DataFrame:
    """Bands of made-up series: (series, region) → daily values from START to LAST."""
    rows = [
        {"series": series, "region_code": region, "day": START + timedelta(days=n), "value": float(value)}
        for (series, region), daily in values.items()
        for n, value in enumerate(daily)
    ]
    return bands(pl.DataFrame(rows), calendar(), since=LAST - timedelta(days=30))


def flat(value: float, **changes: float) -> list[float]:
    """The same every day, but for ``d<n>``: so many days before the last."""
    daily = [value] * DAYS
    for name, changed in changes.items():
        daily[DAYS - 1 - int(name[1:])] = changed
    return daily


def window(days: int) -> Period:
    return Period(LAST - (days - 1) * DAY, LAST + DAY)


def test_a_quiet_city_has_nothing_to_tell() -> None:
    judged = watched({(0, CITY): flat(60), (0, LILING): flat(15), (2, LILING): flat(0)})
    assert story.outside(judged, window(1), WATCHED) == []
    looked_at = story.counted(judged, window(1))
    # 15 a day may fall, none a day may not.
    assert looked_at == Counted(usual=3, one_sided=1, unjudged=0)
    told = story.story([], looked_at, related, 4)
    assert (told.told, told.more, told.usual) == ((), 0, 3)


def test_high_and_low_carry_their_figure_limit_and_expectation() -> None:
    judged = watched({(0, LILING): flat(15, d0=60), (0, HETANG): flat(30, d0=2)})
    high, low = sorted(story.outside(judged, window(1), WATCHED), key=lambda finding: -finding.value)
    row = judged.row(by_predicate=(pl.col("day") == LAST) & (pl.col("region_code") == LILING), named=True)
    assert (high.kind, high.value, high.limit, high.expected) == (Kind.high, 60, row["upper"], 15)
    assert (low.kind, low.value, low.expected) == (Kind.low, 2, 30)
    assert low.limit is not None
    assert low.limit > 2
    assert (high.up, low.up) == (True, False)
    assert min(high.weight, low.weight) > 3


def test_a_day_outside_the_window_is_not_told() -> None:
    judged = watched({(0, LILING): flat(15, d5=60)})
    assert story.outside(judged, window(3), WATCHED) == []
    assert story.counted(judged, window(3)) == Counted(1, 0, 0)


def test_several_days_are_one_line_with_the_most_surprising_day() -> None:
    judged = watched({(0, LILING): flat(15, d0=50, d1=90)})
    (found,) = story.outside(judged, window(3), WATCHED)
    assert (found.last, found.value, found.days, found.total) == (LAST - DAY, 90, 2, 140)


def test_one_event_is_told_once_with_what_it_shows_in() -> None:
    burst = {(0, CITY): flat(60, d0=160), (0, LILING): flat(15, d0=115), (1, LILING): flat(8, d0=108)}
    judged = watched({**burst, (2, LILING): flat(0, d0=9), (0, HETANG): flat(20)})
    findings = story.outside(judged, window(1), WATCHED)
    assert len(findings) == 4
    told = story.story(findings, story.counted(judged, window(1)), related, 4)
    assert [(finding.name, finding.region) for finding in told.told if finding.family == "petitions"] == [
        ("网信", LILING)
    ]
    assert {finding.name for finding in told.told} == {"网信", "集体访"}
    petitions = next(finding for finding in told.told if finding.family == "petitions")
    assert {(finding.name, finding.region) for finding in petitions.beside} == {("登记", LILING), ("登记", CITY)}
    assert told.usual == 1


def test_another_county_is_another_event() -> None:
    judged = watched({(0, LILING): flat(15, d0=60), (0, HETANG): flat(15, d0=55)})
    told = story.story(story.outside(judged, window(1), WATCHED), NOTHING, related, 4)
    assert [finding.region for finding in told.told] == [LILING, HETANG]
    short = story.story(story.outside(judged, window(1), WATCHED), NOTHING, related, 1)
    assert (len(short.told), short.more) == (1, 1)


def test_what_was_outside_before_the_window_lasts_and_comes_last() -> None:
    rows = watched(
        {
            (2, LILING): [float(n % 5 == 0) for n in range(DAYS - 28)] + [1.0, 1.0, 0.0, 1.0] * 7,
            (0, HETANG): flat(15, d0=45),
        }
    )
    found = story.outside(rows, window(1), WATCHED)
    lasting = next(finding for finding in found if finding.family == "group")
    assert lasting.lasting
    assert (lasting.last - lasting.first).days == 27
    assert lasting.value == 21
    told = story.story([lasting, *(finding for finding in found if finding is not lasting)], NOTHING, related, 4)
    assert [finding.lasting for finding in told.told] == [False, True]


def test_the_order_is_that_of_surprise_and_does_not_depend_on_the_order_of_rows() -> None:
    judged = watched({(0, LILING): flat(15, d0=40), (2, HETANG): flat(0, d0=12)})
    found = story.outside(judged, window(1), WATCHED)
    one, other = (story.story(rows, NOTHING, related, 4) for rows in (found, found[::-1]))
    assert one == other
    weights = [finding.weight for finding in one.told]
    assert weights == sorted(weights, reverse=True)


def test_a_dead_feed_is_a_gap_and_its_falls_are_not_told_beside_it() -> None:
    days = [START + timedelta(days=n) for n in range(DAYS)]
    rows = [
        {"region_code": LILING, "channel": channel, "day": day, "value": 0.0 if day > LAST - 2 * DAY else 15.0}
        for channel in ("web", "visit")
        for day in days
    ]
    split = bands(pl.DataFrame(rows), calendar(), since=LAST - timedelta(days=5))
    gaps = possible_gaps(split)
    (gap,) = story.stopped(gaps, window(1), "petition_volume", "petitions")
    assert (gap.kind, gap.first, gap.last, gap.value) == (Kind.gap, LAST - DAY, LAST, 0)
    assert gap.expected == pytest.approx(60, abs=1)
    judged = with_gaps(watched({(0, LILING): flat(30, d0=0, d1=0)}), gaps)
    assert Verdict.gap in set(judged["verdict"])
    assert story.outside(judged, window(1), WATCHED) == []
    assert story.stopped(gaps, Period(LAST - 9 * DAY, LAST - 5 * DAY), "petition_volume", "petitions") == []


# Where it lies ----------------------------------------------------------------------------------------------------------


def high(value: float, expected: float) -> Finding:
    return Finding(Kind.high, "petition_volume", "登记", "petitions", LILING, LAST, LAST, value, 20, expected, 9.0)


def parts(rows: list[tuple[str | None, float, float]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"category": pl.String, "value": pl.Float64, "expected": pl.Float64}, orient="row")


def test_an_excess_lies_where_most_is_unexpected_not_where_most_is() -> None:
    part = story.concentration(
        parts([("land", 20, 19.0), ("housing", 15, 1.0), ("labour", 5, 5.0)]), "category", high(40, 25)
    )
    assert part is not None
    assert (part.code, part.value, part.expected) == ("housing", 15, 1)
    assert part.share == pytest.approx(14 / 15)


def test_nothing_is_said_of_a_part_below_the_floor() -> None:
    assert story.concentration(parts([("land", 4, 0.0), (None, 3, 0.5)]), "category", high(7, 0.5)) is None
    named = story.concentration(parts([(None, 5, 0.0)]), "category", high(7, 0.5))
    assert named is not None
    assert named.code is None


# Stocks, rates, orders --------------------------------------------------------------------------------------------------


def stock(last: float, days: int = 400) -> pl.DataFrame:
    """Up and down by one each day, and a last value."""
    span = [LAST - timedelta(days=n) for n in range(days)][::-1]
    values = [100.0 + n % 2 for n in range(days)]
    values[-1] = last
    return pl.DataFrame({"day": span, "value": values})


def test_a_stock_is_told_of_only_when_it_moved_unusually_far() -> None:
    before = stock(0)["value"][-2]
    assert story.moved(stock(before + 1), window(1), "overdue_petitions", "超期未答复", LILING) is None
    assert story.moved(stock(before), window(1), "overdue_petitions", "超期未答复", LILING) is None
    rose = story.moved(stock(before + 9), window(1), "overdue_petitions", "超期未答复", LILING)
    assert rose is not None
    assert (rose.up, rose.total, rose.value, rose.limit) == (True, 9, before + 9, before)
    fell = story.moved(stock(before - 9), window(1), "overdue_petitions", "超期未答复", LILING)
    assert fell is not None
    assert not fell.up
    assert story.moved(stock(before + 9, days=60), window(1), "overdue_petitions", "超期未答复", LILING) is None


def league(**sides: str | None) -> pl.DataFrame:
    codes = {"liling": LILING, "hetang": HETANG}
    rows = [
        {
            "region_code": codes[name], "metric": "mediation_success_rate", "value": 0.76, "numerator": 76,
            "denominator": 100, "centre": 0.86, "outer_lower": 0.78, "outer_upper": 0.94, "band": side,
        }
        for name, side in sides.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"band": pl.String})


def test_a_rate_is_told_of_when_it_leaves_the_range_of_the_others() -> None:
    now = league(liling="below", hetang="within")
    found, standing = story.crossed(now, [league(liling="within", hetang="within")], window(28), "调解成功率")
    assert [(finding.region, finding.kind, finding.limit, finding.up) for finding in found] == [
        (LILING, Kind.rate, 0.78, False)
    ]
    assert standing == []
    assert story.crossed(now, [league(liling="below", hetang=None)], window(28), "调解成功率") == ([], found)
    wandering = [league(liling="within"), league(liling="below"), league(liling="within")]
    assert story.crossed(now, wandering, window(28), "调解成功率") == ([], found)


def test_orders_fall_overdue_on_the_day_after_they_were_due() -> None:
    orders = pl.DataFrame(
        {
            "due_on": [LAST - DAY, LAST, LAST - DAY, LAST - DAY, LAST - 3 * DAY, None],
            "closed_on": [None, None, LAST, LAST + DAY, None, None],
        },
        schema={"due_on": pl.Date, "closed_on": pl.Date},
    )
    found = story.fallen_overdue(orders, window(1), CITY, "orders_overdue", "超期未销号")
    assert found is not None
    assert found.value == 2
    assert story.fallen_overdue(orders.clear(), window(1), CITY, "orders_overdue", "超期未销号") is None
