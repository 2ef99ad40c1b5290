"""Speech of the map for which no word was recognised."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipeline.records import WITHHELD_DOUBTS
from pipeline.spans import Span, union

NEAR_MS = 250
SPEECH_CONFIRMED_MS = 300


def speech_without_words_ms(speech: pl.DataFrame, words: pl.DataFrame) -> int:
    """How much speech of the map, in stretches of 0.3 s and more, no word lies in or near."""
    kept = words.filter(~pl.col("doubt").is_in(WITHHELD_DOUBTS))
    total = 0
    for (track,), part in speech.group_by("track"):
        heard = union(
            [
                (max(0, start_ms - NEAR_MS), end_ms + NEAR_MS)
                for start_ms, end_ms in kept.filter(pl.col("track") == track)
                .select("start_ms", "end_ms")
                .iter_rows()
            ]
        )
        spans = part.select("start_ms", "end_ms").rows()
        total += _untouched_ms(union(spans), heard)
    return total


def _untouched_ms(spans: Sequence[Span], others: Sequence[Span]) -> int:
    """How long the spans are that no other touches; both are unions."""
    total = position = 0
    for start_ms, end_ms in spans:
        while position < len(others) and others[position][1] <= start_ms:
            position += 1
        touched = position < len(others) and others[position][0] < end_ms
        if not touched and end_ms - start_ms >= SPEECH_CONFIRMED_MS:
            total += end_ms - start_ms
    return total
