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
from metrics.core.scheme import schemes
from metrics.core.scoring import explain_score
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
