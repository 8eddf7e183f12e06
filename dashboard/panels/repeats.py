"""First or repeated petitions: of which kind, and where."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from dashboard import bar
from dashboard.page import Page
from dashboard.panels.crossfilter import chosen, follow, without
from dashboard.panels.frame import narrowed, panel
from dashboard.views import repeats
from data_access import settings
from data_access.regions import LEVEL_LABELS
from metrics.core.query import FilterValue, Query
from metrics.labels import DIMENSION_LABELS
from metrics.registry import metrics

_SHARE, _FREQUENT = "repeat_share", "frequent_repeats"


def repeats_by_dimension(page: Page, dimension: str) -> None:
    """The share of repeated petitions by the dimension's codes; a click narrows the page. A filter on it is marked, not
    followed; one on first or repeated would leave nothing to compare and is not followed either."""
    metric, free = metrics()[_SHARE], without(page, dimension, "repeat")
    whole = Query((_SHARE,), page.region.code, page.region.level, page.period)
    split = replace(whole, by=(dimension,))
    label = DIMENSION_LABELS[dimension]

    def name(code: FilterValue) -> str:
        return page.names.of(dimension, code)

    picture = repeats.build(
        free.ask(split),
        free.ask(replace(split, metrics=(_FREQUENT,))),
        dimension,
        metric=metric,
        frequent_metric=metrics()[_FREQUENT],
        name=name,
        whole=free.ask(whole).row(0, named=True),
        label=label,
        selected=chosen(page, dimension),
    )
    detail = f"{page.region.name} · {bar.span_label(page)} · 点选可筛选{narrowed(free, metric)}"
    with panel("repeats-kind", f"初次与重复：按{label}", detail, metric):
        clicked = repeats.show(picture, key="repeats-kind")
    if clicked is not None:
        follow(page, ((dimension, clicked[0]),))


def repeats_by_region(page: Page) -> None:
    """The share of repeated petitions by the regions of the compared level; a click opens one."""
    metric, free = metrics()[_SHARE], without(page, "repeat")
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    query = Query((_SHARE, _FREQUENT), region.code, level, page.period)
    whole = free.ask(replace(query, level=region.level))
    frame = pl.concat([parts := free.ask(query), unplaced(parts, whole)])

    def name(code: FilterValue) -> str:
        return page.tree.get(code).name if code else "未细分"

    picture = repeats.build(
        frame.filter(pl.col("metric") == _SHARE),
        frame.filter(pl.col("metric") == _FREQUENT),
        "region_code",
        metric=metric,
        frequent_metric=metrics()[_FREQUENT],
        name=name,
        whole=whole.row(0, named=True),
        label=LEVEL_LABELS[level],
        selected=(page.region.code,),
        counter="个",
        closed=("",),
    )
    detail = f"{region.name} · {bar.span_label(page)} · 点选进入{narrowed(free, metric)}"
    with panel("repeats-place", f"初次与重复：按{LEVEL_LABELS[level]}", detail, metric):
        clicked = repeats.show(picture, key="repeats-place")
    if clicked is not None and clicked[0]:
        page.go(clicked[0])


def unplaced(parts: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """未细分 as observations with an empty region_code: of each metric what is coded above the level of ``parts``, if anything.

    ``parts`` and ``whole``: observations of the same metrics, rates of counts or counts, of the parts and of what they are
    parts of. Nothing where a part is hidden, since the difference would tell it.
    """
    if parts["state"].is_in(["suppressed", "not_measured"]).any():
        return whole.clear()
    counts = ("numerator", "denominator")
    added = parts.group_by("metric").agg(pl.col(*counts).sum().name.suffix("_placed"))
    left = whole.join(added, on="metric", maintain_order="left").with_columns(
        pl.col(name) - pl.col(f"{name}_placed") for name in counts
    )
    size = pl.coalesce("denominator", "numerator")
    few = pl.col("denominator") < settings.thresholds().minimum_denominator
    return left.filter(size > 0).select(
        "period",
        pl.lit("").alias("region_code"),
        "metric",
        pl.when(pl.col("denominator").is_null())
        .then(pl.col("numerator"))
        .otherwise(pl.col("numerator") / pl.col("denominator"))
        .alias("value"),
        *counts,
        pl.when(few).then(pl.lit("small_n")).otherwise(pl.lit("ok")).alias("state"),
    )
