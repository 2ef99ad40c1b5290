"""Frames of speech: pauses that segmentation fills are taken out, whatever the level and noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.activity import runs
from pipeline.models.speech_frames import (
    FRAME_CENTRE_S,
    FRAME_STEP_S,
    PAUSE_S,
    SHORTEST_S,
    SpeechFrames,
    closed,
    speech_frames,
)
from pipeline.records import SAMPLE_RATE_HZ, Samples

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
TRACK_S = 12.0
SPEECH_LEVEL = 3000.0


def track(
    *spoken: tuple[float, float],
    noise: float = 5.0,
    gain: float = 1.0,
    length_s: float = TRACK_S,
    hum: float = 0.0,
) -> Samples:
    """White noise, loud where somebody speaks from and to some seconds, int16."""
    rng = np.random.default_rng(7)
    count = round(length_s * SAMPLE_RATE_HZ)
    level = np.full(count, noise)
    for start_s, end_s in spoken:
        level[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)] = SPEECH_LEVEL
    sound = level * rng.standard_normal(count)
    sound += hum * np.sin(2 * np.pi * 50 * np.arange(count) / SAMPLE_RATE_HZ)
    return (gain * sound).round().clip(-32768, 32767).astype(np.int16)


def probable(*spoken: tuple[float, float], length_s: float = TRACK_S) -> Floats:
    """Probabilities of speech: 0.95 from and to some seconds, else 0.02."""
    times = np.arange(round(max(10.0, length_s) / FRAME_STEP_S)) * FRAME_STEP_S + FRAME_CENTRE_S
    inside = [(times >= start_s) & (times < end_s) for start_s, end_s in spoken]
    speaks: Floats = np.where(np.any([np.zeros(len(times), bool), *inside], axis=0), 0.95, 0.02)
    return speaks


def found(samples: Samples, probability: Floats, overlap: Floats | None = None) -> SpeechFrames:
    """The frames of a track, without overlap unless it is said."""
    nowhere = np.zeros(len(probability))
    return speech_frames(
        samples, probability=probability, overlap=nowhere if overlap is None else overlap
    )


def seconds(frames: SpeechFrames) -> list[tuple[float, float]]:
    """From when to when there is speech."""
    return [
        (first * FRAME_STEP_S + FRAME_CENTRE_S, last * FRAME_STEP_S + FRAME_CENTRE_S)
        for first, last in runs(frames.speech)
    ]


def near(*spoken: tuple[float, float]) -> list[Any]:
    """The same times within 0.06 s: three frames and a half."""
    return [pytest.approx(one, abs=0.06) for one in spoken]


class TestPauses:
    def test_a_pause_that_segmentation_fills_is_taken_out(self) -> None:
        """0.4 s without sound inside what is all speech to it."""
        frames = found(track((2, 5), (5.4, 8)), probable((2, 8)))
        assert seconds(frames) == near((2, 5), (5.4, 8))

    def test_a_closure_is_no_pause(self) -> None:
        """0.1 s of silence in the middle of speech."""
        frames = found(track((2, 5), (5.1, 8)), probable((2, 8)))
        assert seconds(frames) == near((2, 8))

    def test_sound_that_segmentation_does_not_take_for_speech_is_none(self) -> None:
        """A second as loud as speech, in a pause."""
        frames = found(track((2, 5), (6, 7)), probable((2, 5)))
        assert seconds(frames) == near((2, 5))

    def test_a_click_is_no_speech(self) -> None:
        """0.05 s that segmentation believes in, alone, is less than anybody says."""
        frames = found(track((2, 5), (7, 7.05)), probable((2, 5), (7, 7.05)))
        assert seconds(frames) == near((2, 5))

    @settings(max_examples=15, deadline=None)
    @given(gain=st.floats(0.2, 2.0), noise=st.floats(5.0, 60.0))
    def test_neither_gain_nor_noise_matters(self, gain: float, noise: float) -> None:
        """From 34 to 56 dB between noise and speech, soft or loud: the same pauses."""
        frames = found(track((2, 5), (5.4, 8), noise=noise, gain=gain), probable((2, 8)))
        assert seconds(frames) == near((2, 5), (5.4, 8))

    def test_a_hum_below_the_voice_does_not_matter(self) -> None:
        """50 Hz louder than the speech."""
        frames = found(track((2, 5), (5.4, 8), hum=6000.0), probable((2, 8)))
        assert seconds(frames) == near((2, 5), (5.4, 8))

    def test_speech_from_the_first_to_the_last_second(self) -> None:
        """No silence to measure the noise in: its softest sixth stands for it."""
        spoken = [(0.0, 3.0), (3.4, 6.0), (6.4, 9.0), (9.4, 10.0)]
        frames = found(track(*spoken, length_s=10.0), probable((0, 10), length_s=10.0))
        assert [len(seconds(frames)), seconds(frames)[0][0]] == [4, pytest.approx(0.03, abs=0.06)]


class TestFrames:
    def test_loudness_is_one_in_speech_and_zero_in_silence(self) -> None:
        """Within a tenth."""
        frames = found(track((2, 8)), probable((2, 8)))
        at = ((np.array([3.0, 5.0, 7.0, 0.5, 10.0]) - FRAME_CENTRE_S) / FRAME_STEP_S).astype(int)
        assert frames.loudness[at] == pytest.approx([1, 1, 1, 0, 0], abs=0.1)

    def test_overlap_is_only_in_speech(self) -> None:
        """More likely than not, where somebody speaks at all."""
        overlap = probable((4, 10))
        frames = found(track((2, 6)), probable((2, 6)), overlap)
        assert np.array_equal(frames.overlap, frames.speech & (overlap > 0.5))
        assert frames.overlap.any()

    def test_speech_ends_with_the_track(self) -> None:
        """The windows reach beyond a track of 3 s; at most a closure's length of that is kept."""
        frames = found(track((1, 3), length_s=3.0), probable((1, 10)))
        ((start_s, end_s),) = seconds(frames)
        assert start_s == pytest.approx(1.0, abs=0.06)
        assert end_s == pytest.approx(3.0, abs=0.06)


