"""Every metric a second time, in plain SQL straight from the event rows: slow, obvious, made from the definitions alone.

Source: the table and the readings of design/metrics.md. Nothing of the product is used here, so that an error of the
product cannot repeat itself. Each metric names the rows it looks at, the condition under which a row belongs to a bucket
of days ``first`` … ``last``, and what is added up above and below the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

# The event tables, each with the day that places a row, and with its dimensions as text.
_ROWS: dict[str, str] = {
    "petition": """
        select p.region_code, channel, purpose, p.category, c.domain,
               received_level::text as received_level, organ_code, procedure_route,
               case when repeat_no > 1 then 'repeat' else 'first' end as repeat,
               case when persons >= 5 then 'group' else 'individual' end as grouping,
               case when channel = 'visit' and received_level - handling_level >= 2 then 'true' else 'false' end as over_level,
               (registered_at at time zone 'Asia/Shanghai')::date as registered_on,
               persons, repeat_no, received_level as received, handling_level as handling,
               accept_due_on, accepted_on, reply_due_on, replied_on, evaluable, evaluation, evaluated_on
        from rpt.petition p left join rpt.category c on c.category = p.category""",
    "mediation": """
        select region_code, channel, committee_kind, dispute_type, outcome,
               (accepted_at at time zone 'Asia/Shanghai')::date as accepted_on,
               concluded_on, performance_due_on, performed_on, confirmed_on, amount_yuan, subsidy_yuan
        from rpt.mediation""",
    # The pyramid's three layers under one another.
    "pyramid": """
        select region_code, concluded_on as day, 'mediated' as layer, 1 as items
        from rpt.mediation where outcome = 'succeeded' and committee_kind in ('village', 'township')
        union all
        select region_code, day, source as layer, items
        from rpt.dispute_inflow where source in ('police_call', 'civil_filing')""",
    "supervision_order": "select region_code, kind, organ_code, issued_on, due_on, closed_on from rpt.supervision_order",
    "backlog_case": """
        select region_code, batch, category, leader_led::text as leader_led,
               assigned_on, resolved_on, (arisen_on + interval '5 years')::date as five_years_on
        from rpt.backlog_case""",
    "risk_issue": """
        select region_code, risk_level, domain, managed_level::text as managed_level, opened_on, closed_on
        from rpt.risk_issue""",
    "village_status": """
        select region_code, date_trunc('month', month)::date as day, no_case, no_accident, no_petition
        from rpt.village_status""",
    "deduction": """
        select region_code, date_trunc('month', month)::date as day, reason, assess_group, organ_code, points, status
        from rpt.deduction""",
    "feed_receipt": """
        select (select region_code from rpt.region where parent_code is null) as region_code, day, source, records
        from rpt.feed_receipt""",
}

POPULATION = "population"


@dataclass(frozen=True)
class Plain:
    """One metric. ``denominator`` None: a count or stock; POPULATION: the residents of the region's own row."""

    rows: str
    belongs: str
    numerator: str = "count(*)"
    denominator: str | None = None
    scale: int = 1
    divisor: int = 1


def _within(day: str) -> str:
    return f"{day} between first and last"


_REGISTERED = _within("registered_on")
_CONCLUDED = f"outcome is not null and {_within('concluded_on')}"
_VISIT = f"channel = 'visit' and {_REGISTERED}"
_OVER_LEVEL = f"{_VISIT} and received - handling >= 2"
_PROCEDURE = "procedure_route = 'petition_procedure'"

