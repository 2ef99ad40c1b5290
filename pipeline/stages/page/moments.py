"""The moments as the page shows them: quote, clip, why it matters, what one could have said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.wording import Person

QUOTE_LENGTH = 220
KINDS = {"strength": "Worked", "missed": "Missed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A quote with who said it, and where it stands."""

    speaker: Person
    text: str
    turn: int
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment; `start_s` to `end_s` is the clip, None where there are no times."""

    rank: int
    kind: str
    label: str
    name: str
    quote: Said
    reply: Said | None
    start_s: float | None
    end_s: float | None
    why: str
    sources: tuple[str, ...]
    suggestion: str
    next_time: str


def moments(report: Mapping[str, Any]) -> tuple[Moment, ...]:
    """The moments of the report, best first; none in reports before 1.4."""
    if not report["moments"] or "rank" not in report["moments"][0]:
        return ()
    everyone = {person.id: person for person in wording.people(report)}
    speakers = {turn["index"]: everyone[turn["speaker"]] for turn in report["turns"]}
    return tuple(_moment(one, speakers=speakers) for one in report["moments"])


def strongest(shown: tuple[Moment, ...]) -> Moment | None:
    """What went best."""
    return next((one for one in shown if one.kind == "strength"), None)


def to_try(shown: tuple[Moment, ...]) -> Moment | None:
    """Where there is most to win next time."""
    return next((one for one in shown if one.kind == "missed"), None)


def _moment(one: Mapping[str, Any], *, speakers: Mapping[int, Person]) -> Moment:
    return Moment(
        rank=one["rank"],
        kind=one["kind"],
        label=KINDS[one["kind"]],
        name=wording.tidy(one["name"]),
        quote=_said(one, speakers=speakers),
        reply=_said(one["reply"], speakers=speakers) if one["reply"] else None,
        start_s=one["start_s"],
        end_s=one["end_s"],
        why=wording.tidy(one["why"]),
        sources=tuple(map(wording.tidy, one["sources"])),
        suggestion=wording.plain(one["suggestion"] or ""),
        next_time=wording.tidy(one["next_time"]),
    )


def _said(one: Mapping[str, Any], *, speakers: Mapping[int, Person]) -> Said:
    return Said(
        speaker=speakers[one["turn"]],
        text=wording.shortened(wording.plain(one["quote"]), length=QUOTE_LENGTH),
        turn=one["turn"],
        place=wording.place(one["turn"], one["start_s"]),
    )
