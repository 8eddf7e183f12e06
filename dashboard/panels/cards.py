"""The row of headline figures of the selected region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from dashboard import navigation
from dashboard.look import Tone, exact, number, parts, unit_of
from dashboard.page import Page
from dashboard.panels.frame import changes
from dashboard.span import buckets_back
from dashboard.views import kpi
from metrics.core.model import Metric
from metrics.core.period import DAY, Grain, Period, bucket_start
from metrics.core.query import Query
from metrics.registry import metrics

SPARK_BUCKETS = 12
_SPARK_DAYS = 30
#: Verdict of ``metrics.core.signal`` → what the card says of it.
_BADGES: dict[str, tuple[str, str, Tone]] = {
    "gap": ("可能断数", "▼", "worse"),
    "high": ("特殊波动", "▲", "worse"),
    "low": ("特殊波动", "▼", "worse"),
    "usual": ("正常波动", "●", "neutral"),
    "too_few": ("样本不足", "", "neutral"),
}
Band = tuple[tuple[float, float] | None, ...]


@dataclass(frozen=True)
class _Signal:
    """What one metric's recent days or weeks are called, and what was expected of each value of its spark line."""

    verdict: str | None
    band: Band


@dataclass(frozen=True)
class CardSpec:
    """One card. ``days``: the last so many days instead of the page's period, which the card then says. ``page``: the page
    that shows more of it; the card's title leads there."""

    metric: str
    label: str | None = None
    days: int | None = None
    page: str | None = None


def cards(page: Page, specs: Sequence[CardSpec]) -> None:
    """Draw the cards in one row."""
    drawn: dict[CardSpec, kpi.Card] = {}
    for days in dict.fromkeys(spec.days for spec in specs):
        alike = [spec for spec in specs if spec.days == days]
        keys = list(dict.fromkeys(spec.metric for spec in alike))
        period = None if days is None else Period(page.period.stop - days * DAY, page.period.stop)
        figures = {row["metric"]: row for row in page.compared(keys, period).iter_rows(named=True)}
        sparks = _sparks(page, keys, days)
        signals = _signals(page, keys) if days is None else {}
        for spec in alike:
            card = _card(page, spec, figures[spec.metric], sparks.get(spec.metric, ()))
            drawn[spec] = _marked(card, signals.get(spec.metric))
    opened = kpi.show([drawn[spec] for spec in specs], key="cards")
    for spec in specs:
        if spec.metric == opened and spec.page is not None:
            navigation.go_to(spec.page, replace(page.selection, metric=spec.metric).words(page.default))


def _card(page: Page, spec: CardSpec, row: dict[str, Any], spark: tuple[float | None, ...]) -> kpi.Card:
    metric = metrics()[spec.metric]
    days = "" if spec.days is None else f"近{spec.days}日"
    # A filter that the figure cannot follow is said where the eye is.
    limit = "未筛选" if page.unfiltered(metric) else ""
    doubt = row["state"] != "ok"
    return kpi.Card(
        key=spec.metric,
        label=spec.label or metric.label,
        value=number(row["value"], metric),
        unit=unit_of(metric),
        badge=days if not doubt else "",
        changes=changes(page, row, metric, days=spec.days),
        spark=spark,
        # The badge of a figure in doubt says that it is; its days then stand beside the counts.
        note=" ".join(part for part in (days if doubt else "", _counted(row, metric)) if part),
        limit=limit,
        state=row["state"],
        href=spec.page,
        definition=metric.definition,
        caution=metric.caution,
        exact=f"{exact(row['value'], metric)} {unit_of(metric)}",
    )


def _counted(row: dict[str, Any], metric: Metric) -> str:
    return parts(row["numerator"], row["denominator"]) if metric.percent else ""


def _signals(page: Page, keys: Sequence[str]) -> dict[str, _Signal]:
    """By metric; of several selected days the verdict that stands first in _BADGES. None of a period that is not over."""
    grain = page.trend_grain
    span = buckets_back(page.period.last, grain, _SPARK_DAYS if grain is Grain.day else SPARK_BUCKETS)
    judged = page.signals(Query(tuple(keys), page.region.code, page.region.level, span, grain))
    if judged is None:
        return {}
    found: dict[str, _Signal] = {}
    for (key,), rows in judged.sort("day").partition_by("metric", as_dict=True).items():
        band = tuple(None if low is None else (low, high) for low, high in rows.select("lower", "upper").iter_rows())
        own = rows.filter(pl.col("day") >= bucket_start(page.period.start, grain))["verdict"].to_list()
        whole = not page.unfinished and page.grain is grain
        verdict = min(own, key=list(_BADGES).index) if own and whole else None
        found[str(key)] = _Signal(verdict, band)
    return found


def _marked(card: kpi.Card, signal: _Signal | None) -> kpi.Card:
    if signal is None:
        return card
    known = signal.band if len(signal.band) == len(card.spark) else ()
    if signal.verdict is None:
        return replace(card, band=known)
    words, sign, tone = _BADGES[signal.verdict]
    return replace(card, band=known, badge=words, badge_sign=sign, badge_tone=tone)


def _sparks(page: Page, keys: Sequence[str], days: int | None) -> dict[str, tuple[float | None, ...]]:
    """The last thirty days, or the last twelve buckets of a coarser calendar, by metric, oldest first."""
    grain = page.trend_grain if days is None else Grain.week
    buckets = _SPARK_DAYS if grain is Grain.day else SPARK_BUCKETS
    frame = page.series(keys, page.region.code, page.region.level, buckets, grain)
    by_metric = frame.sort("period").partition_by("metric", as_dict=True, maintain_order=True)
    return {str(key): tuple(part["value"].to_list()) for (key,), part in by_metric.items()}
