"""Where tracks are cut for recognition, and the clock that leads back."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records import SAMPLE_RATE_HZ, Samples
from pipeline.stages.chunks import Chunk, Piece, cut, waveform

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
MAX_CHUNK_MS, MAX_GAP_MS = 10_000, 2000


def loud(length_ms: int, *quiet_ms: tuple[int, int]) -> Samples:
    """A track of one loudness, silent in some stretches."""
    samples = np.full(length_ms * SAMPLES_PER_MS, 1000, dtype=np.int16)
    for start_ms, end_ms in quiet_ms:
        samples[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS] = 0
    return samples


def pieces_of(
    speech: list[tuple[int, int]], *, samples: Samples | None = None, pad_ms: int = 0
) -> list[list[tuple[int, int]]]:
    """(start_ms, end_ms) of the pieces of each chunk; a track of 60 s if none is given."""
    chunks = cut(
        speech,
        samples=loud(60_000) if samples is None else samples,
        track=0,
        max_chunk_ms=MAX_CHUNK_MS,
        pad_ms=pad_ms,
        max_gap_ms=MAX_GAP_MS,
    )
    return [[(piece.start_ms, piece.end_ms) for piece in chunk.pieces] for chunk in chunks]


class TestCut:
    def test_no_speech_no_chunks(self) -> None:
        """Nothing is heard where the map shows nothing."""
        assert pieces_of([]) == []

    def test_short_gaps_stay_as_they_are(self) -> None:
        """A gap of exactly the limit is heard whole."""
        assert pieces_of([(1000, 2000), (4000, 5000)]) == [[(1000, 5000)]]

    def test_long_gaps_shrink_to_the_limit(self) -> None:
        """Of a gap of 5 s the second after and the second before speech are heard."""
        assert pieces_of([(0, 1000), (6000, 7000)]) == [[(0, 2000), (5000, 7000)]]

    def test_overlapping_speech_is_heard_once(self) -> None:
        """Two speakers at once, one inside the other's speech, are one stretch."""
        assert pieces_of([(0, 3000), (500, 1000), (2500, 4000)]) == [[(0, 4000)]]

    def test_a_chunk_reaches_beyond_its_speech(self) -> None:
        """By pad_ms on both sides, but not beyond the track."""
        assert pieces_of([(1000, 2000)], pad_ms=300) == [[(700, 2300)]]
        assert pieces_of([(100, 1000), (59_800, 60_000)], pad_ms=300) == [
            [(0, 2000), (58_800, 60_000)]
        ]

    def test_neighbouring_chunks_share_the_pause_between_them(self) -> None:
        """A pause of 0.4 s is cut in its middle, though each chunk would take 0.3 s of it."""
        assert pieces_of([(1000, 7000), (7400, 13_000)], pad_ms=300) == [
            [(700, 7200)],
            [(7200, 13_300)],
        ]

    def test_a_chunk_ends_in_a_pause(self) -> None:
        """13 s of speech do not fit into 10: the cut is in the longer pause, at 8 s."""
        assert pieces_of([(0, 4000), (4500, 8000), (9000, 13_000)]) == [
            [(0, 8000)],
            [(9000, 13_000)],
        ]

    @pytest.mark.parametrize(
        ("speech", "first_end_ms"),
        [
            ([(0, 7000), (8000, 8500), (8700, 9700), (10_000, 14_000)], 7000),
            ([(0, 7000), (8000, 8500), (8700, 9700), (11_700, 14_000)], 9700),
            ([(0, 2000), (4000, 9500), (9700, 14_500)], 9500),
            ([(0, 7000), (8000, 10_000), (10_200, 18_500)], 10_000),
        ],
        ids=[
            "earlier pause is longest",
            "last pause is longest",
            "after the longest too much is left",
            "the longest would take a third chunk",
        ],
    )
    def test_the_longest_pause_that_costs_no_chunk_is_taken(
        self, speech: list[tuple[int, int]], first_end_ms: int
    ) -> None:
        """A chunk more would cost a whole window; of the cuts into two the longest pause wins."""
        assert pieces_of(speech)[0][-1][1] == first_end_ms

    def test_long_speech_is_cut_where_it_is_quietest(self) -> None:
        """25 s without a pause: cut in the quiet 100 ms at 8 s and at 15 s."""
        samples = loud(60_000, (8000, 8100), (15_000, 15_100))
        first, second, third = pieces_of([(0, 25_000)], samples=samples)
        assert 8000 < first[0][1] < 8100
        assert 15_000 < second[0][1] < 15_100
        assert (first[0][0], third[0][1]) == (0, 25_000)
        assert (first[0][1], second[0][1]) == (second[0][0], third[0][0])

    def test_speech_of_just_a_chunk_is_not_cut(self) -> None:
        """As long as the limit is not too long."""
        assert pieces_of([(0, MAX_CHUNK_MS)]) == [[(0, MAX_CHUNK_MS)]]

    def test_speech_beyond_the_track_is_left_out(self) -> None:
        """What the map shows after the last sample cannot be heard."""
        assert pieces_of([(0, 1000), (5000, 6000)], samples=loud(2000)) == [[(0, 1000)]]

    def test_the_track_is_kept(self) -> None:
        """A chunk knows the track it was cut from."""
        chunks = cut(
            [(0, 1000)], samples=loud(1000), track=1, max_chunk_ms=5000, pad_ms=0, max_gap_ms=0
        )
        assert [chunk.track for chunk in chunks] == [1]


