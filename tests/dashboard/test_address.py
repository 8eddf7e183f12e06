"""The address bar: a link opens the same view, what is unknown or stale is said and never an error."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import address
from dashboard.address import Selection
from dashboard.span import PICKABLE, Span, parse
from data_access.regions import RegionTree
from metrics.core.period import Grain, Period

LAST = date(2026, 11, 20)
METRICS = ("petition_volume", "repeat_share")
ROOT, COUNTY = "430200000000", "430281000000"
TREE = RegionTree(
    pl.DataFrame(
        [
            (ROOT, "株洲市", 3, None, "county", None, None, None),
            (COUNTY, "醴陵市", 2, ROOT, "county", None, None, None),
        ],
        schema={
            "region_code": pl.String,
            "name": pl.String,
            "level": pl.Int64,
            "parent_code": pl.String,
            "peer_group": pl.String,
            "population": pl.Int64,
            "longitude": pl.Float64,
            "latitude": pl.Float64,
        },
        orient="row",
    )
)
DEFAULT = Selection(ROOT, Span.holding(LAST, Grain.month), METRICS[0])
DAYS = st.dates(date(1990, 1, 1), LAST)
SPANS = st.one_of(
    st.builds(Span.holding, DAYS, st.sampled_from(list(PICKABLE))),
    st.builds(
        lambda first, days: Span(Period.inclusive(first, first + days), Grain.total),
        DAYS,
        st.timedeltas(max_value=date(1993, 1, 1) - date(1990, 1, 1), min_value=LAST - LAST),
    ),
).filter(lambda span: span.whole.start >= date(1990, 1, 1))
SELECTIONS = st.builds(Selection, st.sampled_from([ROOT, COUNTY]), SPANS, st.sampled_from(METRICS))


def read(**parameters: str) -> tuple[Selection, list[str]]:
    return address.read(parameters, TREE, DEFAULT, METRICS, LAST)


def test_an_empty_address_is_the_default_and_the_default_an_empty_address() -> None:
    assert read() == (DEFAULT, [])
    assert DEFAULT.words(DEFAULT) == {}
    assert DEFAULT.link("volume", DEFAULT) == "volume"


@given(SELECTIONS)
def test_a_link_opens_the_same_view(selection: Selection) -> None:
    link = urlsplit(selection.link("volume", DEFAULT))
    assert link.path == "volume"
    assert read(**dict(parse_qsl(link.query, strict_parsing=bool(link.query)))) == (selection, [])


def test_another_region_keeps_the_rest() -> None:
    assert DEFAULT.in_region(COUNTY) == Selection(COUNTY, DEFAULT.span, DEFAULT.metric)


@pytest.mark.parametrize(
    ("parameters", "note"),
    [
        ({"region": "999999"}, "地址中的区划 「999999」 不存在，已改为 株洲市"),
        ({"period": "2026-13"}, "地址中的期间 「2026-13」 不可用，已改为 2026年11月"),
        ({"period": "2027-01"}, "地址中的期间 「2027-01」 不可用，已改为 2026年11月"),
        ({"period": "1989"}, "地址中的期间 「1989」 不可用，已改为 2026年11月"),
        ({"period": "2020-01-01..2026-01-01"}, "地址中的期间 「2020-01-01..2026-01-01」 不可用，已改为 2026年11月"),
        ({"metric": "assessment_score"}, "本页没有指标 「assessment_score」，已改为默认指标"),
    ],
)
def test_what_is_unknown_or_stale_is_said(parameters: dict[str, str], note: str) -> None:
    assert read(**parameters) == (DEFAULT, [note])


def test_one_bad_word_does_not_spoil_the_others() -> None:
    selection, notes = read(region=COUNTY, period="never", metric=METRICS[1])
    assert selection == Selection(COUNTY, DEFAULT.span, METRICS[1])
    assert len(notes) == 1


def test_parameters_of_others_are_left_alone() -> None:
    assert read(screen="1", embed="true") == (DEFAULT, [])


def test_a_running_period_is_usable() -> None:
    running = parse("2026-Q4")
    assert running is not None
    assert read(period="2026-Q4") == (Selection(ROOT, running, METRICS[0]), [])


@given(st.dictionaries(st.sampled_from(address.KNOWN), st.text()))
def test_nonsense_is_never_an_error(parameters: dict[str, str]) -> None:
    selection, notes = read(**parameters)
    assert selection.region in TREE
    assert selection.metric in METRICS
    assert selection.span.whole.start <= LAST
    assert all(note.isprintable() and len(note) < 100 for note in notes)
