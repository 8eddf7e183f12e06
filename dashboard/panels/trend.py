"""The trend of the selected region."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl

from dashboard import answers, bar, states, steps
from dashboard.look import STATE_REASONS
from dashboard.page import TREND_BUCKETS, Page
from dashboard.panels.frame import narrowed, panel
from dashboard.span import Span
from dashboard.views import trend
from metrics.core.calendar import calendar
from metrics.core.compare import reference_period, target
from metrics.core.model import Metric
from metrics.core.period import Grain, Period
from metrics.core.query import Query

_GRAIN_WORDS = {Grain.day: "日", Grain.week: "周", Grain.month: "月", Grain.quarter: "季", Grain.year: "年"}


def trend_panel(page: Page, height: int = 190) -> None:
    """The selected region's metric over the buckets, with its band or the compared year behind it."""
    metric, grain = page.metric, page.trend_grain
    frame = page.series([metric.key], page.region.code, page.region.level, TREND_BUCKETS[grain])
    unfinished = frame["period"].max() if _last_is_running(page) else None
    band = _expected(page, metric, frame)
    past = _compared_year(page, frame, metric) if band is None else None
    targets = _targets(page, metric, frame)
    detail = f"按{_GRAIN_WORDS[grain]}{_beside(page, band, past, unfinished)}{narrowed(page, metric)}"
    covered = Period.inclusive(frame["period"].min(), page.period.last) if frame.height else None  # type: ignore[arg-type]
    with panel("trend", f"{page.region.name}{metric.label}走势", detail, metric):
        if not (frame["state"] == "ok").any():
            states.empty(*_nothing(page, metric, frame))
            return
        picture = trend.figure(
            frame,
            metric,
            page.screen.look,
            grain=grain,
            year_ago=past,
            band=band,
            targets=targets,
            marks=calendar().marks(covered) if covered is not None and grain is Grain.day else (),
            unfinished=unfinished,  # type: ignore[arg-type]
            height=height,
            factor=page.screen.factor,
        )
        trend.show(
            picture,
            key="trend",
            alt=trend.alt(frame, metric, grain),
            on_day=lambda day: steps.write(replace(page.selection, span=Span.holding(day, grain)), page.default),
        )


def _nothing(page: Page, metric: Metric, frame: pl.DataFrame) -> tuple[str, str]:
    """Why there is no line, and what to do."""
    above = page.tree.get(page.region.parent).name if page.region.parent is not None else ""
    if not page.measured(metric, page.region.code, page.region.level):
        return f"{STATE_REASONS['not_measured']}。", f"请回到{above}再看。" if above else "请换一项指标。"
    if "suppressed" in frame["state"]:
        return f"{STATE_REASONS['suppressed']}。", "换用季或年，或取消筛选再看。"
    if "small_n" in frame["state"]:
        return "各期样本都不足，画不出走势。", f"换用季或年{f'，或回到{above}再看' if above else ''}。"
    return "各期都没有可算的数。", f"换用季或年{f'，或回到{above}再看' if above else ''}。"


def _beside(page: Page, band: pl.DataFrame | None, past: pl.DataFrame | None, unfinished: object) -> str:
    """What else is drawn, in words."""
    said = "浅色带为同类日期的预期范围，圈为特殊波动" if band is not None else ""
    if past is not None:
        said = f"细线为{bar.reference_label(page)}"
    running = "斜线段未完" if unfinished else ""
    words = "，".join(part for part in (said, running) if part)
    return f" · {words}" if words else ""


def _targets(page: Page, metric: Metric, frame: pl.DataFrame) -> dict[date, float]:
    """What was aimed at in each bucket, by its first day; empty under a filter, for which no target speaks."""
    if page.where(metric):
        return {}
    aims = {day: target(metric.key, page.region.code, day) for day in frame["period"].to_list()}
    return {day: aim.value for day, aim in aims.items() if aim is not None}


def _expected(page: Page, metric: Metric, frame: pl.DataFrame) -> pl.DataFrame | None:
    """The band of the trend's days or weeks; None where nothing can be judged."""
    if frame.is_empty():
        return None
    span = Period.inclusive(frame["period"].min(), page.period.last)  # type: ignore[arg-type]
    return page.signals(Query((metric.key,), page.region.code, page.region.level, span, page.trend_grain))


def _last_is_running(page: Page) -> bool:
    last = Period.holding(page.period.last, page.trend_grain)
    return last.stop > page.period.stop


def _compared_year(page: Page, frame: pl.DataFrame, metric: Metric) -> pl.DataFrame | None:
    """The other year's observations, each placed on the bucket of this year that it is held against."""
    grain = page.trend_grain
    begun = answers.begins(page.snapshot, metric)
    moved = []
    for day in frame["period"].to_list():
        before = reference_period(Period.holding(day, grain), grain, page.compare)
        if begun is not None and before is not None and before.start >= begun:
            moved.append((day, before.start))
    if not moved:
        return None
    span = Period(moved[0][1], Period.holding(moved[-1][1], grain).stop)
    query = Query((metric.key,), page.region.code, page.region.level, span, grain)
    days = pl.DataFrame(moved, schema={"now": pl.Date, "period": pl.Date}, orient="row")
    past = page.ask(query).join(days, on="period")
    return past.with_columns(period=pl.col("now")).drop("now")
