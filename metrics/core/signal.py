"""Is it noise? Days and weeks judged against the band that comparable days before them let expect, in both directions.

A verdict says "look", never more. A band uses earlier days only, so what comes later never changes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np
import polars as pl

from data_access.store import Store
from metrics.core.band import WINDOW, Band, Model, daily, rolling, weekly
from metrics.core.calendar import Calendar
from metrics.core.comparable import Bools, Days, Floats, Ints
from metrics.core.evaluate import evaluate
from metrics.core.model import Count, Metric
from metrics.core.period import DAY, Grain, Period
from metrics.core.query import EVERYTHING, BadQuery, Query, Scope
from metrics.core.tails import chance_of_at_most

#: Where fewer are expected a day, the sum of 28 days is judged too.
RARE = 5.0
# A gap: in one to three days a region's channels together bring at most this share of what is expected, and the chance that
# all of them are so low at once is smaller than this.
_GAP_DAYS, _GAP_SHARE, _GAP_CHANCE = 3, 0.10, 1e-5
RULES = ("day", "28_days", "week")
_BAND_COLUMNS = ("expected", "lower", "upper", "dispersion", "sum_28", "expected_28", "lower_28", "upper_28")


class Verdict(StrEnum):
    """What a day or a week is called."""

    high = "high"
    low = "low"
    usual = "usual"
    too_few = "too_few"
    gap = "gap"


_JUDGED = (Verdict.high.value, Verdict.low.value, Verdict.too_few.value, Verdict.usual.value)
VERDICT_LABELS = {
    Verdict.high: "特殊波动（高）",
    Verdict.low: "特殊波动（低）",
    Verdict.usual: "正常波动",
    Verdict.too_few: "样本不足",
    Verdict.gap: "可能断数",
}


def judge(
    query: Query,
    store: Store,
    metrics: Mapping[str, Metric],
    calendar: Calendar,
    begins: date,
    scope: Scope = EVERYTHING,
) -> pl.DataFrame:
    """The days or weeks of ``query`` with their bands: ``bands`` of metric, region_code and the break-downs.

    ``begins``: the first day that the source really covers; all from there on is learned from. Raises BadQuery (a grain other
    than day and week, a metric that is not a count), Forbidden.
    """
    if query.grain not in (Grain.day, Grain.week):
        raise BadQuery(f"波动判断只用于按日、按周的数据，粒度 {query.grain} 不可用；可选：day、week")
    refused = [key for key in query.metrics if key in metrics and not isinstance(metrics[key].kind, Count)]
    if refused:
        raise BadQuery(f"波动判断只用于计数指标，{'、'.join(refused)} 是比率、存量或得分，不可用")
    history = Period(min(begins, query.period.start), query.period.stop)
    asked = replace(query, period=history, grain=Grain.day)
    names = ["metric", "region_code", *query.by]
    seen = evaluate(asked, store, metrics, scope).select(*names, day="period", value="value")
    return bands(_complete(seen, names, history), calendar, query.grain, since=query.period.start)


def bands(
    series: pl.DataFrame, calendar: Calendar, grain: Grain = Grain.day, *, since: date | None = None
) -> pl.DataFrame:
    """Every day or week of every series with its band and verdict.

    ``series``: day (Date), value (counts; null: not known) and any columns that name a series; between the first and the last
    day of all of them a day without a row is 0. ``since``: leave out what ends before. Returned, sorted by series and day:
    the naming columns, day (of a week its Monday), value, expected, lower, upper (null where too few days compare), dispersion
    (the variance of the prediction is expected + dispersion · expected²), sum_28, expected_28, lower_28, upper_28 (null where
    28 days are not judged), rule (what the verdict rests on: day, week, 28_days), verdict (of ``Verdict``).
    """
    if grain not in (Grain.day, Grain.week):
        raise ValueError(f"bands are for days and weeks, not for {grain}")
    if series.is_empty():
        return _empty(series)
    panel = _Panel.of(series)
    model = Model.of(panel.values, Days.of(panel.period, calendar))
    first = 0 if since is None else min(max((since - panel.period.start).days, 0), panel.period.days)
    if grain is Grain.week:
        return _weeks(panel, model, first)
    return _days(panel, model, first)


def possible_gaps(judged: pl.DataFrame) -> pl.DataFrame:
    """Regions whose channels are all far below their bands at once, for one to three days or more: likelier a dead feed.

    ``judged``: daily ``bands`` with region_code and further columns that name the channels. Returned, by region and day:
    region_code, first, last (the days that brought almost nothing), value, expected (of those days together), chance.
    """
    by_day = _chance_of_region(judged)
    dead = pl.concat([_dead_days(by_day, length) for length in range(1, _GAP_DAYS + 1)]).unique()
    new = (pl.col("day").diff().over("region_code") != pl.duration(days=1)).fill_null(True)
    return (
        by_day.join(dead, on=["region_code", "day"], how="semi")
        .sort("region_code", "day")
        .with_columns(stretch=new.cum_sum())
        .group_by("region_code", "stretch", maintain_order=True)
        .agg(
            pl.col("day").min().alias("first"),
            pl.col("day").max().alias("last"),
            pl.col("value", "expected").sum(),
            pl.col("log_chance").sum().exp().alias("chance"),
        )
        .drop("stretch")
    )


def with_gaps(judged: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """``judged`` with the verdict ``gap`` on the days of ``possible_gaps``, instead of low or usual."""
    days = gaps.select("region_code", day=pl.date_ranges("first", "last")).explode("day").unique()
    marked = judged.join(
        days.with_columns(_gap=pl.lit(True)), on=["region_code", "day"], how="left", maintain_order="left"
    )
    lost = pl.col("_gap").fill_null(False) & (pl.col("verdict") != Verdict.high)
    return marked.with_columns(verdict=pl.when(lost).then(pl.lit(Verdict.gap.value)).otherwise("verdict")).drop("_gap")


@dataclass(frozen=True, eq=False)
class _Panel:
    """Series side by side over the same consecutive days: ``keys`` a row each, ``values`` (days, series)."""

    keys: pl.DataFrame
    period: Period
    values: Floats

    @staticmethod
    def of(series: pl.DataFrame) -> _Panel:
        names = [name for name in series.columns if name not in ("day", "value")]
        first, last = series["day"].min(), series["day"].max()
        if not isinstance(first, date) or not isinstance(last, date):
            raise ValueError("a series without a day has no bands")
        period = Period.inclusive(first, last)
        named = series.with_columns(_all=pl.lit(0))
        keys = named.select("_all", *names).unique().sort("_all", *names)
        numbered = named.join(keys.with_row_index("_number"), on=["_all", *names], how="left", nulls_equal=True)
        values = np.zeros((period.days, keys.height))
        place = (numbered["day"] - first).dt.total_days().to_numpy(), numbered["_number"].to_numpy()
        values[place] = numbered["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return _Panel(keys, period, values)

    def long(self, days: list[date], columns: Mapping[str, Floats]) -> pl.DataFrame:
        """Arrays (days, series) as one frame, series after series; nan becomes null."""
        height = self.keys.height
        named = self.keys.select(pl.all().repeat_by(len(days)).explode())
        flat = {
            name: pl.Series(np.ascontiguousarray(rows.T).ravel(), nan_to_null=True) for name, rows in columns.items()
        }
        return named.with_columns(pl.Series("day", days * height, dtype=pl.Date), **flat).drop("_all")


def _empty(series: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in series.columns if name not in ("day", "value")]
    numbers = {name: pl.lit(None, pl.Float64) for name in ("value", *_BAND_COLUMNS)}
    words = {name: pl.lit(None, pl.String) for name in ("rule", "verdict")}
    return series.select(*names, "day").with_columns(**numbers, **words)


def _complete(seen: pl.DataFrame, names: list[str], period: Period) -> pl.DataFrame:
    """With the first and last day of the period in every series, so that each reaches from end to end."""
    ends = pl.DataFrame({"day": [period.start, period.last]}).with_columns(value=pl.lit(0.0))
    missing = (
        seen.select(names).unique().join(ends, how="cross").join(seen, on=[*names, "day"], how="anti", nulls_equal=True)
    )
    return pl.concat([seen, missing.select(seen.columns)])


def _days(panel: _Panel, model: Model, first: int) -> pl.DataFrame:
    band = daily(model, first)
    sums = rolling(model, RARE * WINDOW, first)
    few = np.isnan(band.upper) & np.isnan(sums.upper)
    high, low = _beyond(band)
    high_28, low_28 = _beyond(sums)
    days = [panel.period.start + n * DAY for n in range(first, panel.period.days)]
    rule = np.where(~(high | low) & (high_28 | low_28), 1, 0)
    return _framed(panel, days, band, sums, rule, high | high_28, low | low_28, few)


def _weeks(panel: _Panel, model: Model, first: int) -> pl.DataFrame:
    start = panel.period.start
    starts = [(bucket.start - start).days for bucket in panel.period.buckets(Grain.week)]
    skipped = sum(1 for place, stop in zip(starts, [*starts[1:], panel.period.days], strict=True) if stop <= first)
    band = weekly(model, np.array(starts), skipped)
    days = [start + (place - (start + place * DAY).weekday()) * DAY for place in starts[skipped:]]
    high, low = _beyond(band)
    rule = np.full(band.value.shape, 2)
    return _framed(panel, days, band, _nothing(band.value), rule, high, low, np.isnan(band.upper))


def _framed(
    panel: _Panel, days: list[date], band: Band, sums: Band, rule: Ints, high: Bools, low: Bools, few: Bools
) -> pl.DataFrame:
    verdict = np.select([high, low, few], [0, 1, 2], 3)
    bounds = (band.mean, band.lower, band.upper, band.dispersion, sums.value, sums.mean, sums.lower, sums.upper)
    frame = panel.long(days, {"value": band.value, **dict(zip(_BAND_COLUMNS, bounds, strict=True))})
    return frame.with_columns(rule=_words(RULES, rule), verdict=_words(_JUDGED, verdict))


def _words(words: Sequence[str], chosen: Ints) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(pl.Series(chosen.T.ravel()))


def _beyond(band: Band) -> tuple[Bools, Bools]:
    """Above and below the band; a nan is neither."""
    return band.value > band.upper, band.value < band.lower


def _nothing(like: Floats) -> Band:
    return Band(*(np.full_like(like, np.nan) for _ in range(5)))


def _chance_of_region(judged: pl.DataFrame) -> pl.DataFrame:
    """By region and day: value, expected, and the log of the chance that every channel is as low as it is."""
    known = judged.filter(pl.col("expected").is_not_null() & pl.col("value").is_not_null())
    arrays = (known[name].to_numpy() for name in ("value", "expected", "dispersion"))
    log_chance = np.log(np.maximum(chance_of_at_most(*arrays), 1e-300))
    return (
        known.with_columns(log_chance=pl.Series(log_chance))
        .group_by("region_code", "day")
        .agg(pl.col("value", "expected", "log_chance").sum())
        .sort("region_code", "day")
    )


def _dead_days(by_day: pl.DataFrame, length: int) -> pl.DataFrame:
    """region_code and day of all days in stretches of ``length`` that look like a gap: almost nothing came on any of them."""
    dead = (pl.col("value") <= _GAP_SHARE * pl.col("expected")).cast(pl.Int64)
    back = pl.col("day").shift(length - 1).over("region_code")
    stretches = by_day.filter(
        dead.rolling_sum(length).over("region_code") == length,
        (pl.col("day") - back).dt.total_days() == length - 1,
        pl.col("log_chance").rolling_sum(length).over("region_code") < np.log(_GAP_CHANCE),
    )
    first = pl.col("day") - pl.duration(days=length - 1)
    return stretches.select("region_code", day=pl.date_ranges(first, "day")).explode("day")
