"""按当时: the strip over a page that is seen by a snapshot that its address names, and the way back to the newest."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import current, steps
from dashboard.page import Page
from data_access.reference import LOCAL


def strip(page: Page) -> None:
    """Nothing on a page that shows the newest snapshot as a matter of course."""
    if page.selection.snapshot is None:
        return
    with st.container(key="yp-as-seen", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p role="status">{words(page)}</p>', width="stretch")
        st.button(
            "回到最新",
            key="yp-newest",
            on_click=steps.write,
            args=(replace(page.selection, snapshot=None), page.default),
        )


def words(page: Page) -> str:
    """As of which snapshot the page is seen, and that it is not the newest (HTML)."""
    made, newest = page.snapshot.provenance, current.snapshot()
    taken = f"{made.taken_at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
    older = newest is not None and newest.provenance.number != made.number
    end = "所见，<b>非最新</b>" if older else "所见，目前就是最新；有更新的快照时本页不会跟着变"
    day = f"，业务日期 {made.business_date}"
    return f"<b>按快照 №{made.number}</b>（取于 {escape(taken)}{day}）{end}"
