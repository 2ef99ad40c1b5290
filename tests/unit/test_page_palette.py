"""Contrast of the page's colours, in both themes (WCAG 2.2: 4.5 for text, 3 for graphics)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pipeline.stages.page.palette import DARK, FAMILIES, LIGHT, VARIABLES, stand_in

THEMES = {"light": LIGHT, "dark": DARK}
IDS = [family.id for family in FAMILIES]
TEXT = [
    *[(ink, paper) for ink in ("ink", "muted", "accent") for paper in ("paper", "wash")],
    ("paper", "accent"),
    ("notice-ink", "notice"),
    *[("ink", f"{family}-tint") for family in IDS],
    *[(family, ground) for family in IDS for ground in ("paper", "wash")],
]
GRAPHICS = [
    *[(token, "paper") for token in ("me", "other", "soft", *IDS)],
    *[(token, "track") for token in ("me", "other")],
    ("inquiry", "soft"),
    *[(family, f"{family}-tint") for family in IDS],
]


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_black_and_white_is_21() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    colours: Mapping[str, str] = THEMES[theme]
    assert _contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), GRAPHICS)
def test_graphics_can_be_told_apart(theme: str, mark: str, ground: str) -> None:
    colours: Mapping[str, str] = THEMES[theme]
    limit = 1.5 if ground == "soft" else 3.0
    assert _contrast(colours[mark], colours[ground]) >= limit


def test_both_themes_have_the_same_colours() -> None:
    assert list(LIGHT) == list(DARK)


def test_stand_ins_are_no_colour_of_the_page() -> None:
    assert len(VARIABLES) == len(LIGHT)
    assert not VARIABLES.keys() & {*LIGHT.values(), *DARK.values()}
    assert VARIABLES[stand_in("ink")] == "var(--ink)"


def test_families_differ_in_shape_not_only_in_colour() -> None:
    assert len({family.shape for family in FAMILIES}) == len(FAMILIES)
