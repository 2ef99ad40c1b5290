"""Stretches of speech in which nothing changes, by what segmentation says of its windows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models.speech_frames import FRAME_STEP_S, SpeechFrames
from pipeline.records import SAMPLE_RATE_HZ

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

WINDOW_S = 10.0
ANCHOR_STEP_S = 5.0
"""Windows this far apart say which local voice speaks; all of them together, whether any does."""
STRETCH_S = 1.5
"""Longer stretches are cut where it is quietest, in case segmentation missed a change of voice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Frames [first, last) in which nothing changes; `local` are the anchor's voices there."""

    first: int
    last: int
    anchor: int
    local: tuple[int, ...]
    overlap: bool

    @property
    def length_s(self) -> float:
        return (self.last - self.first) * FRAME_STEP_S


def window_starts(length: int, step_s: float) -> Integers:
    """First samples of windows that together cover the track."""
    step = round(step_s * SAMPLE_RATE_HZ)
    beyond = max(0, length - int(WINDOW_S * SAMPLE_RATE_HZ))
    return np.arange(0, beyond + step, step) if beyond else np.zeros(1, dtype=np.int64)


def first_frames(starts: Integers) -> Integers:
    first: Integers = np.round(starts / SAMPLE_RATE_HZ / FRAME_STEP_S).astype(np.int64)
    return first


def find_stretches(frames: SpeechFrames, active: Flags, starts: Integers) -> list[Stretch]:
    """Speech cut where anything changes, and where it is long. `active` is by local voice."""
    count = len(frames.speech)
    anchors = _anchors(starts)
    offsets = first_frames(starts[anchors])
    centres = offsets + active.shape[1] // 2
    anchor_of = np.searchsorted((centres[1:] + centres[:-1]) / 2, np.arange(count))
    inside = np.clip(np.arange(count) - offsets[anchor_of], 0, active.shape[1] - 1)
    voices = active[anchors[anchor_of], inside] @ np.array([1, 2, 4])
    key = 1 + voices + 8 * frames.overlap + 16 * anchor_of
    key = np.where(frames.speech, key, 0)
    edges = np.flatnonzero(np.diff(key, prepend=-1, append=-1))
    return [
        Stretch(
            first=first,
            last=last,
            anchor=int(anchor_of[start]),
            local=tuple(voice for voice in range(3) if voices[start] >> voice & 1),
            overlap=bool(frames.overlap[start]),
        )
        for start, end in pairwise(edges.tolist())
        if key[start]
        for first, last in _short(start, end, frames.loudness)
    ]


def _anchors(starts: Integers) -> Integers:
    """Of the windows, those ANCHOR_STEP_S apart, and the last."""
    step = int(starts[1] - starts[0]) if len(starts) > 1 else 1
    each = max(1, round(ANCHOR_STEP_S * SAMPLE_RATE_HZ / step))
    anchors: Integers = np.unique(np.append(np.arange(0, len(starts), each), len(starts) - 1))
    return anchors


def _short(first: int, last: int, loudness: Floats) -> list[tuple[int, int]]:
    """A stretch in parts of at most STRETCH_S, cut where it is quietest in its middle half."""
    if (last - first) * FRAME_STEP_S <= STRETCH_S:
        return [(first, last)]
    quarter = (last - first) // 4
    middle = np.convolve(loudness[first + quarter - 2 : last - quarter + 2], np.ones(5), "valid")
    at = first + quarter + int(middle.argmin())
    return [*_short(first, at, loudness), *_short(at, last, loudness)]
