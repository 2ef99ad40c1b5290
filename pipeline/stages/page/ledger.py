"""The offer ledger as the page shows it: an issue a row, its positions in the order of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page.wording import (
    NBSP,
    Person,
    counted,
    isolated,
    people,
    place,
    plain,
    tidy,
)

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_KINDS = {
    "anchor": "first position",
    "counter": "counter",
    "concession": "concession",
    "retreat": "moved away",
    "repeat": "again",
    "revision": "changed",
    "limit": "limit, no offer",
    "accept": "accepted",
}
_GROUNDS = {"objective_criteria": "with outside evidence", "value_statement": "with own worth"}
_UNKNOWN = Person(id="", name="unknown", is_me=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One position, limit or acceptance: who, what, how it moved, and where it stands."""

    speaker: Person
    value: str
    kind: str
    note: str
    turn: int
    time: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    """An issue with its steps and its end."""

    name: str
    steps: tuple[Step, ...]
    status: str


def issue_rows(report: Mapping[str, Any]) -> tuple[IssueRow, ...]:
    """The issues of a report on which somebody took a position; () for reports before 1.2."""
    by_id = {person.id: person for person in people(report)}
    return tuple(
        IssueRow(
            name=tidy(outcome["name"]),
            steps=tuple(
                _step(line, by_id)
                for line in report["offers"]
                if (line["issue"], line["item"]) == (outcome["issue"], outcome["item"])
                and line["kind"] in _KINDS
            ),
            status=_status(outcome),
        )
        for outcome in report.get("outcomes", ())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An issue and how it ended, in words."""

    name: str
    value: str
    is_agreed: bool


def settled(report: Mapping[str, Any]) -> tuple[Settled, ...]:
    """What was agreed on each issue, or that it was left open."""
    return tuple(
        Settled(
            name=tidy(one["name"]),
            value=said(one["agreed"]) if one["agreed"] else "left open",
            is_agreed=bool(one["agreed"]),
        )
        for one in report.get("outcomes", ())
    )


def lede(report: Mapping[str, Any]) -> str:
    """One sentence: how many issues, how many agreed, and who gave ground how often."""
    ends = settled(report)
    agreed = sum(one.is_agreed for one in ends)
    count = f"{counted(len(ends), 'issue')} on the table, {agreed} agreed"
    moves = [
        (person, sum(_is_concession(line, person) for line in report["offers"]))
        for person in sorted(people(report), key=lambda person: not person.is_me)
    ]
    moved = " and ".join(
        f"{'you' if person.is_me else isolated(person.name)} {_often(number)}"
        for person, number in moves
        if number
    )
    return f"{count}; ground was given by {moved}." if moved else f"{count}; nobody gave ground."


def _often(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _is_concession(line: Mapping[str, Any], person: Person) -> bool:
    return bool(line["kind"] == "concession" and line["speaker"] == person.id)


def _step(line: Mapping[str, Any], by_id: Mapping[str, Person]) -> Step:
    return Step(
        speaker=by_id.get(line["speaker"], _UNKNOWN),
        value=said(line),
        kind=_KINDS[line["kind"]],
        note=_note(line),
        turn=line["turn"],
        time=place(line["turn"], line["start_s"]),
        quote=plain(line["text"]),
    )


def _note(line: Mapping[str, Any]) -> str:
    """What a move closed of the gap, and what it was grounded on."""
    parts = []
    if line["gap_share"] is not None and line["kind"] == "concession":
        parts.append(f"{round(100 * min(line['gap_share'], 1.0))}{NBSP}% of the gap")
    if line["rationale"]:
        parts.append(_GROUNDS[line["rationale"]])
    if line["exact"]:
        parts.append("an exact number")
    return ", ".join(parts)


def _status(outcome: Mapping[str, Any]) -> str:
    agreed = outcome["agreed"]
    return f"agreed: {said(agreed)}" if agreed else "left open"


def said(position: Mapping[str, Any]) -> str:
    """A value or option in words: "$118,000 a year", "3 weeks", "team manager"."""
    if position["value"] is None:
        return tidy(position["option"])
    low = number(position["value"])
    high = f"–{number(position['high'])}" if position["high"] is not None else ""
    unit = position["unit"]
    if unit in SIGNS:
        text = f"{SIGNS[unit]}{low}{high}"
    elif unit == "percent":
        text = f"{low}{high}{NBSP}%"
    elif unit and unit != "money":
        text = f"{low}{high}{NBSP}{unit}{'' if position['value'] == 1 and not high else 's'}"
    else:
        text = f"{low}{high}"
    return (
        f"{text} a{'n' if position['period'] == 'hour' else ''} {position['period']}"
        if position["period"]
        else text
    )


def number(value: float) -> str:
    """With thousands set apart, and at most two digits after the point."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")
