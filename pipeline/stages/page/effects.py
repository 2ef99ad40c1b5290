"""What the other side did next after each tactic, said no louder than the count allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.transcript import Label, labels_of
from pipeline.stages.page.wording import Person

FEW = 3
SHOWN = 8

Effect = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tactic of one speaker: how often it was answered, and with what.

    `is_few` where there are too few answers to speak of a habit.
    """

    label: Label
    speaker: Person
    answered: str
    is_few: bool
    reply_words: str
    other_words: str
    new_words: str
    agreed: str
    conceded: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The main person's tactics that were answered most, the rest of them, and the others'."""

    shown: tuple[Row, ...]
    rest: tuple[Row, ...]
    others: tuple[Row, ...]


def effects(report: Mapping[str, Any]) -> Effects:
    """The effects of the tactics that the report shows; none in reports before 1.4."""
    main = wording.main_person(wording.people(report))
    known = labels_of(report)
    answered = sorted(
        (
            one
            for one in report.get("effects", ())
            if one["answered_count"] and one["tactic"] in known
        ),
        key=lambda one: -one["answered_count"],
    )
    rows = [(one["speaker"], _row(one, report=report, label=known[one["tactic"]]))
            for one in answered]  # fmt: skip
    own = [row for speaker, row in rows if main and speaker == main.id]
    return Effects(
        shown=tuple(own[:SHOWN]),
        rest=tuple(own[SHOWN:]),
        others=tuple(row for speaker, row in rows if not (main and speaker == main.id)),
    )


def _row(effect: Effect, *, report: Mapping[str, Any], label: Label) -> Row:
    count = effect["answered_count"]
    everyone = {person.id: person for person in wording.people(report)}
    return Row(
        label=label,
        speaker=everyone[effect["speaker"]],
        answered=_times(count),
        is_few=count < FEW,
        reply_words=_number(effect["median_reply_words"]),
        other_words=_number(effect["other_reply_words"]),
        new_words=_number(effect["median_new_words"]),
        agreed=_of(effect["agreement_count"], count),
        conceded=_of(effect["concession_count"], count),
    )


def _times(count: int) -> str:
    return wording.counted(count, "time")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}".removesuffix(".0")


def _of(count: int, answered: int) -> str:
    """ "2 of 5"; with one answer only whether it was so."""
    if answered == 1:
        return "yes" if count else "no"
    return f"{count} of {answered}"
