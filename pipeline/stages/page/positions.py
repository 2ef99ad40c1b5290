"""The positions of an issue over the call: as numbers on a scale, or as marks with their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import position_scale, wording
from pipeline.stages.page.canvas import Canvas
from pipeline.stages.page.ledger import SIGNS, said
from pipeline.stages.page.marks import RING, Mark, marks
from pipeline.stages.page.palette import stand_in
from pipeline.stages.page.plot import Drawn, Plot

WIDTH_PX, AXIS_PX, ROW_PX = 340, 24, 26
MARK_PX2, RING_PX2, HOLE_PX2 = 80, 340, 22
TEXT_PX = 7.0
MOST_ROWS = 8
MARKED = ("anchor", "counter", "concession", "retreat", "repeat", "revision", "accept")
LIMIT = "limit"
SHOWN = (*MARKED, LIMIT)
TICK_PX = 14
_SAID_AS = {"accept": "accepts ", LIMIT: "will not go past "}

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue's lines that are drawn, where it was settled, and when each line was said.

    `places` are seconds, or numbers of turns where the report has no times.
    """

    name: str
    lines: tuple[Line, ...]
    unit: str | None
    places: tuple[float, ...]
    agreed: Line | None
    end: float
    is_timed: bool
    marks: Mapping[str, Mark]


def issues(report: Mapping[str, Any]) -> tuple[Issue, ...]:
    """The issues on which somebody took a position; none in reports before 1.2."""
    is_timed = report["recording"]["duration_s"] is not None
    ends = [turn["index"] for turn in report["turns"]] + [1]
    end = report["recording"]["duration_s"] if is_timed else float(max(ends))
    found = (
        _issue(outcome, report=report, end=max(end, 1.0), is_timed=is_timed)
        for outcome in report.get("outcomes", ())
    )
    return tuple(issue for issue in found if issue.lines)


def _issue(
    outcome: Mapping[str, Any], *, report: Mapping[str, Any], end: float, is_timed: bool
) -> Issue:
    known = marks(report)
    lines = tuple(
        line
        for line in report["offers"]
        if (line["issue"], line["item"]) == (outcome["issue"], outcome["item"])
        and line["kind"] in SHOWN
        and line["speaker"] in known
    )
    return Issue(
        name=wording.tidy(outcome["name"]),
        lines=lines,
        unit=position_scale.prevailing([line["unit"] for line in lines]),
        places=tuple(_place(line, is_timed=is_timed) for line in lines),
        agreed=outcome["agreed"],
        end=end,
        is_timed=is_timed,
        marks=known,
    )


def worded(line: Line, *, issue: Issue) -> str:
    """A position in words; a bare amount has the unit that the others of its issue name."""
    is_bare = line["unit"] in (None, "money") and line["value"] is not None
    return said({**line, "unit": issue.unit} if is_bare and issue.unit in SIGNS else line)


def _place(line: Line, *, is_timed: bool) -> float:
    return float((line["start_s"] or 0.0) if is_timed else line["turn"])


def positions_svg(issue: Issue) -> Markup:
    """The issue's chart: on a scale where its values compare and differ, else a row a mark."""
    scale = position_scale.scale_of(issue.lines, agreed=issue.agreed)
    if scale is None:
        return _rows_svg(issue)
    return _scale_svg(issue, scale=scale)


def _scale_svg(issue: Issue, *, scale: position_scale.Scale) -> Markup:
    plot = Plot(
        left=max(TEXT_PX * len(label.text) for label in scale.labels) + 12,
        right=WIDTH_PX - 10,
        top=14,
        bottom=position_scale.HEIGHT_PX - AXIS_PX - 10,
        x_range=(0.0, issue.end),
        y_range=scale.bounds,
    )
    canvas = Canvas(width=WIDTH_PX, height=position_scale.HEIGHT_PX, x_end=WIDTH_PX)
    agreed = scale.agreed
    layers = [
        canvas.across(position_scale.gridlines(scale, plot=plot), width=1),
        canvas.slanted(position_scale.agreed_line(agreed, plot=plot), width=1.5, dash=(5, 4)),
        *(canvas.slanted(part, width=2) for part in _own_steps(issue, plot=plot)),
        *_range_layers(issue, plot=plot, canvas=canvas),
        *_mark_layers(_points(issue, plot=plot), issue=issue, canvas=canvas),
        canvas.texts(position_scale.values(scale, plot=plot), align="right", size=13),
        canvas.texts(
            position_scale.values(scale, plot=plot, agreed=True), align="right", size=13, weight=700
        ),
        canvas.texts(_axis(issue, plot=plot), align="center", size=13),
    ]
    return canvas.svg(layers, label=description(issue))


def _rows_svg(issue: Issue) -> Markup:
    """A row a position, in order, with its words beside its mark."""
    kept = _most_telling(issue)
    height = ROW_PX * len(kept) + AXIS_PX + 4
    plot = Plot(left=10, right=WIDTH_PX - 10, top=0, bottom=height - AXIS_PX,
                x_range=(0.0, issue.end), y_range=(0.0, 1.0))  # fmt: skip
    places = [(plot.x(issue.places[number]), ROW_PX * (row + 0.5) + 2)
              for row, number in enumerate(kept)]  # fmt: skip
    canvas = Canvas(width=WIDTH_PX, height=height, x_end=WIDTH_PX)
    rules = [
        {"x": plot.left, "x2": plot.right, "y": y, "colour": stand_in("line")} for _, y in places
    ]
    points = [(number, x, y) for number, (x, y) in zip(kept, places, strict=True)]
    layers = [
        canvas.across(rules, width=1),
        *_mark_layers(points, issue=issue, canvas=canvas),
        *(
            canvas.texts(_beside(points, issue=issue, align=align), align=align, size=13)
            for align in ("left", "right")
        ),
        canvas.texts(_axis(issue, plot=plot), align="center", size=13),
    ]
    return canvas.svg(layers, label=description(issue))