PETITION_VOLUME = {
    "petition_volume": Plain("petition", _REGISTERED),
    "petition_persons": Plain("petition", _REGISTERED, "sum(persons)"),
    "petition_per_10k": Plain("petition", _REGISTERED, "count(*)", POPULATION, scale=10_000),
    # Readings: a number below 1 is a first petition too.
    "first_petitions": Plain("petition", f"{_REGISTERED} and repeat_no <= 1"),
    "repeat_share": Plain("petition", _REGISTERED, "count(*) filter (where repeat_no > 1)", "count(*)"),
    "frequent_repeats": Plain("petition", f"{_REGISTERED} and repeat_no >= 5"),
    "web_share": Plain("petition", _REGISTERED, "count(*) filter (where channel = 'web')", "count(*)"),
    "visit_batches": Plain("petition", _VISIT),
    "visit_persons": Plain("petition", _VISIT, "sum(persons)"),
    "group_visit_batches": Plain("petition", f"{_VISIT} and persons >= 5"),
    "group_visit_persons": Plain("petition", f"{_VISIT} and persons >= 5", "sum(persons)"),
    "group_visit_city_batches": Plain("petition", f"{_VISIT} and received = 3 and persons >= 5"),
    "group_visit_county_batches": Plain("petition", f"{_VISIT} and received = 2 and persons >= 10"),
}

OVER_LEVEL_VISITS = {
    "over_level_batches": Plain("petition", _OVER_LEVEL),
    "over_level_persons": Plain("petition", _OVER_LEVEL, "sum(persons)"),
    "over_level_share": Plain("petition", _VISIT, "count(*) filter (where received - handling >= 2)", "count(*)"),
    "over_level_per_10k": Plain("petition", _OVER_LEVEL, "count(*)", POPULATION, scale=10_000),
    "province_visit_batches": Plain("petition", f"{_VISIT} and received = 4"),
    "province_visit_persons": Plain("petition", f"{_VISIT} and received = 4", "sum(persons)"),
    "national_visit_batches": Plain("petition", f"{_VISIT} and received = 5"),
    "national_visit_persons": Plain("petition", f"{_VISIT} and received = 5", "sum(persons)"),
}

_UNANSWERED = f"{_PROCEDURE} and (replied_on is null or replied_on > last)"
_OPEN = f"{_UNANSWERED} and registered_on <= last"

HANDLING_QUALITY = {
    "accept_on_time_rate": Plain(
        "petition", _within("accept_due_on"), "count(*) filter (where accepted_on <= accept_due_on)", "count(*)"
    ),
    "reply_on_time_rate": Plain(
        "petition",
        f"{_PROCEDURE} and {_within('reply_due_on')}",
        "count(*) filter (where replied_on <= reply_due_on)",
        "count(*)",
    ),
    # The table names no day of entry here; what is registered later cannot be in the stock of an earlier day.
    "reply_due_in_3_days": Plain("petition", f"{_OPEN} and reply_due_on between last + 1 and last + 3"),
    "reply_due_in_7_days": Plain("petition", f"{_OPEN} and reply_due_on between last + 1 and last + 7"),
    "reply_mean_days": Plain(
        "petition", f"{_PROCEDURE} and {_within('replied_on')}", "sum(replied_on - registered_on)", "count(*)"
    ),
    "satisfaction_rate": Plain(
        "petition",
        f"evaluation is not null and {_within('evaluated_on')}",
        "count(*) filter (where evaluation in ('very_satisfied', 'satisfied'))",
        "count(*)",
    ),
    "evaluation_rate": Plain(
        "petition",
        f"evaluable and {_within('replied_on')}",
        "count(*) filter (where evaluation is not null)",
        "count(*)",
    ),
    "open_petitions": Plain("petition", _OPEN),
    "overdue_petitions": Plain("petition", f"{_UNANSWERED} and reply_due_on < last"),
}

_ACCEPTED = _within("accepted_on")

