"""Words to speakers, speakers' words to turns and backchannels."""

from __future__ import annotations

from typing import Any

import frames
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ContractError
from pipeline.records import (
    BACKCHANNEL,
    OTHER_LANGUAGE,
    OUTSIDE_SPEECH,
    REPETITION,
    SPEECH,
    TURN,
    TURNS,
    WITHHELD_DOUBTS,
    WORDS,
)
from pipeline.stages.turns import (
    TurnsConfig,
    build_turns,
    build_utterances,
    check,
    run,
)
from pipeline.stages.word_speakers import LATE_MS, Word, assign_speakers

CONFIG = TurnsConfig(
    max_pause_ms=1500,
    backchannel_max_ms=1500,
    backchannel_max_words=4,
    backchannel_words=("mhm", "okay", "right", "yeah", "yes"),
    snap_ms=600,
)
STEREO = {"S1": 0, "S2": 1}


def speakers_of(words: pl.DataFrame, speech: pl.DataFrame) -> list[str]:
    """The speaker of each word."""
    return [word.speaker for word in assign_speakers(words, speech)]


def said(speaker: str, text: str, start_ms: int, end_ms: int) -> list[Word]:
    """The words of a text, evenly spread and without gaps."""
    texts = text.split()
    edges = [start_ms + (end_ms - start_ms) * n // len(texts) for n in range(len(texts) + 1)]
    return [
        Word(id=0, start_ms=edges[n], end_ms=edges[n + 1], text=one, speaker=speaker)
        for n, one in enumerate(texts)
    ]


def in_order(*parts: list[Word]) -> list[Word]:
    """All words by start, numbered."""
    ordered = sorted((word for part in parts for word in part), key=lambda word: word.start_ms)
    return [
        Word(id=n, start_ms=w.start_ms, end_ms=w.end_ms, text=w.text, speaker=w.speaker)
        for n, w in enumerate(ordered)
    ]


def utterances_of(*parts: list[Word]) -> list[tuple[str, str]]:
    """(speaker, text) of each utterance."""
    utterances = build_utterances(in_order(*parts), max_pause_ms=CONFIG.max_pause_ms)
    return [(utterance.speaker, utterance.text) for utterance in utterances]


def turns_of(*parts: list[Word]) -> list[tuple[str, str, str]]:
    """(kind, speaker, text) of each turn."""
    utterances = build_utterances(in_order(*parts), max_pause_ms=CONFIG.max_pause_ms)
    return [
        (part.kind, part.speaker, " ".join(utterance.text for utterance in part.utterances))
        for part in build_turns(utterances, config=CONFIG)
    ]


class TestAssignSpeakers:
    def test_a_word_belongs_to_whose_speech_it_lies_in(self) -> None:
        """Words inside one speaker's speech are that speaker's, in the order of the words."""
        speech = frames.speech(("S1", 0, 1000), ("S2", 1000, 2000))
        words = frames.words(("hello", 100, 500), ("there", 500, 900), ("hi", 1200, 1500))
        found = assign_speakers(words, speech)
        assert [(word.id, word.text, word.speaker) for word in found] == [
            (0, "hello", "S1"),
            (1, "there", "S1"),
            (2, "hi", "S2"),
        ]

    def test_a_word_across_an_edge_goes_to_the_larger_share(self) -> None:
        """A word with 100 ms in one speech and 400 ms in the next is the next speaker's."""
        speech = frames.speech(("S1", 0, 1000), ("S2", 1000, 2000))
        words = frames.words(("so", 0, 400), ("well", 900, 1400))
        assert speakers_of(words, speech) == ["S1", "S2"]

    def test_speakers_change_in_the_middle_of_a_sentence(self) -> None:
        """Each word is looked at for itself, so a segment may hold two speakers."""
        speech = frames.speech(("S1", 0, 600), ("S2", 600, 1200), ("S1", 1200, 1800))
        words = frames.words(("one", 0, 500), ("two", 700, 1100), ("three", 1300, 1700))
        assert speakers_of(words, speech) == ["S1", "S2", "S1"]

    @pytest.mark.parametrize("before", ["S1", "S2"])
    def test_whoever_had_the_word_before_keeps_it_in_a_tie(self, before: str) -> None:
        """Where both speak all through a word, the speaker of the word before keeps it."""
        other = "S2" if before == "S1" else "S1"
        speech = frames.speech((other, 0, 400), (before, 500, 2000), (other, 1000, 2000))
        words = frames.words(("so", 0, 400), ("I", 500, 900), ("think", 1200, 1600))
        assert speakers_of(words, speech) == [other, before, before]

    def test_after_the_end_of_a_sentence_it_is_who_began_last(self) -> None:
        """Ana's sentence ends while Ben has begun: the next word, spoken over by both, is his."""
        speech = frames.speech(("Ana", 0, 1700), ("Ben", 900, 3000))
        ended = frames.words(("there.", 500, 850), ("Okay", 950, 1200), ("then", 1250, 1450))
        going_on = frames.words(("there", 500, 850), ("Okay", 950, 1200), ("then", 1250, 1450))
        assert speakers_of(ended, speech) == ["Ana", "Ben", "Ben"]
        assert speakers_of(going_on, speech) == ["Ana", "Ana", "Ana"]

    def test_a_stray_word_does_not_break_a_sentence(self) -> None:
        """The map gives 60 % of a word to somebody else, its neighbours all to Ana: it is hers."""
        speech = frames.speech(("Ana", 0, 1290), ("Ben", 1290, 1450), ("Ana", 1450, 3000))
        words = frames.words(("we", 500, 900), ("can", 1050, 1290), ("try", 1350, 1800))
        assert speakers_of(words, speech) == ["Ana", "Ana", "Ana"]

    def test_a_reply_between_sentences_is_its_speakers(self) -> None:
        """The same share of a sentence of its own is Ben's: that is where people take turns."""
        speech = frames.speech(("Ana", 0, 1290), ("Ben", 1290, 1450), ("Ana", 1450, 3000))
        words = frames.words(("Deal.", 500, 900), ("No.", 1050, 1290), ("Try", 1350, 1800))
        assert speakers_of(words, speech) == ["Ana", "Ben", "Ana"]

    def test_a_word_beside_all_speech_goes_to_the_nearest(self) -> None:
        """400 ms after one speaker and 100 ms before the next is the next speaker's."""
        speech = frames.speech(("S1", 0, 1000), ("S2", 1700, 2500))
        assert speakers_of(frames.words(("oh", 1000, 1100)), speech) == ["S1"]
        assert speakers_of(frames.words(("well", 1250, 1450)), speech) == ["S2"]

    def test_intervals_of_one_speaker_count_together(self) -> None:
        """Two pieces of 200 ms outweigh one piece of 300 ms; words are LATE_MS early."""
        speech = frames.speech(("S1", 1000, 1200), ("S2", 1200, 1500), ("S1", 1500, 1700))
        words = frames.words(("hello", 1000 - LATE_MS, 1700 - LATE_MS))
        assert speakers_of(words, speech) == ["S1"]

    def test_words_of_a_track_are_its_speakers(self) -> None:
        """With two tracks the track decides, whoever else speaks at that time."""
        speech = frames.speech(("S1", 0, 3000), ("S2", 0, 1000), tracks=STEREO)
        words = frames.word_rows(
            {"text": "mine", "start_ms": 100, "end_ms": 400, "track": 0},
            {"text": "yours", "start_ms": 200, "end_ms": 500, "track": 1},
            {"text": "late", "start_ms": 2000, "end_ms": 2300, "track": 1},
        )
        assert speakers_of(words, speech) == ["S1", "S2", "S2"]

    @pytest.mark.parametrize("doubt", WITHHELD_DOUBTS)
    def test_made_up_words_are_left_out(self, doubt: str) -> None:
        """Words that the recogniser made up get no speaker."""
        speech = frames.speech(("S1", 0, 1000))
        assert speakers_of(frames.words(("thanks", 0, 500), doubt=doubt), speech) == []

    def test_words_of_another_language_are_kept(self) -> None:
        """A doubt about the language alone does not take a word out."""
        speech = frames.speech(("S1", 0, 1000))
        words = frames.words(("hola", 0, 500), doubt=OTHER_LANGUAGE)
        assert speakers_of(words, speech) == ["S1"]


class TestBuildUtterances:
    def test_words_stay_together_over_a_short_pause(self) -> None:
        """A pause of exactly max_pause_ms in which nobody talks does not end an utterance."""
        pause_end = 1000 + CONFIG.max_pause_ms
        found = utterances_of(
            said("S1", "I was", 0, 1000), said("S1", "thinking", pause_end, pause_end + 500)
        )
        assert found == [("S1", "I was thinking")]

    def test_a_longer_pause_ends_an_utterance(self) -> None:
        """One millisecond more does."""
        pause_end = 1001 + CONFIG.max_pause_ms
        found = utterances_of(
            said("S1", "I was", 0, 1000), said("S1", "thinking", pause_end, pause_end + 500)
        )
        assert found == [("S1", "I was"), ("S1", "thinking")]

    def test_another_voice_in_the_pause_ends_an_utterance(self) -> None:
        """A pause that someone else fills ends it, however short."""
        found = utterances_of(
            said("S1", "I was", 0, 1000),
            said("S2", "mhm", 1100, 1400),
            said("S1", "so", 1500, 1900),
        )
        assert found == [("S1", "I was"), ("S2", "mhm"), ("S1", "so")]

    def test_another_voice_over_ones_words_ends_nothing(self) -> None:
        """Words without a gap stay one utterance while somebody talks into them."""
        found = utterances_of(
            said("S1", "we can do that by May", 0, 3000), said("S2", "great", 1100, 1400)
        )
        assert found == [("S1", "we can do that by May"), ("S2", "great")]

    def test_both_talking_at_once_gives_one_utterance_each(self) -> None:
        """Words of two tracks that alternate in time are not cut into pieces."""
        found = utterances_of(
            said("S1", "a b c d e f", 0, 3000), said("S2", "u v w x y z", 250, 3250)
        )
        assert found == [("S1", "a b c d e f"), ("S2", "u v w x y z")]

    def test_nothing_gives_nothing(self) -> None:
        """No words, no utterances, no turns."""
        assert utterances_of() == []
        assert turns_of() == []


class TestBuildTurns:
    def test_a_turn_lasts_until_another_takes_the_floor(self) -> None:
        """Two utterances with a long pause between are one turn while nobody else speaks."""
        found = turns_of(
            said("S1", "so my number is", 0, 1500),
            said("S1", "ninety thousand", 5000, 6500),
            said("S2", "that is more than we planned", 7000, 9000),
        )
        assert found == [
            (TURN, "S1", "so my number is ninety thousand"),
            (TURN, "S2", "that is more than we planned"),
        ]

    def test_a_backchannel_neither_ends_a_turn_nor_is_one(self) -> None:
        """A "mhm" between two utterances of a speaker leaves that speaker's turn whole."""
        found = turns_of(
            said("S1", "we looked at the budget", 0, 2000),
            said("S2", "mhm", 2100, 2400),
            said("S1", "and it is fixed", 2500, 4000),
        )
        assert found == [
            (TURN, "S1", "we looked at the budget and it is fixed"),
            (BACKCHANNEL, "S2", "mhm"),
        ]

    def test_an_answer_to_a_question_is_a_turn(self) -> None:
        """A "yes" right after a question takes the floor; the asker's next words are a new turn."""
        found = turns_of(
            said("S1", "can you start in May?", 0, 2000),
            said("S2", "yes", 2100, 2400),
            said("S1", "good to hear", 2500, 4000),
        )
        assert [kind for kind, _, _ in found] == [TURN, TURN, TURN]

    def test_punctuation_and_case_do_not_hide_a_backchannel(self) -> None:
        """What is said as "Yeah, right." is the same as "yeah right"."""
        found = turns_of(
            said("S1", "we looked at it", 0, 2000),
            said("S2", "Yeah, right.", 2100, 2600),
            said("S1", "and it is fixed", 2700, 4000),
        )
        assert (BACKCHANNEL, "S2", "Yeah, right.") in found

    @pytest.mark.parametrize(
        ("text", "length_ms"),
        [
            ("okay but why", 500),
            ("yeah yeah yeah yeah yeah", 1000),
            ("yeah right", 1501),
        ],
        ids=["other words", "too many words", "too long"],
    )
    def test_more_than_listening_is_a_turn(self, text: str, length_ms: int) -> None:
        """Another word, a fifth word or more than 1.5 s make a turn of it."""
        found = turns_of(
            said("S1", "we looked at it", 0, 2000),
            said("S2", text, 2100, 2100 + length_ms),
            said("S1", "and it is fixed", 4000, 6000),
        )
        assert found == [
            (TURN, "S1", "we looked at it"),
            (TURN, "S2", text),
            (TURN, "S1", "and it is fixed"),
        ]

    def test_who_goes_on_after_okay_has_taken_the_floor(self) -> None:
        """An "okay", a pause, and more by the same speaker is all one turn."""
        found = turns_of(
            said("S1", "that is our offer", 0, 2000),
            said("S2", "okay", 2300, 2700),
            said("S2", "let me think about it", 5000, 6500),
        )
        assert found == [
            (TURN, "S1", "that is our offer"),
            (TURN, "S2", "okay let me think about it"),
        ]

    def test_the_last_word_of_a_call_is_a_turn(self) -> None:
        """An "okay" after which nobody speaks shows no listening: nobody goes on."""
        found = turns_of(said("S1", "that is our offer", 0, 2000), said("S2", "okay", 2300, 2700))
        assert found == [(TURN, "S1", "that is our offer"), (TURN, "S2", "okay")]

    def test_the_first_word_of_a_call_is_a_turn(self) -> None:
        """Where nobody holds the floor yet there is nothing to listen to."""
        found = turns_of(said("S1", "okay", 0, 400), said("S2", "shall we begin", 600, 2000))
        assert found == [(TURN, "S1", "okay"), (TURN, "S2", "shall we begin")]

    def test_speech_inside_anothers_turn_does_not_end_it(self) -> None:
        """What is said and over while the other goes on is a turn, and the other's stays whole."""
        found = turns_of(
            said("S1", "the base is ninety and the bonus is ten", 0, 6000),
            said("S2", "we said eighty", 2100, 3100),
            said("S1", "and that is final", 8000, 9000),
        )
        assert found == [
            (TURN, "S1", "the base is ninety and the bonus is ten and that is final"),
            (TURN, "S2", "we said eighty"),
        ]

    def test_speech_that_outlasts_the_others_takes_the_floor(self) -> None:
        """Begun inside the other's turn but ended after it: the next words are a new turn."""
        found = turns_of(
            said("S1", "the base is ninety", 0, 3000),
            said("S2", "no we said eighty", 2500, 4500),
            said("S1", "did we", 5000, 6000),
        )
        assert [speaker for _, speaker, _ in found] == ["S1", "S2", "S1"]

    def test_backchannels_into_an_unbroken_monologue(self) -> None:
        """Twice "mhm" while the other talks without a gap are two backchannels and no turns."""
        found = turns_of(
            said("S1", "so here is the whole story from the start to the end", 0, 9000),
            said("S2", "mhm", 2000, 2300),
            said("S2", "mhm", 6000, 6300),
        )
        assert [kind for kind, _, _ in found] == [TURN, BACKCHANNEL, BACKCHANNEL]

    def test_both_talking_at_once_gives_one_turn_each(self) -> None:
        """The 40 ms between two words are no pause, though another's word has its middle there."""
        found = turns_of(
            said("S1", "we cannot pay", 0, 1500),
            said("S1", "more than that", 1540, 3000),
            said("S2", "but everyone else pays more", 320, 4320),
        )
        assert found == [
            (TURN, "S1", "we cannot pay more than that"),
            (TURN, "S2", "but everyone else pays more"),
        ]


class TestRun:
    def test_a_turn_starts_and_ends_with_the_speech_map(self) -> None:
        """Edges move to the speaker's own edge within snap_ms."""
        speech = frames.speech(("S1", 400, 2300))
        words = frames.words(("good", 700, 1200), ("morning", 1200, 2000))
        assert run(transcribe=words, diarize=speech, config=CONFIG).row(0, named=True) == {
            "turn": 0,
            "speaker": "S1",
            "start_ms": 400,
            "end_ms": 2300,
            "text": "good morning",
            "words": [0, 1],
            "overlap_ms": 0,
            "kind": TURN,
        }

    def test_an_edge_far_away_moves_nothing(self) -> None:
        """More than snap_ms from any edge the times of the words stand."""
        speech = frames.speech(("S1", 0, 4000))
        words = frames.words(("good", 700, 1200), ("morning", 1200, 2000))
        frame = run(transcribe=words, diarize=speech, config=CONFIG)
        assert frame.select("start_ms", "end_ms").row(0) == (700, 2000)

    def test_only_the_speakers_own_edges_count(self) -> None:
        """An edge of the other speaker draws no turn to itself."""
        speech = frames.speech(("S1", 0, 4000), ("S2", 600, 2100))
        words = frames.words(("oh", 0, 400), ("good", 700, 1200), ("morning", 1200, 3000))
        frame = run(transcribe=words, diarize=speech, config=CONFIG)
        assert frame.select("speaker", "start_ms", "end_ms").rows() == [("S1", 0, 3000)]

    def test_overlap_is_the_others_speech_within_the_turn(self) -> None:
        """0-5 s against the other's 1-2 s and 4-7 s: 2 s; the other's turn of 4-7 s: 1 s."""
        speech = frames.speech(
            ("S1", 0, 5000), ("S2", 1000, 2000), ("S2", 4000, 7000), tracks=STEREO
        )
        words = frames.word_rows(
            *(
                {"text": "word", "start_ms": 1000 * n, "end_ms": 1000 * n + 1000, "track": 0}
                for n in range(5)
            ),
            {"text": "so", "start_ms": 4000, "end_ms": 7000, "track": 1},
        )
        frame = run(transcribe=words, diarize=speech, config=CONFIG)
        assert frame.select("speaker", "overlap_ms").rows() == [("S1", 2000), ("S2", 1000)]

    def test_overlap_with_two_others_counts_once(self) -> None:
        """Two more voices at the same time are no more overlap than one."""
        speech = frames.speech(("S1", 0, 5000), ("S2", 1000, 3000), ("S3", 2000, 4000))
        words = frames.words(("well", 0, 900), ("then", 4100, 5000))
        frame = run(transcribe=words, diarize=speech, config=CONFIG)
        assert frame.select("speaker", "overlap_ms").rows() == [("S1", 3000)]

    def test_a_backchannel_inside_lies_between_its_words_neighbours(self) -> None:
        """The turn around a backchannel lists its own words only, in order, with their text."""
        speech = frames.speech(("S1", 0, 2000), ("S2", 2100, 2400), ("S1", 2500, 4000))
        words = frames.words(
            ("we", 0, 1000), ("looked", 1000, 1850), ("mhm", 1950, 2250), ("around", 2500, 4000)
        )
        frame = run(transcribe=words, diarize=speech, config=CONFIG)
        assert frame.select("kind", "words", "text").rows() == [
            (TURN, [0, 1, 3], "we looked around"),
            (BACKCHANNEL, [2], "mhm"),
        ]

    def test_a_turn_never_loses_its_length(self) -> None:
        """A word near a gap of the map keeps a stretch of time that it lies in."""
        speech = frames.speech(("S1", 500, 1100), ("S1", 1500, 3000))
        frame = run(transcribe=frames.words(("yeah", 1060, 1250)), diarize=speech, config=CONFIG)
        start_ms, end_ms = frame.select("start_ms", "end_ms").row(0)
        assert start_ms < 1250
        assert end_ms > 1060

    def test_no_words_give_an_empty_frame(self) -> None:
        """Speech without a word, and no speech at all, have no turns."""
        for speech in (frames.speech(("S1", 0, 1000)), pl.DataFrame(schema=SPEECH)):
            frame = run(transcribe=pl.DataFrame(schema=WORDS), diarize=speech, config=CONFIG)
            assert frame.equals(pl.DataFrame(schema=TURNS))
            assert frame.schema == TURNS


TEXTS = st.sampled_from(["mhm", "Yeah,", "okay", "right?", "we", "pay", "more.", "why?", "ninety"])
DOUBTS = st.sampled_from(["", "", "", "", OTHER_LANGUAGE, REPETITION, OUTSIDE_SPEECH])


@st.composite
def calls(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(words, speech) of a made-up call: mono or two tracks, overlaps, words beside speech."""
    stereo = draw(st.booleans())
    spans = st.tuples(st.integers(0, 20_000), st.integers(1, 6000))
    map_rows = [
        (speaker, start_ms, start_ms + length_ms)
        for speaker in ("S1", "S2")
        for start_ms, length_ms in draw(st.lists(spans, min_size=1, max_size=4))
    ]
    speech = frames.speech(*map_rows, tracks=STEREO if stereo else None)
    rows: list[dict[str, Any]] = [
        {
            "text": text,
            "start_ms": start_ms,
            "end_ms": start_ms + length_ms,
            "track": track if stereo else 0,
            "doubt": doubt,
        }
        for text, start_ms, length_ms, track, doubt in draw(
            st.lists(
                st.tuples(
                    TEXTS, st.integers(0, 26_000), st.integers(0, 900), st.integers(0, 1), DOUBTS
                ),
                max_size=25,
            )
        )
    ]
    return frames.word_rows(*rows), speech


def ids_of(turns: pl.DataFrame) -> list[int]:
    """The ids of all words, turn by turn."""
    return [number for ids in turns["words"] for number in ids]


EXAMPLES = settings(max_examples=40, deadline=None)


class TestProperties:
    @EXAMPLES
    @given(calls())
    def test_every_word_not_withheld_is_in_exactly_one_turn(
        self, call: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        """And a withheld one is in none."""
        words, speech = call
        turns = run(transcribe=words, diarize=speech, config=CONFIG)
        kept = words.filter(~pl.col("doubt").is_in(WITHHELD_DOUBTS))
        assert sorted(ids_of(turns)) == kept["word"].to_list()

    @EXAMPLES
    @given(calls())
    def test_a_speakers_words_keep_their_order(
        self, call: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        """Read turn by turn, each speaker's words come in the order they were said."""
        words, speech = call
        turns = run(transcribe=words, diarize=speech, config=CONFIG)
        for speaker in ("S1", "S2"):
            own = ids_of(turns.filter(pl.col("speaker") == speaker))
            assert own == sorted(own)

    @EXAMPLES
    @given(calls())
    def test_the_text_of_a_turn_is_its_words(self, call: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        """Joined by single blanks, nothing added and nothing left out."""
        words, speech = call
        turns = run(transcribe=words, diarize=speech, config=CONFIG)
        texts = words["text"].to_list()
        for ids, text in turns.select("words", "text").iter_rows():
            assert text == " ".join(texts[number] for number in ids)

    @EXAMPLES
    @given(calls())
    def test_the_stages_own_check_holds(self, call: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        """Turns are numbered, sorted by start and of the right schema."""
        words, speech = call
        turns = run(transcribe=words, diarize=speech, config=CONFIG)
        check(turns)
        assert turns.schema == TURNS

    @EXAMPLES
    @given(calls())
    def test_durations_add_up(self, call: tuple[pl.DataFrame, pl.DataFrame]) -> None:
        """The words of all turns last as long as the words that were kept."""
        words, speech = call
        turns = run(transcribe=words, diarize=speech, config=CONFIG)
        length_ms = (words["end_ms"] - words["start_ms"]).to_list()
        kept = words.filter(~pl.col("doubt").is_in(WITHHELD_DOUBTS))
        assert (
            sum(length_ms[number] for ids in turns["words"] for number in ids)
            == (kept["end_ms"] - kept["start_ms"]).sum()
        )

    @EXAMPLES
    @given(calls())
    def test_without_snapping_a_turn_spans_its_words(
        self, call: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        """From the start of its first word to the latest end, and overlap is at most that."""
        words, speech = call
        config = TurnsConfig(snap_ms=0)
        turns = run(transcribe=words, diarize=speech, config=config)
        times = words.select("start_ms", "end_ms").rows()
        for start_ms, end_ms, ids, overlap_ms in turns.select(
            "start_ms", "end_ms", "words", "overlap_ms"
        ).iter_rows():
            assert start_ms == times[ids[0]][0]
            assert end_ms == max(times[number][1] for number in ids)
            assert overlap_ms <= end_ms - start_ms

    @EXAMPLES
    @given(calls())
    def test_a_backchannel_is_short_and_of_known_words(
        self, call: tuple[pl.DataFrame, pl.DataFrame]
    ) -> None:
        """At most four words of the list; all else is a turn."""
        words, speech = call
        turns = run(transcribe=words, diarize=speech, config=CONFIG)
        for text in turns.filter(pl.col("kind") == BACKCHANNEL)["text"]:
            bare = [word.strip(",.?").lower() for word in text.split()]
            assert len(bare) <= CONFIG.backchannel_max_words
            assert set(bare) <= set(CONFIG.backchannel_words)


class TestCheck:
    def turns(self) -> pl.DataFrame:
        """Two turns in order."""
        return frames.turns(("S1", 0, 1000, "one two"), ("S2", 1000, 2000, "three"))

    def test_turns_in_order_pass(self) -> None:
        """A sound frame raises nothing."""
        check(self.turns())

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (pl.col("turn") + 1, "numbered"),
            (pl.col("start_ms").reverse(), "order of time"),
            (pl.lit(0).alias("end_ms"), "order of time"),
            (pl.lit([0], dtype=pl.List(pl.UInt32)).alias("words"), "two turns"),
            (pl.lit("noise").alias("kind"), "neither"),
        ],
    )
    def test_a_broken_frame_is_refused(self, change: pl.Expr, message: str) -> None:
        """Each promise of the frame is looked at."""
        with pytest.raises(ContractError, match=message):
            check(self.turns().with_columns(change))
