"""rpt.petition of the synthetic city. Base rates: ``domain.md``, for a city of four million; all are assumptions unless marked there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from scipy.special import gammaincinv, ndtri

from data_access.demo import chance, planted, seasons
from data_access.demo.chance import NEVER, Bools, Draws, Floats, Ints, Timeline
from data_access.demo.places import CATEGORIES, Places, city_organs, county_organs

_STREAM = 10
_BURST_SERIAL = 6_000
_BURSTS_PER_YEAR = 11
_ITEMS_PER_BURST = 400
_PER_10K = 50.0
_CELLS = ("web", "visit", "letter", "phone", "province", "national")
_PATTERNS = ("web", "visit", "letter", "phone", "far_visit", "far_visit")
_WEB, _VISIT, _PROVINCE, _NATIONAL = 0, 1, 4, 5
# Province and national visits: batches per 10,000 residents and year (1.2 and 0.5 persons, 1.3 and 1.2 a batch).
_FAR_PER_10K = (0.92, 0.42)
_OTHER_SHARES = {"visit": 0.25, "letter": 0.14, "phone": 0.06}
_DISPERSION = 12.0
_FAR_DISPERSION = 3.0
_CHANNELS = ("web", "visit", "letter", "phone", "visit", "visit")
_PURPOSES = ("appeal", "report", "suggest", "other")
_ROUTES = ("petition_procedure", "duty_performance", "admin_procedure", "litigation", "arbitration", "party_appeal")
_EVALUATIONS = ("very_satisfied", "satisfied", "dissatisfied")
# Shares of the levels 1 to 5 by cell: where lodged, and who is competent.
_RECEIVED = (
    (5, 40, 25, 20, 10),
    (24, 53, 23, 0, 0),
    (4, 38, 30, 18, 10),
    (0, 40, 60, 0, 0),
    (0, 0, 0, 1, 0),
    (0, 0, 0, 0, 1),
)
_HANDLING = (
    (34, 50, 14, 1.5, 0.5), (34, 55, 11, 0, 0), (30, 52, 15, 2, 1), (45, 45, 10, 0, 0), (32, 54, 13, 1, 0), (34, 52, 12, 2, 0),
)  # fmt: skip
# What is brought to the city is seldom a township's matter.
_HANDLING_OF_CITY_VISIT = (7, 58, 35, 0, 0)
# Share of group visits where lodged: township, county, city, province, national.
_GROUP_SHARE = np.array([0.03, 0.12, 0.45, 0.012, 0.008])
_SIZES = ((0.62, 0.22, 0.11, 0.05), (0.84, 0.11, 0.03, 0.02), (0.975, 0.015, 0.006, 0.004))
_CALENDAR_DAYS_TO_REPLY = 60
_EXTENSION = 30

_COLUMNS = (
    "late", "late_days", "time", "township", "unknown", "received", "handling", "group", "size", "group_size", "repeat",
    "repeat_tail", "purpose", "category", "route", "assigned", "unassigned", "accept_late", "accept_lag", "accept_never",
    "reply_late", "reply_kind", "reply_lag", "reply_never", "extended", "evaluable", "participates", "evaluation", "evaluated_lag",
    "updated",
)  # fmt: skip


@dataclass(frozen=True)
class Petitions:
    """The table, and how many records the petition system delivered on each day (ordinal)."""

    table: pl.DataFrame
    delivered: dict[int, int]


@dataclass(frozen=True)
class _Events:
    draws: Draws
    township: Ints
    category: Ints
    in_group: Bools
    surge: Bools

    @property
    def county(self) -> Ints:
        return self.draws.cell // len(_CELLS)

    @property
    def cell(self) -> Ints:
        return self.draws.cell % len(_CELLS)

    def chance(self, column: str) -> Floats:
        return self.draws.uniform[:, _COLUMNS.index(column)]


def petitions(places: Places, seed: int, days: list[date], *, with_planted: bool = True) -> Petitions:
    """Petitions registered on ``days`` (consecutive), as known at the end of the last of them.

    ``with_planted``: with the bursts and the feed gaps of ``planted``.
    """
    events = _everyday(places, seed, days)
    if with_planted:
        events = _without_gaps(_with_bursts(events, places, seed, days), places, seed, days)
    day = events.draws.day
    arrived = day + np.where(events.chance("late") < 0.005, chance.whole(events.chance("late_days"), 3, 20), 0)
    table = _table(places, events, arrived, days[-1])
    counts = np.unique(arrived[arrived <= days[-1].toordinal()], return_counts=True)
    return Petitions(table, dict(zip(counts[0].tolist(), counts[1].tolist(), strict=True)))


def _everyday(places: Places, seed: int, days: list[date]) -> _Events:
    season = np.stack([seasons.factors(pattern, days) for pattern in _PATTERNS], axis=1)
    trend = np.array([1.02 ** ((day - date(2024, 1, 1)).days / 365) for day in days])
    means = (trend[:, None, None] * season[:, None, :] * _yearly(places)[None] / 365).reshape(len(days), -1)
    dispersion = np.tile([_DISPERSION] * 4 + [_FAR_DISPERSION] * 2, len(places.counties))
    draws = chance.draw(seed, _STREAM, days, means, dispersion, len(_COLUMNS))
    nothing = np.full(len(draws.day), -1)
    return _Events(draws, nothing, nothing, nothing > 0, nothing > 0)


def _yearly(places: Places) -> Floats:
    """Expected petitions per year, (counties, cells)."""
    tens = places.county_population / 10_000 * places.tendencies.volume
    web = places.tendencies.web
    rest = (1 - web) / sum(_OTHER_SHARES.values()) * _PER_10K
    near = [web * _PER_10K, *(share * rest for share in _OTHER_SHARES.values())]
    far = [np.full(len(tens), rate) for rate in _FAR_PER_10K]
    return np.stack([tens * rate for rate in (*near, *far)], axis=1)


def _with_bursts(events: _Events, places: Places, seed: int, days: list[date]) -> _Events:
    parts = [events]
    for year in range(days[0].year - 1, days[-1].year + 1):
        for number, burst in enumerate(planted.bursts(places, seed, year)):
            parts.append(_burst_events(places, seed, number, year, burst))
    joined = parts[0]
    for part in parts[1:]:
        joined = _Events(
            joined.draws.joined(part.draws),
            np.concatenate([joined.township, part.township]),
            np.concatenate([joined.category, part.category]),
            np.concatenate([joined.in_group, part.in_group]),
            np.concatenate([joined.surge, part.surge]),
        )
    inside = (joined.draws.day >= days[0].toordinal()) & (joined.draws.day <= days[-1].toordinal())
    return _only(joined, inside)


def _burst_events(places: Places, seed: int, number: int, year: int, burst: planted.Burst) -> _Events:
    count = len(burst.days)
    surge = burst.kind == "web_surge"
    random = np.random.default_rng([seed, year, _STREAM, number])
    cell = int(places.township_county[burst.township]) * len(_CELLS) + (_WEB if surge else _VISIT)
    draws = Draws(
        np.array([day.toordinal() for day in burst.days]),
        np.full(count, cell),
        _BURST_SERIAL + (year % 2 * _BURSTS_PER_YEAR + number) * _ITEMS_PER_BURST + np.arange(count),
        random.random((count, len(_COLUMNS))),
    )
    # Planted items are lodged in time and with their township known, so that the ground truth is exact.
    for column, value in (("late", 0.5), ("unknown", 0.5), ("received", 0.4 + 0.6 * random.random())):
        draws.uniform[:, _COLUMNS.index(column)] = value
    return _Events(
        draws,
        np.full(count, burst.township),
        np.full(count, burst.category),
        np.full(count, not surge),
        np.full(count, surge),
    )


def _without_gaps(events: _Events, places: Places, seed: int, days: list[date]) -> _Events:
    missing = np.zeros(len(events.draws.day), dtype=bool)
    for year in range(days[0].year, days[-1].year + 1):
        gap = planted.gap(places, seed, year)
        missing |= (events.county == gap.county) & np.isin(events.draws.day, [day.toordinal() for day in gap.days])
    return _only(events, ~missing)


def _only(events: _Events, keep: Bools) -> _Events:
    return replace(
        events,
        draws=events.draws.kept(keep),
        township=events.township[keep],
        category=events.category[keep],
        in_group=events.in_group[keep],
        surge=events.surge[keep],
    )


def _table(places: Places, events: _Events, arrived: Ints, until: date) -> pl.DataFrame:
    day = events.draws.day
    time = Timeline(arrived, until)
    category = _category(events)
    received, handling = _levels(events)
    repeat = _repeat(events)
    purpose = chance.pick_one((85, 6, 7, 2), events.chance("purpose"))
    route = _route(events, purpose)
    steps = _steps(places, events, route)
    evaluated = _evaluated(places, events, steps.replied, repeat, purpose)
    assigned = time.happened(
        np.where(events.chance("unassigned") < 0.005, NEVER, day + chance.whole(events.chance("assigned"), 0, 3))
    )
    accepted, replied = time.dated(steps.accepted), time.dated(steps.replied)
    due = steps.accepted + _CALENDAR_DAYS_TO_REPLY + np.where(time.happened(steps.extended_on), _EXTENSION, 0)
    with_due = (accepted < NEVER) & (route <= 2)
    evaluated_on = time.dated(evaluated.on)
    registered = chance.moments(day, _seconds(events))
    table = pl.DataFrame(
        {
            "petition_id": chance.surrogate(day, events.draws.serial),
            "registered_at": registered,
            "region_code": _region(places, events),
            "channel": chance.words(_CHANNELS, events.cell),
            "purpose": chance.words(_PURPOSES, purpose),
            "category": chance.words([code for code, *_ in CATEGORIES], category),
            "received_level": received + 1,
            "handling_level": handling + 1,
            "organ_code": _organ(places, events, category, handling, assigned),
            "persons": _persons(events, received),
            "repeat_no": repeat,
            "procedure_route": chance.words(_ROUTES, route),
            "accept_due_on": chance.dates(day + 15),
            "accepted_on": chance.dates(accepted),
            "reply_due_on": chance.dates(due, with_due),
            "replied_on": chance.dates(replied),
            "evaluable": evaluated.possible,
            "evaluation": chance.words(_EVALUATIONS, evaluated.choice, evaluated_on < NEVER),
            "evaluated_on": chance.dates(evaluated_on),
            "updated_at": time.updated_at(events.chance("updated"), registered),
        }
    )
    return table.filter(pl.Series(time.known))


def _seconds(events: _Events) -> Floats:
    """Letters, visits and calls in office hours; the web at any hour, a tenth of it before eight in the morning."""
    uniform = events.chance("time")
    office = 8.5 + 9 * uniform
    web = np.where(uniform < 0.1, uniform * 80, 8 + (uniform - 0.1) / 0.9 * 15.99)
    return np.where(events.cell == _WEB, web, office) * 3600


def _region(places: Places, events: _Events) -> pl.Series:
    drawn = places.townships_of.pick(events.county, events.chance("township"))
    township = np.where(events.township >= 0, events.township, drawn)
    at_township = places.township_at(township, events.draws.day)
    place = np.where(events.chance("unknown") < 0.03, places.county_at(events.county), at_township)
    return chance.words(places.codes(), place)


def _category(events: _Events) -> Ints:
    """Shares vary with the month: schools in August and September, land in spring, wages before the Spring Festival."""
    ordinals, row = np.unique(events.draws.day, return_inverse=True)
    table = chance.cumulative([_category_weights(date.fromordinal(int(day))) for day in ordinals] or [[1.0]])
    drawn = chance.pick(table, row, events.chance("category"))
    return np.where(events.category >= 0, events.category, drawn)


def _category_weights(day: date) -> list[float]:
    boost = {"070000": 1.5} if day.month in (8, 9) else {}
    if day.month in (3, 4):
        boost |= {"020000": 1.1, "010000": 1.1}
    if day.month in (5, 6, 7):
        boost |= {"100000": 1.2}
    if -50 <= seasons.lunar_offset(day) <= -10:
        boost |= {"180000": 2.6, "040000": 1.3}
    return [weight * boost.get(code, 1.0) for code, _, _, weight, _ in CATEGORIES]


def _levels(events: _Events) -> tuple[Ints, Ints]:
    """Levels less one: where lodged and who is competent."""
    received = chance.pick(chance.cumulative(_RECEIVED), events.cell, events.chance("received"))
    handling_table = chance.cumulative([*_HANDLING, _HANDLING_OF_CITY_VISIT])
    row = np.where((events.cell == _VISIT) & (received == 2), len(_HANDLING), events.cell)
    return received, chance.pick(handling_table, row, events.chance("handling"))


def _persons(events: _Events, received: Ints) -> Ints:
    visiting = np.isin(events.cell, (_VISIT, _PROVINCE, _NATIONAL))
    crowd = events.in_group | (visiting & (events.chance("group") < _GROUP_SHARE[received]))
    kind = np.where(visiting, np.where(received >= 3, 1, 0), 2)
    few = 1 + chance.pick(chance.cumulative(_SIZES), kind, events.chance("size"))
    return np.where(crowd, _crowd(events.chance("group_size")), np.where(events.surge, 1, few))


def _crowd(uniform: Floats) -> Ints:
    """Five and more: 5 + floor(lognormal(ln 9, 1.05)), at most 300; median 14."""
    stretched: Floats = np.exp(1.05 * ndtri(np.clip(uniform, 1e-9, 1 - 1e-9)))
    return 5 + np.minimum(np.floor(9 * stretched), 295).astype(np.int64)


def _repeat(events: _Events) -> Ints:
    band = chance.pick_one((60, 21, 10, 5, 4), events.chance("repeat"))
    more = np.floor(-np.log1p(-events.chance("repeat_tail")) * 2.5).astype(np.int64)
    numbers = 1 + band + np.where(band == 4, np.minimum(more, 40), 0)
    return np.where(events.surge, 1, numbers)


def _route(events: _Events, purpose: Ints) -> Ints:
    drawn = chance.pick_one((66, 14, 10, 5, 3, 2), events.chance("route"))
    return np.where(purpose == 1, 5, np.where(purpose == 0, drawn, 0))


@dataclass(frozen=True)
class _Steps:
    accepted: Ints
    replied: Ints
    extended_on: Ints


def _steps(places: Places, events: _Events, route: Ints) -> _Steps:
    """Acceptance within 15 days and reply within 60 (90) of it, or late by the county's true rate, or never."""
    truth = places.tendencies
    accept_late = events.chance("accept_late") >= truth.accept_on_time[events.county]
    quick = np.minimum(np.floor(2.5 * gammaincinv(2.0, events.chance("accept_lag"))), 15).astype(np.int64)
    accepted = events.draws.day + np.where(accept_late, chance.whole(events.chance("accept_lag"), 16, 30), quick)
    accepted = np.where(accept_late & (events.chance("accept_never") < 0.1), NEVER, accepted)
    extended = (events.chance("extended") < 0.04) & (route <= 2)
    reply_late = events.chance("reply_late") >= truth.reply_on_time[events.county]
    limit = _CALENDAR_DAYS_TO_REPLY + np.where(extended, _EXTENSION, 0)
    late_by = 1 + np.floor(-np.log1p(-events.chance("reply_lag")) * 9).astype(np.int64)
    lag = np.where(
        reply_late,
        limit + late_by,
        np.where(extended, 58 + chance.whole(events.chance("reply_lag"), 3, 32), _in_time(events)),
    )
    never = (reply_late & (events.chance("reply_never") < 0.12)) | (accepted == NEVER)
    replied = np.where(never, NEVER, accepted + lag)
    extended_on = np.where(extended & (accepted < NEVER), accepted + 55, NEVER)
    return _Steps(accepted, replied, extended_on)


