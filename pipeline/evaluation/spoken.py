"""The nouns of scoring: words, intervals of speech, and stretches of words, each with a speaker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

Span = tuple[int, int]
"""(start_ms, end_ms)."""

MAX_GAP_MS = 1000
"""Words of one speaker that are further apart belong to two utterances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch in which a speaker speaks."""

    speaker: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A word, or words in a row, of one speaker. `track` is the channel where there are several."""

    speaker: str
    start_ms: int
    end_ms: int
    text: str
    track: int = 0

    @property
    def middle_ms(self) -> int:
        """Half-way through; the part of a word's time that is surest."""
        return (self.start_ms + self.end_ms) // 2


def spread(text: str, *, speaker: str, start_ms: int, end_ms: int) -> list[Said]:
    """The words of a text whose own times are not known, each with time by its letters."""
    words = text.split()
    reached = list(accumulate((len(word) for word in words), initial=0))
    whole = max(1, reached[-1])
    edges = [start_ms + (end_ms - start_ms) * letters // whole for letters in reached]
    return [
        Said(speaker=speaker, start_ms=start, end_ms=end, text=word)
        for word, (start, end) in zip(words, pairwise(edges), strict=True)
    ]


def in_order(words: Iterable[Said]) -> list[Said]:
    """Words by start; those that start together stay as they were."""
    return sorted(words, key=lambda word: word.start_ms)


def utterances(words: Sequence[Said], *, max_gap_ms: int = MAX_GAP_MS) -> list[Said]:
    """Words of each speaker joined where no gap is longer, by start."""
    found: list[Said] = []
    for speaker in dict.fromkeys(word.speaker for word in words):
        own = in_order(word for word in words if word.speaker == speaker)
        breaks = [
            number
            for number, (one, two) in enumerate(pairwise(own), start=1)
            if two.start_ms - one.end_ms > max_gap_ms
        ]
        found.extend(_joined(own[a:b]) for a, b in pairwise([0, *breaks, len(own)]))
    return in_order(found)


def _joined(words: Sequence[Said]) -> Said:
    return Said(
        speaker=words[0].speaker,
        start_ms=words[0].start_ms,
        end_ms=max(word.end_ms for word in words),
        text=" ".join(word.text for word in words),
        track=words[0].track,
    )


def of_nobody(words: Iterable[Said]) -> list[Said]:
    """The words in order of time as if one person had said them all."""
    return [
        Said(speaker="", start_ms=w.start_ms, end_ms=w.end_ms, text=w.text) for w in in_order(words)
    ]


def speakers_of(things: Iterable[Said | Interval]) -> tuple[str, ...]:
    """Who speaks, in order of appearance."""
    return tuple(dict.fromkeys(thing.speaker for thing in things))


def last_ms(words: Sequence[Said], speech: Sequence[Interval]) -> int:
    """When the last word or interval ends; 0 where there is none."""
    return max([*(word.end_ms for word in words), *(one.end_ms for one in speech), 0])


def bare(text: str) -> str:
    """The letters and digits of a word, in lower case: "Mm-hm," becomes mmhm."""
    return "".join(re.findall(r"[^\W_]", text.lower()))
