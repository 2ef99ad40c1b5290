"""What a reader has to keep in mind, whatever form the report is read in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.stages.page import accuracy, tags, wording


def limits(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences on what the figures and tags of this report cannot say."""
    return (*_of_words(report), *_of_tags(report), *_of_figures(report))


def _of_words(report: Mapping[str, Any]) -> Iterator[str]:
    if wording.is_heard(report):
        yield (
            "Words are recognised and voices are told apart by machine. Names, numbers and short "
            "words can be wrong; check a quote before you rely on it."
        )
    else:
        yield (
            "This report is made from a transcript. Nothing was heard, so words and speakers are "
            "as the transcript has them, and figures that need times of speech are withheld. "
            "Transcripts leave out fillers and short replies, more or less of them depending on "
            "who wrote them."
        )


def _of_tags(report: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Tactics are tagged {tags.how_tagged(report)}. Tags can be wrong, and some tactics are "
        "missed."
    )
    if accuracy.accuracies(report) or accuracy.hidden(report):
        yield (
            "“36 of 41 right” beside a tactic says how many of its tags were right in test data: "
            "written dialogues and transcripts, not recordings of calls. Where words are "
            "misheard, fewer are right."
        )


def _of_figures(report: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "The figures describe what happened. None of them is a mark, and no single target fits "
        "every negotiation."
    )
    if report.get("readings"):
        yield (
            "Published benchmarks are of other settings, such as sales calls and labour talks; "
            "each reading names its source and the setting."
        )
    else:
        yield (
            "Published benchmarks are of other settings, such as sales calls and labour talks, so "
            "none is used here."
        )
    if report.get("effects"):
        yield (
            "What the other side did next follows a tactic in time. One call cannot say that it "
            "was caused by it."
        )
    yield (
        "Intervals are 90 % intervals. That of the talk ratio is of the measurement on this "
        "recording; the others say how far a talk of this length fixes a habit."
    )
