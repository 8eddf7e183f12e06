"""越级走访: how the page's panels stand together, and its tables of comparison and of group visits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from dashboard import answers, bar
from dashboard.address import Where
from dashboard.look import DASH, STATE_LABELS, Change, change, number, unit_of
from dashboard.page import Page
from dashboard.panels.crossfilter import without
from dashboard.panels.frame import as_judged, narrowed, panel, previous_label
from dashboard.panels.heat_map import heat_map_panel
from dashboard.panels.league import league_panel
from dashboard.panels.level_steps import level_steps_panel
from dashboard.panels.region_map import map_panel
from dashboard.panels.trend import trend_panel
from dashboard.views import table
from dashboard.views.level_steps import FEW_REASON, FEW_WORDS, few, per_batch
from dashboard.views.table import Cell, Column
from metrics.core.compare import REFERENCE_LABELS, Reference, comparison_table
from metrics.core.model import Metric, Ratio
from metrics.core.query import Query
from metrics.registry import metrics

_REFERENCES: tuple[Reference, ...] = ("previous", "year_ago", "base_year")
_COMPARED = (
    "over_level_batches",
    "over_level_persons",
    "over_level_share",
    "over_level_per_10k",
    "province_visit_batches",
    "national_visit_batches",
)
_COUNTS = ("over_level_batches", "province_visit_batches", "national_visit_batches", "group_visit_batches")
_FEW_MARK = "*"
_GROUP_BATCHES, _GROUP_PERSONS = "group_visit_batches", "group_visit_persons"
#: Which group visits a row of their table counts.
_GROUPS = (
    ("集体访合计", ()),
    ("其中到县级", (("received_level", ("2",)),)),
    ("其中到市级", (("received_level", ("3",)),)),
    ("其中赴省", (("received_level", ("4",)),)),
    ("其中进京", (("received_level", ("5",)),)),
    ("其中到乡级或未记", (("received_level", ("0", "1", None)),)),
    ("其中越级", (("over_level", ("true",)),)),
)
Figure = dict[str, Any]
NOTE = "国家信访局2013年起不再按此类数量排名；位次只供研判，不作考核依据。"


def composition(page: Page) -> None:
    """Where; to which level and how it moved; who and since when. Below: what about, and with how many."""
    with st.container(key="row-over-level"):
        where, level, who = st.columns([0.255, 0.333, 0.412], gap="medium")
        with where:
            map_panel(page, height=510, share=0.255)
        with level:
            level_steps_panel(page)
            comparison_panel(page)
        with who:
            trend_panel(page, height=140)
            league_panel(page, note=NOTE)
    with st.container(key="row-matter"):
        matter, groups = st.columns(2, gap="medium")
        with matter:
            persons = page.metric.key == "over_level_persons"
            key = "over_level_persons" if persons else "over_level_batches"
            heat_map_panel(page, key, "category", "received_level", most=8)
        with groups:
            group_panel(page)


def comparison_panel(page: Page) -> None:
    """Each figure with all three comparisons; a click on a row shows it on map, trend and league."""
    labels = {"previous": previous_label(page), "year_ago": REFERENCE_LABELS["year_ago"]}
    labels["base_year"] = f"比{comparison_table().base_year}年"
    frame = _with_references(page, _COMPARED)
    rows = [_comparison_row(page, row, labels) for row in frame.iter_rows(named=True)]
    without = frame["base_year"].null_count() == frame.height
    foot = "占比的升降以百分点计。"
    foot += f"{labels['base_year']}：库中没有那一年的数据。" if without else ""
    foot += _few_foot(frame.filter(pl.col("metric").is_in(_COUNTS)).rows(named=True))
    columns = [Column("指标"), Column("本期", right=True), *(Column(label, right=True) for label in labels.values())]
    with panel("comparison", "比一比", f"{page.region.name} · {bar.span_label(page)}{narrowed(page, page.metric)}"):
        picture = table.payload(
            columns, rows, label=f"{page.region.name}越级走访各项指标的比较", empty="没有可比较的指标。", foot=foot
        )
        chosen = table.show(picture, key="comparison")
    if chosen is not None:
        page.show(replace(page.selection, metric=chosen))


def _with_references(page: Page, keys: tuple[str, ...]) -> pl.DataFrame:
    query = Query(keys, page.region.code, page.region.level, page.period)
    frames = [
        answers.compared(page.snapshot, part, page.grain, _REFERENCES, page.scope) for part in page.narrowed(query)
    ]
    return pl.concat(frames)


def _comparison_row(page: Page, row: dict[str, Any], labels: dict[str, str]) -> table.Row:
    metric = metrics()[row["metric"]]
    moves = [as_judged(page, change(label, _known(row), row[name], metric)) for name, label in labels.items()]
    return table.Row(
        metric.key,
        [
            Cell(metric.label),
            _value(row, metric, metric.key in _COUNTS and few(row)),
            *(_moved(item) for item in moves),
        ],
        open=metric.key in page.spec.metrics,
        selected=metric.key == page.metric.key,
        alt="，".join([f"{metric.label} {_value(row, metric).text}", *(f"{item.label} {item.text}" for item in moves)]),
    )


def _value(row: dict[str, Any], metric: Metric, scarce: bool = False) -> Cell:
    if row["state"] not in ("ok", "small_n"):
        return Cell(STATE_LABELS.get(row["state"], DASH), tone="muted")
    # The label says already what is counted per 10,000.
    unit = "/万人" if isinstance(metric.kind, Ratio) and not metric.percent else unit_of(metric)
    return Cell(
        number(row["value"], metric),
        unit=f"{unit}{_FEW_MARK if scarce else ''}",
        title=f"{FEW_WORDS}：{FEW_REASON}" if scarce else "",
        strong=True,
    )


def _few_foot(rows: list[dict[str, Any]]) -> str:
    return f"{_FEW_MARK} {FEW_WORDS}：{FEW_REASON}。" if any(few(row) for row in rows) else ""


def _known(row: Figure) -> float | None:
    """What may be compared: nothing of a figure that is hidden or not measured."""
    return row["value"] if row["state"] in ("ok", "small_n") else None


def _moved(item: Change) -> Cell:
    return Cell(item.text.removesuffix(" 百分点"), tone=item.tone, direction=item.direction, title=item.detail)


def group_panel(page: Page) -> None:
    """Group visits: how many, with how many, to which level."""
    metric = metrics()[_GROUP_BATCHES]
    # Its rows are levels and kinds of visits themselves: filters on these would cut across them.
    free = without(page, "received_level", "over_level", "grouping", "channel")
    figures = [(name, _group_figures(free, where)) for name, where in _GROUPS]
    rows = [_group_row(free, name, *found) for name, found in figures]
    counted = [batches for _, (batches, _) in figures]
    columns = [
        Column("集体访"),
        Column("批次", right=True),
        Column("人次", right=True),
        Column("每批人数", right=True),
        Column(f"{previous_label(page)}（批次）", right=True),
        Column(f"{bar.reference_label(page)}（批次）", right=True),
    ]
    with panel("groups", "集体访", f"{page.region.name} · {bar.span_label(page)}{narrowed(free, metric)}", metric):
        picture = table.payload(
            columns,
            rows,
            label=f"{page.region.name}集体访：批次、人次与每批人数",
            empty="本期没有集体访。",
            foot=f"{metric.definition}{_few_foot(counted)}",
        )
        table.show(picture, key="groups")


def _group_figures(page: Page, where: Where) -> tuple[Figure, Figure]:
    """Batches and persons of the group visits that fulfil ``where``."""
    frame = page.compared([_GROUP_BATCHES, _GROUP_PERSONS], where=where)
    rows = {row["metric"]: row | {"year_ago": row["other"]} for row in frame.iter_rows(named=True)}
    return rows[_GROUP_BATCHES], rows[_GROUP_PERSONS]


def _group_row(page: Page, name: str, batches: Figure, persons: Figure) -> table.Row:
    metric = metrics()[_GROUP_BATCHES]
    labels = {"previous": previous_label(page), "other": bar.reference_label(page)}
    previous, other = (
        as_judged(page, change(label, _known(batches), batches[name], metric)) for name, label in labels.items()
    )
    figures = [_value(batches, metric, few(batches)), _value(persons, metrics()[_GROUP_PERSONS])]
    return table.Row(
        name, [Cell(name), *figures, Cell(per_batch(batches, persons) or DASH), _moved(previous), _moved(other)]
    )
