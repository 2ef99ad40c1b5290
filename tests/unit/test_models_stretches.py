"""Windows over a track, and stretches of speech in which nothing changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.speech_frames import FRAME_STEP_S, SpeechFrames
from pipeline.models.stretches import (
    STRETCH_S,
    WINDOW_S,
    Stretch,
    find_stretches,
    first_frames,
    window_starts,
)
from pipeline.records import SAMPLE_RATE_HZ

Flags = np.ndarray[Any, np.dtype[np.bool_]]
WINDOW = int(WINDOW_S * SAMPLE_RATE_HZ)
FRAMES = 589
"""Of a window of 10 s."""


class TestWindows:
    @pytest.mark.parametrize(
        ("length_s", "step_s", "starts_s"),
        [
            (0.0, 5.0, [0]),
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
        starts = window_starts(round(length_s * SAMPLE_RATE_HZ), step_s)
        assert (starts / SAMPLE_RATE_HZ).tolist() == starts_s

    @settings(max_examples=100, deadline=None)
    @given(st.integers(1, 5_000_000), st.floats(0.5, 9.0))
    def test_windows_cover_the_track(self, length: int, step_s: float) -> None:
        """The first starts with it, each begins inside it, the last reaches its end."""
        starts = window_starts(length, step_s)
        assert starts[0] == 0
        assert starts[-1] < length <= starts[-1] + WINDOW
        assert (np.diff(starts) <= WINDOW).all()
        assert len(starts) < 2 or starts[-2] + WINDOW < length


def spans(rng: np.random.Generator, count: int, *, usual: int, share: float = 0.5) -> Flags:
    """Flags that change now and then."""
    flags: Flags = np.repeat(rng.random(count) < share, rng.integers(1, 2 * usual, count))[:count]
    return flags


def one_window(*local: tuple[int, int, int]) -> Flags:
    """A window in which (local voice, first, last) speak."""
    active = np.zeros((1, FRAMES, 3), dtype=bool)
    for voice, first, last in local:
        active[0, first:last, voice] = True
    return active


def frames_of(speech: Flags, *, overlap: Flags | None = None, loudness: Any = None) -> SpeechFrames:
    """Frames as loud as speech is, without overlap, unless it is said."""
    return SpeechFrames(
        speech=speech,
        overlap=np.zeros(len(speech), dtype=bool) if overlap is None else overlap & speech,
        probability=np.where(speech, 0.9, 0.1),
        loudness=speech.astype(float) if loudness is None else loudness,
    )


def between(first: int, last: int) -> Flags:
    """True in frames [first, last) of a window."""
    flags: Flags = (np.arange(FRAMES) >= first) & (np.arange(FRAMES) < last)
    return flags


class TestStretches:
    @settings(max_examples=60, deadline=None)
    @given(
        seed=st.integers(0, 2**32 - 1),
        length_s=st.floats(0.1, 40.0),
        step_s=st.floats(0.5, 9.0),
        usual=st.sampled_from([3, 30, 300]),
    )
    def test_stretches_are_the_speech_cut_where_anything_changes(
        self, seed: int, length_s: float, step_s: float, usual: int
    ) -> None:
        """Each frame of speech once and in order, no other; one overlap, one anchor, no more
        than STRETCH_S."""
        rng = np.random.default_rng(seed)
        starts = window_starts(round(length_s * SAMPLE_RATE_HZ), step_s)
        count = int(first_frames(starts)[-1]) + FRAMES
        speech = spans(rng, count, usual=usual, share=0.8)
        frames = frames_of(
            speech, overlap=spans(rng, count, usual=usual, share=0.2), loudness=rng.random(count)
        )
        voices = [spans(rng, len(starts) * FRAMES, usual=usual) for _ in range(3)]
        active = np.stack(voices, axis=-1).reshape(len(starts), FRAMES, 3)
        stretches = find_stretches(frames, active, starts)
        covered = [np.arange(stretch.first, stretch.last) for stretch in stretches]
        assert np.concatenate([[], *covered]).tolist() == np.flatnonzero(speech).tolist()
        for stretch in stretches:
            assert 0 < stretch.length_s <= STRETCH_S
            assert (frames.overlap[stretch.first : stretch.last] == stretch.overlap).all()
            assert set(stretch.local) <= {0, 1, 2}
        anchors = [stretch.anchor for stretch in stretches]
        assert anchors == sorted(anchors)
        if len(starts) == 1:
            for stretch in stretches:
                same = active[0, stretch.first : stretch.last] == np.isin(range(3), stretch.local)
                assert same.all()

    def test_a_stretch_ends_where_the_local_voice_changes(self) -> None:
        """Voice 0 until frame 50, both until 60, then voice 2; overlap where it is certain."""
        frames = frames_of(between(10, 90), overlap=between(50, 60))
        active = one_window((0, 10, 60), (2, 50, 90))
        assert find_stretches(frames, active, np.zeros(1, dtype=np.int64)) == [
            Stretch(first=10, last=50, anchor=0, local=(0,), overlap=False),
            Stretch(first=50, last=60, anchor=0, local=(0, 2), overlap=True),
            Stretch(first=60, last=90, anchor=0, local=(2,), overlap=False),
        ]

    def test_a_pause_ends_a_stretch(self) -> None:
        """Also of one voice, and what the voices do in the pause is no stretch."""
        frames = frames_of(between(10, 40) | between(60, 90))
        stretches = find_stretches(frames, one_window((1, 0, 50)), np.zeros(1, dtype=np.int64))
        assert [(s.first, s.last, s.local) for s in stretches] == [
            (10, 40, (1,)),
            (60, 90, ()),
        ]

    def test_the_nearest_anchor_names_the_local_voices(self) -> None:
        """Windows at 0 and 5 s: their middles are 5 and 10 s in, so at 7.5 s names change."""
        starts = window_starts(15 * SAMPLE_RATE_HZ, 5.0)
        active = np.zeros((2, FRAMES, 3), dtype=bool)
        active[0, :, 0] = active[1, :, 1] = True
        frames = frames_of(np.ones(int(first_frames(starts)[-1]) + FRAMES, dtype=bool))
        stretches = find_stretches(frames, active, starts)
        assert {(s.anchor, s.local) for s in stretches} == {(0, (0,)), (1, (1,))}
        change = next(s.first for s in stretches if s.anchor)
        assert change * FRAME_STEP_S == pytest.approx(7.5, abs=2 * FRAME_STEP_S)

    @pytest.mark.parametrize("dip", [0.0, 0.5, 0.8])
    def test_a_long_stretch_is_cut_where_it_is_quietest(self, dip: float) -> None:
        """2.2 s, softer for 0.17 s in the middle: cut there into two."""
        loudness = np.ones(FRAMES)
        loudness[160:170] = dip
        frames = frames_of(between(100, 230), loudness=loudness)
        stretches = find_stretches(frames, one_window((0, 0, FRAMES)), np.zeros(1, dtype=np.int64))
        assert len(stretches) == 2
        assert 160 <= stretches[0].last <= 170

    def test_a_stretch_of_just_the_length_is_whole(self) -> None:
        """88 frames are 1.485 s."""
        frames = frames_of(between(100, 188))
        stretches = find_stretches(frames, one_window((0, 0, FRAMES)), np.zeros(1, dtype=np.int64))
        assert [(s.first, s.last) for s in stretches] == [(100, 188)]

    def test_no_speech_no_stretches(self) -> None:
        """Whatever the voices do."""
        frames = frames_of(np.zeros(FRAMES, dtype=bool))
        assert find_stretches(frames, one_window((0, 0, 500)), np.zeros(1, dtype=np.int64)) == []
