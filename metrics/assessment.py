"""县区考核: the deduction ledger, and weighted scores from the schemes of config/assessment. Table deduction.

A score is no more than its parts: it is never shown without them.
"""

from __future__ import annotations

from dataclasses import replace

from data_access.facts import deduction_final
from metrics.core.model import Count, Metric, Score, Total, WorkedExample
from metrics.core.scheme import Scheme

#: The metric that goes by the scheme of config/assessment.toml; declared here is the one that the project brings.
IN_FORCE = "assessment_score"

_SCORE_CAUTION = "分差常在误差之内，须连同各项的分子分母和区间看；不足最小件数的项不计分，其权重由其余各项分担。"

_LEDGER = """
month       reason              assess_group  points  status
2026-02-01  late                county_group  5.00    final
2026-03-01  late                county_group  2.50    final
2026-03-01  intel_failure       dept_group    1.25    final
2026-03-01  reward              county_group  -0.50   final
2026-03-01  resolution_failure  county_group  3.00    proposed
2026-03-01  oversight_failure   county_group  4.00    appealed
2026-03-01  lookback            county_group  1.00    revoked
2026-04-01  data_quality        county_group  1.00    final
"""

# 按期受理 57/60, 按期答复 57/60, 满意 21/21 × 参评 21/60, 调解 79/100, 积案 13/20; 督办 12/14 has too few to count.
_BALANCED = {
    "petition": """
times  registered_at     accept_due_on  accepted_on  reply_due_on  replied_on  evaluable  evaluation  evaluated_on
21     2026-02-20 09:00  2026-03-07     2026-03-05   2026-03-31    2026-03-20  true       satisfied   2026-03-25
33     2026-02-20 09:00  2026-03-07     2026-03-05   2026-03-31    2026-03-20  true       -           -
3      2026-02-20 09:00  2026-03-07     2026-03-05   2026-03-10    2026-03-20  true       -           -
3      2026-02-20 09:00  2026-03-07     2026-03-09   2026-03-31    2026-03-20  true       -           -
""",
    "mediation": """
times  accepted_at       outcome    concluded_on
79     2026-03-02 09:00  succeeded  2026-03-20
21     2026-03-02 09:00  failed     2026-03-20
""",
    "backlog_case": """
times  arisen_on   assigned_on  resolved_on
13     2018-05-01  2026-01-05   2026-03-10
7      2018-05-01  2026-01-05   -
""",
    "supervision_order": """
times  kind         issued_on   due_on      closed_on
12     supervision  2026-03-02  2026-03-17  2026-03-16
2      supervision  2026-03-02  2026-03-17  -
""",
    "deduction": """
month       reason  points  status
2026-03-01  late    3.00    final
""",
}

# 基层化解 65/100, 三无 16/16, 调解 79/100, 积案 3/20, 重复信访 15/60.
_PEACE = {
    "petition": """
times  registered_at     repeat_no
45     2026-03-02 09:00  1
15     2026-03-03 09:00  2
""",
    "mediation": """
times  accepted_at       committee_kind  outcome    concluded_on
65     2026-03-02 09:00  village         succeeded  2026-03-20
14     2026-03-02 09:00  county          succeeded  2026-03-20
21     2026-03-02 09:00  village         failed     2026-03-20
""",
    "dispute_inflow": """
day         source        items
2026-03-10  police_call   20
2026-03-10  civil_filing  15
""",
    "village_status": """
times  month       no_case  no_accident  no_petition
16     2026-03-01  true     true         true
""",
    "backlog_case": """
times  arisen_on   assigned_on  resolved_on
3      2018-05-01  2026-01-05   2026-03-10
17     2018-05-01  2026-01-05   -
""",
}

METRICS = (
    Metric(
        "deduction_points",
        "考核扣分",
        "分",
        "less",
        Count(Total(deduction_final, "hundredths"), divisor=100),
        definition="期内各月台账中已定的扣分之和，加分抵减；申报、申诉、撤销的不计。",
        why="扣分事由指出责任落在哪个环节。",
        caution="县市区组与市直单位组分值不可比，须分组看；申诉未决的尚未计入。",
        source="rpt.deduction，按所属月份的首日计。",
        example=WorkedExample({"deduction": _LEDGER}, "2026-03-01", "2026-03-31", 325, None, 3.25),
        dimensions=("reason", "assess_group", "organ_code"),
        finest_level=2,
        decimals=2,
    ),
    Metric(
        IN_FORCE,
        "县区考核得分",
        "分",
        "more",
        Score("balanced"),
        definition="均衡方案：按期受理、按期答复、满意×参评、调解成功、积案化解、督办按期六项加权，0–100分。",
        why="把办理质效合成一个可讨论的数；不计信访总量和越级走访。",
        caution=_SCORE_CAUTION,
        source="config/assessment/balanced.toml；各项见其自身口径。",
        example=WorkedExample(_BALANCED, "2026-03-01", "2026-03-31", None, None, 22_900 / 408),
        finest_level=2,
        decimals=1,
    ),
    Metric(
        "peace_index",
        "平安指数（示例）",
        "分",
        "more",
        Score("peace_index"),
        definition="示例方案：基层化解占比、三无占比、调解成功率、积案化解率、重复信访率五项加权，0–100分。",
        why="示范如何把多项指标合成一个指数；权重应由本地确定。",
        caution=f"各地平安指数没有统一公式，本方案的项目、权重和目标值均为示例，不得据以考核。{_SCORE_CAUTION}",
        source="示例：config/assessment/peace_index.toml；各项见其自身口径。",
        example=WorkedExample(_PEACE, "2026-03-01", "2026-03-31", None, None, 55.0),
        decimals=1,
    ),
)


def under(metric: Metric, chosen: Scheme) -> Metric:
    """The score ``metric`` as it stands under a scheme: what it reads, how it is said, and the caution that is due.

    The worked example holds for the declared scheme only.
    """
    if not _declared(metric, chosen):
        metric = replace(
            metric,
            kind=Score(chosen.name),
            definition=chosen.definition,
            why="把考核方案所列各项合成一个可讨论的数。",
            source=f"config/assessment/{chosen.name}.toml；{chosen.source}",
            example=None,
        )
    return metric if chosen.caution is None else replace(metric, caution=f"{chosen.caution}{metric.caution}")


def _declared(metric: Metric, chosen: Scheme) -> bool:
    return isinstance(metric.kind, Score) and metric.kind.scheme == chosen.name
