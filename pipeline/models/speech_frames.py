"""Where somebody speaks, frame by frame: what segmentation says, without the pauses it fills.

Segmentation models learn from people's marks, which run over short pauses. How long somebody
talked is what the speech map is for, so frames much softer than speech are taken out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models.activity import runs
from pipeline.records import SAMPLE_RATE_HZ, Samples

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

FRAME_STEP_S = 0.016875
FRAME_CENTRE_S = 0.0619375 / 2
SPEECH = 0.6
OVERLAP = 0.5
PAUSE_S = 0.25
"""A gap below this inside somebody's speech is no pause: closures and stops are as long."""
SHORTEST_S = 0.1
AUDIBLE = 0.12
PEAK = 0.5
"""Loudness of speech, 1 as it usually is and 0 at the louder noise: softer sounds are a pause, and
what never comes near that of speech is somebody else's. Set, as SPEECH and NOISE_PERCENTILE, on
composed development calls: below it filled pauses and babble stay, above it soft speech is lost."""
NOISE_PERCENTILE = 75
SURE_SPEECH, SURE_SILENCE = 0.9, 0.3
LEAST_ABOVE_DB = 1.0
"""Where speech is not even this much louder than the noise, loudness tells nothing."""
_ENOUGH_FRAMES = 50
_BANDS_HZ = np.geomspace(250, 3_600, 13)
_WINDOW, _HOP, _FFT = 400, 160, 512
_BLOCK = 6_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechFrames:
    """One entry a frame of FRAME_STEP_S: is there speech, of two at once, how loud is it.

    `probability` is that of speech; `loudness` is 1 at the loudness of speech and 0 at that of
    the louder noise.
    """

    speech: Flags
    overlap: Flags
    probability: Floats
    loudness: Floats


def speech_frames(samples: Samples, *, probability: Floats, overlap: Floats) -> SpeechFrames:
    """Frames of a track (int16, 16 kHz) from the probabilities of speech and of overlap."""
    hundredths = _loudness(samples, probability)
    speech = audible_speech(hundredths, probability=probability)
    return SpeechFrames(
        speech=speech,
        overlap=speech & (overlap > OVERLAP),
        probability=probability,
        loudness=_at_frames(hundredths, len(probability)),
    )


def audible_speech(
    loudness: Floats, *, probability: Floats, audible_from: float = AUDIBLE
) -> Flags:
    """Frames with speech; `loudness` is given each hundredth of a second, as that of SpeechFrames,
    `probability` of speech each frame."""
    at_frames = _at_frames(loudness, len(probability))
    audible = closed(at_frames > audible_from, PAUSE_S)
    for first, last in runs(audible):
        if np.percentile(at_frames[first:last], 90) < PEAK:
            audible[first:last] = False
    speech = closed((probability > SPEECH) & audible, PAUSE_S) & (probability > SURE_SILENCE)
    return _without_short(speech)


def frame_ms(frame: int) -> int:
    """Where a frame begins to count."""
    return round((frame * FRAME_STEP_S + FRAME_CENTRE_S) * 1000)


def closed(flags: Flags, gap_s: float) -> Flags:
    """Flags with false stretches shorter than a gap made true, those at the ends too."""
    wide = flags.copy()
    for first, last in runs(~flags):
        if (last - first) * FRAME_STEP_S < gap_s:
            wide[first:last] = True
    return wide


def _without_short(flags: Flags) -> Flags:
    kept = flags.copy()
    for first, last in runs(flags):
        if (last - first) * FRAME_STEP_S < SHORTEST_S:
            kept[first:last] = False
    return kept


def _loudness(samples: Samples, probability: Floats) -> Floats:
    """Decibels above the noise, a hundred times a second, as a share of what speech has.

    Band by band, so that a hum below the voice does not drown it.
    """
    bands = band_levels_db(samples)
    if not len(bands):
        return np.zeros(0)
    certainty = probability[frames_at_hundredths(len(bands), len(probability))]
    silent = certainty < SURE_SILENCE
    if silent.sum() < _ENOUGH_FRAMES:
        silent = softest(bands.mean(axis=1))
    above = smoothed(np.maximum(bands - np.median(bands[silent], axis=0), 0).mean(axis=1))
    noise = float(np.percentile(above[silent], NOISE_PERCENTILE))
    sure = certainty > SURE_SPEECH
    usual = float(np.percentile(above[sure] if sure.any() else above, 60))
    return (above - noise) / max(usual - noise, LEAST_ABOVE_DB)


def softest(levels: Floats) -> Flags:
    """The softest sixth of a track, where no silence is known."""
    soft: Flags = levels <= np.percentile(levels, 15)
    return soft


def smoothed(levels: Floats) -> Floats:
    """Means of five hundredths of a second."""
    if not len(levels):
        return levels
    return np.convolve(np.pad(levels, 2, mode="edge"), np.ones(5) / 5, mode="valid")


def band_levels_db(samples: Samples) -> Floats:
    """Levels of the bands of a voice, shape (hundredths of a second, 12)."""
    frequencies = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE_HZ)
    inside = (frequencies >= _BANDS_HZ[:-1, None]) & (frequencies < _BANDS_HZ[1:, None])
    mean = (inside / inside.sum(axis=1, keepdims=True)).T.astype(np.float32)
    window = np.hanning(_WINDOW).astype(np.float32) / 32768
    count = max(0, (len(samples) - _WINDOW) // _HOP + 1)
    levels = np.empty((count, mean.shape[1]), dtype=np.float32)
    for first in range(0, count, _BLOCK):
        last = min(count, first + _BLOCK)
        piece = samples[first * _HOP : (last - 1) * _HOP + _WINDOW]
        frames = np.lib.stride_tricks.sliding_window_view(piece, _WINDOW)[::_HOP] * window
        power = np.square(np.abs(np.fft.rfft(frames, _FFT))).astype(np.float32)
        levels[first:last] = 10 * np.log10(power @ mean + 1e-10)
    return levels


def frames_at_hundredths(hundredths: int, frames: int) -> npt.NDArray[np.int64]:
    """The frame at each hundredth of a second."""
    at = np.arange(hundredths) / 100 - FRAME_CENTRE_S
    return np.clip((at / FRAME_STEP_S).astype(np.int64), 0, frames - 1)


def _at_frames(hundredths: Floats, frames: int) -> Floats:
    """What is known each hundredth of a second, at the frames; 0 beyond the end."""
    at = ((np.arange(frames) * FRAME_STEP_S + FRAME_CENTRE_S) * 100).astype(np.int64)
    if not len(hundredths):
        return np.zeros(frames)
    return np.where(at < len(hundredths), hundredths[np.minimum(at, len(hundredths) - 1)], 0.0)
