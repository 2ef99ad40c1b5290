"""Reads figures off a page as a person does, each with the range of what may be shown so.

Nothing here is of the page's own code: what it rounds or leaves out would escape notice.
"""

from __future__ import annotations

import re

from page_reader import Element

Range = tuple[float, float]
SLACK = 1e-6
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d\d)")
_NUMBER = re.compile(r"(−?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")


def numbers(text: str) -> list[Range]:
    """Each figure of the text, as the range of figures that may be shown so.

    "45 %" is 0.445 to 0.455, "1.2 s" is 1.15 to 1.25, and "1:05" is 65 s or a part of a second
    more, as clocks show it. The ends of "43–47 %" are two figures, of one unit.
    """
    found = []
    for one in re.finditer(rf"{_CLOCK.pattern}|{_NUMBER.pattern}", text):
        part, after = one.group(), text[one.end() :]
        if _CLOCK.fullmatch(part):
            found.append(_of_clock(part))
        else:
            share = re.match(r"(?:–[\d.,]+)?\s*%", after)
            found.append(_of_number(part, scale=0.01 if share else 1.0))
    return found


def _of_clock(text: str) -> Range:
    parts = [int(part) for part in text.split(":")]
    seconds = sum(part * 60**place for place, part in enumerate(reversed(parts)))
    return seconds, seconds + 1.0


def _of_number(text: str, *, scale: float) -> Range:
    match = _NUMBER.fullmatch(text)
    assert match is not None
    sign, whole, digits = match.groups()
    value = float(f"{whole.replace(',', '')}.{digits or 0}") * (-1 if sign else 1)
    half = 0.5 / 10 ** len(digits or "")
    return (value - half) * scale, (value + half) * scale


def shows(text: str, *values: float) -> bool:
    """Whether the figures of the text are these, in order, within what rounding hides."""
    found = numbers(text)
    return len(found) == len(values) and all(
        low - SLACK <= value <= high + SLACK
        for (low, high), value in zip(found, values, strict=True)
    )


def alternative(page: Element, start: str) -> dict[str, str]:
    """The text alternative of the chart whose label begins so: what it says of each, by name.

    Where a chart is drawn for wide and for narrow screens, both must say the same.
    """
    labels = {
        one.attributes["aria-label"]
        for one in page.find("svg", role="img")
        if one.attributes["aria-label"].startswith(start)
    }
    (label,) = labels
    said = label.removeprefix(start).lstrip(" .,").removesuffix(".")
    return dict(part.split(": ", 1) for part in said.split("; "))
