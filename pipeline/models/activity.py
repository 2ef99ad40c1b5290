"""Where somebody speaks in a clip of one voice: silero VAD, quick to load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models import quiet_dependencies
from pipeline.records import SAMPLE_RATE_HZ, Samples

Floats = npt.NDArray[np.floating[Any]]

FRAME_SAMPLES = 512
FRAME_MS = FRAME_SAMPLES * 1000 / SAMPLE_RATE_HZ
ONSET, OFFSET = 0.5, 0.35
"""silero's own thresholds: speech starts above the first and ends below the second. They are
shares of the highest probabilities in the clip, since silero is never as sure of a narrow
band, a synthetic voice or a soft one; below SUREST_MIN it hears no voice at all."""
SUREST_PERCENTILE = 99
SUREST_MIN = 0.5
MIN_SILENCE_MS = 300
MIN_SPEECH_MS = 120
MIN_SPEECH_FRAMES = int(MIN_SPEECH_MS / FRAME_MS) + 1
PAD_MS = 30
_BLOCK_FRAMES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Speech of one voice; `confidence` is the mean probability of speech."""

    start_ms: int
    end_ms: int
    confidence: float


Activity = Callable[[Samples], Floats]
"""From int16 samples of one channel to the probability of speech in each frame of 32 ms."""


def load_activity() -> Activity:
    """Load silero VAD from the file that faster-whisper carries."""
    quiet_dependencies()
    from faster_whisper.vad import get_vad_model

    model = get_vad_model()

    def activity(samples: Samples) -> Floats:
        frames = -(-len(samples) // FRAME_SAMPLES)
        blocks = [
            model(_block(samples, first, min(first + _BLOCK_FRAMES, frames))).reshape(-1)
            for first in range(0, frames, _BLOCK_FRAMES)
        ]
        return np.concatenate([np.zeros(0), *blocks])

    return activity


def _block(samples: Samples, first: int, last: int) -> npt.NDArray[np.float32]:
    """Frames [first, last) in [-1, 1], padded with zeros to whole frames."""
    block = np.zeros((last - first) * FRAME_SAMPLES, dtype=np.float32)
    piece = samples[first * FRAME_SAMPLES : last * FRAME_SAMPLES]
    block[: len(piece)] = piece
    block /= 32768
    return block


def track_speech(samples: Samples, activity: Activity) -> list[Stretch]:
    """The speech of one track; `samples` is int16, shape (samples,), 16 kHz."""
    probability = activity(samples)
    return _stretches(_speaking(probability), probability, len(samples) * 1000 // SAMPLE_RATE_HZ)


def _speaking(probability: Floats) -> npt.NDArray[np.bool_]:
    """Whether each frame is speech: two thresholds, then short silences closed.

    A stretch that never reaches ONSET is not speech, one that does lasts until OFFSET.
    """
    speaking = np.zeros(len(probability), dtype=bool)
    if _nth_largest(probability, MIN_SPEECH_FRAMES) < SUREST_MIN:
        return speaking
    surest = max(SUREST_MIN, float(np.percentile(probability, SUREST_PERCENTILE)))
    for first, last in runs(probability > OFFSET * surest):
        above = np.flatnonzero(probability[first:last] >= ONSET * surest)
        if len(above):
            speaking[first + above[0] : last] = True
    for first, last in runs(~speaking):
        inside = first > 0 and last < len(speaking)
        if inside and (last - first) * FRAME_MS < MIN_SILENCE_MS:
            speaking[first:last] = True
    for first, last in runs(speaking):
        if (last - first) * FRAME_MS < MIN_SPEECH_MS:
            speaking[first:last] = False
    return speaking


def _nth_largest(values: Floats, rank: int) -> float:
    """The value that `rank` values reach; 0 where there are not as many."""
    return float(np.partition(values, -rank)[-rank]) if len(values) >= rank else 0.0


def _stretches(speaking: npt.NDArray[np.bool_], probability: Floats, end_ms: int) -> list[Stretch]:
    return [
        Stretch(
            start_ms=max(0, round(first * FRAME_MS) - PAD_MS),
            end_ms=min(end_ms, round(last * FRAME_MS) + PAD_MS),
            confidence=float(probability[first:last].mean()),
        )
        for first, last in runs(speaking)
        if first * FRAME_MS < end_ms
    ]


def runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, last + 1) of each stretch of true values."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
