"""三无创建: shares against what is aimed at, and which of the three conditions holds them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboard import bar
from dashboard.look import DASH, STATE_LABELS, STATE_REASONS, count, number, parts, state_label, state_reason, with_unit
from dashboard.page import MAP, Page
from dashboard.panels.frame import panel
from dashboard.panels.region_map import map_panel, places
from dashboard.shell import headline
from dashboard.views import region_map, table, targets, targets_map
from dashboard.views.table import Cell, Column, Row
from dashboard.views.targets import Weakest
from data_access.boundaries import boundaries_of, special_units
from data_access.regions import COUNTY, LEVEL_LABELS
from metrics.core.period import Grain
from metrics.core.query import Query
from metrics.registry import metrics
from metrics.shortfall import aim_of, missing

METRIC = "three_no_share"
#: The three conditions, each as it is called in a list.
CONDITIONS = {"no_case_share": "无案件", "no_accident_share": "无事故", "no_petition_share": "无上访"}
CAUTION = "不应以不登记、不受理换取达标"
ONE_MONTH = "个村(社区)"
_MOST_NAMED = 3
_WORDS = 46
_COUNTED = ("ok", "small_n")
Observed = dict[str, Any]


def case_of(page: Page) -> str:
    """What the figures count: villages in a month, or pooled over several months."""
    return ONE_MONTH if len(page.period.buckets(Grain.month)) == 1 else "个村·月"


def aims_of(page: Page, codes: list[str]) -> dict[str, float | None]:
    """What is aimed at in each region at the end of the period."""
    aims = {code: aim_of(METRIC, code, page.period)[0] for code in codes}
    return {code: None if aim is None else aim.value for code, aim in aims.items()}


# The finding ----------------------------------------------------------------------------------------------------------


def finding(page: Page) -> None:
    """The page's title: the selected region against its target, in points and in villages."""
    row = page.compared([METRIC]).row(0, named=True)
    aim, moved = aim_of(METRIC, page.region.code, page.period)
    said = page.region.name + target_words(
        row, None if aim is None else aim.value, case_of(page), monthly=page.grain not in (Grain.day, Grain.week)
    )
    source = f"；目标：{aim.source or f'{aim.value:.0%}'}" if aim else ""
    steps = "，期内目标有调整，以期末的为准" if moved and aim else ""
    headline(page, said, f"{bar.span_label(page)}{_unfinished(page)}{source}{steps}。")


def _unfinished(page: Page) -> str:
    return f"，本期未满，截至 {page.period.last:%m-%d}，占比还会变动" if page.unfinished else ""


def target_words(row: Observed, aim: float | None, case: str, *, monthly: bool = True) -> str:
    """``三无村(社区)占比 91.3%，距 95% 目标差 3.7 个百分点，相当于 74 个村(社区)``. ``monthly``: whether the period is of
    whole months; a day or week mostly holds no first day of one, on which the figures stand."""
    metric = metrics()[METRIC]
    if row["state"] not in _COUNTED or row["value"] is None:
        none = "本期没有评定数据，可换期间" if monthly else "按月评定，请选月、季或年"
        why = none if row["state"] == "undefined" else STATE_REASONS[row["state"]]
        return f"{metric.label}：{STATE_LABELS[row['state']]}（{why}）"
    said = f"{metric.label} {with_unit(row['value'], metric)}（{parts(row['numerator'], row['denominator'])}）"
    if aim is None:
        return f"{said}，本期没有目标"
    if row["state"] == "small_n":
        return f"{said}，{state_label('small_n')}，不与 {aim:.0%} 目标比"
    needed = missing(row["numerator"], row["denominator"], aim)
    points = abs(100 * (row["value"] - aim))
    if needed > 0:
        return f"{said}，距 {aim:.0%} 目标差 {points:.1f} 个百分点，相当于 {count(needed)} {case}"
    over = f"超过 {points:.1f} 个百分点" if points >= 0.05 else "恰好达到"
    return f"{said}，已达 {aim:.0%} 目标，{over}"