class TestClock:
    CHUNK = Chunk(
        track=0, pieces=(Piece(start_ms=1000, end_ms=3000), Piece(start_ms=9000, end_ms=9500))
    )

    def test_the_length_is_that_of_the_pieces(self) -> None:
        """2 s and half a second."""
        assert self.CHUNK.length_ms == 2500

    @pytest.mark.parametrize(
        ("chunk_ms", "track_ms"),
        [(0, 1000), (500.4, 1500), (1999, 2999), (2000, 9000), (2250, 9250), (2500, 9500)],
    )
    def test_times_lead_back_to_the_track(self, chunk_ms: float, track_ms: int) -> None:
        """1000-3000 is followed by 9000-9500 after 2 s of the chunk."""
        assert self.CHUNK.track_ms(chunk_ms) == track_ms

    @pytest.mark.parametrize(("chunk_ms", "track_ms"), [(-20, 1000), (2600, 9500), (30_000, 9500)])
    def test_times_outside_the_chunk_stay_in_its_pieces(
        self, chunk_ms: float, track_ms: int
    ) -> None:
        """A recogniser's word may end a little after its audio."""
        assert self.CHUNK.track_ms(chunk_ms) == track_ms

    @pytest.mark.parametrize(
        ("chunk", "track"),
        [
            ((100, 600), (1100, 1600)),
            ((1700, 2100), (2700, 3000)),
            ((1900, 2400), (9000, 9400)),
            ((1500, 2000), (2500, 3000)),
        ],
    )
    def test_a_word_is_in_one_piece(self, chunk: tuple[int, int], track: tuple[int, int]) -> None:
        """The one that has more of it, however far the next piece is on the track."""
        assert self.CHUNK.track_span(*chunk) == track

    def test_silence_between_pieces_belongs_to_none(self) -> None:
        """With 600 ms behind each piece the second begins at 2600; in the gap the first ends."""
        apart = replace(self.CHUNK, gap_ms=600)
        assert apart.length_ms == 3700
        assert [apart.track_ms(at) for at in (1999, 2300, 2600, 2700)] == [2999, 3000, 9000, 9100]
        assert apart.track_span(1800, 2700) == (2800, 3000)


class TestWaveform:
    def test_silence_follows_each_piece(self) -> None:
        """As long as the gap."""
        chunk = Chunk(track=0, gap_ms=2, pieces=(Piece(start_ms=1, end_ms=2),) * 2)
        sound = waveform(chunk, loud(10))
        assert (sound != 0).tolist() == ([True] * 16 + [False] * 32) * 2

    def test_the_pieces_one_after_the_other(self) -> None:
        """16 samples a millisecond, in the order of the pieces, from -1 to 1."""
        samples = np.repeat(np.array([0, 16384, -32768, 8192], dtype=np.int16), SAMPLES_PER_MS)
        chunk = Chunk(track=0, pieces=(Piece(start_ms=1, end_ms=2), Piece(start_ms=2, end_ms=4)))
        found = waveform(chunk, samples)
        assert found.dtype == np.float32
        assert found.tolist() == [0.5] * 16 + [-1.0] * 16 + [0.25] * 16

    def test_the_track_stays_as_it_is(self) -> None:
        """Scaling works on a copy."""
        samples = loud(10)
        waveform(Chunk(track=0, pieces=(Piece(start_ms=0, end_ms=10),)), samples)
        assert samples.tolist() == [1000] * 160


TRACK = np.random.default_rng(1).integers(-2000, 2000, 30_000 * SAMPLES_PER_MS, dtype=np.int16)
LIMIT_MS = 2000
SPEECH = st.lists(
    st.tuples(st.integers(0, 29_000), st.integers(1, 6000)).map(lambda p: (p[0], p[0] + p[1])),
    max_size=8,
).map(sorted)
EXAMPLES = settings(max_examples=60, deadline=None)


