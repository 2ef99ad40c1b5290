"""The diarizer with a network that hears a voice's level: from samples to intervals."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.diarization import (
    SHARED_VOICE_MARGIN,
    Diarizer,
    Interval,
    _best_choice,
    _intervals,
    _trusted,
    _window_trust,
)
from pipeline.models.segmenter import Segmenter, _windows, aggregated
from pipeline.models.speech_frames import FRAME_CENTRE_S, FRAME_STEP_S, SpeechFrames
from pipeline.models.stretches import WINDOW_S, Stretch
from pipeline.models.voices import BLOCK_SAMPLES
from pipeline.records import SAMPLE_RATE_HZ, Samples

pytest.importorskip("torch")

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
WINDOW = int(WINDOW_S * SAMPLE_RATE_HZ)
FRAMES = 589
"""Of a window of 10 s."""
LEVELS = (3000.0, -3000.0, 9000.0)
"""A voice is noise around a level of its own; where two speak, both levels and both noises."""
SETS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
HEARD = {(): 0.0, (0,): 3000.0, (1,): -3000.0, (2,): 9000.0, (0, 1): 0.0, (0, 2): 12_000.0}

Said = tuple[int, float, float]


def call(*spoken: Said, length_s: float) -> Samples:
    """Sound in which (voice, start, end) speak."""
    rng = np.random.default_rng(11)
    sound = 3.0 * rng.standard_normal(round(length_s * SAMPLE_RATE_HZ))
    for voice, start_s, end_s in spoken:
        part = sound[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
        part += LEVELS[voice] + 600.0 * rng.standard_normal(len(part))
    return sound.astype(np.int16)


def voices_in(pieces: Floats) -> list[tuple[int, ...]]:
    """Who speaks in most of each piece of some hundredths of a second, full scale 1."""
    heard = np.median(np.abs(pieces), axis=1) * 32768 > 100
    levels = np.median(pieces, axis=1) * 32768
    return [
        min((who for who in HEARD if who), key=lambda who: abs(HEARD[who] - level)) if loud else ()
        for loud, level in zip(heard, levels.tolist(), strict=True)
    ]


class FakeInference:
    """Segmentation that hears the levels; local voices are numbered by who comes first."""

    def __init__(self, *, blind: bool = False) -> None:
        self.blind = blind
        self.batches: list[int] = []

    def infer(self, chunks: Any) -> Floats:
        self.batches.append(len(chunks))
        return np.stack([self._scores(window[0].numpy()) for window in chunks])

    def _scores(self, window: Floats) -> Floats:
        step = round(FRAME_STEP_S * SAMPLE_RATE_HZ)
        first = round(FRAME_CENTRE_S * SAMPLE_RATE_HZ) - step // 2
        heard = voices_in(window[first : first + FRAMES * step].reshape(FRAMES, step))
        local = {
            who: n for n, who in enumerate(dict.fromkeys(v for voices in heard for v in voices))
        }
        scores = np.full((FRAMES, len(SETS)), np.log(0.02 / 6))
        for row, voices in zip(scores, heard, strict=True):
            names = sorted({0 if self.blind else local[who] for who in voices})
            row[SETS.index(tuple(names))] = np.log(0.98)
        return scores


def segmenter(*, blind: bool = False, workers: int = 2) -> Segmenter:
    """A segmenter that hears the levels."""
    inference = FakeInference(blind=blind)
    return Segmenter(inference=inference, workers=workers)  # type: ignore[arg-type]


class FakeNetwork:
    """Frames of a hundredth of a block; a channel for each voice. Pooled, their means."""

    def __init__(self) -> None:
        self.blocks: list[int] = []

    def frames(self, waveforms: Floats) -> Floats:
        assert waveforms.shape[1] == BLOCK_SAMPLES
        self.blocks.append(len(waveforms))
        frames = np.zeros((len(waveforms), 512, 100), dtype=np.float32)
        for number, voices in enumerate(voices_in(waveforms.reshape(len(waveforms) * 100, -1))):
            frames[number // 100, list(voices), number % 100] = 1.0
        return frames

    def pooled(self, statistics: Floats) -> Floats:
        # what every voice shares, so that no embedding is without direction
        return statistics[:, :192] + 0.05


def diarized(
    *spoken: Said,
    length_s: float,
    speakers: int | None = 2,
    step_s: float = 2.5,
    workers: int = 2,
    blind: bool = False,
) -> list[Interval]:
    """What the diarizer makes of a call."""
    diarizer = Diarizer(
        segmenter=segmenter(blind=blind, workers=workers),
        network=FakeNetwork(),
        workers=workers,
    )
    return diarizer(
        call(*spoken, length_s=length_s),
        speakers=speakers,
        step_s=step_s,
        progress=lambda _share: None,
    )


def rows(intervals: list[Interval]) -> list[tuple[int, int, int]]:
    """(voice, start, end), voices numbered by first speech."""
    names = {voice: n for n, voice in enumerate(dict.fromkeys(i.voice for i in intervals))}
    return [(names[i.voice], i.start_ms, i.end_ms) for i in intervals]


def near(*spoken: Said) -> list[Any]:
    """The same, within a tenth of a second."""
    return [
        (voice, pytest.approx(start_s * 1000, abs=100), pytest.approx(end_s * 1000, abs=100))
        for voice, start_s, end_s in spoken
    ]


TALK = ((0, 1, 6), (1, 7, 11), (0, 12, 17), (1, 17.5, 24), (0, 25, 29), (1, 30, 33.5))
"""Two voices by turns in 35 s."""
INTERRUPTED = ((0, 1, 8), (1, 7, 14), (0, 15, 20), (1, 21, 27))
"""Both speak from 7 to 8 s."""
THREE = (*TALK, (2, 35, 41), (0, 42, 46), (2, 47, 53))


class TestDiarizer:
    @pytest.mark.parametrize("speakers", [2, None])
    @pytest.mark.parametrize("step_s", [1.0, 5.0])
    def test_two_voices(self, speakers: int | None, step_s: float) -> None:
        """Each turn is its voice's, the number given or found, windows close or far."""
        found = diarized(*TALK, length_s=35, speakers=speakers, step_s=step_s)
        assert rows(found) == near(*TALK)
        assert all(0.9 < interval.confidence <= 1.0 for interval in found)

    def test_three_voices_are_found(self) -> None:
        """Whose numbers in their windows differ from window to window."""
        found = diarized(*THREE, length_s=55, speakers=None)
        assert rows(found) == near(*THREE)

    def test_voices_that_segmentation_takes_for_one(self) -> None:
        """It hears one voice throughout: the embeddings of the stretches tell them apart."""
        found = diarized(*TALK, length_s=35, blind=True)
        assert rows(found) == near(*TALK)

    def test_overlap_is_both_voices(self) -> None:
        """The interruption belongs to who had the word and to who takes it."""
        found = diarized(*INTERRUPTED, length_s=28)
        assert rows(found) == near(*INTERRUPTED)

    @pytest.mark.parametrize("spoken", [TALK, INTERRUPTED])
    def test_one_speaker_has_it_all(self, spoken: tuple[Said, ...]) -> None:
        """With one voice to choose from there is nothing to tell apart, and nothing twice."""
        found = diarized(*spoken, length_s=35, speakers=1)
        assert {interval.voice for interval in found} == {0}
        assert all(a.end_ms < b.start_ms for a, b in pairwise(found))
        assert rows(found)[-1] == near((0, *spoken[-1][1:]))[0]

    def test_one_voice_is_found_to_be_one(self) -> None:
        """Though nobody said so."""
        spoken = ((0, 1, 6), (0, 7, 12), (0, 13, 19))
        assert rows(diarized(*spoken, length_s=20, speakers=None)) == near(*spoken)

    @pytest.mark.parametrize("speakers", [1, 2, None])
    @pytest.mark.parametrize("length_s", [0.0, 0.001, 0.5, 30.0])
    def test_no_speech(self, length_s: float, speakers: int | None) -> None:
        """Noise, and less than a window of it, has no intervals."""
        assert diarized(length_s=length_s, speakers=speakers) == []

    @pytest.mark.parametrize("speakers", [1, 2, None])
    def test_less_than_a_second_of_sound(self, speakers: int | None) -> None:
        """One voice for 0.5 s of 0.9 s: one interval inside the track, whoever it is."""
        (found,) = diarized((0, 0.2, 0.7), length_s=0.9, speakers=speakers)
        assert found.start_ms == pytest.approx(200, abs=100)
        assert found.end_ms == pytest.approx(700, abs=100)

    @pytest.mark.parametrize("length_s", [0.03, 0.05, 0.1, 0.2])
    def test_a_track_of_hundredths_of_a_second(self, length_s: float) -> None:
        """All of it speech: no crash, and nothing beyond the end."""
        found = diarized((0, 0.0, length_s), length_s=length_s)
        assert all(0 <= i.start_ms < i.end_ms <= length_s * 1000 for i in found)

    @pytest.mark.parametrize("speakers", [1, 2, None])
    def test_a_call_that_is_all_overlap(self, speakers: int | None) -> None:
        """Nobody is ever heard alone: who is who cannot be known, but the speech is there."""
        found = diarized((0, 1, 5), (1, 1, 5), length_s=6, speakers=speakers)
        assert min(i.start_ms for i in found) == pytest.approx(1000, abs=100)
        assert max(i.end_ms for i in found) == pytest.approx(5000, abs=100)

    @pytest.mark.parametrize("spoken", [TALK, INTERRUPTED, THREE])
    def test_the_number_of_workers_does_not_matter(self, spoken: tuple[Said, ...]) -> None:
        """One, or three side by side: the same intervals to the last digit."""
        length_s = spoken[-1][2] + 1.5
        one, three = (
            diarized(*spoken, length_s=length_s, speakers=None, workers=workers)
            for workers in (1, 3)
        )
        assert one == three

    def test_progress_rises_to_one(self) -> None:
        """Through segmentation and the network."""
        shares: list[float] = []
        diarizer = Diarizer(
            segmenter=segmenter(),
            network=FakeNetwork(),
            workers=2,
        )
        diarizer(call(*TALK, length_s=35), speakers=2, step_s=1.0, progress=shares.append)
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1.0)
        assert [share for share, _ in groupby(shares)] == shares

    def test_the_network_reads_speech_once_and_nothing_else(self) -> None:
        """28 s of speech in blocks of 2 s are 14 or 15, for one of noise around it."""
        network = FakeNetwork()
        diarizer = Diarizer(segmenter=segmenter(), network=network)
        diarizer(call(*TALK, length_s=35), speakers=2, step_s=1.0, progress=lambda _share: None)
        speech_s = sum(end_s - start_s for _, start_s, end_s in TALK)
        assert sum(network.blocks) == pytest.approx(
            speech_s * SAMPLE_RATE_HZ / BLOCK_SAMPLES, abs=1
        )


