"""The address bar: a link opens the same view, what is unknown or stale is said and never an error."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import address
from dashboard.address import COMPARISONS, Offer, Selection, Switch
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
CODES = {"channel": ("visit", "web"), "category": ("010000", "020000", None)}
SCHEME = Switch("scheme", "方案", {"balanced": "均衡", "zhuzhou": "株洲"})
OFFER = Offer(
    TREE, LAST, METRICS, frozenset({*METRICS, "assessment_score"}), lambda name: CODES.get(name, ()), (SCHEME,)
)
DEFAULT = Selection(ROOT, Span.holding(LAST, Grain.month), METRICS[0])
DAYS = st.dates(date(1990, 1, 1), LAST)
SPANS = st.one_of(
    st.builds(Span.holding, DAYS, st.sampled_from(list(PICKABLE))),
    st.builds(
        lambda first, days: Span.over(Period.inclusive(first, first + days)),
        DAYS,
        st.timedeltas(max_value=date(1992, 12, 31) - date(1990, 1, 1), min_value=LAST - LAST),
    ),
).filter(lambda span: span.whole.start >= date(1990, 1, 1))
FILTERS = st.lists(st.sampled_from(sorted(CODES)), unique=True).flatmap(
    lambda names: st.tuples(
        *(
            st.tuples(st.just(name), st.lists(st.sampled_from(CODES[name]), min_size=1, unique=True).map(tuple))
            for name in names
        )
    )
)
SELECTIONS = st.builds(
    Selection,
    st.sampled_from([ROOT, COUNTY]),
    SPANS,
    st.sampled_from(METRICS),
    st.sampled_from(COMPARISONS),
    FILTERS,
    st.sampled_from([(), (("scheme", "zhuzhou"),)]),
)


def read(**parameters: str | list[str]) -> tuple[Selection, list[str]]:
    words = {name: [value] if isinstance(value, str) else value for name, value in parameters.items()}
    return address.read(words, DEFAULT, OFFER)


def test_an_empty_address_is_the_default_and_the_default_an_empty_address() -> None:
    assert read() == (DEFAULT, [])
    assert DEFAULT.words(DEFAULT) == {}
    assert DEFAULT.link("volume", DEFAULT) == "volume"


@given(SELECTIONS)
def test_a_link_opens_the_same_view(selection: Selection) -> None:
    link = urlsplit(selection.link("volume", DEFAULT))
    assert link.path == "volume"
    words: dict[str, list[str]] = {}
    for name, value in parse_qsl(link.query, strict_parsing=bool(link.query), keep_blank_values=True):
        words.setdefault(name, []).append(value)
    assert read(**words) == (selection, [])


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
        ({"metric": "none"}, "没有指标 「none」，已改为默认指标"),
        ({"compare": "fair"}, "没有比较方式 「fair」，已改为默认方式"),
        ({"channel": "fax"}, "地址中的渠道 「fax」 不存在，已忽略"),
        ({"scheme": "mine"}, "地址中的方案 「mine」 不可用，已忽略"),
    ],
)
def test_what_is_unknown_or_stale_is_said(parameters: dict[str, str], note: str) -> None:
    assert read(**parameters) == (DEFAULT, [note])


def test_a_metric_of_another_page_is_passed_over_without_a_word() -> None:
    assert read(metric="assessment_score") == (DEFAULT, [])


def test_of_two_codes_the_known_one_is_kept() -> None:
    selection, notes = read(channel=["fax", "visit"], category="")
    assert selection.where == (("channel", ("visit",)), ("category", (None,)))
    assert len(notes) == 1


def test_what_goes_along_to_another_page() -> None:
    words = {"region": [ROOT], "channel": ["web"], "peers": ["urban"], "scheme": ["mine"], "other": ["x"]}
    kept = address.carried(words, (Switch("peers", "同类", {"all": "全部"}, shared=True), SCHEME))
    assert set(kept) == {"region", "channel", "peers"}


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


@given(st.dictionaries(st.sampled_from([*address.CARRIED, "channel", "category", "organ_code", "scheme"]), st.text()))
def test_nonsense_is_never_an_error(parameters: dict[str, str | list[str]]) -> None:
    selection, notes = read(**parameters)
    assert selection.region in TREE
    assert selection.metric in METRICS
    assert selection.span.whole.start <= LAST
    assert all(note.isprintable() and len(note) < 100 for note in notes)
