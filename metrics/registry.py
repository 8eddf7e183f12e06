"""All metrics by key, in the order of the catalogue. A new family is one module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from metrics import (
    assessment,
    backlog,
    cohorts,
    data_feed,
    handling_quality,
    mediation,
    over_level_visits,
    petition_volume,
    pyramid,
    supervision,
    three_no,
)
from metrics.core import scheme
from metrics.core.model import Metric, Score

FAMILIES: Mapping[str, tuple[Metric, ...]] = {
    "信访总量": petition_volume.METRICS,
    "越级走访": over_level_visits.METRICS,
    "办理质效": handling_quality.METRICS,
    "调解成效": mediation.METRICS,
    "队列进度": cohorts.METRICS,
    "矛盾化解金字塔": pyramid.METRICS,
    "督办销号": supervision.METRICS,
    "积案与风险": backlog.METRICS,
    "三无创建": three_no.METRICS,
    "县区考核": assessment.METRICS,
    "数据汇聚": data_feed.METRICS,
}


@cache
def metrics() -> Mapping[str, Metric]:
    """Every metric by its key, the schemes checked, the scores said by what their schemes read.

    Raises ValueError for a key that stands twice, SettingsError with all faults of all schemes.
    """
    found: dict[str, Metric] = {}
    for metric in (metric for family in FAMILIES.values() for metric in family):
        if metric.key in found:
            raise ValueError(f"metric {metric.key} is declared twice")
        found[metric.key] = metric
    scheme.refuse(found)
    return {key: _said_by_its_scheme(metric) for key, metric in found.items()}


def families() -> Mapping[str, tuple[Metric, ...]]:
    """The metrics as ``metrics()`` has them, by family. Raises as ``metrics``."""
    return {family: tuple(metrics()[metric.key] for metric in members) for family, members in FAMILIES.items()}


def _said_by_its_scheme(metric: Metric) -> Metric:
    if metric.key == assessment.IN_FORCE:
        return assessment.under(metric, scheme.scheme_in_force())
    if isinstance(metric.kind, Score):
        return assessment.under(metric, scheme.scheme(metric.kind.scheme))
    return metric
