"""The data contract: the tables that the read replica must offer in schema ``rpt``, declared once.

Source: design/contract.sql. One row is one event, de-identified at its source. Nothing about a person stands here and
nothing of the kind may be added. The demo creates these tables; a real deployment maps them as views.

``CODES`` names, per coded column, the codes that the contract knows; any other code is counted and shown as it stands.
"""

from __future__ import annotations

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
)

SCHEMA = "rpt"
TIME_ZONE = "Asia/Shanghai"
# Stands in the comment of the schema where the data is made up, and from there on every page and in every export.
SYNTHETIC_MARK = "演示数据·合成"

metadata = MetaData(schema=SCHEMA)

_moment = DateTime(timezone=True)
_region_code = CHAR(12)


def _required(name: str, kind: object) -> Column[object]:
    return Column(name, kind, nullable=False)  # type: ignore[arg-type]


region = Table(
    "region",
    metadata,
    Column("region_code", _region_code, primary_key=True),
    _required("name", Text),
    Column("level", SmallInteger, CheckConstraint("level between 0 and 5"), nullable=False),
    Column("parent_code", _region_code),
    _required("peer_group", Text),
    Column("population", Integer),
    Column("longitude", Double),
    Column("latitude", Double),
)

organ = Table(
    "organ",
    metadata,
    Column("organ_code", Text, primary_key=True),
    _required("name", Text),
    _required("level", SmallInteger),
    _required("organ_kind", Text),
    _required("assess_group", Text),
    _required("region_code", _region_code),
)

petition = Table(
    "petition",
    metadata,
    Column("petition_id", BigInteger, primary_key=True, autoincrement=False),
    _required("registered_at", _moment),
    _required("region_code", _region_code),
    _required("channel", Text),
    _required("purpose", Text),
    _required("category", Text),
    _required("received_level", SmallInteger),
    _required("handling_level", SmallInteger),
    Column("organ_code", Text),
    _required("persons", Integer),
    _required("repeat_no", SmallInteger),
    _required("procedure_route", Text),
    Column("accept_due_on", Date),
    Column("accepted_on", Date),
    Column("reply_due_on", Date),
    Column("replied_on", Date),
    _required("evaluable", Boolean),
    Column("evaluation", Text),
    Column("evaluated_on", Date),
    _required("updated_at", _moment),
)

category = Table(
    "category",
    metadata,
    Column("category", Text, primary_key=True),
    _required("name", Text),
    _required("domain", Text),
)

mediation = Table(
    "mediation",
    metadata,
    Column("mediation_id", BigInteger, primary_key=True, autoincrement=False),
    _required("accepted_at", _moment),
    _required("region_code", _region_code),
    _required("channel", Text),
    _required("committee_kind", Text),
    _required("dispute_type", Text),
    Column("outcome", Text),
    Column("concluded_on", Date),
    Column("performance_due_on", Date),
    Column("performed_on", Date),
    Column("confirmed_on", Date),
    Column("households", Integer),
    Column("amount_yuan", BigInteger),
    Column("subsidy_yuan", Integer),
    _required("updated_at", _moment),
)

supervision_order = Table(
    "supervision_order",
    metadata,
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    _required("kind", Text),
    _required("region_code", _region_code),
    Column("organ_code", Text),
    _required("issued_on", Date),
    _required("due_on", Date),
    Column("closed_on", Date),
    _required("updated_at", _moment),
)

backlog_case = Table(
    "backlog_case",
    metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    _required("batch", Text),
    _required("region_code", _region_code),
    _required("category", Text),
    _required("arisen_on", Date),
    _required("assigned_on", Date),
    Column("resolved_on", Date),
    _required("leader_led", Boolean),
    _required("updated_at", _moment),
)

risk_issue = Table(
    "risk_issue",
    metadata,
    Column("issue_id", BigInteger, primary_key=True, autoincrement=False),
    _required("region_code", _region_code),
    _required("domain", Text),
    _required("risk_level", Text),
    _required("managed_level", SmallInteger),
    _required("opened_on", Date),
    Column("closed_on", Date),
    _required("updated_at", _moment),
)

