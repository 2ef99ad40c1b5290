"""Spoken pieces with what is known of them: samples, words, and where there is speech."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
Interval = tuple[float, float]

RATE_HZ = 16_000
SPEECH_SPLIT_S = 0.25
RATE_DENOMINATOR_LIMIT = 100

# Energy speech map of a recorded clip (see speech_by_energy).
ENERGY_BAND_HZ = (200.0, 4_000.0)
ENERGY_FRAME_S = 0.01
ENERGY_SMOOTHING_FRAMES = 3
BELOW_PEAK_DB = 28.0
ABOVE_FLOOR_DB = 8.0
SHORTEST_SPEECH_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as written; times are seconds of its sound, and later of the call."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Audio at RATE_HZ; all times are seconds from its first sample.

    `words` is empty where only the extent of the speech is known, not the single words.
    """

    samples: Samples
    text: str
    speech: tuple[Interval, ...]
    words: tuple[Word, ...] = ()

    @property
    def start_s(self) -> float:
        """Where speech begins."""
        return self.speech[0][0]

    @property
    def end_s(self) -> float:
        """Where speech ends."""
        return self.speech[-1][1]


def close_gaps(intervals: Iterable[Interval], *, shorter_than_s: float) -> list[Interval]:
    """Sorted intervals in seconds, joined across overlaps and gaps shorter than that."""
    joined: list[Interval] = []
    for start_s, end_s in sorted(intervals):
        if joined and start_s - joined[-1][1] < shorter_than_s:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
        else:
            joined.append((start_s, end_s))
    return joined


def sound_of_words(samples: Samples, *, words: Iterable[Word]) -> Sound:
    """A synthesised piece: its speech is the union of its words, short gaps closed."""
    spoken = tuple(words)
    speech = close_gaps(
        ((word.start_s, word.end_s) for word in spoken), shorter_than_s=SPEECH_SPLIT_S
    )
    text = " ".join(word.text for word in spoken)
    return Sound(samples=samples, text=text, speech=tuple(speech), words=spoken)


def sound_of_clip(samples: Samples, *, text: str) -> Sound:
    """A recorded clip: its speech is where its energy is, its words have no times."""
    speech = close_gaps(speech_by_energy(samples), shorter_than_s=SPEECH_SPLIT_S)
    if not speech:
        raise ValueError("no speech found in the clip; is it the right file and interval?")
    return Sound(samples=samples, text=text, speech=tuple(speech))


def speech_by_energy(samples: Samples) -> list[Interval]:
    """Where a clean clip holds speech, in seconds.

    Energy within ENERGY_BAND_HZ in 10 ms frames, averaged over 30 ms, above both 28 dB under
    the clip's 95th percentile and 8 dB over its 5th (which is the room); shorter than 50 ms
    is a click.
    """
    levels_db = energy_db(samples)
    floor_db, peak_db = np.percentile(levels_db, (5, 95))
    loud = levels_db > max(peak_db - BELOW_PEAK_DB, floor_db + ABOVE_FLOOR_DB)
    edges = np.flatnonzero(np.diff(np.r_[False, loud, False].astype(int))) * ENERGY_FRAME_S
    end_s = len(samples) / RATE_HZ
    found = zip(edges[::2], np.minimum(edges[1::2], end_s), strict=True)
    return [(float(a), float(b)) for a, b in found if b - a >= SHORTEST_SPEECH_S]


def energy_db(samples: Samples) -> Samples:
    """Level of every ENERGY_FRAME_S frame in dB, within ENERGY_BAND_HZ, smoothed."""
    frame = round(ENERGY_FRAME_S * RATE_HZ)
    speech_band = keep_band(samples, rate_hz=RATE_HZ, band_hz=ENERGY_BAND_HZ)
    padded = np.pad(speech_band, (0, -len(samples) % frame))
    power = (padded.reshape(-1, frame) ** 2).mean(axis=1)
    window = np.ones(ENERGY_SMOOTHING_FRAMES) / ENERGY_SMOOTHING_FRAMES
    return np.asarray(10 * np.log10(np.convolve(power, window, "same") + 1e-12))


def keep_band(samples: Samples, *, rate_hz: int, band_hz: Interval) -> Samples:
    """The samples between two frequencies, with slopes of 100 and 200 Hz and no delay."""
    # The transform is slow for lengths with large prime factors.
    size = 1 << (len(samples) - 1).bit_length()
    frequency_hz = np.fft.rfftfreq(size, 1 / rate_hz)
    low_hz, high_hz = band_hz
    gain = np.clip((frequency_hz - low_hz + 100) / 100, 0, 1)
    gain *= np.clip((high_hz + 200 - frequency_hz) / 200, 0, 1)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples, size) * gain, size)[: len(samples)])


def resample(samples: Samples, *, from_hz: int, to_hz: int) -> Samples:
    """The samples at another rate (zero-phase polyphase filter)."""
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, to_hz, from_hz))


def change_speed(sound: Sound, *, factor: float) -> Sound:
    """The sound played faster: pitch and formants rise by `factor`, times shrink by it."""
    if factor == 1.0:
        return sound
    ratio = Fraction(factor).limit_denominator(RATE_DENOMINATOR_LIMIT)
    exact = float(ratio)
    return replace(
        sound,
        samples=resample(sound.samples, from_hz=ratio.numerator, to_hz=ratio.denominator),
        speech=tuple((start_s / exact, end_s / exact) for start_s, end_s in sound.speech),
        words=tuple(
            replace(word, start_s=word.start_s / exact, end_s=word.end_s / exact)
            for word in sound.words
        ),
    )


def decibels(value_db: float) -> float:
    """The amplitude factor of a level in dB."""
    return float(10 ** (value_db / 20))


def rms_of(samples: Samples, *, speech: Iterable[Interval], rate_hz: int = RATE_HZ) -> float:
    """Root mean square over the intervals (seconds)."""
    parts = [samples[round(a * rate_hz) : round(b * rate_hz)] for a, b in speech]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))
