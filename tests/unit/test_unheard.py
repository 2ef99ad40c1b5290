"""Speech without words: which stretches are heard again, and how they are put together."""

from __future__ import annotations

import itertools

import frames
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.chunks import Chunk
from pipeline.stages.unheard import AROUND_MS, SHORTEST_PART_MS, SILENCE_MS, merged, unheard

Interval = tuple[str, int, int]


def chunks(*intervals: Interval, words: tuple[Interval, ...] = ()) -> list[Chunk]:
    """What is heard again of a track of 100 s, in chunks of up to 29 s."""
    speech, spoken = frames.speech(*intervals), frames.words(*words)
    return unheard(spoken, speech, track=0, duration_ms=100_000, max_chunk_ms=29_000)


def spans(*intervals: Interval, words: tuple[Interval, ...] = ()) -> list[tuple[int, int]]:
    """The same without the sound around each stretch."""
    return [
        (piece.start_ms + AROUND_MS, piece.end_ms - AROUND_MS)
        for chunk in chunks(*intervals, words=words)
        for piece in chunk.pieces
    ]


def test_a_reply_without_words_is_heard_again() -> None:
    """Half a second of S2 between words of S1."""
    words = (("yes", 1000, 1800), ("so", 3000, 3500))
    assert spans(("S1", 1000, 1900), ("S2", 2200, 2700), ("S1", 3000, 3600), words=words) == [
        (2200, 2700)
    ]


def test_speech_with_words_is_not() -> None:
    """A word may reach a little beyond its times."""
    assert spans(("S1", 1000, 1900), words=(("yes", 1100, 1700),)) == []


def test_a_click_is_too_short() -> None:
    """Nobody says a word in 150 ms."""
    assert spans(("S1", 1000, 1150)) == []


@pytest.mark.parametrize(("missing_ms", "found"), [(SHORTEST_PART_MS, 1), (500, 0)])
def test_a_part_of_a_stretch_is_heard_again_where_it_is_long(missing_ms: int, found: int) -> None:
    """From 250 ms after the end of a word to 100 ms before the next."""
    after_ms = 1000 + 900 + 250 + missing_ms + 100
    words = (("one", 1000, 1900), ("two", after_ms, after_ms + 900))
    assert len(spans(("S1", 1000, after_ms + 900), words=words)) == found


def test_a_word_that_lasts_until_the_next_does_not_hide_what_is_between() -> None:
    """Whisper gave "like" three seconds; it took 0.9 s at most."""
    words = (("like", 1000, 4000), ("so", 4000, 4600))
    assert spans(("S1", 1000, 1800), ("S2", 2500, 3500), ("S1", 4000, 4700), words=words) == [
        (2500, 3500)
    ]


def test_under_another_voice_nothing_more_is_heard() -> None:
    """S2 within the speech of S1, who has words."""
    words = tuple((f"w{n}", 1000 + 500 * n, 1500 + 500 * n) for n in range(8))
    assert spans(("S1", 1000, 5000), ("S2", 2000, 2600), words=words) == []


def test_only_the_track_asked_for() -> None:
    """Speech of the other channel is not this one's."""
    speech = frames.speech(("S1", 1000, 2000), ("S2", 1000, 2000), tracks={"S1": 0, "S2": 1})
    (chunk,) = unheard(frames.words(), speech, track=1, duration_ms=100_000, max_chunk_ms=29_000)
    assert chunk.track == 1
    assert len(chunk.pieces) == 1


def test_stretches_are_packed_with_silence_between() -> None:
    """Twelve of 2 s with 0.3 s around and 0.6 s behind, 2.9 s each: ten fill 29 s."""
    found = chunks(*(("S1", 4000 * n, 4000 * n + 2000) for n in range(1, 13)))
    assert [len(chunk.pieces) for chunk in found] == [10, 2]
    assert found[0].length_ms == 10 * (2000 + 2 * AROUND_MS + SILENCE_MS)


def test_a_minute_without_words_is_left_alone() -> None:
    """It does not fit into a chunk; that is no lost reply."""
    assert chunks(("S1", 1000, 61_000)) == []


def test_nothing_gives_nothing() -> None:
    """No speech, no words."""
    assert chunks() == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted).map(tuple)))
def test_merged_spans_are_apart_and_cover_the_same(spans: list[tuple[int, int]]) -> None:
    """Sorted, without touching each other, and no moment more or less."""
    union = merged(spans)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(union))
    inside = {moment for a, b in spans for moment in range(a, b)}
    assert {moment for a, b in union for moment in range(a, b)} == inside
