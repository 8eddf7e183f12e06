"""What the room sees when a page breaks: a Chinese card with a number; the trace goes to the log under that number."""

from __future__ import annotations

import logging
import secrets

import streamlit as st

log = logging.getLogger("yanpan.page")


def show_fault(error: Exception) -> bool:
    """Log the error and show the card. True: Streamlit need not show its own."""
    number = secrets.token_hex(3).upper()
    log.error("page failed, error number %s", number, exc_info=error)
    st.error(f"这一页没有画出来（错误编号 {number}）。请刷新重试；若仍如此，请把编号告诉管理员，日志里有详情。")
    return True
