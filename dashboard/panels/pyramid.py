"""The pyramid of the selected region, and beside it the same of every compared one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import bar
from dashboard.address import Where
from dashboard.look import change, count, number, parts, shown, state_label, state_reason, unit_of
from dashboard.page import Page
from dashboard.panels.channels import previous_period
from dashboard.panels.frame import narrowed, panel, previous_label
from dashboard.views import intervals, pyramid
from dashboard.views.intervals import Column, Range, Row, Text
from dashboard.views.pyramid import FORM_LABELS, FORM_SHAPES, Layer
from data_access.regions import LEVEL_LABELS
from data_access.settings import thresholds
from metrics.core.query import Query
from metrics.registry import metrics

_SHARE, _POLICE, _CIVIL, _SETTLED = "pyramid_base_share", "police_disputes", "civil_filings", "mediation_succeeded"
_BASE: Where = (("committee_kind", ("village", "township")),)
_SOURCES = ((_POLICE, "警情"), (_CIVIL, "收案"))
Counts = dict[str, int | None]


def pyramid_panel(page: Page, height: float = 20.0) -> None:
    """Three layers of the selected region, and a table of the compared regions by the share of the base; a click on a row
    opens the region. ``height``: rem from which on the table scrolls."""
    share, minimum = metrics()[_SHARE], thresholds().minimum_denominator
    own = layers_of(page, page.region.code, page.region.level)[page.region.code]
    detail = f"{bar.span_label(page)}{narrowed(page, share)}"
    with panel(
        "pyramid", pyramid.finding(page.region.name, own["base"], own["police"], own["civil"], minimum), detail, share
    ):
        left, right = st.columns([0.36, 0.64], gap="medium")
        with left:
            found = pyramid.form(own["base"], own["police"], own["civil"], minimum)
            pyramid.show(page.region.name, _layers(page, own), found)
        with right:
            opened = intervals.show(_table(page, height), key="pyramid")
    if opened is not None:
        page.go(opened)


def layers_of(page: Page, code: str, level: int) -> dict[str, Counts]:
    """By region of the level inside ``code``: base, police and civil; None where a source records none at that level.

    A source that has cases of the whole and none of any part records them above this level: that is no zero.
    """
    frame = page.observations(Query((_SHARE, _POLICE, _CIVIL), code, level, page.period))
    found: dict[str, Counts] = {}
    for row in frame.iter_rows(named=True):
        key = {_SHARE: "base", _POLICE: "police", _CIVIL: "civil"}[row["metric"]]
        found.setdefault(row["region_code"], {})[key] = row["numerator"]
    for key, name in ((_POLICE, "police"), (_CIVIL, "civil")):
        if not page.measured(metrics()[key], code, level):
            for counts in found.values():
                counts[name] = None
    return found


def _layers(page: Page, own: Counts) -> list[Layer]:
    before = _before(page)
    labels = (
        ("civil", _CIVIL, "民商事收案"),
        ("police", _POLICE, "矛盾纠纷类警情"),
        ("base", _SETTLED, "基层化解"),
    )
    made = []
    for name, key, label in labels:
        metric, value = metrics()[key], own[name]
        moved = ""
        if value is not None and before.get(name) is not None:
            moved = f"{previous_label(page)} {change('', value, before[name], metric).text}"
        made.append(Layer(metric, label, value, moved, "" if value is not None else "记在上级，未细分到本级"))
    return made


def _before(page: Page) -> Counts:
    """The three counts of the previous period, as far as their data reach back."""
    found: Counts = {}
    for name, key, where in (("base", _SETTLED, _BASE), ("police", _POLICE, ()), ("civil", _CIVIL, ())):
        span = previous_period(page, metrics()[key])
        if span is not None:
            query = Query((key,), page.region.code, page.region.level, span, where=where)
            found[name] = int(page.observations(query)["numerator"].sum())
    return found


# The table of the compared regions --------------------------------------------------------------------------------


def _table(page: Page, height: float) -> dict[str, Any]:
    share = metrics()[_SHARE]
    region, level = page.compared_region_of(share), page.compared_level_of(share)
    frame, counts = page.parts(_SHARE), layers_of(page, region.code, level)
    rows = sorted(
        frame.iter_rows(named=True),
        key=lambda row: (row["state"] != "ok", -(row["value"] or 0.0), row["region_code"]),
    )
    ends = [shown(row[name], share) for row in rows if row["state"] == "ok" for name in ("lower", "upper")]
    label = LEVEL_LABELS[level]
    columns = [
        Column(label),
        Column("形态"),
        Column("基层", right=True),
        Column("警情", right=True),
        Column("收案", right=True),
        Column("基层占比", right=True),
        Column("", width="26%", axis=intervals.axis_over(ends, unit="%", ends=True), mean=_mean(frame)),
    ]
    return intervals.payload(
        columns,
        [_row(page, row, counts[row["region_code"]]) for row in rows],
        label=_label(page, rows, label),
        empty="没有可列出的区划。",
        foot=_foot(page, region.code, level),
        compact=True,
        height=height,
    )


def _mean(frame: Any) -> float | None:
    centre = frame["centre"].drop_nulls()
    return None if centre.is_empty() else 100 * float(centre[0])


def _row(page: Page, row: dict[str, Any], counts: Counts) -> Row:
    share, minimum = metrics()[_SHARE], thresholds().minimum_denominator
    found = pyramid.form(counts["base"], counts["police"], counts["civil"], minimum)
    plain = row["state"] == "ok"
    name = page.tree.get(row["region_code"]).name
    layers = [Text("—" if counts[key] is None else count(counts[key])) for key in ("base", "police", "civil")]
    doubt = Text(state_label(row["state"]), tone="muted", title=state_reason(row["state"]))
    if row["value"] is None or row["state"] not in ("ok", "small_n"):
        figure, picture = doubt, Range(None)
    else:
        counted = parts(row["numerator"], row["denominator"])
        figure = Text(number(row["value"], share), unit_of(share), strong=True, title=counted) if plain else doubt
        picture = Range(
            shown(row["value"], share),
            None if row["lower"] is None else shown(row["lower"], share),
            None if row["upper"] is None else shown(row["upper"], share),
            tone=row["verdict"] or "neutral",
            hollow=not plain,
        )
    return Row(
        key=row["region_code"],
        cells=[
            Text(name),
            Text(
                f"{FORM_SHAPES[found]} {FORM_LABELS[found][0]}" if FORM_SHAPES[found] else "—",
                tone="worse" if found == "inverted" else "muted",
                title=FORM_LABELS[found],
            ),
            *layers,
            figure,
            picture,
        ],
        open=True,
        selected=row["region_code"] == page.region.code,
        quiet=not plain,
        alt=f"{name}{FORM_LABELS[found]}，基层化解占比 {number(row['value'], share)}%",
    )


def _label(page: Page, rows: list[dict[str, Any]], label: str) -> str:
    plain = [row for row in rows if row["state"] == "ok"]
    if not plain:
        return f"各{label}基层化解占比：没有可比较的数值。"
    said = [
        f"{page.tree.get(row['region_code']).name} {number(row['value'], metrics()[_SHARE])}%"
        for row in (plain[0], plain[-1])
    ]
    return f"各{label}基层化解占比，共 {len(rows)} 个：最高{said[0]}，最低{said[1]}。"


def _foot(page: Page, code: str, level: int) -> str:
    above = [words for key, words in _SOURCES if not page.measured(metrics()[key], code, level)]
    missing = f"{'、'.join(above)}未细分到{LEVEL_LABELS[level]}，占比不含。" if above else ""
    return f"{missing}虚线为合计；颜色表示在 99.8% 控制限外。基层少于警情或收案为倒。"
