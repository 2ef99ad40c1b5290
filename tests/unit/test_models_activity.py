"""Speech on channels of their own, with leaks of the other channel, from made-up signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.models.activity import (
    ECHO_MS,
    FRAME_MS,
    FRAME_SAMPLES,
    LEAK_DB,
    MIN_SILENCE_MS,
    MIN_SPEECH_MS,
    ONSET,
    PAD_MS,
    SUREST_MIN,
    Stretch,
    channel_speech,
    track_speech,
)
from pipeline.records import SAMPLE_RATE_HZ, Samples

LENGTH_S = 60
LOUD, SOFT = 8000.0, 400.0
LEAK = 10 ** (-15 / 20)
"""15 dB softer."""
Part = tuple[float, float]


def activity(samples: Samples) -> npt.NDArray[np.float64]:
    """A detector that takes every sound for speech."""
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].astype(np.float64)
    return 0.95 * (whole.reshape(-1, FRAME_SAMPLES).std(axis=1) > 20)


def voice(*parts: Part, level: float = LOUD) -> npt.NDArray[np.float64]:
    """Noise at (start_s, end_s), else silence."""
    noise = np.random.default_rng(7).normal(0, level, LENGTH_S * SAMPLE_RATE_HZ)
    speaking = np.zeros(len(noise))
    for start_s, end_s in parts:
        speaking[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)] = 1.0
    return noise * speaking


def late(signal: npt.NDArray[np.float64], delay_ms: float) -> npt.NDArray[np.float64]:
    """The signal some time later."""
    shift = round(delay_ms * SAMPLE_RATE_HZ / 1000)
    return np.concatenate([np.zeros(shift), signal[: len(signal) - shift]])


def found(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> list[list[Part]]:
    """The speech of both channels in seconds, to a tenth."""
    samples = np.clip(np.stack([left, right]), -32768, 32767).astype(np.int16)
    return [
        [(round(s.start_ms / 1000, 1), round(s.end_ms / 1000, 1)) for s in stretches]
        for stretches in channel_speech(samples, activity)
    ]


class TestChannels:
    def test_a_leak_is_taken_out(self) -> None:
        """Each channel holds the other voice at -15 dB, which would be speech by itself."""
        ana, ben = voice((5, 20), (40, 50)), voice((25, 35))
        left, right = found(ana + LEAK * ben, ben + LEAK * ana)
        assert left == [pytest.approx((5, 20), abs=0.1), pytest.approx((40, 50), abs=0.1)]
        assert right == [pytest.approx((25, 35), abs=0.1)]

    def test_a_late_leak_is_taken_out(self) -> None:
        """An echo ends later than the voice it comes from, by up to ECHO_MS."""
        ana, ben = voice((5, 20), (40, 50)), voice((25, 35))
        left, right = found(ana, ben + LEAK * late(ana, ECHO_MS - FRAME_MS))
        assert left == [pytest.approx((5, 20), abs=0.1), pytest.approx((40, 50), abs=0.1)]
        assert right == [pytest.approx((25, 35), abs=0.1)]

    def test_both_talking_at_once_is_kept(self) -> None:
        """From 15 s to 20 s both are loud on their own channels, leaks or not."""
        ana, ben = voice((5, 20)), voice((15, 30))
        left, right = found(ana + LEAK * ben, ben + LEAK * ana)
        assert left == [pytest.approx((5, 20), abs=0.1)]
        assert right == [pytest.approx((15, 30), abs=0.1)]

    def test_a_soft_voice_next_to_a_loud_one_is_kept(self) -> None:
        """26 dB softer on its channel, alone and while the loud one talks."""
        loud, soft = voice((5, 20)), voice((15, 30), level=SOFT)
        left, right = found(loud, soft)
        assert left == [pytest.approx((5, 20), abs=0.1)]
        assert right == [pytest.approx((15, 30), abs=0.1)]

    @pytest.mark.parametrize(("margin_db", "kept"), [(LEAK_DB - 2, True), (LEAK_DB + 2, False)])
    def test_the_margin_of_a_leak(self, margin_db: float, kept: bool) -> None:
        """Sound that is less than LEAK_DB softer than the other channel may be a voice."""
        ana, ben = voice((5, 20)), voice((25, 35))
        _, right = found(ana, ben + 10 ** (-margin_db / 20) * ana)
        assert len(right) == (2 if kept else 1)

    def test_a_leak_into_the_channel_of_who_hardly_talks(self) -> None:
        """Who says 2 s in a minute, 3 % of it, has no more speech for the leak of 40 s."""
        ana, ben = voice((5, 45)), voice((50, 52))
        _, right = found(ana, ben + LEAK * ana)
        assert right == [pytest.approx((50, 52), abs=0.1)]

    def test_silence_on_both(self) -> None:
        """No speech on either channel."""
        assert found(voice(), voice()) == [[], []]


def probabilities(*parts: tuple[float, int]) -> npt.NDArray[np.float64]:
    """(probability, number of frames) one after the other."""
    return np.concatenate([np.full(count, value) for value, count in parts])


def stretches_of(*parts: tuple[float, int]) -> list[Stretch]:
    """The speech of a track for which a detector gives these probabilities."""
    scores = probabilities(*parts)
    samples = np.zeros(len(scores) * FRAME_SAMPLES, dtype=np.int16)

    def scripted(_samples: Samples) -> np.ndarray[Any, Any]:
        return scores

    return track_speech(samples, scripted)


class TestStretches:
    def test_speech_is_widened_and_knows_how_sure_it_is(self) -> None:
        """Frames 50 to 150 are 1600 to 4800 ms, and PAD_MS on both sides; the mean is 0.9."""
        (stretch,) = stretches_of((0.0, 50), (0.8, 50), (1.0, 50), (0.0, 50))
        assert (stretch.start_ms, stretch.end_ms) == (1600 - PAD_MS, 4800 + PAD_MS)
        assert stretch.confidence == pytest.approx(0.9)

    def test_short_silences_are_closed(self) -> None:
        """As many frames as stay below MIN_SILENCE_MS; one more is a silence."""
        short = int(MIN_SILENCE_MS / FRAME_MS)
        assert len(stretches_of((1.0, 50), (0.0, short), (1.0, 50))) == 1
        assert len(stretches_of((1.0, 50), (0.0, short + 1), (1.0, 50))) == 2

    def test_short_sounds_are_no_speech(self) -> None:
        """As many frames as stay below MIN_SPEECH_MS; one more is speech."""
        short = int(MIN_SPEECH_MS / FRAME_MS)
        assert stretches_of((0.0, 50), (1.0, short), (0.0, 400)) == []
        assert len(stretches_of((0.0, 50), (1.0, short + 1), (0.0, 400))) == 1

    def test_speech_to_the_end_stays_within_the_track(self) -> None:
        """The padding does not go beyond the first or the last sample."""
        (stretch,) = stretches_of((1.0, 100))
        assert (stretch.start_ms, stretch.end_ms) == (0, 3200)

    def test_speech_lasts_while_it_may_be_going_on(self) -> None:
        """Between the two thresholds it does not start, but it goes on."""
        (stretch,) = stretches_of((0.0, 50), (0.45, 20), (1.0, 50), (0.45, 20), (0.0, 50))
        assert (stretch.start_ms, stretch.end_ms) == (70 * 32 - PAD_MS, 140 * 32 + PAD_MS)

    @pytest.mark.parametrize("parts", [((0.1, 100),), ((0.0, 3),)])
    def test_no_speech(self, parts: tuple[tuple[float, int], ...]) -> None:
        """A detector that is sure of nothing."""
        assert stretches_of(*parts) == []

    def test_the_thresholds_follow_the_surest_frames(self) -> None:
        """What is too little where the detector is elsewhere sure is speech where it never is."""
        little = 0.65 * ONSET
        assert len(stretches_of((1.0, 50), (0.0, 50), (little, 50), (0.0, 50))) == 1
        assert len(stretches_of((0.6, 50), (0.0, 50), (little, 50), (0.0, 50))) == 2

    def test_a_detector_that_is_never_sure_hears_no_voice(self) -> None:
        """Below SUREST_MIN all along, as in music or noise."""
        assert stretches_of((SUREST_MIN - 0.1, 200)) == []

    def test_an_empty_track(self) -> None:
        """No samples, no frames, no speech."""
        assert track_speech(np.zeros(0, dtype=np.int16), lambda _: np.zeros(0)) == []
