"""The score under schemes of a deployment's own: ledger, veto, minimum n, and what it is made of."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_access import settings
from metrics.core.evaluate import evaluate
from metrics.core.model import Score
from metrics.core.period import Period
from metrics.core.query import Query
from metrics.core.scheme import scheme, schemes
from metrics.core.scoring import evaluate_scheme, explain_score
from metrics.core.waterfall import waterfall
from metrics.registry import metrics
from tests.metrics import examples
from tests.metrics.conftest import City, CityOf

_QUERY = Query(("assessment_score",), examples.ROOT, 3, Period.inclusive(date(2026, 3, 1), date(2026, 3, 31)))
# The worked example's: six parts, of which 督办按期 has too few, and 3.00 points in the ledger.
_BASE = 22_900 / 408

Rewrite = Callable[[str, str], None]


@pytest.fixture
def city(city_of: CityOf) -> City:
    example = metrics()["assessment_score"].example
    assert example is not None
    return city_of(example.tables)


@pytest.fixture
def rewrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rewrite]:
    """Puts ``new`` for ``old`` in the balanced scheme of a deployment of its own."""
    shutil.copytree(settings.PROJECT / "config" / "assessment", tmp_path / "assessment")
    monkeypatch.setenv("YANPAN_CONFIG", str(tmp_path))
    path = tmp_path / "assessment" / "balanced.toml"

    def put(old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        schemes.cache_clear()

    yield put
    schemes.cache_clear()


def _score(city: City) -> dict[str, Any]:
    return evaluate(_QUERY, city.snapshot, metrics()).row(0, named=True)


def _parts(city: City) -> pl.DataFrame:
    return explain_score(Score("balanced"), _QUERY, lambda inner: evaluate(inner, city.snapshot, metrics()))


@pytest.mark.parametrize(("cap", "deducted"), [(20.0, 3.0), (2.0, 2.0)])
def test_ledger_comes_off_up_to_its_cap(cap: float, deducted: float, city: City, rewrite: Rewrite) -> None:
    rewrite("deducted = false", "deducted = true")
    rewrite("cap = 20.0", f"cap = {cap}")
    assert _score(city)["value"] == pytest.approx(_BASE - deducted, abs=1e-12)


@pytest.mark.parametrize(("threshold", "effect", "value"), [(2, "cap", 40.0), (3, "cap", _BASE), (2, "flag", _BASE)])
def test_veto_caps_last(threshold: int, effect: str, value: float, city: City, rewrite: Rewrite) -> None:
    veto = f'[[veto]]\nmetric = "orders_overdue"\nthreshold = {threshold}\neffect = "{effect}"\ncap = 40\n\n[ledger]'
    rewrite("[ledger]", veto)
    assert _score(city)["value"] == pytest.approx(value, abs=1e-12)


def _cell(city: City, name: str = "balanced") -> dict[str, Any]:
    return evaluate_scheme(scheme(name), _QUERY, lambda inner: evaluate(inner, city.snapshot, metrics())).row(
        0, named=True
    )


@pytest.mark.parametrize(
    ("rule", "flags", "ceiling"),
    [
        ('metric = "orders_overdue"\nthreshold = 2\neffect = "flag"\nlabel = "超期"', ["超期"], 100.0),
        ('metric = "orders_overdue"\nthreshold = 2\neffect = "cap"\ncap = 40', ["orders_overdue"], 40.0),
        ('metric = "orders_overdue"\nthreshold = 3\neffect = "flag"', [], 100.0),
        (
            'metric = "backlog_clear_rate"\nthreshold = 0.65\neffect = "cap"\nwhen = "at_most"',
            ["backlog_clear_rate"],
            0.0,
        ),
        ('metric = "backlog_clear_rate"\nthreshold = 0.64\neffect = "cap"\nwhen = "at_most"', [], 100.0),
        # 12 of 14 orders: a rate of too few cases strikes nobody.
        ('metric = "orders_on_time_rate"\nthreshold = 1.0\neffect = "cap"\nwhen = "at_most"', [], 100.0),
    ],
)
def test_a_veto_is_seen(rule: str, flags: list[str], ceiling: float, city: City, rewrite: Rewrite) -> None:
    rewrite("[ledger]", f"[[veto]]\n{rule}\n\n[ledger]")
    cell = _cell(city)
    assert (cell["flags"], cell["ceiling"], cell["value"]) == (flags, ceiling, pytest.approx(min(_BASE, ceiling)))


@pytest.mark.parametrize(("points", "cap", "off"), [(0.5, 5.0, 1.0), (4.0, 5.0, 5.0), (100.0, 100.0, 100.0)])
def test_a_negative_list_takes_off_up_to_its_cap(
    points: float, cap: float, off: float, city: City, rewrite: Rewrite
) -> None:
    item = f'[[negative]]\nlabel = "超期"\nmetric = "orders_overdue"\npoints = {points}\ncap = {cap}\n\n[ledger]'
    rewrite("[ledger]", item)
    cell = _cell(city)
    assert (cell["negative"], cell["value"]) == (off, pytest.approx(max(0.0, _BASE - off)))


def test_the_ledger_stands_beside_a_score_that_does_not_deduct_it(city: City) -> None:
    cell = _cell(city)
    assert (cell["points"], cell["deducted"], cell["state"]) == (3.0, 0.0, "ok")


@pytest.mark.parametrize(("level", "state"), [(3, "not_measured"), (2, "ok"), (1, "not_measured")])
def test_a_ledger_scores_counties_only(level: int, state: str, city: City) -> None:
    query = Query((), examples.ROOT, level, _QUERY.period)
    cell = evaluate_scheme(scheme("zhuzhou"), query, lambda inner: evaluate(inner, city.snapshot, metrics()))
    assert cell["state"].to_list() == [state]
    assert cell["value"].to_list() == [100.0 if level == 1 else 97.0]


def test_what_moved_a_score_when_a_part_drops_out(city_of: CityOf) -> None:
    """In January 20 of 20 accepted and 18 of 20 mediated; in February 19 of 20 accepted and too few mediated."""
    tables = {
        "petition": """
