"""How figures are written, and that the theme file and the tokens say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from dashboard import look
from dashboard.look import DARK, LIGHT, Look
from metrics.core.model import Metric, Population, Ratio, Score

RATE = Metric("rate", "成功率", "%", "more", Ratio((), ()), "口径", "为何", "注意", "来源", None)
PER_HEAD = Metric(
    "head", "万人信访量", "件/万人", "less", Ratio((), Population(), 10_000, False), "", "", "", "", None, decimals=2
)
SCORE = Metric("score", "得分", "分", "more", Score("balanced"), "", "", "", "", None, decimals=1)


@pytest.fixture(scope="module")
def count() -> Metric:
    from metrics.petition_volume import METRICS

    return next(metric for metric in METRICS if metric.additive)


@pytest.mark.parametrize(
    ("value", "text", "full"),
    [
        (0, "0", "0"),
        (67, "67", "67"),
        (12_345, "12,345", "12,345"),
        (99_999, "99,999", "99,999"),
        (100_000, "10.0万", "100,000"),
        (123_456, "12.3万", "123,456"),
        (-1_200, "−1,200", "−1,200"),
        (None, "—", "—"),
    ],
)
def test_a_count_is_written_with_thousands_and_shortened_from_a_hundred_thousand(
    count: Metric, value: float | None, text: str, full: str
) -> None:
    assert look.number(value, count) == text
    assert look.exact(value, count) == full


def test_a_fraction_is_shown_as_a_percentage_with_one_decimal() -> None:
    assert look.number(0.9144, RATE) == "91.4"
    assert look.with_unit(0.9144, RATE) == "91.4%"
    assert look.with_unit(1.0, RATE) == "100.0%"


def test_a_rate_per_ten_thousand_keeps_its_unit_and_decimals() -> None:
    assert look.with_unit(3.456, PER_HEAD) == "3.46 件/万人"


def test_zero_never_bears_a_sign() -> None:
    assert look.signed(-0.04, 1) == "0.0"
    assert look.signed(0.04, 1) == "0.0"
    assert look.signed(-6) == "−6"
    assert look.signed(4) == "+4"


@pytest.mark.parametrize(
    ("now", "before", "text", "direction"),
    [
        (3, 1, "1→3", 1),
        (0, 19, "19→0", -1),
        (21, 20, "+5.0%", 1),
        (15, 20, "−25.0%", -1),
        (20, 20, "持平", 0),
        (3, 3, "持平", 0),
        (5, 0, "0→5", 1),
    ],
)
def test_counts_change_in_per_cent_unless_the_base_is_small(
    count: Metric, now: float, before: float, text: str, direction: int
) -> None:
    moved = look.change("环比", now, before, count)
    assert (moved.text, moved.direction) == (text, direction)


def test_rates_change_in_points_and_scores_in_their_unit() -> None:
    assert look.change("同比", 0.914, 0.895, RATE).text == "+1.9 百分点"
    assert look.change("同比", 73.8, 76.9, SCORE).text == "−3.1"
    assert look.change("环比", 2.5, 2.75, PER_HEAD).text == "−0.25"


def test_a_change_that_does_not_show_is_no_change() -> None:
    same = look.change("环比", 0.91401, 0.91399, RATE)
    assert (same.text, same.direction, same.tone) == ("0.0 百分点", 0, "neutral")


def test_polarity_decides_what_is_better(count: Metric) -> None:
    assert look.change("环比", 0.9, 0.8, RATE).tone == "better"
    assert look.change("环比", 3.0, 2.0, PER_HEAD).tone == "worse"
    assert count.polarity != "neutral" or look.change("环比", 30, 20, count).tone == "neutral"


def test_nothing_to_compare_with_is_said() -> None:
    missing = look.change("同比", 0.9, None, RATE)
    assert (missing.text, missing.tone) == ("—", "neutral")
    assert missing.detail


@pytest.mark.parametrize("tokens", [DARK, LIGHT])
def test_theme_file_and_tokens_agree(tokens: Look) -> None:
    theme = tomllib.loads((Path(look.__file__).parents[1] / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
    mode = theme[tokens.name]
    assert mode["backgroundColor"] == tokens.ground
    assert mode["secondaryBackgroundColor"] == tokens.panel
    assert mode["textColor"] == tokens.text
    assert mode["borderColor"] == tokens.line
    assert mode["primaryColor"] == mode["linkColor"] == tokens.accent


@pytest.mark.parametrize("tokens", [DARK, LIGHT])
def test_the_style_sheet_names_only_known_variables_and_no_other_host(tokens: Look) -> None:
    css = look.page_css(tokens)
    sheets = css + "".join(look.asset(name) for name in ("kpi.css", "league.css"))
    defined = set(re.findall(r"(--yp-[a-z-]+):", css))
    assert set(re.findall(r"var\((--yp-[a-z-]+)\)", sheets)) <= defined
    assert "http" not in sheets
    assert set(re.findall(r"url\(([^)]*)\)", sheets)) == {
        f'"{look.FONT_PATH}/{file}"' for file in look.FONT_FILES.values()
    }
    assert css == look.page_css(tokens)


def test_the_wall_has_larger_type() -> None:
    assert "--yp-factor:1.2857;" in look.page_css(DARK, wall=True)
    assert "--yp-factor:1.0000;" in look.page_css(DARK)


def test_text_turns_light_on_dark_colours() -> None:
    assert look.dark_ground("#14599f")
    assert not look.dark_ground("#e3eefa")
    assert look.look_named("dark") is DARK
    assert look.look_named(None) is LIGHT


def test_a_state_has_one_word_and_one_reason_and_an_unknown_one_is_undefined() -> None:
    for state, word in look.STATE_LABELS.items():
        assert (look.state_label(state), look.state_reason(state)) == (word, look.STATE_REASONS[state])
    assert look.state_label(None) == look.state_label("strange") == "未定义"
