"""Speech that left no word: where it is, and how it is heard once more.

Whisper reads half a minute at a time and leaves out what is short, soft or between two others:
"I agree", "exactly", "no". By themselves, one after the other with silence between them, it
hears most of them. The speech map says where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from pipeline.stages.chunks import Chunk, Piece

Span = tuple[int, int]

SHORTEST_MS = 200
SHORTEST_PART_MS = 700
"""What is missed of a stretch that has words otherwise: shorter ones are where words end."""
ONE_STRETCH_MS = 250
WHOLE = 0.75
WORD_EARLY_MS = 100
WORD_LATE_MS = 250
"""How far a word may reach beyond the times that Whisper gives it."""
LONGEST_WORD_MS = 900
"""Whisper's words last until the next one; nobody says one for longer."""
BESIDE_OTHERS = 0.3
"""Under somebody else's voice nothing more is heard; so much of a stretch may lie there."""
AROUND_MS = 150
SILENCE_MS = 600
"""Between two stretches heard one after the other: without it they run together."""


def unheard(
    words: pl.DataFrame, speech: pl.DataFrame, *, track: int, duration_ms: int, max_chunk_ms: int
) -> list[Chunk]:
    """Chunks of the stretches of a track's speech in which there is no word, by start.

    `words` and `speech` are frames of schema WORDS and SPEECH; stretches longer than a chunk
    are left out, since that is not how words get lost.
    """
    own = speech.filter(pl.col("track") == track)
    spoken = [
        (max(0, start_ms - WORD_EARLY_MS), min(end_ms, start_ms + LONGEST_WORD_MS) + WORD_LATE_MS)
        for start_ms, end_ms in words.filter(pl.col("track") == track)
        .select("start_ms", "end_ms")
        .iter_rows()
    ]
    stretches = {
        str(speaker): _stretches(part.select("start_ms", "end_ms").rows())
        for (speaker,), part in own.group_by("speaker", maintain_order=True)
    }
    found = [
        span
        for speaker, spans in stretches.items()
        for span in _wordless(spans, merged(spoken))
        if _shared_ms([span], _others(stretches, speaker)) <= BESIDE_OTHERS * (span[1] - span[0])
    ]
    pieces = [
        Piece(start_ms=max(0, start_ms - AROUND_MS), end_ms=min(duration_ms, end_ms + AROUND_MS))
        for start_ms, end_ms in sorted(found)
    ]
    fitting = [p for p in pieces if p.end_ms - p.start_ms + SILENCE_MS <= max_chunk_ms]
    return _packed(fitting, track=track, max_chunk_ms=max_chunk_ms)


def _stretches(intervals: Sequence[Span]) -> list[Span]:
    """Intervals of one speaker joined over gaps in which nobody could say a word."""
    return [
        (start_ms, end_ms - ONE_STRETCH_MS)
        for start_ms, end_ms in merged((a, b + ONE_STRETCH_MS) for a, b in intervals)
    ]


def _wordless(stretches: Iterable[Span], spoken: Sequence[Span]) -> Iterator[Span]:
    """The parts of stretches that no word covers, where they are long enough to hold one."""
    for first_ms, last_ms in stretches:
        for start_ms, end_ms in _without(first_ms, last_ms, spoken):
            whole = end_ms - start_ms >= WHOLE * (last_ms - first_ms)
            if end_ms - start_ms >= (SHORTEST_MS if whole else SHORTEST_PART_MS):
                yield start_ms, end_ms


def _without(first_ms: int, last_ms: int, spoken: Sequence[Span]) -> Iterator[Span]:
    """What is left of a span without others, which are sorted and do not overlap."""
    for start_ms, end_ms in spoken:
        if end_ms <= first_ms or start_ms >= last_ms:
            continue
        if start_ms > first_ms:
            yield first_ms, start_ms
        first_ms = end_ms
    if first_ms < last_ms:
        yield first_ms, last_ms


def _others(stretches: dict[str, list[Span]], speaker: str) -> list[Span]:
    return merged(span for name, spans in stretches.items() if name != speaker for span in spans)


def _shared_ms(spans: Sequence[Span], others: Sequence[Span]) -> int:
    return sum(
        max(0, min(end_ms, b) - max(start_ms, a)) for start_ms, end_ms in spans for a, b in others
    )


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union of spans, sorted."""
    union: list[Span] = []
    for start_ms, end_ms in sorted(spans):
        if union and start_ms <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end_ms))
        else:
            union.append((start_ms, end_ms))
    return union


def _packed(pieces: Sequence[Piece], *, track: int, max_chunk_ms: int) -> list[Chunk]:
    """Pieces as chunks, as many in each as fit with the silence between them."""
    chunks: list[list[Piece]] = []
    length_ms = 0
    for piece in pieces:
        own_ms = piece.end_ms - piece.start_ms + SILENCE_MS
        if not chunks or length_ms + own_ms > max_chunk_ms:
            chunks.append([])
            length_ms = 0
        chunks[-1].append(piece)
        length_ms += own_ms
    return [Chunk(track=track, pieces=tuple(group), gap_ms=SILENCE_MS) for group in chunks]
