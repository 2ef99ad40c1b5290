"""The scale of an issue's numbers: which are labelled, and where, so that no two labels touch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page.ledger import number, said
from pipeline.stages.page.palette import stand_in
from pipeline.stages.page.plot import Drawn, Plot

HEIGHT_PX = 190
PADDING, GAP = 0.08, 0.12
MILLION = 1_000_000

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A value with its words."""

    value: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The bounds of the drawing, the labelled values, and the agreed one where there is one."""

    bounds: tuple[float, float]
    labels: tuple[Label, ...]
    agreed: float | None


def scale_of(lines: Sequence[Line], *, agreed: Line | None) -> Scale | None:
    """The scale of those lines; None where values do not compare, or there is only one."""
    values = _compared([*lines, *([agreed] if agreed else [])])
    if values is None or len(set(values)) < 2:
        return None
    every = [*values, *(line["high"] for line in lines if line["high"] is not None)]
    span = max(every) - min(every)
    end = agreed["value"] if agreed else None
    unit = prevailing([line["unit"] for line in lines])
    return Scale(
        bounds=(min(every) - span * PADDING, max(every) + span * PADDING),
        labels=tuple(
            _label(value, unit=unit) for value in _labelled(lines, agreed=end, gap=span * GAP)
        ),
        agreed=end,
    )


def _compared(lines: Sequence[Line]) -> list[float] | None:
    """The values, where all are numbers of one kind: money with and without its name is."""
    kinds = {(_kind(line["unit"]), line["period"] or "") for line in lines}
    periods = {period for _, period in kinds if period}
    units = {unit for unit, _ in kinds}
    if any(line["value"] is None for line in lines) or len(periods) > 1 or len(units) > 1:
        return None
    return [float(line["value"]) for line in lines]


def _kind(unit: str | None) -> str:
    return "money" if unit in (None, "money", "USD", "EUR", "GBP") else unit


def prevailing(units: Sequence[str | None]) -> str | None:
    """The unit that most of them name; None where none does."""
    named = [unit for unit in units if unit not in (None, "money")]
    return Counter(named).most_common(1)[0][0] if named else None


def _label(value: float, *, unit: str | None) -> Label:
    """The value with its unit; millions in short, which would push the chart aside."""
    line = {"value": value, "high": None, "unit": unit, "period": None, "option": None}
    text = said(line)
    if value >= MILLION:
        text = text.replace(number(value), f"{value / MILLION:.4g}m")
    return Label(value=value, text=text)


def _labelled(lines: Sequence[Line], *, agreed: float | None, gap: float) -> list[float]:
    """The values that have a label, none nearer than `gap` to one that matters more.

    What was agreed goes first, then the first and last position of each speaker, then the
    outermost.
    """
    by_speaker: dict[str, list[float]] = {}
    for line in lines:
        if line["kind"] == "limit":
            continue
        by_speaker.setdefault(line["speaker"], []).append(float(line["value"]))
    ends = [value for own in by_speaker.values() for value in (own[0], own[-1])]
    every = sorted({float(line["value"]) for line in lines})
    wanted = [*([agreed] if agreed is not None else []), *ends, every[0], every[-1], *every]
    kept: list[float] = []
    for value in wanted:
        if all(abs(value - other) >= gap for other in kept):
            kept.append(value)
    return sorted(kept)


def gridlines(scale: Scale, *, plot: Plot) -> Drawn:
    """A light line at each labelled value."""
    return [
        {"x": plot.left, "x2": plot.right, "y": plot.y(label.value), "colour": stand_in("line")}
        for label in scale.labels
    ]


def values(scale: Scale, *, plot: Plot, agreed: bool = False) -> Drawn:
    """The labels: that of the agreed value, or all others."""
    return [
        {
            "x": plot.left - 8,
            "y": plot.y(label.value) + 4.5,
            "text": label.text,
            "colour": stand_in("ink" if agreed else "muted"),
        }
        for label in scale.labels
        if (label.value == scale.agreed) == agreed
    ]


def agreed_line(value: float | None, *, plot: Plot) -> Drawn:
    """A line across at the agreed value; none where nothing was agreed."""
    if value is None:
        return []
    y = plot.y(value)
    return [{"x": plot.left, "x2": plot.right, "y": y, "y2": y, "colour": stand_in("ink")}]
