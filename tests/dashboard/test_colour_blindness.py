"""Colours that mean different things stay apart for an eye without green cones, and on their ground for every eye."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard.look import DARK, LIGHT, Look, channels

Vector = NDArray[np.float64]
# Machado, Oliveira, Fernandes 2009, severity 1.0, over linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
EYES = {"usual": np.eye(3), "deuteranopia": DEUTERANOPIA, "protanopia": PROTANOPIA}
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: str) -> Vector:
    part = np.array(channels(colour)) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eye: Vector) -> Vector:
    """CIE L*a*b* of the colour as that eye sees it."""
    ratio = _TO_XYZ @ np.clip(eye @ linear(colour), 0, 1) / _WHITE
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def apart(one: str, other: str, eye: Vector) -> float:
    """The difference in L*a*b*; 2 is just seen side by side, 20 is seen across a room."""
    return float(np.linalg.norm(lab(one, eye) - lab(other, eye)))


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    light, dark = sorted((float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("look", [DARK, LIGHT], ids=["dark", "light"])
def test_better_and_worse_and_neutral_are_told_apart(look: Look, eye: str) -> None:
    for one, other in combinations((look.better, look.worse, look.secondary), 2):
        assert apart(one, other, EYES[eye]) > 20


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("look", [DARK, LIGHT], ids=["dark", "light"])
def test_the_badge_in_order_stale_and_broken_is_told_apart(look: Look, eye: str) -> None:
    for one, other in combinations((look.in_order, look.caution, look.broken), 2):
        assert apart(one, other, EYES[eye]) > 12


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("look", [DARK, LIGHT], ids=["dark", "light"])
def test_the_classes_of_a_map_rise_in_even_steps(look: Look, eye: str) -> None:
    lightness = [float(lab(colour, EYES[eye])[0]) for colour in look.scale]
    assert lightness in (sorted(lightness), sorted(lightness, reverse=True))
    for one, other in pairwise(look.scale):
        assert apart(one, other, EYES[eye]) > 8


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("look", [DARK, LIGHT], ids=["dark", "light"])
def test_lines_side_by_side_are_told_apart(look: Look, eye: str) -> None:
    for one, other in combinations(look.series, 2):
        assert apart(one, other, EYES[eye]) > 12


@pytest.mark.parametrize("look", [DARK, LIGHT], ids=["dark", "light"])
def test_text_is_readable_on_panel_and_ground(look: Look) -> None:
    for ground in (look.ground, look.panel):
        assert contrast(look.text, ground) >= 7
        for colour in (look.secondary, look.accent, look.better, look.worse, look.caution):
            assert contrast(colour, ground) >= 4
