"""Metrics of time against hand-computed cases."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.floor import Turn, interruptions, transfers
from pipeline.spans import Span, length_ms, union
from pipeline.stages.metrics.timing import (
    latencies_ms,
    longest_silence_ms,
    median_latency_ms,
    overlap_ms,
    talk_ratio_interval,
)

EXAMPLES = settings(max_examples=100, deadline=None)
DURATION_MS = 20_000
SPANS = st.lists(
    st.tuples(st.integers(0, DURATION_MS), st.integers(0, DURATION_MS)).map(
        lambda pair: (min(pair), max(pair))
    ),
    max_size=8,
)


def turns(*parts: tuple[str, int, int]) -> list[Turn]:
    """Turns of (speaker, start_ms, end_ms)."""
    return [Turn(speaker=who, start_ms=start, end_ms=end) for who, start, end in parts]


def spoken_ms(spans: list[Span]) -> set[int]:
    """Every millisecond in which there is speech, counted one by one."""
    return {ms for start_ms, end_ms in spans for ms in range(start_ms, end_ms)}


class TestUnion:
    def test_overlapping_and_touching_spans_become_one(self) -> None:
        """0-10 and 5-12 overlap, 12-15 touches, 20-21 stands alone; the order does not matter."""
        assert union([(20, 21), (5, 12), (0, 10), (12, 15)]) == [(0, 15), (20, 21)]

    def test_a_span_inside_another_adds_nothing(self) -> None:
        """3-4 within 0-10 leaves 0-10."""
        assert union([(0, 10), (3, 4)]) == [(0, 10)]
        assert length_ms([(0, 10), (3, 4)]) == 10

    def test_nothing_has_no_length(self) -> None:
        """No spans: no union, no length."""
        assert union([]) == []
        assert length_ms([]) == 0

    @EXAMPLES
    @given(SPANS)
    def test_the_union_is_the_same_time(self, spans: list[Span]) -> None:
        """It covers the same milliseconds, in order, and no two of its stretches touch."""
        merged = union(spans)
        assert length_ms(spans) == len(spoken_ms(spans))
        assert spoken_ms(merged) == spoken_ms(spans)
        assert all(one[1] < two[0] for one, two in pairwise(merged))


class TestOverlap:
    def test_two_voices(self) -> None:
        """0-10 and 8-20 share 2; 30-40 and 33-35 share 2."""
        assert overlap_ms([[(0, 10), (30, 40)], [(8, 20), (33, 35)]]) == 4

    def test_three_voices_count_once(self) -> None:
        """Two or more at 5-10 of 0-10, 5-15, 5-20, and then two of them until 15."""
        assert overlap_ms([[(0, 10)], [(5, 15)], [(5, 20)]]) == 10

    def test_one_voice_does_not_overlap_itself(self) -> None:
        """Overlapping intervals of one speaker are no overlap."""
        assert overlap_ms([[(0, 10), (5, 15)]]) == 0

    def test_touching_is_not_overlapping(self) -> None:
        """One ends when the other begins."""
        assert overlap_ms([[(0, 10)], [(10, 20)]]) == 0

    def test_nobody_speaks(self) -> None:
        """No voices, or voices without speech."""
        assert overlap_ms([]) == 0
        assert overlap_ms([[], []]) == 0

    @EXAMPLES
    @given(SPANS, SPANS)
    def test_overlap_is_what_the_sum_has_over_the_union(
        self, one: list[Span], two: list[Span]
    ) -> None:
        """Of two speakers: talk + talk - speech, and never more than either talks."""
        overlap = overlap_ms([one, two])
        assert overlap == length_ms(one) + length_ms(two) - length_ms([*one, *two])
        assert 0 <= overlap <= min(length_ms(one), length_ms(two))


class TestSilence:
    def test_the_longest_gap_between_speech(self) -> None:
        """Gaps of 5 and 20; the lead-in of 30 and what follows the last word do not count."""
        assert longest_silence_ms([(30, 40), (45, 50), (70, 80)], duration_ms=500) == 20

    def test_a_gap_that_another_fills_is_none(self) -> None:
        """0-10 and 40-50 leave a gap of 30, of which 15-35 is spoken in."""
        assert longest_silence_ms([(0, 10), (40, 50), (15, 35)], duration_ms=60) == 5

    @pytest.mark.parametrize("spans", [[], [(10, 20)]])
    def test_no_gap_no_silence(self, spans: list[Span]) -> None:
        """Without speech or with one stretch of it there is no gap between."""
        assert longest_silence_ms(spans, duration_ms=100) == 0

    @EXAMPLES
    @given(SPANS)
    def test_speech_and_silence_fill_the_call(self, spans: list[Span]) -> None:
        """The longest silence is at most what speech leaves of the call."""
        silence_ms = DURATION_MS - length_ms(spans)
        assert 0 <= longest_silence_ms(spans, duration_ms=DURATION_MS) <= silence_ms


class TestTalkRatioInterval:
    def test_a_sure_map_leaves_edges_and_voices(self) -> None:
        """10 s each: variance 2 x 100^2 for the edges and 300^2 for the voice, 110 000 ms^2 a side;
        the ratio's is 2 x 1e8 x 1.1e5 / 1.6e17."""
        low, high = talk_ratio_interval([((0, 10_000), 1.0)], [[((10_000, 20_000), 1.0)]])
        assert low == pytest.approx(0.5 - 1.645 * 0.0001375**0.5)
        assert high == pytest.approx(0.5 + 1.645 * 0.0001375**0.5)

    def test_an_unsure_map_adds_its_own(self) -> None:
        """Confidence 0.9 adds 10 s x 1 s x 0.09 = 900 000 ms^2 a side: variance 0.0012625."""
        low, high = talk_ratio_interval([((0, 10_000), 0.9)], [[((10_000, 20_000), 0.9)]])
        assert (high - low) / 2 == pytest.approx(1.645 * 0.0012625**0.5)

    def test_one_voice_alone_has_all_the_talk(self) -> None:
        """Whatever the uncertainty, there is nobody to share with."""
        assert talk_ratio_interval([((0, 10_000), 0.8)], []) == (1.0, 1.0)

    def test_no_talk_says_nothing(self) -> None:
        """Without speech every ratio is possible."""
        assert talk_ratio_interval([], []) == (0.0, 1.0)

    @EXAMPLES
    @given(
        own=st.integers(1000, 600_000),
        other=st.integers(1000, 600_000),
        sure=st.floats(0.5, 1.0),
        less=st.floats(0.5, 1.0),
    )
    def test_it_holds_the_ratio_and_widens_with_doubt(
        self, own: int, other: int, sure: float, less: float
    ) -> None:
        """The ratio lies inside; less confidence never makes the interval narrower."""
        less, sure = sorted((less, sure))
        narrow = talk_ratio_interval([((0, own), sure)], [[((own, own + other), sure)]])
        wide = talk_ratio_interval([((0, own), less)], [[((own, own + other), less)]])
        assert 0 <= narrow[0] <= own / (own + other) <= narrow[1] <= 1
        assert wide[0] <= narrow[0] + 1e-12
        assert wide[1] >= narrow[1] - 1e-12


