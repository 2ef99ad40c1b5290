"""Recognition with a scripted recogniser: what is asked of it, and what becomes of its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import frames
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError, ContractError
from pipeline.models.recognizer import Decoded, Heard
from pipeline.records import OTHER_LANGUAGE, OUTSIDE_SPEECH, REPETITION, SPEECH, WORDS
from pipeline.stages.doubts import NEAR_MS, repeated
from pipeline.stages.recognizing import CAREFUL_MIN_S, Recognizing, TranscribeConfig
from pipeline.stages.transcribe import check, run

CONFIG = TranscribeConfig(
    second_look=False,
    language="en",
    max_chunk_s=29.0,
    pad_s=0.3,
    max_gap_s=2.0,
    max_compression_ratio=2.4,
    min_log_probability=-1.0,
    max_words_per_s=7.0,
    min_words_per_s=0.0,
    language_certainty=0.8,
    unsure_probability=0.8,
)
Waveform = npt.NDArray[np.float32]


def heard(*words: tuple[str, float, float], probability: float = 0.9) -> list[Heard]:
    """Words of (text, start_s, end_s) in a chunk."""
    return [
        Heard(text=text, start_s=start_s, end_s=end_s, probability=probability)
        for text, start_s, end_s in words
    ]


def decoded(*words: tuple[str, float, float], probability: float = 0.9, **facts: Any) -> Decoded:
    """A sure reading of a chunk; `facts` replace what makes it sure."""
    sure = {
        "mean_log_probability": -0.2,
        "no_speech_probability": 0.0,
        "compression_ratio": 1.2,
    }
    return Decoded(words=tuple(heard(*words, probability=probability)), **sure | facts)


def sentence(text: str, *, probability: float = 0.9) -> Decoded:
    """A text of five words a second from the start of a chunk."""
    timed = ((word, n / 5, n / 5 + 0.2) for n, word in enumerate(text.split()))
    return decoded(*timed, probability=probability)


class FakeRecognizer:
    """Reads out `script`, an entry a chunk, `careful` when asked again; keeps what it got."""

    def __init__(
        self,
        *script: Decoded,
        careful: Decoded | Sequence[Decoded] = (),
        language: tuple[str, float] = ("en", 0.99),
        round_size: int = 8,
        round_size_later: int | None = None,
    ) -> None:
        self.script = list(script)
        self.careful = [careful] if isinstance(careful, Decoded) else list(careful)
        self.language = language
        self._round_size = round_size
        self._round_size_later = round_size_later or round_size
        self.batches: list[list[int]] = []
        self.languages: list[str] = []
        self.beam_sizes: list[int] = []
        self.careful_lengths: list[int] = []
        self.language_lengths: list[int] = []

    @property
    def round_size(self) -> int:
        return self._round_size

    def language_of(self, chunk: Waveform) -> tuple[str, float]:
        self.language_lengths.append(len(chunk))
        return self.language

    def decode(self, chunks: Sequence[Waveform], *, language: str, beam_size: int) -> list[Decoded]:
        self.batches.append([len(chunk) for chunk in chunks])
        self.languages.append(language)
        self.beam_sizes.append(beam_size)
        self._round_size = self._round_size_later
        return [self.script.pop(0) for _ in chunks]

    def decode_carefully(self, chunks: Sequence[Waveform], *, language: str) -> list[Decoded]:
        self.careful_lengths += [len(chunk) for chunk in chunks]
        self.languages += [language] * len(chunks)
        return [self.careful.pop(0) for _ in chunks]


MAP = frames.speech(("S1", 1000, 4000))
"""Heard from 700 to 4300: a chunk of 3.6 s."""
TALK = ("S1", 0, 25_000), ("S2", 26_000, 50_000), ("S1", 52_000, 76_000), ("S2", 78_000, 99_000)
FOUR_CHUNKS = frames.speech(*TALK)
"""No two of these fit into 29 s."""


def words_of(
    model: FakeRecognizer,
    speech: pl.DataFrame = MAP,
    *,
    config: TranscribeConfig = CONFIG,
    tracks: int = 1,
    progress: list[float] | None = None,
) -> pl.DataFrame:
    """The words of a silent track of 100 s that the model reads as its script says."""
    shares: list[float] = [] if progress is None else progress
    recognizer: Recognizing = model
    frame = run(
        audio=frames.track(100_000, tracks=tracks),
        diarize=speech,
        config=config,
        model=recognizer,
        progress=shares.append,
    )
    check(frame)
    assert frame.schema == WORDS
    return frame


class TestWords:
    def test_times_are_those_of_the_track(self) -> None:
        """The chunk begins 300 ms before speech, so half a second in it is 1200 ms."""
        model = FakeRecognizer(decoded(("Good", 0.5, 0.75), ("morning.", 0.75, 1.5)))
        frame = words_of(model)
        assert frame.row(0, named=True) == {
            "word": 0,
            "start_ms": 1200,
            "end_ms": 1450,
            "text": "Good",
            "probability": pytest.approx(0.9),
            "track": 0,
            "language": "en",
            "doubt": "",
        }
        assert frame.select("text", "start_ms", "end_ms").row(1) == ("morning.", 1450, 2200)

    def test_times_after_a_shortened_gap(self) -> None:
        """The chunk is 0-2 s, then 9 s on: 3.2 s in the chunk is 10.2 s."""
        speech = frames.speech(("S1", 0, 1000), ("S1", 10_000, 12_000))
        frame = words_of(FakeRecognizer(decoded(("so", 0.2, 0.6), ("yes", 3.2, 3.4))), speech)
        assert frame.select("start_ms", "end_ms").rows() == [(200, 600), (10_200, 10_400)]

    def test_words_of_all_chunks_are_numbered_through(self) -> None:
        """In order of time, chunk after chunk."""
        model = FakeRecognizer(*(sentence(text) for text in ("a b", "c", "d e", "f")))
        frame = words_of(model, FOUR_CHUNKS)
        assert frame["text"].to_list() == ["a", "b", "c", "d", "e", "f"]
        assert frame["word"].to_list() == [0, 1, 2, 3, 4, 5]
        assert frame["start_ms"].is_sorted()

    def test_two_tracks_are_read_apart_and_joined_by_time(self) -> None:
        """Each track's own speech is cut from its own map; the words are in one order."""
        speech = frames.speech(("S1", 0, 3000), ("S2", 1000, 4000), tracks={"S1": 0, "S2": 1})
        model = FakeRecognizer(
            decoded(("one", 0.0, 0.4), ("three", 2.0, 2.4)), decoded(("two", 0.5, 0.9))
        )
        frame = words_of(model, speech, tracks=2)
        assert frame.select("text", "track", "start_ms").rows() == [
            ("one", 0, 0),
            ("two", 1, 1200),
            ("three", 0, 2000),
        ]

    def test_odd_numbers_of_the_model_are_mended(self) -> None:
        """A word that ends before it starts has no length; a probability is at most 1."""
        reading = Decoded(
            words=tuple(heard(("so", 1.0, 0.5), probability=1.0001)),
            mean_log_probability=-0.1,
            no_speech_probability=0.0,
            compression_ratio=1.0,
        )
        frame = words_of(FakeRecognizer(reading))
        assert frame.select("start_ms", "end_ms", "probability").row(0) == (1700, 1700, 1.0)

    def test_no_speech_no_words_and_no_model(self) -> None:
        """An empty frame of the right schema, and the recogniser is not asked."""
        model = FakeRecognizer()
        assert words_of(model, pl.DataFrame(schema=SPEECH)).height == 0
        assert (model.batches, model.language_lengths) == ([], [])

    def test_speech_in_which_nothing_is_heard(self) -> None:
        """An empty reading is no reason to ask again."""
        model = FakeRecognizer(decoded(mean_log_probability=-3.0))
        assert words_of(model).height == 0
        assert model.careful_lengths == []


