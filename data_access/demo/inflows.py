"""What arrives already counted: dispute inflow, three-no villages, feed receipts of the synthetic city."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from data_access.demo import chance, seasons
from data_access.demo.chance import Timeline
from data_access.demo.places import Places

_POLICE, _FILINGS, _VILLAGES, _FEEDS = 40, 41, 42, 43
_POLICE_PER_10K = 200.0
_FILINGS_PER_10K = 126.0
# Share of villages that meet all three conditions, by year; 无上访 is the condition most often missed.
_THREE_NO = {2023: 0.85, 2024: 0.90, 2025: 0.95}
_MISSED = (0.20, 0.12, 0.68)


def disputes(places: Places, seed: int, days: list[date]) -> pl.DataFrame:
    """rpt.dispute_inflow: police calls by township, civil filings by county; days without any have no row."""
    share = places.township_population / 10_000 / 365
    police = share * _POLICE_PER_10K * places.tendencies.police[places.township_county]
    filings = places.county_population / 10_000 / 365 * _FILINGS_PER_10K * places.tendencies.filings
    calls = _counted(
        places, seed, _POLICE, days, seasons.factors("police", days)[:, None] * police[None], "police_call"
    )
    cases = _counted(
        places, seed, _FILINGS, days, seasons.factors("court", days)[:, None] * filings[None], "civil_filing"
    )
    return pl.concat([calls, cases])


def _counted(
    places: Places, seed: int, stream: int, days: list[date], means: chance.Floats, source: str
) -> pl.DataFrame:
    items = np.stack(
        [
            random.poisson(random.gamma(12.0, mean / 12.0))
            for day, mean in zip(days, means, strict=True)
            for random in [np.random.default_rng([seed, day.toordinal(), stream])]
        ]
    )
    row, cell = np.nonzero(items)
    day = np.array([each.toordinal() for each in days])[row]
    place = places.township_at(cell, day) if source == "police_call" else places.county_at(cell)
    return pl.DataFrame(
        {
            "day": chance.dates(day),
            "region_code": chance.words(places.codes(), place),
            "source": pl.Series([source]).gather(pl.Series(np.zeros(len(day), dtype=np.int64))),
            "items": items[row, cell],
            "updated_at": Timeline(day, days[-1]).updated_at(np.full(len(day), 0.9)),
        }
    )


def village_status(places: Places, seed: int, days: list[date]) -> pl.DataFrame:
    """rpt.village_status: the verdict published on the first of each month; some villages miss it more often than others."""
    months = [day for day in days if day.day == 1]
    count = len(places.villages)
    proneness = np.random.default_rng([seed, int(places.city), _VILLAGES]).gamma(0.8, 1 / 0.8, count)
    frames = [_month_status(places, seed, month, proneness) for month in months]
    if not frames:
        return _month_status(places, seed, days[0], proneness).clear()
    return pl.concat(frames)


def _month_status(places: Places, seed: int, month: date, proneness: chance.Floats) -> pl.DataFrame:
    missing = 1 - _THREE_NO.get(month.year, _THREE_NO[2023] if month.year < 2023 else 0.96)
    uniform = np.random.default_rng([seed, month.toordinal(), _VILLAGES]).random((len(proneness), 3))
    met = uniform >= np.minimum(proneness[:, None] * missing * np.array(_MISSED), 0.9)
    when = np.full(len(proneness), month.toordinal())
    return pl.DataFrame(
        {
            "month": chance.dates(when),
            "region_code": pl.Series(places.villages, dtype=pl.String),
            "no_case": met[:, 0],
            "no_accident": met[:, 1],
            "no_petition": met[:, 2],
            "updated_at": Timeline(when, month).updated_at(np.full(len(when), 0.5)),
        }
    )


def feeds(
    places: Places,
    seed: int,
    days: list[date],
    petitions: dict[int, int],
    mediations: pl.DataFrame,
    disputes: pl.DataFrame,
) -> pl.DataFrame:
    """rpt.feed_receipt: what the other tables received that day, and two feeds of their own (hotline, grid)."""
    tens = float(places.county_population.sum()) / 10_000
    accepted = _per_day(mediations.select(day=pl.col("accepted_at").dt.date(), items=pl.lit(1)))
    calls, filings = (
        _per_day(disputes.filter(pl.col("source") == source)) for source in ("police_call", "civil_filing")
    )
    rows = []
    for day in days:
        random = np.random.default_rng([seed, day.toordinal(), _FEEDS])
        hotline = int(random.poisson(random.gamma(60, tens * 2.2 / 60) * seasons.factor("phone", day)))
        grid = int(random.poisson(random.gamma(60, tens * 3.0 / 60) * seasons.factor("mediation", day)))
        rows += [
            (day, "petition_system", petitions.get(day.toordinal(), 0)),
            (day, "hotline_12345", hotline),
            (day, "police", calls.get(day, 0)),
            (day, "court", filings.get(day, 0)),
            (day, "justice", accepted.get(day, 0)),
            (day, "grid", grid),
        ]
    frame = pl.DataFrame(rows, schema={"day": pl.Date, "source": pl.String, "records": pl.Int64}, orient="row")
    received = pl.col("day").cast(pl.Datetime("us")) + pl.duration(hours=23, minutes=50)
    return frame.with_columns(updated_at=received)


def _per_day(rows: pl.DataFrame) -> dict[date, int]:
    sums = rows.group_by("day").agg(pl.col("items").sum())
    return dict(zip(sums["day"].to_list(), sums["items"].to_list(), strict=True))