class TestTransfers:
    CALL = turns(("S1", 0, 30), ("S2", 28, 48), ("S1", 50, 70), ("S1", 75, 78), ("S2", 80, 95))

    def test_the_floor_changes_hands(self) -> None:
        """S1 to S2, back, and again; from S1 to S1 it does not."""
        found = [(one.speaker, two.speaker, two.start_ms) for one, two in transfers(self.CALL)]
        assert found == [("S1", "S2", 28), ("S2", "S1", 50), ("S1", "S2", 80)]

    def test_latency_is_from_the_others_end_to_the_own_start(self) -> None:
        """S2 begins 2 before S1's end and later 2 after it; S1 begins 2 after S2's end."""
        assert latencies_ms(self.CALL, speaker="S2") == [-2, 2]
        assert latencies_ms(self.CALL, speaker="S1") == [2]

    def test_the_median_of_an_even_number_is_the_mean_of_two(self) -> None:
        """Of -2 and 2 it is 0."""
        assert median_latency_ms(self.CALL, speaker="S2") == 0.0

    def test_who_never_takes_the_floor_has_no_latency(self) -> None:
        """The opener of a call of one turn, and somebody unknown."""
        assert median_latency_ms(turns(("S1", 0, 10)), speaker="S1") is None
        assert median_latency_ms(self.CALL, speaker="S3") is None

    INSIDE = turns(("S1", 0, 10_000), ("S2", 3000, 4000), ("S2", 10_500, 15_000))

    def test_speech_inside_anothers_turn_takes_no_floor(self) -> None:
        """S1 talks until 10 s; S2's second at 3 s is no transfer, the turn at 10.5 s is."""
        assert latencies_ms(self.INSIDE, speaker="S2") == [500]

    def test_an_interruption_after_speech_inside_counts(self) -> None:
        """S2 says something inside S1's turn, and later cuts it off: one interruption."""
        call = turns(("S1", 0, 10_000), ("S2", 3000, 4000), ("S2", 9000, 15_000))
        assert interruptions(call, min_overlap_ms=300, min_length_ms=1000) == [call[2]]


class TestInterruptions:
    def count(self, *parts: tuple[str, int, int]) -> int:
        """Interruptions by S2."""
        found = interruptions(turns(*parts), min_overlap_ms=300, min_length_ms=1000)
        return sum(turn.speaker == "S2" for turn in found)

    def test_a_turn_begun_into_the_others(self) -> None:
        """300 ms of overlap and 1 s beyond the other's end are just enough."""
        assert self.count(("S1", 0, 10_000), ("S2", 9700, 11_000)) == 1

    @pytest.mark.parametrize(
        "second",
        [("S2", 9701, 12_000), ("S2", 9000, 10_999), ("S2", 10_100, 15_000)],
        ids=["299 ms of overlap", "999 ms beyond", "no overlap"],
    )
    def test_less_is_the_usual_change_of_turns(self, second: tuple[str, int, int]) -> None:
        """Too little overlap, or not going on, is no interruption."""
        assert self.count(("S1", 0, 10_000), second) == 0

    def test_speech_inside_the_others_turn(self) -> None:
        """The other did not yield."""
        assert self.count(("S1", 0, 10_000), ("S2", 3000, 5000), ("S1", 11_000, 12_000)) == 0

    def test_it_is_counted_for_who_interrupts(self) -> None:
        """S1 cuts S2 off: nothing for S2."""
        assert self.count(("S2", 0, 10_000), ("S1", 9000, 12_000)) == 0
