"""The catalogue as text: complete, readable, and docs/metrics.md never stale."""

from __future__ import annotations

import re

import pytest

from data_access.settings import PROJECT, thresholds
from metrics import catalogue
from metrics.registry import metrics


def test_the_document_is_what_the_declarations_say() -> None:
    stored = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert stored == catalogue.markdown(), "stale: yanpan metrics --markdown > docs/metrics.md"


@pytest.mark.parametrize("key", metrics())
def test_every_metric_says_what_a_reader_must_know(key: str) -> None:
    metric = metrics()[key]
    facts = catalogue.facts_of(metric)
    assert all(facts.values()), facts
    assert metric.example is not None
    assert metric.definition.endswith(("。", "）"))
    text = "\n".join(catalogue.described(metric))
    assert metric.label in text
    assert not re.search(r"col\(|is_in|is_not_null|\[\(", text)


def test_thresholds_stand_in_the_definitions() -> None:
    limits = thresholds()
    assert f"{limits.group_visit_min_persons} 人" in metrics()["group_visit_batches"].definition
    assert f"{limits.group_visit_county_min_persons} 人" in metrics()["group_visit_county_batches"].definition
    assert f"第 {limits.frequent_repeat_min} 次" in metrics()["frequent_repeats"].definition


def test_the_overview_names_every_metric_once() -> None:
    listed = [line.split()[0].split("（")[0] for line in catalogue.overview() if line.startswith("  ")]
    assert len(listed) == len(metrics())
    assert all(any(line.startswith(key) for line in listed) for key in metrics())
