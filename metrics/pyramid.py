"""矛盾化解金字塔: settled near home, then the police, then the courts. Tables mediation and dispute_inflow.

Healthy is a broad base: 基层调解 > 矛盾纠纷类警情 > 民商事收案.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from data_access.facts import dispute_inflow, mediation_concluded
from metrics.core.model import Count, Kind, Metric, Polarity, Ratio, Total, WorkedExample

_police = Total(dispute_inflow, "items", pl.col("source") == "police_call")
_civil = Total(dispute_inflow, "items", pl.col("source") == "civil_filing")
_at_the_base = Total(
    mediation_concluded,
    "items",
    (pl.col("outcome") == "succeeded") & pl.col("committee_kind").is_in(["village", "township"]),
)

_MEDIATIONS = """
accepted_at       committee_kind  outcome    concluded_on
2026-02-20 09:00  village         succeeded  2026-03-01
2026-03-02 09:00  township        succeeded  2026-03-04
2026-03-02 09:00  county          succeeded  2026-03-04
2026-03-03 09:00  village         failed     2026-03-13
2026-03-03 09:00  township        succeeded  2026-04-01
"""

_INFLOW = """
day         source        items
2026-02-28  police_call   9
2026-03-01  police_call   3
2026-03-15  police_call   2
2026-03-31  civil_filing  1
2026-04-01  civil_filing  7
"""


def _example(numerator: int, denominator: int | None, value: float) -> WorkedExample:
    tables = {"mediation": _MEDIATIONS, "dispute_inflow": _INFLOW}
    return WorkedExample(tables, "2026-03-01", "2026-03-31", numerator, denominator, value)


def _metric(key: str, label: str, unit: str, polarity: Polarity, kind: Kind, **words: Any) -> Metric:
    return Metric(key, label, unit, polarity, kind, **words)


METRICS = (
    _metric(
        "police_disputes",
        "矛盾纠纷类警情",
        "件",
        "less",
        Count(_police),
        definition="期内矛盾纠纷类警情件数之和。",
        why="金字塔的第二层：基层没有化解而找到警察的纠纷。",
        caution="警情分类由公安给出，分类口径变化会改变此数。",
        source="rpt.dispute_inflow，source 为 police_call，按日期（day）计。",
        example=_example(5, None, 5.0),
    ),
    _metric(
        "civil_filings",
        "民商事收案",
        "件",
        "less",
        Count(_civil),
        definition="期内法院民商事收案件数之和。",
        why="金字塔的第三层：进入诉讼的纠纷。",
        caution="立案登记、管辖调整会改变此数；依法起诉是群众的权利，不应以压低收案为目的。",
        source="rpt.dispute_inflow，source 为 civil_filing，按日期（day）计。",
        example=_example(1, None, 1.0),
    ),
    _metric(
        "pyramid_base_share",
        "基层化解占比",
        "%",
        "more",
        Ratio((_at_the_base,), (_at_the_base, _police, _civil)),
        definition="村(社区)和乡镇(街道)调委会期内调解成功件数，占其与矛盾纠纷类警情、民商事收案之和的比例。",
        why="塔基越宽，说明矛盾越多化解在基层；低于警情或收案即为倒金字塔。",
        caution="同一纠纷可能先后进入几层而重复计数；调解登记的松紧会改变此率。",
        source="rpt.mediation（按办结日期计）与 rpt.dispute_inflow（按日期计）。",
        example=_example(2, 8, 0.25),
    ),
)
