"""How often each speaker used each family of tactics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import charts, wording
from pipeline.stages.page.canvas import Canvas
from pipeline.stages.page.marks import Mark, marks
from pipeline.stages.page.palette import Family, stand_in
from pipeline.stages.page.plot import Drawn
from pipeline.stages.page.tags import FamilyGroup
from pipeline.stages.page.wording import Person

WIDTH_PX, LEFT_PX, RIGHT_PX = 340, 92, 34
BAR_PX, BAR_GAP_PX, GROUP_GAP_PX = 12, 4, 16
SYMBOL_PX2 = 68


def families_svg(report: Mapping[str, Any], *, groups: Sequence[FamilyGroup]) -> Markup:
    """A group of bars for each family that occurs, a bar a speaker."""
    everyone = wording.people(report)
    group_px = (BAR_PX + BAR_GAP_PX) * len(everyone) + GROUP_GAP_PX
    canvas = Canvas(width=WIDTH_PX, height=group_px * len(groups), x_end=WIDTH_PX)
    bars = _bars(report, groups=groups, group_px=group_px)
    layers = [
        canvas.rectangles(bars),
        canvas.texts(_counts(bars), align="left", size=13),
        canvas.symbols(_symbols(groups, group_px=group_px), size=SYMBOL_PX2),
        canvas.texts(_names(groups, group_px=group_px), align="left", size=13, weight=600),
    ]
    return canvas.svg(layers, label=_description(everyone, groups=groups))


def _bars(report: Mapping[str, Any], *, groups: Sequence[FamilyGroup], group_px: int) -> Drawn:
    """A rectangle for each count, the largest as wide as there is room."""
    known = marks(report)
    owners = [known[person.id] for person in wording.people(report)]
    most = max(count for group in groups for count in group.counts)
    return [
        _bar(owner, count=count, most=most, top=number * group_px + row * (BAR_PX + BAR_GAP_PX))
        for number, group in enumerate(groups)
        for row, (owner, count) in enumerate(zip(owners, group.counts, strict=True))
    ]


def _bar(owner: Mark, *, count: int, most: int, top: float) -> dict[str, Any]:
    length = (WIDTH_PX - LEFT_PX - RIGHT_PX) * count / most
    return {
        "x": LEFT_PX,
        "x2": LEFT_PX + max(length, 1),
        "y": top,
        "y2": top + BAR_PX,
        "colour": stand_in(owner.token),
        "text": str(count),
    }


def _counts(bars: Drawn) -> Drawn:
    return [
        {
            "x": bar["x2"] + 6,
            "y": bar["y"] + BAR_PX - 1,
            "text": bar["text"],
            "colour": stand_in("ink"),
        }
        for bar in bars
    ]


def _symbols(groups: Sequence[FamilyGroup], *, group_px: int) -> Drawn:
    return [
        {
            "x": 6,
            "y": number * group_px + BAR_PX / 2,
            "shape": group.family.shape,
            "colour": stand_in(group.family.id),
        }
        for number, group in enumerate(groups)
    ]


def _names(groups: Sequence[FamilyGroup], *, group_px: int) -> Drawn:
    return [
        {
            "x": 17,
            "y": number * group_px + BAR_PX - 1,
            "text": group.family.name,
            "colour": stand_in(group.family.id),
        }
        for number, group in enumerate(groups)
    ]


def _description(everyone: Sequence[Person], *, groups: Sequence[FamilyGroup]) -> str:
    said = "; ".join(_said(group.family, everyone, group.counts) for group in groups)
    return f"Tags by family. {said}."


def _said(family: Family, everyone: Sequence[Person], counts: Sequence[int]) -> str:
    each = ", ".join(
        f"{charts.chart_name(person)} {count}"
        for person, count in zip(everyone, counts, strict=True)
    )
    return f"{family.name}: {each}"
