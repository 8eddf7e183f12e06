"""信访总量: how much is brought, by whom counted, through which door. Table petition, placed by registered_at.

Volume is context, never a merit: more registrations after a new reception centre is access, not deterioration.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from data_access import settings
from data_access.facts import petition_registered
from metrics.core.model import Count, Kind, Metric, Polarity, Population, Ratio, Total, WorkedExample

PETITION_DIMENSIONS = (
    "channel",
    "purpose",
    "category",
    "domain",
    "received_level",
    "organ_code",
    "procedure_route",
    "repeat",
    "grouping",
    "over_level",
)
_ACCESS = "数量上升可能反映渠道更通畅，下降可能反映渠道变化，都不等于问题增减。"
_REGISTERED = "rpt.petition，按登记日期（registered_at 的当地日期）计，一行一件次。"
_limits = settings.thresholds()

is_visit = pl.col("channel") == "visit"
is_group = pl.col("grouping") == "group"


def items(where: pl.Expr | None = None) -> Total:
    """Registered items, one per row."""
    return Total(petition_registered, "items", where)


def persons(where: pl.Expr | None = None) -> Total:
    """Person-times."""
    return Total(petition_registered, "persons", where)


def _example(rows: str, numerator: int, denominator: int | None, value: float) -> WorkedExample:
    return WorkedExample({"petition": rows}, "2026-03-01", "2026-03-31", numerator, denominator, value)


def _metric(key: str, label: str, unit: str, polarity: Polarity, kind: Kind, **words: Any) -> Metric:
    words = {"caution": _ACCESS, "source": _REGISTERED, **words}
    return Metric(key, label, unit, polarity, kind, dimensions=PETITION_DIMENSIONS, **words)


_CHANNELS = """
registered_at     channel  persons  repeat_no
2026-02-28 23:59  web      1        1
2026-03-01 00:00  web      1        1
2026-03-15 10:00  visit    6        2
2026-03-31 23:59  letter   3        5
2026-04-01 00:00  phone    1        1
"""

_VISITS = """
registered_at     channel  persons  received_level
2026-03-02 09:00  visit    1        2
2026-03-03 09:00  visit    5        3
2026-03-04 09:00  visit    4        3
2026-03-05 09:00  visit    10       2
2026-03-06 09:00  visit    9        2
2026-03-07 09:00  letter   12       3
"""

METRICS = (
    _metric(
        "petition_volume",
        "信访总量",
        "件次",
        "neutral",
        Count(items()),
        definition="期内登记的信访件次，来信、来访、网信、来电合计；来访一批次计一件次。",
        why="反映群众诉求的总体规模和渠道是否畅通，是其他指标的底数。",
        example=_example(_CHANNELS, 3, None, 3.0),
    ),
    _metric(
        "petition_persons",
        "信访人次",
        "人次",
        "neutral",
        Count(persons()),
        definition="期内登记信访件的人次之和。",
        why="与件次对照，可看出联名、集体反映的多少。",
        example=_example(_CHANNELS, 10, None, 10.0),
    ),
    _metric(
        "petition_per_10k",
        "万人信访量",
        "件次/万人",
        "neutral",
        Ratio((items(),), Population(), scale=10_000, percent=False),
        decimals=2,
        definition="期内登记件次 ÷ 本地常住人口 × 10000；不折算为全年。",
        why="消除人口多少的影响，便于县区之间对照。",
        example=_example(_CHANNELS, 3, 40_000, 0.75),
    ),
    _metric(
        "first_petitions",
        "初次信访",
        "件次",
        "neutral",
        Count(items(pl.col("repeat") == "first")),
        definition="期内登记、同一事项首次信访的件次（repeat_no 为 1；小于 1 的按首次计）。",
        why="初次信访反映新产生的问题。",
        example=_example(_CHANNELS, 1, None, 1.0),
    ),
    _metric(
        "repeat_share",
        "重复信访率",
        "%",
        "less",
        Ratio((items(pl.col("repeat") == "repeat"),), (items(),)),
        definition="期内登记件次中，同一事项第二次及以上信访的占比。",
        why="重复越多，说明首次办理没有解决问题的越多。",
        caution="各地筛重口径不一；是否重复由源系统判定，本系统不做人员比对。",
        example=_example(_CHANNELS, 2, 3, 2 / 3),
    ),
    _metric(
        "frequent_repeats",
        "五次以上重复信访" if _limits.frequent_repeat_min == 5 else f"{_limits.frequent_repeat_min}次以上重复信访",
        "件次",
        "less",
        Count(items(pl.col("frequent_repeat") == "true")),
        definition=f"期内登记、同一事项第 {_limits.frequent_repeat_min} 次及以上信访的件次。",
        why="长期得不到解决的事项，应列入重点化解。",
        example=_example(_CHANNELS, 1, None, 1.0),
    ),
    _metric(
        "web_share",
        "网信占比",
        "%",
        "neutral",
        Ratio((items(pl.col("channel") == "web"),), (items(),)),
        definition="期内登记件次中，网上信访的占比。",
        why="反映网上渠道的使用情况。",
        example=_example(_CHANNELS, 1, 3, 1 / 3),
    ),
    _metric(
        "visit_batches",
        "来访批次",
        "批次",
        "neutral",
        Count(items(is_visit)),
        definition="期内登记、形式为来访的批次。",
        why="反映当面接待的工作量。",
        example=_example(_CHANNELS, 1, None, 1.0),
    ),
    _metric(
        "visit_persons",
        "来访人次",
        "人次",
        "neutral",
        Count(persons(is_visit)),
        definition="期内登记、形式为来访的人次之和。",
        why="与批次对照，可看出每批人数。",
        example=_example(_CHANNELS, 6, None, 6.0),
    ),
    _metric(
        "group_visit_batches",
        "集体访批次",
        "批次",
        "less",
        Count(items(is_visit & is_group)),
        definition=f"期内登记、来访且每批 {_limits.group_visit_min_persons} 人及以上的批次。",
        why="集体访说明同一问题涉及多人，需要先行研判。",
        example=_example(_VISITS, 3, None, 3.0),
    ),
    _metric(
        "group_visit_persons",
        "集体访人次",
        "人次",
        "less",
        Count(persons(is_visit & is_group)),
        definition=f"期内登记、来访且每批 {_limits.group_visit_min_persons} 人及以上的人次之和。",
        why="反映集体访的规模。",
        example=_example(_VISITS, 24, None, 24.0),
    ),
    _metric(
        "group_visit_city_batches",
        "来市集体访",
        "批次",
        "less",
        Count(items(is_visit & is_group & (pl.col("received_level") == "3"))),
        definition=f"到市级机关来访、每批 {_limits.group_visit_min_persons} 人及以上的批次。",
        why="应当在县区解决的问题集中到了市里。",
        example=_example(_VISITS, 1, None, 1.0),
    ),
    _metric(
        "group_visit_county_batches",
        "到县集体访",
        "批次",
        "less",
        Count(items(is_visit & (pl.col("county_group") == "true") & (pl.col("received_level") == "2"))),
        definition=f"到县级机关来访、每批 {_limits.group_visit_county_min_persons} 人及以上的批次。",
        why="应当在乡镇解决的问题集中到了县里。",
        example=_example(_VISITS, 1, None, 1.0),
    ),
)
