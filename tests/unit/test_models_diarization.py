"""The diarizer's arithmetic: windows, who is who, and from probabilities to intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.diarization import (
    FRAME_CENTRE_S,
    FRAME_STEP_S,
    SHARED_VOICE_MARGIN,
    WINDOW_S,
    _activity,
    _assign,
    _embedding_length,
    _intervals,
    _solo_speech,
    _window_starts,
    _windows,
)
from pipeline.records import SAMPLE_RATE_HZ

WINDOW = int(WINDOW_S * SAMPLE_RATE_HZ)
FRAMES = 589
"""Of a window of 10 s."""


class TestWindows:
    @pytest.mark.parametrize(
        ("length_s", "step_s", "starts_s"),
        [
            (0.2, 5.0, [0]),
            (10.0, 5.0, [0]),
            (12.0, 5.0, [0, 5]),
            (15.0, 5.0, [0, 5]),
            (15.1, 5.0, [0, 5, 10]),
            (13.0, 1.0, [0, 1, 2, 3]),
        ],
    )
    def test_starts(self, length_s: float, step_s: float, starts_s: list[float]) -> None:
        """A window of 10 s every step until one reaches the end of the track."""
        starts = _window_starts(round(length_s * SAMPLE_RATE_HZ), step_s)
        assert (starts / SAMPLE_RATE_HZ).tolist() == starts_s

    @settings(max_examples=100, deadline=None)
    @given(st.integers(1, 5_000_000), st.floats(0.5, 9.0))
    def test_windows_cover_the_track(self, length: int, step_s: float) -> None:
        """The first starts with it, each begins inside it, the last reaches its end."""
        starts = _window_starts(length, step_s)
        assert starts[0] == 0
        assert starts[-1] < length <= starts[-1] + WINDOW
        assert (np.diff(starts) <= WINDOW).all()
        assert len(starts) < 2 or starts[-2] + WINDOW < length

    def test_the_last_window_is_filled_up_with_silence(self) -> None:
        """16384 is half of full scale; beyond the track there are zeros."""
        samples = np.full(WINDOW + 100, 16384, dtype=np.int16)
        first, last = _windows(samples, np.array([0, 200]))
        assert (first == 0.5).all()
        assert (last[: WINDOW - 100] == 0.5).all()
        assert (last[WINDOW - 100 :] == 0.0).all()


class TestSoloSpeech:
    def test_only_what_a_voice_says_alone(self) -> None:
        """Voice 0 talks for 4 s, voice 1 from 1 s on: alone for 1 s and, of 6 s, the middle 2."""
        hard = np.zeros((1, 10, 3), dtype=bool)
        hard[0, :4, 0] = hard[0, 1:, 1] = True
        samples = np.arange(WINDOW, dtype=np.int32).clip(0, 32767).astype(np.int16)
        found = {
            voice: len(waveform) / SAMPLE_RATE_HZ
            for _, voice, waveform in _solo_speech(samples, np.array([0]), hard)
        }
        assert found == {0: 1.0, 1: 2.0}

    def test_the_middle_of_it(self) -> None:
        """Of 5 s alone the middle 2 s, from 1.5 s on."""
        hard = np.zeros((1, 10, 3), dtype=bool)
        hard[0, :5, 2] = True
        samples = (np.arange(WINDOW) // SAMPLE_RATE_HZ * 1000).astype(np.int16)
        ((window, voice, waveform),) = _solo_speech(samples, np.array([0]), hard)
        assert (window, voice) == (0, 2)
        assert waveform[0] == np.float32(1000 / 32768)
        assert waveform[-1] == np.float32(3000 / 32768)

    @pytest.mark.parametrize(
        ("available_s", "taken_s"),
        [(0.3, 0.0), (0.5, 0.5), (0.99, 0.5), (1.7, 1.5), (2.0, 2.0), (9.0, 2.0)],
    )
    def test_lengths_are_a_few_round_ones(self, available_s: float, taken_s: float) -> None:
        """So that they can be batched; too little is not used at all."""
        taken = _embedding_length(round(available_s * SAMPLE_RATE_HZ))
        assert taken == round(taken_s * SAMPLE_RATE_HZ)


CENTROIDS = np.array([[1.0, 0.0], [0.0, 1.0]])


def assigned(*vectors: tuple[float, float] | None) -> list[int]:
    """The clusters of the local voices of one window; None is a voice that does not speak."""
    embeddings = np.array([[vector or (np.nan, np.nan) for vector in vectors]])
    active = np.array([[vector is not None for vector in vectors]])
    found: list[int] = _assign(embeddings, active=active, centroids=CENTROIDS)[0].tolist()
    return found


class TestAssign:
    def test_each_local_voice_goes_to_the_most_alike(self) -> None:
        """Lengths of the vectors do not matter."""
        assert assigned((0.1, 5.0), (3.0, 0.2)) == [1, 0]

    def test_who_does_not_speak_is_nobody(self) -> None:
        """An inactive voice has no cluster, and keeps none from the others."""
        assert assigned(None, (1.0, 0.1), None) == [-1, 0, -1]

    @pytest.mark.parametrize(("beyond", "expected"), [(0.02, [0, 0]), (-0.02, [0, 1])])
    def test_two_voices_share_a_cluster_only_where_much_more_alike(
        self, beyond: float, expected: list[int]
    ) -> None:
        """cos - sin of the second voice's angle against the margin decides."""
        # cos a - sin a = sqrt(2) cos(a + 45 degrees)
        angle = np.arccos((SHARED_VOICE_MARGIN + beyond) / np.sqrt(2)) - np.pi / 4
        assert assigned((1.0, 0.0), (np.cos(angle), np.sin(angle))) == expected

    def test_a_voice_without_an_embedding_takes_what_is_left(self) -> None:
        """It spoke too little alone to be compared: sharing would cost the margin."""
        embeddings = np.array([[(1.0, 0.0), (np.nan, np.nan)]])
        active = np.array([[True, True]])
        assert _assign(embeddings, active=active, centroids=CENTROIDS).tolist() == [[0, 1]]

    def test_one_cluster_is_for_all(self) -> None:
        """With one voice in the call everything is its own."""
        embeddings = np.array([[(1.0, 0.0), (0.9, 0.1)]])
        active = np.array([[True, True]])
        found = _assign(embeddings, active=active, centroids=np.array([[1.0, 0.5]]))
        assert found.tolist() == [[0, 0]]


