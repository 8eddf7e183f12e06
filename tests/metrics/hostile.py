"""Rows that the product did not make and no source should send, all of which the contract's tables take.

Chosen rows first, each for a rule that could go wrong; then many random ones (seeded), so that every rule meets every other.
Moments are written in several UTC offsets, days mostly round the turn of February to March 2024.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import count, product
from typing import Any

from psycopg2.extras import execute_values
from sqlalchemy import Engine

ROOT = "990000000000"
UNKNOWN = "999999999999"

# code, name, level, parent, population
_REGIONS: tuple[tuple[str, str, int, str | None, int | None], ...] = (
    (ROOT, "边界市", 3, None, 1_234_567),
    ("990101000000", "甲县", 2, ROOT, 300_000),
    ("990101101000", "甲一镇", 1, "990101000000", 20_000),
    ("990101101001", "甲一村", 0, "990101101000", 900),
    ("990101101002", "甲二村", 0, "990101101000", 0),
    ("990101102000", "甲二镇（没有村）", 1, "990101000000", None),
    ("990102000000", '直管村县,"逗号引号"', 2, ROOT, None),
    ("990102000001", "县直村", 0, "990102000000", 1_200),
    ("990102101000", "零人镇", 1, "990102000000", 0),
    ("990102101001", "=1+1村", 0, "990102101000", 700),
    ("990103000000", "零人县", 2, ROOT, 0),
    ("990104000000", "空县\n第二行", 2, ROOT, 5),
    ("990105000000", "异码县", 2, ROOT, 88_888),
    ("990101199000", "号码像甲县的镇", 1, "990105000000", 12_345),
    ("990103199001", "号码像零人县的村", 0, "990101199000", 321),
    ("012345000000", "零开头县", 2, ROOT, 45_678),
    ("012345100000", "零开头镇", 1, "012345000000", 4_567),
    ("990190100000", "市直镇", 1, ROOT, 30_000),
    ("990190100001", "市直镇的村", 0, "990190100000", 1_000),
    ("990190190001", "市直村", 0, ROOT, 600),
    ("980000000000", "挂在市下的省级飞地", 4, ROOT, 10),
    ("990777000000", "上级不存在的县", 2, "990700000000", 70_000),
    ("990777100000", "上级不存在的镇", 1, "990777000000", 7_000),
)
REGION_CODES = tuple(code for code, *_ in _REGIONS)
# With villages but no township, without residents, empty, of misleading digits, out of order, and plain ones.
ODD_REGIONS = (
    "990101000000",
    "990101101001",
    "990102000000",
    "990103000000",
    "990104000000",
    "990105000000",
    "990101199000",
    "012345000000",
    "990190100000",
    "980000000000",
)
LEVEL_OF = {code: min(level, 3) for code, _, level, *_ in _REGIONS}
_PLACES = (*REGION_CODES, *REGION_CODES[:8], UNKNOWN, "990101101999", "x")

# What no list of codes holds. A null is in no list either, but has its own meaning.
ODD_CODES = (
    "",
    " ",
    "a,b",
    'say "no"',
    "it's",
    "line\nbreak",
    "carriage\r\nreturn",
    "tab\tstop",
    "=1+1",
    "@SUM(A1)",
    "null",
    "NULL",
    "None",
    "\\N",
    "\\.",
    "%s;--",
    "0",
    "true",
    " visit",
    "visit ",
    "VISIT",
    "未知",
    "😀",
    "x" * 300,
)

_CHANNELS = ("letter", "visit", "visit", "visit", "web", "phone")
_PURPOSES = ("appeal", "suggest", "report", "other")
_ROUTES = ("petition_procedure", "petition_procedure", "petition_procedure", "litigation", "duty_performance")
_CATEGORIES = ("01", "0102", "labour-1", "no-such-category")
_EVALUATIONS = ("very_satisfied", "satisfied", "dissatisfied", None, None)
_ORGANS = ("001", "002", "no-such-organ", None)
_LEVELS = (1, 2, 3, 4, 5)
_ODD_LEVELS = (0, -1, 6, 9)
_MEDIATION_CHANNELS = ("court_delegated", "petition", "police", "admin", "guided", "direct")
_COMMITTEES = ("village", "township", "county", "professional")
_DISPUTES = ("marriage_family", "land", "labour", "other")
_OUTCOMES = ("succeeded", "succeeded", "succeeded", "failed", "terminated", None)
_KINDS = ("commander", "dispatch", "supervision", "prompt", "interview")
_DOMAINS = ("labour", "land", "medical", "other")
_FAR_DAYS = ("0001-01-01", "9999-12-31", "2019-02-28", "2020-02-29")
_ENDLESS = ("infinity", "-infinity")
_ODD_DAYS = (*_FAR_DAYS, *_ENDLESS)

# What most rows hold, for filters that find something.
COMMON_CODES = (
    *dict.fromkeys((*_CHANNELS, *_PURPOSES, *_ROUTES, *_CATEGORIES, *_DISPUTES, *_DOMAINS, *_KINDS, *_COMMITTEES)),
    *("succeeded", "failed", "first", "repeat", "group", "individual", "true", "false", "1", "2", "3", "001", "high"),
    *("2024-1", "late", "county_group", "court"),
)

_SEASON_START = date(2023, 6, 1)
_UPDATED = "2025-01-01 00:00+08"

# The same instants from several corners of the world: just before, at and just after midnight in Shanghai.
_MIDNIGHTS = (
    "2024-02-28 15:59:59.999+00",
    "2024-02-28 16:00:00+00",
    "2024-02-29 23:59:59.999999+08",
    "2024-03-01 00:00+08",
    "2024-02-29 11:00-05",
    "2024-02-29 10:59:59.999-05",
    "2024-03-01 05:30+13:30",
    "2023-12-31 23:59:59.999+08",
    "2024-01-01 00:00+08",
    "2023-12-31 15:59:59.999+00",
    "2023-12-31 16:00+00",
    "2024-03-31 16:00+00",
    "2024-03-31 21:45+05:45",
    "1988-07-01 15:30+00",  # summer time in Shanghai: already the next day there
    "1988-07-01 14:30+00",
    "0001-01-01 00:00+00",
    "9999-12-31 15:59+00",
)

Row = dict[str, Any]


def fill(engine: Engine, seed: int = 1, rows: int = 1500) -> None:
    """Put the regions, the chosen rows and about ``rows`` random petitions (the other tables in proportion) into an empty database."""
    chance = random.Random(seed)
    tables: Mapping[str, Iterable[Row]] = {
        "region": map(_region, _REGIONS),
        "organ": _organs(),
        "category": _categories(),
        "petition": _petitions(chance, rows),
        "mediation": _mediations(chance, rows // 2),
        "supervision_order": _orders(chance, rows // 4),
        "backlog_case": _backlog(chance, rows // 4),
        "risk_issue": _risks(chance, rows // 5),
        "deduction": _deductions(chance, rows // 5),
        "dispute_inflow": _inflows(chance, rows // 4),
        "village_status": _villages(chance, rows // 4),
        "feed_receipt": _feeds(chance),
    }
    _write(engine, tables)


def add_endless(engine: Engine) -> None:
    """Rows whose first date, or whose limit, is infinite: what a source writes that has no date to write."""
    chance = random.Random(2)
    later = count(1_000_000)
    open_ended = {"registered_at": "2024-02-20 12:00+08", "reply_due_on": "-infinity", "replied_on": None}
    limits = {"accept_due_on": "2024-02-29", "reply_due_on": "2024-02-29", "replied_on": None}
    tables: dict[str, list[Row]] = {
        "petition": [
            _petition(chance, next(later), **limits, registered_at=day, procedure_route="petition_procedure")
            for day in _ENDLESS
        ]
        + [_petition(chance, next(later), **open_ended, procedure_route="petition_procedure")],
        "mediation": [
            _mediation(chance, next(later), accepted_at=day, performance_due_on="2024-02-29", concluded_on=None)
            for day in _ENDLESS
        ],
        "supervision_order": [_order(chance, next(later), issued_on=day, due_on="2024-02-29") for day in _ENDLESS]
        + [_order(chance, next(later), due_on="-infinity", closed_on=None)],
        "backlog_case": [_case(chance, next(later), assigned_on=day) for day in _ENDLESS],
        "risk_issue": [_risk(chance, next(later), opened_on=day) for day in _ENDLESS],
    }
    # The types of the contract allow these; none may stop a sync.
    far = "5874897-12-31"
    tables["petition"] += [_petition(chance, next(later), reply_due_on=far, accept_due_on=far, replied_on=None)]
    tables["supervision_order"] += [_order(chance, next(later), due_on=far, closed_on=None)]
    tables["backlog_case"] += [_case(chance, next(later), arisen_on=day) for day in (far, "300000-01-01", "infinity")]
    for rows in tables.values():
        for row in rows:
            row["region_code"] = "990101101000"
    _write(engine, tables)


def _write(engine: Engine, tables: Mapping[str, Iterable[Row]]) -> None:
    with engine.begin() as connection:
        driver: Any = connection.connection.dbapi_connection
        for table, content in tables.items():
            _insert(driver.cursor(), table, list(content))


def _insert(cursor: Any, table: str, rows: Sequence[Row]) -> None:
    columns = list(rows[0])
    values = [[row[column] for column in columns] for row in rows]
    # Where a primary key is made of chosen columns two random rows may meet: the first one stays.
    execute_values(cursor, f"insert into rpt.{table} ({', '.join(columns)}) values %s on conflict do nothing", values)


def _region(row: tuple[str, str, int, str | None, int | None]) -> Row:
    code, name, level, parent, population = row
    group = {"990104000000": "no-such-group", "990103000000": ""}.get(code, "county")
    point = (None, None) if level == 0 else (113.0, 27.8)
    return {
        "region_code": code,
        "name": name,
        "level": level,
        "parent_code": parent,
        "peer_group": group,
        "population": population,
        "longitude": point[0],
        "latitude": point[1],
    }


def _organs() -> list[Row]:
    common = {"level": 2, "organ_kind": "responsible", "assess_group": "dept_group"}
    return [
        {"organ_code": "001", "name": "甲局", **common, "region_code": ROOT},
        {"organ_code": "002", "name": "=乙局", **common, "region_code": UNKNOWN},
        {"organ_code": "", "name": "没有代码的局", **common, "region_code": ROOT},
    ]


def _categories() -> list[Row]:
    domains = {"01": "labour", "0102": "land", "labour-1": "labour", "": "no-such-domain", "a,b": "", "=1+1": "=1+1"}
    return [{"category": code, "name": f"类{code}", "domain": domain} for code, domain in domains.items()]


def _petitions(chance: random.Random, rows: int) -> list[Row]:
    numbers = count(1)
    chosen = [_petition(chance, next(numbers), **given) for given in _chosen_petitions()]
    return chosen + [_petition(chance, next(numbers), **_dirty_petition(chance)) for _ in range(rows)]


def _chosen_petitions() -> Iterable[Row]:
    plain = {"region_code": "990101101000", "registered_at": "2024-02-29 12:00+08", "replied_on": None}
    yield from ({**plain, "registered_at": moment, "channel": "visit"} for moment in _MIDNIGHTS)
    yield from ({**plain, "region_code": region, "channel": "visit"} for region in _PLACES)
    yield from ({**plain, "repeat_no": number} for number in (-32_768, -1, 0, 1, 2, 4, 5, 6, 32_767))
    yield from _odd_codes(plain)
    yield from _visits(plain)
    yield from _dirty_dates(plain)


def _odd_codes(plain: Row) -> Iterable[Row]:
    evaluated = {"evaluated_on": "2024-02-29", "replied_on": "2024-03-01", "evaluable": True}
    for column in ("channel", "purpose", "category", "organ_code", "procedure_route", "evaluation"):
        yield from ({**plain, **evaluated, column: code} for code in ODD_CODES)


def _visits(plain: Row) -> Iterable[Row]:
    """Group visits round their limits, and every pair of levels, as a visit and not as one."""
    for persons in (-3, 0, 1, 4, 5, 9, 10, 11, 2_147_483_647, 2_147_483_647):
        group = {**plain, "persons": persons, "handling_level": 2}
        yield from ({**group, "channel": "visit", "received_level": received} for received in (2, 3, 4, 5))
        yield {**group, "channel": "web"}
    levels = (*_LEVELS, *_ODD_LEVELS)
    for received, handling, channel in product(levels, levels, ("visit", "web")):
        yield {**plain, "received_level": received, "handling_level": handling, "channel": channel}


def _dirty_dates(plain: Row) -> Iterable[Row]:
    procedure = {**plain, "procedure_route": "petition_procedure"}
    answered = {"replied_on": "2024-02-10", "registered_at": "2024-02-20 09:00+08"}
    yield {**procedure, **answered, "reply_due_on": "2024-04-20"}
    yield {**procedure, "registered_at": "2024-02-20 09:00+08", "reply_due_on": "2024-01-05"}
    yield {
        **procedure,
        "registered_at": "2024-02-20 09:00+08",
        "reply_due_on": "2024-01-05",
        "replied_on": "2024-01-06",
    }
    for due in ("2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-07", "2024-03-08"):
        for replied in (None, "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "infinity", "9999-12-31"):
            yield {
                **procedure,
                "reply_due_on": due,
                "replied_on": replied,
                "accept_due_on": due,
                "accepted_on": replied,
            }
    for day in (*_FAR_DAYS, "infinity"):
        yield {**procedure, "accept_due_on": day, "accepted_on": day, "reply_due_on": day, "replied_on": None}
    for day in _ODD_DAYS:
        yield {**procedure, "accept_due_on": "2024-02-29", "accepted_on": day, "reply_due_on": "2024-02-29"}
        yield {**procedure, "evaluation": "satisfied", "evaluated_on": day, "evaluable": False}
    for evaluable in (True, False):
        undated = {"evaluation": "satisfied", "evaluated_on": None, "replied_on": "2024-02-29", "evaluable": evaluable}
        yield {**procedure, **undated}
        yield {**procedure, **undated, "evaluation": None, "evaluated_on": "2024-02-29"}


def _petition(chance: random.Random, number: int, **given: Any) -> Row:
    row = {
        "petition_id": number,
        "registered_at": _moment(chance),
        "region_code": chance.choice(_PLACES),
        "channel": chance.choice(_CHANNELS),
        "purpose": chance.choice(_PURPOSES),
        "category": chance.choice(_CATEGORIES),
        "received_level": chance.choice(_LEVELS),
        "handling_level": chance.choice(_LEVELS),
        "organ_code": chance.choice(_ORGANS),
        "persons": chance.choice((1, 1, 1, 2, 4, 5, 6, 9, 10, 30)),
        "repeat_no": chance.choice((1, 1, 1, 2, 3, 5, 8)),
        "procedure_route": chance.choice(_ROUTES),
        "accept_due_on": _some_day(chance),
        "accepted_on": _some_day(chance),
        "reply_due_on": _some_day(chance),
        "replied_on": _some_day(chance),
        "evaluable": chance.random() < 0.7,
        "evaluation": chance.choice(_EVALUATIONS),
        "evaluated_on": _some_day(chance),
        "updated_at": _UPDATED,
    }
    return row | given


def _dirty_petition(chance: random.Random) -> Row:
    """Now and then one column with a code or level of no list."""
    if chance.random() > 0.15:
        return {}
    column = chance.choice(("channel", "purpose", "category", "organ_code", "procedure_route", "evaluation", "level"))
    if column == "level":
        return {"received_level": chance.choice(_ODD_LEVELS)}
    return {column: chance.choice(ODD_CODES)}


def _mediations(chance: random.Random, rows: int) -> list[Row]:
    numbers = count(1)
    chosen = [_mediation(chance, next(numbers), **given) for given in _chosen_mediations()]
    return chosen + [_mediation(chance, next(numbers)) for _ in range(rows)]


def _chosen_mediations() -> Iterable[Row]:
    plain = {"region_code": "990101101001", "accepted_at": "2024-02-20 12:00+08", "concluded_on": "2024-02-29"}
    for moment in _MIDNIGHTS:
        yield {**plain, "accepted_at": moment, "outcome": None, "concluded_on": None}
        yield {**plain, "accepted_at": moment, "outcome": "succeeded", "concluded_on": None}
    for code in ODD_CODES:
        for column in ("channel", "committee_kind", "dispute_type", "outcome"):
            yield {**plain, column: code}
    for outcome in (*_OUTCOMES, ""):
        yield {**plain, "outcome": outcome, "concluded_on": None, "subsidy_yuan": 100}
        yield {**plain, "outcome": outcome, "subsidy_yuan": 100, "amount_yuan": 10, "confirmed_on": "2024-03-01"}
        yield {**plain, "outcome": outcome, "concluded_on": "2024-02-10"}
        for day in _ODD_DAYS:
            yield {**plain, "outcome": outcome, "concluded_on": None, "performance_due_on": day, "performed_on": day}
            yield {**plain, "outcome": outcome, "performance_due_on": "2024-02-29", "performed_on": day}
            yield {**plain, "outcome": outcome, "confirmed_on": day}
    for amount in (None, 0, -5, 9_007_199_254_740_993, 1_000_000_000_000_001):
        yield {**plain, "outcome": "succeeded", "amount_yuan": amount, "subsidy_yuan": None}
    for region in _PLACES:
        yield {**plain, "region_code": region, "outcome": "succeeded", "committee_kind": "village"}


def _mediation(chance: random.Random, number: int, **given: Any) -> Row:
    row = {
        "mediation_id": number,
        "accepted_at": _moment(chance),
        "region_code": chance.choice(_PLACES),
        "channel": chance.choice(_MEDIATION_CHANNELS),
        "committee_kind": chance.choice(_COMMITTEES),
        "dispute_type": chance.choice(_DISPUTES),
        "outcome": chance.choice(_OUTCOMES),
        "concluded_on": _some_day(chance),
        "performance_due_on": _some_day(chance),
        "performed_on": _some_day(chance),
        "confirmed_on": _some_day(chance),
        "households": chance.choice((None, 1, 2)),
        "amount_yuan": chance.choice((None, 0, 100, 12_345_678_901)),
        "subsidy_yuan": chance.choice((None, 0, 300)),
        "updated_at": _UPDATED,
    }
    return row | given


def _orders(chance: random.Random, rows: int) -> list[Row]:
    numbers = count(1)
    plain = {"region_code": "990101000000", "issued_on": "2024-02-20"}
    chosen: list[Row] = [{**plain, "kind": code} for code in ODD_CODES]
    chosen += [{**plain, "organ_code": code} for code in ODD_CODES]
    chosen += [{**plain, "due_on": day, "closed_on": None} for day in (*_FAR_DAYS, "infinity")]
    chosen += [{**plain, "due_on": "2024-02-29", "closed_on": day} for day in _ODD_DAYS]
    chosen += [{**plain, "issued_on": day, "due_on": "2024-02-29", "closed_on": None} for day in _FAR_DAYS]
    chosen += [{**plain, "region_code": region} for region in _PLACES]
    for due in ("2024-02-28", "2024-02-29", "2024-03-01", "2024-03-03", "2024-03-04"):
        for closed in (None, "2024-02-10", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"):
            chosen.append({**plain, "due_on": due, "closed_on": closed})
    return [_order(chance, next(numbers), **given) for given in [*chosen, *[{}] * rows]]


def _order(chance: random.Random, number: int, **given: Any) -> Row:
    row = {
        "order_id": number,
        "kind": chance.choice(_KINDS),
        "region_code": chance.choice(_PLACES),
        "organ_code": chance.choice(_ORGANS),
        "issued_on": _day(chance),
        "due_on": _day(chance),
        "closed_on": _some_day(chance),
        "updated_at": _UPDATED,
    }
    return row | given


def _backlog(chance: random.Random, rows: int) -> list[Row]:
    numbers = count(1)
    plain = {"region_code": "990101101000", "assigned_on": "2024-01-10", "resolved_on": None}
    chosen: list[Row] = [{**plain, "batch": code, "category": code} for code in ODD_CODES]
    # Five years of 29 February end on 28 February; anniversaries round the windows' last days.
    for arisen in ("2016-02-29", "2019-02-28", "2019-03-01", "2019-03-02", "2020-02-29", "2018-12-31", "2019-01-01"):
        for resolved in (None, "2024-01-10", "2024-02-28", "2024-02-29", "2024-03-01", "2025-02-28"):
            chosen += [{**plain, "arisen_on": arisen, "resolved_on": resolved}]
    chosen += [{**plain, "arisen_on": "2020-02-29", "assigned_on": "2025-02-28"}]
    chosen += [{**plain, "assigned_on": "2024-03-01", "resolved_on": "2024-02-01"}]
    chosen += [{**plain, "arisen_on": day} for day in _ODD_DAYS]
    chosen += [{**plain, "assigned_on": day} for day in _FAR_DAYS]
    chosen += [{**plain, "resolved_on": day} for day in _ODD_DAYS]
    chosen += [{**plain, "region_code": region} for region in _PLACES]
    return [_case(chance, next(numbers), **given) for given in [*chosen, *[{}] * rows]]


def _case(chance: random.Random, number: int, **given: Any) -> Row:
    arisen = date(2017, 6, 1) + timedelta(days=chance.randrange(3000))
    row = {
        "case_id": number,
        "batch": chance.choice(("2023-1", "2024-1")),
        "region_code": chance.choice(_PLACES),
        "category": chance.choice(_CATEGORIES),
        "arisen_on": arisen.isoformat(),
        "assigned_on": _day(chance),
        "resolved_on": _some_day(chance),
        "leader_led": chance.random() < 0.4,
        "updated_at": _UPDATED,
    }
    return row | given


def _risks(chance: random.Random, rows: int) -> list[Row]:
    numbers = count(1)
    plain = {"region_code": "990102000000", "opened_on": "2024-02-20", "closed_on": None}
    chosen: list[Row] = [{**plain, "domain": code, "risk_level": code} for code in ODD_CODES]
    chosen += [{**plain, "managed_level": level} for level in (*_LEVELS, *_ODD_LEVELS)]
    chosen += [{**plain, "closed_on": day} for day in ("2024-02-19", "2024-02-20", "2024-02-29", *_ODD_DAYS)]
    chosen += [{**plain, "opened_on": day} for day in _FAR_DAYS]
    chosen += [{**plain, "region_code": region} for region in _PLACES]
    return [_risk(chance, next(numbers), **given) for given in [*chosen, *[{}] * rows]]


def _risk(chance: random.Random, number: int, **given: Any) -> Row:
    row = {
        "issue_id": number,
        "region_code": chance.choice(_PLACES),
        "domain": chance.choice(_DOMAINS),
        "risk_level": chance.choice(("high", "medium", "low")),
        "managed_level": chance.choice((2, 3, 4)),
        "opened_on": _day(chance),
        "closed_on": _some_day(chance),
        "updated_at": _UPDATED,
    }
    return row | given


def _deductions(chance: random.Random, rows: int) -> list[Row]:
    numbers = count(1)
    plain = {"region_code": "990101000000", "month": "2024-02-01", "status": "final"}
    chosen: list[Row] = [{**plain, "reason": code} for code in ODD_CODES]
    chosen += [{**plain, "assess_group": code, "organ_code": code} for code in ODD_CODES]
    chosen += [{**plain, "status": code} for code in (*ODD_CODES, "proposed", "final", "appealed", "revoked", "FINAL")]
    chosen += [{**plain, "points": points} for points in ("0.01", "-0.01", "9999.99", "-9999.99", "0.1", "0.2", "0.70")]
    chosen += [{**plain, "month": day} for day in ("2024-02-29", "2024-02-02", "2024-03-31", *_FAR_DAYS)]
    chosen += [{**plain, "region_code": region} for region in _PLACES]
    return [_deduction(chance, next(numbers), **given) for given in [*chosen, *[{}] * rows]]


def _deduction(chance: random.Random, number: int, **given: Any) -> Row:
    row = {
        "deduction_id": number,
        "month": _month(chance),
        "region_code": chance.choice(_PLACES),
        "organ_code": chance.choice(_ORGANS),
        "assess_group": chance.choice(("county_group", "dept_group")),
        "reason": chance.choice(("late", "lookback", "reward")),
        "points": f"{chance.randrange(-500, 1000) / 100:.2f}",
        "status": chance.choice(("proposed", "final", "final", "appealed", "revoked")),
        "document_no": chance.choice((None, "", "文〔2024〕1号")),
        "updated_at": _UPDATED,
    }
    return row | given


def _inflows(chance: random.Random, rows: int) -> list[Row]:
    plain: Row = {"day": "2024-02-29", "region_code": "990101101000", "items": 3, "updated_at": _UPDATED}
    sources = ("police_call", "civil_filing")
    found: list[Row] = [{**plain, "source": code} for code in (*sources, *ODD_CODES)]
    found += [{**plain, "day": day, "source": source} for day in _FAR_DAYS for source in sources]
    for items in (0, -2, 2_000_000_000):
        found.append({**plain, "day": f"2024-03-0{len(found) % 9 + 1}", "source": "police_call", "items": items})
    for _ in range(rows):
        place = {"day": _day(chance), "region_code": chance.choice(_PLACES), "source": chance.choice(sources)}
        found.append({**plain, **place, "items": chance.randrange(9)})
    return found


def _villages(chance: random.Random, rows: int) -> list[Row]:
    found: list[Row] = []
    for number in range(rows):
        day = _FAR_DAYS[number] if number < len(_FAR_DAYS) else _month(chance)
        conditions = {name: chance.random() < 0.7 for name in ("no_case", "no_accident", "no_petition")}
        found.append({"month": day, "region_code": chance.choice(_PLACES), **conditions, "updated_at": _UPDATED})
    return found


def _feeds(chance: random.Random) -> list[Row]:
    sources = ("petition_system", "court", *ODD_CODES)
    days = ("2024-02-29", "2024-03-01", "0001-01-01", *[_day(chance) for _ in range(30)])
    records = (0, -1, 5, 2_147_483_647)
    return [
        {"day": day, "source": source, "records": chance.choice(records), "updated_at": _UPDATED}
        for day in days
        for source in sources
    ]


def _day(chance: random.Random) -> str:
    """Half of all days within a month of the turn of February to March 2024, the others within two years."""
    if chance.random() < 0.5:
        return (date(2024, 2, 15) + timedelta(days=chance.randrange(30))).isoformat()
    return (_SEASON_START + timedelta(days=chance.randrange(700))).isoformat()


def _some_day(chance: random.Random) -> str | None:
    return _day(chance) if chance.random() < 0.75 else None


def _month(chance: random.Random) -> str:
    """Mostly a first day of a month, now and then another one."""
    day = date.fromisoformat(_day(chance))
    return (day.replace(day=1) if chance.random() < 0.8 else day).isoformat()


def _moment(chance: random.Random) -> str:
    offset = chance.choice(("+08", "+00", "-05", "+05:45", "+14", "-12"))
    time = f"{chance.randrange(24):02}:{chance.choice((0, 29, 59)):02}:{chance.choice(('00', '30', '59.999'))}"
    return f"{_day(chance)} {time}{offset}"
