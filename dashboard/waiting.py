"""What a page shows while there is no snapshot yet: what is being done, or what is wrong and that it is tried again."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import current


@st.fragment(run_every=2.0)
def show() -> None:
    """The card of the first moments; it gives way to the page as soon as a snapshot is in use."""
    if current.snapshot() is not None:
        st.rerun(scope="app")
    status = current.status()
    with st.container(key="panel-waiting"):
        if status.fault:
            st.html(f"<b>还没有可用的数据</b><p>{escape(status.fault)}</p><p class='yp-quiet'>系统会继续重试。</p>")
        else:
            st.html(f"<b>首次取数，请稍候</b><p class='yp-quiet'>{escape(status.doing or '正在准备数据')}</p>")
