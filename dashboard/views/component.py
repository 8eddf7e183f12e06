"""Components of our own: each a script and a style sheet in ``assets/``, with the few functions that all of them share."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.look import asset


def component(name: str) -> Any:
    """The component ``yanpan_<name>``, made of ``<name>.js`` and ``<name>.css``: call it with ``key`` and ``data``.

    Declare it once, when the module is loaded. Its script draws into an element of the class ``root``.
    """
    return st.components.v2.component(
        f"yanpan_{name}",
        html='<div class="root"></div>\n',
        css=f"{asset('component.css')}\n{asset(f'{name}.css')}",
        js=f"{asset('component.js')}\n{asset(f'{name}.js')}",
    )


def opened(result: Any, allowed: set[str]) -> str | None:
    """What was clicked in this run, if it is one of ``allowed``: a browser may send anything."""
    word = result.opened
    return word if isinstance(word, str) and word in allowed else None
