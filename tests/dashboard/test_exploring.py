"""A free question in the address: a link opens the same view, what does not fit is said and never an error."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from dashboard import address, exploring, routes
from dashboard.address import Offer, Selection
from dashboard.exploring import MOST_BY, MOST_METRICS, ExploreQuery
from dashboard.export import FORMATS, LAYOUTS
from dashboard.panels.explore import by_options, metric_families, range_of
from dashboard.span import Span
from data_access.regions import COUNTY, PREFECTURE, TOWNSHIP, VILLAGE, RegionTree
from metrics.core.model import Score
from metrics.core.period import Grain, Period
from metrics.core.query import EVERYTHING, BadQuery, check
from metrics.registry import metrics

LAST = date(2026, 11, 20)
ROOT, LILING, TOWN, VILLAGE_CODE = "430200000000", "430281000000", "430281101000", "430281101001"
TREE = RegionTree(
    pl.DataFrame(
        [
            (ROOT, "株洲市", 3, None, "county", None, None, None),
            (LILING, "醴陵市", 2, ROOT, "county", None, None, None),
            (TOWN, "某镇", 1, LILING, "county", None, None, None),
            (VILLAGE_CODE, "某村", 0, TOWN, "county", None, None, None),
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
KNOWN = metrics()
BEGINNING = ExploreQuery(("petition_volume",))
DEFAULT = Selection(ROOT, Span.holding(LAST, Grain.month), BEGINNING.metrics[0])
OFFER = Offer(TREE, LAST, tuple(KNOWN), frozenset(KNOWN), lambda _: ("visit", None))
PERIOD = Period.inclusive(date(2026, 11, 1), LAST)


def read(region: str = ROOT, **parameters: str | list[str]) -> tuple[ExploreQuery, list[str]]:
    words = {name: [value] if isinstance(value, str) else value for name, value in parameters.items()}
    return exploring.read(words, BEGINNING, KNOWN, TREE, TREE.get(region))


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, ExploreQuery]:
    """A region, and a question that can be asked of it."""
    region = draw(st.sampled_from([ROOT, LILING, TOWN]))
    keys = tuple(draw(st.lists(st.sampled_from(list(KNOWN)), min_size=1, max_size=MOST_METRICS, unique=True)))
    chosen = [KNOWN[key] for key in keys]
    levels = exploring.levels(chosen, TREE, TREE.get(region))
    fitting = exploring.common_dimensions(chosen)
    by = draw(st.lists(st.sampled_from(fitting), max_size=MOST_BY, unique=True)) if fitting else []
    query = ExploreQuery(
        keys,
        draw(st.sampled_from([None, *levels])),
        draw(st.sampled_from(list(Grain))),
        tuple(by),
        draw(st.booleans()),
        draw(st.sampled_from(["", *exploring.SHOWN])),
        find=draw(st.sampled_from(["", "白兔 镇", "2025-03"])),
        page=draw(st.integers(1, 10_000)),
    )
    column = draw(st.sampled_from(["", *exploring.sortable(query)]))
    return region, replace(query, sort=f"-{column}" if column and draw(st.booleans()) else column)


@given(questions())
def test_a_link_opens_the_same_question(asked: tuple[str, ExploreQuery]) -> None:
    region, query = asked
    selection = replace(DEFAULT, region=region, metric=query.metrics[0], own=query.words(BEGINNING))
    words: dict[str, list[str]] = {}
    link = urlsplit(selection.link("explore", DEFAULT))
    for name, value in parse_qsl(link.query, strict_parsing=bool(link.query), keep_blank_values=True):
        words.setdefault(name, []).append(value)
    assert exploring.read(words, BEGINNING, KNOWN, TREE, TREE.get(region)) == (query, [])
    common = {name: values for name, values in words.items() if name != "metric"}
    found, notes = address.read(common, DEFAULT, OFFER)
    assert (found.region, found.span, notes) == (region, DEFAULT.span, [])


@given(questions(), st.sampled_from(FORMATS), st.sampled_from(LAYOUTS))
def test_the_export_of_a_question_asks_the_same(asked: tuple[str, ExploreQuery], kind: str, layout: str) -> None:
    region, query = asked
    where = (("channel", ("visit", None)), ("kind", ("prompt",)))
    question = exploring.question(query, KNOWN, TREE, TREE.get(region), PERIOD, where)
    link = urlsplit(routes.address_of(question, kind, layout))  # type: ignore[arg-type]
    words = QueryParams(link.query)
    assert link.path == routes.EXPORT_PATH
    assert routes.query_of(words, TREE) == question
    assert (words.get("format", "csv"), words.get("layout", "tidy")) == (kind, layout)
    check(question, dict(KNOWN), TREE, EVERYTHING)


def test_the_beginning_needs_no_words() -> None:
    assert read() == (BEGINNING, [])
    assert BEGINNING.words(BEGINNING) == ()


@pytest.mark.parametrize(
    ("parameters", "note"),
    [
        ({"metric": "none"}, "没有指标 「none」，已忽略"),
        ({"level": "street"}, "没有层级 「street」，已改为默认层级"),
        ({"level": "nation"}, "株洲市不能按国家列出，已改为默认层级"),
        ({"level": "village"}, "信访总量在村(社区)一级不统计，已改为默认层级"),
        ({"grain": "hour"}, "没有粒度 「hour」，已改为默认"),
        ({"by": "colour"}, "没有细分 「colour」，已忽略"),
        ({"by": "outcome"}, "不是所选指标都有的细分：调解结果，已忽略"),
        ({"show": "pie"}, "没有呈现方式 「pie」，已改为默认"),
        ({"changes": "maybe"}, "没有对比列 「maybe」，已改为默认"),
        ({"sort": "-name"}, "没有可排序的列 「-name」，已忽略"),
        ({"sort": "petition_volume.previous"}, "没有可排序的列 「petition_volume.previous」，已忽略"),
    ],
)
def test_what_does_not_fit_is_said_and_passed_over(parameters: dict[str, str], note: str) -> None:
    assert read(**parameters) == (BEGINNING, [note])


def test_of_several_metrics_the_known_are_kept_and_not_too_many() -> None:
    query, notes = read(metric=["none", "repeat_share", "repeat_share", "petition_volume"])
    assert (query.metrics, len(notes)) == (("repeat_share", "petition_volume"), 1)
    query, notes = read(metric=list(KNOWN))
    assert query.metrics == tuple(KNOWN)[:MOST_METRICS]
    assert notes == [f"最多同时看 {MOST_METRICS} 项指标，其余已忽略"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "²", "1e3", "99999999999999999999"])
def test_a_page_that_is_none_is_the_first(page: str) -> None:
    assert read(page=page) == (BEGINNING, [])


@given(
    st.dictionaries(
        st.sampled_from([*exploring.OWN_WORDS, "view", "region", "channel"]), st.lists(st.text(max_size=50), max_size=4)
    ),
    st.sampled_from([ROOT, LILING, TOWN, VILLAGE_CODE]),
)
def test_nonsense_is_never_an_error(parameters: dict[str, list[str]], region: str) -> None:
    query, notes = exploring.read(parameters, BEGINNING, KNOWN, TREE, TREE.get(region))
    assert query.metrics
    assert set(query.metrics) <= set(KNOWN)
    assert all(note.isprintable() and len(note) < 100 for note in notes)
    question = exploring.question(query, KNOWN, TREE, TREE.get(region), PERIOD, ())
    check(question, dict(KNOWN), TREE, EVERYTHING)


# What fits the metrics ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "region", "offered", "default"),
    [
        (("petition_volume",), ROOT, [PREFECTURE, COUNTY, TOWNSHIP], COUNTY),
        (("mediation_accepted",), ROOT, [PREFECTURE, COUNTY, TOWNSHIP, VILLAGE], COUNTY),
        (("mediation_accepted", "orders_issued"), ROOT, [PREFECTURE, COUNTY], COUNTY),
        (("orders_issued",), LILING, [COUNTY], COUNTY),
        (("orders_issued",), TOWN, [], TOWNSHIP),
        (("mediation_accepted",), TOWN, [TOWNSHIP, VILLAGE], TOWNSHIP),
        (("feed_records", "petition_volume"), ROOT, [PREFECTURE], PREFECTURE),
    ],
)
def test_only_levels_are_offered_at_which_all_metrics_are_measured(
    keys: tuple[str, ...], region: str, offered: list[int], default: int
) -> None:
    place = TREE.get(region)
    assert exploring.levels([KNOWN[key] for key in keys], TREE, place) == offered
    assert exploring.level_shown(ExploreQuery(keys), KNOWN, TREE, place) == default


def test_break_downs_are_the_common_ones_and_the_others_say_what_lacks_them() -> None:
    options = by_options([KNOWN["petition_volume"], KNOWN["mediation_accepted"]], ())
    assert [(option.key, option.refused) for option in options if not option.refused] == [("channel", "")]
    refused = {option.key: option.refused for option in options if option.refused}
    assert refused["outcome"] == "信访总量不分此项"
    assert refused["purpose"] == "调解受理不分此项"
    assert by_options([KNOWN["assessment_score"]], ()) == []


def test_a_filter_holds_for_all_metrics_or_for_none() -> None:
    where = (("channel", ("visit",)), ("purpose", ("appeal",)))
    both = exploring.question(
        ExploreQuery(("petition_volume", "mediation_accepted")), KNOWN, TREE, TREE.root, PERIOD, where
    )
    assert both.where == (("channel", ("visit",)),)


def test_ticking_a_metric_lets_go_of_what_no_longer_fits() -> None:
    query = ExploreQuery(("petition_volume",), by=("purpose", "channel"), sort="-petition_volume", page=7)
    more = query.toggled_metric("mediation_accepted", KNOWN)
    assert (more.metrics, more.by, more.page) == (("petition_volume", "mediation_accepted"), ("channel",), 1)
    less = more.toggled_metric("petition_volume", KNOWN)
    assert (less.metrics, less.sort) == (("mediation_accepted",), "")
    assert less.toggled_metric("mediation_accepted", KNOWN).metrics == ("mediation_accepted",)
    assert more.toggled_by("channel").by == ()


def test_every_metric_is_offered_once_by_its_family() -> None:
    keys = [option.key for family in metric_families() for option in family.options]
    assert sorted(keys) == sorted(KNOWN)


@pytest.mark.parametrize("region", [ROOT, LILING, TOWN])
def test_every_ready_question_can_be_asked_and_is_its_own_address(region: str) -> None:
    place = TREE.get(region)
    found = list(exploring.ready_for(KNOWN, TREE, place))
    assert len(found) == (len(exploring.READY) if region == ROOT else len(found))
    assert len(found) >= 4
    for ready, query in found:
        words = {name: list(values) for name, values in query.words(BEGINNING)}
        assert exploring.read(words, BEGINNING, KNOWN, TREE, place) == (query, [])
        assert ready.span(LAST).whole.start <= LAST
        assert not any(isinstance(KNOWN[key].kind, Score) and query.by for key in query.metrics)


def test_last_years_over_level_visits_by_township_is_one_click() -> None:
    ready, query = next(iter(exploring.ready_for(KNOWN, TREE, TREE.root)))
    assert ready.label == "上年各乡镇越级走访"
    assert (query.metrics[0], query.level, query.grain) == ("over_level_batches", TOWNSHIP, Grain.total)
    assert ready.span(LAST).whole == Period.inclusive(date(2025, 1, 1), date(2025, 12, 31))


# Typed days -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["2026-03-01", "2026-3-1", "2026/3/1", "2026.03.01", "2026年3月1日", " 2026-03-01 "])
def test_days_may_be_typed_as_one_writes_them(first: str) -> None:
    assert range_of(first, "2026-03-31", str(LAST)) == Span.over(Period.inclusive(date(2026, 3, 1), date(2026, 3, 31)))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-02-30", "2026-03-01", "开始日期「2026-02-30」不是日期"),
        ("", "2026-03-01", "开始日期「」不是日期"),
        ("2026-03-01", "三月", "结束日期「三月」不是日期"),
        ("2026-03-02", "2026-03-01", "结束日期早于开始日期"),
        ("1989-12-31", "1990-03-01", "开始日期不能早于 1990 年"),
        ("2026-11-21", "2026-11-30", "开始日期晚于业务日期 2026-11-20，还没有数据"),
        ("2020-01-01", "2026-01-01", "一次最多看三年"),
    ],
)
def test_days_that_are_none_are_said_in_chinese(first: str, last: str, said: str) -> None:
    with pytest.raises(BadQuery, match=said):
        range_of(first, last, str(LAST))
