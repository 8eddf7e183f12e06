"""The pages in the order of the meeting, and the way from one to another. A page is one file in ``pages/`` and one word here."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.address import AS_SEEN

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

PAGES = Path(__file__).resolve().parents[1] / "pages"
ORDER = (
    "today",
    "volume",
    "over_level",
    "mediation",
    "quality",
    "supervision",
    "assessment",
    "three_no",
    "region",
    "explore",
    "catalogue",
    "health",
)


@cache
def title_of(name: str) -> str:
    """A page's docstring is its title. Raises ValueError for a page without one."""
    text = ast.get_docstring(ast.parse((PAGES / f"{name}.py").read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"pages/{name}.py has no docstring to be called by")
    return text.strip()


def page(name: str) -> StreamlitPage:
    """The page of that name, for the navigation or to go there."""
    return st.Page(PAGES / f"{name}.py", title=title_of(name), url_path=name, default=name == ORDER[0])


def go_to(name: str, words: Mapping[str, str | list[str]]) -> None:
    """Leave for another page with these words in its address: one step in the browser's history. Ends the run.

    As of when everything is seen goes along.
    """
    seen = {word: st.query_params[word] for word in AS_SEEN if word in st.query_params}
    st.switch_page(page(name), query_params=seen | dict(words))
