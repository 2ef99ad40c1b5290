"""How a speaker is told apart in charts: a colour and a shape, the same on the whole page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.wording import Person

CIRCLE = "M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0Z"
SHAPES = (
    CIRCLE,
    "M-.8,-.8H.8V.8H-.8Z",
    "M0,-1L1,0L0,1L-1,0Z",
    "M0,-1L1,.8L-1,.8Z",
    "M0,1L1,-.8L-1,-.8Z",
)
RING = f"{CIRCLE}M-.75,0A.75,.75,0,1,0,.75,0A.75,.75,0,1,0,-.75,0Z"
"""A circle with a hole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A speaker's colour token and SVG path; the main person has the circle and stands out."""

    person: Person
    token: str
    shape: str


def marks(report: Mapping[str, Any]) -> dict[str, Mark]:
    """The mark of each speaker by id, the main person's first; shapes repeat after the fifth."""
    everyone = wording.people(report)
    main = wording.main_person(everyone)
    order = sorted(everyone, key=lambda person: person != main)
    return {
        person.id: Mark(
            person=person,
            token="me" if person == main else "other",
            shape=SHAPES[number % len(SHAPES)],
        )
        for number, person in enumerate(order)
    }
