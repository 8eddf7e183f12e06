"""Components of our own: each a script and a style sheet in ``assets/``, with the few functions that all of them share."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.look import asset


def component(name: str, *shared: str) -> Any:
    """The component ``yanpan_<name>``, made of ``<name>.js`` and ``<name>.css``: call it with ``key`` and ``data``.

    Declare it once, when the module is loaded. Its script draws into an element of the class ``root``. ``shared``: further
    pairs of script and style sheet that several components use.
    """
    files = ("component", *shared, name)
    return st.components.v2.component(
        f"yanpan_{name}",
        html='<div class="root"></div>\n',
        css="\n".join(asset(f"{file}.css") for file in files),
        js="\n".join(asset(f"{file}.js") for file in files),
    )


def opened(result: Any, allowed: set[str]) -> str | None:
    """What was clicked in this run, if it is one of ``allowed``: a browser may send anything."""
    word = result.opened
    return word if isinstance(word, str) and word in allowed else None
