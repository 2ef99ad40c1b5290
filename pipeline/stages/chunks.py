"""Where a track is cut for recognition: chunks of speech between pauses, and their clock.

Whisper hears 30 s at a time. Chunks end in the longest pause near their end, so that no
sentence is torn where that can be helped; short gaps stay as they are, since recognition is
worse without them, and long ones shrink.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.records import SAMPLE_RATE_HZ, Samples

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a track that is heard, in milliseconds of the track."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Pieces of one track that are recognised as one waveform, one after the other."""

    track: int
    pieces: tuple[Piece, ...]

    @property
    def length_ms(self) -> int:
        """Length of the waveform."""
        return sum(piece.end_ms - piece.start_ms for piece in self.pieces)

    def track_ms(self, chunk_ms: float) -> int:
        """The time on the track of a time in the chunk."""
        starts = [0]
        for piece in self.pieces[:-1]:
            starts.append(starts[-1] + piece.end_ms - piece.start_ms)
        index = max(0, bisect_right(starts, chunk_ms) - 1)
        piece = self.pieces[index]
        return min(piece.end_ms, piece.start_ms + round(max(0.0, chunk_ms - starts[index])))


def cut(
    speech: Sequence[tuple[int, int]],
    *,
    samples: Samples,
    track: int,
    max_chunk_ms: int,
    pad_ms: int,
    max_gap_ms: int,
) -> list[Chunk]:
    """Chunks that cover all speech of a track.

    `speech` holds (start_ms, end_ms), sorted by start, overlaps allowed; `samples` is the
    track, int16. Every interval is widened by `pad_ms`; gaps over `max_gap_ms` shrink to it.
    """
    duration_ms = len(samples) // SAMPLES_PER_MS
    merged = _merged(speech, pad_ms=pad_ms, duration_ms=duration_ms)
    short = [part for piece in merged for part in _split(piece, samples, max_chunk_ms)]
    chunks: list[Chunk] = []
    while short:
        count = _fitting(short, max_chunk_ms=max_chunk_ms, max_gap_ms=max_gap_ms)
        pieces = _with_gaps(short[:count], max_gap_ms=max_gap_ms)
        chunks.append(Chunk(track=track, pieces=pieces))
        short = short[count:]
    return chunks


def _merged(speech: Sequence[tuple[int, int]], *, pad_ms: int, duration_ms: int) -> list[Piece]:
    """The union of the padded intervals."""
    merged: list[Piece] = []
    for start_ms, end_ms in speech:
        start_ms, end_ms = max(0, start_ms - pad_ms), min(duration_ms, end_ms + pad_ms)
        if merged and start_ms <= merged[-1].end_ms:
            last = merged.pop()
            start_ms, end_ms = last.start_ms, max(last.end_ms, end_ms)
        if start_ms < end_ms:
            merged.append(Piece(start_ms=start_ms, end_ms=end_ms))
    return merged


def _split(piece: Piece, samples: Samples, max_chunk_ms: int) -> list[Piece]:
    """A piece in parts that fit into a chunk, cut where it is quietest."""
    parts = []
    while piece.end_ms - piece.start_ms > max_chunk_ms:
        earliest = piece.start_ms + max_chunk_ms // 2
        at_ms = _quietest_ms(samples, earliest, piece.start_ms + max_chunk_ms)
        parts.append(Piece(start_ms=piece.start_ms, end_ms=at_ms))
        piece = Piece(start_ms=at_ms, end_ms=piece.end_ms)
    return [*parts, piece]


def _quietest_ms(samples: Samples, start_ms: int, end_ms: int) -> int:
    """The middle of the quietest 100 ms in a stretch."""
    stretch = samples[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS].astype(np.float64)
    frame = 20 * SAMPLES_PER_MS
    power = (stretch[: len(stretch) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1)
    smooth = np.convolve(power, np.ones(5), mode="valid")
    return start_ms + 20 * (int(smooth.argmin()) + 2)


def _fitting(pieces: Sequence[Piece], *, max_chunk_ms: int, max_gap_ms: int) -> int:
    """How many of the first pieces make the next chunk.

    Of the cuts that fill at least two thirds of a chunk the one in the longest gap is taken.
    """
    length_ms, lengths = 0, []
    for number, piece in enumerate(pieces):
        gap_ms = piece.start_ms - pieces[number - 1].end_ms if number else 0
        length_ms += min(gap_ms, max_gap_ms) + piece.end_ms - piece.start_ms
        if length_ms > max_chunk_ms and number:
            break
        lengths.append(length_ms)
    if len(lengths) == len(pieces):
        return len(pieces)
    full_enough = [n for n, ms in enumerate(lengths, start=1) if ms >= max_chunk_ms * 2 // 3]
    candidates = full_enough or [len(lengths)]
    return max(candidates, key=lambda n: (pieces[n].start_ms - pieces[n - 1].end_ms, n))


def _with_gaps(pieces: Sequence[Piece], *, max_gap_ms: int) -> tuple[Piece, ...]:
    """Pieces with the audio between them: all of a short gap, the ends of a long one."""
    wide: list[Piece] = [pieces[0]]
    for before, after in pairwise(pieces):
        gap_ms = after.start_ms - before.end_ms
        last = wide.pop()
        if gap_ms <= max_gap_ms:
            wide.append(Piece(start_ms=last.start_ms, end_ms=after.end_ms))
            continue
        half_ms = max_gap_ms // 2
        wide.append(Piece(start_ms=last.start_ms, end_ms=last.end_ms + half_ms))
        wide.append(Piece(start_ms=after.start_ms - half_ms, end_ms=after.end_ms))
    return tuple(wide)


def waveform(chunk: Chunk, samples: Samples) -> npt.NDArray[np.float32]:
    """The audio of a chunk in [-1, 1]; `samples` is its track, int16, 16 kHz."""
    pieces = [
        samples[piece.start_ms * SAMPLES_PER_MS : piece.end_ms * SAMPLES_PER_MS]
        for piece in chunk.pieces
    ]
    joined: npt.NDArray[np.float32] = np.concatenate(pieces).astype(np.float32)
    joined /= 32768
    return joined
