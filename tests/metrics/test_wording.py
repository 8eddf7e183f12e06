"""Chinese words for everything that a declaration names: complete, and without a Latin letter left."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from data_access import contract
from data_access.changes import EVENTS
from data_access.facts import FACTS
from metrics.core.model import Count, Metric, Population, Ratio, Score, Stock, Total
from metrics.registry import metrics
from metrics.wording import (
    COLUMN_LABELS,
    FACT_LABELS,
    MEASURE_WORDS,
    TABLE_LABELS,
    condition_words,
    formula_words,
    value_words,
)

_LATIN = re.compile(r"[A-Za-z_]{2,}")


def totals(metric: Metric) -> Iterator[Total]:
    """Every total that a count, stock or ratio adds up."""
    kind = metric.kind
    parts: list[Total | Stock] = []
    if isinstance(kind, Count):
        parts = [kind.total]
    elif isinstance(kind, Stock):
        parts = [kind]
    elif isinstance(kind, Ratio):
        parts = [*kind.numerator, *(() if isinstance(kind.denominator, Population) else kind.denominator)]
    for part in parts:
        yield from (part,) if isinstance(part, Total) else filter(None, (part.entered, part.left))


def test_every_measure_of_every_fact_has_words() -> None:
    assert {fact.name: set(fact.measure_names) for fact in FACTS} == {
        name: set(words) for name, words in MEASURE_WORDS.items()
    }


def test_every_event_and_every_table_has_a_name() -> None:
    assert {fact.name for fact in EVENTS} == set(FACT_LABELS)
    assert {table.name for table in contract.metadata.tables.values()} == set(TABLE_LABELS)


def test_every_measured_column_of_the_contract_has_a_name() -> None:
    columns = {column.name for table in contract.metadata.tables.values() for column in table.columns}
    keys = {name for name in columns if name.endswith("_id")}
    unused = {"longitude", "latitude", "organ_kind", "document_no"}
    assert columns - keys - unused <= set(COLUMN_LABELS)


@pytest.mark.parametrize("key", metrics())
def test_formula_and_conditions_are_chinese(key: str) -> None:
    metric = metrics()[key]
    said = [condition_words(total) for total in totals(metric)]
    said += [] if isinstance(metric.kind, Score) else [formula_words(metric)]
    assert [text for text in said if _LATIN.search(text)] == []


def test_conditions_say_their_thresholds_and_lists() -> None:
    [group] = totals(metrics()["group_visit_county_batches"])
    assert condition_words(group) == "渠道为来访，10 人及以上，接收层级为县市区"
    base, *_ = totals(metrics()["pyramid_base_share"])
    assert condition_words(base) == "调解结果为调解成功，调委会为村（社区）调委会或乡镇（街道）调委会"
    assert condition_words(next(totals(metrics()["mediation_concluded"]))) == "调解结果已定"
    assert condition_words(next(totals(metrics()["petition_volume"]))) == ""


def test_a_formula_reads_as_it_is_computed() -> None:
    assert formula_words(metrics()["petition_per_10k"]) == "登记件次 ÷ 常住人口 × 10,000"
    assert formula_words(metrics()["orders_overdue"]) == "累计超过办理期限 − 累计其后已销号"
    assert formula_words(metrics()["deduction_points"]) == "已定扣分（百分之一分） ÷ 100"
    with pytest.raises(TypeError):
        formula_words(metrics()["assessment_score"])


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("channel", "visit", "来访"),
        ("evaluation", "satisfied", "基本满意"),
        ("status", "final", "已定"),
        ("evaluable", "true", "是"),
        ("replied_on", "-", "空"),
        ("registered_at", "2026-03-01 00:00", "2026-03-01 00:00"),
        ("channel", "fax", "fax"),
    ],
)
def test_a_cell_of_an_example_is_said_by_its_name(column: str, text: str, said: str) -> None:
    assert value_words(column, text) == said
