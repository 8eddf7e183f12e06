"""What the page of supervision says and lists: headline, sums, the matrix of risks, cells that open something."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.panels import orders, risk
from dashboard.views import table
from dashboard.views.table import Cell, Column, Row
from metrics.registry import metrics

LEVELS: risk.Named = {"high": "高", "medium": "中", "low": "低"}
DOMAINS: risk.Named = {"land": "土地管理", "labour": "劳动关系", None: "未填"}


def orders_frame(*rows: tuple[str, str | None, str, int | None]) -> pl.DataFrame:
    schema = {"region_name": pl.String, "organ_name": pl.String, "state": pl.String, "days": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_the_headline_names_the_place_with_most_overdue_and_the_longest() -> None:
    late = orders_frame(
        ("醴陵市", None, "overdue", 12),
        ("醴陵市", None, "overdue", 3),
        ("攸县", None, "overdue", 1),
        ("攸县", None, "running", 4),
    )
    assert orders.overdue_words(late, several=True) == "超期未销号 3 件，其中醴陵市 2 件；最长超期 12 天"


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (["攸县"], "超期未销号 1 件，在攸县；最长超期 9 天"),
        (["攸县", "攸县"], "超期未销号 2 件，均在攸县；最长超期 9 天"),
        (["攸县", "醴陵市"], "超期未销号 2 件；最长超期 9 天"),
        (["攸县", "攸县", "醴陵市", "醴陵市"], "超期未销号 4 件，其中攸县、醴陵市各 2 件；最长超期 9 天"),
    ],
)
def test_a_lead_is_named_where_it_says_something(places: list[str], said: str) -> None:
    assert orders.overdue_words(orders_frame(*((place, None, "overdue", 9) for place in places)), several=True) == said


def test_within_a_county_the_organ_is_named_without_the_county_and_a_missing_one_is_nobody() -> None:
    rows = [("醴陵市", "醴陵市公安局", "overdue", 9)] * 2 + [("醴陵市", None, "overdue", 2)] * 3
    assert orders.overdue_words(orders_frame(*rows), several=False) == "超期未销号 5 件，其中公安局 2 件；最长超期 9 天"


def test_without_overdue_orders_the_headline_says_what_is_due() -> None:
    rows = orders_frame(("攸县", None, "due_today", 0), ("攸县", None, "running", 4), ("攸县", None, "closed_late", 2))
    assert orders.overdue_words(rows, several=True) == "没有超期未销号的督办单；在办 2 件，其中今日到期 1 件"


def test_the_foot_adds_up() -> None:
    states = ["overdue", "overdue", "due_today", "running", "closed_late", "closed_on_time"]
    rows = orders_frame(*(("攸县", None, state, 1) for state in states))
    assert orders.sums(rows) == "在办 4 件（超期 2、当日到期 1、未到期 1）；本期销号 2 件，其中逾期 1。"
    assert orders.sums(orders_frame()) == "在办 0 件；本期销号 0 件。"


def test_the_matrix_of_risks_adds_up_both_ways() -> None:
    counts: risk.Counts = {("high", "land"): 2, ("low", "land"): 3, ("low", None): 1}
    drawn = risk.matrix(counts, LEVELS, DOMAINS)
    figures = {row["key"]: [cell["text"] for cell in row["cells"]] for row in drawn["rows"]}
    assert figures == {
        "high": ["高", "2", "2", "0", "0"],
        "medium": ["中", "0", "0", "0", "0"],
        "low": ["低", "4", "3", "0", "1"],
        "total": ["合计", "6", "5", "0", "1"],
    }
    assert drawn["label"] == "在册矛盾问题 6 个，高风险 2 个，土地管理最多。"


def test_a_click_in_the_matrix_narrows_to_what_it_stands_for() -> None:
    drawn = risk.matrix({("high", "land"): 2, ("low", None): 1}, LEVELS, DOMAINS)
    cells = {row["key"]: [cell["open"] for cell in row["cells"]] for row in drawn["rows"]}
    assert risk.wanted(cells["high"][2]) == [("risk_level", "high"), ("domain", "land")]
    assert risk.wanted(cells["low"][4]) == [("risk_level", "low"), ("domain", None)]
    assert risk.wanted(cells["high"][0]) == [("risk_level", "high")]
    assert risk.wanted(cells["total"][2]) == [("domain", "land")]
    assert not cells["medium"][0]


def test_an_empty_matrix_says_why() -> None:
    assert "没有在册" in risk.matrix({}, LEVELS, DOMAINS)["empty"]
    assert "该级不统计" in risk.matrix({}, LEVELS, DOMAINS, ["not_measured"])["empty"]
    assert risk.title_of({}, DOMAINS) == "没有在册矛盾问题"


def test_only_rows_and_cells_that_open_something_may_give_back_a_key() -> None:
    rows = [Row("row", [Cell("甲")], open=True), Row("shut", [Cell("1", open="cell", shade=0.5)])]
    assert table.openable(table.payload([Column("列")], rows, label="", empty="")) == {"row", "cell"}


def test_the_basis_of_the_rate_in_time_is_said_where_something_fell_due() -> None:
    assert orders.basis_words(19) == "按期率另按本期到期的 19 件计。"
    assert orders.basis_words(0) == orders.basis_words(None) == ""


def test_a_rate_of_few_orders_is_shown_as_its_counts_and_hidden_ones_by_their_word() -> None:
    metric = metrics()["orders_on_time_rate"]
    row = {"metric": metric.key, "value": 0.5, "numerator": 1, "denominator": 2}
    few = orders._figure({**row, "state": "small_n"}, metric)
    assert (few.text, few.tone, few.title) == ("1/2", "muted", "样本不足：分母过小，不作比较")
    assert orders._figure({**row, "state": "suppressed"}, metric).text == "已隐去"
    assert orders._figure({**row, "state": "not_measured"}, metric).text == "该级不统计"
    assert orders._figure({**row, "value": None, "state": "undefined"}, metric).text == "—"
