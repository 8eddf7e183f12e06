"""How good the signal is, measured: ``python -m bench.signal`` prints the tables of docs/signal.md (about two minutes).

Rules were chosen on the seeds 1–3; everything here is measured on others. Beside each figure stands that of the usual rule
of thumb on the same data: an alarm where a day differs by more than 20 % from the same weekday a week (环比) or 52 weeks (同比) before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from data_access.demo.city import DEFAULT_CITY, planted
from data_access.demo.petitions import petitions
from data_access.demo.places import places
from metrics.core.calendar import Calendar, DayKind, calendar
from metrics.core.period import DAY, Grain, Period
from metrics.core.signal import Verdict, bands, possible_gaps

SEEDS = (11, 12, 13, 14, 15)
#: Four years, of which the first is only learned from.
HISTORY = Period.inclusive(date(2022, 11, 21), date(2026, 11, 20))
JUDGED_FROM = date(2023, 11, 21)
EXPECTED = (2, 5, 10, 30, 70)
SIZES = (2.0, 3.0, 5.0)
FALLS = (0.5, 0.2, 0.0)
#: Days that a simulated burst lasts, and the gamma shape of the simulated days (variance μ + μ²/12).
BURST_DAYS, SHAPE = 7, 12.0
SHAPES = (3.0, 12.0, 1e6)
_SLOW_COLUMNS = (
    "序列", "件数", "植入", "发现", "14 天内", "中位延迟（天）", "误报 %", "±20% 14 天内", "±20% 误报 %",
)  # fmt: skip
_CHANNELS = ("web", "visit", "letter", "phone")


@dataclass(frozen=True)
class Found:
    """How many of ``planted`` bursts were found, at once and at all, and the median delay in days of those found."""

    planted: int
    at_once: int
    found: int
    delay: float | None


def main() -> None:
    """Print every table."""
    the_calendar = calendar()
    print(f"合成城市 {DEFAULT_CITY}，种子 {', '.join(map(str, SEEDS))}；{JUDGED_FROM} 至 {HISTORY.last}。\n")
    print("### 误报：没有植入事件的城市\n")
    _table(
        ("序列", "序列日（周）", "偏高 %", "偏低 %", "合计 %", "样本不足 %", "±20% 规则 %"),
        false_alarms(SEEDS, the_calendar),
    )
    print("\n### 误报：模拟序列，按工作日期望值与离散程度\n")
    _table(("期望", "k = 3 %", "k = 12 %", "泊松 %"), scatter(the_calendar))
    print(f"\n### 突增：持续 {BURST_DAYS} 天，工作日期望值 × 倍数\n")
    columns = (
        "期望",
        "倍数",
        "当天发现 %",
        f"{BURST_DAYS} 天内发现 %",
        "中位延迟（天）",
        "±20% 当天 %",
        "±20% 平日误报 %",
    )
    _table(columns, detection(SIZES, the_calendar))
    print(f"\n### 突降：持续 {BURST_DAYS} 天\n")
    _table(columns, detection(FALLS, the_calendar))
    print("\n### 缓慢聚集：植入的集体访（一个乡镇，2–4 周）\n")
    _table(_SLOW_COLUMNS, slow_bursts(SEEDS, the_calendar))
    print("\n### 网信突增与断数\n")
    _table(("植入", "次数", "发现", "误报（次）"), surges_and_gaps(SEEDS, the_calendar))
    print("\n### 用时\n")
    _table(
        ("10 个县区 × 5 条序列 × 3 年", "毫秒（处理器时间）"), [("五次中最好的一次", f"{page_time(the_calendar):.0f}")]
    )


def events(seed: int, *, with_planted: bool) -> pl.DataFrame:
    """Petitions of the synthetic city: day, county, township (code, county's where unknown), channel, group (Boolean)."""
    days = [HISTORY.start + timedelta(days=n) for n in range(HISTORY.days)]
    table = petitions(places(DEFAULT_CITY, seed), seed, days, with_planted=with_planted).table
    code = pl.col("region_code")
    return table.select(
        day=pl.col("registered_at").dt.date(),
        county=code.str.slice(0, 6),
        township=code.str.slice(0, 9),
        channel="channel",
        group=pl.col("persons") >= 5,
    )


def county_series(rows: pl.DataFrame) -> pl.DataFrame:
    """region_code, channel, day, value: each county by channel and in all."""
    by_channel = rows.group_by("county", "channel", "day").agg(value=pl.len())
    whole = rows.group_by("county", "day").agg(value=pl.len()).with_columns(channel=pl.lit("all"))
    return pl.concat([by_channel, whole.select(by_channel.columns)]).rename({"county": "region_code"})


def city_series(rows: pl.DataFrame) -> pl.DataFrame:
    """As ``county_series`` for the city."""
    return county_series(rows.with_columns(county=pl.lit(DEFAULT_CITY)))


def township_series(rows: pl.DataFrame, *, groups: bool) -> pl.DataFrame:
    """region_code, day, value: visits of each township, ``groups``: only group visits."""
    wanted = rows.filter(pl.col("channel") == "visit", pl.col("township") != pl.col("county") + "000")
    wanted = wanted.filter(pl.col("group")) if groups else wanted
    return wanted.group_by(pl.col("township").alias("region_code"), "day").agg(value=pl.len())


def rule_of_thumb(series: pl.DataFrame, grain: Grain = Grain.day) -> pl.DataFrame:
    """``series`` with every day (or week) filled in and ``alarm``: more than 20 % from 7 or 364 days before."""
    names = [name for name in series.columns if name not in ("day", "value")]
    days = pl.DataFrame({"day": pl.date_range(HISTORY.start, HISTORY.last, eager=True)})
    full = series.select(names).unique().join(days, how="cross").join(series, on=[*names, "day"], how="left")
    full = full.with_columns(pl.col("value").cast(pl.Float64).fill_null(0.0))
    if grain is Grain.week:
        full = full.group_by(*names, pl.col("day").dt.truncate("1w")).agg(pl.col("value").sum())
    full = full.sort(*names, "day")
    lags = (1, 52) if grain is Grain.week else (7, 364)
    alarms = [_differs(pl.col("value"), pl.col("value").shift(lag).over(names)) for lag in lags]
    return full.with_columns(alarm=alarms[0] | alarms[1])


def _differs(value: pl.Expr, base: pl.Expr) -> pl.Expr:
    return ((value - base).abs() > 0.2 * base).fill_null(False) & (base > 0)


def false_alarms(seeds: Sequence[int], the_calendar: Calendar) -> Iterator[tuple[str, ...]]:
    """Rows of the table: alarms per 100 series-days (weeks) of cities in which nothing is planted."""
    quiet = [events(seed, with_planted=False) for seed in seeds]
    for label, make in (("县区", county_series), ("全市", city_series)):
        frames = [make(rows) for rows in quiet]
        for channel in ("all", *_CHANNELS):
            chosen = [frame.filter(pl.col("channel") == channel) for frame in frames]
            yield _alarm_row(f"{label}·{channel}·日", chosen, the_calendar, Grain.day)
        yield _alarm_row(f"{label}·全部序列·日", frames, the_calendar, Grain.day)
        yield _alarm_row(f"{label}·全部序列·周", frames, the_calendar, Grain.week)
    for label, groups in (("乡镇·来访·日", False), ("乡镇·集体访·日", True)):
        yield _alarm_row(label, [township_series(rows, groups=groups) for rows in quiet], the_calendar, Grain.day)


def _alarm_row(label: str, frames: list[pl.DataFrame], the_calendar: Calendar, grain: Grain) -> tuple[str, ...]:
    judged = pl.concat([bands(frame, the_calendar, grain, since=JUDGED_FROM).select("verdict") for frame in frames])
    counts = dict(judged["verdict"].value_counts().iter_rows())
    known = judged.height - counts.get(Verdict.too_few, 0)
    high, low = (100 * counts.get(side, 0) / known for side in (Verdict.high, Verdict.low))
    simple = pl.concat([rule_of_thumb(frame, grain).filter(pl.col("day") >= JUDGED_FROM) for frame in frames])
    thumb = f"{100 * simple['alarm'].sum() / simple.height:.1f}"
    few = 100 * counts.get(Verdict.too_few, 0) / judged.height
    return label, f"{known:,}", f"{high:.2f}", f"{low:.2f}", f"{high + low:.2f}", f"{few:.1f}", thumb


def scatter(the_calendar: Calendar, count: int = 60) -> Iterator[tuple[str, ...]]:
    """Rows of the table: alarms per 100 series-days of simulated series by expected count and scatter."""
    for expected in EXPECTED:
        shares = []
        for shape in SHAPES:
            series, _ = simulated(expected, 1.0, count, SEEDS[0], the_calendar, shape)
            judged = bands(series, the_calendar, since=JUDGED_FROM)["verdict"]
            shares.append(f"{100 * judged.is_in([Verdict.high, Verdict.low]).sum() / judged.len():.2f}")
        yield str(expected), *shares


def simulated(
    expected: float, size: float, count: int, seed: int, the_calendar: Calendar, shape: float = SHAPE
) -> tuple[pl.DataFrame, dict[int, date]]:
    """``count`` series of ``expected`` a workday (Mondays more, weekends and holidays less), each with one change.

    From a random workday of the last year on, BURST_DAYS days are ``size`` times as busy. Returned: number, day, value; and
    by number the first day of the change.
    """
    random = np.random.default_rng([seed, int(expected * 10), int(size * 10)])
    days = [HISTORY.start + n * DAY for n in range(HISTORY.days)]
    usual = expected * np.array([_rhythm(the_calendar, day) for day in days])[:, None] * np.ones(count)
    late = [
        n for n in range(len(days) - 365, len(days) - 2 * BURST_DAYS) if the_calendar.kind(days[n]) is DayKind.workday
    ]
    starts = random.choice(late, count)
    for number, start in enumerate(starts):
        usual[start : start + BURST_DAYS, number] *= size
    values = random.poisson(random.gamma(shape, usual / shape))
    frame = pl.DataFrame(
        {
            "number": np.repeat(np.arange(count), len(days)),
            "day": days * count,
            "value": values.T.ravel(),
        }
    )
    return frame, {number: days[start] for number, start in enumerate(starts)}


def _rhythm(the_calendar: Calendar, day: date) -> float:
    kind = the_calendar.kind(day)
    if kind in (DayKind.weekend, DayKind.holiday):
        return 0.4
    return {DayKind.first: 1.3, DayKind.makeup: 0.9}.get(kind, (1.15, 1.05, 1.0, 0.95, 0.85)[day.weekday() % 5])


def found(marked: pl.DataFrame, starts: dict[int, date], alarm: pl.Expr) -> Found:
    """Which of the changes that begin on ``starts`` have an ``alarm`` among ``marked`` (number, day, …) while they last."""
    first = pl.DataFrame(
        {"number": list(starts), "start": list(starts.values())}, schema_overrides={"number": pl.Int64}
    )
    delay = (
        marked.join(first, on="number")
        .with_columns(delay=(pl.col("day") - pl.col("start")).dt.total_days())
        .filter(alarm & pl.col("delay").is_between(0, BURST_DAYS - 1))
        .group_by("number")
        .agg(pl.col("delay").min())["delay"]
    )
    middle = delay.median()
    return Found(len(starts), int((delay == 0).sum()), delay.len(), middle if isinstance(middle, float) else None)


def detection(sizes: Sequence[float], the_calendar: Calendar, count: int = 400) -> Iterator[tuple[str, ...]]:
    """Rows of the table: how often a change of each size is found, and how late, by expected count."""
    for expected in EXPECTED:
        for size in sizes:
            series, starts = simulated(expected, size, count, SEEDS[0], the_calendar)
            judged = bands(series, the_calendar, since=HISTORY.last - timedelta(days=365))
            side = Verdict.high if size > 1 else Verdict.low
            ours = found(judged, starts, pl.col("verdict") == side)
            simple = rule_of_thumb(series)
            theirs = found(simple, starts, pl.col("alarm"))
            quiet = simple.filter(pl.col("day").is_between(JUDGED_FROM, HISTORY.last - timedelta(days=366)))
            share = [f"{100 * n / count:.0f}" for n in (ours.at_once, ours.found)]
            delay = "—" if ours.delay is None else f"{ours.delay:.0f}"
            noise = f"{100 * quiet['alarm'].sum() / quiet.height:.0f}"
            yield str(expected), f"{size:g}×", *share, delay, f"{100 * theirs.at_once / count:.0f}", noise


def slow_bursts(seeds: Sequence[int], the_calendar: Calendar) -> Iterator[tuple[str, ...]]:
    """Rows of the table: planted group events by size, searched in the visits and the group visits of their township."""
    for label, groups in (("乡镇·集体访", True), ("乡镇·来访", False)):
        ours: list[tuple[int, int | None]] = []
        theirs: list[tuple[int, int | None]] = []
        for seed in seeds:
            series = township_series(events(seed, with_planted=True), groups=groups)
            judged = bands(series, the_calendar, since=JUDGED_FROM)
            ours += _burst_delays(judged.filter(pl.col("verdict") == Verdict.high), seed)
            theirs += _burst_delays(rule_of_thumb(series).filter("alarm"), seed)
        quiet = [township_series(events(seed, with_planted=False), groups=groups) for seed in seeds]
        *_, noise, _, simple_noise = _alarm_row(label, quiet, the_calendar, Grain.day)
        for low, high in ((3, 5), (6, 9), (10, 15)):
            hits = [delay for items, delay in ours if low <= items <= high]
            simple = [delay for items, delay in theirs if low <= items <= high]
            found_at_all = [delay for delay in hits if delay is not None]
            middle = f"{np.median(found_at_all):.0f}" if found_at_all else "—"
            counts = [str(len(hits)), str(len(found_at_all)), str(_soon(hits))]
            yield label, f"{low}–{high}", *counts, middle, noise, str(_soon(simple)), simple_noise


def _soon(delays: Sequence[int | None]) -> int:
    return sum(delay is not None and delay <= 14 for delay in delays)


def _burst_delays(alarms: pl.DataFrame, seed: int) -> Iterator[tuple[int, int | None]]:
    """Items of each planted group event, and days from its first to the first alarm (None: none until 14 days after it)."""
    for row in planted(DEFAULT_CITY, seed, JUDGED_FROM, HISTORY.last - timedelta(days=14)):
        first, last, items = row["first_day"], row["last_day"], row["items"]
        if (
            row["kind"] == "group_burst"
            and isinstance(first, date)
            and isinstance(last, date)
            and isinstance(items, int)
        ):
            place = pl.col("region_code") == str(row["region_code"])[:9]
            hits = alarms.filter(place & pl.col("day").is_between(first, last + timedelta(days=14)))["day"]
            hit = hits.min()
            yield items, (hit - first).days if isinstance(hit, date) else None


def surges_and_gaps(seeds: Sequence[int], the_calendar: Calendar) -> Iterator[tuple[str, ...]]:
    """Rows of the table: planted web surges found on their first day; planted feed gaps found, and gaps that were none."""
    surges, seen = 0, 0
    gaps: list[tuple[float, bool]] = []
    wrong = 0
    for seed in seeds:
        judged = bands(county_series(events(seed, with_planted=True)), the_calendar, since=JUDGED_FROM)
        high = judged.filter((pl.col("verdict") == Verdict.high) & (pl.col("channel") == "web"))
        guesses = possible_gaps(judged.filter(pl.col("channel") != "all"))
        for row in planted(DEFAULT_CITY, seed, JUDGED_FROM, HISTORY.last):
            here = pl.col("region_code") == str(row["region_code"])[:6]
            first, last = pl.lit(row["first_day"]), pl.lit(row["last_day"])
            if row["kind"] == "web_surge":
                surges += 1
                seen += high.filter(here & (pl.col("day") == first)).height
            elif row["kind"] == "feed_gap":
                during = here & (pl.col("first") <= last) & (pl.col("last") >= first)
                whole = judged.filter(here & (pl.col("channel") == "all") & pl.col("day").is_between(first, last))
                gaps.append((float(whole["expected"].sum()), not guesses.filter(during).is_empty()))
                guesses = guesses.filter(~during)
        wrong += guesses.height
    yield "网信突增（3 天 210–260 件），第一天", str(surges), str(seen), "—"
    for label, low, high_ in (("不足 15 件", 0, 15), ("15 件以上", 15, np.inf)):
        found_gaps = [hit for expected, hit in gaps if low <= expected < high_]
        yield f"县区断数 2 天，应有{label}", str(len(found_gaps)), str(sum(found_gaps)), "—"
    yield f"没有断数的县区日（约 {len(seeds) * 10 * 1096:,} 个）", "0", "—", str(wrong)


def page_time(the_calendar: Calendar, rounds: int = 5) -> float:
    """Milliseconds of processor time to judge ten counties × five series × three years, the best of some rounds."""
    rows = county_series(events(SEEDS[0], with_planted=True)).filter(pl.col("day") >= JUDGED_FROM)
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        bands(rows, the_calendar)
        times.append(time.process_time() - begun)
    return 1000 * min(times)


def _table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> None:
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
