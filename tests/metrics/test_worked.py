"""The numbers in a formula are those that the metric's worked example declares."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.core.evaluate import evaluate
from metrics.core.model import Population, Ratio, Score
from metrics.core.period import Period
from metrics.core.query import Query
from metrics.registry import metrics
from metrics.worked import Term, added, terms
from tests.metrics.conftest import CityOf


def worked(key: str, city_of: CityOf, where: tuple[tuple[str, tuple[str | None, ...]], ...] = ()) -> list[Term]:
    """The terms of a metric in the city and the days of its own example."""
    metric = metrics()[key]
    example = metric.example
    assert example is not None
    snapshot = city_of(example.tables).snapshot
    root = snapshot.regions.root
    period = Period.inclusive(date.fromisoformat(example.first), date.fromisoformat(example.last))
    query = Query((key,), root.code, root.level, period, where=where)
    return terms(metric, query, lambda inner, single: evaluate(inner, snapshot, single))


@pytest.mark.parametrize("key", [key for key, metric in metrics().items() if not isinstance(metric.kind, Score)])
def test_the_terms_add_up_to_the_declared_figures(key: str, city_of: CityOf) -> None:
    metric = metrics()[key]
    assert metric.example is not None
    found = worked(key, city_of)
    assert added(found, "numerator") == metric.example.numerator
    if isinstance(metric.kind, Ratio) and not isinstance(metric.kind.denominator, Population):
        assert added(found, "denominator") == metric.example.denominator
    else:
        assert all(term.side == "numerator" for term in found)


def test_a_stock_is_what_entered_less_what_left(city_of: CityOf) -> None:
    entered, left = worked("orders_overdue", city_of)
    assert (entered.sign, left.sign) == (1, -1)
    assert entered.cumulative
    assert left.cumulative
    assert entered.words == "超过办理期限"


def test_a_filter_narrows_every_term(city_of: CityOf) -> None:
    whole = worked("web_share", city_of)
    visits = worked("web_share", city_of, (("channel", ("visit",)),))
    assert visits[0].figure == 0
    assert 0 < visits[1].figure < whole[1].figure


def test_a_score_has_no_terms(city_of: CityOf) -> None:
    assert worked("assessment_score", city_of) == []
