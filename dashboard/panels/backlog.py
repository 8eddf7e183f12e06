"""积案: what is left of each batch, and of it all."""

from __future__ import annotations

from datetime import date
from html import escape

import streamlit as st

from dashboard.look import STATE_LABELS, parts, with_unit
from dashboard.page import Page
from dashboard.panels.frame import narrowed, panel
from dashboard.views import burn_down, table
from dashboard.views.burn_down import Batch, Plan
from dashboard.views.table import Cell, Column, Row
from metrics.core.compare import target
from metrics.core.period import Grain, Period, add_months, bucket_start
from metrics.core.query import Query
from metrics.registry import metrics

#: How far back a batch may have begun.
_MONTHS_BACK = 180
#: What the axis takes of the picture's width, design px.
_AXIS_PX = 60
_FACTS = {
    "backlog_open": "未化解",
    "backlog_clear_rate": "化解率",
    "leader_led_clear_rate": "包案化解率",
    "backlog_over_5y": "五年以上",
}


def backlog_panel(page: Page, height: int = 380, share: float = 0.49) -> None:
    """Each batch against its fixed denominator, over the months since it was assigned."""
    metric = metrics()["backlog_clear_rate"]
    batches = _batches(page)
    with panel("backlog", burn_down.title(batches), _detail(page, batches), metric):
        st.html(_facts(page))
        if burn_down.drawable(batches):
            picture = burn_down.figure(
                batches,
                page.screen.look,
                plan=_plan(page, batches),
                width=page.screen.inside_panel(share) - _AXIS_PX,
                height=height,
                factor=page.screen.factor,
            )
            burn_down.show(picture, key="backlog", alt=burn_down.alt(batches))
        else:
            table.show(_listed(batches), key="backlog-list")


def _detail(page: Page, batches: list[Batch]) -> str:
    found, by = burn_down.same_age(batches), narrowed(page, metrics()["backlog_clear_rate"])
    said = f"以往为 {found.others} 批的中位数" if found else page.region.name
    return said + by


def _batches(page: Page) -> list[Batch]:
    last = page.period.last
    start = add_months(bucket_start(last, Grain.month), -_MONTHS_BACK)
    query = Query(
        ("backlog_clear_rate",),
        page.region.code,
        page.region.level,
        Period.inclusive(start, last),
        Grain.month,
        by=("batch",),
    )
    frame = page.ask(query)
    codes = frame["batch"].unique().to_list()
    found = burn_down.batches_of(frame, "batch", last, [(code, page.names.of("batch", code)) for code in codes])
    # What began in the first month asked for may be older: its age is not known.
    return [batch for batch in found if batch.began > start]


def _plan(page: Page, batches: list[Batch]) -> Plan | None:
    """From the newest batch's assignment to what is aimed at on the target's last day; None without a target."""
    aim = target("backlog_clear_rate", page.region.code, page.period.last)
    if aim is None or not batches or page.where(metrics()["backlog_clear_rate"]):
        return None
    months = _months_between(batches[0].began, aim.last)
    return Plan(months, 1 - aim.value, f"目标：{aim.last} 前未化解降到 {100 * (1 - aim.value):.0f}%")


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month + 1


def _facts(page: Page) -> str:
    """The stock in a line: what is open, the shares cleared with their counts, what is over five years old (HTML)."""
    frame = page.ask(Query(tuple(_FACTS), page.region.code, page.region.level, page.period))
    rows = {row["metric"]: row for row in frame.iter_rows(named=True)}
    said = []
    for key, label in _FACTS.items():
        row, metric = rows[key], metrics()[key]
        doubt = STATE_LABELS.get(row["state"], "")
        value = with_unit(row["value"], metric) if row["state"] in ("ok", "small_n") else doubt
        counted = parts(row["numerator"], row["denominator"]) if metric.percent and row["state"] != "suppressed" else ""
        note = "，".join(word for word in (counted, doubt if row["state"] == "small_n" else "") if word)
        small = f" <i>{escape(note)}</i>" if note else ""
        said.append(f'<span title="{escape(metric.definition)}">{label} <b>{escape(value)}</b>{small}</span>')
    return f'<div class="yp-facts">{"".join(said)}</div>'


def _listed(batches: list[Batch]) -> dict[str, object]:
    """The batches as counts, where they are too few for shares."""
    rows = [
        Row(str(number), [Cell(batch.name), Cell(f"{batch.assigned}"), Cell(f"{batch.open[-1]}")])
        for number, batch in enumerate(batches)
    ]
    return table.payload(
        [Column("批次", width="100%"), Column("交办", right=True), Column("未化解", right=True)],
        rows,
        label=f"积案 {len(batches)} 批，件数过少，不画进度。",
        empty="没有交办过积案。",
        foot="各批交办件数不足，只列件数，不画进度。" if batches else "",
        height=12,
        compact=True,
    )
