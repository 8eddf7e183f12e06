"""积案与风险: what has been left over for long, and what may break out. Tables backlog_case and risk_issue.

Rates of clearance run over stocks: resolved so far among those assigned so far, so they never pass 1 and what happened
before the period counts.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from data_access.facts import (
    backlog_cleared,
    backlog_open,
    backlog_over_5y,
    backlog_progress,
    risk_closed,
    risk_open,
)
from metrics.core.model import Count, Kind, Metric, Polarity, Ratio, Stock, Total, WorkedExample

_STOCK = "按快照中的现有记录推算到期末，补录、改录会改变以往的数。"
_CUMULATIVE = "自交办以来的累计数，不是期内新化解的占比；新交办一批时会下降，须分批次看。"
_led_by_leaders = pl.col("leader_led") == "true"

_CASES = """
arisen_on   assigned_on  resolved_on  leader_led
2015-05-01  2025-12-01   2026-03-10   true
2018-06-01  2025-12-01   2026-02-20   false
2019-07-01  2025-12-01   -            true
2021-03-31  2026-01-15   -            false
2021-04-01  2026-01-15   -            false
2024-01-01  2026-03-20   2026-04-02   false
2020-01-01  2026-04-01   -            false
"""

_ISSUES = """
risk_level  domain       managed_level  opened_on   closed_on
high        labour       3              2026-01-10  -
medium      land         2              2026-02-01  2026-03-05
low         medical      2              2026-03-01  2026-03-31
high        real_estate  4              2026-03-31  -
low         labour       2              2026-03-20  2026-04-03
low         transport    2              2026-04-01  -
"""


def _example(table: str, rows: str, numerator: int, denominator: int | None, value: float) -> WorkedExample:
    return WorkedExample({table: rows}, "2026-03-01", "2026-03-31", numerator, denominator, value)


def _backlog(key: str, label: str, unit: str, polarity: Polarity, kind: Kind, **words: Any) -> Metric:
    return Metric(key, label, unit, polarity, kind, dimensions=("batch", "category", "leader_led"), **words)


def _risk(key: str, label: str, unit: str, polarity: Polarity, kind: Kind, **words: Any) -> Metric:
    return Metric(key, label, unit, polarity, kind, dimensions=("risk_level", "domain", "managed_level"), **words)


def _clear_rate(where: pl.Expr | None = None) -> Ratio:
    resolved = Stock(Total(backlog_progress, "resolved", where))
    assigned = Stock(Total(backlog_progress, "assigned", where))
    return Ratio((resolved,), (assigned,))


METRICS = (
    _backlog(
        "backlog_open",
        "未化解积案",
        "件",
        "less",
        Stock(Total(backlog_open, "entered"), Total(backlog_open, "left")),
        definition="期末当日已交办而尚未化解的积案件数。",
        why="积案存量的底数。",
        caution=_STOCK,
        source="rpt.backlog_case，交办日期计入，化解日期计出。",
        example=_example("backlog_case", _CASES, 4, None, 4.0),
    ),
    _backlog(
        "backlog_over_5y",
        "五年以上积案",
        "件",
        "less",
        Stock(Total(backlog_over_5y, "entered"), Total(backlog_over_5y, "left")),
        definition="期末当日已交办、尚未化解、发生已满五年的积案件数（满五年当日起计）。",
        why="拖得越久越难化解，应列入重点包案。",
        caution=f"发生日期由源系统给出；{_STOCK}",
        source="rpt.backlog_case，交办日期与发生满五年之日中较晚者计入，化解日期计出。",
        example=_example("backlog_case", _CASES, 2, None, 2.0),
    ),
    _backlog(
        "backlog_cleared",
        "化解积案",
        "件",
        "more",
        Count(Total(backlog_cleared, "items")),
        definition="期内化解的积案件数。",
        why="化解工作的直接成果。",
        caution="受交办件数影响，须与积案化解率一并看。",
        source="rpt.backlog_case，按化解日期（resolved_on）计。",
        example=_example("backlog_case", _CASES, 1, None, 1.0),
    ),
    _backlog(
        "backlog_clear_rate",
        "积案化解率",
        "%",
        "more",
        _clear_rate(),
        definition="截至期末，已交办的积案中已化解的占比。",
        why="交办批次是固定的分母，化解进度一目了然。",
        caution=_CUMULATIVE,
        source="rpt.backlog_case，按交办日期与化解日期累计。",
        example=_example("backlog_case", _CASES, 2, 6, 1 / 3),
    ),
    _backlog(
        "leader_led_clear_rate",
        "包案化解率",
        "%",
        "more",
        _clear_rate(_led_by_leaders),
        definition="截至期末，已交办的领导包案积案中已化解的占比。",
        why="看领导包案是否真正解决问题。",
        caution=f"包案的往往更难，不宜与其他积案直接比较；{_CUMULATIVE}",
        source="rpt.backlog_case，仅领导包案（leader_led），按交办日期与化解日期累计。",
        example=_example("backlog_case", _CASES, 1, 2, 0.5),
    ),
    _risk(
        "risk_issues_open",
        "在册矛盾问题",
        "个",
        "less",
        Stock(Total(risk_open, "entered"), Total(risk_open, "left")),
        definition="期末当日列入清单而尚未销号的现实矛盾问题个数。",
        why="反映面上还有多少风险没有化解。",
        caution=f"排查越细，在册越多，上升不等于风险变大；{_STOCK}",
        source="rpt.risk_issue，列入日期计入，销号日期计出。",
        example=_example("risk_issue", _ISSUES, 3, None, 3.0),
    ),
    _risk(
        "risk_issues_closed",
        "矛盾问题销号",
        "个",
        "more",
        Count(Total(risk_closed, "items")),
        definition="期内销号的现实矛盾问题个数。",
        why="风险化解的直接成果。",
        caution="销号是否真正化解以回访为准。",
        source="rpt.risk_issue，按销号日期（closed_on）计。",
        example=_example("risk_issue", _ISSUES, 2, None, 2.0),
    ),
)