times  registered_at     accept_due_on  accepted_on
20     2025-12-20 09:00  2026-01-10     2026-01-05
19     2025-12-20 09:00  2026-02-10     2026-02-05
1      2025-12-20 09:00  2026-02-10     -
""",
        "mediation": """
times  accepted_at       outcome    concluded_on
18     2026-01-02 09:00  succeeded  2026-01-20
2      2026-01-02 09:00  failed     2026-01-20
3      2026-02-02 09:00  succeeded  2026-02-20
""",
    }
    months = [Period.inclusive(date(2026, month, 1), date(2026, month, 28)) for month in (1, 2)]
    snapshot = city_of(tables).snapshot
    for now, before in (months[::-1], months):
        rows = waterfall(
            scheme("balanced"),
            Query((), examples.ROOT, 3, now),
            before,
            lambda inner: evaluate(inner, snapshot, metrics()),
        )
        change = dict(rows.select("label", "change").rows())
        accepted, mediated = 100.0, 100 * (0.90 - 0.60) / 0.38
        january, february = (0.15 * accepted + 0.20 * mediated) / 0.35, 50.0
        way = 1 if now == months[1] else -1
        # Its weight was 3/7 and is 1: the fall of half its worth is taken at the mean, 5/7.
        assert change["按期受理"] == pytest.approx(way * -50.0 * (3 / 7 + 1) / 2)
        assert change["调解成功"] == 0.0, "it counts in one month only: all of it is a change of weights"
        assert change["计分项增减与权重分摊"] == pytest.approx(way * (february - january) - change["按期受理"])
        ends = [january, february][::way]
        assert rows["after"].to_list()[0] == pytest.approx(ends[0])
        assert rows["after"].to_list()[-1] == pytest.approx(ends[1])


def test_what_moved_a_score_by_deductions_and_veto(city: City, rewrite: Rewrite) -> None:
    """February has nothing but the backlog; in March the ledger and a veto come on top."""
    rewrite("deducted = false", "deducted = true")
    veto = '[[veto]]\nmetric = "orders_overdue"\nthreshold = 2\neffect = "cap"\ncap = 40\n\n[ledger]'
    rewrite("[ledger]", veto)
    february = Period.inclusive(date(2026, 2, 1), date(2026, 2, 28))
    rows = waterfall(scheme("balanced"), _QUERY, february, lambda inner: evaluate(inner, city.snapshot, metrics()))
    change = dict(rows.select("kind", "change").rows())
    assert (change["ledger"], change["bounds"]) == (-3.0, pytest.approx(40.0 - (_BASE - 3.0)))
    assert rows["after"][-1] == 40.0
    assert rows["after"][0] + rows["change"].sum() == pytest.approx(40.0)


def test_no_part_reaches_its_n(city: City, rewrite: Rewrite) -> None:
    rewrite("minimum_n = 15", "minimum_n = 1000")
    score = _score(city)
    assert (score["value"], score["state"]) == (None, "small_n")


def test_a_smaller_n_lets_the_orders_count(city: City, rewrite: Rewrite) -> None:
    rewrite("minimum_n = 15", "minimum_n = 14")
    worth = 0.10 * (12 / 14 - 0.60) / 0.40
    assert _score(city)["value"] == pytest.approx(100 * (_BASE / 100 * 0.85 + worth) / 0.95, abs=1e-12)


def test_parts_say_what_the_score_is_made_of(city: City) -> None:
    parts = _parts(city)
    assert parts.select("part", "numerator", "denominator", "counted").rows() == [
        ("按期受理", 57, 60, True),
        ("按期答复", 57, 60, True),
        ("满意×参评", 21, 21, True),
        ("调解成功", 79, 100, True),
        ("积案化解", 13, 20, True),
        ("督办按期", 12, 14, False),
    ]
    assert parts["worth"].to_list()[:5] == pytest.approx([0.5, 2 / 3, 0.625, 0.5, 0.5], abs=1e-12)
    satisfaction = parts.row(2, named=True)
    assert (satisfaction["value"], satisfaction["participation"]) == pytest.approx((0.875, 0.35), abs=1e-12)


def test_few_evaluations_do_not_halve_a_score(city_of: CityOf) -> None:
    petitions = """
times  registered_at     accept_due_on  accepted_on  replied_on  evaluable  evaluation  evaluated_on
20     2026-02-20 09:00  2026-03-07     2026-03-05   2026-03-20  false      satisfied   2026-03-25
2      2026-02-20 09:00  2026-03-07     2026-03-05   2026-03-20  true       -           -
"""
    city = city_of({"petition": petitions})
    counted = dict(_parts(city).select("part", "counted").rows())
    assert counted["按期受理"]
    assert not counted["满意×参评"]
    assert _score(city)["value"] == 100.0