def _in_time(events: _Events) -> Ints:
    """Two humps and a spike just before the limit, as deadlines make them."""
    kind = chance.pick_one((45, 35, 20), events.chance("reply_kind"))
    low: Ints = np.array([5, 30, 58])[kind]
    high: Ints = np.array([25, 57, 60])[kind]
    return low + np.floor(events.chance("reply_lag") * (high - low + 1)).astype(np.int64)


@dataclass(frozen=True)
class _Evaluated:
    possible: Bools
    on: Ints
    choice: Ints


def _evaluated(places: Places, events: _Events, replied: Ints, repeat: Ints, purpose: Ints) -> _Evaluated:
    truth = places.tendencies
    possible = (repeat == 1) & (purpose != 1) & (events.chance("evaluable") < 0.95)
    given = possible & (replied < NEVER) & (events.chance("participates") < truth.participation[events.county])
    content = truth.satisfaction[events.county]
    late = events.chance("reply_late") >= truth.reply_on_time[events.county]
    content = np.where(late, content - 0.25, content)
    choice = np.where(
        events.chance("evaluation") < content, (events.chance("evaluation") > 0.72 * content).astype(np.int64), 2
    )
    on = np.where(given, replied + chance.whole(events.chance("evaluated_lag"), 1, 20), NEVER)
    return _Evaluated(possible, on, choice)


def _organ(places: Places, events: _Events, category: Ints, handling: Ints, assigned: Bools) -> pl.Series:
    """The county organ of the content, a city department from level 3, the city's petition department above."""
    organ_of_category = np.array([organ for *_, organ in CATEGORIES])[category] + 1
    codes = places.organ["organ_code"].to_list()
    at_county = 1 + city_organs() + events.county * (1 + county_organs()) + organ_of_category
    return chance.words(
        codes, np.where(handling >= 3, 0, np.where(handling == 2, organ_of_category, at_county)), assigned
    )