class TestActivity:
    def test_one_window_is_what_the_model_says(self) -> None:
        """Each voice of the call has the probabilities of its local voice."""
        soft = np.random.default_rng(3).random((1, FRAMES, 3))
        activity = _activity(soft, np.array([[1, -1, 0]]), np.array([0]))
        assert activity.shape == (FRAMES, 2)
        assert activity[:, 1] == pytest.approx(soft[0, :, 0])
        assert activity[:, 0] == pytest.approx(soft[0, :, 2])

    def test_of_two_local_voices_of_a_cluster_the_surer_counts(self) -> None:
        """Frame by frame."""
        soft = np.zeros((1, FRAMES, 3))
        soft[0, :, 0], soft[0, :300, 1] = 0.6, 0.9
        activity = _activity(soft, np.array([[0, 0, -1]]), np.array([0]))
        assert activity[:300, 0] == pytest.approx(0.9)
        assert activity[300:, 0] == pytest.approx(0.6)

    def test_windows_that_agree_are_not_changed_by_weights(self) -> None:
        """Two windows 5 s (296 frames) apart that both say 0.7 make 0.7 everywhere."""
        starts = np.array([0, 5 * SAMPLE_RATE_HZ])
        soft = np.full((2, FRAMES, 3), 0.7)
        activity = _activity(soft, np.array([[0, -1, -1], [0, -1, -1]]), starts)
        assert activity.shape == (296 + FRAMES, 1)
        assert activity == pytest.approx(0.7)

    def test_the_middle_of_a_window_weighs_more(self) -> None:
        """Where one says 1 and the other 0, the one whose middle is nearer decides."""
        starts = np.array([0, 5 * SAMPLE_RATE_HZ])
        soft = np.zeros((2, FRAMES, 3))
        soft[0] = 1.0
        activity = _activity(soft, np.array([[0, -1, -1], [0, -1, -1]]), starts)[:, 0]
        assert activity[310] > 0.9
        assert activity[FRAMES - 20] < 0.1


class TestIntervals:
    def test_from_frame_to_frame(self) -> None:
        """Frames 10 to 40 and, of the other voice, 30 to 50; confidence is the mean."""
        activity = np.zeros((100, 2))
        activity[10:40, 1], activity[30:50, 0] = 0.8, 0.6
        activity[20:30, 1] = 1.0
        first, second = _intervals(activity, end_ms=10_000)
        assert (first.voice, second.voice) == (1, 0)
        times = [
            round((frame * FRAME_STEP_S + FRAME_CENTRE_S) * 1000) for frame in (10, 40, 30, 50)
        ]
        assert [first.start_ms, first.end_ms, second.start_ms, second.end_ms] == times
        assert first.confidence == pytest.approx((20 * 0.8 + 10 * 1.0) / 30)
        assert second.confidence == pytest.approx(0.6)

    def test_half_a_probability_is_not_enough(self) -> None:
        """Speech is what is more likely than not."""
        assert _intervals(np.full((100, 1), 0.5), end_ms=10_000) == []

    def test_intervals_end_with_the_track(self) -> None:
        """The last window reaches beyond it; what begins there is left out."""
        activity = np.zeros((1000, 1))
        activity[10:100] = activity[900:950] = 1.0
        (interval,) = _intervals(activity, end_ms=1000)
        assert interval.end_ms == 1000
