"""What a page run without a browser has drawn: its panels' contents and every word that a reader would see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.pages.site import ORDER, PROJECT

APP = PROJECT / "dashboard" / "app.py"
PAGES = PROJECT / "pages"
_MARKUP = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)
#: Fields of a component's data that are keys of the program, not words for the reader.
_KEYS = frozenset(
    {
        "key",
        "code",
        "state",
        "tone",
        "badge_tone",
        "href",
        "selected",
        "open",
        "said",
        "height",
        "width",
        "density",
        "kind",
        "side",
    }
)


def opened(name: str, **words: str) -> AppTest:
    """The page, run once with these words in the address."""
    run = AppTest.from_file(APP, default_timeout=60)
    if name != ORDER[0]:
        run.switch_page(str(PAGES / f"{name}.py"))
    for word, value in words.items():
        run.query_params[word] = value
    return run.run()


def component(run: AppTest, name: str) -> dict[str, Any]:
    """The data that the page's own component was sent, such as ``yanpan_kpi``."""
    return next(data for found, data in components(run) if found == name)


def components(run: AppTest) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every component of our own with its data."""
    for node in _nodes(run):
        if node.type == "bidi_component":
            yield node.proto.component_name, json.loads(node.proto.json)


def deck(run: AppTest) -> dict[str, Any]:
    """The map's description."""
    found = next(node.proto for node in _nodes(run) if node.type == "deck_gl_json_chart")
    content: dict[str, Any] = json.loads(found.json)
    return content


def heading(run: AppTest) -> str:
    """The page's name over its figures."""
    found = re.search(r"<h1>(.*?)</h1>", " ".join(markup(run)))
    return unescape(found[1]) if found else ""


def readable(run: AppTest) -> list[str]:
    """Every piece of text that a reader can come to see: markup, controls and their help, components, map and trend."""
    said = [unescape(_MARKUP.sub(" ", text)) for text in markup(run)]
    for node in _nodes(run):
        if node.type != "html":
            proto = getattr(node, "proto", None)
            said += [str(getattr(proto, field, "") or "") for field in ("label", "help", "placeholder", "body", "alt")]
        said += [str(option) for option in getattr(node, "options", [])]
        if node.type in ("popover", "plotly_chart"):
            said.append(_inner(node))
    for _, data in components(run):
        said += _strings(data)
    return [text for text in said if text.strip()]


def _inner(node: Any) -> str:
    if node.type == "popover":
        return str(node.proto.popover.label)
    spec = json.loads(node.proto.spec)
    texts = [text for trace in spec["data"] for text in trace.get("text", [])]
    marks = [mark.get("text", "") for mark in spec["layout"].get("annotations", [])]
    ticks = spec["layout"]["xaxis"].get("ticktext", [])
    return " ".join(re.sub(r"<[^>]*>", " ", text) for text in [*texts, *marks, *ticks])


def _strings(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [text for key, value in data.items() if key not in _KEYS for text in _strings(value)]
    if isinstance(data, list):
        return [text for value in data for text in _strings(value)]
    return [data] if isinstance(data, str) else []


def markup(run: AppTest) -> list[str]:
    """The pieces of HTML that the page itself has written."""
    return [node.proto.body for node in _nodes(run) if node.type == "html"]


def _nodes(run: AppTest) -> Iterator[Any]:
    waiting: list[Any] = [run._tree]
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(list(getattr(node, "children", {}).values())))
        yield node
