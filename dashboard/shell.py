"""The frame of every page: it reads the address, draws the bar (``dashboard/bar.py``) and gives the page to its panels."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import address, answers, as_seen, bar, current, dress, exploring, history, saved_views, waiting
from dashboard.address import Offer, Selection
from dashboard.exploring import ExploreQuery
from dashboard.page import Page, PageSpec
from dashboard.span import Span
from dashboard.views.screen import current_screen
from data_access.snapshot import Snapshot
from data_access.store import Provenance
from metrics.core.calendar import since_last_meeting
from metrics.core.period import DAY
from metrics.registry import metrics

#: How often the head of an open page is drawn anew.
_HEAD_SECONDS = 30.0


def open_page(title: str | None, spec: PageSpec) -> Page:
    """Draw the page's bar and read what is selected. Stops the run while no snapshot is there."""
    name = (title or spec.path).strip()
    screen = current_screen()
    dress.draw(screen.look)
    used = current.snapshot()
    if used is None:
        waiting.show()
        st.stop()
    words, saved_notes = _words(spec)
    snapshot, seen, seen_notes = history.asked_for(words, used)
    default = _default(snapshot, spec)
    offer = Offer(
        snapshot.regions,
        snapshot.provenance.business_date,
        spec.metrics,
        frozenset(metrics()),
        lambda dimension: answers.codes(snapshot, dimension),
        spec.all_switches,
    )
    # The metrics of a page that asks freely are read with its other words, not as the one of map and league.
    common = {word: values for word, values in words.items() if not (spec.free and word == "metric")}
    selection, notes = address.read(common, default, offer)
    selection, notes = replace(selection, snapshot=seen), [*seen_notes, *notes]
    asked = None
    if spec.free:
        selection, asked, own_notes = _asked(words, selection, default, snapshot)
        notes = [*saved_notes, *notes, *own_notes]
    page = Page(name, spec, snapshot, selection, default, screen, _visit(selection), asked=asked)
    bar.show(page)
    as_seen.strip(page)
    for note in notes:
        st.caption(note)
    return page


def headline(page: Page, finding: str, detail: str) -> None:
    """The page's name, what it finds, the marks of the data, and quietly what exactly is shown and of when."""
    _head(page.title, finding, detail, page.snapshot.provenance, page.selection.snapshot is not None)


@st.fragment(run_every=_HEAD_SECONDS)
def _head(title: str, finding: str, detail: str, made: Provenance, then: bool) -> None:
    """Drawn anew by itself, so that the badge of a page left open turns. Holds no snapshot, which would stay in memory."""
    marks = bar.marks_then(made) if then else bar.marks(made)
    st.html(
        f'<div class="yp-head"><h1>{escape(title)}</h1><b>{escape(finding)}</b>{marks}</div>'
        f'<p class="yp-quiet yp-detail">{escape(detail)}</p>'
    )


def _words(spec: PageSpec) -> tuple[dict[str, list[str]], list[str]]:
    """The parameters of the address, on a page that asks freely those of the saved view that it names beneath them."""
    words = {key: st.query_params.get_all(key) for key in st.query_params}
    name = words.get(saved_views.WORD, [""])[-1]
    if not spec.free or not name:
        return words, []
    view = saved_views.named(name)
    if view is None:
        return words, [f"没有名为 {address.quoted(name)} 的已存视图，可能已被删除"]
    return {word: list(values) for word, values in view.words.items()} | words, []


def _asked(
    words: dict[str, list[str]], selection: Selection, default: Selection, snapshot: Snapshot
) -> tuple[Selection, ExploreQuery, list[str]]:
    """What the words ask freely, and the selection that holds its words too."""
    beginning, tree = ExploreQuery((default.metric,)), snapshot.regions
    known = answers.Recorded(snapshot, selection.region)
    asked, notes = exploring.read(words, beginning, known, tree, tree.get(selection.region))
    return replace(selection, metric=asked.metrics[0], own=asked.words(beginning)), asked, notes


def _visit(selection: Selection) -> int:
    last, number = st.session_state.get("yp-visit", (selection, 0))
    number += last != selection
    st.session_state["yp-visit"] = (selection, number)
    return int(number)


def _default(snapshot: Snapshot, spec: PageSpec) -> Selection:
    last = snapshot.provenance.business_date
    # The meeting of the day after the business date looks back on all days since the one before.
    span = Span.over(since_last_meeting(last + DAY)) if spec.since_meeting else Span.holding(last, spec.grain)
    return Selection(snapshot.regions.root.code, span, spec.metrics[0])