class TestSpeechProbability:
    def test_speech_of_one_voice_is_found_over_the_whole_channel(self) -> None:
        """From windows that hardly overlap, in frames of FRAME_STEP_S, half a minute long."""
        samples = call((0, 2, 12), (0, 15, 28), length_s=31)
        probability = segmenter().speech_probability(samples)
        times_s = np.arange(len(probability)) * FRAME_STEP_S + FRAME_CENTRE_S
        speaks = ((times_s > 2) & (times_s < 12)) | ((times_s > 15) & (times_s < 28))
        edges = np.abs(times_s[:, None] - [2, 12, 15, 28]).min(axis=1) < 0.05
        assert np.array_equal((probability > 0.5)[~edges], speaks[~edges])
        assert times_s[-1] > 31


class TestWindows:
    def test_the_last_window_is_filled_up_with_silence(self) -> None:
        """16384 is half of full scale; beyond the track there are zeros."""
        samples = np.full(WINDOW + 100, 16384, dtype=np.int16)
        first, last = _windows(samples, np.array([0, 200]))
        assert (first == 0.5).all()
        assert (last[: WINDOW - 100] == 0.5).all()
        assert (last[WINDOW - 100 :] == 0.0).all()


def sets_of(*probabilities: float) -> Floats:
    """A window of one frame after the other with the same probabilities of the seven sets."""
    return np.tile(np.array(probabilities), (FRAMES, 1))


