"""Bars with a name and a value above each, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.stages.page.canvas import Canvas
from pipeline.stages.page.palette import stand_in

WIDTH_PX, ROW_PX, BAR_TOP_PX, BAR_PX = 340, 60, 26, 14
MIDDLE_PX = BAR_TOP_PX + BAR_PX / 2
REFERENCE_PX = 6

Drawn = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One speaker's bar: `parts` are (start, end, colour token), as shares of the width."""

    name: str
    value: str
    parts: tuple[tuple[float, float, str], ...]
    interval: tuple[float, float] | None = None


def bar_svg(bars: Sequence[Bar], *, what: str, reference: float | None = None) -> Markup:
    """Draw the bars and describe them; `reference` is a share to compare with."""
    canvas = Canvas(width=WIDTH_PX, height=ROW_PX * len(bars), x_end=1.0)
    layers = [
        canvas.rectangles([*_tracks(bars), *_parts(bars)]),
        canvas.down(_reference(reference, bars=bars), width=2),
        *_interval_layers(bars, canvas=canvas),
        canvas.texts(_lines(bars, x=0, field="name"), align="left", size=14, weight=600),
        canvas.texts(_lines(bars, x=1, field="value"), align="right", size=13),
    ]
    described = "; ".join(f"{bar.name}: {bar.value}" for bar in bars)
    return canvas.svg(layers, label=f"{what}. {described}.")


def _tracks(bars: Sequence[Bar]) -> Iterable[dict[str, Any]]:
    return (_rectangle(row, 0.0, 1.0, "track") for row in range(len(bars)))


def _parts(bars: Sequence[Bar]) -> Iterable[dict[str, Any]]:
    return (_rectangle(row, *part) for row, bar in enumerate(bars) for part in bar.parts)


def _rectangle(row: int, start: float, end: float, token: str) -> dict[str, Any]:
    top = row * ROW_PX + BAR_TOP_PX
    return {"x": start, "x2": end, "y": top, "y2": top + BAR_PX, "colour": stand_in(token)}


def _lines(bars: Sequence[Bar], *, x: int, field: str) -> Drawn:
    """The name or the value of each bar, on the line above it."""
    return [
        {"x": x, "y": row * ROW_PX + 16, "text": getattr(bar, field), "colour": stand_in("ink")}
        for row, bar in enumerate(bars)
    ]


def _reference(share: float | None, *, bars: Sequence[Bar]) -> Drawn:
    """A short line above and one below every bar at that share; none without a share."""
    if share is None:
        return []
    tops = [row * ROW_PX + BAR_TOP_PX for row in range(len(bars))]
    return [
        {"x": share, "y": y, "y2": y + REFERENCE_PX, "colour": stand_in("muted")}
        for top in tops
        for y in (top - REFERENCE_PX, top + BAR_PX)
    ]


def _interval_layers(bars: Sequence[Bar], *, canvas: Canvas) -> Iterable[Any]:
    """Intervals with end caps in ink, each on a paper-coloured edge that sets it off the bar."""
    spans = [(row * ROW_PX + MIDDLE_PX, bar.interval) for row, bar in enumerate(bars)]
    for token, width in (("paper", 5.0), ("ink", 2.0)):
        lines, caps = _interval_rows(spans, token=token)
        yield canvas.across(lines, width=width)
        yield canvas.down(caps, width=width)


def _interval_rows(
    spans: Sequence[tuple[float, tuple[float, float] | None]], *, token: str
) -> tuple[Drawn, Drawn]:
    """The lines and the end caps of the intervals, in one colour."""
    colour = stand_in(token)
    drawn = [(y, *interval) for y, interval in spans if interval]
    lines = [{"x": low, "x2": high, "y": y, "colour": colour} for y, low, high in drawn]
    caps = [
        {"x": x, "y": y - 5, "y2": y + 5, "colour": colour}
        for y, low, high in drawn
        for x in (low, high)
    ]
    return lines, caps
