"""The look: colours of the two themes, the type scale, and how a figure is written.

Pure functions, except ``current_look``, which asks the browser's session. Sizes are in rem; 1 rem is 16 px on a screen of
1080 lines and grows with it (``assets/page.css``). What is drawn on a canvas takes the factor from ``views/screen.py``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import streamlit as st

from metrics.core.compare import difference
from metrics.core.model import Metric

ASSETS = Path(__file__).parent / "assets"
#: The system's own Chinese fonts first; the bundled one (``assets/fonts``) where there is none.
FONTS = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "Yanpan Sans", sans-serif'
OWN_FONT = "Yanpan Sans"
FONT_PATH = "/fonts"
FONT_FILES = {400: "yanpan-sans-regular.woff2", 700: "yanpan-sans-bold.woff2"}
MINUS, DASH = "\u2212", "—"
WAN = 10_000
WAN_FROM = 100_000
#: On the wall every size grows by this factor: the smallest text is then 18 px on 1080 lines.
WALL_FACTOR = 18 / 14
#: What the five classes of ``Look.scale`` are called in a style sheet, low to high: --yp-scale-lowest, with its text --yp-on-lowest.
CLASS_NAMES = ("lowest", "low", "middle", "high", "highest")

State = Literal["ok", "undefined", "suppressed", "small_n", "not_measured"]
Tone = Literal["better", "worse", "neutral"]
#: The words for an observation that has no plain value. ``ok`` has none.
STATE_LABELS = {"undefined": "未定义", "suppressed": "已隐去", "small_n": "样本不足", "not_measured": "该级不统计"}
STATE_REASONS = {
    "undefined": "分母为零，算不出",
    "suppressed": "数量过少，为保密不显示",
    "small_n": "分母过小，不作比较",
    "not_measured": "该级区划不统计这项指标",
}


def state_label(state: str | None) -> str:
    """The one word that stands for a figure without a plain value, in its place or beside it, on every page."""
    return STATE_LABELS.get(state or "", STATE_LABELS["undefined"])


def state_reason(state: str | None) -> str:
    """Why there is no plain value: what is told on hover."""
    return STATE_REASONS.get(state or "", STATE_REASONS["undefined"])


@dataclass(frozen=True)
class Look:
    """Colours of one theme as #rrggbb.

    ``band_alpha``: opacity of the expected band; ``border``: lines between regions; ``quiet``: a region without a figure;
    ``scale``: five map classes, low to high; ``series``: lines told apart.
    """

    name: Literal["dark", "light"]
    ground: str
    panel: str
    line: str
    text: str
    secondary: str
    accent: str
    better: str
    worse: str
    caution: str
    in_order: str
    broken: str
    band: str
    band_alpha: float
    border: str
    quiet: str
    scale: tuple[str, str, str, str, str]
    series: tuple[str, str, str, str, str]


DARK = Look(
    name="dark",
    ground="#0b1524",
    panel="#101e33",
    line="#1d2f4a",
    text="#e8eef7",
    secondary="#8fa3bf",
    accent="#5fc4ff",
    better="#5fc4ff",
    worse="#ff9d4d",
    caution="#ffc145",
    in_order="#41c7a0",
    broken="#ff6b5e",
    band="#2a4a70",
    band_alpha=0.55,
    border="#0b1524",
    quiet="#2b3a50",
    scale=("#17304f", "#1d4a75", "#2468a0", "#3a8fce", "#74c3f2"),
    series=("#5fc4ff", "#ff9d4d", "#b9c7db", "#3a8fce", "#ffc145"),
)
LIGHT = Look(
    name="light",
    ground="#f5f7fa",
    panel="#ffffff",
    line="#e3e8ee",
    text="#17222f",
    secondary="#5b6b80",
    accent="#1668b8",
    better="#1668b8",
    worse="#b8560a",
    caution="#9a6a00",
    in_order="#219a78",
    broken="#a3261b",
    band="#1668b8",
    band_alpha=0.12,
    border="#8ea3bb",
    quiet="#d5dbe3",
    scale=("#e3eefa", "#b9d5f2", "#7fb1e3", "#3f86cc", "#14599f"),
    series=("#1668b8", "#b8560a", "#5b6b80", "#7fb1e3", "#17222f"),
)


@dataclass(frozen=True)
class TypeScale:
    """Sizes in px at 1080 lines at a desk; canvas text multiplies them by the screen's factor."""

    page_title: int = 30
    figure: int = 44
    panel_title: int = 19
    body: int = 17
    small: int = 14


TYPE = TypeScale()


def look_named(name: str | None) -> Look:
    """The look of that name; light for anything but ``dark``."""
    return DARK if name == "dark" else LIGHT


def current_look() -> Look:
    """The look of the theme that the viewer's browser shows now. Needs a running Streamlit session."""
    theme = getattr(st.context, "theme", None)
    return look_named(theme.type if theme else None)


def rgba(colour: str, alpha: float = 1.0) -> str:
    """``#rrggbb`` as a CSS rgba() with that opacity."""
    red, green, blue = channels(colour)
    return f"rgba({red}, {green}, {blue}, {alpha:g})"