class TestAggregated:
    def test_one_window_is_what_the_model_says(self) -> None:
        """Speech is all but silence, overlap the last three sets."""
        sets = sets_of(0.1, 0.2, 0.1, 0.1, 0.2, 0.2, 0.1)[None]
        speech, overlap = aggregated(sets, np.array([0]))
        assert speech == pytest.approx(np.full(FRAMES, 0.9))
        assert overlap == pytest.approx(np.full(FRAMES, 0.5))

    def test_the_middle_of_a_window_weighs_more(self) -> None:
        """Windows 5 s (296 frames) apart: the one whose middle is nearer decides."""
        silence, speech = sets_of(1, 0, 0, 0, 0, 0, 0), sets_of(0, 1, 0, 0, 0, 0, 0)
        starts = np.array([0, 5 * SAMPLE_RATE_HZ])
        probability, overlap = aggregated(np.stack([speech, silence]), starts)
        assert len(probability) == 296 + FRAMES
        assert probability[310] > 0.9
        assert probability[FRAMES - 20] < 0.1
        assert (overlap == 0).all()

    def test_windows_that_agree_are_not_changed_by_weights(self) -> None:
        """0.7 and 0.7 make 0.7 everywhere."""
        sets = np.stack([sets_of(0.3, 0.7, 0, 0, 0, 0, 0)] * 2)
        speech, _ = aggregated(sets, np.array([0, 5 * SAMPLE_RATE_HZ]))
        assert speech == pytest.approx(np.full(296 + FRAMES, 0.7))


