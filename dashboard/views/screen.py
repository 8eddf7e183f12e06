"""What the viewer's screen is like: the factor by which text has grown and the theme that is really shown.

Canvas pictures (map, trend) cannot follow the style sheet's rem. A small invisible component reports the factor once; on
a screen of 1080 lines it is 1 and nothing is reported, so nothing runs twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.look import Look, asset, current_look, look_named

_SIDEBAR_AND_MARGINS, _PHONE_MARGINS, _PANEL_PADDING = 294, 40, 46
_NARROW = 800
_COMPONENT = st.components.v2.component("yanpan_screen", html="<span hidden></span>\n", js=asset("screen.js"))


@dataclass(frozen=True)
class Screen:
    """``factor``: px of 1 rem divided by 16. ``width``: CSS px of the window, divided by the factor. ``own_font``: the system
    has no Chinese font and the bundled one has been loaded; what is drawn on a canvas must be drawn anew with it."""

    factor: float
    look: Look
    width: int = 1920
    own_font: bool = False

    def inside_panel(self, share: float) -> int:
        """Design px inside a panel that takes that share of the page's width; on a narrow window panels stand one below another."""
        if self.width < _NARROW:
            return self.width - _PHONE_MARGINS - _PANEL_PADDING
        return round((self.width - _SIDEBAR_AND_MARGINS) * share) - _PANEL_PADDING


def parse(reported: object, look: Look) -> Screen:
    """The report ``factor;width;theme;font`` of the browser; nonsense or nothing means a plain screen in ``look``."""
    try:
        factor, width, theme, font = str(reported).split(";")
        size = min(max(float(factor), 0.5), 4.0)
        return Screen(size, look_named(theme), min(max(int(width), 320), 8000), font == "own")
    except ValueError:
        return Screen(1.0, look)


def current_screen(key: str = "yanpan-screen") -> Screen:
    """The viewer's screen as last reported; call once per run, before the pictures."""
    look = current_look()
    known = st.session_state.get(key)
    before = known.get("screen") if known is not None else None
    data = {"said": before or f"1.00;1920;{look.name};system"}
    result = _COMPONENT(key=key, data=data, default={"screen": before}, on_screen_change=lambda: None)
    return parse(result.screen, look)
