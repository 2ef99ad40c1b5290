"""What each question of the main person got back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from pipeline.stages.page import figures, wording
from pipeline.stages.page.figures import Cell
from pipeline.stages.page.wording import Person

QUOTE_LENGTH = 200
SHOWN = 12
PRINTED = 5
FEWEST = 2
NEW_WORDS = 5

Question = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The other side's next turn: its length in words, as a share of the longest, and what's new.

    `more` counts new words that are not among `new_words`.
    """

    length: str
    share: float
    new_words: tuple[str, ...]
    more: int
    turn: int
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with its kinds in words; `printed` where it is among the most telling."""

    quote: str
    turn: int
    time: str
    kinds: tuple[str, ...]
    reply: Reply | None
    printed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The main person's questions in order: those that got most back, and the rest."""

    whose: str
    lede: str
    told: str
    facts: tuple[tuple[str, Cell], ...]
    shown: tuple[Asked, ...]
    rest: tuple[Asked, ...]


def questions(report: Mapping[str, Any]) -> Questions | None:
    """The section's content; None when nobody spoke."""
    main = wording.main_person(wording.people(report))
    if main is None:
        return None
    own = [one for one in report.get("questions", ()) if one["speaker"] == main.id]
    shown, rest = _parted(own)
    return Questions(
        whose=main.possessive,
        lede=_lede(report, main=main),
        told=_told(own),
        facts=_facts(report),
        shown=shown,
        rest=rest,
    )


def _lede(report: Mapping[str, Any], *, main: Person) -> str:
    """How many each asked; or why that is withheld."""
    counts = {one["id"]: one["question_count"] for one in report["speakers"]}
    if counts[main.id] is None:
        return figures.reading(report, "question_count")
    others = [
        f"{wording.isolated(person.name)} {counts[person.id]}"
        for person in wording.people(report)
        if person != main and counts[person.id] is not None
    ]
    said = f"{main.subject} asked {wording.counted(counts[main.id], 'question')}"
    return f"{', '.join([said, *others])}."


def _told(own: Sequence[Question]) -> str:
    """The typical reply to open and to closed questions, where there are some of both."""
    words = {
        kind: [one["reply"]["word_count"] for one in own if one["kind"] == kind and one["reply"]]
        for kind in ("open", "closed")
    }
    if any(len(found) < FEWEST for found in words.values()):
        return ""
    opened, closed = (
        f"{len(words[kind])} {kind} ones typically got {round(median(words[kind]))} words back"
        for kind in ("open", "closed")
    )
    return f"The {opened}; the {closed}."


def _facts(report: Mapping[str, Any]) -> tuple[tuple[str, Cell], ...]:
    """Figures of the main person with the others' below."""
    everyone = wording.people(report)
    main = wording.main_person(everyone)
    return tuple(
        _fact(figures.row(report, key), everyone=everyone, main=main)
        for key in ("open_question_share", "reflection_to_question_ratio", "questions_per_hour")
    )


def _fact(row: figures.Row, *, everyone: Sequence[Person], main: Person | None) -> tuple[str, Cell]:
    cells = dict(zip(everyone, row.cells, strict=True))
    own = next(cell for person, cell in cells.items() if person == main)
    others = "; ".join(
        f"{wording.isolated(person.name)}: {cell.text or 'withheld'}"
        for person, cell in cells.items()
        if person != main
    )
    return row.label, Cell(text=own.text, detail=others, withheld=own.withheld)


def _parted(own: Sequence[Question]) -> tuple[tuple[Asked, ...], tuple[Asked, ...]]:
    """The questions that got most new words back, and the rest, both in order of the call."""
    ranked = sorted(range(len(own)), key=lambda number: _telling(own[number]), reverse=True)
    first, printed = set(ranked[:SHOWN]), set(ranked[:PRINTED])
    longest = max([one["reply"]["word_count"] for one in own if one["reply"]] + [1])
    asked = [
        _asked(one, longest=longest, printed=number in printed) for number, one in enumerate(own)
    ]
    return (
        tuple(one for number, one in enumerate(asked) if number in first),
        tuple(one for number, one in enumerate(asked) if number not in first),
    )


def _telling(question: Question) -> tuple[int, int]:
    reply = question["reply"]
    return (reply["new_word_count"], reply["word_count"]) if reply else (-1, -1)


def _asked(question: Question, *, longest: int, printed: bool) -> Asked:
    kinds = [question["kind"]]
    kinds += ["calibrated"] if question["calibrated"] else []
    kinds += ["follow-up"] if question["follow_up"] else []
    return Asked(
        quote=wording.shortened(wording.plain(question["quote"]), length=QUOTE_LENGTH),
        turn=question["turn"],
        time=wording.place(question["turn"], question["start_s"]),
        kinds=tuple(kinds),
        reply=_reply(question["reply"], longest=longest),
        printed=printed,
    )


def _reply(reply: Mapping[str, Any] | None, *, longest: int) -> Reply | None:
    if reply is None:
        return None
    lasted = f", {wording.seconds(reply['duration_s'])}" if reply["duration_s"] is not None else ""
    words = tuple(wording.name_of(one) for one in reply["new_words"][:NEW_WORDS])
    return Reply(
        length=f"{wording.counted(reply['word_count'], 'word')}{lasted}",
        share=reply["word_count"] / longest,
        new_words=words,
        more=max(reply["new_word_count"] - len(words), 0),
        turn=reply["turn"],
        time=wording.place(reply["turn"], reply["start_s"]),
    )
