"""Words a minute through the call, a line a speaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import plot, wording
from pipeline.stages.page.canvas import Canvas
from pipeline.stages.page.marks import Mark, marks
from pipeline.stages.page.palette import stand_in
from pipeline.stages.page.plot import Drawn, Plot
from pipeline.stages.page.wording import Person

HEIGHT_PX, LEFT_PX, RIGHT_PX, TOP_PX, AXIS_PX = 190, 44, 8, 10, 24
MARK_PX2, MARK_SPACE_PX = 62, 14
TICKS = 4
FEWEST = 3

Stretch = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A speaker's stretches in order of time."""

    mark: Mark
    stretches: tuple[Stretch, ...]


def lines(report: Mapping[str, Any]) -> tuple[Line, ...]:
    """Every speaker with a stretch, the main person last and so on top."""
    found = [
        Line(mark=mark, stretches=tuple(one for one in _ordered(report) if one["speaker"] == id_))
        for id_, mark in marks(report).items()
    ]
    return tuple(line for line in reversed(found) if line.stretches)


def reading(report: Mapping[str, Any]) -> str:
    """The main person's pace in a sentence; why there is none where it is not known."""
    main = wording.main_person(wording.people(report))
    own = [one for one in _ordered(report) if main and one["speaker"] == main.id]
    if main is None or len(own) < FEWEST:
        return ""
    return _range_said(main, own)


def _range_said(main: Person, own: Sequence[Stretch]) -> str:
    fast = max(own, key=lambda one: one["words_per_minute"])
    slow, quick = (round(pick(one["words_per_minute"] for one in own)) for pick in (min, max))
    if slow == quick:
        return f"{main.subject} kept to {quick} words a minute of talk."
    return (
        f"{main.subject} spoke {slow} to {quick} words in a minute of talk, fastest around "
        f"{wording.clock(_middle(fast))}."
    )


def pace_svg(report: Mapping[str, Any], *, width: int) -> Markup:
    """The chart at that width. There must be a stretch."""
    drawn = lines(report)
    plot_ = _plot(report, drawn=drawn, width=width)
    canvas = Canvas(width=width, height=HEIGHT_PX, x_end=width)
    layers = [
        canvas.across(_gridlines(plot_), width=1),
        canvas.texts(_values(plot_), align="right", size=12),
        canvas.texts(_times(plot_), align="center", size=12),
        *(canvas.slanted(_segments(line, plot=plot_), width=2.5) for line in drawn),
        *(canvas.symbols(_points(line, plot=plot_), size=MARK_PX2) for line in drawn),
    ]
    return canvas.svg(layers, label=description(report))


def description(report: Mapping[str, Any]) -> str:
    """The chart in words."""
    said = "; ".join(
        f"{_name(line.mark.person)}: "
        + ", ".join(
            f"{round(one['words_per_minute'])} around {wording.clock(_middle(one))}"
            for one in line.stretches
        )
        for line in reversed(lines(report))
    )
    return f"Words in a minute of talk, by stretches of the call. {said}."


def _name(person: Person) -> str:
    return f"{person.name} (you)" if person.is_me else person.name


def _ordered(report: Mapping[str, Any]) -> list[Stretch]:
    return sorted(report.get("pace", ()), key=lambda one: one["start_s"])


def _middle(stretch: Stretch) -> float:
    return float(stretch["start_s"] + stretch["end_s"]) / 2


def _plot(report: Mapping[str, Any], *, drawn: Sequence[Line], width: int) -> Plot:
    values = [one["words_per_minute"] for line in drawn for one in line.stretches]
    low, high, _ = plot.rounded_range(min(values) - 10, max(values) + 10, most=TICKS)
    ends = [one["end_s"] for line in drawn for one in line.stretches]
    return Plot(
        left=LEFT_PX,
        right=width - RIGHT_PX,
        top=TOP_PX,
        bottom=HEIGHT_PX - AXIS_PX,
        x_range=(0.0, max(*ends, report["recording"]["duration_s"] or 0.0)),
        y_range=(max(low, 0.0), high),
    )


def _ticks(plot_: Plot) -> list[float]:
    low, high = plot_.y_range
    return plot.steps(low, high, step=plot.round_step(high - low, most=TICKS))


def _gridlines(plot_: Plot) -> Drawn:
    return [
        {"x": plot_.left, "x2": plot_.right, "y": plot_.y(tick), "colour": stand_in("line")}
        for tick in _ticks(plot_)
    ]


def _values(plot_: Plot) -> Drawn:
    return [
        {
            "x": plot_.left - 8,
            "y": plot_.y(tick) + 4,
            "text": str(round(tick)),
            "colour": stand_in("muted"),
        }
        for tick in _ticks(plot_)
    ]


def _times(plot_: Plot) -> Drawn:
    """The labels of the time axis; the last is kept inside the drawing."""
    end = plot_.x_range[1]
    step = plot.time_step(second_px=(plot_.right - plot_.left) / end)
    return [
        {
            "x": min(plot_.x(second), plot_.right - 14),
            "y": plot_.bottom + 19,
            "text": wording.clock(second),
            "colour": stand_in("muted"),
        }
        for second in range(0, int(end) + 1, step)
    ]


def _segments(line: Line, *, plot: Plot) -> Drawn:
    """From stretch to next stretch; none over a stretch in which the speaker is silent."""
    return [
        {
            "x": plot.x(_middle(before)),
            "y": plot.y(before["words_per_minute"]),
            "x2": plot.x(_middle(after)),
            "y2": plot.y(after["words_per_minute"]),
            "colour": stand_in(line.mark.token),
        }
        for before, after in pairwise(line.stretches)
        if after["start_s"] - before["end_s"] < 1.0
    ]


def _points(line: Line, *, plot: Plot) -> Drawn:
    """A mark a stretch; where they would touch, only those that no line leads to."""
    room = (plot.right - plot.left) / len(line.stretches)
    shown = line.stretches if room >= MARK_SPACE_PX else _alone(line.stretches)
    return [
        {
            "x": plot.x(_middle(one)),
            "y": plot.y(one["words_per_minute"]),
            "shape": line.mark.shape,
            "colour": stand_in(line.mark.token),
        }
        for one in shown
    ]


def _alone(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The first, the last, and those without a neighbour."""
    near = {
        id(one)
        for before, after in pairwise(stretches)
        if after["start_s"] - before["end_s"] < 1.0
        for one in (before, after)
    }
    ends = {id(stretches[0]), id(stretches[-1])}
    return [one for one in stretches if id(one) in ends or id(one) not in near]
