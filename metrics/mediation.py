"""调解: is it settled near home? Table mediation.

People's mediation (95–98 %) and court-delegated mediation (63–70 %) are different populations: never judge the blended
rate without looking at its channels.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from data_access.facts import mediation_accepted, mediation_concluded, mediation_performance_due
from metrics.core.model import Count, Kind, Metric, Polarity, Ratio, Total, WorkedExample

_MIX = "诉调与人民调解的成功率天然不同，综合率随渠道结构变化，须分渠道看。"
_CONCLUDED = "rpt.mediation，按办结日期（concluded_on）计。"
_ACCEPTED = "rpt.mediation，按受理日期（accepted_at 的当地日期）计。"
_is_known = pl.col("outcome").is_not_null()
_is_succeeded = pl.col("outcome") == "succeeded"
_concluded = Total(mediation_concluded, "items", _is_known)
_succeeded = Total(mediation_concluded, "items", _is_succeeded)

_ROWS = """
accepted_at       outcome     concluded_on  confirmed_on  amount_yuan  subsidy_yuan
2026-02-20 09:00  succeeded   2026-03-01    2026-03-05    8000         100
2026-03-02 09:00  succeeded   2026-03-04    -             -            50
2026-03-03 09:00  failed      2026-03-13    -             5000         -
2026-03-10 09:00  terminated  2026-04-01    -             -            -
2026-03-31 23:59  -           -             -             -            -
"""

_PERFORMANCE = """
accepted_at       outcome    performance_due_on  performed_on
2026-02-20 09:00  succeeded  2026-03-10          2026-03-10
2026-02-21 09:00  succeeded  2026-03-20          2026-03-25
2026-02-22 09:00  succeeded  2026-03-31          -
2026-02-23 09:00  succeeded  2026-04-01          2026-03-01
"""


def _example(rows: str, numerator: int, denominator: int | None, value: float) -> WorkedExample:
    return WorkedExample({"mediation": rows}, "2026-03-01", "2026-03-31", numerator, denominator, value)


def _metric(key: str, label: str, unit: str, polarity: Polarity, kind: Kind, **words: Any) -> Metric:
    words = {"caution": _MIX, "source": _CONCLUDED, **words}
    dimensions = ("channel", "committee_kind", "dispute_type", "outcome")
    return Metric(key, label, unit, polarity, kind, dimensions=dimensions, finest_level=0, **words)


METRICS = (
    _metric(
        "mediation_accepted",
        "调解受理",
        "件",
        "neutral",
        Count(Total(mediation_accepted, "items")),
        definition="期内受理的调解件数。",
        why="反映矛盾纠纷进入调解的规模。",
        source=_ACCEPTED,
        caution="以案定补等激励会推高登记量，应与办结、成功一并看。",
        example=_example(_ROWS, 4, None, 4.0),
    ),
    _metric(
        "mediation_concluded",
        "调解办结",
        "件",
        "neutral",
        Count(_concluded),
        definition="期内办结（结果已定）的调解件数，含成功、不成、终止。",
        why="是成功率的分母。",
        example=_example(_ROWS, 3, None, 3.0),
    ),
    _metric(
        "mediation_succeeded",
        "调解成功",
        "件",
        "more",
        Count(_succeeded),
        definition="期内办结且达成协议的调解件数。",
        why="矛盾化解在基层的直接成果。",
        example=_example(_ROWS, 2, None, 2.0),
    ),
    _metric(
        "mediation_success_rate",
        "调解成功率",
        "%",
        "more",
        Ratio((_succeeded,), (_concluded,)),
        definition="期内办结件中调解成功的占比。",
        why="反映调解质量。",
        example=_example(_ROWS, 2, 3, 2 / 3),
    ),
    _metric(
        "mediation_success_of_accepted",
        "调成率(按受理)",
        "%",
        "more",
        Ratio(
            (Total(mediation_accepted, "items", _is_succeeded),),
            (Total(mediation_accepted, "items"),),
        ),
        definition="期内受理件中，截至本快照已调解成功的占比；未办结的仍在分母内。",
        why="与公开通报常用口径一致，便于对照。",
        source=_ACCEPTED,
        caution="近期受理的多数尚未办结，此率会随时间上升，不宜与早期直接比较。",
        example=_example(_ROWS, 1, 4, 0.25),
    ),
    _metric(
        "mediation_mean_days",
        "平均调解天数",
        "天",
        "less",
        Ratio((Total(mediation_concluded, "days", _is_known),), (_concluded,), percent=False),
        decimals=1,
        definition="期内办结件从受理到办结的天数之和 ÷ 办结件数。",
        why="反映调解效率。",
        caution="平均数受少数长期件影响；源数据日期颠倒时天数为负，照实计入。",
        example=_example(_ROWS, 21, 3, 7.0),
    ),
    _metric(
        "performance_rate",
        "协议履行率",
        "%",
        "more",
        Ratio((Total(mediation_performance_due, "on_time"),), (Total(mediation_performance_due, "due"),)),
        definition="履行期限在期内届满的调解件中，按期履行的占比；当日到期未履行计为未履行。",
        why="协议签了还要兑现。",
        source="rpt.mediation，按履行期限（performance_due_on）计。",
        caution="履行情况依赖回访登记，未登记视为未履行。",
        example=_example(_PERFORMANCE, 1, 3, 1 / 3),
    ),
    _metric(
        "judicial_confirmation_rate",
        "司法确认率",
        "%",
        "neutral",
        Ratio((Total(mediation_concluded, "confirmed", _is_succeeded),), (_succeeded,)),
        definition="期内办结的成功件中，已作司法确认的占比。",
        why="司法确认使协议可以强制执行。",
        caution="能即时履行的无须确认，此率高低本身不表示好坏。",
        example=_example(_ROWS, 1, 2, 0.5),
    ),
    _metric(
        "mediation_amount_yuan",
        "调解涉及金额",
        "元",
        "neutral",
        Count(Total(mediation_concluded, "amount_yuan", _is_succeeded)),
        definition="期内办结的成功件所涉金额之和；未填的按 0 计。",
        why="反映调解化解的经济利益规模。",
        caution="个别大额件会主导合计。",
        example=_example(_ROWS, 8000, None, 8000.0),
    ),
    _metric(
        "subsidy_yuan",
        "以案定补",
        "元",
        "neutral",
        Count(Total(mediation_concluded, "subsidy_yuan")),
        definition="期内办结件的以案定补金额之和，不论结果；未填的按 0 计。",
        why="反映调解经费投入。",
        caution="补助按件计发会推高登记量。",
        example=_example(_ROWS, 150, None, 150.0),
    ),
)
