"""The frame of a panel, the definition of its figure, and the finding over a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import bar
from dashboard.look import STATE_LABELS, Change, change, with_unit
from dashboard.page import Page
from dashboard.shell import headline
from dashboard.span import WEEKDAYS
from metrics.catalogue import facts_of
from metrics.core.model import Metric
from metrics.core.period import Grain
from metrics.labels import DIMENSION_LABELS

#: What the popover leaves to the catalogue: formulas and dimensions are for those who write queries.
_LEFT_OUT = ("算法", "维度")


@contextmanager
def panel(
    name: str,
    title: str,
    detail: str = "",
    metric: Metric | None = None,
    controls: Callable[[], None] | None = None,
) -> Iterator[None]:
    """A framed panel with its title; ``controls`` draws what can be chosen in it; with ``metric`` the 口径 opens beside."""
    with st.container(key=f"panel-{name}"):
        head = f'<div class="yp-panel-title"><b>{escape(title)}</b><span>{escape(detail)}</span></div>'
        if metric is None and controls is None:
            st.html(head)
        else:
            with st.container(key=f"head-{name}", horizontal=True, vertical_alignment="center", gap="small"):
                st.html(head, width="stretch")
                if controls is not None:
                    controls()
                if metric is not None:
                    with st.popover("口径", type="tertiary"):
                        definition(metric)
        yield


def definition(metric: Metric) -> None:
    """What exactly the figure is, from its declaration."""
    rows = [(name, text) for name, text in facts_of(metric).items() if name not in _LEFT_OUT]
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in [*rows, ("代码", metric.key)])
    st.html(f'<div class="yp-definition"><b>{escape(metric.label)}</b><dl>{body}</dl></div>')


def finding(page: Page, remark: str = "", aside: str = "") -> None:
    """The page's title: the measure of the selected region and how it moved, as far as a rule can say it.

    ``remark``: what a rule of the page's own finds besides; ``aside``: more of it, for the line below.
    """
    metric = page.metric
    row = page.compared([metric.key]).row(0, named=True)
    plain = row["state"] in ("ok", "small_n")
    figure = with_unit(row["value"], metric) if plain else STATE_LABELS.get(row["state"], STATE_LABELS["undefined"])
    said = [f"{page.region.name}{metric.label} {figure}"]
    said += [
        f"{item.label} {item.text}"
        for column, item in zip(("previous", "other"), changes(page, row, metric), strict=True)
        if plain and row["value"] is not None and row[column] is not None
    ]
    headline(
        page,
        "；".join(part for part in ("，".join(said), remark) if part),
        f"{bar.span_label(page)}{running(page)}{narrowed(page, metric)}。{aside}{metric.definition}",
    )


def running(page: Page) -> str:
    """Said of a period that is not over yet; empty of any other."""
    return f"，截至 {page.period.last:%m-%d}，与上期同样天数比" if page.unfinished else ""


def narrowed(page: Page, metric: Metric) -> str:
    """By what the figure is narrowed, and by what it cannot be; empty without filters."""
    said = [
        f"{DIMENSION_LABELS[name]}为{'或'.join(page.names.of(name, code) for code in codes)}"
        for name, codes in page.where(metric)
    ]
    ignored = [DIMENSION_LABELS[name] for name in page.unfiltered(metric)]
    words = f"，仅{'、'.join(said)}" if said else ""
    return words + (f"，不分{'、'.join(ignored)}（未筛选）" if ignored else "")


def changes(
    page: Page, row: dict[str, float | None], metric: Metric, *, days: int | None = None
) -> tuple[Change, Change]:
    """环比 and the chosen second comparison of a row with ``value``, ``previous``, ``other``."""
    now = row["value"]
    said = (
        change(previous_label(page, days), now, row["previous"], metric),
        change(bar.reference_label(page), now, row["other"], metric),
    )
    return said if days is not None else (as_judged(page, said[0]), as_judged(page, said[1]))


def as_judged(page: Page, said: Change) -> Change:
    """The change, of a period that is not over neither good nor bad: answers and evaluations still come in."""
    return replace(said, tone="neutral") if page.unfinished else said


def previous_label(page: Page, days: int | None = None) -> str:
    """What 环比 is called: at day grain the same weekday, or weekdays, a week before is meant, and said.

    ``days``: of a figure that stands for so many days instead of the page's period.
    """
    if page.grain is Grain.day and days is None:
        one_day = page.period.days == 1
        return f"较上周{WEEKDAYS[page.period.last.weekday()]}" if one_day else "较上周同期"
    return "环比"