class TestRounds:
    def test_chunks_go_in_rounds(self) -> None:
        """Four chunks in rounds of three; the beam is the config's; progress ends at 1."""
        model = FakeRecognizer(*[decoded()] * 4, round_size=3)
        shares: list[float] = []
        config = replace(CONFIG, beam_size=2)
        words_of(model, FOUR_CHUNKS, config=config, progress=shares)
        assert [len(batch) for batch in model.batches] == [3, 1]
        assert model.beam_sizes == [2, 2]
        assert shares == [0.75, 1.0]

    def test_a_chunk_is_the_audio_of_its_pieces(self) -> None:
        """3.6 s at 16 kHz."""
        model = FakeRecognizer(decoded())
        words_of(model)
        assert model.batches == [[3600 * 16]]

    def test_nothing_is_lost_when_rounds_shrink(self) -> None:
        """A recogniser that runs out of memory halves its batch: still every chunk is read."""
        model = FakeRecognizer(
            *(sentence(text) for text in "abcd"), round_size=2, round_size_later=1
        )
        assert words_of(model, FOUR_CHUNKS)["text"].to_list() == ["a", "b", "c", "d"]


LOOP_TEXT = "I think that " + "we can " * 5
LOOP = sentence(LOOP_TEXT)
FIVE_WORDS = "we could meet in May"


