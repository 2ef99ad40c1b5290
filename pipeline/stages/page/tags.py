"""The tactics by family and speaker, with example quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.palette import FAMILIES, Family
from pipeline.stages.page.transcript import Label, labels_of
from pipeline.stages.page.wording import Person

QUOTE_LENGTH = 160

Tag = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An example, and the turn that it stands in."""

    text: str
    turn: int
    time: str
    speaker: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticRow:
    """One tactic: how often each speaker used it, in the order of speakers."""

    label: Label
    counts: tuple[int, ...]
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyGroup:
    """The tactics of a family that occur in this call, with their sums."""

    family: Family
    counts: tuple[int, ...]
    rows: tuple[TacticRow, ...]


def family_groups(report: Mapping[str, Any], *, quotes: int) -> tuple[FamilyGroup, ...]:
    """The families that occur, each tactic with up to `quotes` examples."""
    found = [_family_group(family, report=report, quotes=quotes) for family in FAMILIES]
    return tuple(group for group in found if group.rows)


def _family_group(family: Family, *, report: Mapping[str, Any], quotes: int) -> FamilyGroup:
    everyone = wording.people(report)
    tags = [tag for tag in report["tactics"] if tag["family"] == family.id]
    used = {tag["tactic"] for tag in tags}
    order = [tactic for tactic in labels_of(report) if tactic in used]
    return FamilyGroup(
        family=family,
        counts=_counts(tags, everyone=everyone),
        rows=tuple(_tactic_row(tactic, report=report, quotes=quotes) for tactic in order),
    )


def _tactic_row(tactic: str, *, report: Mapping[str, Any], quotes: int) -> TacticRow:
    everyone = wording.people(report)
    tags = [tag for tag in report["tactics"] if tag["tactic"] == tactic]
    return TacticRow(
        label=labels_of(report)[tactic],
        counts=_counts(tags, everyone=everyone),
        quotes=tuple(_quote(tag, everyone=everyone) for tag in _examples(tags, limit=quotes)),
    )


def _counts(tags: Sequence[Tag], *, everyone: Sequence[Person]) -> tuple[int, ...]:
    return tuple(sum(tag["speaker"] == person.id for tag in tags) for person in everyone)


def _examples(tags: Sequence[Tag], *, limit: int) -> list[Tag]:
    """The surest tags with different quotes, in the order of the call."""
    by_quote: dict[str, Tag] = {}
    for tag in sorted(tags, key=lambda one: (-one["score"], *_order(one))):
        by_quote.setdefault(tag["quote"].casefold(), tag)
    return sorted(list(by_quote.values())[:limit], key=_order)


def _order(tag: Tag) -> tuple[float, int]:
    """By time, and where there is none by turn."""
    return (tag["start_s"] or 0.0, tag["turn"])


def _quote(tag: Tag, *, everyone: Sequence[Person]) -> Quote:
    return Quote(
        text=wording.shortened(wording.plain(tag["quote"]), length=QUOTE_LENGTH),
        turn=tag["turn"],
        time=wording.place(tag["turn"], tag["start_s"]),
        speaker=next(person for person in everyone if person.id == tag["speaker"]),
    )


def how_tagged(report: Mapping[str, Any]) -> str:
    """How the tags of this call were found."""
    methods = {tag["method"].partition(":")[0] for tag in report["tactics"]}
    if methods <= {"rule"}:
        return "by rule, from the wording"
    return "by rule, from wording and timing" if methods <= {"rule", "audio"} else "by machine"
