"""The figures of a document: by speaker, of the call, over time, and what questions got back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.documents.model import Block, Heading, Paragraph, Table, joined, quoted
from pipeline.documents.opening import Report, columns_of, figure, names_of
from pipeline.stages.page import figures, wording
from pipeline.stages.page.readings import GROUPS


def by_speaker(report: Report) -> Iterator[Block]:
    """Every metric of every speaker, in groups, with a sentence on the main person's."""
    if not report["speakers"]:
        return
    yield Heading(text="Figures by speaker")
    names = columns_of(report)
    shown = {row.metric: row for group in figures.row_groups(report) for row in group.rows}
    for title, metrics in GROUPS:
        yield Heading(text=title, level=3)
        yield Table(
            head=("Figure", *names.values(), "In words"),
            rows=tuple(
                (
                    _with_note(metric.label, shown[metric.key].note),
                    *(figure(report, metric=metric, speaker=who) for who in names),
                    shown[metric.key].reading,
                )
                for metric in metrics
            ),
        )


def _with_note(label: str, note: str) -> str:
    return f"{label} ({note})" if note else label


def of_call(report: Report) -> Iterator[Block]:
    """The figures of the whole call."""
    if not report["speakers"]:
        return
    yield Heading(text="The whole call")
    yield Table(
        head=("Figure", "Value"),
        rows=tuple(
            (label, cell.text or f"withheld: {cell.withheld}")
            for label, cell in figures.totals(report)
        ),
    )


def pace(report: Report) -> Iterator[Block]:
    """Words per minute of each speaker by stretches of the call."""
    found = report.get("pace", ())
    if not found:
        return
    names = columns_of(report)
    rates = {(one["start_s"], one["speaker"]): one["words_per_minute"] for one in found}
    stretches = sorted({(one["start_s"], one["end_s"]) for one in found})
    yield Heading(text="Pace")
    yield Paragraph(text="Words per minute of own talk, by stretches of the call.")
    yield Table(
        head=("Stretch", *names.values()),
        rows=tuple(
            (
                f"{wording.clock(start)}–{wording.clock(end)}",
                *(number(rates.get((start, who))) for who in names),
            )
            for start, end in stretches
        ),
    )


def number(value: float | None) -> str:
    """A count or a median as it is, a dash where there is none."""
    return "–" if value is None else f"{round(value, 1):g}"


def questions(report: Report) -> Iterator[Block]:
    """Every question and what it got back."""
    found = report.get("questions", ())
    if not found:
        return
    names = names_of(report)
    yield Heading(text="Questions and what they got back")
    yield Table(
        head=("When", "Who", "Question", "Kind", "What it got back"),
        rows=tuple(
            (
                wording.place(one["turn"], one["start_s"]),
                names.get(one["speaker"], "unknown"),
                quoted(one["quote"]),
                _kind(one),
                _reply(one["reply"]),
            )
            for one in found
        ),
    )


def _kind(question: Mapping[str, Any]) -> str:
    parts = [
        question["kind"],
        "calibrated" if question["calibrated"] else "",
        "follow-up" if question["follow_up"] else "",
    ]
    return joined(parts, by=", ")


def _reply(reply: Mapping[str, Any] | None) -> str:
    if reply is None:
        return "nothing: the other side did not take the floor"
    new = f"{reply['new_word_count']} new to the call"
    words = f" ({', '.join(reply['new_words'])})" if reply["new_words"] else ""
    return joined(
        [
            wording.counted(reply["word_count"], "word"),
            f"{new}{words}",
            _after(reply["latency_s"]),
        ],
        by=", ",
    )


def _after(latency_s: float | None) -> str:
    if latency_s is None:
        return ""
    if latency_s < 0:
        return f"{wording.seconds(-latency_s)} before the question had ended"
    return f"after {wording.seconds(latency_s)}"