def stretches_of(*lengths_s: float, overlap: bool = False) -> list[Stretch]:
    """One after the other, each of one local voice."""
    ends = np.cumsum([round(length_s / FRAME_STEP_S) for length_s in lengths_s]).tolist()
    return [
        Stretch(first=first, last=last, anchor=0, local=(0,), overlap=overlap)
        for first, last in pairwise([0, *ends])
    ]


class TestWindowTrust:
    FIRST, SECOND, UNSURE = (0.8, 0.2), (0.2, 0.8), (0.5, 0.45)

    def test_opinions_that_agree_are_trusted(self) -> None:
        """In all of the sure stretches."""
        likeness = np.array([self.FIRST, self.SECOND])
        assert _window_trust(stretches_of(1.2, 1.4), likeness, np.eye(2)) == 1.0

    def test_trust_falls_with_the_share_that_is_wrong(self) -> None:
        """1 s in 100 s costs forty times that; 1 s in 20 s all of it."""
        for count, trust in ((99, 0.6), (19, 0.0)):
            likeness = np.array([self.FIRST] * count + [self.SECOND])
            votes = np.array([(1.0, 0.0)] * (count + 1))
            lengths_s = [1.0125] * (count + 1)
            assert _window_trust(stretches_of(*lengths_s), likeness, votes) == pytest.approx(trust)

    def test_only_sure_stretches_count(self) -> None:
        """Not the short ones, not those of two at once, not those that fit both voices alike."""
        wrong = np.array([(0.0, 1.0)])
        assert _window_trust(stretches_of(0.8), np.array([self.FIRST]), wrong) == 1.0
        assert _window_trust(stretches_of(1.2), np.array([self.UNSURE]), wrong) == 1.0
        alike = stretches_of(1.2, overlap=True)
        assert _window_trust(alike, np.array([self.FIRST]), wrong) == 1.0

    def test_one_voice_needs_no_trust(self) -> None:
        """There is nobody to confuse it with."""
        assert _window_trust(stretches_of(1.2), np.ones((1, 1)), np.ones((1, 1))) == 1.0


