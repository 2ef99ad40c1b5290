"""The reading of figures off a page, by which the page's tests judge it."""

from __future__ import annotations

import pytest
from shown_numbers import numbers, shows


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("45 %", (0.4516,)),
        ("(43–47 %)", (0.4321, 0.4699)),
        ("0.5 s (0.3 to 0.7 s)", (0.521, 0.33, 0.68)),
        ("−0.2 s", (-0.17,)),
        ("1:44", (104.923,)),
        ("1:02:03", (3723.9,)),
        ("$105,000 a year", (105_000,)),
        ("6 of 13", (6, 13)),
        ("nothing new", ()),
    ],
)
def test_a_figure_is_read_as_it_is_meant(text: str, values: tuple[float, ...]) -> None:
    assert shows(text, *values)


@pytest.mark.parametrize(
    ("text", "values"),
    [("45 %", (0.46,)), ("1:44", (105.2,)), ("0.5 s", (0.56,)), ("6 of 13", (6,)), ("−2", (2,))],
)
def test_another_figure_is_told_apart(text: str, values: tuple[float, ...]) -> None:
    assert not shows(text, *values)


def test_what_is_shown_is_a_range() -> None:
    """Half a unit of the last digit to either side, a whole second of a clock."""
    assert numbers("7 and 0:08") == [(6.5, 7.5), (8.0, 9.0)]
