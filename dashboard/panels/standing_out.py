"""What stands out among the compared regions, as the title of a page says it: outside the expected, or outside the group's limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard.look import count
from dashboard.page import Page
from data_access.regions import LEVEL_LABELS, Region
from metrics.core.model import Count, Metric, Ratio
from metrics.core.period import DAY, Grain
from metrics.core.query import Query

#: Longer periods hold so many days that some stand out by chance alone.
_MOST_DAYS = 100
_MOST_NAMES = 2


@dataclass(frozen=True)
class Run:
    """Days in a row of one region on the same side of their bands. ``excess``: events more (or fewer, negative) than expected."""

    region: str
    first: date
    last: date
    excess: float


@dataclass(frozen=True)
class Remark:
    """``clause``: for the title; ``aside``: what else stands out, for the line below it. Empty where no rule says anything."""

    clause: str = ""
    aside: str = ""


def remark(page: Page) -> Remark:
    """What stands out of the page's metric among the selected region's parts; of the region itself where it has none."""
    metric = page.metric
    if isinstance(metric.kind, Count):
        return _outside_bands(page, metric)
    return Remark(_outside_limits(page, metric) if isinstance(metric.kind, Ratio) else "")


def runs(judged: pl.DataFrame) -> list[Run]:
    """The days outside their bands, put together where they follow each other; the largest deviation first.

    ``judged``: daily bands of several regions, as ``metrics.core.signal`` gives them. Only what a single day says counts here:
    the 28-day rule speaks of days that may lie before the period.
    """
    outside = judged.filter(pl.col("rule") == "day", pl.col("verdict").is_in(["high", "low"])).sort(
        "region_code", "day"
    )
    found: list[Run] = []
    for row in outside.iter_rows(named=True):
        excess = row["value"] - row["expected"]
        last = found[-1] if found else None
        joins = last is not None and last.region == row["region_code"] and last.last + DAY == row["day"]
        if last is not None and joins and (last.excess > 0) == (excess > 0):
            found[-1] = Run(last.region, last.first, row["day"], last.excess + excess)
        else:
            found.append(Run(row["region_code"], row["day"], row["day"], excess))
    return sorted(found, key=lambda run: (-abs(run.excess), run.first, run.region))


def _outside_bands(page: Page, metric: Metric) -> Remark:
    if page.period.days > _MOST_DAYS:
        return Remark()
    region, level = _looked_at(page, metric)
    if not page.measured(metric, region.code, level):
        return Remark()
    judged = page.signals(Query((metric.key,), region.code, level, page.period, Grain.day))
    if judged is None or judged.is_empty() or judged["verdict"].unique().to_list() == ["too_few"]:
        return Remark()
    found = runs(judged)
    if not found:
        return Remark(f"{_everyone(region, level)}逐日均在预期范围内")
    others = "、".join(_said(page, run, metric) for run in found[1 : 1 + _MOST_NAMES])
    more = f"等 {len(found) - 1} 处" if len(found) > 1 + _MOST_NAMES else ""
    return Remark(_said(page, found[0], metric), f"另有{others}{more}。" if others else "")


def _said(page: Page, run: Run, metric: Metric) -> str:
    side = "多" if run.excess > 0 else "少"
    return f"{page.tree.get(run.region).name} {_days(run)} 比预期{side} {count(round(abs(run.excess)))} {metric.unit}"


def _looked_at(page: Page, metric: Metric) -> tuple[Region, int]:
    """The selected region's parts; itself where map and league show its neighbours."""
    region = page.compared_region_of(metric)
    return (region, page.compared_level_of(metric)) if region == page.region else (page.region, page.region.level)


def _everyone(region: Region, level: int) -> str:
    return "" if level == region.level else f"各{LEVEL_LABELS[level]}"


def _days(run: Run) -> str:
    return f"{run.first:%m-%d}" if run.first == run.last else f"{run.first:%m-%d} 至 {run.last:%m-%d}"


def _outside_limits(page: Page, metric: Metric) -> str:
    """By the group's funnel limits; nothing of neutral metrics, which have none."""
    frame = page.parts(metric.key)
    if frame["band"].null_count() == frame.height:
        return ""
    group, level = page.compared_region_of(metric), LEVEL_LABELS[page.compared_level_of(metric)]
    if group != page.region:
        frame = frame.filter(pl.col("region_code") == page.region.code)
        if frame["band"].null_count() == frame.height:
            return ""
        level = ""
    said = [
        f"{_names(page, frame.filter(pl.col('band') == band))}{words}{group.name}水平"
        for band, words in (("above", "高于"), ("below", "低于"))
        if (frame["band"] == band).any()
    ]
    return "，".join(said) if said else f"各{level}差异不显著" if level else f"与{group.name}水平差异不显著"


def _names(page: Page, frame: pl.DataFrame) -> str:
    ordered = frame.sort(pl.col("value"), "region_code", descending=[True, False])["region_code"].to_list()
    names = "、".join(page.tree.get(code).name for code in ordered[:_MOST_NAMES])
    return names + (f"等 {len(ordered)} 地" if len(ordered) > _MOST_NAMES else "")