class TestSecondReading:
    @pytest.mark.parametrize(
        "reading",
        [
            decoded(("so", 0.0, 0.2), compression_ratio=2.5),
            decoded(("so", 0.0, 0.2), mean_log_probability=-1.1),
            decoded(*((f"w{n}", n / 10, n / 10 + 0.1) for n in range(26))),
            LOOP,
        ],
        ids=["compresses well", "unsure", "26 words in 3.6 s", "loop"],
    )
    def test_what_looks_wrong_is_read_again(self, reading: Decoded) -> None:
        """Once, the same audio, and the second reading counts."""
        model = FakeRecognizer(reading, careful=sentence(FIVE_WORDS))
        frame = words_of(model)
        assert model.careful_lengths == model.batches[0]
        assert frame["text"].to_list() == FIVE_WORDS.split()
        assert set(frame["doubt"]) == {""}

    @pytest.mark.parametrize(
        "reading",
        [
            decoded(("so", 0.0, 0.2), compression_ratio=2.4, mean_log_probability=-1.0),
            decoded(*((f"w{n}", n / 10, n / 10 + 0.1) for n in range(25))),
            sentence("no, no, no that is not it"),
        ],
        ids=["at the limits", "25 words in 3.6 s", "no no no"],
    )
    def test_what_looks_right_is_not(self, reading: Decoded) -> None:
        """One reading is enough, and all its words are trusted."""
        model = FakeRecognizer(reading)
        frame = words_of(model)
        assert model.careful_lengths == []
        assert frame["text"].to_list() == [word.text for word in reading.words]
        assert set(frame["doubt"]) == {""}

    def test_only_the_chunk_in_doubt_is_read_again(self) -> None:
        """Of four chunks the third."""
        model = FakeRecognizer(
            sentence("a"), sentence("b"), LOOP, sentence("d"), careful=sentence("c")
        )
        assert words_of(model, FOUR_CHUNKS)["text"].to_list() == ["a", "b", "c", "d"]
        assert model.careful_lengths == [model.batches[0][2]]

    def test_second_readings_go_to_their_own_chunks(self) -> None:
        """The second and fourth of a round: the second counts, the fourth had no words."""
        first = [sentence("a"), LOOP, sentence("c"), LOOP]
        model = FakeRecognizer(*first, careful=[sentence("b"), decoded()])
        frame = words_of(model, FOUR_CHUNKS)
        assert frame["text"].to_list() == ["a", "b", "c", *(word.text for word in LOOP.words)]
        assert model.careful_lengths == [model.batches[0][1], model.batches[0][3]]

    def test_each_round_is_read_again_for_itself(self) -> None:
        """Rounds of two, the second chunk of each in doubt; order stays."""
        first = [sentence("a"), LOOP, sentence("c"), LOOP]
        model = FakeRecognizer(*first, careful=[sentence("b"), sentence("d")], round_size=2)
        assert words_of(model, FOUR_CHUNKS)["text"].to_list() == ["a", "b", "c", "d"]

    def test_a_short_chunk_is_not_read_again(self) -> None:
        """Just under CAREFUL_MIN_S there is too little sound for another reading to be better."""
        length_ms = round((CAREFUL_MIN_S - 2 * CONFIG.pad_s) * 1000)
        for shorter_ms, readings in ((100, 0), (-100, 1)):
            speech = frames.speech(("S1", 1000, 1000 + length_ms - shorter_ms))
            model = FakeRecognizer(LOOP, careful=LOOP)
            words_of(model, speech)
            assert len(model.careful_lengths) == readings

    def test_a_second_reading_without_words_does_not_count(self) -> None:
        """Better doubtful words than none."""
        frame = words_of(FakeRecognizer(LOOP, careful=decoded()))
        assert frame.height == len(LOOP.words)

    def test_a_loop_that_stays_is_flagged_and_kept(self) -> None:
        """All but its first round; the words before it are trusted."""
        frame = words_of(FakeRecognizer(LOOP, careful=LOOP))
        assert frame["text"].to_list() == [word.text for word in LOOP.words]
        assert frame["doubt"].to_list() == [""] * 5 + [REPETITION] * 8


