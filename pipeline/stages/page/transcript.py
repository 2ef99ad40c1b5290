"""The transcript as the page prints it: turns cut into segments, quotes marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.wording import Person

Tag = Mapping[str, Any]

_PUNCTUATION = re.compile(r"[.,;:!?…]+(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The visible name of a tactic, which says where it is experimental; `title` is its meaning."""

    tactic: str
    family: str
    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A tag where it is named; `how` is what found it and how sure that is: "rule 0.9"."""

    label: Label
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a turn.

    `covering` are the tactics whose quote it is part of; `ending` are those to be named after
    it, so that each tag is named once.
    """

    text: str
    covering: tuple[Label, ...]
    ending: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn or backchannel on the page."""

    index: int
    speaker: Person
    time: str
    start_s: float | None
    end_s: float | None
    is_backchannel: bool
    segments: tuple[Segment, ...]
    labels: tuple[Label, ...]

    @property
    def span(self) -> str:
        """Start and end in hundredths of a second, "6203 7210"; empty where they are not known."""
        if self.start_s is None or self.end_s is None:
            return ""
        return f"{round(self.start_s * 100)} {round(self.end_s * 100)}"

    @property
    def tactics(self) -> str:
        """The ids of its tactics and families, for the filter."""
        kinds = {label.tactic for label in self.labels} | {
            f"family:{label.family}" for label in self.labels
        }
        return " ".join(sorted(kinds))


def turns(report: Mapping[str, Any]) -> tuple[Turn, ...]:
    """Every turn of the report, in order."""
    everyone = {person.id: person for person in wording.people(report)}
    labels = labels_of(report)
    tags: dict[int, list[Tag]] = {}
    for tag in report["tactics"]:
        tags.setdefault(tag["turn"], []).append(tag)
    return tuple(
        _turn(turn, speaker=everyone[turn["speaker"]], tags=tags.get(turn["index"], ()),
              labels=labels)
        for turn in report["turns"]
    )  # fmt: skip


def labels_of(report: Mapping[str, Any]) -> dict[str, Label]:
    """What each tactic of the report is called; an unlisted one by its id."""
    unlisted = {
        tag["tactic"]: Label(
            tactic=tag["tactic"],
            family=tag["family"],
            name=_shown_name(tag["tactic"].replace("_", " "), tag),
            title="",
        )
        for tag in report["tactics"]
    }
    listed = {
        entry["tactic"]: Label(
            tactic=entry["tactic"],
            family=entry["family"],
            name=_shown_name(wording.name_of(entry["name"]), entry),
            title=wording.plain(entry["definition"]),
        )
        for entry in report["codebook"]
    }
    return unlisted | listed


def _shown_name(name: str, entry: Mapping[str, Any]) -> str:
    """The name as it is shown; reports before 1.3 have no experimental tags."""
    mark = " (experimental)" if entry.get("experimental") else ""
    return f"{wording.capitalised(name)}{mark}"


def _turn(
    turn: Mapping[str, Any], *, speaker: Person, tags: Sequence[Tag], labels: Mapping[str, Label]
) -> Turn:
    return Turn(
        index=turn["index"],
        speaker=speaker,
        time=wording.place(turn["index"], turn["start_s"]),
        start_s=turn["start_s"],
        end_s=turn["end_s"],
        is_backchannel=turn["kind"] == "backchannel",
        segments=segments(wording.plain(turn["text"]), tags=tags, labels=labels),
        labels=tuple(labels[tag["tactic"]] for tag in tags),
    )


def segments(text: str, *, tags: Sequence[Tag], labels: Mapping[str, Label]) -> tuple[Segment, ...]:
    """The text cut wherever a quote begins or ends; joined again, the segments are the text.

    Quotes may overlap: a segment then belongs to several, the shortest quote first.
    """
    quotes = sorted(
        (_quote(tag, text=text, label=labels[tag["tactic"]]) for tag in tags),
        key=lambda quote: quote.end - quote.start,
    )
    inner = {cut for quote in quotes for cut in (quote.start, quote.end, quote.named_at)}
    return tuple(
        Segment(
            text=text[start:end],
            covering=tuple(
                one.named.label for one in quotes if one.start <= start and end <= one.end
            ),
            ending=tuple(one.named for one in quotes if one.named_at == end),
        )
        for start, end in pairwise(sorted({0, len(text)} | inner))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quote:
    """Where a quote is, and where its name stands: behind the punctuation that follows it."""

    start: int
    end: int
    named_at: int
    named: Named


def _quote(tag: Tag, *, text: str, label: Label) -> _Quote:
    """The tag's quote, its offsets kept inside the text."""
    start = min(tag["start_char"], len(text))
    end = min(max(tag["end_char"], start), len(text))
    follows = _PUNCTUATION.match(text, end)
    named_at = follows.end() if follows else end
    named = Named(label=label, how=f"{tag['method']} {tag['score']:.2g}")
    return _Quote(start=start, end=end, named_at=named_at, named=named)