MEDIATION = {
    "mediation_accepted": Plain("mediation", _ACCEPTED),
    "mediation_concluded": Plain("mediation", _CONCLUDED),
    "mediation_succeeded": Plain("mediation", f"outcome = 'succeeded' and {_within('concluded_on')}"),
    "mediation_success_rate": Plain(
        "mediation", _CONCLUDED, "count(*) filter (where outcome = 'succeeded')", "count(*)"
    ),
    "mediation_success_of_accepted": Plain(
        "mediation", _ACCEPTED, "count(*) filter (where outcome = 'succeeded')", "count(*)"
    ),
    "mediation_mean_days": Plain("mediation", _CONCLUDED, "sum(concluded_on - accepted_on)", "count(*)"),
    "performance_rate": Plain(
        "mediation",
        _within("performance_due_on"),
        "count(*) filter (where performed_on <= performance_due_on)",
        "count(*)",
    ),
    "judicial_confirmation_rate": Plain(
        "mediation",
        f"outcome = 'succeeded' and {_within('concluded_on')}",
        "count(*) filter (where confirmed_on is not null)",
        "count(*)",
    ),
    "mediation_amount_yuan": Plain(
        "mediation", f"outcome = 'succeeded' and {_within('concluded_on')}", "sum(coalesce(amount_yuan, 0))"
    ),
    "subsidy_yuan": Plain("mediation", _within("concluded_on"), "sum(coalesce(subsidy_yuan, 0))"),
}

_REPLIED = "replied_on between '0001-01-01' and '9999-12-31'"
_TAKEN = "accepted_on between '0001-01-01' and '9999-12-31'"
_EVALUATED = f"{_REPLIED} and evaluable and evaluation is not null"
_AGREED = f"outcome = 'succeeded' and {_within('accepted_on')} and performance_due_on is not null"
_PERFORMED = "performed_on between '0001-01-01' and '9999-12-31'"

# What became so far of those that entered within the days; an infinite day is one on which nothing happened.
COHORTS = {
    "cohort_accepted": Plain("petition", f"{_REGISTERED} and {_TAKEN}"),
    "cohort_accepted_on_time": Plain("petition", f"{_REGISTERED} and {_TAKEN} and accepted_on <= accept_due_on"),
    "cohort_accepted_late": Plain("petition", f"{_REGISTERED} and {_TAKEN} and accepted_on > accept_due_on"),
    "cohort_unaccepted": Plain("petition", f"{_REGISTERED} and ({_TAKEN}) is not true"),
    "cohort_to_reply": Plain("petition", f"{_REGISTERED} and {_PROCEDURE}"),
    "cohort_replied": Plain("petition", f"{_REGISTERED} and {_PROCEDURE} and {_REPLIED}"),
    "cohort_replied_on_time": Plain(
        "petition", f"{_REGISTERED} and {_PROCEDURE} and {_REPLIED} and replied_on <= reply_due_on"
    ),
    "cohort_replied_late": Plain(
        "petition", f"{_REGISTERED} and {_PROCEDURE} and {_REPLIED} and replied_on > reply_due_on"
    ),
    "cohort_unanswered": Plain("petition", f"{_REGISTERED} and {_PROCEDURE} and ({_REPLIED}) is not true"),
    "cohort_evaluable": Plain("petition", f"{_REGISTERED} and {_REPLIED} and evaluable"),
    "cohort_evaluated": Plain("petition", f"{_REGISTERED} and {_EVALUATED}"),
    "cohort_satisfied": Plain(
        "petition", f"{_REGISTERED} and {_EVALUATED} and evaluation in ('very_satisfied', 'satisfied')"
    ),
    "cohort_concluded": Plain("mediation", f"{_ACCEPTED} and outcome is not null"),
    "cohort_succeeded": Plain("mediation", f"{_ACCEPTED} and outcome = 'succeeded'"),
    "cohort_performance_due": Plain("mediation", _AGREED),
    "cohort_performed": Plain("mediation", f"{_AGREED} and {_PERFORMED}"),
    "cohort_performed_on_time": Plain(
        "mediation", f"{_AGREED} and {_PERFORMED} and performed_on <= performance_due_on"
    ),
    "cohort_unperformed": Plain("mediation", f"{_AGREED} and ({_PERFORMED}) is not true"),
    "cohort_confirmed": Plain("mediation", f"{_ACCEPTED} and outcome = 'succeeded' and confirmed_on is not null"),
}

