"""Speech in a clip of one voice, from the probabilities of a made-up detector."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.models.activity import (
    FRAME_MS,
    FRAME_SAMPLES,
    MIN_SILENCE_MS,
    MIN_SPEECH_MS,
    ONSET,
    PAD_MS,
    SUREST_MIN,
    Stretch,
    track_speech,
)
from pipeline.records import Samples


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
