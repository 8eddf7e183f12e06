"""督办销号: orders and letters (三令五函) to counties and organs, and whether they are closed in time. Table
supervision_order."""

from __future__ import annotations

from typing import Any

from data_access.facts import order_closed, order_due, order_due_in_3, order_issued, order_open, order_overdue
from metrics.core.model import Count, Kind, Metric, Polarity, Ratio, Stock, Total, WorkedExample

_STOCK = "按快照中的现有记录推算到期末，补录、改录会改变以往的数。"

_ROWS = """
kind         issued_on   due_on      closed_on
commander    2026-02-20  2026-03-05  2026-03-05
dispatch     2026-03-01  2026-03-10  2026-03-12
supervision  2026-03-02  2026-03-17  -
prompt       2026-03-16  2026-03-31  -
warning      2026-03-20  2026-04-02  -
bulletin     2026-03-31  2026-04-10  2026-04-01
interview    2026-04-01  2026-04-08  -
"""


def _example(numerator: int, denominator: int | None, value: float) -> WorkedExample:
    return WorkedExample({"supervision_order": _ROWS}, "2026-03-01", "2026-03-31", numerator, denominator, value)


def _metric(key: str, label: str, unit: str, polarity: Polarity, kind: Kind, **words: Any) -> Metric:
    return Metric(key, label, unit, polarity, kind, dimensions=("kind", "organ_code"), finest_level=2, **words)


METRICS = (
    _metric(
        "orders_issued",
        "下发督办",
        "件",
        "neutral",
        Count(Total(order_issued, "items")),
        definition="期内下发的督办单件数，含指挥长令、调度令、督办令和提示函、警示函、通报、约谈、督查。",
        why="反映督办力度和问题集中在哪里。",
        caution="下发多少取决于督办安排，不说明被督办单位的好坏。",
        source="rpt.supervision_order，按下发日期（issued_on）计。",
        example=_example(5, None, 5.0),
    ),
    _metric(
        "orders_closed",
        "督办销号",
        "件",
        "more",
        Count(Total(order_closed, "items")),
        definition="期内销号的督办单件数。",
        why="督办的直接成果。",
        caution="受下发件数影响，须与按期销号率一并看。",
        source="rpt.supervision_order，按销号日期（closed_on）计。",
        example=_example(2, None, 2.0),
    ),
    _metric(
        "orders_on_time_rate",
        "督办按期销号率",
        "%",
        "more",
        Ratio((Total(order_due, "on_time"),), (Total(order_due, "due"),)),
        definition="办理期限在期内届满的督办单中，按期销号的占比。",
        why="督办是否落地。",
        caution="分母为期内到期的件，期末当日到期而未销号的计为未按期；县区件数常常很少。",
        source="rpt.supervision_order，按办理期限（due_on）计。",
        example=_example(1, 4, 0.25),
    ),
    _metric(
        "orders_open",
        "在办督办",
        "件",
        "neutral",
        Stock(Total(order_open, "entered"), Total(order_open, "left")),
        definition="期末当日已下发而尚未销号的督办单，含超期的。",
        why="手上还有多少件要催办。",
        caution=f"下发越多，在办越多，不说明办得好坏；{_STOCK}",
        source="rpt.supervision_order，下发日期计入，销号日期计出。",
        example=_example(4, None, 4.0),
    ),
    _metric(
        "orders_due_in_3_days",
        "三日内到期督办",
        "件",
        "neutral",
        Stock(Total(order_due_in_3, "entered"), Total(order_due_in_3, "left")),
        definition="期末当日尚未销号、办理期限在其后三日之内的督办单（当日到期的不计）。",
        why="临期提醒：现在催办还来得及。",
        caution=_STOCK,
        source="rpt.supervision_order，按办理期限（due_on）计。",
        example=_example(1, None, 1.0),
    ),
    _metric(
        "orders_overdue",
        "超期未销号",
        "件",
        "less",
        Stock(Total(order_overdue, "entered"), Total(order_overdue, "left")),
        definition="期末当日办理期限已过而仍未销号的督办单（期限次日起计）。",
        why="超期未销号应逐件追问。",
        caution=_STOCK,
        source="rpt.supervision_order，办理期限次日计入，销号日期计出。",
        example=_example(1, None, 1.0),
    ),
)