def _most_telling(issue: Issue) -> list[int]:
    """Which lines have a row: all, or without those said again, or the first and the last."""
    every = list(range(len(issue.lines)))
    moved = [number for number in every if issue.lines[number]["kind"] != "repeat"]
    kept = every if len(every) <= MOST_ROWS else moved
    return kept if len(kept) <= MOST_ROWS else [*kept[:3], *kept[3 - MOST_ROWS :]]


def _beside(points: Sequence[tuple[int, float, float]], *, issue: Issue, align: str) -> Drawn:
    """The words of the marks that have them on that side: to the right in the first half."""
    side = 1 if align == "left" else -1
    return [
        {
            "x": x + 16 * side,
            "y": y - 3,
            "text": wording.shortened(_beside_words(issue.lines[number], issue=issue), length=22),
            "colour": stand_in("ink"),
        }
        for number, x, y in points
        if (x < WIDTH_PX / 2) == (align == "left")
    ]


def _beside_words(line: Line, *, issue: Issue) -> str:
    words = worded(line, issue=issue)
    return f"limit: {words}" if line["kind"] == LIMIT else words


def _points(issue: Issue, *, plot: Plot) -> list[tuple[int, float, float]]:
    return [
        (number, plot.x(place), plot.y(line["value"]))
        for number, (line, place) in enumerate(zip(issue.lines, issue.places, strict=True))
    ]


def _own_steps(issue: Issue, *, plot: Plot) -> tuple[Drawn, ...]:
    """Each person's way from position to position: along in time, then up or down."""
    points = [
        (issue.lines[number]["speaker"], (x, y))
        for number, x, y in _points(issue, plot=plot)
        if issue.lines[number]["kind"] not in ("accept", LIMIT)
    ]
    return tuple(
        _stairs([point for speaker, point in points if speaker == id_], token=mark.token)
        for id_, mark in issue.marks.items()
    )


def _stairs(points: Sequence[tuple[float, float]], *, token: str) -> Drawn:
    return [
        {"x": x, "y": y, "x2": x2, "y2": y2, "colour": stand_in(token)}
        for (left, before), (right, after) in pairwise(points)
        for x, y, x2, y2 in ((left, before, right, before), (right, before, right, after))
    ]


def _range_layers(issue: Issue, *, plot: Plot, canvas: Canvas) -> list[Any]:
    """The other ends of ranges, as an upright line from the mark."""
    lines = [
        {
            "x": x,
            "y": y,
            "y2": plot.y(issue.lines[number]["high"]),
            "colour": stand_in(issue.marks[issue.lines[number]["speaker"]].token),
        }
        for number, x, y in _points(issue, plot=plot)
        if issue.lines[number]["high"] is not None
    ]
    return [canvas.down(lines, width=6)] if lines else []


def _mark_layers(
    points: Sequence[tuple[int, float, float]], *, issue: Issue, canvas: Canvas
) -> list[Any]:
    """Speakers' marks; a ring around an anchor, a hole in an acceptance, a tick for a limit."""

    def drawn(kinds: Sequence[str], *, token: str = "", shape: str = "") -> Drawn:
        return [
            {
                "x": x,
                "y": y,
                "shape": shape or issue.marks[issue.lines[number]["speaker"]].shape,
                "colour": stand_in(token or issue.marks[issue.lines[number]["speaker"]].token),
            }
            for number, x, y in points
            if issue.lines[number]["kind"] in kinds
        ]

    return [
        canvas.symbols(drawn(("anchor",), shape=RING), size=RING_PX2),
        canvas.across(_ticks(points, issue=issue), width=2),
        canvas.symbols(drawn(MARKED), size=MARK_PX2),
        canvas.symbols(drawn(("accept",), token="paper"), size=HOLE_PX2),  # noqa: S106
    ]


def _ticks(points: Sequence[tuple[int, float, float]], *, issue: Issue) -> Drawn:
    """A short line at each limit: it is no step on the way from position to position."""
    return [
        {
            "x": x - TICK_PX / 2,
            "x2": x + TICK_PX / 2,
            "y": y,
            "colour": stand_in(issue.marks[issue.lines[number]["speaker"]].token),
        }
        for number, x, y in points
        if issue.lines[number]["kind"] == LIMIT
    ]


def _axis(issue: Issue, *, plot: Plot) -> Drawn:
    """Where the call begins and ends, and the middle."""
    return [
        {
            "x": min(max(plot.x(place), plot.left + 10), WIDTH_PX - 20),
            "y": plot.bottom + (19 if issue.lines else 0),
            "text": wording.clock(place) if issue.is_timed else f"turn {round(place)}",
            "colour": stand_in("muted"),
        }
        for place in (0.0, issue.end / 2, issue.end)
    ]


def description(issue: Issue) -> str:
    """The chart in words: who said what when, and what was agreed."""
    steps = "; ".join(
        f"{_name(issue.marks[line['speaker']])} "
        f"{wording.place(line['turn'], line['start_s'])} "
        f"{_SAID_AS.get(line['kind'], '')}{worded(line, issue=issue)}"
        for line in issue.lines
    )
    end = f"Agreed: {worded(issue.agreed, issue=issue)}." if issue.agreed else "Left open."
    return f"{issue.name}. {steps}. {end}"


def _name(mark: Mark) -> str:
    return f"{mark.person.name} (you)" if mark.person.is_me else mark.person.name
