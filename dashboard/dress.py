"""The application's style sheets: drawn once in every run, also in one that fails before its page is open."""

from __future__ import annotations

import streamlit as st

from dashboard.look import Look, asset, current_look, page_css

_DRAWN = "yp-dressed"


def begin() -> None:
    """A new run, of which nothing is drawn yet."""
    st.session_state[_DRAWN] = False


def draw(look: Look) -> None:
    """The style sheets in that look."""
    st.html(page_css(look) + f"<style>{asset('shell.css')}</style>")
    st.session_state[_DRAWN] = True


def ensure() -> None:
    """The style sheets in the look of the browser's theme, unless the page has drawn them."""
    if not st.session_state.get(_DRAWN, False):
        draw(current_look())