PYRAMID = {
    "police_disputes": Plain("pyramid", f"layer = 'police_call' and {_within('day')}", "sum(items)"),
    "civil_filings": Plain("pyramid", f"layer = 'civil_filing' and {_within('day')}", "sum(items)"),
    "pyramid_base_share": Plain(
        "pyramid", _within("day"), "sum(items) filter (where layer = 'mediated')", "sum(items)"
    ),
}

_ORDER_OPEN = "(closed_on is null or closed_on > last)"

SUPERVISION = {
    "orders_issued": Plain("supervision_order", _within("issued_on")),
    "orders_closed": Plain("supervision_order", _within("closed_on")),
    "orders_on_time_rate": Plain(
        "supervision_order", _within("due_on"), "count(*) filter (where closed_on <= due_on)", "count(*)"
    ),
    "orders_open": Plain("supervision_order", f"issued_on <= last and {_ORDER_OPEN}"),
    # As with petitions: an order issued later is in no earlier day's stock.
    "orders_due_in_3_days": Plain(
        "supervision_order", f"issued_on <= last and {_ORDER_OPEN} and due_on between last + 1 and last + 3"
    ),
    "orders_overdue": Plain("supervision_order", f"{_ORDER_OPEN} and due_on < last"),
}

_CASE_OPEN = "assigned_on <= last and (resolved_on is null or resolved_on > last)"

BACKLOG = {
    "backlog_open": Plain("backlog_case", _CASE_OPEN),
    "backlog_over_5y": Plain("backlog_case", f"{_CASE_OPEN} and five_years_on <= last"),
    "backlog_cleared": Plain("backlog_case", _within("resolved_on")),
    "backlog_clear_rate": Plain(
        "backlog_case", "assigned_on <= last", "count(*) filter (where resolved_on <= last)", "count(*)"
    ),
    "leader_led_clear_rate": Plain(
        "backlog_case",
        "leader_led = 'true' and assigned_on <= last",
        "count(*) filter (where resolved_on <= last)",
        "count(*)",
    ),
    "risk_issues_open": Plain("risk_issue", "opened_on <= last and (closed_on is null or closed_on > last)"),
    "risk_issues_closed": Plain("risk_issue", _within("closed_on")),
}


def _villages(condition: str) -> Plain:
    return Plain("village_status", _within("day"), f"count(*) filter (where {condition})", "count(*)")


THREE_NO = {
    "three_no_share": _villages("no_case and no_accident and no_petition"),
    "no_case_share": _villages("no_case"),
    "no_accident_share": _villages("no_accident"),
    "no_petition_share": _villages("no_petition"),
}

ASSESSMENT = {
    "deduction_points": Plain(
        "deduction", f"status = 'final' and {_within('day')}", "(sum(points) * 100)::bigint", divisor=100
    ),
}

DATA_FEED = {"feed_records": Plain("feed_receipt", _within("day"), "sum(records)")}

METRICS: Mapping[str, Plain] = {
    **PETITION_VOLUME,
    **OVER_LEVEL_VISITS,
    **HANDLING_QUALITY,
    **MEDIATION,
    **COHORTS,
    **PYRAMID,
    **SUPERVISION,
    **BACKLOG,
    **THREE_NO,
    **ASSESSMENT,
    **DATA_FEED,
}

_PETITION_DIMENSIONS = (
    "channel",
    "purpose",
    "category",
    "domain",
    "received_level",
    "organ_code",
    "procedure_route",
    "repeat",
    "grouping",
    "over_level",
)

# Dimensions of each kind of rows, as the paragraph "Dimensions to break down and filter by" lists them.
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "petition": _PETITION_DIMENSIONS,
    "mediation": ("channel", "committee_kind", "dispute_type", "outcome"),
    "pyramid": (),
    "supervision_order": ("kind", "organ_code"),
    "backlog_case": ("batch", "category", "leader_led"),
    "risk_issue": ("risk_level", "domain", "managed_level"),
    "village_status": (),
    "deduction": ("reason", "assess_group", "organ_code"),
    "feed_receipt": ("source",),
}

