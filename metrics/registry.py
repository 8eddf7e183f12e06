"""All metrics by key, in the order of the catalogue. A new family is one module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from metrics import (
    assessment,
    backlog,
    data_feed,
    handling_quality,
    mediation,
    over_level_visits,
    petition_volume,
    pyramid,
    supervision,
    three_no,
)
from metrics.core.model import Metric, Score
from metrics.core.scheme import check_metrics, scheme

FAMILIES: Mapping[str, tuple[Metric, ...]] = {
    "信访总量": petition_volume.METRICS,
    "越级走访": over_level_visits.METRICS,
    "办理质效": handling_quality.METRICS,
    "调解成效": mediation.METRICS,
    "矛盾化解金字塔": pyramid.METRICS,
    "督办销号": supervision.METRICS,
    "积案与风险": backlog.METRICS,
    "三无创建": three_no.METRICS,
    "县区考核": assessment.METRICS,
    "数据汇聚": data_feed.METRICS,
}


@cache
def metrics() -> Mapping[str, Metric]:
    """Every metric by its key, the schemes behind the scores checked.

    Raises ValueError for a key that stands twice, SettingsError for a scheme that cannot be scored by.
    """
    found: dict[str, Metric] = {}
    for metric in (metric for family in FAMILIES.values() for metric in family):
        if metric.key in found:
            raise ValueError(f"metric {metric.key} is declared twice")
        found[metric.key] = metric
    for metric in found.values():
        if isinstance(metric.kind, Score):
            check_metrics(scheme(metric.kind.scheme), found)
    return found