class TestBestChoice:
    def test_each_local_voice_goes_to_the_most_alike(self) -> None:
        """In the order of the local voices."""
        assert _best_choice(np.array([[0.1, 0.9], [0.8, 0.2]])) == (1, 0)

    @pytest.mark.parametrize(("beyond", "expected"), [(0.02, (0, 0)), (-0.02, (0, 1))])
    def test_two_share_a_voice_only_where_much_more_alike(
        self, beyond: float, expected: tuple[int, int]
    ) -> None:
        """Than the second is to the other voice: the margin decides."""
        likeness = np.array([[1.0, 0.0], [0.5 + SHARED_VOICE_MARGIN + beyond, 0.5]])
        assert _best_choice(likeness) == expected

    def test_a_voice_that_is_like_nobody_takes_what_is_left(self) -> None:
        """It was never heard alone: sharing would cost the margin."""
        assert _best_choice(np.array([[1.0, 0.0], [0.0, 0.0]])) == (0, 1)

    def test_one_voice_is_for_all(self) -> None:
        """And three local voices share two."""
        assert _best_choice(np.array([[0.3], [0.2]])) == (0, 0)
        assert _best_choice(np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.6]])) == (0, 1, 1)


def stretch(first: int, last: int, *, overlap: bool = False) -> Stretch:
    """A stretch of frames."""
    return Stretch(first=first, last=last, anchor=0, local=(0,), overlap=overlap)


class TestTrusted:
    @pytest.mark.parametrize(
        ("length_s", "weight"), [(0.1, 0.0), (0.2, 0.0), (0.6, 0.5), (1.0, 1.0), (1.5, 1.5)]
    )
    def test_the_longer_a_stretch_the_more_it_counts(self, length_s: float, weight: float) -> None:
        """Nothing at 0.2 s, all from a second on, and beyond it by its length."""
        frames = round(length_s / FRAME_STEP_S)
        likeness = np.array([[0.8, -0.4]])
        found = _trusted([stretch(5, 5 + frames)], likeness)
        assert found == pytest.approx(weight * likeness, abs=0.02)


def frames_of(*stretches: Stretch, probability: float = 0.9) -> SpeechFrames:
    """Frames in which somebody speaks where the stretches are."""
    speech = np.zeros(FRAMES, dtype=bool)
    overlap = np.zeros(FRAMES, dtype=bool)
    for one in stretches:
        speech[one.first : one.last] = True
        overlap[one.first : one.last] = one.overlap
    return SpeechFrames(
        speech=speech,
        overlap=overlap,
        probability=np.where(speech, probability, 0.0),
        loudness=speech.astype(float),
    )


def intervals_of(
    *stretches: Stretch, fit: list[list[float]], end_ms: int = 10_000
) -> list[Interval]:
    """Intervals of stretches with such fits."""
    return _intervals(frames_of(*stretches), stretches, np.array(fit), end_ms=end_ms)


def ms(frame: int) -> int:
    """When a frame begins."""
    return round((frame * FRAME_STEP_S + FRAME_CENTRE_S) * 1000)


