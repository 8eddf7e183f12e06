"""The catalogue's search, its address, and where a metric is shown."""

from __future__ import annotations

import pytest

from dashboard.navigation import ORDER
from dashboard.panels import catalogue
from dashboard.panels.catalogue import SOUGHT
from dashboard.panels.catalogue_where import pages_with
from dashboard.panels.health_check import in_words, rows_of
from data_access.check import Report
from data_access.findings import Finding, Severity
from metrics.catalogue import matching
from metrics.registry import families, metrics


def keys(sought: str) -> set[str]:
    return {metric.key for members in matching(sought).values() for metric in members}


@pytest.mark.parametrize(
    ("sought", "among"),
    [
        ("reply_on", "reply_on_time_rate"),
        ("按期答复率", "reply_on_time_rate"),
        ("REPLY time", "reply_on_time_rate"),
        ("答复期限 届满", "reply_on_time_rate"),
        ("调解成效", "mediation_accepted"),
    ],
)
def test_a_metric_is_found_by_key_name_and_words_of_its_definition(sought: str, among: str) -> None:
    assert among in keys(sought)
    assert len(keys(sought)) < len(metrics()) / 3


def test_every_word_must_occur() -> None:
    assert keys("答复 调解成功率") == set()
    assert matching("没有这样的指标") == {}


@pytest.mark.parametrize("nothing", ["", "   "])
def test_nothing_sought_is_everything_in_its_order(nothing: str) -> None:
    assert list(matching(nothing)) == list(families())
    assert keys(nothing) == set(metrics()) == set(catalogue.KEYS)


@pytest.mark.parametrize(
    ("text", "taken"), [("答复", True), ("", True), ("x" * 40, True), ("x" * 41, False), ("a\nb", False)]
)
def test_what_is_sought_stands_in_the_address_as_it_is(text: str, taken: bool) -> None:
    assert (text in SOUGHT.choices) == taken
    if taken:
        assert SOUGHT.choices[text] == text
    assert SOUGHT.default == ""


def test_pages_are_found_by_what_stands_in_them() -> None:
    assert "quality" in pages_with("reply_on_time_rate")
    assert "assessment" in pages_with("reply_on_time_rate")
    assert "mediation" not in pages_with("reply_on_time_rate")
    for key in metrics():
        found = pages_with(key)
        assert found[-1] == "explore"
        assert list(found[:-1]) == [name for name in ORDER if name in found[:-1]]


def test_findings_are_in_chinese_and_stand_under_their_table() -> None:
    negative = "5 行的 replied_on 早于 registered_at，天数为负（negative duration），平均天数照实计入"
    report = Report(
        (),
        (
            Finding(Severity.WARNING, negative, "petition"),
            Finding(Severity.ERROR, "列 region_code 有 1 行为空，约定不为空（null）", "petition"),
            Finding(Severity.WARNING, "用户有管理权，只读足够（SELECT only）"),
        ),
        {"petition": 12, "region": 3},
    )
    assert in_words(negative) == "5 行的「答复日期」早于「登记时间」，天数为负，平均天数照实计入"
    rows = list(rows_of(report))
    assert [row.cells[2].text for row in rows[:3]] == [
        "提醒：用户有管理权，只读足够",
        "错误：列「区划」有 1 行为空，约定不为空",
        "提醒：5 行的「答复日期」早于「登记时间」，天数为负，平均天数照实计入",
    ]
    assert rows[2].cells[2].title == negative
    assert [(row.cells[0].text, row.cells[1].text, row.cells[2].text) for row in rows[3:5]] == [
        ("区划", "3", "正常"),
        ("单位", "未读", "没有核对到"),
    ]
