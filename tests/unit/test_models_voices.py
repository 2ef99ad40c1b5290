"""Voices: blocks of speech, sums of the network's frames, and who there is in a call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.voices import (
    BLOCK_SAMPLES,
    ONE_VOICE,
    Blocks,
    Sums,
    blocks_of,
    centroids,
    unit,
)
from pipeline.records import SAMPLE_RATE_HZ

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
THRESHOLD = 0.6

SPEECH = st.lists(
    st.tuples(st.integers(1, 30_000), st.integers(1, 90_000)), min_size=0, max_size=12
).map(
    lambda gaps: [
        (int(end) - length, int(end))
        for end, (_, length) in zip(np.cumsum([sum(one) for one in gaps]), gaps, strict=True)
    ]
)
"""Stretches of speech as (first, last + 1) samples, made of (gap before, length)."""


class TestBlocks:
    @settings(max_examples=100, deadline=None)
    @given(SPEECH)
    def test_each_sample_is_in_one_block_and_in_order(self, speech: list[tuple[int, int]]) -> None:
        """All blocks but the last are full, none is empty, and together they are the speech."""
        blocks = [block for some in blocks_of(speech) for block in some.pieces]
        pieces = [piece for block in blocks for piece in block]
        assert all(first < last for first, last in pieces)
        expected = [np.arange(first, last) for first, last in speech]
        found = [np.arange(first, last) for first, last in pieces]
        assert np.array_equal(np.concatenate([[], *found]), np.concatenate([[], *expected]))
        lengths = [sum(last - first for first, last in block) for block in blocks]
        assert all(length == BLOCK_SAMPLES for length in lengths[:-1])
        assert all(0 < length <= BLOCK_SAMPLES for length in lengths)

    def test_empty_speech_has_no_blocks(self) -> None:
        """Nor has a stretch without length, such as one that begins beyond the track."""
        assert blocks_of([]) == []
        assert blocks_of([(500, 500), (700, 600)]) == []

    def test_waveforms_are_the_pieces_one_after_the_other(self) -> None:
        """As shares of full scale; a block too short begins again."""
        samples = np.arange(20_000, dtype=np.int16)
        (blocks,) = blocks_of([(100, 200), (5000, 5900)])
        (row,) = blocks.waveforms(samples)
        once = np.concatenate([np.arange(100, 200), np.arange(5000, 5900)]) / 32768
        assert row.shape == (BLOCK_SAMPLES,)
        assert row.dtype == np.float32
        assert row == pytest.approx(np.tile(once, 32))

    def test_times_run_over_gaps(self) -> None:
        """Half a block from 1 s on, the other half from 5 s on: 4 frames of half a second."""
        block = ((16_000, 32_000), (80_000, 96_000))
        times = Blocks(pieces=(block,)).times_s(4)
        assert times == pytest.approx([1.25, 1.75, 5.25, 5.75])

    def test_padding_has_no_time(self) -> None:
        """Of two blocks the second has a second of speech: its frames after that are NaN."""
        full, half = ((0, BLOCK_SAMPLES),), ((48_000, 64_000),)
        times = Blocks(pieces=(full, half)).times_s(4)
        expected = [0.25, 0.75, 1.25, 1.75, 3.25, 3.75, np.nan, np.nan]
        assert times == pytest.approx(expected, nan_ok=True)

    @settings(max_examples=60, deadline=None)
    @given(SPEECH.filter(bool), st.integers(1, 120))
    def test_times_are_those_of_the_samples(
        self, speech: list[tuple[int, int]], frames: int
    ) -> None:
        """A frame's time is that of the sample at its middle, so times rise and are in speech."""
        ends = [end for _, end in speech]
        samples = np.zeros(ends[-1], dtype=np.int16)
        for blocks in blocks_of(speech):
            times = blocks.times_s(frames)
            assert len(times) == frames * len(blocks.waveforms(samples))
            known = times[~np.isnan(times)] * SAMPLE_RATE_HZ
            assert (np.diff(known) > 0).all()
            stretch = np.searchsorted(ends, known + 1e-3, side="right")
            assert all(speech[at][0] <= t + 1e-3 for at, t in zip(stretch, known, strict=True))


class Statistics:
    """A network whose embedding is its statistics."""

    def frames(self, waveforms: Any) -> Floats:
        raise AssertionError(waveforms.shape)

    def pooled(self, statistics: Floats) -> Floats:
        return statistics


