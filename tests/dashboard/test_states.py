"""What stands in a page's place when it cannot be drawn: always in the application's own style."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest


def failing_early() -> None:
    from dashboard import dress, states

    dress.begin()
    states.broken("A1B2C3")


def failing_midway() -> None:
    from dashboard import dress, states
    from dashboard.look import DARK

    dress.begin()
    dress.draw(DARK)
    states.broken("A1B2C3")


def forbidden() -> None:
    from dashboard import dress, states

    dress.begin()
    states.forbidden("只看本县")


@pytest.mark.parametrize(
    ("page", "said"),
    [(failing_early, "错误编号 A1B2C3"), (failing_midway, "错误编号 A1B2C3"), (forbidden, "只看本县")],
)
def test_the_card_is_styled_once_whenever_the_page_fails(page: Callable[[], None], said: str) -> None:
    run = AppTest.from_function(page, default_timeout=60).run()
    assert not run.exception
    drawn = [node.proto.body for node in run.get("html")]
    assert sum(".yp-state {" in body for body in drawn) == 1
    assert any(said in body for body in drawn)


def test_each_run_is_styled_anew() -> None:
    run = AppTest.from_function(failing_early, default_timeout=60).run().run()
    assert sum(".yp-state {" in node.proto.body for node in run.get("html")) == 1
