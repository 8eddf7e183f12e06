"""越级走访: visits received two or more levels above the organ competent to handle the matter.

Context with uncertainty, never a merit: the national petition office ended ranking by such counts in 2013.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from metrics.core.model import Count, Kind, Metric, Population, Ratio, WorkedExample
from metrics.petition_volume import PETITION_DIMENSIONS, is_visit, items, persons

_CAUTION = "数量下降可能反映渠道变化，不等于问题减少；国家信访局2013年起不再按此类数量排名，不作考核依据。"
_SOURCE = "rpt.petition，按登记日期计；接访层级与有权处理机关层级由源系统给出。"
_over_level = pl.col("over_level") == "true"
_to_province = is_visit & (pl.col("received_level") == "4")
_to_nation = is_visit & (pl.col("received_level") == "5")

_ROWS = """
registered_at     channel  persons  received_level  handling_level
2026-03-02 09:00  visit    2        3               1
2026-03-03 09:00  visit    1        3               2
2026-03-04 09:00  visit    5        4               2
2026-03-05 09:00  visit    3        5               3
2026-03-06 09:00  web      1        5               1
2026-04-01 00:00  visit    1        5               1
"""


def _example(numerator: int, denominator: int | None, value: float) -> WorkedExample:
    return WorkedExample({"petition": _ROWS}, "2026-03-01", "2026-03-31", numerator, denominator, value)


def _metric(key: str, label: str, unit: str, kind: Kind, **words: Any) -> Metric:
    words = {"caution": _CAUTION, "source": _SOURCE, **words}
    return Metric(key, label, unit, "less", kind, dimensions=PETITION_DIMENSIONS, **words)


METRICS = (
    _metric(
        "over_level_batches",
        "越级走访批次",
        "批次",
        Count(items(_over_level)),
        definition="期内来访中，接访机关比有权处理机关高两级及以上的批次（到本级或上一级不算越级）。",
        why="说明群众认为在当地得不到解决，应回看首办环节。",
        example=_example(3, None, 3.0),
    ),
    _metric(
        "over_level_persons",
        "越级走访人次",
        "人次",
        Count(persons(_over_level)),
        definition="期内越级走访的人次之和。",
        why="反映越级走访的规模。",
        example=_example(10, None, 10.0),
    ),
    _metric(
        "over_level_share",
        "越级走访占比",
        "%",
        Ratio((items(_over_level),), (items(is_visit),)),
        definition="期内来访批次中，越级走访批次的占比。",
        why="消除来访总量的影响，看走访是否逐级。",
        example=_example(3, 4, 0.75),
    ),
    _metric(
        "over_level_per_10k",
        "万人越级走访量",
        "批次/万人",
        Ratio((items(_over_level),), Population(), scale=10_000, percent=False),
        decimals=2,
        definition="期内越级走访批次 ÷ 本地常住人口 × 10000；不折算为全年。",
        why="消除人口多少的影响，便于县区之间对照。",
        example=_example(3, 40_000, 0.75),
    ),
    _metric(
        "province_visit_batches",
        "赴省走访批次",
        "批次",
        Count(items(_to_province)),
        definition="期内到省级机关来访的批次。",
        why="反映问题上行到省的情况。",
        example=_example(1, None, 1.0),
    ),
    _metric(
        "province_visit_persons",
        "赴省走访人次",
        "人次",
        Count(persons(_to_province)),
        definition="期内到省级机关来访的人次之和。",
        why="反映赴省走访的规模。",
        example=_example(5, None, 5.0),
    ),
    _metric(
        "national_visit_batches",
        "进京走访批次",
        "批次",
        Count(items(_to_nation)),
        definition="期内到国家机关来访的批次。",
        why="反映问题上行到国家层面的情况。",
        example=_example(1, None, 1.0),
    ),
    _metric(
        "national_visit_persons",
        "进京走访人次",
        "人次",
        Count(persons(_to_nation)),
        definition="期内到国家机关来访的人次之和。",
        why="反映进京走访的规模。",
        example=_example(3, None, 3.0),
    ),
)