Where = Sequence[tuple[str, Sequence[str | None]]]
# (first day of the calendar bucket, region, codes of the break-downs) → (numerator, denominator)
Cell = tuple[date, str, tuple[str | None, ...]]
Figures = dict[Cell, tuple[int, int | None]]


@dataclass(frozen=True)
class Bucket:
    """Days ``first`` … ``last``, both counted, shown under ``label``."""

    label: date
    first: date
    last: date


def buckets(first: date, last: date, grain: str) -> list[Bucket]:
    """The days ``first`` … ``last`` in calendar buckets; the first and the last may be cut short."""
    if grain == "total":
        return [Bucket(first, first, last)]
    found: dict[date, Bucket] = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        label = _label(day, grain)
        found[label] = Bucket(label, found[label].first if label in found else day, day)
    return list(found.values())


def _label(day: date, grain: str) -> date:
    if grain == "week":
        return date.fromisocalendar(day.isocalendar().year, day.isocalendar().week, 1)
    if grain == "month":
        return date(day.year, day.month, 1)
    if grain == "quarter":
        return date(day.year, {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 4, 7: 7, 8: 7, 9: 7}.get(day.month, 10), 1)
    if grain == "year":
        return date(day.year, 1, 1)
    return day


def areas(connection: Connection, region: str, level: int) -> list[str]:
    """The regions of ``level`` that hang under ``region`` (itself included), found by parent_code."""
    return [code for code, its_level in _inside(connection, region) if its_level == level]


def above(connection: Connection, region: str, level: int) -> list[str]:
    """The regions under ``region`` (itself included) that lie in no region of ``level``: their own rows are 未细分 there."""
    within = {code for area in areas(connection, region, level) for code, _ in _inside(connection, area)}
    return [code for code, _ in _inside(connection, region) if code not in within]


def _inside(connection: Connection, region: str) -> list[tuple[str, int]]:
    question = """
        with recursive inside as (
            select region_code, level from rpt.region where region_code = :region
            union all
            select r.region_code, r.level from rpt.region r join inside i on r.parent_code = i.region_code
        )
        select region_code, level from inside order by region_code"""
    return [(row.region_code, row.level) for row in connection.execute(text(question), {"region": region})]


_QUESTION = """
with recursive member (area, region_code) as (
    select region_code, region_code from rpt.region where region_code = any(cast(:areas as text[]))
    union all
    select m.area, r.region_code from rpt.region r join member m on r.parent_code = m.region_code and :roll_up
),
bucket (label, first, last) as (
    select * from unnest(cast(:labels as date[]), cast(:firsts as date[]), cast(:lasts as date[]))
),
event as ({rows})
select {keys}, coalesce({numerator}, 0) as numerator, {denominator} as denominator
from event join member using (region_code) join bucket on {belongs}
where {wanted}
group by {keys}"""


def figures(
    connection: Connection,
    key: str,
    areas: Sequence[str],
    buckets: Sequence[Bucket],
    by: Sequence[str] = (),
    where: Where = (),
    roll_up: bool = True,
) -> Figures:
    """Numerator and denominator of every cell that holds a row. Denominator None: a count, or a population unknown.

    Without ``roll_up`` only the rows coded at the area itself.
    """
    metric = METRICS[key]
    counted = metric.denominator not in (None, POPULATION)
    parameters: dict[str, Any] = {
        "areas": list(areas),
        "labels": [bucket.label for bucket in buckets],
        "firsts": [bucket.first for bucket in buckets],
        "lasts": [bucket.last for bucket in buckets],
        "roll_up": roll_up,
    }
    question = _QUESTION.format(
        rows=_ROWS[metric.rows],
        keys=", ".join(["label", "area", *by]),
        numerator=metric.numerator,
        denominator=f"coalesce({metric.denominator}, 0)" if counted else "null",
        belongs=metric.belongs,
        wanted=_wanted(where, parameters),
    )
    residents = population(connection) if metric.denominator == POPULATION else {}
    found: Figures = {}
    for label, area, *codes, numerator, denominator in connection.execute(text(question), parameters):
        below = int(denominator) if counted else residents.get(area)
        found[label, area, tuple(codes)] = (int(numerator), below)
    return found