def channels(colour: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers 0–255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(colour: str, other: str, share: float) -> str:
    """``colour`` with that share of another in it, as ``#rrggbb``."""
    pairs = zip(channels(colour), channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def dark_ground(colour: str) -> bool:
    """Whether text on that colour must be light (WCAG relative luminance)."""
    return _luminance(colour) < 0.36


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (c / 255 for c in channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ink(colour: str) -> str:
    """White or black-blue, whichever reads better on that colour (WCAG contrast)."""
    luminance = _luminance(colour)
    return (
        "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / (_luminance(DARK.ground) + 0.05) else DARK.ground
    )


def page_css(look: Look, *, wall: bool = False) -> str:
    """The whole application's style sheet as ``<style>…</style>``, for one ``st.html`` per page run.

    ``wall``: the larger type of the meeting room. A container whose key begins with ``panel`` is drawn as a panel.
    """
    tokens = {key: value for key, value in asdict(look).items() if isinstance(value, str)}
    names = "".join(f"--yp-{key.replace('_', '-')}:{value};" for key, value in tokens.items())
    band = f"--yp-band-fill:{rgba(look.band, look.band_alpha)};--yp-soft:{rgba(look.accent, 0.12)};"
    warm = f"--yp-warm:{rgba(look.worse, 0.1 if look is LIGHT else 0.16)};color-scheme:{look.name};"
    factor = f"--yp-factor:{WALL_FACTOR if wall else 1:.4f};--yp-font:{FONTS};"
    classes = "".join(
        f"--yp-scale-{name}:{colour};--yp-on-{name}:{ink(colour)};"
        for name, colour in zip(CLASS_NAMES, look.scale, strict=True)
    )
    return f"<style>{_font_faces()}:root{{{names}{band}{warm}{classes}{factor}}}\n{_style_sheet()}</style>"


def _font_faces() -> str:
    return "".join(
        f'@font-face{{font-family:"{OWN_FONT}";font-weight:{weight};font-display:swap;'
        f'src:url("{FONT_PATH}/{file}") format("woff2")}}'
        for weight, file in FONT_FILES.items()
    )


@cache
def _style_sheet() -> str:
    return (ASSETS / "page.css").read_text(encoding="utf-8")


def asset(name: str) -> str:
    """The text of a script or style sheet beside this module."""
    return (ASSETS / name).read_text(encoding="utf-8")


# How a figure is written ------------------------------------------------------------------------------------------


def decimals_of(metric: Metric) -> int:
    """Digits after the point on the screen: one for percentages, else the metric's own."""
    return 1 if metric.percent else metric.decimals


def shown(value: float, metric: Metric) -> float:
    """The value in the unit of the screen: a fraction becomes a percentage."""
    return value * 100 if metric.percent else value


def number(value: float | None, metric: Metric) -> str:
    """The value without its unit: ``12,345``, ``12.3万`` from 100,000 on, ``91.4`` for a percentage, — for none."""
    if value is None:
        return DASH
    if not metric.percent and abs(value) >= WAN_FROM:
        return f"{signed_zero(value / WAN, 1)}万"
    return exact(value, metric)


def exact(value: float | None, metric: Metric) -> str:
    """The value without its unit and never shortened to 万; — for none."""
    return DASH if value is None else signed_zero(shown(value, metric), decimals_of(metric))


def unit_of(metric: Metric) -> str:
    """What stands quietly behind the number."""
    return "%" if metric.percent else metric.unit


def with_unit(value: float | None, metric: Metric) -> str:
    """The value with its unit as running text: ``67 件``, ``91.4%``."""
    text = number(value, metric)
    if value is None or not unit_of(metric):
        return text
    return f"{text}%" if metric.percent else f"{text} {metric.unit}"


def signed_zero(value: float, decimals: int) -> str:
    """Thousands separated, a true minus, and no minus before a zero."""
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if not any(digit in text for digit in "123456789") else text.replace("-", MINUS)


def signed(value: float, decimals: int = 0) -> str:
    """A change with its sign: ``+4``, ``−6``, ``0``."""
    text = signed_zero(value, decimals)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


def count(value: int | None) -> str:
    """A whole number with thousands separated; — for none."""
    return DASH if value is None else signed_zero(value, 0)


def parts(numerator: int | None, denominator: int | None) -> str:
    """Numerator and denominator of a ratio, ``462/491``; empty where there is no denominator."""
    return f"{count(numerator)}/{count(denominator)}" if denominator is not None else ""


@dataclass(frozen=True)
class Change:
    """A comparison in words. ``label`` 环比 or 同比; ``direction`` −1, 0, 1; ``detail`` the two figures behind it."""

    label: str
    text: str
    direction: int = 0
    tone: Tone = "neutral"
    detail: str = ""


def change(label: str, now: float | None, before: float | None, metric: Metric) -> Change:
    """``now`` against ``before`` as the metric asks for it.

    百分点 for percentages; the difference for scores and other rates; ``1→3`` for counts on a base below 20, because a
    percentage of so few says nothing; else per cent of the base.
    """
    if now is None or before is None:
        return Change(label, DASH, detail="没有可比的数")
    detail = f"{with_unit(before, metric)} → {with_unit(now, metric)}"
    text = _change_text(now, before, metric)
    # What rounds to nothing has no direction either.
    moved = (now > before) - (now < before) if any(digit in text for digit in "123456789") else 0
    return Change(label, text, moved, tone(moved, metric), detail)


def _change_text(now: float, before: float, metric: Metric) -> str:
    moved = difference(metric, now, before)
    if moved.amount is None:
        return DASH
    if moved.kind == "points":
        return f"{signed(moved.amount, 1)} 百分点"
    if moved.kind == "absolute":
        return signed(moved.amount, decimals_of(metric))
    if moved.amount == 0:
        return "持平"
    if moved.kind == "steps":
        return f"{number(before, metric)}→{number(now, metric)}"
    return f"{signed(100 * moved.amount, 1)}%"


def tone(direction: int, metric: Metric) -> Tone:
    """Whether a move in that direction is better or worse under the metric's polarity."""
    if direction == 0 or metric.polarity == "neutral":
        return "neutral"
    return "better" if (direction > 0) == (metric.polarity == "more") else "worse"
