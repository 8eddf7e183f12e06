"""What only the page of mediation shows: its headline, the days by channel over time, and how ripe each month's cases are."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from dashboard import answers, bar
from dashboard.look import DASH, count, number, shown, state_label, state_reason, unit_of, with_unit
from dashboard.page import TREND_BUCKETS, Page
from dashboard.panels.cards import SPARK_BUCKETS
from dashboard.panels.channels import DIMENSION
from dashboard.panels.frame import changes, narrowed, panel, running
from dashboard.shell import headline
from dashboard.span import Span, buckets_back
from dashboard.views import funnel, intervals, trend
from dashboard.views.intervals import Column, Range, Row, Text
from data_access.regions import LEVEL_LABELS
from metrics.core.fairness.cases import family_of
from metrics.core.model import Metric
from metrics.core.period import Grain, Period
from metrics.core.query import Query
from metrics.registry import metrics

_DAYS, _ACCEPTED, _OF_ACCEPTED = "mediation_mean_days", "mediation_accepted", "mediation_success_of_accepted"
#: A month's cases are called unripe while more than this share of them is open: their rate will still rise.
UNRIPE = 0.05
Cohort = dict[str, Any]


def finding(page: Page) -> None:
    """The page's title: the measure, how it moved, and which compared regions lie outside chance, if any."""
    metric = page.metric
    row = page.compared([metric.key]).row(0, named=True)
    said = [f"{page.region.name}{metric.label} {with_unit(row['value'], metric)}"]
    moved, open_share = changes(page, row, metric)[0], _open_share(page)
    if open_share > UNRIPE:
        said.append(f"尚有 {100 * open_share:.1f}% 未办结，不与上期比")
    elif row["value"] is not None and row["previous"] is not None:
        said.append(f"{moved.label} {moved.text}")
    judged = "" if family_of(metric) is None else f"；{_judgement(page, metric)}"
    detail = f"{bar.span_label(page)}{running(page)}{narrowed(page, metric)}。{metric.definition}"
    headline(page, "，".join(said) + judged, detail)


def _judgement(page: Page, metric: Metric) -> str:
    """Which parts of the root lie outside the limits; of any other region, how it stands among those of its level."""
    region = page.region
    if region.parent is None:
        names = {place.code: place.name for place in page.tree.at_level(region.code, page.compared_level_of(metric))}
        return funnel.finding(page.parts(metric.key), names, metric, LEVEL_LABELS[page.compared_level_of(metric)])
    above = page.tree.get(region.parent)
    (asked,) = page.narrowed(Query((metric.key,), above.code, region.level, page.period))
    siblings = answers.league(page.snapshot, asked, page.grain, page.compare, None, page.scope)
    own = siblings.filter(pl.col("region_code") == region.code)
    return f"与{above.name}各{LEVEL_LABELS[region.level]}比，{funnel.own_finding(own, metric)}"


def _open_share(page: Page) -> float:
    """Of the rate of the accepted: how many of them are still open, 0–1; 0 for any other metric."""
    if page.metric.key != _OF_ACCEPTED:
        return 0.0
    cohort = next(iter(_cohorts(page, page.period, Grain.total)), None)
    return cohort["open"] / cohort["denominator"] if cohort is not None and cohort["denominator"] else 0.0


# Days by channel --------------------------------------------------------------------------------------------------


def days_panel(page: Page, height: int = 250) -> None:
    """The mean days over the buckets: of the five slowest channels, or of all together where no channel has enough cases."""
    metric, grain = metrics()[_DAYS], page.trend_grain
    buckets = TREND_BUCKETS[grain]
    apart = _days_apart(page, buckets)
    together = apart.is_empty()
    frame = page.series([_DAYS], page.region.code, page.region.level, buckets) if together else apart
    by = "region_code" if together else DIMENSION
    names = {} if together else {code: page.names.of(DIMENSION, code or None) for code in frame[by].unique().to_list()}
    last = Period.holding(page.period.last, grain)
    detail = "各渠道件数过少，只画合计" if together else "最近最长的五个渠道"
    title = f"{page.region.name}平均调解天数{'' if together else '，分渠道'}"
    with panel("days", title, f"{detail}{narrowed(page, metric)}", metric):
        picture = trend.figure(
            frame,
            metric,
            page.screen.look,
            grain=grain,
            by=by,
            names=names,
            unfinished=last.start if last.stop > page.period.stop else None,
            height=height,
            factor=page.screen.factor,
        )
        trend.show(picture, key="days", alt=trend.alt(frame, metric, grain, names, by))


def _days_apart(page: Page, buckets: int) -> pl.DataFrame:
    """The mean days by bucket of the channels that have enough cases in most buckets; the others would be all gaps."""
    span = buckets_back(page.period.last, page.trend_grain, buckets)
    query = Query((_DAYS,), page.region.code, page.region.level, span, page.trend_grain, (DIMENSION,))
    begun = answers.begins(page.snapshot, metrics()[_DAYS]) or span.start
    frame = page.ask(query).filter(pl.col("period") >= begun).with_columns(pl.col(DIMENSION).fill_null(""))
    plain = (pl.col("state") == "ok").sum().over(DIMENSION)
    return frame.filter(plain * 2 > pl.col("period").n_unique().over(pl.lit(1)))


