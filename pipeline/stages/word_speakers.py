"""Who said each word: the speech map decides, and people speak in sentences.

A recogniser's times of words are rough, and early: taken one by one, words at the edges of turns
go to the wrong speaker. So all words of a track are looked at together, and those who said them
are the ones that cover them best for as few changes in the middle of a sentence as can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.records import WITHHELD_DOUBTS

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]

SENTENCE_ENDS = (".", "?", "!")
LATE_MS = 150
"""How early Whisper's words are against the speech map. Set, as all figures here, on composed
development calls, where the words at the wrong speaker fell from 2.2 to 1.2 %."""
SHORTEST_MS = 60
CHANGE_COST = 0.3
EASY_CHANGE_COST = 0.1
"""What a change of speaker costs, in words that they cover: within a sentence, and after its end
or a pause."""
PAUSE_MS = 300
BEGUN_BONUS = 0.3
BEGUN_MS = 500
"""Of two who speak at once as a sentence begins, it is more likely theirs who has just begun."""
BESIDE = 0.5
"""What covers a word that lies beside all speech: the nearest speaker, half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word with its speaker."""

    id: int
    start_ms: int
    end_ms: int
    text: str
    speaker: str


def assign_speakers(words: pl.DataFrame, speech: pl.DataFrame) -> list[Word]:
    """Each word that is not withheld with its speaker, in the order of `words` (schema WORDS).

    Words on a track of one speaker are that speaker's.
    """
    kept = words.filter(~pl.col("doubt").is_in(WITHHELD_DOUBTS))
    columns = ("word", "start_ms", "end_ms", "text")
    found = [
        Word(id=number, start_ms=start_ms, end_ms=end_ms, text=text, speaker=speaker)
        for (track,), own in kept.group_by("track", maintain_order=True)
        for (number, start_ms, end_ms, text), speaker in zip(
            own.select(columns).iter_rows(),
            _speakers(own, speech.filter(pl.col("track") == track)),
            strict=True,
        )
    ]
    return sorted(found, key=lambda word: (word.start_ms, word.id))


def _speakers(words: pl.DataFrame, speech: pl.DataFrame) -> list[str]:
    """The speaker of each word of one track."""
    names = speech["speaker"].unique(maintain_order=True).to_list()
    if len(names) == 1:
        return names * words.height
    starts = words["start_ms"].to_numpy().astype(np.int64)
    ends = words["end_ms"].to_numpy().astype(np.int64)
    sentence_over = [text.endswith(SENTENCE_ENDS) for text in words["text"]]
    begins = np.array([True, *sentence_over[:-1]])
    easy = begins[1:] | (starts[1:] - ends[:-1] > PAUSE_MS)
    covered = _covered(starts, ends, begins, [speech.filter(speaker=name) for name in names])
    path = _best_path(covered, np.where(easy, EASY_CHANGE_COST, CHANGE_COST))
    return [names[choice] for choice in path]


def _covered(
    starts: Integers, ends: Integers, begins: npt.NDArray[np.bool_], maps: Sequence[pl.DataFrame]
) -> Floats:
    """How well each speaker's speech covers each word, shape (words, speakers)."""
    covered = np.zeros((len(starts), len(maps)))
    apart_ms = np.zeros_like(covered)
    first = starts + LATE_MS
    last = np.maximum(ends + LATE_MS, first + SHORTEST_MS)
    for column, own in enumerate(maps):
        own_starts = own["start_ms"].to_numpy().astype(np.int64)
        own_ends = own["end_ms"].to_numpy().astype(np.int64)
        for row in range(len(starts)):
            shared = np.minimum(last[row], own_ends) - np.maximum(first[row], own_starts)
            covered[row, column] = np.maximum(shared, 0).sum() / (last[row] - first[row])
            apart_ms[row, column] = -shared.max()
        begun = np.searchsorted(own_starts, last) - np.searchsorted(own_starts, starts - BEGUN_MS)
        covered[:, column] += BEGUN_BONUS * (begins & (begun > 0) & (covered[:, column] > 0))
    beside = covered.max(axis=1) <= 0
    covered[beside, apart_ms[beside].argmin(axis=1)] = BESIDE
    return covered


def _best_path(covered: Floats, costs: Floats) -> list[int]:
    """The speakers of all words that are covered best, less the costs of changes (Viterbi).

    `costs` has one entry for each word but the first.
    """
    count = covered.shape[1]
    total, before = covered[0], []
    for own, cost in zip(covered[1:], costs, strict=True):
        best = int(total.argmax())
        stays = total >= total[best] - cost
        before.append(np.where(stays, np.arange(count), best))
        total = np.where(stays, total, total[best] - cost) + own
    path = [int(total.argmax())]
    for choice in reversed(before):
        path.append(int(choice[path[-1]]))
    return path[::-1]
