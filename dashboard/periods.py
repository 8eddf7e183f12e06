"""The choice of the period: its calendar, the one before and after, a list of the latest, and any days from a first to a last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import steps
from dashboard.span import PICKABLE, Span
from metrics.core.calendar import since_last_meeting
from metrics.core.period import DAY, Grain, Period

if TYPE_CHECKING:
    from dashboard.page import Page

_LISTED, _MEETINGS = 14, 8
#: Days up to the business date that are offered by name.
_LATEST = (7, 28, 90)
#: Nothing is that old; a longer range is a slip of the keyboard.
_LONGEST_DAYS = 3700


def picker(page: Page, label: str) -> None:
    """Draw the choice; ``label``: how the selected period is called."""
    _grains(page)
    span = page.selection.span
    with st.container(key="yp-span", horizontal=True, vertical_alignment="center", gap="xxsmall", width="content"):
        _step("‹", "上一期", span.previous(), page)
        # A key of its own for every span: the list closes once one is chosen.
        with st.popover(label, type="tertiary", key=f"periods-{span.word}"), st.container(key="yp-periods"):
            _offers(page)
            if Grain.day in page.spec.grains:
                _free_range(page)
        _step("›", "下一期", span.next(), page)


def _grains(page: Page) -> None:
    span, last = page.selection.span, page.business_date
    key = "yp-grain"
    st.session_state[key] = span.grain if span.grain in page.spec.grains and span.is_bucket else None

    def grain_chosen() -> None:
        grain = st.session_state[key]
        if grain is not None:
            steps.write(replace(page.selection, span=span.in_grain(grain, last)), page.default)

    st.segmented_control(
        "粒度",
        list(page.spec.grains),
        format_func=lambda grain: PICKABLE[grain],
        key=key,
        on_change=grain_chosen,
        label_visibility="collapsed",
    )


def _step(sign: str, words: str, to: Span, page: Page) -> None:
    st.button(
        sign,
        key=f"step-{words}",
        type="tertiary",
        help=words,
        disabled=to.whole.start > page.business_date,
        on_click=steps.write,
        args=(replace(page.selection, span=to), page.default),
    )


def _offers(page: Page) -> None:
    """The latest periods of the same calendar, or what the latest meetings looked back on, newest first; then latest days."""
    by_meeting = page.spec.since_meeting and page.trend_grain is Grain.day
    offers = {span: span.label for span in (_meetings(page) if by_meeting else _buckets(page))}
    if page.trend_grain is Grain.day:
        stop = page.business_date + DAY
        # A span that has both names, such as seven days of holidays, is offered once.
        offers |= {Span.over(Period(stop - days * DAY, stop)): f"最近 {days} 天" for days in _LATEST}
    for span, words in offers.items():
        _offer(page, span, words)


def _offer(page: Page, span: Span, words: str) -> None:
    st.button(
        words,
        key=f"span-{span.word}",
        type="tertiary",
        on_click=steps.write,
        args=(replace(page.selection, span=span), page.default),
    )


def _buckets(page: Page) -> Iterator[Span]:
    span = Span.holding(page.business_date, page.trend_grain)
    for _ in range(_LISTED):
        yield span
        span = span.previous()


def _meetings(page: Page) -> Iterator[Span]:
    """The days that each of the latest meetings looked back on: every day lies in one of these."""
    meeting = page.business_date + DAY
    for _ in range(_MEETINGS):
        looked_back = since_last_meeting(meeting)
        yield Span.over(looked_back)
        meeting = looked_back.start


def _free_range(page: Page) -> None:
    """Two days written as 2026-11-07; what is not understood stays, with a word on what to do."""
    whole = page.period
    with st.form("yp-range", border=False, enter_to_submit=True):
        fault = st.empty()
        left, right = st.columns(2, gap="small")
        first = left.text_input("起", value=f"{whole.start}", max_chars=10, key=f"range-first-{whole.start}")
        last = right.text_input("止", value=f"{whole.last}", max_chars=10, key=f"range-last-{whole.last}")
        if not st.form_submit_button("查看所选日期", width="stretch"):
            return
    chosen = between(first, last, page.business_date)
    if isinstance(chosen, str):
        fault.html(f'<span class="yp-fault">{chosen}</span>')
    else:
        steps.write(replace(page.selection, span=chosen), page.default)
        st.rerun()


def between(first: str, last: str, newest: date) -> Span | str:
    """The days from ``first`` to ``last``, not beyond ``newest``; else in words what is wrong."""
    try:
        start, end = (date.fromisoformat(text.strip().replace("/", "-")) for text in (first, last))
    except ValueError:
        return "日期请写成 2026-11-07 的样子。"
    if end < start:
        return "止日早于起日，请对调。"
    if start > newest:
        return f"数据截至 {newest}，请选更早的起日。"
    end = min(end, newest)
    if (end - start).days >= _LONGEST_DAYS:
        return "范围超过十年，请缩短。"
    return Span.over(Period.inclusive(start, end))
