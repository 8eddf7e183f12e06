"""rpt.mediation of the synthetic city. Rates and lags by channel: ``domain.md``, assumptions unless marked there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from scipy.special import ndtri

from data_access.demo import chance, seasons
from data_access.demo.chance import NEVER, Bools, Draws, Floats, Ints, Timeline
from data_access.demo.places import Places

_STREAM = 20
_DISPERSION = 12.0
CHANNELS = ("court_delegated", "court_entrusted", "petition", "police", "admin", "guided", "direct")
_PER_10K = (30.0, 10.0, 3.0, 25.0, 2.0, 14.0, 46.0)
_PATTERNS = ("court", "court", "mediation", "police", "mediation", "mediation", "mediation")
_SUCCESS = np.array([0.67, 0.65, 0.87, 0.80, 0.98, 0.962, 0.966])
_MEDIAN_DAYS = np.array([14.0, 17.0, 6.0, 1.5, 8.0, 4.0, 3.0])
_SPREAD_DAYS = np.array([0.55, 0.60, 0.80, 0.90, 0.70, 0.80, 0.90])
_LONGEST_DAYS = np.array([30, 60, 60, 30, 60, 60, 60])
_COURT = (0, 1)
_COMMITTEES = ("village", "township", "county", "professional")
_COMMITTEE_SHARES = (
    (0, 20, 45, 35),
    (0, 15, 50, 35),
    (0, 30, 60, 10),
    (35, 55, 10, 0),
    (0, 0, 40, 60),
    (40, 60, 0, 0),
    (60, 35, 0, 5),
)
_TYPES = (
    "marriage_family", "neighbour", "land", "labour", "traffic", "medical", "property", "contract", "consumer", "damages", "other",
)  # fmt: skip
_TYPE_SHARES = (
    (14, 2, 3, 12, 16, 2, 12, 28, 5, 4, 2), (14, 2, 3, 12, 16, 2, 12, 28, 5, 4, 2), (8, 6, 22, 22, 2, 4, 16, 8, 4, 4, 4),
    (24, 26, 4, 6, 12, 1, 3, 4, 8, 9, 3), (2, 4, 18, 22, 14, 10, 12, 4, 10, 2, 2), (20, 26, 18, 8, 4, 1, 6, 5, 3, 6, 3),
    (22, 28, 18, 7, 4, 1, 6, 4, 2, 5, 3),
)  # fmt: skip
# Median amount at stake in yuan by type, 0: none.
_AMOUNT = np.array([0, 1_500, 12_000, 18_000, 35_000, 40_000, 3_000, 48_000, 1_200, 6_000, 5_000])
_OUTCOMES = ("succeeded", "failed", "terminated")
_COLUMNS = (
    "time", "committee", "village", "township", "type", "success", "ended", "lag", "open", "written", "due", "performed",
    "performed_lag", "confirmed", "confirmed_lag", "households", "amount", "has_amount", "subsidy", "subsidised", "updated",
)  # fmt: skip


@dataclass(frozen=True)
class _Events:
    draws: Draws

    @property
    def county(self) -> Ints:
        return self.draws.cell // len(CHANNELS)

    @property
    def channel(self) -> Ints:
        return self.draws.cell % len(CHANNELS)

    def chance(self, column: str) -> Floats:
        return self.draws.uniform[:, _COLUMNS.index(column)]


def mediations(places: Places, seed: int, days: list[date]) -> pl.DataFrame:
    """Mediations accepted on ``days`` (consecutive), as known at the end of the last of them."""
    season = np.stack([seasons.factors(pattern, days) for pattern in _PATTERNS], axis=1)
    means = (season[:, None, :] * _yearly(places)[None] / 365).reshape(len(days), -1)
    events = _Events(chance.draw(seed, _STREAM, days, means, _DISPERSION, len(_COLUMNS)))
    return _table(places, events, days[-1])


def _yearly(places: Places) -> Floats:
    """Expected mediations per year, (counties, channels); grassroots mediation differs by county."""
    rates = np.tile(_PER_10K, (len(places.counties), 1))
    rates[:, -2:] *= places.tendencies.grassroots[:, None]
    return np.asarray(rates * places.county_population[:, None] / 10_000, dtype=np.float64)


def _table(places: Places, events: _Events, until: date) -> pl.DataFrame:
    day = events.draws.day
    time = Timeline(day, until)
    committee = chance.pick(chance.cumulative(_COMMITTEE_SHARES), events.channel, events.chance("committee"))
    kind = chance.pick(chance.cumulative(_TYPE_SHARES), events.channel, events.chance("type"))
    outcome = _outcome(places, events)
    concluded = time.dated(_concluded(events))
    ended = concluded < NEVER
    succeeded = ended & (outcome == 0)
    written = succeeded & (events.chance("written") < 0.7)
    due = concluded + np.array([7, 15, 30, 60, 90, 180])[chance.pick_one((20, 20, 25, 15, 12, 8), events.chance("due"))]
    performed = time.dated(_performed(places, events, concluded, due, written))
    confirmed = time.dated(_confirmed(events, concluded, succeeded))
    paid = time.happened(_subsidised_on(events, concluded, succeeded))
    accepted_at = chance.moments(day, _seconds(events))
    amount = _amount(events, kind)
    table = pl.DataFrame(
        {
            "mediation_id": chance.surrogate(day, events.draws.serial),
            "accepted_at": accepted_at,
            "region_code": _region(places, events, committee),
            "channel": chance.words(CHANNELS, events.channel),
            "committee_kind": chance.words(_COMMITTEES, committee),
            "dispute_type": chance.words(_TYPES, kind),
            "outcome": chance.words(_OUTCOMES, outcome, ended),
            "concluded_on": chance.dates(concluded),
            "performance_due_on": chance.dates(due, written),
            "performed_on": chance.dates(performed),
            "confirmed_on": chance.dates(confirmed),
            "households": chance.numbers(_households(events), ended),
            "amount_yuan": chance.numbers(amount, ended & (amount > 0)),
            "subsidy_yuan": chance.numbers(chance.whole(events.chance("subsidy"), 1, 10) * 50, paid),
            "updated_at": time.updated_at(events.chance("updated"), accepted_at),
        }
    )
    return table.filter(pl.Series(time.known))


def _seconds(events: _Events) -> Floats:
    """Office hours; what the police hand over comes at any hour."""
    uniform = events.chance("time")
    return np.where(events.channel == 3, uniform * 24, 8.5 + 9 * uniform) * 3600


def _region(places: Places, events: _Events, committee: Ints) -> pl.Series:
    """Village committees: the village; township ones: the township; county and professional ones: mostly the county."""
    township = places.townships_of.pick(events.county, events.chance("township"))
    village = places.villages_of.pick(township, events.chance("village"))
    known = (committee == 3) & (events.chance("village") < 0.3)
    at_township = places.township_at(township, events.draws.day)
    above = np.where(known, at_township, places.county_at(events.county))
    place = np.where(committee == 0, places.village_at(village), np.where(committee == 1, at_township, above))
    return chance.words(places.codes(), place)


def _outcome(places: Places, events: _Events) -> Ints:
    base = np.log(_SUCCESS / (1 - _SUCCESS))[events.channel] + places.tendencies.mediation_shift[events.county]
    failed = events.chance("success") >= 1 / (1 + np.exp(-base))
    return np.where(failed, np.where(events.chance("ended") < 0.75, 1, 2), 0)


def _concluded(events: _Events) -> Ints:
    """Lognormal lags by channel up to each channel's limit; three in a thousand stay open."""
    spread = ndtri(np.clip(events.chance("lag"), 1e-9, 1 - 1e-9)) * _SPREAD_DAYS[events.channel]
    days = np.minimum(
        np.floor(_MEDIAN_DAYS[events.channel] * np.exp(spread)).astype(np.int64), _LONGEST_DAYS[events.channel]
    )
    return np.where(events.chance("open") < 0.003, NEVER, events.draws.day + days)


