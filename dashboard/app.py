"""The entry that Streamlit runs: navigation in the order of the meeting, which keeps what is selected."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import address, dress, navigation, states, telemetry
from dashboard.page import SHARED_SWITCHES
from metrics.core.query import Forbidden

ICON = Path(__file__).resolve().parent / "assets" / "icon.png"


def main() -> None:
    """Draw the navigation and run the page that the address names."""
    st.set_page_config(page_title="研判", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")
    dress.begin()
    pages = [navigation.page(name) for name in navigation.ORDER]
    chosen = st.navigation(pages, position="hidden")
    words = {name: st.query_params.get_all(name) for name in st.query_params}
    kept = address.carried(words, SHARED_SWITCHES)
    with st.sidebar:
        st.html('<div class="yp-brand"><b>研判</b><span>信访与调解态势</span></div>')
        for page in pages:
            st.page_link(page, label=page.title, query_params=kept)
    try:
        with telemetry.page_run(chosen.url_path or navigation.ORDER[0]):
            chosen.run()
    except Forbidden as error:
        states.forbidden(str(error))


main()
