"""The tactics of a document: how often, how sure, what followed them, and who reads them how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.documents.measures import number
from pipeline.documents.model import Block, Heading, Items, Paragraph, Table, quoted
from pipeline.documents.opening import Report, columns_of, names_of
from pipeline.stages.page import accuracy, figures, render, tags, transcript, wording

_STANCES = {"strength": "a strength", "risk": "a risk", "neutral": "neither"}


def tactics(report: Report) -> Iterator[Block]:
    """Each tactic with its count by speaker, how often its tags are right, and an example."""
    yield Heading(text="Tactics")
    groups = tags.family_groups(report, quotes=1)
    if not groups:
        withheld = render.tactics_withheld(report)
        yield Paragraph(text=withheld or "No tactic of the codebook is shown for this call.")
    else:
        yield Paragraph(
            text=f"Counts of what was found {tags.how_tagged(report)}. A tag says what was said, "
            "not whether it was wise."
        )
        yield _tactic_table(report, groups=groups)
    yield from _hidden(report)


def _tactic_table(report: Report, *, groups: tuple[tags.FamilyGroup, ...]) -> Table:
    right = accuracy.accuracies(report)
    return Table(
        head=("Family", "Tactic", *columns_of(report).values(), "How often right", "Example"),
        rows=tuple(
            (
                group.family.name,
                row.label.name,
                *map(str, row.counts),
                right[row.label.tactic].short if row.label.tactic in right else "–",
                _example(row.quotes),
            )
            for group in groups
            for row in group.rows
        ),
    )


def _example(quotes: tuple[tags.Quote, ...]) -> str:
    if not quotes:
        return ""
    one = quotes[0]
    return f"“{quoted(one.text)}” ({one.speaker.name}, {one.time})"


def _hidden(report: Report) -> Iterator[Block]:
    hidden = accuracy.hidden(report)
    if hidden:
        yield Paragraph(text="Found, and not shown since their tags are right too seldom:")
        yield Items(texts=tuple(f"{one.name}: {one.count}, {one.accuracy.short}" for one in hidden))


def effects(report: Report) -> Iterator[Block]:
    """What the other side did in the next turn."""
    found = report.get("effects", ())
    if not found:
        return
    names = names_of(report)
    yield Heading(text="What followed the tactics")
    yield Paragraph(
        text="What the other side did in the next turn. With few turns it is an anecdote, and "
        "never proof of a cause. “Else” is the median after the speaker’s other turns."
    )
    yield Table(
        head=(
            "Tactic", "By", "Turns", "Answered", "Words, median", "Else", "New words, median",
            "Agreed", "Conceded",
        ),
        rows=tuple(
            (
                tactic_name(report, one["tactic"]),
                names.get(one["speaker"], "unknown"),
                *(
                    number(one[key])
                    for key in (
                        "count", "answered_count", "median_reply_words", "other_reply_words",
                        "median_new_words", "agreement_count", "concession_count",
                    )
                ),
            )
            for one in found
        ),
    )  # fmt: skip


def tactic_name(report: Report, tactic: str) -> str:
    """What a tactic is called, whether its tags are shown or not."""
    label = transcript.labels_of(report).get(tactic)
    return label.name if label else wording.capitalised(tactic.replace("_", " "))


def readings(report: Report) -> Iterator[Block]:
    """How sources take figures and tactics; several where they disagree."""
    found = report.get("readings", ())
    if not found:
        return
    yield Heading(text="How others read it")
    yield Paragraph(
        text="Each reading names its source and the setting that was studied; where two disagree, "
        "both stand here."
    )
    yield Table(
        head=("What", "Lens", "Taken as", "Reading", "Source", "Setting studied"),
        rows=tuple(_reading(one, report=report) for one in found),
    )


def _reading(one: Mapping[str, Any], *, report: Report) -> tuple[str, ...]:
    is_metric = one["about"] == "metric"
    what = figures.label_of(one["id"]) if is_metric else tactic_name(report, one["id"])
    who = names_of(report).get(one["speaker"] or "")
    return (
        f"{what}, {who}" if who else what,
        one["lens"],
        _STANCES[one["stance"]],
        one["text"],
        one["source"],
        one["setting"] or "–",
    )
