"""The slow registers of the synthetic city: supervision orders, backlog, risk issues, deductions.

They begin before the first day shown (``_BEFORE``), because a register already holds open rows when a dashboard first looks.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from data_access import contract
from data_access.demo import chance, seasons
from data_access.demo.chance import NEVER, Draws, Floats, Ints, Timeline
from data_access.demo.places import CATEGORIES, Places, city_organs, county_organs

_ORDERS, _BACKLOG, _RISKS, _DEDUCTIONS = 30, 31, 32, 33
_BEFORE = timedelta(days=730)

_ORDER_KINDS = ("commander", "dispatch", "supervision", "prompt", "warning", "bulletin", "interview", "inspection")
_ORDERS_PER_YEAR = np.array([8, 30, 45, 60, 25, 12, 15, 30])
_ORDER_TERM = np.array([30, 15, 10, 15, 10, 30, 7, 20])

_BACKLOG_PER_10K = 1.2
_BACKLOG_DAYS = ((3, 15, 0.6, "一"), (9, 10, 0.4, "二"))

_DOMAINS = tuple(domain for domain in contract.CODES["risk_issue"]["domain"] if domain != "other")
_DOMAIN_SHARES = (18, 7, 4, 16, 12, 9, 6, 10, 5, 5, 3, 5)
_RISKS_PER_10K = 0.9
_RISK_LEVELS = ("high", "medium", "low")

_REASONS = ("intel_failure", "oversight_failure", "resolution_failure", "lookback", "late", "data_quality", "reward")
_REASON_SHARES = (8, 14, 28, 6, 22, 12, 10)
_STATUSES = ("proposed", "final", "appealed", "revoked")
_DEPARTMENT_DEDUCTIONS = 0.3


def orders(places: Places, seed: int, days: list[date]) -> pl.DataFrame:
    """rpt.supervision_order, as known at the end of the last of ``days``."""
    every = _with_lead(days)
    share = places.county_population / places.county_population.sum()
    yearly = (share[:, None] * _ORDERS_PER_YEAR[None]).reshape(1, -1)
    means = seasons.factors("order", every)[:, None] * yearly / 365
    draws = chance.draw(seed, _ORDERS, every, means, 50.0, 7)
    county, kind = np.divmod(draws.cell, len(_ORDER_KINDS))
    time = Timeline(draws.day, days[-1])
    due = draws.day + _ORDER_TERM[kind]
    closed = time.dated(_order_closed(places, draws, county, kind, due))
    organ = (
        2 + city_organs() + county * (1 + county_organs()) + chance.whole(draws.uniform[:, 4], 0, county_organs() - 1)
    )
    return pl.DataFrame(
        {
            "order_id": chance.surrogate(draws.day, draws.serial),
            "kind": chance.words(_ORDER_KINDS, kind),
            "region_code": chance.words(places.counties, county),
            "organ_code": chance.words(places.organ["organ_code"].to_list(), organ, draws.uniform[:, 5] < 0.8),
            "issued_on": chance.dates(draws.day),
            "due_on": chance.dates(due),
            "closed_on": chance.dates(closed),
            "updated_at": time.updated_at(draws.uniform[:, 6]),
        }
    ).filter(pl.Series(time.known))


def backlog(places: Places, seed: int, days: list[date]) -> pl.DataFrame:
    """rpt.backlog_case: two batches a year, each assigned on one day; about 55 % cleared after a year, 74 % after a year and a half."""
    handed = {day: (share, f"{day.year}年第{word}批") for day, share, word in _batch_days(days)}
    every = sorted(handed)
    means = (
        np.array([handed[day][0] for day in every])[:, None]
        * places.county_population[None]
        / 10_000
        * _BACKLOG_PER_10K
    )
    draws = chance.draw(seed, _BACKLOG, every, means, 40.0, 8)
    uniform = draws.uniform
    time = Timeline(draws.day, days[-1])
    speed = places.tendencies.backlog_speed[draws.cell]
    lasting = np.floor(385 / speed * (-np.log1p(-uniform[:, 0])) ** (1 / 1.25)).astype(np.int64)
    resolved = time.dated(np.where(uniform[:, 1] < 0.05, NEVER, draws.day + 5 + lasting))
    age = np.floor(180 + 365 * 15 * uniform[:, 2] ** 2.2).astype(np.int64)
    batches = [handed[day][1] for day in every]
    category = chance.pick_one([weight for _, _, _, weight, _ in CATEGORIES], uniform[:, 3])
    return pl.DataFrame(
        {
            "case_id": chance.surrogate(draws.day, draws.serial),
            "batch": chance.words(
                batches, np.searchsorted([day.toordinal() for day in every], draws.day).astype(np.int64)
            ),
            "region_code": _region(places, draws, 4, 5, township=0.85, county=0.12),
            "category": chance.words([code for code, *_ in CATEGORIES], category),
            "arisen_on": chance.dates(draws.day - age),
            "assigned_on": chance.dates(draws.day),
            "resolved_on": chance.dates(resolved),
            "leader_led": uniform[:, 6] < 0.55,
            "updated_at": time.updated_at(uniform[:, 7]),
        }
    ).filter(pl.Series(time.known))


def risks(places: Places, seed: int, days: list[date]) -> pl.DataFrame:
    """rpt.risk_issue, as known at the end of the last of ``days``."""
    every = _with_lead(days)
    yearly = places.county_population / 10_000 * _RISKS_PER_10K
    means = seasons.factors("order", every)[:, None] * yearly[None] / 365
    draws = chance.draw(seed, _RISKS, every, means, 20.0, 8)
    uniform = draws.uniform
    time = Timeline(draws.day, days[-1])
    level = chance.pick_one((10, 35, 55), uniform[:, 0])
    lasting = 7 + np.floor(np.array([160, 120, 80])[level] * -np.log1p(-uniform[:, 1])).astype(np.int64)
    managed = np.where(
        level == 0, chance.pick_one((40, 45, 15), uniform[:, 2]), chance.pick_one((82, 16, 2), uniform[:, 2])
    )
    closed = time.dated(np.where(uniform[:, 1] > 0.99, NEVER, draws.day + lasting))
    return pl.DataFrame(
        {
            "issue_id": chance.surrogate(draws.day, draws.serial),
            "region_code": _region(places, draws, 4, 5, township=0.60, county=0.35),
            "domain": chance.words(_DOMAINS, chance.pick_one(_DOMAIN_SHARES, uniform[:, 3])),
            "risk_level": chance.words(_RISK_LEVELS, level),
            "managed_level": managed + 2,
            "opened_on": chance.dates(draws.day),
            "closed_on": chance.dates(closed),
            "updated_at": time.updated_at(uniform[:, 7]),
        }
    ).filter(pl.Series(time.known))


def deductions(places: Places, seed: int, days: list[date]) -> pl.DataFrame:
    """rpt.deduction: proposed in the month, decided on the 10th of the next, some appealed and then upheld or revoked."""
    every = _with_lead(days)
    expected = np.append(places.tendencies.deductions, _DEPARTMENT_DEDUCTIONS * (1 + city_organs()))
    means = np.tile(expected / 30.4, (len(every), 1))
    draws = chance.draw(seed, _DEDUCTIONS, every, means, 50.0, 8)
    uniform, day = draws.uniform, draws.day
    time = Timeline(day, days[-1])
    department = draws.cell == len(places.counties)
    reason = chance.pick_one(_REASON_SHARES, uniform[:, 0])
    quarters = chance.whole(uniform[:, 1], 2, 12)
    status, decided = _status(time, day, uniform)
    months = np.array([date.fromordinal(int(each)).replace(day=1).toordinal() for each in day], dtype=np.int64)
    organ = np.where(
        department,
        chance.whole(uniform[:, 4], 0, city_organs()),
        2 + city_organs() + draws.cell * (1 + county_organs()) + chance.whole(uniform[:, 4], 0, county_organs() - 1),
    )
    number = pl.Series(
        [
            f"演示〔{date.fromordinal(int(each)).year}〕{serial % 900 + 1:03d}号"
            for each, serial in zip(day, day * 7 + draws.serial, strict=True)
        ],
        dtype=pl.String,
    )
    return pl.DataFrame(
        {
            "deduction_id": chance.surrogate(day, draws.serial),
            "month": chance.dates(months),
            "region_code": chance.words([*places.counties, places.root], draws.cell),
            "organ_code": chance.words(places.organ["organ_code"].to_list(), organ, department | (uniform[:, 5] < 0.4)),
            "assess_group": chance.words(("county_group", "dept_group"), department.astype(np.int64)),
            "reason": chance.words(_REASONS, reason),
            "points": np.where(reason == 6, -np.minimum(quarters, 6), quarters) / 4,
            "status": chance.words(_STATUSES, status),
            "document_no": number.set(pl.Series(~decided), None),
            "updated_at": time.updated_at(uniform[:, 7]),
        }
    ).filter(pl.Series(time.known))


def _with_lead(days: list[date]) -> list[date]:
    first = days[0] - _BEFORE
    return [first + timedelta(days=n) for n in range((days[-1] - first).days + 1)]


def _batch_days(days: list[date]) -> list[tuple[date, float, str]]:
    every = [
        (date(year, month, day), share, word)
        for year in range((days[0] - _BEFORE).year, days[-1].year + 1)
        for month, day, share, word in _BACKLOG_DAYS
    ]
    return [row for row in every if days[0] - _BEFORE <= row[0] <= days[-1]]


def _region(places: Places, draws: Draws, which: int, where: int, *, township: float, county: float) -> pl.Series:
    """Mostly a township, else its county, else the root; ``which`` and ``where`` name the uniform columns."""
    at_township = places.township_at(places.townships_of.pick(draws.cell, draws.uniform[:, which]), draws.day)
    level = draws.uniform[:, where]
    above = np.where(level < township + county, places.county_at(draws.cell), 0)
    return chance.words(places.codes(), np.where(level < township, at_township, above))


def _order_closed(places: Places, draws: Draws, county: Ints, kind: Ints, due: Ints) -> Ints:
    in_time = draws.uniform[:, 0] < places.tendencies.order_on_time[county]
    early = draws.day + 1 + np.floor((_ORDER_TERM[kind]) * draws.uniform[:, 1] ** 0.6).astype(np.int64)
    late = due + chance.whole(draws.uniform[:, 1], 1, 25)
    never = ~in_time & (draws.uniform[:, 2] < 0.1)
    return np.where(never, NEVER, np.where(in_time, np.minimum(early, due), late))


def _status(time: Timeline, day: Ints, uniform: Floats) -> tuple[Ints, np.typing.NDArray[np.bool_]]:
    """Index of the status now, and whether a document was issued."""
    ends = np.array([_tenth_of_next_month(date.fromordinal(int(each))).toordinal() for each in day], dtype=np.int64)
    final = time.happened(ends)
    appealed = time.happened(np.where(uniform[:, 2] < 0.10, ends + 3, NEVER))
    settled = time.happened(np.where(uniform[:, 2] < 0.10, ends + chance.whole(uniform[:, 3], 20, 45), NEVER))
    after_appeal = np.where(uniform[:, 6] < 0.35, 3, 1)
    return np.where(settled, after_appeal, np.where(appealed, 2, final.astype(np.int64))), final


def _tenth_of_next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 10)
