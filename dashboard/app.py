"""The entry that Streamlit runs: navigation in the order of the meeting. A page is one file in ``pages/`` and one word here."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parents[1] / "pages"
ICON = Path(__file__).resolve().parent / "assets" / "icon.png"
ORDER = ("today", "volume", "over_level", "mediation", "assessment")


@cache
def title_of(name: str) -> str:
    """A page's docstring is its title."""
    text = ast.get_docstring(ast.parse((PAGES / f"{name}.py").read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"pages/{name}.py has no docstring to be called by")
    return text.strip()


def main() -> None:
    """Draw the navigation and run the page that the address names."""
    st.set_page_config(page_title="研判", page_icon=str(ICON), layout="wide", initial_sidebar_state="expanded")
    pages = {
        name: st.Page(PAGES / f"{name}.py", title=title_of(name), url_path=name, default=name == ORDER[0])
        for name in ORDER
    }
    chosen = st.navigation(list(pages.values()), position="hidden")
    kept = {key: word for key, word in st.query_params.to_dict().items() if key in ("region", "period")}
    with st.sidebar:
        st.html('<div class="yp-brand"><b>研判</b><span>信访与调解态势</span></div>')
        for page in pages.values():
            st.page_link(page, label=page.title, query_params=kept)
    chosen.run()


main()