def _performed(places: Places, events: _Events, concluded: Ints, due: Ints, written: Bools) -> Ints:
    """On the spot, by the limit, late, or never."""
    kept = 0.93 + 0.06 * places.tendencies.mediation_shift[events.county]
    chance_here = events.chance("performed")
    in_time = concluded + np.floor(events.chance("performed_lag") * (due - concluded + 1)).astype(np.int64)
    late = due + chance.whole(events.chance("performed_lag"), 1, 60)
    when = np.where(chance_here < 0.35, concluded, np.where(chance_here < kept, in_time, late))
    return np.where(written & (chance_here < 0.975), when, NEVER)


def _confirmed(events: _Events, concluded: Ints, succeeded: Bools) -> Ints:
    share = np.where(np.isin(events.channel, _COURT), 0.28, 0.04)
    asked = succeeded & (events.chance("confirmed") < share)
    return np.where(asked, concluded + chance.whole(events.chance("confirmed_lag"), 1, 30), NEVER)


def _subsidised_on(events: _Events, concluded: Ints, succeeded: Bools) -> Ints:
    """50 to 500 yuan a case, reviewed on the 15th after the quarter's end; not for court channels."""
    entitled = succeeded & ~np.isin(events.channel, _COURT) & (events.chance("subsidised") < 0.55)
    days, place = np.unique(np.where(entitled, concluded, 1), return_inverse=True)
    reviews = np.array([_review_after(date.fromordinal(int(day))).toordinal() for day in days], dtype=np.int64)
    return np.where(entitled, reviews[place], NEVER) if len(days) else concluded


def _review_after(day: date) -> date:
    month = (day.month - 1) // 3 * 3 + 4
    return date(day.year + (month > 12), (month - 1) % 12 + 1, 15)


def _households(events: _Events) -> Ints:
    uniform = events.chance("households")
    many = np.floor(3 * (1 - np.clip((uniform - 0.97) / 0.03, 0, 0.999)) ** -0.8).astype(np.int64)
    return np.where(uniform < 0.12, 1, np.where(uniform < 0.97, 2, np.minimum(many, 200)))


def _amount(events: _Events, kind: Ints) -> Ints:
    stretched = np.exp(1.1 * ndtri(np.clip(events.chance("amount"), 1e-9, 1 - 1e-9)))
    yuan = np.floor(_AMOUNT[kind] * stretched / 100).astype(np.int64) * 100
    return np.where(events.chance("has_amount") < 0.65, yuan, 0)
