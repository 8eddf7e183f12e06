"""A step: the selection put into the address, which the browser keeps in its history."""

from __future__ import annotations

import streamlit as st

from dashboard.address import Selection


def write(selection: Selection, default: Selection) -> None:
    """Put the selection into the address. Needs a Streamlit session; the page follows with its next run."""
    st.query_params.from_dict(selection.words(default))