class TestHalves:
    """A chunk of which the recogniser left most out is read again in two parts."""

    LONG = frames.speech(("S1", 1000, 21_000))
    CONFIG = replace(CONFIG, min_words_per_s=1.5)
    FEW = sentence("we can do")
    FULL = sentence(" ".join(f"n{number}" for number in range(30)))

    def words(self, *script: Decoded, **more: Any) -> tuple[list[str], FakeRecognizer]:
        model = FakeRecognizer(*script, **more)
        frame = words_of(model, self.LONG, config=self.CONFIG)
        return frame["text"].to_list(), model

    def test_a_full_reading_is_kept(self) -> None:
        """30 words in 20 s of speech are what people say: nothing is decoded again."""
        text, model = self.words(self.FULL)
        assert len(text) == 30
        assert len(model.batches) == 1

    def test_one_word_less_is_too_few(self) -> None:
        """29 words in 20 s are under 1.5 a second."""
        _, model = self.words(replace(self.FULL, words=self.FULL.words[1:]), self.FEW, self.FEW)
        assert len(model.batches) == 2

    def test_halves_cover_the_chunk(self) -> None:
        """The two parts are the chunk, cut in its middle third."""
        _, model = self.words(self.FEW, self.FULL, self.FULL)
        (whole,), parts = model.batches
        assert sum(parts) == whole
        assert whole / 3 <= parts[0] <= 2 * whole / 3

    def test_more_likely_words_are_taken(self) -> None:
        """Where the halves hold more, their words take the place of the first reading's."""
        text, _ = self.words(self.FEW, self.FULL, sentence("and some more"))
        assert text == [*(f"n{number}" for number in range(30)), "and", "some", "more"]

    def test_words_of_the_second_half_are_later(self) -> None:
        """Times of the second part begin where it does."""
        model = FakeRecognizer(self.FEW, self.FEW, sentence("and some more"))
        frame = words_of(model, self.LONG, config=self.CONFIG)
        second = frame.filter(pl.col("text") == "and")["start_ms"].item()
        first_half_ms = model.batches[1][0] / 16
        assert second == pytest.approx(1000 - 300 + first_half_ms, abs=1)

    def test_unlikely_words_are_left(self) -> None:
        """More words of little probability are no better than few likely ones."""
        words = tuple(replace(word, probability=0.4) for word in self.FULL.words)
        unlikely = replace(self.FULL, words=words)
        text, _ = self.words(self.FEW, unlikely, unlikely)
        assert text == ["we", "can", "do"]

    def test_loops_are_left(self) -> None:
        """A half that repeats itself is no better reading, however sure of it the model is."""
        loop = replace(self.FULL, compression_ratio=3.0)
        text, _ = self.words(self.FEW, loop, self.FULL)
        assert text == ["we", "can", "do"]

    def test_short_speech_is_left(self) -> None:
        """A few seconds may well hold a word or two."""
        model = FakeRecognizer(sentence("yes"))
        words_of(model, frames.speech(("S1", 1000, 5900)), config=self.CONFIG)
        assert len(model.batches) == 1

    def test_silence_in_a_chunk_does_not_count(self) -> None:
        """Pauses hold no words: 5 s of speech with 8 words are enough in any length of chunk."""
        speech = frames.speech(*(("S1", start, start + 1000) for start in range(0, 15_000, 3000)))
        model = FakeRecognizer(sentence("one two three four five six seven eight"))
        words_of(model, speech, config=self.CONFIG)
        assert len(model.batches) == 1


class TestRepeated:
    @pytest.mark.parametrize(
        "text",
        ["", "no", "no no no", "No, no, no!", "yes I do yes I do yes I do", "a b a c a b a d a b"],
    )
    def test_people_repeat_themselves_three_times(self, text: str) -> None:
        """Up to three times in a row is speech, and so is what only resembles a loop."""
        assert repeated(heard(*((word, 0, 0) for word in text.split()))) == set()

    def test_four_times_is_a_loop(self) -> None:
        """All but the first, punctuation and case aside; the words around it are left alone."""
        texts = ["well", "No,", "no.", "NO", "no!", "thanks"]
        assert repeated(heard(*((word, 0, 0) for word in texts))) == {2, 3, 4}

    def test_the_longest_loop_that_is_looked_for(self) -> None:
        """Six words four times are a loop; of seven it is left to the compression ratio."""
        six, seven = ["a", "b", "c", "d", "e", "f"] * 4, ["a", "b", "c", "d", "e", "f", "g"] * 4
        assert repeated(heard(*((word, 0, 0) for word in six))) == set(range(6, 24))
        assert repeated(heard(*((word, 0, 0) for word in seven))) == set()

    @settings(max_examples=60, deadline=None)
    @given(
        before=st.lists(st.sampled_from("uvw"), max_size=5, unique=True),
        unit=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True),
        times=st.integers(1, 8),
        after=st.lists(st.sampled_from("xyz"), max_size=5, unique=True),
    )
    def test_any_loop(
        self, before: list[str], unit: list[str], times: int, after: list[str]
    ) -> None:
        """From four times on, every round but the first is found, and nothing else."""
        texts = before + unit * times + after
        first, last = len(before) + len(unit), len(before) + len(unit) * times
        expected = set(range(first, last)) if times >= 4 else set()
        assert repeated(heard(*((word, 0, 0) for word in texts))) == expected


