"""What was done of a plan, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page.ledger import said
from pipeline.stages.page.wording import (
    Person,
    counted,
    main_person,
    people,
    place,
    plain,
    tidy,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A quote with its place in the call; `who` is empty where it is the plan's owner."""

    who: str
    quote: str
    turn: int
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRow:
    """An issue's target and walk-away beside what was agreed, with what is to be said of it."""

    name: str
    target: str
    walk_away: str
    agreed: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An issue, a question or a phrase of the plan, what came of it, and where."""

    text: str
    state: str
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparationView:
    """The whole section; lists are empty where nothing was planned."""

    reading: str
    withheld: str
    terms: tuple[TermRow, ...]
    issues: tuple[Planned, ...]
    questions: tuple[Planned, ...]
    avoid: tuple[Planned, ...]


def preparation(report: Mapping[str, Any]) -> PreparationView | None:
    """The plan of a report against the call; None for a report made without one."""
    document = report.get("preparation")
    if document is None:
        return None
    everyone = people(report)
    owner = next((one for one in everyone if one.id == document["speaker"]), None)
    names = {one.id: one for one in everyone}
    return PreparationView(
        reading=_reading(document, owner=owner or main_person(everyone)),
        withheld=document["withheld"],
        terms=tuple(_term(one) for one in document["terms"]),
        issues=tuple(_issue(one, document, names) for one in document["issues"]),
        questions=tuple(_question(one, document, names) for one in document["questions"]),
        avoid=tuple(_phrase(one, document, names) for one in document["avoid"]),
    )


def _reading(document: Mapping[str, Any], *, owner: Person | None) -> str:
    """The section in a sentence or two."""
    subject = owner.subject if owner else "Nobody"
    asked = [one for one in document["questions"] if one["asked"]]
    reached = [one for one in document["terms"] if one["target_reached"]]
    parts = []
    if document["terms"]:
        goals = counted(len(document["terms"]), "planned term")
        parts.append(f"{subject} reached the target on {len(reached)} of {goals}.")
    if document["questions"]:
        planned = counted(len(document["questions"]), "planned question")
        parts.append(f"{subject} asked {len(asked)} of {planned}.")
    if document["in_order"] is not None:
        came = "came up" if document["in_order"] else "did not come up"
        parts.append(f"The issues {came} in the order of priority.")
    return " ".join(parts)


def _term(one: Mapping[str, Any]) -> TermRow:
    return TermRow(
        name=tidy(one["name"]),
        target=said(one["target"]) if one["target"] else "–",
        walk_away=said(one["walk_away"]) if one["walk_away"] else "–",
        agreed=said(one["agreed"]) if one["agreed"] else "left open",
        verdict=_verdict(one),
    )


def _verdict(one: Mapping[str, Any]) -> str:
    if not one["agreed"]:
        return "nothing agreed"
    reached, within = one["target_reached"], one["within_walk_away"]
    if reached:
        return "target reached"
    if within is False:
        return "beyond the walk-away"
    parts = ["target not reached"] if reached is False else []
    parts += ["within the walk-away"] if within else []
    return ", ".join(parts) or "cannot be compared"


def _issue(
    one: Mapping[str, Any], document: Mapping[str, Any], names: Mapping[str, Person]
) -> Planned:
    raised = one["raised"]
    total = sum(other["raised"] is not None for other in document["issues"])
    state = f"raised {_ordinal(one['place'])} of {total}" if raised else "never raised"
    return Planned(
        text=tidy(one["name"]), state=state, said=_said([raised] if raised else [], document, names)
    )


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    tens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if tens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _question(
    one: Mapping[str, Any], document: Mapping[str, Any], names: Mapping[str, Person]
) -> Planned:
    asked = one["asked"]
    state = "not asked" if not asked else "asked" if asked["share"] == 1 else "asked in other words"
    found = [asked] if asked else []
    return Planned(text=plain(one["text"]), state=state, said=_said(found, document, names))


def _phrase(
    one: Mapping[str, Any], document: Mapping[str, Any], names: Mapping[str, Person]
) -> Planned:
    count = len(one["said"])
    state = {0: "not said", 1: "said once"}.get(count, f"said {count} times")
    return Planned(text=plain(one["text"]), state=state, said=_said(one["said"], document, names))


def _said(
    quotes: Sequence[Mapping[str, Any]],
    document: Mapping[str, Any],
    names: Mapping[str, Person],
) -> tuple[Said, ...]:
    return tuple(
        Said(
            who=""
            if one["speaker"] == document["speaker"] or one["speaker"] not in names
            else names[one["speaker"]].name,
            quote=plain(one["quote"]),
            turn=one["turn"],
            time=place(one["turn"], one["start_s"]),
        )
        for one in quotes
    )