# Against the target ---------------------------------------------------------------------------------------------------


def targets_panel(page: Page, height: str = "") -> None:
    """The parts of the compared region against their targets, the lowest first; a click opens the region."""
    metric = metrics()[METRIC]
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    frame, case = page.parts(METRIC), case_of(page)
    names = {place.code: place.name for place in page.tree.at_level(region.code, level)}
    aims = aims_of(page, list(names))
    label = LEVEL_LABELS[level]
    title = standing_words(frame, names, aims, label, case)
    with panel("targets", title or f"{region.name}各{label}", f"{region.name} · {bar.span_label(page)}", metric):
        drawn = targets.payload(
            frame,
            metric,
            names,
            aims,
            weakest=_weakest(page, region.code, level),
            selected=page.region.code,
            place_label=label,
            case="个" if case == ONE_MONTH else "村·月",
            foot=_foot(frame, aims),
            height=height,
        )
        opened = targets.show(drawn, key="targets")
    if opened is not None:
        page.go(opened)


def standing_words(
    frame: pl.DataFrame, names: Mapping[str, str], aims: Mapping[str, float | None], label: str, case: str
) -> str:
    """How many reached the target, and what the few others still need; empty without a target."""
    judged = [row for row in frame.iter_rows(named=True) if targets.plain(row) and aims.get(row["region_code"])]
    if not judged:
        return ""
    gaps = {row["region_code"]: _needed(row, aims) for row in judged}
    short = sorted((code for code, gap in gaps.items() if gap > 0), key=lambda code: (-gaps[code], code))
    among = f"{'可比的 ' if len(judged) < frame.height else ''}{len(judged)} 个{label}"
    if not short:
        return f"{among}全部达到目标"
    said = f"{among}中 {len(short)} 个未达目标"
    if len(short) > _MOST_NAMED:
        return f"{said}，共差 {count(sum(gaps[code] for code in short))} {case}"
    return f"{said}：" + "、".join(f"{names[code]}差 {count(gaps[code])} {case}" for code in short)


def _needed(row: Observed, aims: Mapping[str, float | None]) -> int:
    aim = aims.get(row["region_code"])
    return 0 if aim is None else missing(row["numerator"], row["denominator"], aim)


def _foot(frame: pl.DataFrame, aims: Mapping[str, float | None]) -> str:
    known = {aim for aim in aims.values() if aim is not None}
    said = [f"竖虚线为目标{f' {next(iter(known)):.0%}' if len(known) == 1 else ''}"] if known else ["本期没有目标"]
    said += ["● 达到，◐ 差 5 个百分点以内，○ 差得更多；距目标为负的是还差的数"] if known else []
    states = set(frame["state"].to_list()) - {"ok"}
    said += [f"{STATE_LABELS[state]}：{STATE_REASONS[state]}" for state in STATE_LABELS if state in states]
    return "；".join(said) + "。"


def _weakest(page: Page, code: str, level: int) -> dict[str, Weakest]:
    """The condition met least often in each part; none where all are met everywhere or the sample is too small."""
    frame = page.ask(Query(tuple(CONDITIONS), code, level, page.period))
    found = {}
    for (place,), rows in (
        frame.filter(state="ok").partition_by("region_code", as_dict=True, maintain_order=True).items()
    ):
        low = rows.sort("value", maintain_order=True).row(0, named=True)
        if low["numerator"] < low["denominator"]:
            metric = metrics()[low["metric"]]
            found[str(place)] = Weakest(CONDITIONS[low["metric"]], with_unit(low["value"], metric))
    return found


# The three conditions -------------------------------------------------------------------------------------------------


