"""How fast each speaker talks through the call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import polars as pl

from pipeline.records import speakers_of
from pipeline.spans import Span, length_ms

STRETCH_MS = 30_000
MOST_STRETCHES = 40
FEWEST_MS = 5_000
"""Of less talk a pace says little: one word more or less changes it by a tenth."""


def pace_document(
    *, speech: pl.DataFrame, words: pl.DataFrame, turns: pl.DataFrame
) -> list[dict[str, Any]]:
    """Words per minute of talk time, by speaker and stretch, where there is talk enough.

    Talk time is that of the speech map; a word belongs to the stretch in which it starts. Empty
    where nobody was heard.
    """
    if speech.is_empty():
        return []
    end_ms = max(speech["end_ms"])
    step_ms = stretch_ms(end_ms)
    stretches = [(start, min(start + step_ms, end_ms)) for start in range(0, end_ms, step_ms)]
    return [
        paced
        for speaker in speakers_of(speech=speech, turns=turns)
        for paced in _paced(
            speaker,
            stretches,
            spans=speech.filter(pl.col("speaker") == speaker).select("start_ms", "end_ms").rows(),
            starts_ms=_starts_ms(words, turns.filter(pl.col("speaker") == speaker)),
        )
    ]


def stretch_ms(end_ms: int) -> int:
    """How long the stretches of a call are: 30 s, or whole seconds that make 40 at most."""
    return max(STRETCH_MS, 1000 * ceil(end_ms / MOST_STRETCHES / 1000))


def _starts_ms(words: pl.DataFrame, turns: pl.DataFrame) -> list[int]:
    """When the words of some turns start."""
    starts: list[int] = words["start_ms"].to_list()
    return [starts[number] for numbers in turns["words"].to_list() for number in numbers]


def _paced(
    speaker: str, stretches: Sequence[Span], *, spans: Sequence[Span], starts_ms: Sequence[int]
) -> Iterator[dict[str, Any]]:
    step_ms = stretches[0][1] - stretches[0][0]
    counts = Counter(min(start // step_ms, len(stretches) - 1) for start in starts_ms)
    for place, (start_ms, end_ms) in enumerate(stretches):
        talk_ms = length_ms(_within(spans, start_ms, end_ms))
        if talk_ms >= FEWEST_MS:
            yield {
                "speaker": speaker,
                "start_s": start_ms / 1000,
                "end_s": end_ms / 1000,
                "words_per_minute": round(counts[place] * 60_000 / talk_ms, 1),
            }


def _within(spans: Sequence[Span], start_ms: int, end_ms: int) -> list[Span]:
    """The parts of spans that lie in a stretch."""
    cut = [(max(start, start_ms), min(end, end_ms)) for start, end in spans]
    return [(start, end) for start, end in cut if start < end]