def _wanted(where: Where, parameters: dict[str, Any]) -> str:
    conditions = ["true"]
    for number, (dimension, values) in enumerate(where):
        parameters[f"wanted{number}"] = [value for value in values if value is not None]
        condition = f"{dimension} = any(cast(:wanted{number} as text[]))"
        conditions.append(f"({condition} or {dimension} is null)" if None in values else condition)
    return " and ".join(conditions)


def population(connection: Connection) -> dict[str, int | None]:
    """The residents of every region by its own row."""
    return {
        row.region_code: row.population
        for row in connection.execute(text("select region_code, population from rpt.region"))
    }


def value(key: str, numerator: int, denominator: int | None) -> float | None:
    """The figure itself; None: undefined."""
    metric = METRICS[key]
    if metric.denominator is None:
        return numerator / metric.divisor
    return numerator * metric.scale / denominator if denominator else None


@dataclass(frozen=True)
class ScorePart:
    """One line of a scheme. ``participation``: a second rate and its target that scale the first."""

    metric: str
    weight: float
    floor: float
    target: float
    participation: tuple[str, float] | None = None


SCHEMES: Mapping[str, tuple[ScorePart, ...]] = {
    "assessment_score": (  # scheme balanced: design/metrics.md
        ScorePart("accept_on_time_rate", 0.15, 0.90, 1.0),
        ScorePart("reply_on_time_rate", 0.20, 0.85, 1.0),
        ScorePart("satisfaction_rate", 0.15, 0.70, 0.98, ("evaluation_rate", 0.40)),
        ScorePart("mediation_success_rate", 0.20, 0.60, 0.98),
        ScorePart("backlog_clear_rate", 0.15, 0.30, 1.0),
        ScorePart("orders_on_time_rate", 0.10, 0.60, 1.0),
    ),
    "peace_index": (  # an example of the project's own: config/assessment/peace_index.toml
        ScorePart("pyramid_base_share", 0.25, 0.40, 0.90),
        ScorePart("three_no_share", 0.25, 0.60, 0.95),
        ScorePart("mediation_success_rate", 0.20, 0.60, 0.98),
        ScorePart("backlog_clear_rate", 0.15, 0.30, 1.0),
        ScorePart("repeat_share", 0.15, 0.40, 0.10),
    ),
}
MINIMUM_N = 15


def scores(
    connection: Connection, key: str, areas: Sequence[str], buckets: Sequence[Bucket]
) -> dict[Cell, float | None]:
    """The score of every region and bucket; None where no part reaches its n."""
    parts = SCHEMES[key]
    rates = {part.metric for part in parts} | {part.participation[0] for part in parts if part.participation}
    found = {rate: figures(connection, rate, areas, buckets) for rate in rates}
    cells: list[Cell] = [(bucket.label, area, ()) for bucket in buckets for area in areas]
    return {cell: _score(parts, {rate: found[rate].get(cell, (0, 0)) for rate in rates}) for cell in cells}


def _score(parts: Sequence[ScorePart], rates: Mapping[str, tuple[int, int | None]]) -> float | None:
    weights = 0.0
    worth = 0.0
    for part in parts:
        grade = _grade(part, rates)
        if grade is not None:
            weights += part.weight
            worth += part.weight * grade
    return 100 * worth / weights if weights else None


def _grade(part: ScorePart, rates: Mapping[str, tuple[int, int | None]]) -> float | None:
    above, below = rates[part.metric]
    if (below or 0) < MINIMUM_N:
        return None
    figure = above / (below or 0)
    if part.participation:
        rate, target = part.participation
        above, below = rates[rate]
        if (below or 0) < MINIMUM_N:
            return None
        figure *= min(1.0, above / (below or 0) / target)
    return min(1.0, max(0.0, (figure - part.floor) / (part.target - part.floor)))