class TestHostile:
    @pytest.mark.parametrize("length", [0, 1, 399, 400, 559, 560, 800, 1039, 1040, 4000])
    @pytest.mark.parametrize("spoken", [(), ((0, 10),)], ids=["no speech", "speech"])
    def test_very_short_tracks(self, length: int, spoken: tuple[tuple[float, float], ...]) -> None:
        """From nothing to a quarter of a second: an answer for each frame of the window."""
        samples = track((0, 1), length_s=1.0)[:length]
        frames = found(samples, probable(*spoken))
        assert len(frames.speech) == len(frames.loudness) == len(probable())
        assert np.isfinite(frames.loudness).all()
        assert not (frames.speech.any() and not spoken)

    @pytest.mark.parametrize("spoken", [(), ((0, 12),)], ids=["no speech", "speech"])
    def test_digital_silence(self, spoken: tuple[tuple[float, float], ...]) -> None:
        """Nobody speaks, whatever segmentation says."""
        frames = found(np.zeros(12 * SAMPLE_RATE_HZ, dtype=np.int16), probable(*spoken))
        assert not frames.speech.any()
        assert np.isfinite(frames.loudness).all()

    def test_pauses_of_digital_silence(self) -> None:
        """As of any other."""
        frames = found(track((2, 5), (5.4, 8), noise=0.0), probable((2, 8)))
        assert seconds(frames) == near((2, 5), (5.4, 8))

    def test_full_scale(self) -> None:
        """Samples at both ends of their range do not overflow."""
        samples = np.where(np.arange(12 * SAMPLE_RATE_HZ) // 7 % 2, 32767, -32768)
        frames = found(samples.astype(np.int16), probable((2, 8)))
        assert np.isfinite(frames.loudness).all()


class TestClosed:
    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=20))
    def test_only_short_gaps_are_closed(self, spans: list[tuple[bool, int]]) -> None:
        """What is true stays true, no gap is left that is too short, long ones are not touched."""
        flags = np.repeat(
            np.array([flag for flag, _ in spans], dtype=bool), [n for _, n in spans] or 0
        )
        wide = closed(flags, PAUSE_S)
        assert (wide | ~flags).all()
        gaps = [(a, b) for a, b in runs(~flags) if (b - a) * FRAME_STEP_S >= PAUSE_S]
        assert runs(~wide) == gaps


def test_the_shortest_speech() -> None:
    """What is kept is never shorter than SHORTEST_S."""
    rng = np.random.default_rng(1)
    probability = np.repeat(rng.random(120), rng.integers(1, 12, 120))
    samples = track((0, 12))
    frames = found(samples, probability)
    assert frames.speech.any()
    assert all((b - a) * FRAME_STEP_S >= SHORTEST_S for a, b in runs(frames.speech))
