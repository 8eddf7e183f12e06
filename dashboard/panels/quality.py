"""办理质效: what the page finds, and where its panels stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import bar
from dashboard.look import parts, with_unit
from dashboard.page import Page
from dashboard.panels.due_soon import due_panel
from dashboard.panels.flow import petition_flow
from dashboard.panels.frame import narrowed, running
from dashboard.panels.funnel import funnel_panel
from dashboard.panels.league import league_panel
from dashboard.panels.organs import organ_panel
from dashboard.panels.quality_cells import plain, state_reason, state_word
from dashboard.panels.region_map import map_panel
from dashboard.panels.satisfaction import satisfaction_panel
from dashboard.panels.trend import trend_panel
from dashboard.shell import headline
from data_access.regions import LEVEL_LABELS, Region
from metrics.core.model import Metric

Row = dict[str, Any]
_PREFECTURE = 3
_BANDS = {"above": "显著高于", "below": "显著低于"}


def finding(page: Page) -> None:
    """The page's title: who is worst by the page's metric, and whether that is more than chance."""
    metric = page.metric
    frame, whole = page.parts(metric.key), page.whole(metric.key).row(0, named=True)
    rows = frame.rows(named=True)
    names = {row["region_code"]: page.tree.get(row["region_code"]).name for row in rows}
    own = next((row for row in rows if row["region_code"] == page.region.code), None)
    everyone = everyone_word(page.compared_region)
    label = LEVEL_LABELS[page.compared_level].split("(")[0]
    if own is not None:
        said = own_sentence(page.region.name, own, metric, everyone, whole)
    else:
        said = sentence(rows, names, metric, everyone, whole, label)
    detail = f"{bar.span_label(page)}{running(page)}{narrowed(page, metric)}。{metric.definition}"
    judged = "显著：超出 99.8% 控制限，难以用偶然波动解释。" if any(row.get("band") for row in rows) else ""
    headline(page, said, detail + judged)


def first_screen(page: Page) -> None:
    """Who is worst, who is content, what is due; and how far one cohort has got."""
    with st.container(key="row-quality"):
        left, middle, right = st.columns([0.39, 0.345, 0.265], gap="medium")
        with left:
            league_panel(page)
        with middle:
            satisfaction_panel(page)
        with right:
            due_panel(page)
    petition_flow(page)


def below(page: Page) -> None:
    """Which organs answer for it, where, what lies outside chance, and since when."""
    with st.container(key="row-organs"):
        left, right = st.columns([0.64, 0.36], gap="medium")
        with left:
            organ_panel(page)
        with right:
            map_panel(page, share=0.36)
    with st.container(key="row-satisfaction"):
        left, right = st.columns([0.5, 0.5], gap="medium")
        with left:
            trend_panel(page, height=320)
        with right:
            funnel_panel(page, width=740)


def everyone_word(region: Region) -> str:
    """What the places are held against."""
    return "全市" if region.level == _PREFECTURE else f"{region.name}整体"


def sentence(rows: list[Row], names: Mapping[str, str], metric: Metric, everyone: str, whole: Row, label: str) -> str:
    """The worst of the places by the metric, and whether its distance is more than chance.

    ``rows``: judged observations; ``whole``: that of all together; ``label``: what such a place is called.
    """
    known = [row for row in rows if plain(row)]
    if not plain(whole) or not known:
        return f"{everyone}{_figure(whole, metric)}"
    worst = _worst(known, metric)
    if metric.additive:
        return _largest(worst, names, metric, everyone, whole)
    worse = [row for row in known if row.get("verdict") == "worse"]
    if not worse:
        return _even(known, names, metric, everyone, whole, label)
    return _worse(worse, names, metric, everyone, whole, label)


def own_sentence(name: str, row: Row, metric: Metric, everyone: str, whole: Row) -> str:
    """One place against all."""
    said = f"{name}{_figure(row, metric)}"
    if not plain(row) or metric.additive or not plain(whole):
        return said
    band = row.get("band")
    if band is None:
        return f"{said}，{everyone} {with_unit(whole['value'], metric)}"
    if band == "within":
        return f"{said}，与{everyone} {with_unit(whole['value'], metric)} 差异不显著"
    return f"{said}，{_BANDS[band]}{everyone} {with_unit(whole['value'], metric)}"


def _worse(worse: list[Row], names: Mapping[str, str], metric: Metric, everyone: str, whole: Row, label: str) -> str:
    worst = _worst(worse, metric)
    name = names[worst["region_code"]]
    against = f"{_BANDS[worst['band']]}{everyone} {with_unit(whole['value'], metric)}"
    if len(worse) == 1:
        return f"{name}{_figure(worst, metric)}，{against}"
    return f"{len(worse)} 个{label}{metric.label}{against}，{_extreme(metric)} {name}{_of(worst, metric)}"


def _even(known: list[Row], names: Mapping[str, str], metric: Metric, everyone: str, whole: Row, label: str) -> str:
    worst = _worst(known, metric)
    if sum(1 for row in known if row.get("band") is not None) < 2:
        return f"{everyone}{_figure(whole, metric)}，可比的{label}不足两个，不作比较"
    said = f"{_extreme(metric)} {names[worst['region_code']]}{_of(worst, metric)}"
    among = f"各{label}" if len(known) == len(names) else f"可比的 {len(known)} 个{label}"
    if len({row["value"] for row in known}) == 1:
        return f"{among}{metric.label}都是 {with_unit(worst['value'], metric)}"
    return f"{among}{metric.label}差异不显著，{said}，{everyone} {with_unit(whole['value'], metric)}"


def _largest(worst: Row, names: Mapping[str, str], metric: Metric, everyone: str, whole: Row) -> str:
    total, most = whole["value"], worst["value"]
    if not total or not most:
        return f"{everyone}{_figure(whole, metric)}"
    share = f"，占 {100 * most / total:.1f}%" if most <= total else ""
    said = f"{names[worst['region_code']]} {with_unit(most, metric)}最多{share}"
    return f"{everyone}{metric.label} {with_unit(total, metric)}，{said}"


def _worst(rows: list[Row], metric: Metric) -> Row:
    sign = 1 if metric.polarity == "more" else -1
    return min(rows, key=lambda row: (sign * row["value"], row["region_code"]))


def _extreme(metric: Metric) -> str:
    return "最低" if metric.polarity == "more" else "最高"


def _figure(row: Row, metric: Metric) -> str:
    """Label, value and both figures; a state by its word and reason."""
    if plain(row):
        return f"{metric.label}{_of(row, metric)}"
    counted = parts(row["numerator"], row["denominator"]) if row["state"] == "small_n" else state_reason(row)
    return f"{metric.label}{state_word(row)}（{counted}）"


def _of(row: Row, metric: Metric) -> str:
    counted = parts(row["numerator"], row["denominator"]) if metric.percent else ""
    return f" {with_unit(row['value'], metric)}" + (f"（{counted}）" if counted else "")