class TestSums:
    @settings(max_examples=60, deadline=None)
    @given(seed=st.integers(0, 2**32 - 1), stretches=st.integers(1, 6), batches=st.integers(1, 4))
    def test_embeddings_are_those_of_the_frames_pooled(
        self, seed: int, stretches: int, batches: int
    ) -> None:
        """Mean and deviation (of n - 1) of each stretch's frames, in whatever parts they came."""
        rng = np.random.default_rng(seed)
        frames = rng.normal(0.5, 1.0, (120, 5)).astype(np.float32)
        where = rng.integers(-1, stretches, 120)
        where[: 2 * stretches] = np.arange(2 * stretches) % stretches  # two frames each at least
        sums = Sums.empty(stretches, 5)
        for part in np.array_split(np.arange(120), batches):
            sums.add(where[part], frames[part])
        found = sums.embeddings(Statistics())
        for stretch in range(stretches):
            own = frames[where == stretch]
            statistics = np.concatenate([own.mean(axis=0), own.std(axis=0, ddof=1)])
            assert sums.frames[stretch] == len(own)
            assert found[stretch] == pytest.approx(
                statistics / np.linalg.norm(statistics), abs=1e-4
            )

    def test_a_stretch_of_no_or_one_frame_is_a_number(self) -> None:
        """Without meaning, but neither NaN nor a warning."""
        sums = Sums.empty(2, 3)
        sums.add(np.array([1]), np.ones((1, 3), dtype=np.float32))
        assert np.isfinite(sums.embeddings(Statistics())).all()

    def test_whole_stretches_are_counted_to_others(self) -> None:
        """Stretches 0 and 2 make a new one, 1 counts nowhere."""
        sums = Sums.empty(3, 1)
        sums.add(np.array([0, 1, 2, 2]), np.array([[1.0], [10.0], [2.0], [3.0]]))
        taken = Sums.empty(2, 1)
        taken.take(np.array([1, -1, 1]), sums)
        assert taken.frames.tolist() == [0, 3]
        assert taken.first.tolist() == [[0], [6]]
        assert taken.second.tolist() == [[0], [1 + 4 + 9]]

    @pytest.mark.parametrize(
        ("width", "frames"), [(1, [1, 2, 3, 4]), (3, [6, 9]), (4, [10]), (9, [10])]
    )
    def test_neighbours_are_joined(self, width: int, frames: list[int]) -> None:
        """Each run of `width`; all together where there are fewer."""
        sums = Sums.empty(4, 1)
        where = np.repeat(np.arange(4), [1, 2, 3, 4])
        sums.add(where, np.ones((10, 1), dtype=np.float32))
        joined = sums.joined(width)
        assert joined.frames.tolist() == frames
        assert joined.first[:, 0].tolist() == joined.second[:, 0].tolist() == frames


def voice(number: int) -> Floats:
    """The true direction of a voice: voices are at right angles."""
    direction = np.zeros(192)
    direction[number] = 1.0
    return direction


def heard(*counts: int, seed: int = 0, noise: float = 0.04) -> Floats:
    """So many embeddings of each voice, in no order, about 30 degrees from the voice."""
    rng = np.random.default_rng(seed)
    true = np.repeat([voice(number) for number in range(len(counts))], counts, axis=0)
    embeddings = unit(true + rng.normal(0, noise, true.shape))
    shuffled: Floats = rng.permutation(embeddings)
    return shuffled


def found_voices(centres: Floats) -> list[int]:
    """The voices that the centres stand for, each within 18 degrees."""
    assert np.linalg.norm(centres, axis=1) == pytest.approx(1.0)
    assert (centres.max(axis=1) > 0.95).all()
    return sorted(centres.argmax(axis=1).tolist())


class TestCentroids:
    @pytest.mark.parametrize("voices", [2, None])
    @pytest.mark.parametrize(
        "counts", [(60, 60), (108, 12), (60, 60, 1)], ids=["equal", "90 to 10", "with an outlier"]
    )
    def test_two_voices(self, voices: int | None, counts: tuple[int, ...]) -> None:
        """Their number given or found; one odd sound is nobody."""
        for seed in range(3):
            embeddings = heard(*counts, seed=seed)
            centres = centroids(embeddings, voices=voices, threshold=THRESHOLD, most=8)
            assert found_voices(centres) == [0, 1]

    def test_one_voice_is_found_to_be_one(self) -> None:
        """Its embeddings are closer to each other than the threshold."""
        centres = centroids(heard(80), voices=None, threshold=THRESHOLD, most=8)
        assert found_voices(centres) == [0]

    @pytest.mark.parametrize(("cosine", "count"), [(ONE_VOICE - 0.05, 2), (ONE_VOICE + 0.05, 1)])
    def test_two_similar_voices_are_two(self, cosine: float, count: int) -> None:
        """Nearer than the threshold, but not as near as the halves of one voice."""
        one = np.eye(192)[0]
        other = cosine * one + np.sqrt(1 - cosine**2) * np.eye(192)[1]
        noise = np.random.default_rng(3).normal(0, 0.01, (80, 192))
        embeddings = unit(np.repeat([one, other], 40, axis=0) + noise)
        assert len(centroids(embeddings, voices=None, threshold=THRESHOLD, most=8)) == count

    def test_the_number_that_is_given_counts(self) -> None:
        """Three of four voices, two of one: what is asked for is what comes."""
        for counts, voices in (((40, 40, 40, 40), 3), ((80,), 2), ((30, 30, 30), 3)):
            centres = centroids(heard(*counts), voices=voices, threshold=THRESHOLD, most=2)
            assert centres.shape == (voices, 192)

    @settings(max_examples=40, deadline=None)
    @given(
        counts=st.lists(st.integers(1, 12), min_size=1, max_size=12),
        most=st.integers(1, 8),
        seed=st.integers(0, 1000),
        noise=st.sampled_from([0.02, 0.1, 1.0]),
    )
    def test_never_more_than_the_most(
        self, counts: list[int], most: int, seed: int, noise: float
    ) -> None:
        """At least one, and all of unit length, also of what is only noise."""
        embeddings = heard(*counts, seed=seed, noise=noise)
        centres = centroids(embeddings, voices=None, threshold=THRESHOLD, most=most)
        assert 1 <= len(centres) <= most
        assert np.linalg.norm(centres, axis=1) == pytest.approx(1.0)

    @pytest.mark.parametrize("voices", [1, 2, None])
    def test_one_embedding_is_one_voice(self, voices: int | None) -> None:
        """There is nothing to compare it with."""
        embeddings = heard(1)
        centres = centroids(2 * embeddings, voices=voices, threshold=THRESHOLD, most=8)
        assert centres == pytest.approx(embeddings)

    @pytest.mark.parametrize("voices", [2, None])
    def test_equal_embeddings_are_one_voice(self, voices: int | None) -> None:
        """Nothing tells them apart, whatever the number asked for."""
        same = np.repeat([voice(0)], 20, axis=0)
        centres = centroids(same, voices=voices, threshold=THRESHOLD, most=8)
        assert set(found_voices(centres)) == {0}
