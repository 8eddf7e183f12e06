"""The pyramid: its form by rule, and the picture as safe text."""

from __future__ import annotations

import pytest

from dashboard.views import pyramid
from dashboard.views.pyramid import Layer
from metrics.registry import metrics

EVIL = "<script>alert(1)</script>"
CASES = metrics()["police_disputes"]


@pytest.mark.parametrize(
    ("base", "police", "civil", "form"),
    [
        (407, 136, 103, "upright"),
        (100, 100, 100, "upright"),
        (99, 100, 20, "inverted"),
        (99, 20, 100, "inverted"),
        (12, 53, None, "inverted"),
        (60, 53, None, "upright"),
        (1, 9, 4, "few"),
        (5, 5, 5, "upright"),
        (None, 5, 500, "unknown"),
        (500, None, None, "unknown"),
    ],
)
def test_the_form_follows_the_rule(base: int | None, police: int | None, civil: int | None, form: str) -> None:
    assert pyramid.form(base, police, civil, minimum=15) == form


def test_the_finding_names_the_figures_that_make_it() -> None:
    assert pyramid.finding("甲市", 2054, 4242, 2335, 15) == "甲市呈倒金字塔：基层化解 2,054，少于警情 4,242、收案 2,335"
    assert pyramid.finding("甲市", 300, 4242, 20, 15) == "甲市呈倒金字塔：基层化解 300，少于警情 4,242"
    assert pyramid.finding("甲县", 407, 136, 103, 15) == "甲县呈正金字塔：基层化解 407，不少于警情 136、收案 103"
    assert pyramid.finding("某镇", 1, 2, 0, 15) == "某镇矛盾化解结构：样本不足"


def test_layers_are_as_broad_as_their_counts_and_a_missing_one_says_why() -> None:
    layers = [
        Layer(CASES, "民商事收案", None, note="记在上级"),
        Layer(CASES, "警情", 4000),
        Layer(CASES, "基层化解", 1000, "环比 +1.0%"),
    ]
    drawn = pyramid.html("甲市", layers, "inverted")
    assert 'class="bar" style="width:100.00%"' in drawn
    assert 'class="bar base narrow" style="width:25.00%"' in drawn
    assert "记在上级" in drawn
    assert (
        pyramid.alt("甲市", layers)
        == "甲市矛盾化解结构，自下而上：基层化解 1,000 件，警情 4,000 件，民商事收案 记在上级。"
    )


def test_nothing_at_all_is_no_division_by_zero() -> None:
    assert "width:0.00%" in pyramid.html("某镇", [Layer(CASES, "警情", 0), Layer(CASES, "基层化解", 0)], "few")


def test_a_name_is_never_markup() -> None:
    drawn = pyramid.html(EVIL, [Layer(CASES, EVIL, 1, EVIL), Layer(CASES, EVIL, None, note=EVIL)], "few")
    assert "<script" not in drawn
