"""What a page shows while there is no snapshot yet: what is being done and how far it is, or what is wrong."""

from __future__ import annotations

import re

import streamlit as st

from dashboard import current, states

_STEP = re.compile(r"(\d+)/(\d+)")


@st.fragment(run_every=2.0)
def show() -> None:
    """The card of the first moments; it gives way to the page as soon as a snapshot is in use."""
    if current.snapshot() is not None:
        st.rerun(scope="app")
    status = current.status()
    with st.container(key="panel-waiting"):
        if status.fault:
            st.html(states.card("broken", "还没有可用的数据", status.fault, "系统会继续重试，无需操作。"))
        else:
            doing = status.doing or "正在准备数据"
            st.html(states.waiting(doing, share_of(doing)))


def share_of(doing: str) -> float | None:
    """How far the background is, from its own words (``正在取数 3/21 …``); None where they do not say."""
    found = _STEP.search(doing)
    return min(int(found[1]) / max(int(found[2]), 1), 1.0) if found else None
