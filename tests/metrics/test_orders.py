"""Orders row by row: their state on a day, their order, and that they add up to the metrics of the same day."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl
import pytest

from data_access.live import live_store
from data_access.registers import supervision_order
from metrics.core.evaluate import evaluate
from metrics.core.period import Period
from metrics.core.query import BadQuery, Forbidden, Query, Scope
from metrics.orders import CLOSED_STATES, OPEN_STATES, handled_in, is_open, orders_on, state_words, with_states
from metrics.registry import metrics
from tests.metrics.conftest import CityOf
from tests.metrics.examples import COUNTY, ROOT, TOWNSHIP

MARCH_17 = date(2026, 3, 17)
_TEXT = """
kind         organ_code  issued_on   due_on      closed_on
commander    o1          2026-02-20  2026-03-05  2026-03-05
dispatch     o1          2026-03-01  2026-03-10  2026-03-12
supervision  -           2026-03-02  2026-03-17  -
prompt       -           2026-03-16  2026-03-31  -
warning      o2          2026-02-20  2026-03-02  -
bulletin     o2          2026-03-01  2026-03-16  2026-03-20
interview    o2          2026-03-18  2026-04-08  -
mystery      o1          2026-03-17  2026-03-19  -
inspection   -           2026-03-10  2026-03-01  2026-03-09
"""


def _row(kind: str, issued: date | None, due: date | None, closed: date | None) -> tuple[object, ...]:
    return (kind, COUNTY, None, issued, due, closed)


def _frame(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


_SCHEMA = {name: kind for name, kind in supervision_order.schema.items() if name != "entry_month"}


def test_each_state_with_its_days_the_most_urgent_first(city_of: CityOf) -> None:
    rows = orders_on(city_of({"supervision_order": _TEXT}).snapshot, ROOT, MARCH_17)
    assert rows.select("kind", "state", "days").rows() == [
        ("warning", "overdue", 15),
        ("bulletin", "overdue", 1),
        ("supervision", "due_today", 0),
        ("mystery", "running", 2),
        ("prompt", "running", 14),
        ("dispatch", "closed_late", 2),
        ("inspection", "closed_late", 8),
        ("commander", "closed_on_time", 0),
    ]


def test_what_is_closed_later_is_open_on_the_day(city_of: CityOf) -> None:
    bulletin = orders_on(city_of({"supervision_order": _TEXT}).snapshot, ROOT, MARCH_17).filter(kind="bulletin")
    assert bulletin["closed_on"].to_list() == [None]
    later = orders_on(city_of({"supervision_order": _TEXT}).snapshot, ROOT, date(2026, 3, 20)).filter(kind="bulletin")
    assert later.select("closed_on", "state", "days").row(0) == (date(2026, 3, 20), "closed_late", 4)


def test_names_and_unknown_codes(city_of: CityOf) -> None:
    rows = orders_on(city_of({"supervision_order": _TEXT}).snapshot, ROOT, MARCH_17)
    assert rows.filter(kind="warning").select("kind_label", "region_code", "organ_code", "organ_name").row(0) == (
        "警示函",
        COUNTY,
        "o2",
        None,
    )
    assert rows.filter(kind="mystery")["kind_label"].to_list() == ["mystery"]


def test_filters_hold_for_kind_and_organ_and_null_is_asked_for_by_none(city_of: CityOf) -> None:
    store = city_of({"supervision_order": _TEXT}).snapshot
    kinds = orders_on(store, ROOT, MARCH_17, where=[("kind", ("warning", "prompt"))])["kind"].to_list()
    assert kinds == ["warning", "prompt"]
    nobody = orders_on(store, ROOT, MARCH_17, where=[("organ_code", (None,))])["kind"].to_list()
    assert nobody == ["supervision", "prompt", "inspection"]
    with pytest.raises(BadQuery, match="batch"):
        orders_on(store, ROOT, MARCH_17, where=[("batch", ("x",))])


def test_the_region_and_the_scope_bound_what_is_read(city_of: CityOf) -> None:
    store = city_of({"supervision_order": _TEXT}).snapshot
    assert orders_on(store, TOWNSHIP, MARCH_17).is_empty()
    assert orders_on(store, COUNTY, MARCH_17).height == 8
    with pytest.raises(Forbidden):
        orders_on(store, ROOT, MARCH_17, Scope(frozenset({COUNTY})))
    with pytest.raises(BadQuery):
        orders_on(store, "999999999999", MARCH_17)


def test_of_a_period_the_open_ones_and_those_closed_inside_it(city_of: CityOf) -> None:
    rows = orders_on(city_of({"supervision_order": _TEXT}).snapshot, ROOT, MARCH_17)
    week = handled_in(rows, Period.inclusive(date(2026, 3, 11), MARCH_17))
    assert week["kind"].to_list() == ["warning", "bulletin", "supervision", "mystery", "prompt", "dispatch"]
    assert week.filter(is_open()).height == 5


def test_dates_that_are_none_get_no_days_and_no_verdict() -> None:
    rows = with_states(
        _frame(_row("prompt", MARCH_17, None, None), _row("prompt", None, None, date(2026, 3, 1))), MARCH_17
    )
    assert rows.select("state", "days").rows() == [("no_due", None), ("closed", None)]


@pytest.mark.parametrize(
    ("state", "days", "words"),
    [
        ("overdue", 1703, "超期 1,703 天"),
        ("due_today", 0, "今日到期"),
        ("running", 3, "剩 3 天"),
        ("no_due", None, "期限不明"),
        ("closed_late", 2, "逾期 2 天销号"),
        ("closed_on_time", 4, "按期销号"),
        ("closed", None, "已销号"),
    ],
)
def test_every_state_has_its_words(state: str, days: int | None, words: str) -> None:
    assert state in (*OPEN_STATES, *CLOSED_STATES)
    assert state_words(state, days) == words
    assert state_words("due_today", 0, today=False) == "当日到期"


def test_the_rows_add_up_to_the_metrics_of_every_day_in_both_stores(city_of: CityOf) -> None:
    chance = random.Random(20260317)
    start = date(2026, 1, 1)

    def line() -> str:
        issued = start + timedelta(days=chance.randrange(60))
        # Some are due before they are issued, or closed before: a source may write anything.
        due = issued + timedelta(days=chance.choice((-3, 0, 1, 5, 10, 30)))
        closed = chance.choice(("-", str(issued + timedelta(days=chance.randrange(-2, 40)))))
        return f"{chance.choice(('prompt', 'warning'))}  {chance.choice(('o1', 'o2', '-'))}  {issued}  {due}  {closed}"

    text = "\n".join(["kind  organ_code  issued_on  due_on  closed_on", *(line() for _ in range(120))])
    city = city_of({"supervision_order": text})
    keys = ("orders_open", "orders_overdue", "orders_due_in_3_days")
    with live_store(city.engine) as live:
        for store in (city.snapshot, live):
            for offset in range(0, 100, 7):
                day = start + timedelta(days=offset)
                where = (("kind", ("prompt",)),) if offset % 2 else ()
                query = Query(keys, ROOT, 3, Period.inclusive(day, day), where=where)
                counted = evaluate(query, store, metrics())["numerator"].to_list()
                rows = orders_on(store, ROOT, day, where=where)
                issued = rows.filter(is_open(), pl.col("issued_on") <= day).height
                overdue = rows.filter(state="overdue").height
                soon = rows.filter(pl.col("state") == "running", pl.col("days") <= 3).height
                assert [issued, overdue, soon] == counted, day