class TestDoubts:
    def test_words_far_from_speech_are_flagged(self) -> None:
        """In a gap: a middle just over half a second after speech is outside, at half it is not."""
        speech = frames.speech(("S1", 0, 1000), ("S1", 6000, 7000))
        near_s = (1000 + NEAR_MS) / 1000
        model = FakeRecognizer(
            decoded(
                ("so", 0.1, 0.4),
                ("then", near_s - 0.1, near_s + 0.1),
                ("thanks", near_s - 0.098, near_s + 0.1),
                ("for", near_s, near_s + 0.2),
            )
        )
        assert words_of(model, speech)["doubt"].to_list() == [
            "",
            "",
            OUTSIDE_SPEECH,
            OUTSIDE_SPEECH,
        ]

    def test_speech_of_another_track_is_not_near(self) -> None:
        """A word in the other's speech while its own track is silent is made up."""
        speech = frames.speech(
            ("S1", 0, 1000), ("S1", 6000, 7000), ("S2", 1500, 6000), tracks={"S1": 0, "S2": 1}
        )
        model = FakeRecognizer(decoded(("thanks", 2.0, 2.2)), decoded(("right", 2.0, 2.4)))
        frame = words_of(model, speech, tracks=2, config=replace(CONFIG, max_gap_s=3.0))
        assert frame.select("text", "doubt").rows() == [("thanks", OUTSIDE_SPEECH), ("right", "")]

    def test_speech_that_began_long_before_is_near(self) -> None:
        """A long interval counts though a short one began after it and is over."""
        speech = frames.speech(("S1", 0, 9000), ("S2", 1000, 1200))
        frame = words_of(FakeRecognizer(decoded(("well", 8.0, 8.4))), speech)
        assert frame["doubt"].to_list() == [""]

    def test_another_language_casts_doubt_on_all_words(self) -> None:
        """Unsure words, and a language heard with certainty that is not the one set."""
        model = FakeRecognizer(sentence("hola que tal", probability=0.7), language=("es", 0.8))
        frame = words_of(model)
        assert set(frame["doubt"]) == {OTHER_LANGUAGE}
        assert set(frame["language"]) == {"en"}
        assert model.languages == ["en"]

    def test_an_uncertain_language_casts_none(self) -> None:
        """Below the certainty of the config."""
        reading = sentence("hello there", probability=0.7)
        frame = words_of(FakeRecognizer(reading, language=("es", 0.79)))
        assert set(frame["doubt"]) == {""}

    def test_the_language_that_is_set_casts_none(self) -> None:
        """Unsure words in it are only unsure."""
        reading = sentence("hello there", probability=0.7)
        frame = words_of(FakeRecognizer(reading, language=("en", 0.99)))
        assert set(frame["doubt"]) == {""}

    def test_sure_words_are_of_the_language_set(self) -> None:
        """The model is not asked, since that costs as much as a chunk."""
        model = FakeRecognizer(sentence("hello there", probability=0.85), language=("es", 0.99))
        assert set(words_of(model)["doubt"]) == {""}
        assert model.language_lengths == []

    @pytest.mark.parametrize(("certainty", "used"), [(0.8, "es"), (0.79, "en")])
    def test_auto_takes_the_language_that_is_certain(self, certainty: float, used: str) -> None:
        """Otherwise English; neither is a doubt."""
        model = FakeRecognizer(sentence("hola que tal"), language=("es", certainty))
        frame = words_of(model, config=TranscribeConfig(language="auto", second_look=False))
        assert model.languages == [used]
        assert set(frame["language"]) == {used}
        assert set(frame["doubt"]) == {""}

    def test_the_longest_chunk_tells_the_language(self) -> None:
        """Where no word was heard: the first of 25.3 s, asked for once."""
        model = FakeRecognizer(*[decoded()] * 4)
        words_of(model, FOUR_CHUNKS)
        assert model.language_lengths == [25_300 * 16]

    def test_a_loop_outweighs_the_language(self) -> None:
        """A word has one doubt: the one that withholds it."""
        loop = sentence(LOOP_TEXT, probability=0.7)
        frame = words_of(FakeRecognizer(loop, careful=loop, language=("es", 0.9)))
        assert frame["doubt"].to_list() == [OTHER_LANGUAGE] * 5 + [REPETITION] * 8


