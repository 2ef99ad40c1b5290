"""Where a track is cut for recognition: chunks of speech between pauses, and their clock.

Whisper hears 30 s at a time, and a short chunk costs as much as a full one. So there are as few
chunks as can be, cut in the longest pauses that allow it, that no sentence is torn; short gaps
stay as they are, since recognition is worse without them, and long ones shrink.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.records import SAMPLE_RATE_HZ, Samples

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
FRAME_MS = 20
LONG_PAUSE_MS = 1500
"""A pause as long as this is a good place to cut; a longer one is no better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a track that is heard, in milliseconds of the track."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Pieces of one track that are recognised as one waveform, one after the other, each with
    `gap_ms` of silence behind it; `speech_ms` of them is speech."""

    track: int
    pieces: tuple[Piece, ...]
    gap_ms: int = 0
    speech_ms: int = 0

    @property
    def length_ms(self) -> int:
        """Length of the waveform."""
        return sum(piece.end_ms - piece.start_ms + self.gap_ms for piece in self.pieces)

    def track_ms(self, chunk_ms: float) -> int:
        """The time on the track of a time in the chunk; in a gap, the end of the piece before."""
        index = self._index(chunk_ms)
        piece, start_ms = self.pieces[index], self._starts_ms[index]
        return min(piece.end_ms, piece.start_ms + round(max(0.0, chunk_ms - start_ms)))

    def track_span(self, start_ms: float, end_ms: float) -> tuple[int, int]:
        """The times on the track of the times of a word in the chunk.

        A word that lasts from one piece into another is in the one that has more of it: on the
        track there may be minutes between them.
        """
        first, last = self._index(start_ms), self._index(end_ms)
        if first == last:
            return self.track_ms(start_ms), self.track_ms(end_ms)
        before, next_ms = self.pieces[first], self._starts_ms[last]
        before_end_ms = self._starts_ms[first] + before.end_ms - before.start_ms
        if end_ms - next_ms > before_end_ms - start_ms:
            return self.pieces[last].start_ms, self.track_ms(end_ms)
        return self.track_ms(start_ms), before.end_ms

    @property
    def _starts_ms(self) -> list[int]:
        lengths_ms = [piece.end_ms - piece.start_ms + self.gap_ms for piece in self.pieces]
        return [0, *accumulate(lengths_ms[:-1])]

    def _index(self, chunk_ms: float) -> int:
        """The number of the piece at a time in the chunk."""
        return max(0, bisect_right(self._starts_ms, chunk_ms) - 1)


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
    track, int16. Chunks reach `pad_ms` beyond their speech, or to the middle of the pause
    between two of them; gaps over `max_gap_ms` inside a chunk shrink to it.
    """
    duration_ms = len(samples) // SAMPLES_PER_MS
    room_ms = max_chunk_ms - 2 * pad_ms
    pieces = [
        part
        for piece in _merged(speech, duration_ms=duration_ms)
        for part in _split(piece, samples, room_ms)
    ]
    groups = _grouped(pieces, max_chunk_ms=room_ms, max_gap_ms=max_gap_ms)
    ends = [0, *(group[-1].end_ms for group in groups)]
    starts = [*(group[0].start_ms for group in groups[1:]), duration_ms]
    chunks = []
    for group, before_ms, after_ms in zip(groups, ends, starts, strict=False):
        lead_ms = _pad(group[0].start_ms - before_ms, pad_ms, shared=before_ms > 0)
        tail_ms = _pad(after_ms - group[-1].end_ms, pad_ms, shared=after_ms < duration_ms)
        inner = _with_gaps(group, max_gap_ms=max_gap_ms)
        speech_ms = sum(piece.end_ms - piece.start_ms for piece in group)
        wide = _widened(inner, lead_ms, tail_ms)
        chunks.append(Chunk(track=track, pieces=wide, speech_ms=speech_ms))
    return chunks


def _pad(gap_ms: int, pad_ms: int, *, shared: bool) -> int:
    """How much of the gap beside a chunk it takes; neighbours share theirs."""
    return min(pad_ms, gap_ms // 2 if shared else gap_ms)


def _widened(pieces: Sequence[Piece], lead_ms: int, tail_ms: int) -> tuple[Piece, ...]:
    """The pieces with audio before the first and after the last."""
    first = Piece(start_ms=pieces[0].start_ms - lead_ms, end_ms=pieces[0].end_ms)
    rest = [first, *pieces[1:]]
    last = rest.pop()
    return (*rest, Piece(start_ms=last.start_ms, end_ms=last.end_ms + tail_ms))


def _merged(speech: Sequence[tuple[int, int]], *, duration_ms: int) -> list[Piece]:
    """The union of the intervals, within the track."""
    merged: list[Piece] = []
    for start_ms, end_ms in speech:
        end_ms = min(duration_ms, end_ms)
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
    stretch = samples[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS]
    return start_ms + _quietest_frame(stretch.astype(np.float64), frames=5) * FRAME_MS


def _quietest_frame(sound: npt.NDArray[np.floating[Any]], *, frames: int) -> int:
    """The middle one of so many frames of a sound that are the quietest."""
    size = FRAME_MS * SAMPLES_PER_MS
    power = (sound[: len(sound) // size * size].reshape(-1, size) ** 2).mean(axis=1)
    return int(np.convolve(power, np.ones(frames), mode="valid").argmin()) + frames // 2


def halves(sound: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
    """A waveform in two, cut where the middle third of it is quietest for 0.3 s."""
    third = len(sound) // 3
    frame = _quietest_frame(sound[third : 2 * third], frames=15)
    at = third + frame * FRAME_MS * SAMPLES_PER_MS
    return sound[:at], sound[at:]


def _grouped(
    pieces: Sequence[Piece], *, max_chunk_ms: int, max_gap_ms: int
) -> list[Sequence[Piece]]:
    """Pieces in as few chunks as can be, and of those ways the one cut in the longest gaps.

    A chunk costs a whole window of the recogniser, however short it is. Solved backwards: the
    best way from each piece on is the best first chunk with the best way after it.
    """
    gaps = [after.start_ms - before.end_ms for before, after in pairwise(pieces)]
    best: list[tuple[int, int, int]] = [(0, 0, len(pieces))] * (len(pieces) + 1)
    for first in range(len(pieces) - 1, -1, -1):
        options = []
        length_ms = 0
        for last in range(first, len(pieces)):
            gap_ms = min(gaps[last - 1], max_gap_ms) if last > first else 0
            length_ms += gap_ms + pieces[last].end_ms - pieces[last].start_ms
            if length_ms > max_chunk_ms and last > first:
                break
            count, cut_ms, _ = best[last + 1]
            gained_ms = min(gaps[last], LONG_PAUSE_MS) if last + 1 < len(pieces) else 0
            options.append((count + 1, cut_ms - gained_ms, last + 1))
        best[first] = min(options)
    groups, first = [], 0
    while first < len(pieces):
        groups.append(pieces[first : best[first][2]])
        first = best[first][2]
    return groups


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
    gap = np.zeros(chunk.gap_ms * SAMPLES_PER_MS, dtype=samples.dtype)
    pieces = [
        part
        for piece in chunk.pieces
        for part in (samples[piece.start_ms * SAMPLES_PER_MS : piece.end_ms * SAMPLES_PER_MS], gap)
    ]
    joined: npt.NDArray[np.float32] = np.concatenate(pieces).astype(np.float32)
    joined /= 32768
    return joined
