"""What stands in a panel's or a page's place when there is nothing to show: why, and what to do next. In Chinese, designed.

Every text goes through ``escape``; the cards are HTML in the application's own style (``assets/shell.css``).
"""

from __future__ import annotations

from html import escape
from typing import Literal

import streamlit as st

from dashboard import dress

Kind = Literal["empty", "forbidden", "broken", "waiting"]
_SIGNS = {"empty": "○", "forbidden": "■", "broken": "▲", "waiting": "◔"}


def card(kind: Kind, title: str, reason: str, action: str = "") -> str:
    """The card as HTML."""
    do = f"<p class='yp-state-do'>{escape(action)}</p>" if action else ""
    return (
        f"<div class='yp-state {kind}' role='status'><span class='yp-state-sign' aria-hidden='true'>{_SIGNS[kind]}</span>"
        f"<div><b>{escape(title)}</b><p>{escape(reason)}</p>{do}</div></div>"
    )


def empty(reason: str, action: str) -> None:
    """In a panel that has nothing to draw."""
    st.html(card("empty", "没有可显示的数据", reason, action))


def forbidden(reason: str) -> None:
    """In place of a page that the viewer may not see."""
    dress.ensure()
    with st.container(key="panel-forbidden"):
        st.html(card("forbidden", "没有权限", reason, "请联系管理员开通，或回到上一页。"))


def broken(number: str) -> None:
    """In place of a page that failed; the log holds the trace under that number."""
    dress.ensure()
    with st.container(key="panel-broken"):
        st.html(
            card(
                "broken",
                "这一页没有画出来",
                f"错误编号 {number}。其他页面和已有数据不受影响。",
                "请刷新重试；若仍如此，请把编号告诉管理员，日志里有详情。",
            )
        )


def waiting(doing: str, share: float | None) -> str:
    """The first moments: the outline of a page, what is being done, and how far it is (0–1, None where unknown)."""
    bar = "" if share is None else f"<div class='yp-progress'><i style='width:{100 * share:.0f}%'></i></div>"
    blocks = "".join("<div class='yp-bone'></div>" for _ in range(6))
    return (
        f"{card('waiting', '首次取数，请稍候', doing)}{bar}"
        f"<div class='yp-bones' aria-hidden='true'>{blocks}</div><div class='yp-bone tall' aria-hidden='true'></div>"
    )
