"""Bands and verdicts: simple series by heart, bursts, falls, gaps, no look into the future; the long measure behind ``full``."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bench import signal as measured
from data_access.demo.city import DEFAULT_CITY, planted
from metrics.core.calendar import DayKind, calendar
from metrics.core.period import Grain, Period
from metrics.core.query import BadQuery, Query
from metrics.core.signal import VERDICT_LABELS, Verdict, bands, judge, possible_gaps, with_gaps
from metrics.registry import metrics
from tests.metrics import examples
from tests.metrics.conftest import CityOf

THE_CALENDAR = calendar()
START = date(2024, 3, 4)
#: 200 days without a lunar new year, ending on a Thursday.
DAYS = [START + timedelta(days=n) for n in range(200)]


def series(values: list[float] | np.ndarray, start: date = START) -> pl.DataFrame:
    days = [start + timedelta(days=n) for n in range(len(values))]
    return pl.DataFrame({"day": days, "value": [float(value) for value in values]})


def noisy(mean: float, days: int = 800, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, days).astype(float)


def verdicts(judged: pl.DataFrame) -> set[str]:
    return set(judged["verdict"])


def of_day(judged: pl.DataFrame, day: date) -> dict[str, object]:
    return judged.row(by_predicate=pl.col("day") == day, named=True)


def test_a_constant_series_is_expected_as_it_is() -> None:
    judged = bands(series([20.0] * 200), THE_CALENDAR)
    last = judged.tail(1).row(0, named=True)
    assert last["expected"] == 20
    assert last["lower"] < 20 < last["upper"]
    assert verdicts(judged) == {Verdict.usual, Verdict.too_few}


def test_without_over_dispersion_the_band_is_poisson_plus_the_uncertainty_of_the_mean() -> None:
    last = bands(series([20.0] * 396), THE_CALENDAR).tail(1).row(0, named=True)
    # 12 comparable days with 240 events; 99.8 % of a Poisson count of 20 lies in 8 … 35, and the mean may be a little off.
    assert last["dispersion"] == pytest.approx(1 / 240.5, abs=1e-9)
    assert (last["lower"], last["upper"]) == (7, 36)


def test_zeros_are_usual_and_a_single_event_is_no_alarm() -> None:
    judged = bands(series([0.0] * 199 + [1.0]), THE_CALENDAR)
    last = judged.tail(1).row(0, named=True)
    assert last["expected"] == 0
    assert last["verdict"] == Verdict.usual
    assert of_day(bands(series([0.0] * 199 + [6.0]), THE_CALENDAR), DAYS[-1])["verdict"] == Verdict.high


def test_a_short_history_is_not_judged() -> None:
    assert verdicts(bands(series([10.0] * 35), THE_CALENDAR)) == {Verdict.too_few}
    assert verdicts(bands(series([10.0]), THE_CALENDAR)) == {Verdict.too_few}
    assert set(VERDICT_LABELS) == set(Verdict)


def test_nothing_in_nothing_out() -> None:
    empty = bands(series([]).with_columns(pl.col("day").cast(pl.Date)), THE_CALENDAR)
    assert empty.is_empty()
    assert empty.columns == bands(series([1.0] * 40), THE_CALENDAR).columns


def test_only_days_and_weeks_have_bands() -> None:
    with pytest.raises(ValueError, match="days and weeks"):
        bands(series([1.0]), THE_CALENDAR, Grain.month)


def test_weekends_are_held_against_weekends() -> None:
    values = [30.0 if day.weekday() < 5 else 3.0 for day in DAYS]
    judged = bands(series(values), THE_CALENDAR).filter(pl.col("verdict") != Verdict.too_few)
    ordinary = judged.filter([THE_CALENDAR.kind(day) in (DayKind.workday, DayKind.weekend) for day in judged["day"]])
    assert (ordinary["expected"] == ordinary["value"]).all()
    busy_saturday = bands(series([*values[:187], 30.0]), THE_CALENDAR).tail(1).row(0, named=True)
    assert busy_saturday["day"].weekday() == 5
    assert busy_saturday["verdict"] == Verdict.high


def test_a_burst_is_high_and_a_fall_is_low() -> None:
    values = noisy(40)
    values[700], values[750] = 120, 3
    judged = bands(series(values), THE_CALENDAR)
    assert of_day(judged, START + timedelta(days=700))["verdict"] == Verdict.high
    assert of_day(judged, START + timedelta(days=750))["verdict"] == Verdict.low


def test_a_past_burst_hardly_moves_the_band() -> None:
    plain = noisy(20)
    burst = plain.copy()
    burst[740:754] *= 8
    since = START + timedelta(days=780)
    before = bands(series(plain), THE_CALENDAR, since=since)
    after = bands(series(burst), THE_CALENDAR, since=since)
    assert (after["expected"] / before["expected"]).max() < 1.35  # type: ignore[operator]
    assert (after["upper"] - before["upper"]).max() <= 18  # type: ignore[operator]


def test_a_lasting_new_level_becomes_usual() -> None:
    values = np.concatenate([noisy(10, 500), noisy(30, 300, seed=2)])
    judged = bands(series(values), THE_CALENDAR)
    assert of_day(judged, START + timedelta(days=501))["verdict"] == Verdict.high
    late = judged.tail(100)
    assert (late["verdict"] == Verdict.high).mean() < 0.03  # type: ignore[operator]


def test_over_dispersion_widens_the_band() -> None:
    random = np.random.default_rng(3)
    scattered = random.poisson(random.gamma(5, 40 / 5, 800)).astype(float)
    wide = bands(series(scattered), THE_CALENDAR).tail(200)
    narrow = bands(series(noisy(40)), THE_CALENDAR).tail(200)
    assert wide["dispersion"].mean() > 0.12  # type: ignore[operator]
    assert wide["upper"].mean() > narrow["upper"].mean() + 20  # type: ignore[operator]
    assert (wide["verdict"] != Verdict.usual).mean() < 0.02  # type: ignore[operator]


def test_a_slow_burst_is_found_by_28_days_and_by_no_single_day() -> None:
    values = np.zeros(800)
    values[::40] = 1
    values[[602, 605, 609, 612, 616, 619]] = 1
    judged = bands(series(values), THE_CALENDAR)
    hit = judged.filter(pl.col("verdict") == Verdict.high)
    assert hit.height > 0
    assert set(hit["rule"]) == {"28_days"}
    assert hit["day"].min() <= START + timedelta(days=616)  # type: ignore[operator]
    day = of_day(judged, START + timedelta(days=619))
    assert day["sum_28"] == values[592:620].sum()
    assert day["sum_28"] > day["upper_28"]  # type: ignore[operator]


def test_a_series_of_many_a_day_has_no_28_day_rule() -> None:
    assert bands(series([40.0] * 400), THE_CALENDAR)["sum_28"].is_null().all()


@pytest.mark.parametrize("grain", [Grain.day, Grain.week])
@pytest.mark.parametrize("mean", [0.5, 4.0, 12.0])
def test_the_future_does_not_change_the_past(grain: Grain, mean: float) -> None:
    start = date(2022, 9, 5)
    values = noisy(mean, 1300)
    other = values.copy()
    cut = 1001  # whole weeks
    other[cut:] = 40 * mean + 3
    whole, changed = (bands(series(each, start), THE_CALENDAR, grain) for each in (values, other))
    ended = bands(series(values[:cut], start), THE_CALENDAR, grain)
    until = start + timedelta(days=cut)
    past = whole.filter(pl.col("day") < until)
    assert_frame_equal(past, changed.filter(pl.col("day") < until), check_exact=True)
    assert_frame_equal(past, ended)
    # And the band of the very day on which the value changes stands before the value does.
    at = "expected", "lower", "upper", "dispersion"
    assert_frame_equal(
        whole.filter(pl.col("day") == until).select(at), changed.filter(pl.col("day") == until).select(at)
    )


def test_a_series_is_judged_alike_alone_and_among_others() -> None:
    one, two = series(noisy(0.4)), series(noisy(25, seed=2))
    together = pl.concat([two.with_columns(name=pl.lit("b")), one.with_columns(name=pl.lit("a"))])
    judged = bands(together, THE_CALENDAR)
    for name, alone in (("a", one), ("b", two)):
        assert_frame_equal(judged.filter(pl.col("name") == name).drop("name"), bands(alone, THE_CALENDAR))


def test_the_same_series_gives_the_same_bands_in_any_order() -> None:
    frame = series(noisy(3)).with_columns(name=pl.lit("a"))
    shuffled = frame.sample(fraction=1, shuffle=True, seed=4)
    assert_frame_equal(bands(frame, THE_CALENDAR), bands(shuffled, THE_CALENDAR), check_exact=True)


def test_a_day_that_is_not_known_is_neither_judged_nor_learned_from() -> None:
    frame = series([20.0] * 396)
    unknown = frame.with_columns(pl.when(pl.col("day").dt.day() % 3 == 0).then(None).otherwise("value").alias("value"))
    judged = bands(unknown, THE_CALENDAR)
    assert judged.tail(20)["expected"].to_list() == [20.0] * 20
    assert judged.filter(pl.col("value").is_null())["verdict"].is_in([Verdict.usual, Verdict.too_few]).all()


def test_since_only_leaves_out() -> None:
    frame, since = series(noisy(3)), START + timedelta(days=703)
    whole = bands(frame, THE_CALENDAR)
    assert_frame_equal(bands(frame, THE_CALENDAR, since=since), whole.filter(pl.col("day") >= since))
    weeks = bands(frame, THE_CALENDAR, Grain.week, since=since)
    assert weeks["day"][0] == since - timedelta(days=since.weekday())


def test_weeks_are_sums_of_days_and_the_running_week_of_those_elapsed() -> None:
    days = DAYS[:180]
    values = [14.0 if day.weekday() < 5 else 0.0 for day in days]
    weeks = bands(series(values), THE_CALENDAR, Grain.week)
    assert weeks["day"].to_list() == days[::7]
    last = weeks.tail(1).row(0, named=True)
    # Monday to Friday.
    assert (last["value"], last["expected"], last["rule"]) == (70, 70, "week")
    assert last["verdict"] == Verdict.usual


def _festive(years: int, start: date) -> np.ndarray:
    """Days of 40, a third of that from ten days before each lunar new year to fifteen after."""
    days = [start + timedelta(days=n) for n in range(years * 365)]
    offsets = [THE_CALENDAR.lunar_offset(day) for day in days]
    return np.array([13.0 if offset is not None and -10 <= offset <= 15 else 40.0 for offset in offsets])


@pytest.mark.parametrize("new_year", [date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6)])
def test_the_quiet_round_the_lunar_new_year_is_learned_from_earlier_years(new_year: date) -> None:
    start = date(new_year.year - 3, 9, 1)
    judged = bands(series(_festive(4, start), start), THE_CALENDAR)
    quiet = judged.filter(pl.col("day").is_between(new_year - timedelta(days=7), new_year + timedelta(days=14)))
    assert verdicts(quiet) <= {Verdict.usual, Verdict.too_few}
    before = of_day(judged, new_year - timedelta(days=6))
    assert before["expected"] == pytest.approx(13, abs=5)


def test_the_first_lunar_new_year_of_a_series_is_not_judged() -> None:
    start = date(2023, 9, 1)
    judged = bands(series(_festive(1, start), start), THE_CALENDAR)
    near = judged.filter(pl.col("day").is_between(date(2024, 1, 29), date(2024, 2, 9)))
    assert verdicts(near) == {Verdict.too_few}


def test_years_that_no_table_knows_are_judged_too() -> None:
    assert Verdict.usual in verdicts(bands(series(noisy(10), date(2044, 1, 4)), THE_CALENDAR))


def _channels(dead: Callable[[str], bool]) -> pl.DataFrame:
    """Three channels of one county and one of another, that bring nothing on the last two days where ``dead``."""
    frames = []
    for number, name in enumerate(("a/web", "a/visit", "a/letter", "b/web")):
        values = noisy(9, seed=number)
        if dead(name):
            values[-2:] = 0
        county, channel = name.split("/")
        frames.append(series(values).with_columns(region_code=pl.lit(county), channel=pl.lit(channel)))
    return bands(pl.concat(frames), THE_CALENDAR)


def test_a_county_whose_channels_all_stop_is_a_possible_gap() -> None:
    judged = _channels(lambda name: name.startswith("a/"))
    gaps = possible_gaps(judged)
    assert gaps.select("region_code", "first", "last", "value").rows() == [
        ("a", START + timedelta(days=798), START + timedelta(days=799), 0.0)
    ]
    marked = with_gaps(judged, gaps).filter(pl.col("day") > START + timedelta(days=797))
    assert set(marked.filter(pl.col("region_code") == "a")["verdict"]) == {Verdict.gap}
    assert Verdict.gap not in set(marked.filter(pl.col("region_code") == "b")["verdict"])


def test_one_channel_that_stops_is_a_fall_and_no_gap() -> None:
    judged = _channels(lambda name: name == "a/web")
    assert possible_gaps(judged).is_empty()
    assert_frame_equal(with_gaps(judged, possible_gaps(judged)), judged)
    web = judged.filter((pl.col("region_code") == "a") & (pl.col("channel") == "web")).tail(2)
    assert Verdict.low in verdicts(web)


def test_a_query_is_judged_from_the_store(city_of: CityOf) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(90)]
    rows = "\n".join(f"{day} 09:00  visit  {10 if day == days[-1] else 1}" for day in days)
    city = city_of({"petition": f"registered_at  channel  times\n{rows}"})
    query = Query(("petition_volume",), examples.ROOT, 2, Period.inclusive(days[-2], days[-1]), Grain.day, ("channel",))
    judged = judge(query, city.snapshot, metrics(), THE_CALENDAR, days[0])
    assert judged.select("metric", "region_code", "channel", "day", "value", "verdict").rows() == [
        ("petition_volume", examples.COUNTY, "visit", days[-2], 1.0, Verdict.usual),
        ("petition_volume", examples.COUNTY, "visit", days[-1], 10.0, Verdict.high),
    ]


@pytest.mark.parametrize(("key", "grain"), [("petition_volume", Grain.month), ("repeat_share", Grain.day)])
def test_what_cannot_be_judged_is_refused_in_chinese(city_of: CityOf, key: str, grain: Grain) -> None:
    city = city_of({"petition": "registered_at\n2026-01-01 09:00"})
    query = Query((key,), examples.ROOT, 3, Period.inclusive(date(2026, 1, 1), date(2026, 1, 31)), grain)
    with pytest.raises(BadQuery, match="波动判断只用于"):
        judge(query, city.snapshot, metrics(), THE_CALENDAR, date(2026, 1, 1))


def test_a_page_of_series_takes_little_time() -> None:
    values = np.random.default_rng(1).poisson(3.0, (50, 1096))
    days = [date(2023, 11, 21) + timedelta(days=n) for n in range(1096)]
    frame = pl.DataFrame({"name": np.repeat(np.arange(50), 1096), "day": days * 50, "value": values.ravel()})
    bands(frame, THE_CALENDAR)
    taken = []
    for _ in range(3):
        begun = time.process_time()
        bands(frame, THE_CALENDAR)
        taken.append(time.process_time() - begun)
    # 0.1 s of processor time as measured; the rest is room for a slower machine.
    assert min(taken) < 0.4


def test_a_city_without_planted_events_is_quiet() -> None:
    rows = measured.events(21, with_planted=False)
    judged = bands(measured.county_series(rows), THE_CALENDAR, since=measured.JUDGED_FROM)
    known = judged.filter(pl.col("verdict") != Verdict.too_few)
    alarms = known.filter(pl.col("verdict") != Verdict.usual)
    assert known.height > 0.99 * judged.height
    assert alarms.height <= 0.005 * known.height
    assert possible_gaps(judged.filter(pl.col("channel") != "all")).height <= 2


def test_what_is_planted_is_all_that_differs() -> None:
    quiet, lively = (measured.events(21, with_planted=each) for each in (False, True))
    truth = planted(DEFAULT_CITY, 21, measured.HISTORY.start, measured.HISTORY.last)
    gaps = [row for row in truth if row["kind"] == "feed_gap"]
    per_day = [rows.group_by("day").len() for rows in (quiet, lively)]
    changed = per_day[0].join(per_day[1], on="day").filter(pl.col("len") != pl.col("len_right"))["day"]
    spans = [(str(row["first_day"]), str(row["last_day"])) for row in truth]
    assert all(any(first <= str(day) <= last for first, last in spans) for day in changed)
    for row in gaps:
        county = pl.col("county") == str(row["region_code"])[:6]
        during = county & (pl.col("day") == row["first_day"])
        assert lively.filter(during).is_empty()


@pytest.mark.full
def test_false_alarms_stay_below_a_half_per_hundred_series_days() -> None:
    for label, _, _, _, total, _, thumb in measured.false_alarms(measured.SEEDS, THE_CALENDAR):
        assert float(total) <= 0.5, label
        assert float(thumb) > float(total), label


@pytest.mark.full
def test_bursts_are_found() -> None:
    found = {(row[0], row[1]): float(row[3]) for row in measured.detection((3.0, 5.0), THE_CALENDAR)}
    assert min(share for (_, size), share in found.items() if size == "5×") >= 95
    assert min(share for (expected, size), share in found.items() if size == "3×" and expected != "2") >= 85


@pytest.mark.full
def test_slow_bursts_of_ten_and_more_are_found_within_14_days() -> None:
    rows = {(row[0], row[1]): row for row in measured.slow_bursts(measured.SEEDS, THE_CALENDAR)}
    _, _, planted, found, soon, delay, *_ = rows["乡镇·集体访", "10–15"]
    assert int(found) == int(planted)
    assert int(soon) >= 0.9 * int(planted)
    assert float(delay) <= 10
