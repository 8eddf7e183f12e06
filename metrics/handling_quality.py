"""办理质效: was it accepted, answered and judged well in time? Table petition.

Rates follow the due cohort: what fell due in the period. The 60-day limit binds the petition procedure alone, so every
figure on replies leaves out what went to litigation, arbitration or another procedure.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from data_access.facts import (
    petition_accept_due,
    petition_due_in_3,
    petition_due_in_7,
    petition_evaluated,
    petition_open,
    petition_overdue,
    petition_replied,
    petition_reply_due,
)
from metrics.core.model import Kind, Metric, Polarity, Ratio, Stock, Total, WorkedExample
from metrics.petition_volume import PETITION_DIMENSIONS

_COHORT = "分母为期内到期的件，未到期的不在内；期末当日到期而未办的计为未按期。"
_STOCK = "按快照中的现有记录推算到期末，补录、改录会改变以往的数。"
_EVALUATED = "只有参加评价的才计入，须与参评率一并看；参评少时此率不可靠。"
_REPLY_DUE = "rpt.petition，按答复期限（reply_due_on，含延长）计，仅信访程序。"
_REPLIED = "rpt.petition，按答复日期（replied_on）计。"
_by_procedure = pl.col("procedure_route") == "petition_procedure"

_ACCEPT = """
registered_at     procedure_route     accept_due_on  accepted_on
2026-02-20 09:00  petition_procedure  2026-03-07     2026-03-07
2026-03-01 09:00  litigation          2026-03-16     2026-03-10
2026-03-02 09:00  petition_procedure  2026-03-17     2026-03-18
2026-03-16 09:00  petition_procedure  2026-03-31     -
2026-03-20 09:00  petition_procedure  2026-04-04     2026-03-21
2026-03-21 09:00  duty_performance    -              2026-03-22
"""

_REPLY = """
registered_at     procedure_route     reply_due_on  replied_on
2026-01-05 09:00  petition_procedure  2026-03-06    2026-03-06
2026-01-10 09:00  petition_procedure  2026-03-11    2026-03-21
2026-01-30 09:00  petition_procedure  2026-03-31    -
2026-01-20 09:00  petition_procedure  2026-03-21    -
2026-02-01 09:00  petition_procedure  2026-04-02    -
2026-02-05 09:00  petition_procedure  2026-04-06    2026-04-03
2026-02-10 09:00  petition_procedure  2026-04-11    -
2026-02-10 09:00  litigation          2026-03-20    -
2026-02-11 09:00  arbitration         2026-04-02    2026-03-25
"""

_EVALUATION = """
registered_at     evaluable  replied_on  evaluation      evaluated_on
2026-01-05 09:00  true       2026-03-02  very_satisfied  2026-03-05
2026-01-06 09:00  true       2026-03-03  satisfied       2026-03-31
2026-01-07 09:00  true       2026-03-04  dissatisfied    2026-03-06
2026-01-08 09:00  true       2026-03-05  satisfied       2026-04-01
2026-01-09 09:00  false      2026-03-06  satisfied       2026-03-07
2026-01-10 09:00  true       2026-03-31  -               -
2026-01-11 09:00  true       2026-02-28  satisfied       2026-03-01
2026-01-12 09:00  true       2026-03-07  satisfied       -
"""


def _example(rows: str, numerator: int, denominator: int | None, value: float) -> WorkedExample:
    return WorkedExample({"petition": rows}, "2026-03-01", "2026-03-31", numerator, denominator, value)


def _metric(key: str, label: str, unit: str, polarity: Polarity, kind: Kind, **words: Any) -> Metric:
    return Metric(key, label, unit, polarity, kind, dimensions=PETITION_DIMENSIONS, **words)


METRICS = (
    _metric(
        "accept_on_time_rate",
        "按期受理率",
        "%",
        "more",
        Ratio((Total(petition_accept_due, "on_time"),), (Total(petition_accept_due, "due"),)),
        definition="受理告知期限在期内届满的信访件中，按期告知受理的占比；不分办理程序。",
        why="《信访工作条例》第二十三条要求十五日内书面告知，是程序的第一步。",
        caution=_COHORT,
        source="rpt.petition，按受理告知期限（accept_due_on）计。",
        example=_example(_ACCEPT, 2, 4, 0.5),
    ),
    _metric(
        "reply_on_time_rate",
        "按期答复率",
        "%",
        "more",
        Ratio(
            (Total(petition_reply_due, "on_time", _by_procedure),), (Total(petition_reply_due, "due", _by_procedure),)
        ),
        definition="答复期限在期内届满、适用信访程序的信访件中，按期答复的占比。",
        why="《信访工作条例》第三十四条要求六十日内办结，可延长三十日。",
        caution=_COHORT,
        source=_REPLY_DUE,
        example=_example(_REPLY, 1, 4, 0.25),
    ),
    _metric(
        "reply_due_in_3_days",
        "三日内到期",
        "件",
        "neutral",
        Stock(Total(petition_due_in_3, "entered", _by_procedure), Total(petition_due_in_3, "left", _by_procedure)),
        definition="期末当日尚未答复、适用信访程序、答复期限在其后三日之内的信访件（当日到期的不计）。",
        why="临期提醒：现在催办还来得及。",
        caution=_STOCK,
        source=_REPLY_DUE,
        example=_example(_REPLY, 1, None, 1.0),
    ),
    _metric(
        "reply_due_in_7_days",
        "七日内到期",
        "件",
        "neutral",
        Stock(Total(petition_due_in_7, "entered", _by_procedure), Total(petition_due_in_7, "left", _by_procedure)),
        definition="期末当日尚未答复、适用信访程序、答复期限在其后七日之内的信访件（当日到期的不计）。",
        why="用于安排下一周的办理。",
        caution=_STOCK,
        source=_REPLY_DUE,
        example=_example(_REPLY, 2, None, 2.0),
    ),
    _metric(
        "reply_mean_days",
        "平均答复天数",
        "天",
        "less",
        Ratio(
            (Total(petition_replied, "days", _by_procedure),),
            (Total(petition_replied, "items", _by_procedure),),
            percent=False,
        ),
        decimals=1,
        definition="期内答复、适用信访程序的信访件，从登记到答复的天数之和 ÷ 件数。",
        why="反映群众等待的时间。",
        caution="平均数受少数长期件影响；集中清理积压时反而升高；源数据日期颠倒时天数为负，照实计入。",
        source=f"{_REPLIED[:-1]}，仅信访程序。",
        example=_example(_REPLY, 130, 2, 65.0),
    ),
    _metric(
        "satisfaction_rate",
        "群众满意率",
        "%",
        "more",
        Ratio((Total(petition_evaluated, "satisfied"),), (Total(petition_evaluated, "evaluated"),)),
        definition="期内作出的评价中，满意和基本满意的占比。",
        why="办得好不好由群众评价。",
        caution=_EVALUATED,
        source="rpt.petition，按评价日期（evaluated_on）计，无评价日期的不计。",
        example=_example(_EVALUATION, 4, 5, 0.8),
    ),
    _metric(
        "evaluation_rate",
        "参评率",
        "%",
        "more",
        Ratio((Total(petition_replied, "evaluated"),), (Total(petition_replied, "evaluable"),)),
        definition="期内答复且可评价的信访件中，已有评价的占比。",
        why="参评率低时，满意率说明不了问题。",
        caution="近期答复的可能还未及评价，此率会随时间上升。",
        source=_REPLIED,
        example=_example(_EVALUATION, 5, 6, 5 / 6),
    ),
    _metric(
        "open_petitions",
        "在办信访件",
        "件",
        "neutral",
        Stock(Total(petition_open, "entered", _by_procedure), Total(petition_open, "left", _by_procedure)),
        definition="期末当日已登记、适用信访程序而尚未答复的信访件。",
        why="反映手头的办理任务。",
        caution=_STOCK,
        source="rpt.petition，登记日期计入，答复日期计出，仅信访程序。",
        example=_example(_REPLY, 5, None, 5.0),
    ),
    _metric(
        "overdue_petitions",
        "超期未答复",
        "件",
        "less",
        Stock(Total(petition_overdue, "entered", _by_procedure), Total(petition_overdue, "left", _by_procedure)),
        definition="期末当日答复期限已过、适用信访程序而仍未答复的信访件（期限次日起计）。",
        why="超期件应逐件督办。",
        caution=_STOCK,
        source="rpt.petition，答复期限次日计入，答复日期计出，仅信访程序。",
        example=_example(_REPLY, 1, None, 1.0),
    ),
)
