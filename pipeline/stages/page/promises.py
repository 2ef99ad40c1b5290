"""Promises that nobody can be held to, and whether somebody had them made concrete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.wording import Person

QUOTE_LENGTH = 160
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A promise that stayed vague, and what was done about it."""

    speaker: Person
    quote: str
    turn: int
    time: str
    asked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What stayed vague, how many more of that there are, and how many were made concrete."""

    shown: tuple[Promise, ...]
    more: int
    pinned: int


def promises(report: Mapping[str, Any]) -> Promises:
    """The vague promises of a report; none in reports before 1.4."""
    everyone = {person.id: person for person in wording.people(report)}
    every = report.get("vague_promises", ())
    left = [one for one in every if not one["pinned"]]
    return Promises(
        shown=tuple(_promise(one, everyone=everyone) for one in left[:SHOWN]),
        more=max(len(left) - SHOWN, 0),
        pinned=len(every) - len(left),
    )


def _promise(one: Mapping[str, Any], *, everyone: Mapping[str, Person]) -> Promise:
    request = one["request_turn"]
    return Promise(
        speaker=everyone[one["speaker"]],
        quote=wording.shortened(wording.plain(one["quote"]), length=QUOTE_LENGTH),
        turn=one["turn"],
        time=wording.place(one["turn"], one["start_s"]),
        asked="nobody asked by when or how much" if request is None else "asked, and left vague",
    )