def short_chunks(speech: list[tuple[int, int]], *, pad_ms: int, max_gap_ms: int) -> list[Chunk]:
    """Chunks of at most 2 s of a track of 30 s, so that there are many."""
    return cut(
        speech,
        samples=TRACK,
        track=0,
        max_chunk_ms=LIMIT_MS,
        pad_ms=pad_ms,
        max_gap_ms=max_gap_ms,
    )


class TestProperties:
    @EXAMPLES
    @given(SPEECH, st.integers(0, 300), st.integers(0, 900))
    def test_all_speech_is_heard(
        self, speech: list[tuple[int, int]], pad_ms: int, max_gap_ms: int
    ) -> None:
        """Every millisecond of speech on the track lies in a piece of a chunk."""
        chunks = short_chunks(speech, pad_ms=pad_ms, max_gap_ms=max_gap_ms)
        heard = np.zeros(30_000, dtype=bool)
        for chunk in chunks:
            for piece in chunk.pieces:
                heard[piece.start_ms : piece.end_ms] = True
        for start_ms, end_ms in speech:
            assert heard[start_ms : min(end_ms, 30_000)].all()

    @EXAMPLES
    @given(SPEECH, st.integers(0, 300), st.integers(0, 900))
    def test_no_chunk_is_too_long_and_nothing_is_heard_twice(
        self, speech: list[tuple[int, int]], pad_ms: int, max_gap_ms: int
    ) -> None:
        """Pieces are in order of time without overlap, within the track and not empty."""
        chunks = short_chunks(speech, pad_ms=pad_ms, max_gap_ms=max_gap_ms)
        pieces = [piece for chunk in chunks for piece in chunk.pieces]
        assert all(chunk.length_ms <= LIMIT_MS for chunk in chunks)
        assert all(one.end_ms <= two.start_ms for one, two in pairwise(pieces))
        assert all(0 <= piece.start_ms < piece.end_ms <= 30_000 for piece in pieces)

    @EXAMPLES
    @given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 1900)), max_size=10))
    def test_there_are_no_more_chunks_than_needed(self, parts: list[tuple[int, int]]) -> None:
        """No more than by filling each chunk as far as it goes."""
        speech: list[tuple[int, int]] = []
        count, length_ms, now_ms = 0, LIMIT_MS, 0
        for gap_ms, talk_ms in parts:
            speech.append((now_ms + gap_ms, now_ms + gap_ms + talk_ms))
            now_ms += gap_ms + talk_ms
            length_ms += min(gap_ms, 500) + talk_ms
            if length_ms > LIMIT_MS:
                count, length_ms = count + 1, talk_ms
        assert len(short_chunks(speech, pad_ms=0, max_gap_ms=500)) == count

    @EXAMPLES
    @given(SPEECH, st.lists(st.floats(0, LIMIT_MS), min_size=2, max_size=20))
    def test_the_clock_never_runs_back(
        self, speech: list[tuple[int, int]], times_ms: list[float]
    ) -> None:
        """Later in a chunk is not earlier on the track."""
        for chunk in short_chunks(speech, pad_ms=100, max_gap_ms=500):
            found = [chunk.track_ms(time_ms) for time_ms in sorted(times_ms)]
            assert found == sorted(found)

    @EXAMPLES
    @given(SPEECH)
    def test_the_clock_is_exact_at_the_pieces(self, speech: list[tuple[int, int]]) -> None:
        """A piece's first and last millisecond lead to themselves, as does the chunk's end."""
        for chunk in short_chunks(speech, pad_ms=100, max_gap_ms=500):
            start_ms = 0
            for piece in chunk.pieces:
                length_ms = piece.end_ms - piece.start_ms
                assert chunk.track_ms(start_ms) == piece.start_ms
                assert chunk.track_ms(start_ms + length_ms - 1) == piece.end_ms - 1
                start_ms += length_ms
            assert chunk.track_ms(start_ms) == chunk.pieces[-1].end_ms

    @EXAMPLES
    @given(SPEECH)
    def test_the_waveform_is_as_long_as_the_chunk_says(self, speech: list[tuple[int, int]]) -> None:
        """Otherwise the clock would be wrong."""
        for chunk in short_chunks(speech, pad_ms=100, max_gap_ms=500):
            assert len(waveform(chunk, TRACK)) == chunk.length_ms * SAMPLES_PER_MS
