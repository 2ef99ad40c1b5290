"""The timeline: who spoke when, in a lane a speaker, with a mark for each tactic below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.stages.page import charts, plot, wording
from pipeline.stages.page.canvas import Canvas
from pipeline.stages.page.palette import FAMILIES, Family, stand_in
from pipeline.stages.page.wording import Person

NAME_PX, SPEECH_PX, FAMILY_PX, LANE_GAP_PX, AXIS_PX = 22, 18, 17, 18, 20
SYMBOL_PX2, SYMBOL_SPACE_PX = 68, 2.0

Drawn = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Where things stand on the timeline, in pixels from the top; `left` is for row labels."""

    width: int
    left: int
    families: tuple[Family, ...]
    people: tuple[Person, ...]
    duration_s: float

    @property
    def lane_px(self) -> int:
        """Height of one speaker's lane."""
        return NAME_PX + SPEECH_PX + FAMILY_PX * len(self.families) + LANE_GAP_PX

    @property
    def height(self) -> int:
        """Height of the whole drawing."""
        return self.lane_px * len(self.people) + AXIS_PX

    @property
    def second_px(self) -> float:
        """Pixels a second."""
        return (self.width - self.left - 8) / max(self.duration_s, 0.1)

    def x(self, second: float) -> float:
        """Where that second of the call is."""
        return round(self.left + second * self.second_px, 2)

    def top(self, speaker: str) -> int:
        """Where that speaker's band of speech begins."""
        ids = [person.id for person in self.people]
        return ids.index(speaker) * self.lane_px + NAME_PX


def used_families(report: Mapping[str, Any]) -> tuple[Family, ...]:
    """The families that have a tag in this call, in the codebook's order."""
    used = {tag["family"] for tag in report["tactics"]}
    return tuple(family for family in FAMILIES if family.id in used)


def timeline_svg(report: Mapping[str, Any], *, width: int, left: int) -> Markup:
    """The timeline at that width; the families are named where `left` leaves room for it."""
    lanes = Lanes(
        width=width,
        left=left,
        families=used_families(report),
        people=wording.people(report),
        duration_s=report["recording"]["duration_s"],
    )
    canvas = Canvas(width=width, height=lanes.height, x_end=width)
    layers = [
        canvas.down(_gridlines(lanes), width=1),
        canvas.rectangles([*_tracks(lanes), *_speech(lanes, speech=report["speech"])]),
        canvas.symbols(_marks(lanes, tags=report["tactics"]), size=SYMBOL_PX2),
        canvas.texts(_names(lanes), align="left", size=14, weight=600),
        canvas.texts(_family_names(lanes), align="left", size=12),
        canvas.texts(_times(lanes), align="center", size=12),
    ]
    return canvas.svg(layers, label=description(report))


def description(report: Mapping[str, Any]) -> str:
    """The timeline in words, for those who do not see it."""
    said = [
        f"{charts.chart_name(person)}: "
        + wording.counted(_count(report["turns"], person=person, kind="turn"), "turn")
        + ", "
        + wording.counted(_count(report["tactics"], person=person), "tactic mark")
        for person in wording.people(report)
    ]
    length = wording.clock(report["recording"]["duration_s"])
    return f"Who spoke when, over {length}. {'; '.join(said)}. The transcript lists them all."


def _count(rows: Iterable[Mapping[str, Any]], *, person: Person, kind: str | None = None) -> int:
    return sum(
        row["speaker"] == person.id and (kind is None or row["kind"] == kind) for row in rows
    )


def _ticks(lanes: Lanes) -> list[float]:
    """Round times, far enough apart for their labels."""
    step = plot.time_step(second_px=lanes.second_px)
    return [float(second) for second in range(0, int(lanes.duration_s) + 1, step)]


def _gridlines(lanes: Lanes) -> Drawn:
    """A line at each tick through each lane, clear of the names."""
    tops = [lanes.top(person.id) for person in lanes.people]
    length = SPEECH_PX + FAMILY_PX * len(lanes.families) + 6
    return [
        {"x": lanes.x(tick), "y": top, "y2": top + length, "colour": stand_in("line")}
        for top in tops
        for tick in _ticks(lanes)
    ]


def _times(lanes: Lanes) -> Drawn:
    """The labels of the time axis; the first and the last are kept inside the drawing."""
    y, colour = lanes.height - 5, stand_in("muted")
    return [
        {
            "x": min(max(lanes.x(tick), 14), lanes.width - 18),
            "y": y,
            "text": wording.clock(tick),
            "colour": colour,
        }
        for tick in _ticks(lanes)
    ]


def _tracks(lanes: Lanes) -> Drawn:
    return [_band(lanes, person.id, 0.0, lanes.duration_s, "track") for person in lanes.people]


def _speech(lanes: Lanes, *, speech: Sequence[Mapping[str, Any]]) -> Drawn:
    main = wording.main_person(lanes.people)
    return [
        _band(lanes, person.id, start, end, charts.speaker_token(person, main=main))
        for person in lanes.people
        for start, end in joined(
            [(one["start_s"], one["end_s"]) for one in speech if one["speaker"] == person.id],
            gap_s=1 / lanes.second_px,
        )
    ]


def joined(intervals: Sequence[tuple[float, float]], *, gap_s: float) -> list[tuple[float, float]]:
    """The intervals with those joined whose gap is shorter than `gap_s`: no eye sees it."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(intervals):
        if merged and start - merged[-1][1] < gap_s:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _band(lanes: Lanes, speaker: str, start_s: float, end_s: float, token: str) -> dict[str, Any]:
    top = lanes.top(speaker)
    return {
        "x": lanes.x(start_s),
        "x2": max(lanes.x(end_s), lanes.x(start_s) + 1),
        "y": top,
        "y2": top + SPEECH_PX,
        "colour": stand_in(token),
    }


def _marks(lanes: Lanes, *, tags: Sequence[Mapping[str, Any]]) -> Drawn:
    """One symbol a tag, in its family's row, at the middle of its quote.

    Of those that would cover each other in a long call, one is drawn.
    """
    rows = {family.id: row for row, family in enumerate(lanes.families)}
    shapes = {family.id: family.shape for family in lanes.families}
    drawn = {}
    for tag in tags:
        x = lanes.x((tag["start_s"] + tag["end_s"]) / 2)
        place = (tag["speaker"], tag["family"], x // SYMBOL_SPACE_PX)
        drawn[place] = {
            "x": x,
            "y": _family_y(lanes, tag["speaker"], rows[tag["family"]]),
            "shape": shapes[tag["family"]],
            "colour": stand_in(tag["family"]),
        }
    return list(drawn.values())


def _family_y(lanes: Lanes, speaker: str, row: int) -> float:
    return lanes.top(speaker) + SPEECH_PX + (row + 0.5) * FAMILY_PX + 3


def _names(lanes: Lanes) -> Drawn:
    return [
        {
            "x": lanes.left,
            "y": lanes.top(person.id) - 7,
            "text": charts.chart_name(person),
            "colour": stand_in("ink"),
        }
        for person in lanes.people
    ]


def _family_names(lanes: Lanes) -> Drawn:
    """The name of each family's row; none where there is no room."""
    if not lanes.left:
        return []
    return [
        {
            "x": 0,
            "y": _family_y(lanes, person.id, row) + 4,
            "text": family.name,
            "colour": stand_in(family.id),
        }
        for person in lanes.people
        for row, family in enumerate(lanes.families)
    ]