deduction = Table(
    "deduction",
    metadata,
    Column("deduction_id", BigInteger, primary_key=True, autoincrement=False),
    _required("month", Date),
    _required("region_code", _region_code),
    Column("organ_code", Text),
    _required("assess_group", Text),
    _required("reason", Text),
    _required("points", Numeric(6, 2)),
    _required("status", Text),
    Column("document_no", Text),
    _required("updated_at", _moment),
)

dispute_inflow = Table(
    "dispute_inflow",
    metadata,
    Column("day", Date, primary_key=True),
    Column("region_code", _region_code, primary_key=True),
    Column("source", Text, primary_key=True),
    _required("items", Integer),
    _required("updated_at", _moment),
)

village_status = Table(
    "village_status",
    metadata,
    Column("month", Date, primary_key=True),
    Column("region_code", _region_code, primary_key=True),
    _required("no_case", Boolean),
    _required("no_accident", Boolean),
    _required("no_petition", Boolean),
    _required("updated_at", _moment),
)

feed_receipt = Table(
    "feed_receipt",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True),
    _required("records", Integer),
    _required("updated_at", _moment),
)

_DOMAINS = (
    "livelihood",
    "mass_finance",
    "illegal_fundraising",
    "labour",
    "real_estate",
    "demolition",
    "medical",
    "land",
    "transport",
    "petition_work",
    "sensitive_case",
    "legacy",
    "other",
)

# Where a row of an event table stands in time (the entry dates of design/house.md); without it the row is on no day.
ENTRY_DATES = {
    "petition": "registered_at",
    "mediation": "accepted_at",
    "supervision_order": "issued_on",
    "backlog_case": "assigned_on",
    "risk_issue": "opened_on",
    "deduction": "month",
    "dispute_inflow": "day",
    "village_status": "month",
    "feed_receipt": "day",
}

# Columns whose codes the contract closes. Columns with an open list (category, dispute_type, batch, feed source) are
# left out on purpose: any code is right there. null is never an unknown code.
CODES: dict[str, dict[str, tuple[str, ...]]] = {
    "region": {"peer_group": ("urban", "county", "devzone")},
    "organ": {
        "organ_kind": ("petition_dept", "responsible"),
        "assess_group": ("county_group", "dept_group"),
    },
    "petition": {
        "channel": ("letter", "visit", "web", "phone"),
        "purpose": ("appeal", "suggest", "report", "other"),
        "procedure_route": (
            "petition_procedure",
            "litigation",
            "arbitration",
            "party_appeal",
            "admin_procedure",
            "duty_performance",
        ),
        "evaluation": ("very_satisfied", "satisfied", "dissatisfied"),
        "received_level": ("1", "2", "3", "4", "5"),
        "handling_level": ("1", "2", "3", "4", "5"),
    },
    "category": {"domain": _DOMAINS},
    "mediation": {
        "channel": ("court_delegated", "court_entrusted", "petition", "police", "admin", "guided", "direct"),
        "committee_kind": ("village", "township", "county", "professional"),
        "outcome": ("succeeded", "failed", "terminated"),
    },
    "supervision_order": {
        "kind": (
            "commander",
            "dispatch",
            "supervision",
            "prompt",
            "warning",
            "bulletin",
            "interview",
            "inspection",
        ),
    },
    "risk_issue": {
        "domain": _DOMAINS,
        "risk_level": ("high", "medium", "low"),
        "managed_level": ("2", "3", "4"),
    },
    "deduction": {
        "assess_group": ("county_group", "dept_group"),
        "reason": (
            "intel_failure",
            "oversight_failure",
            "resolution_failure",
            "lookback",
            "late",
            "data_quality",
            "reward",
        ),
        "status": ("proposed", "final", "appealed", "revoked"),
    },
    "dispute_inflow": {"source": ("police_call", "civil_filing")},
}