class TestConfig:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"max_chunk_s": 31.0}, "max_chunk_s"),
            ({"max_chunk_s": 1.0}, "max_chunk_s"),
            ({"beam_size": 0}, "beam_size"),
            ({"language": "english"}, "language"),
            ({"language": ""}, "language"),
        ],
    )
    def test_impossible_settings_are_refused(self, changes: dict[str, Any], message: str) -> None:
        """The message names the setting."""
        with pytest.raises(ConfigError, match=message):
            TranscribeConfig(**changes)


class TestCheck:
    WORDS = frames.words(("one", 0, 100), ("two", 100, 200))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (pl.col("word") + 1, "numbered"),
            (pl.col("start_ms").reverse(), "order of time"),
            (pl.lit(50, dtype=pl.UInt32).alias("end_ms"), "order of time"),
            (pl.lit(" ").alias("text"), "no text"),
        ],
    )
    def test_a_broken_frame_is_refused(self, change: pl.Expr, message: str) -> None:
        """Each promise of the frame is looked at."""
        check(self.WORDS)
        with pytest.raises(ContractError, match=message):
            check(self.WORDS.with_columns(change))


TWICE = frames.speech(("S1", 1000, 4000), ("S2", 5000, 5500), ("S1", 6000, 9000))
"""Chunks of 8.8 s, and of the reply at 5 s: from 4850 to 5650, and 0.6 s of silence."""
LOOK_AGAIN = replace(CONFIG, second_look=True)


class TestSecondLook:
    TALK = decoded(
        *((f"word{n}", n * 0.6, n * 0.6 + 0.6) for n in range(6)),
        *((f"more{n}", 5.3 + n * 0.6, 5.9 + n * 0.6) for n in range(5)),
    )

    def test_a_reply_that_left_no_word_is_heard_by_itself(self) -> None:
        """What is found in it stands at its place, between the others."""
        model = FakeRecognizer(self.TALK, decoded(("Agreed.", 0.2, 0.6)))
        frame = words_of(model, TWICE, config=LOOK_AGAIN)
        assert frame.filter(text="Agreed.").select("start_ms", "end_ms").row(0) == (5050, 5450)
        assert [len(batch) for batch in model.batches] == [1, 1]
        assert model.batches[1] == [(800 + 600) * 16]

    @pytest.mark.parametrize(
        "again",
        [
            decoded(("Agreed.", 0.2, 0.6), probability=0.3),
            decoded(*((word, 0.1 + n / 10, 0.2 + n / 10) for n, word in enumerate("abcde"))),
            decoded(("Agreed.", 0.2, 0.6), compression_ratio=3.0),
            decoded(),
        ],
        ids=["unlikely", "too many words", "a loop", "nothing"],
    )
    def test_what_seems_made_up_is_left_out(self, again: Decoded) -> None:
        """The call keeps the words that it has, and nothing is decoded with fallback."""
        model = FakeRecognizer(self.TALK, again)
        frame = words_of(model, TWICE, config=LOOK_AGAIN)
        assert frame.height == len(self.TALK.words)
        assert model.careful_lengths == []

    def test_speech_with_words_is_not_heard_again(self) -> None:
        """One batch, one chunk."""
        speech = frames.speech(("S1", 1000, 4600))
        model = FakeRecognizer(decoded(*((f"w{n}", n * 0.6, n * 0.6 + 0.6) for n in range(7))))
        words_of(model, speech, config=LOOK_AGAIN)
        assert len(model.batches) == 1

    def test_progress_ends_at_one(self) -> None:
        """Once, after the second look."""
        shares: list[float] = []
        model = FakeRecognizer(self.TALK, decoded())
        words_of(model, TWICE, config=LOOK_AGAIN, progress=shares)
        assert shares == [pytest.approx(0.9), 1.0]
