"""三无创建: villages without case, accident or petition. Table village_status, one row per village and month.

Several months are pooled: the figures are shares of village-months.
"""

from __future__ import annotations

from data_access.facts import village_status
from metrics.core.model import Metric, Ratio, Total, WorkedExample

_CAUTION = "创建标准各地不一，由源系统判定；跨多个月时按村·月合并计算；不应以不登记、不受理换取达标。"
_SOURCE = "rpt.village_status，每村每月一行，按月份（month）的首日计。"

_ROWS = """
month       no_case  no_accident  no_petition
2026-02-01  false    false        false
2026-03-01  true     true         true
2026-03-01  true     true         false
2026-03-01  true     false        true
2026-03-01  false    true         false
2026-04-01  true     true         true
"""


def _share(key: str, label: str, measure: str, definition: str, why: str, numerator: int) -> Metric:
    return Metric(
        key,
        label,
        "%",
        "more",
        Ratio((Total(village_status, measure),), (Total(village_status, "villages"),)),
        definition=definition,
        why=why,
        caution=_CAUTION,
        source=_SOURCE,
        example=WorkedExample({"village_status": _ROWS}, "2026-03-01", "2026-03-31", numerator, 4, numerator / 4),
        finest_level=0,
    )


METRICS = (
    _share(
        "three_no_share",
        "三无村(社区)占比",
        "all_three",
        "期内村(社区)·月中，无案件、无事故、无上访三项都达到的占比。",
        "反映基层平安创建的总体水平。",
        1,
    ),
    _share(
        "no_case_share",
        "无案件占比",
        "no_case",
        "期内村(社区)·月中，无案件一项达到的占比。",
        "看三无的短板是否在案件。",
        3,
    ),
    _share(
        "no_accident_share",
        "无事故占比",
        "no_accident",
        "期内村(社区)·月中，无事故一项达到的占比。",
        "看三无的短板是否在事故。",
        3,
    ),
    _share(
        "no_petition_share",
        "无上访占比",
        "no_petition",
        "期内村(社区)·月中，无上访一项达到的占比。",
        "看三无的短板是否在信访。",
        2,
    ),
)
