"""Words that look made up: loops, and text where nobody speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipeline.models.recognizer import Heard

NEAR_MS = 500
"""How far from speech a word may lie: word times of Whisper are off by up to half a second."""


def repeated(words: Sequence[Heard], *, times: int = 4) -> set[int]:
    """Positions of words that repeat what stands directly before them, over and over.

    A loop is the same one to six words at least `times` times in a row; all but its first round
    are returned. People say "no, no, no", hence four.
    """
    texts = [word.text.lower().strip(".,!?") for word in words]
    found: set[int] = set()
    for length in range(1, 7):
        run = 0
        for position in range(length, len(texts)):
            run = run + 1 if texts[position] == texts[position - length] else 0
            if run >= length * (times - 1):
                found.update(range(position - run + 1, position + 1))
    return found


def outside_speech(words: pl.DataFrame, speech: pl.DataFrame) -> pl.Series:
    """Whether the middle of each word lies more than NEAR_MS from all speech of its track."""
    middle_ms = ((words["start_ms"].cast(pl.Int64) + words["end_ms"]) // 2).to_numpy()
    outside = np.ones(words.height, dtype=bool)
    for track in words["track"].unique():
        own = speech.filter(pl.col("track") == track)
        starts = own["start_ms"].to_numpy().astype(np.int64)
        latest_ends = np.maximum.accumulate(own["end_ms"].to_numpy().astype(np.int64))
        here = (words["track"] == track).to_numpy()
        before = np.searchsorted(starts, middle_ms[here] + NEAR_MS, side="right") - 1
        reached = latest_ends[before] + NEAR_MS >= middle_ms[here]
        outside[here] = (before < 0) | ~reached
    return pl.Series(outside, dtype=pl.Boolean)