class TestIntervals:
    def test_from_frame_to_frame(self) -> None:
        """Neighbours of one voice are joined, a change of voice is an edge, pauses are kept."""
        stretches = stretch(10, 40), stretch(40, 60), stretch(60, 90), stretch(100, 120)
        found = intervals_of(*stretches, fit=[[0, 9], [0, 9], [9, 0], [9, 0]])
        assert [(i.voice, i.start_ms, i.end_ms) for i in found] == [
            (1, ms(10), ms(60)),
            (0, ms(60), ms(90)),
            (0, ms(100), ms(120)),
        ]
        assert [i.confidence for i in found] == pytest.approx([0.9] * 3)

    def test_confidence_is_that_of_speech_and_of_the_voice(self) -> None:
        """A lead of ln 3 times the margin is 3 to 1: 0.75 of the 0.9 that it is speech."""
        lead = float(np.log(3)) * 0.1
        (found,) = intervals_of(stretch(10, 40), fit=[[0.5 + lead, 0.5]])
        assert found.confidence == pytest.approx(0.75 * 0.9)

    def test_a_tie_goes_to_who_spoke_before(self) -> None:
        """In the same breath or after a pause; where nobody did, to the first voice."""
        stretches = stretch(10, 40), stretch(50, 80), stretch(80, 90), stretch(100, 120)
        ties = intervals_of(*stretches, fit=[[0.4, 0.4], [0.1, 0.9], [0.3, 0.3], [0.0, 0.0]])
        assert [(i.voice, i.start_ms, i.end_ms) for i in ties] == [
            (0, ms(10), ms(40)),
            (1, ms(50), ms(90)),
            (1, ms(100), ms(120)),
        ]

    def test_overlap_goes_to_the_two_that_fit_best(self) -> None:
        """And is as certain as speech is: it needs no lead."""
        stretches = stretch(10, 40), stretch(40, 60, overlap=True), stretch(60, 80)
        fit = [[0.9, 0.0, 0.0], [0.5, 0.1, 0.4], [0.0, 0.0, 0.9]]
        found = intervals_of(*stretches, fit=fit)
        assert [(i.voice, i.start_ms, i.end_ms) for i in found] == [
            (0, ms(10), ms(60)),
            (2, ms(40), ms(80)),
        ]

    def test_overlap_of_one_voice_is_one(self) -> None:
        """There is no second to give it to."""
        (found,) = intervals_of(stretch(10, 40, overlap=True), fit=[[1.0]])
        assert found == Interval(
            start_ms=ms(10), end_ms=ms(40), voice=0, confidence=pytest.approx(0.9)
        )

    def test_intervals_end_with_the_track(self) -> None:
        """The last window reaches beyond it; what begins there is left out."""
        found = intervals_of(stretch(10, 100), stretch(400, 420), fit=[[1, 0]] * 2, end_ms=1000)
        assert [(i.start_ms, i.end_ms) for i in found] == [(ms(10), 1000)]

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 4))
    def test_all_speech_is_somebodys(self, seed: int, voices: int) -> None:
        """Sorted by start, none empty, confidence a probability, no voice twice at a time."""
        rng = np.random.default_rng(seed)
        edges = np.unique(rng.integers(0, FRAMES, 30)).tolist()
        stretches = [
            stretch(a, b, overlap=bool(rng.random() < 0.2))
            for a, b in pairwise(edges)
            if rng.random() < 0.8
        ]
        fit = rng.normal(0, 1, (len(stretches), voices)).round(1)
        found = _intervals(frames_of(*stretches), stretches, fit, end_ms=10_000)
        assert [i.start_ms for i in found] == sorted(i.start_ms for i in found)
        assert all(i.start_ms < i.end_ms and 0 < i.confidence <= 1 for i in found)
        covered = sum((min(2, voices) if s.overlap else 1) * s.length_s for s in stretches)
        assert sum(i.end_ms - i.start_ms for i in found) == pytest.approx(covered * 1000, abs=31)
        for voice in range(voices):
            own = [i for i in found if i.voice == voice]
            assert all(a.end_ms < b.start_ms for a, b in pairwise(own))
