"""队列进度: of what came in during the period, how far has each step got? Tables petition and mediation.

Every figure is placed by the day on which the item *entered* (registered, accepted) and says what became of it since, as
the snapshot knows it: so the steps of one cohort can stand side by side, and a young cohort is unfinished, not bad. The
monthly rates of 办理质效 and 调解成效 follow what fell due or was concluded instead; the two need not agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from data_access.facts import (
    DUE_ON,
    Fact,
    mediation_accepted,
    mediation_unperformed,
    petition_registered,
    petition_unaccepted,
    petition_unanswered,
)
from data_access.store import Store
from metrics.core.evaluate import evaluate
from metrics.core.model import Count, Metric, Total, WorkedExample
from metrics.core.query import EVERYTHING, Query, Scope
from metrics.petition_volume import PETITION_DIMENSIONS

_SO_FAR = "以快照为准的“截至目前”：近期登记的多数还未到期限，此数会随时间变化，不宜与早期的队列直接比较。"
_SO_FAR_ACCEPTED = "以快照为准的“截至目前”：近期受理的多数还在办，此数会随时间变化，不宜与早期的队列直接比较。"
_REGISTERED = "rpt.petition，按登记日期（registered_at 的当地日期）归入队列。"
_ACCEPTED = "rpt.mediation，按受理日期（accepted_at 的当地日期）归入队列。"
_by_procedure = pl.col("procedure_route") == "petition_procedure"
_is_known = pl.col("outcome").is_not_null()
_is_succeeded = pl.col("outcome") == "succeeded"

_PETITIONS = """
registered_at     procedure_route     accept_due_on  accepted_on  reply_due_on  replied_on  evaluable  evaluation      evaluated_on
2026-02-28 23:59  petition_procedure  2026-03-15     2026-03-10   2026-04-29    2026-04-20  true       satisfied       2026-04-25
2026-03-01 00:00  petition_procedure  2026-03-16     2026-03-16   2026-04-30    2026-04-30  true       very_satisfied  2026-05-06
2026-03-02 09:00  petition_procedure  2026-03-17     2026-03-20   2026-05-01    2026-05-03  true       dissatisfied    -
2026-03-03 09:00  petition_procedure  2026-03-18     2026-03-05   -             2026-03-20  true       -               -
2026-03-04 09:00  petition_procedure  2026-03-19     -            2026-05-03    -           false      -               -
2026-03-05 09:00  petition_procedure  2026-03-20     2026-03-06   2026-05-04    -           true       -               -
2026-03-06 09:00  litigation          2026-03-21     2026-03-21   -             2026-03-30  false      satisfied       2026-04-02
2026-03-31 23:59  duty_performance    -              -            -             -           false      -               -
2026-04-01 00:00  petition_procedure  2026-04-16     -            2026-05-31    -           true       -               -
"""

_MEDIATIONS = """
accepted_at       outcome     concluded_on  performance_due_on  performed_on  confirmed_on
2026-02-28 23:59  succeeded   2026-03-05    2026-03-20          2026-03-20    2026-03-06
2026-03-01 00:00  succeeded   2026-03-05    2026-03-20          2026-03-20    2026-03-10
2026-03-02 09:00  succeeded   2026-03-12    2026-03-27          2026-04-02    -
2026-03-03 09:00  succeeded   2026-03-13    2026-06-13          -             -
2026-03-04 09:00  succeeded   2026-03-14    -                   -             2026-03-20
2026-03-05 09:00  failed      2026-03-25    2026-04-25          2026-04-20    -
2026-03-31 23:59  -           -             -                   -             -
"""


def _petitions(
    key: str,
    label: str,
    fact: Fact,
    measure: str,
    example: int,
    definition: str,
    *,
    where: pl.Expr | None = None,
    why: str = "看清同一批信访件走到了哪一步。",
    caution: str = _SO_FAR,
) -> Metric:
    figures = WorkedExample({"petition": _PETITIONS}, "2026-03-01", "2026-03-31", example, None, float(example))
    words = {"definition": definition, "why": why, "caution": caution, "source": _REGISTERED, "example": figures}
    return _count(key, label, Total(fact, measure, where), PETITION_DIMENSIONS, words)


def _mediations(
    key: str,
    label: str,
    fact: Fact,
    measure: str,
    example: int,
    definition: str,
    *,
    where: pl.Expr | None = _is_succeeded,
    why: str = "看清同一批调解件走到了哪一步。",
    caution: str = _SO_FAR_ACCEPTED,
) -> Metric:
    figures = WorkedExample({"mediation": _MEDIATIONS}, "2026-03-01", "2026-03-31", example, None, float(example))
    words = {"definition": definition, "why": why, "caution": caution, "source": _ACCEPTED, "example": figures}
    dimensions = ("channel", "committee_kind", "dispute_type", "outcome")
    return _count(key, label, Total(fact, measure, where), dimensions, words, finest_level=0)


def _count(
    key: str, label: str, total: Total, dimensions: tuple[str, ...], words: Mapping[str, Any], **more: Any
) -> Metric:
    return Metric(key, label, "件", "neutral", Count(total), dimensions=dimensions, **words, **more)


METRICS = (
    _petitions(
        "cohort_accepted",
        "登记后已受理",
        petition_registered,
        "accepted",
        5,
        "期内登记的信访件中，截至本快照已告知受理的件数；不分办理程序。",
    ),
    _petitions(
        "cohort_accepted_on_time",
        "登记后按期受理",
        petition_registered,
        "accepted_on_time",
        4,
        "期内登记的信访件中，已在受理告知期限内（含当日）告知受理的件数；没有期限的不计。",
    ),
    _petitions(
        "cohort_accepted_late",
        "登记后逾期受理",
        petition_registered,
        "accepted_late",
        1,
        "期内登记的信访件中，已告知受理但晚于受理告知期限的件数。",
    ),
    _petitions(
        "cohort_unaccepted",
        "登记后未受理",
        petition_unaccepted,
        "items",
        2,
        "期内登记的信访件中，截至本快照尚未告知受理的件数，含期限未到的。",
        why="未受理的分为未到期与已超期，前者来得及，后者要督办。",
    ),
    _petitions(
        "cohort_to_reply",
        "登记后应答复",
        petition_registered,
        "items",
        5,
        "期内登记、适用信访程序的信访件；转入诉讼、仲裁等其他程序的不在内。",
        where=_by_procedure,
        why="六十日的答复期限只约束信访程序，是答复一步的基数。",
        caution="程序认定后补录会改变此数。",
    ),
    _petitions(
        "cohort_replied",
        "登记后已答复",
        petition_registered,
        "replied",
        3,
        "期内登记、适用信访程序的信访件中，截至本快照已答复的件数。",
        where=_by_procedure,
    ),
    _petitions(
        "cohort_replied_on_time",
        "登记后按期答复",
        petition_registered,
        "replied_on_time",
        1,
        "期内登记、适用信访程序的信访件中，已在答复期限内（含延长，含当日）答复的件数；没有期限的不计。",
        where=_by_procedure,
    ),
    _petitions(
        "cohort_replied_late",
        "登记后逾期答复",
        petition_registered,
        "replied_late",
        1,
        "期内登记、适用信访程序的信访件中，已答复但晚于答复期限的件数。",
        where=_by_procedure,
    ),
    _petitions(
        "cohort_unanswered",
        "登记后未答复",
        petition_unanswered,
        "items",
        2,
        "期内登记、适用信访程序的信访件中，截至本快照尚未答复的件数，含期限未到的。",
        where=_by_procedure,
        why="未答复的分为未到期与已超期，前者来得及，后者要督办。",
    ),
    _petitions(
        "cohort_evaluable",
        "答复后可评价",
        petition_registered,
        "evaluable",
        3,
        "期内登记的信访件中，已答复且可评价的件数；不分办理程序。",
        why="是参评的基数。",
    ),
    _petitions(
        "cohort_evaluated",
        "答复后已评价",
        petition_registered,
        "evaluated",
        2,
        "期内登记的信访件中，已答复、可评价且已有评价的件数，不论有无评价日期。",
    ),
    _petitions(
        "cohort_satisfied",
        "评价为满意",
        petition_registered,
        "satisfied",
        1,
        "期内登记、已答复、可评价的信访件中，评价为满意或基本满意的件数。",
        caution="只有参加评价的才计入，参评少时说明不了问题。" + _SO_FAR,
    ),
    _mediations(
        "cohort_concluded",
        "受理后已办结",
        mediation_accepted,
        "items",
        5,
        "期内受理的调解件中，截至本快照结果已定（成功、不成、终止）的件数。",
        where=_is_known,
    ),
    _mediations(
        "cohort_succeeded",
        "受理后调成",
        mediation_accepted,
        "items",
        4,
        "期内受理的调解件中，截至本快照已调解成功的件数。",
    ),
    _mediations(
        "cohort_performance_due",
        "调成件约定履行",
        mediation_accepted,
        "performance_due",
        3,
        "期内受理、已调解成功的调解件中，约定了履行期限的件数。",
        why="当场履行、无须约定期限的不在内，是履行一步的基数。",
    ),
    _mediations(
        "cohort_performed",
        "调成件已履行",
        mediation_accepted,
        "performed",
        2,
        "期内受理、已调解成功且约定了履行期限的调解件中，已履行的件数，含逾期履行。",
        caution="履行情况依赖回访登记，未登记视为未履行。" + _SO_FAR_ACCEPTED,
    ),
    _mediations(
        "cohort_performed_on_time",
        "调成件按期履行",
        mediation_accepted,
        "performed_on_time",
        1,
        "期内受理、已调解成功且约定了履行期限的调解件中，在期限内（含当日）履行的件数。",
        caution="履行情况依赖回访登记，未登记视为未履行。" + _SO_FAR_ACCEPTED,
    ),
    _mediations(
        "cohort_unperformed",
        "调成件未履行",
        mediation_unperformed,
        "items",
        1,
        "期内受理、已调解成功且约定了履行期限的调解件中，截至本快照尚未履行的件数，含期限未到的。",
        why="未履行的分为未到期与已超期，后者要回访督促。",
        caution="履行情况依赖回访登记，未登记视为未履行。" + _SO_FAR_ACCEPTED,
    ),
    _mediations(
        "cohort_confirmed",
        "调成件司法确认",
        mediation_accepted,
        "confirmed",
        2,
        "期内受理、已调解成功的调解件中，已作司法确认的件数。",
        caution="能即时履行的无须确认，高低本身不表示好坏。",
    ),
)


@dataclass(frozen=True)
class Open:
    """The open rows of a cohort by their limit. A limit that is today is not overdue yet; ``undated``: without a limit."""

    not_due: int
    overdue: int
    undated: int


def still_open(metric: Metric, query: Query, as_of: date, store: Store, scope: Scope = EVERYTHING) -> Open:
    """What is open of ``query``'s single region, told apart by whether its limit lay before ``as_of``.

    ``metric``: one that counts the open rows of a cohort (``cohort_unaccepted`` …), so that its fact has DUE_ON. Raises
    ValueError for another one, BadQuery and Forbidden as ``evaluate``.
    """
    if not isinstance(metric.kind, Count) or DUE_ON not in metric.kind.total.fact.dimension_names:
        raise ValueError(f"{metric.key} does not count open rows")
    limit, day = pl.col(DUE_ON), as_of.isoformat()
    asked = {"not_due": limit >= day, "overdue": limit < day, "undated": limit.is_null()}
    kinds = {name: replace(metric, key=name, kind=_narrowed(metric.kind.total, where)) for name, where in asked.items()}
    frame = evaluate(replace(query, metrics=tuple(kinds)), store, kinds, scope)
    return Open(**{name: int(frame.filter(metric=name)["numerator"].sum()) for name in asked})


def _narrowed(total: Total, where: pl.Expr) -> Count:
    return Count(replace(total, where=where if total.where is None else total.where & where))
