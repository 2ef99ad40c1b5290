"""The offer ledger as the page shows it: an issue a row, its positions in the order of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page.wording import NBSP, Person, people, place, plain, tidy

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_KINDS = {
    "anchor": "first position",
    "counter": "counter",
    "concession": "concession",
    "retreat": "moved away",
    "repeat": "again",
    "revision": "changed",
    "accept": "accepted",
}
_GROUNDS = {"objective_criteria": "with outside evidence", "value_statement": "with own worth"}
_UNKNOWN = Person(id="", name="unknown", is_me=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One position or acceptance: who, what, how it moved, and where it stands in the call."""

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
    low = _number(position["value"])
    high = f"–{_number(position['high'])}" if position["high"] is not None else ""
    unit = position["unit"]
    if unit in _SIGNS:
        text = f"{_SIGNS[unit]}{low}{high}"
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


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")
