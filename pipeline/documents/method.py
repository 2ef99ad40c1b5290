"""How a document ends: what is missing, how it was made, and the transcript where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.documents.model import Block, Heading, Items, Paragraph, Table
from pipeline.documents.opening import Report, names_of
from pipeline.stages.page import accuracy, figures, limits, transcript, wording


def quality(report: Report) -> Iterator[Block]:
    """What is known of the recording's quality, and the figures that are withheld for a reason."""
    yield Heading(text="Quality")
    yield Items(texts=tuple(f"{name}: {value}" for name, value in _quality_facts(report)))
    withheld = figures.withheld_groups(report)
    if withheld:
        yield Heading(text="Withheld, with the reason", level=3)
        yield Items(
            texts=tuple(f"{one.whose}: {', '.join(one.metrics)} – {one.reason}" for one in withheld)
        )


def _quality_facts(report: Report) -> Iterator[tuple[str, str]]:
    found = report["quality"]
    if not wording.is_heard(report):
        yield "Lines that could not be read", str(report["transcript"]["unread_line_count"])
        return
    probability = found["mean_word_probability"]
    unheard = found["speech_without_words_s"]
    yield "Speech without recognised words", _shown(unheard, "{:.1f}\u00a0s")
    yield "Mean word probability", _shown(probability, "{:.2f}")
    yield "Doubtful words", _shown(found["doubtful_word_count"], "{}")


def _shown(value: Any, form: str) -> str:
    return "not known" if value is None else form.format(value)


def method(report: Report) -> Iterator[Block]:
    """Limits, definitions, codebook, models and versions."""
    yield Heading(text="Method")
    yield Items(texts=limits.limits(report))
    yield from _file(report)
    yield from _corrections(report)
    yield from _definitions(report)
    yield from _codebook(report)
    yield from _models(report)


def _file(report: Report) -> Iterator[Block]:
    recording = report["recording"]
    what = "recording" if wording.is_heard(report) else "transcript"
    yield Heading(text=f"The {what}", level=3)
    yield Items(
        texts=(
            f"File: {recording['name']}",
            f"SHA-256: {recording['digest']}",
            f"Format: {recording['container']}, {recording['codec']}",
        )
    )


def _corrections(report: Report) -> Iterator[Block]:
    if report.get("corrections"):
        yield Heading(text="Corrections", level=3)
        yield Items(
            texts=tuple(
                f"{one['author']}, {one['time']}: {'; '.join(one['changes'])}"
                for one in report["corrections"]
            )
        )


def _definitions(report: Report) -> Iterator[Block]:
    found = figures.definitions(report)
    if found:
        yield Heading(text="What the figures mean", level=3)
        yield Table(
            head=("Figure", "Meaning"),
            rows=tuple((one.label, _noted(one.definition, one.note)) for one in found),
        )


def _noted(definition: str, note: str) -> str:
    return f"{definition} ({note})" if note else definition


def _codebook(report: Report) -> Iterator[Block]:
    labels, right = transcript.labels_of(report), accuracy.accuracies(report)
    if report["codebook"]:
        yield Heading(text="What the tactics mean", level=3)
        yield Table(
            head=("Tactic", "Meaning", "How often right", "Sources"),
            rows=tuple(
                (
                    labels[one["tactic"]].name,
                    one["definition"],
                    right[one["tactic"]].long if one["tactic"] in right else "–",
                    "; ".join(one["sources"]) or "–",
                )
                for one in report["codebook"]
            ),
        )


def _models(report: Report) -> Iterator[Block]:
    yield Heading(text="Models and versions", level=3)
    if report["models"]:
        yield Table(
            head=("Stage", "Model", "Licence", "SHA-256"),
            rows=tuple(
                (one["stage"], one["name"], one["licence"], one["sha256"] or "not pinned")
                for one in report["models"]
            ),
        )
    versions = {"report format": report["schema_version"], **report["versions"]}
    yield Items(texts=tuple(f"{name}: {version}" for name, version in versions.items()))


def spoken(report: Report) -> Iterator[Block]:
    """The whole transcript, a paragraph a turn."""
    yield Heading(text="Transcript")
    names = names_of(report)
    for turn in report["turns"]:
        where = wording.place(turn["index"], turn["start_s"])
        lead = f"{where} {names.get(turn['speaker'], 'unknown')}:"
        text = turn["text"] if turn["kind"] == "turn" else f"({turn['text']})"
        yield Paragraph(lead=lead, text=text)
