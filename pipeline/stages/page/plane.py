"""Empathy against assertion through the call: a speaker's three thirds on a plane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import plot, wording
from pipeline.stages.page.canvas import Canvas
from pipeline.stages.page.marks import Mark
from pipeline.stages.page.palette import stand_in
from pipeline.stages.page.plot import Drawn, Plot

WIDTH_PX, HEIGHT_PX = 340, 348
LEFT_PX, TOP_PX, SIDE_PX = 52, 30, 262
MARK_PX2, HEAD_PX = 90, 9
TEXT_PX, LINE_PX = 7.2, 15
TICKS = 4
SMALLEST = 4.0
THIRDS = ("first", "middle", "last")

Thirds = Sequence[Mapping[str, Any]]
Point = tuple[float, float]
Box = tuple[float, float, float, float]


def limit_of(everyone: Sequence[Thirds]) -> float:
    """The end of both axes, the same for all speakers of a report: a round number."""
    rates = [rate for thirds in everyone for third in thirds for rate in third.values() if rate]
    return plot.rounded_range(0.0, max([SMALLEST, *rates]), most=TICKS)[1]


def plane_svg(thirds: Thirds, *, mark: Mark, limit: float) -> Markup:
    """The plane of one speaker; thirds without rates are left out."""
    area = Plot(
        left=LEFT_PX, right=LEFT_PX + SIDE_PX, top=TOP_PX, bottom=TOP_PX + SIDE_PX,
        x_range=(0.0, limit), y_range=(0.0, limit),
    )  # fmt: skip
    named = placed_thirds(thirds, area=area)
    points = [point for point, _ in named]
    way = _way(thirds, area=area)
    canvas = Canvas(width=WIDTH_PX, height=HEIGHT_PX, x_end=WIDTH_PX)
    layers = [
        canvas.slanted(_grid(area, limit=limit), width=1),
        canvas.slanted(_diagonal(area), width=1, dash=(2, 5)),
        canvas.slanted(_path(way, token=mark.token), width=2.5),
        canvas.symbols(_points(points, mark=mark), size=MARK_PX2),
        canvas.texts(_labels(named, way=way), align="left", size=13, weight=600),
        *_axis_layers(canvas, area=area, limit=limit),
    ]
    return canvas.svg(layers, label=description(thirds, mark=mark))


def description(thirds: Thirds, *, mark: Mark) -> str:
    """The plane in words."""
    said = "; ".join(
        f"{name} third: empathy {wording.decimal(third['empathy_rate'])}, "
        f"assertion {wording.decimal(third['assertion_rate'])}"
        for name, third in zip(THIRDS, thirds, strict=True)
        if _is_known(third)
    )
    name = f"{mark.person.name} (you)" if mark.person.is_me else mark.person.name
    return f"{name}, tags per 10 own turns. {said}."


def placed_thirds(thirds: Thirds, *, area: Plot) -> list[tuple[Point, str]]:
    """Where each third is, with its name; thirds at one place share a label."""
    found: dict[Point, str] = {}
    for name, third in zip(THIRDS, thirds, strict=True):
        if _is_known(third):
            place = _point(third, area=area)
            found[place] = f"{found[place]}, {name}" if place in found else name
    return list(found.items())


def _way(thirds: Thirds, *, area: Plot) -> list[Point]:
    """The places in order, without those at which the speaker stays."""
    every = [_point(third, area=area) for third in thirds if _is_known(third)]
    return [point for point, _ in groupby(every)]


def _point(third: Mapping[str, Any], *, area: Plot) -> Point:
    return (area.x(third["assertion_rate"]), area.y(third["empathy_rate"]))


def _is_known(third: Mapping[str, Any]) -> bool:
    return None not in (third["empathy_rate"], third["assertion_rate"])


def label_boxes(named: Sequence[tuple[Point, str]], *, way: Sequence[Point]) -> list[Box]:
    """A box (left, top, right, bottom) for each label: the first place around its point that
    touches no point, no path and no other label; else the one that touches least.
    """
    points = [point for point, _ in named]
    taken: list[Box] = [(x - 7, y - 7, x + 7, y + 7) for x, y in [*points, *_along(way)]]
    boxes: list[Box] = []
    for (x, y), text in named:
        around = _around(x, y, width=TEXT_PX * len(text))
        inside = [one for one in around if _is_inside(one)] or around
        best = min(inside, key=lambda one: sum(_touch(one, other) for other in taken))
        boxes.append(best)
        taken.append(best)
    return boxes


def _around(x: float, y: float, *, width: float) -> list[Box]:
    """Right, left, above, below and the four corners of a point."""
    lefts = {"right": x + 11, "left": x - 11 - width, "middle": x - width / 2}
    tops = {"above": y - 10 - LINE_PX, "beside": y - LINE_PX / 2, "below": y + 10}
    order = (
        *(("right", "beside"), ("left", "beside"), ("middle", "above"), ("middle", "below")),
        *((side, level) for side in ("right", "left") for level in ("above", "below")),
    )
    return [
        (lefts[side], tops[level], lefts[side] + width, tops[level] + LINE_PX)
        for side, level in order
    ]


def _is_inside(box: Box) -> bool:
    left, top, right, bottom = box
    return left > LEFT_PX and right < WIDTH_PX and top > TOP_PX - 8 and bottom < TOP_PX + SIDE_PX


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _along(points: Sequence[Point]) -> list[Point]:
    """Places on the path between the points."""
    return [
        (x + (x2 - x) * part / 8, y + (y2 - y) * part / 8)
        for (x, y), (x2, y2) in pairwise(points)
        for part in range(1, 8)
    ]


def _labels(named: Sequence[tuple[Point, str]], *, way: Sequence[Point]) -> Drawn:
    return [
        {"x": box[0], "y": box[3] - 4, "text": text, "colour": stand_in("ink")}
        for box, (_, text) in zip(label_boxes(named, way=way), named, strict=True)
    ]


def _points(points: Sequence[Point], *, mark: Mark) -> Drawn:
    return [
        {"x": x, "y": y, "shape": mark.shape, "colour": stand_in(mark.token)} for x, y in points
    ]


def _path(points: Sequence[Point], *, token: str) -> Drawn:
    """Lines from third to third, each with the head of an arrow before its end."""
    return [line for one in pairwise(points) for line in _arrow(*one, colour=stand_in(token))]


def _arrow(start: Point, end: Point, *, colour: str) -> Drawn:
    (x, y), (x2, y2) = start, end
    length = math.dist(start, end)
    tip = (x2 - (x2 - x) / length * 8, y2 - (y2 - y) / length * 8)
    angle = math.atan2(y2 - y, x2 - x)
    wings = [
        (tip[0] - HEAD_PX * math.cos(angle + turn), tip[1] - HEAD_PX * math.sin(angle + turn))
        for turn in (-0.5, 0.5)
    ]
    strokes = [(start, tip), *([(wing, tip) for wing in wings] if length > 2 * HEAD_PX else [])]
    return [{"x": a, "y": b, "x2": c, "y2": d, "colour": colour} for (a, b), (c, d) in strokes]


def _grid(area: Plot, *, limit: float) -> Drawn:
    ticks = _ticks(limit)
    upright = [(area.x(tick), area.top, area.x(tick), area.bottom) for tick in ticks]
    level = [(area.left, area.y(tick), area.right, area.y(tick)) for tick in ticks]
    return [
        {"x": x, "y": y, "x2": x2, "y2": y2, "colour": stand_in("line")}
        for x, y, x2, y2 in (*upright, *level)
    ]


def _diagonal(area: Plot) -> Drawn:
    """As much of the one as of the other."""
    return [
        {"x": area.left, "y": area.bottom, "x2": area.right, "y2": area.top,
         "colour": stand_in("muted")}
    ]  # fmt: skip


def _axis_layers(canvas: Canvas, *, area: Plot, limit: float) -> list[Any]:
    """Ticks and names of the axes, and a quiet name at each corner, outside of the plane."""
    muted = stand_in("muted")
    ticks = _ticks(limit)
    below = [{"x": area.x(tick), "y": area.bottom + 17, "text": f"{tick:g}", "colour": muted}
             for tick in ticks]  # fmt: skip
    beside = [{"x": area.left - 8, "y": area.y(tick) + 4, "text": f"{tick:g}", "colour": muted}
              for tick in ticks]  # fmt: skip
    corners = [
        ("left", area.left, area.top - 12, "mostly empathy"),
        ("right", area.right, area.top - 12, "much of both"),
        ("left", area.left, area.bottom + 38, "little of both"),
        ("right", area.right, area.bottom + 38, "mostly assertion"),
    ]
    return [
        canvas.texts(below, align="center", size=12),
        canvas.texts(beside, align="right", size=12),
        *(
            canvas.texts([{"x": x, "y": y, "text": text, "colour": muted}], align=align, size=13)
            for align, x, y, text in corners
        ),
    ]


def _ticks(limit: float) -> list[float]:
    return plot.steps(0.0, limit, step=plot.round_step(limit, most=TICKS))
