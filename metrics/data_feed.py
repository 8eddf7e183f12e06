"""数据汇聚: how many records each source system delivered. Table feed_receipt; it knows no place but the root."""

from __future__ import annotations

from data_access.facts import feed_receipt
from metrics.core.model import Count, Metric, Total, WorkedExample

_ROWS = """
day         source           records
2026-02-28  petition_system  70
2026-03-01  petition_system  120
2026-03-01  police           300
2026-03-31  police           80
2026-04-01  court            999
"""

METRICS = (
    Metric(
        "feed_records",
        "数据汇聚量",
        "条",
        "neutral",
        Count(Total(feed_receipt, "records")),
        definition="期内各源系统送达的记录条数之和。",
        why="断供时其他指标会悄悄变少，先看数据有没有到。",
        caution="只说明送达多少，不说明质量，更不是工作成绩；没有属地，只在根区划统计。",
        source="rpt.feed_receipt，按日期（day）计。",
        example=WorkedExample({"feed_receipt": _ROWS}, "2026-03-01", "2026-03-31", 500, None, 500.0),
        dimensions=("source",),
        root_only=True,
    ),
)