def conditions_panel(page: Page) -> None:
    """How many villages of the selected region miss each condition: which one binds."""
    keys = (METRIC, *CONDITIONS)
    rows = {row["metric"]: row for row in page.compared(keys).iter_rows(named=True)}
    case = case_of(page)
    title, detail = binding_words(rows, case)
    with panel("conditions", title, detail, metrics()["no_petition_share"]):
        worst = max((_missed(rows[key]) for key in CONDITIONS), default=0)
        drawn = table.payload(
            [Column("条件"), Column("占比", right=True), Column("未达", right=True), Column("", width="44%")],
            [_condition(key, rows[key], worst, case) for key in CONDITIONS],
            label=f"{title}：{detail}。",
            empty="",
            foot="可能同时几项未达，各项之和可大于未达三无的数。",
            compact=True,
        )
        table.show(drawn, key="conditions")
        st.html(f'<span class="yp-tag">{CAUTION}</span>')


def binding_words(rows: Mapping[str, Observed], case: str) -> tuple[str, str]:
    """``短板是无上访`` and ``未达三无的 66 个中 48 个``; the measure where nothing is missed or known."""
    known = {key: _missed(rows[key]) for key in CONDITIONS if rows[key]["state"] in _COUNTED}
    whole = rows[METRIC]
    if not known or whole["state"] not in _COUNTED:
        return "三项条件", ""
    most = max(known.values())
    if most == 0:
        return "三项条件全部达到", ""
    names = [CONDITIONS[key] for key, missed in known.items() if missed == most]
    each = "各" if len(names) > 1 else ""
    unit = " 个" if case == ONE_MONTH else " 次"
    return f"短板是{'、'.join(names)}", f"未达的 {count(_missed(whole))}{unit}中{each}占 {count(most)}"


def _missed(row: Observed) -> int:
    return 0 if row["state"] not in _COUNTED else int(row["denominator"] - row["numerator"])


def _condition(key: str, row: Observed, worst: int, case: str) -> Row:
    metric = metrics()[key]
    if row["state"] not in _COUNTED:
        word = Cell(state_label(row["state"]), "muted", title=state_reason(row["state"]))
        return Row(key, [Cell(CONDITIONS[key]), word, Cell(DASH, "muted"), Cell("")], quiet=True)
    missed, counted = _missed(row), parts(row["numerator"], row["denominator"])
    binds = missed == worst > 0
    share = Cell(f"{number(row['value'], metric)}%", title=counted, strong=True)
    if row["state"] == "small_n":
        share = Cell(state_label("small_n"), "muted", unit=counted, title=state_reason("small_n"))
    return Row(
        key,
        [
            Cell(CONDITIONS[key], strong=binds),
            share,
            Cell(count(missed), title=f"未达 {count(missed)} {case}", strong=binds),
            Cell("", "accent" if binds else "neutral", bar=missed / worst if missed else None),
        ],
    )


# The map --------------------------------------------------------------------------------------------------------------


def targets_map_panel(page: Page, height: int = 616, share: float = 0.36) -> None:
    """The map by standing against the target; of another metric, or with columns, the ordinary map."""
    metric = metrics()[METRIC]
    frame = page.parts(METRIC) if page.metric.key == METRIC else None
    # Townships, and regions without a figure, need more words under the map; so does the ordinary legend.
    if page.compared_level < COUNTY or frame is None or (frame["state"] != "ok").any():
        height -= _WORDS
    aims = aims_of(page, frame["region_code"].to_list()) if frame is not None else {}
    if frame is None or page.switch(MAP) != MAP.default or not any(aims.values()):
        map_panel(page, height, share)
        return
    codes = frame["region_code"].to_list()
    detail = f"{page.compared_region.name} · 按{LEVEL_LABELS[page.compared_level]}"
    with panel("map", "是否达到目标", detail, metric):
        picture = targets_map.build(
            frame,
            metric,
            page.screen.look,
            aims,
            places=places(page, frame, metric),
            boundaries=boundaries_of(codes),
            specials=special_units(codes),
            scope=f"{page.compared_region.code}@{page.visit}",
            selected=page.region.code if page.region.code in codes else None,
            width=page.screen.inside_panel(share),
            height=height,
            factor=page.screen.factor,
        )
        clicked = region_map.show(picture, key="map")
    if clicked is not None:
        page.go(clicked)