# Cohorts ----------------------------------------------------------------------------------------------------------


def cohort_panel(page: Page) -> None:
    """The accepted of each bucket: how many succeeded so far, and how many are still open, which marks the unripe ones.

    A click on a bucket shows that period.
    """
    metric, grain = metrics()[_OF_ACCEPTED], page.trend_grain
    rows = _cohorts(page, buckets_back(page.period.last, grain, SPARK_BUCKETS), grain)
    with panel(
        "cohorts", _cohort_title(rows, grain), f"{page.region.name} · 按受理批次{narrowed(page, metric)}", metric
    ):
        opened = intervals.show(_cohort_table(rows, metric, grain), key="cohorts")
    if opened is not None:
        page.at(Span.holding(date.fromisoformat(opened), grain))


def _cohorts(page: Page, span: Period, grain: Grain) -> list[Cohort]:
    """By bucket, newest first: the observation of the rate with its interval, and ``open``, the cases without an outcome."""
    region = page.region
    rates = page.narrowed(Query((_OF_ACCEPTED,), region.code, region.level, span, grain))
    frame = pl.concat(answers.bounded(page.snapshot, part, scope=page.scope) for part in rates)
    outcomes = page.ask(Query((_ACCEPTED,), region.code, region.level, span, grain, ("outcome",)))
    waiting = outcomes.filter(pl.col("outcome").is_null())
    still = dict(zip(waiting["period"], waiting["numerator"], strict=True))
    begun = answers.begins(page.snapshot, metrics()[_OF_ACCEPTED]) or span.start
    shown_rows = frame.filter(pl.col("period") >= min(begun, span.last)).sort("period", descending=True)
    return [row | {"open": still.get(row["period"], 0)} for row in shown_rows.iter_rows(named=True)]


def _unripe(row: Cohort) -> bool:
    return bool(row["denominator"]) and row["open"] > UNRIPE * row["denominator"]


def _cohort_title(rows: list[Cohort], grain: Grain) -> str:
    names = [trend.bucket_label(row["period"], grain) for row in rows if _unripe(row)]
    if not names:
        return "各批次受理件均已基本办结"
    listed = "、".join(names) if len(names) <= 2 else f"最近 {len(names)} 批"
    return f"{listed}受理件尚未成熟，调成率还会变化"


def _cohort_table(rows: list[Cohort], metric: Metric, grain: Grain) -> dict[str, Any]:
    ends = [shown(row[name], metric) for row in rows for name in ("lower", "upper") if row["state"] == "ok"]
    columns = [
        Column("受理批次"),
        Column("受理", right=True),
        Column("已成功", right=True),
        Column("未办结", right=True),
        Column("未办结占比", right=True),
        Column("调成率", right=True),
        Column("", width="30%", axis=intervals.axis_over(ends, unit="%")),
    ]
    return intervals.payload(
        columns,
        [_cohort_row(row, metric, grain) for row in rows],
        label=f"按受理批次的调成率：{_cohort_title(rows, grain)}。",
        empty="没有受理的调解。请改选更长的期间，或取消筛选。",
        foot=f"空心点为样本不足或未成熟的批次：未办结超过 {100 * UNRIPE:.0f}%，不宜与早期直接比较。横条为 95% 区间。",
        compact=True,
    )


def _cohort_row(row: Cohort, metric: Metric, grain: Grain) -> Row:
    name, unripe = trend.bucket_label(row["period"], grain), _unripe(row)
    known = row["value"] is not None and row["state"] in ("ok", "small_n")
    share = 100 * row["open"] / row["denominator"] if row["denominator"] else None
    doubt = Text(state_label(row["state"]), tone="muted", title=state_reason(row["state"]))
    figure = Text(number(row["value"], metric), unit_of(metric), strong=not unripe)
    value, lower, upper = (None if row[key] is None else shown(row[key], metric) for key in ("value", "lower", "upper"))
    return Row(
        key=row["period"].isoformat(),
        cells=[
            Text(name),
            Text(count(row["denominator"])),
            Text(count(row["numerator"])),
            Text(count(row["open"])),
            Text(
                DASH if share is None else f"{share:.1f}",
                "" if share is None else "%",
                "caution" if unripe else "muted",
            ),
            figure if known and row["state"] == "ok" else doubt,
            Range(value, lower, upper, hollow=unripe or row["state"] == "small_n") if known else Range(None),
        ],
        open=True,
        quiet=unripe or row["state"] != "ok",
        alt=f"{name}受理 {count(row['denominator'])} 件，未办结 {count(row['open'])} 件{'，未成熟' if unripe else ''}",
    )


# The place of the flow --------------------------------------------------------------------------------------------
