"""Satisfaction beside participation: a rate of those who answered says little where few did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.look import with_unit
from dashboard.page import Page
from dashboard.panels.due_soon import MOST_ROWS
from dashboard.panels.frame import narrowed, panel
from dashboard.panels.quality_cells import Axis, interval_cell, plain, rate_cell, state_word
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from data_access.regions import LEVEL_LABELS
from metrics.core.model import Metric
from metrics.core.scheme import scheme_in_force
from metrics.registry import metrics

SATISFIED, EVALUATED = "satisfaction_rate", "evaluation_rate"
Observation = dict[str, Any]


def satisfaction_panel(page: Page) -> None:
    """Each compared place's satisfaction with its interval beside its participation; a click on a row opens the place."""
    metric = metrics()[SATISFIED]
    region, level = page.compared_region_of(metric), page.compared_level_of(metric)
    names = {place.code: place.name for place in page.tree.at_level(region.code, level)}
    content, taking_part = (_by_place(page, key) for key in (SATISFIED, EVALUATED))
    wholes = {key: page.whole(key).row(0, named=True) for key in (SATISFIED, EVALUATED)}
    aims = targets()
    shown = in_order(names, content, taking_part, page.region.code)
    label = LEVEL_LABELS[level].split("(")[0]
    axes = (Axis.over(content.values(), aims[0]), Axis.over(taking_part.values(), aims[1]))
    with panel(
        "satisfaction",
        f"{region.name}{finding(wholes[SATISFIED], wholes[EVALUATED], aims[1])}",
        narrowed(page, metric).lstrip("，"),
        metric,
    ):
        drawn = table.payload(
            _columns(label, aims),
            [_row(code, names[code], content, taking_part, axes, aims, page.region.code) for code in shown],
            label=alt(shown, names, content, taking_part),
            empty="各地评价都不足以比较，换一个更长的期间再看。",
            foot=_foot(aims, len(names) - len(shown), page.unfinished),
        )
        opened = table.show(drawn, key="satisfaction")
    if opened is not None:
        page.go(opened)


def targets() -> tuple[float | None, float | None]:
    """What the scheme in force aims at: satisfaction, participation; None where it does not say."""
    for part in scheme_in_force().parts:
        if part.metric == SATISFIED:
            return part.target, None if part.participation is None else part.participation.target
    return None, None


def in_order(
    names: Mapping[str, str],
    content: Mapping[str, Observation],
    taking_part: Mapping[str, Observation],
    selected: str = "",
) -> list[str]:
    """At most MOST_ROWS places by satisfaction, the highest first, then those that only their participation can be said of,
    then those with most to evaluate; the ``selected`` one always among them."""

    def place(code: str) -> tuple[int, float, str]:
        for number, row in enumerate((content.get(code), taking_part.get(code))):
            if row is not None and plain(row):
                return number, -row["value"], code
        return 2, -((taking_part.get(code) or {}).get("denominator") or 0), code

    ordered = sorted(names, key=place)
    shown = ordered[:MOST_ROWS]
    return shown if selected in shown or selected not in names else [*shown[:-1], selected]


def finding(content: Observation, taking_part: Observation, aim: float | None) -> str:
    """The whole's satisfaction, never without how many took part."""
    if not plain(content):
        return f"群众满意率{state_word(content)}"
    said = f"满意率 {with_unit(content['value'], metrics()[SATISFIED])}"
    if not plain(taking_part):
        return f"{said}，参评率{state_word(taking_part)}"
    few = aim is not None and taking_part["value"] < aim
    share = with_unit(taking_part["value"], metrics()[EVALUATED])
    return f"{said}，但参评只有 {share}" if few else f"{said}，参评率 {share}"


def alt(
    codes: Sequence[str],
    names: Mapping[str, str],
    content: Mapping[str, Observation],
    taking_part: Mapping[str, Observation],
) -> str:
    """The table as one sentence."""
    said = [
        f"{names[code]}满意率{_word(content.get(code), metrics()[SATISFIED])}、"
        f"参评率{_word(taking_part.get(code), metrics()[EVALUATED])}"
        for code in codes
    ]
    return f"满意与参评：{'；'.join(said)}。" if said else "满意与参评：没有可列出的区划。"


def _word(row: Observation | None, metric: Metric) -> str:
    return f" {with_unit(row['value'], metric)}" if row is not None and plain(row) else state_word(row)


def _by_place(page: Page, key: str) -> dict[str, Observation]:
    return {row["region_code"]: row for row in page.parts(key).iter_rows(named=True)}


def _columns(label: str, aims: tuple[float | None, float | None]) -> list[Column]:
    satisfied, evaluated = (f"目标 {100 * aim:.0f}%" if aim is not None else "" for aim in aims)
    return [
        Column(label),
        Column("满意率", right=True),
        Column(satisfied, width="22%"),
        Column("参评率", right=True),
        Column(evaluated, width="22%"),
    ]


def _row(
    code: str,
    name: str,
    content: Mapping[str, Observation],
    taking_part: Mapping[str, Observation],
    axes: tuple[Axis, Axis],
    aims: tuple[float | None, float | None],
    selected: str,
) -> Row:
    one, other = content.get(code), taking_part.get(code)
    cells = [
        Cell(name),
        rate_cell(one, metrics()[SATISFIED]),
        interval_cell(one, axes[0], mark=aims[0]),
        rate_cell(other, metrics()[EVALUATED]),
        interval_cell(other, axes[1], mark=aims[1]),
    ]
    said = alt([code], {code: name}, content, taking_part)
    return Row(code, cells, True, code == selected, not plain(one), said)


def _foot(aims: tuple[float | None, float | None], left_out: int, unfinished: bool) -> str:
    said = ["横条为 95% 区间"]
    if any(aim is not None for aim in aims):
        said.append(f"虚线为{scheme_in_force().label}方案目标")
    said.append("本期未完，参评率还会上升" if unfinished else "满意率只代表参加评价的人")
    if left_out > 0:
        said.append(f"另有 {left_out} 个未列出，见导出")
    return "；".join(said) + "。"
