"""All figures of a call built by hand, and when they are withheld."""

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
    METRICS,
    OUTSIDE_SPEECH,
    REPETITION,
    SPEECH,
    TACTICS,
    TURNS,
    WORDS,
)
from pipeline.sampling import wilson
from pipeline.stages.metrics import MetricsConfig, check, run
from pipeline.stages.metrics.gates import (
    NO_CASES,
    TOO_SHORT,
    UNSURE_VOICES,
    UNSURE_WORDS,
)
from pipeline.stages.metrics.wordless import speech_without_words_ms

FAMILIES = (
    ("open_question", "inquiry"),
    ("closed_question", "inquiry"),
    ("label", "empathy"),
    ("acknowledgement", "empathy"),
    ("offer", "assertion"),
)
CONFIG = MetricsConfig(
    min_speech_s=60.0,
    min_word_probability=0.35,
    max_wordless_share=0.3,
    min_map_confidence=0.75,
    interruption_overlap_ms=300,
    interruption_length_ms=1000,
    families=FAMILIES,
)
DURATION_MS = 144_000
"""A 25th of an hour."""
MAP = frames.speech(
    ("S1", 0, 30_000),
    ("S2", 28_000, 48_000),
    ("S1", 50_000, 70_000),
    ("S2", 60_000, 61_000),
    ("S2", 80_000, 95_000),
    ("S1", 100_000, 110_000),
)
"""S1 talks 60 s, S2 36 s, both at once for 2 s and 1 s: 93 s of speech, 51 s of silence."""
WORDS_HEARD = frames.word_rows(
    {"text": "So", "start_ms": 1000, "end_ms": 1400, "probability": 0.8},
    {"text": "you", "start_ms": 55_000, "end_ms": 55_400, "probability": 1.0},
    {"text": "can", "start_ms": 85_000, "end_ms": 85_400, "probability": 0.9},
    {
        "text": "thanks",
        "start_ms": 101_000,
        "end_ms": 101_400,
        "probability": 0.5,
        "doubt": REPETITION,
    },
)
"""0.8 on average; the only word of the last 10 s of speech is made up."""
TURNS_TAKEN = frames.turns(
    ("S1", 0, 30_000, "So what matters most to you? Is it salary?"),
    ("S2", 28_000, 48_000, "it sounds like um you need ninety"),
    ("S1", 50_000, 70_000, "You know, I hear you"),
    ("S2", 60_000, 61_000, "mhm"),
    ("S2", 80_000, 95_000, "can you do ninety?"),
    ("S1", 100_000, 110_000, "that is too much"),
    kinds={3: BACKCHANNEL},
)
TAGS = frames.tactics(
    (0, "open_question"),
    (0, "closed_question"),
    (1, "label"),
    (2, "acknowledgement"),
    (4, "closed_question"),
    (4, "offer"),
)

EXPECTED = {
    "S1": {
        "talk_time_s": 60,
        "talk_ratio": 60 / 96,
        "word_count": 9 + 5 + 4,
        "word_ratio": 18 / 30,
        "words_per_minute": 18 / 1.0,
        "filler_count": 1,  # you know
        "turn_count": 3,
        "question_count": 2,
        "open_question_count": 1,
        "closed_question_count": 1,
        "question_ratio": 1 / 3,
        "open_question_share": 1 / 2,
        "questions_per_hour": 2 * 25,
        "reflection_to_question_ratio": 0 / 2,
        "longest_monologue_s": 30,
        "median_response_latency_s": (2 + 5) / 2,
        "interruption_count": 0,
        "backchannel_count": 0,
        "empathy_rate": 10 * 1 / 3,
        "inquiry_rate": 10 * 2 / 3,
        "assertion_rate": 0,
        "exchange_rate": 0,
        "risk_rate": 0,
        "empathy_share": 1 / 1,
    },
    "S2": {
        "talk_time_s": 36,
        "talk_ratio": 36 / 96,
        "word_count": 7 + 1 + 4,
        "word_ratio": 12 / 30,
        "words_per_minute": 12 / 0.6,
        "filler_count": 1,  # um
        "turn_count": 2,
        "question_count": 1,
        "open_question_count": 0,
        "closed_question_count": 1,
        "question_ratio": 1 / 2,
        "open_question_share": 0 / 1,
        "questions_per_hour": 1 * 25,
        "reflection_to_question_ratio": 1 / 1,
        "longest_monologue_s": 20,
        "median_response_latency_s": (-2 + 10) / 2,
        "interruption_count": 1,  # into the last 2 s of turn 0
        "backchannel_count": 1,
        "empathy_rate": 10 * 1 / 2,
        "inquiry_rate": 10 * 1 / 2,
        "assertion_rate": 10 * 1 / 2,
        "exchange_rate": 0,
        "risk_rate": 0,
        "empathy_share": 1 / 2,
    },
    None: {
        "speech_s": 93,
        "silence_s": 144 - 93,
        "longest_silence_s": 10,  # 70 s to 80 s; the 34 s after the last word are no pause
        "overlap_s": 2 + 1,
        "turn_count": 5,
        "switches_per_hour": 4 * 25,
        "question_ratio": 2 / 5,
        "speech_without_words_s": 10,
        "doubtful_word_count": 1,
        "mean_word_probability": (0.8 + 1.0 + 0.9 + 0.5) / 4,
    },
}
CASES = [(who, metric) for who, figures in EXPECTED.items() for metric in figures]


def metrics_of(**changes: Any) -> pl.DataFrame:
    """The metrics of the call above; `changes` replace what goes in."""
    inputs = {
        "audio": frames.track(DURATION_MS),
        "diarize": MAP,
        "transcribe": WORDS_HEARD,
        "turns": TURNS_TAKEN,
        "tactics": TAGS,
        "config": CONFIG,
    }
    metrics = run(**inputs | changes)
    check(metrics)
    assert metrics.schema == METRICS
    return metrics


def figure(
    metrics: pl.DataFrame, metric: str, speaker: str | None = None, scope: str = "call"
) -> dict[str, Any]:
    """One row."""
    rows = metrics.filter(
        pl.col("scope") == scope,
        pl.col("speaker").eq_missing(pl.lit(speaker)),
        pl.col("metric") == metric,
    )
    return rows.row(0, named=True)


def withheld(metrics: pl.DataFrame, reason: str) -> set[str]:
    """The metrics withheld for a reason, of anybody, in the whole call."""
    return set(metrics.filter(pl.col("withheld") == reason, pl.col("scope") == "call")["metric"])


METRICS_OF_THE_CALL = metrics_of()


class TestFigures:
    @pytest.mark.parametrize(("who", "metric"), CASES)
    def test_each_is_as_computed_by_hand(self, who: str | None, metric: str) -> None:
        """By the definitions, from the call above."""
        row = figure(METRICS_OF_THE_CALL, metric, who)
        assert row["value"] == pytest.approx(EXPECTED[who][metric])
        assert row["withheld"] == ""

    def test_there_are_no_others(self) -> None:
        """Every figure of the call as a whole has a hand-computed value above."""
        call = METRICS_OF_THE_CALL.filter(pl.col("scope") == "call")
        assert set(call.select("speaker", "metric").rows()) == set(CASES)

    @pytest.mark.parametrize(
        ("who", "scope", "metric", "value"),
        [
            ("S1", "first", "inquiry_rate", 20),
            ("S1", "first", "empathy_rate", 0),
            ("S1", "middle", "empathy_rate", 10),
            ("S1", "last", "assertion_rate", 0),
            ("S2", "first", "empathy_rate", 10),
            ("S2", "middle", "assertion_rate", 10),
            ("S2", "middle", "empathy_rate", 0),
            ("S2", "last", "empathy_rate", None),
        ],
    )
    def test_rates_by_thirds(self, who: str, scope: str, metric: str, value: float | None) -> None:
        """Thirds of 48 s; a turn belongs to where it starts; without turns there is no rate."""
        row = figure(METRICS_OF_THE_CALL, metric, who, scope)
        assert row["value"] == value
        assert row["withheld"] == ("" if value is not None else NO_CASES)

    def test_the_interval_lies_around_the_talk_ratio(self) -> None:
        """A sure map of 3 intervals each: 6 x 100^2 a side and 3 % of it, by the delta method."""
        by_edges = (36_000**2 + 60_000**2) * 60_000
        variance = (by_edges + 2 * (0.03 * 36_000 * 60_000) ** 2) / 96_000**4
        for who in ("S1", "S2"):
            row = figure(METRICS_OF_THE_CALL, "talk_ratio", who)
            assert row["low"] == pytest.approx(row["value"] - 1.645 * variance**0.5)
            assert row["high"] == pytest.approx(row["value"] + 1.645 * variance**0.5)

    @pytest.mark.parametrize(
        ("metric", "who", "part", "whole"),
        [
            ("question_ratio", "S1", 1, 3),
            ("question_ratio", "S2", 1, 2),
            ("open_question_share", "S1", 1, 2),
            ("empathy_share", "S1", 1, 1),
            ("empathy_share", "S2", 1, 2),
        ],
    )
    def test_a_share_has_the_interval_of_what_was_counted(
        self, metric: str, who: str, part: int, whole: int
    ) -> None:
        """Turns, questions and tags; with so few of them it is wide."""
        row = figure(METRICS_OF_THE_CALL, metric, who)
        assert (row["low"], row["high"]) == wilson(part, whole)
        assert row["high"] - row["low"] > 0.4

    def test_two_answers_fix_no_latency(self) -> None:
        """S1 answers twice: a median, and no interval."""
        row = figure(METRICS_OF_THE_CALL, "median_response_latency_s", "S1")
        assert (row["value"], row["low"], row["high"]) == (3.5, None, None)

    def test_five_answers_do(self) -> None:
        """S2 waits 1, 2, 3, 4 and 5 s: lowest to highest, in seconds."""
        spoken = [
            ("S1", n * 20_000, n * 20_000 + 9_000, "so")
            if turn == 0
            else ("S2", n * 20_000 + 9_000 + n * 1000 + 1000, n * 20_000 + 18_000, "yes")
            for n in range(5)
            for turn in (0, 1)
        ]
        metrics = metrics_of(turns=frames.turns(*spoken))
        row = figure(metrics, "median_response_latency_s", "S2")
        assert (row["value"], row["low"], row["high"]) == (3, 1, 5)

    def test_no_case_has_no_interval(self) -> None:
        """S2 asks nothing open or closed once its questions are gone; the share is withheld."""
        tags = TAGS.filter(~pl.col("tactic").str.ends_with("question"))
        row = figure(metrics_of(tactics=tags), "open_question_share", "S2")
        assert (row["value"], row["low"], row["withheld"]) == (None, None, NO_CASES)

    def test_the_interval_holds_the_ratio_of_three_voices(self) -> None:
        """All three talk for 90 s at once: a third each."""
        speech = frames.speech(("S1", 0, 90_000), ("S2", 0, 90_000), ("S3", 0, 90_000))
        row = figure(metrics_of(diarize=speech), "talk_ratio", "S1")
        assert row["value"] == pytest.approx(1 / 3)
        assert row["low"] < 1 / 3 < row["high"]

    def test_overlapping_intervals_of_a_speaker_count_once(self) -> None:
        """Talk time is the union: 0-60 s and 30-90 s are 90 s."""
        speech = frames.speech(("S1", 0, 60_000), ("S1", 30_000, 90_000))
        metrics = metrics_of(diarize=speech)
        assert figure(metrics, "talk_time_s", "S1")["value"] == 90

    def test_nothing_that_goes_in_is_changed(self) -> None:
        """The frames are the same afterwards."""
        before = [frame.clone() for frame in (MAP, WORDS_HEARD, TURNS_TAKEN, TAGS)]
        metrics_of()
        after = (MAP, WORDS_HEARD, TURNS_TAKEN, TAGS)
        assert all(one.equals(two) for one, two in zip(before, after, strict=True))


class TestGates:
    RATIOS = frozenset(
        {
            "talk_ratio",
            "median_response_latency_s",
            "switches_per_hour",
            "word_ratio",
            "words_per_minute",
            "question_ratio",
            "open_question_share",
            "questions_per_hour",
            "reflection_to_question_ratio",
            "empathy_share",
            "empathy_rate",
            "inquiry_rate",
            "assertion_rate",
            "exchange_rate",
            "risk_rate",
        }
    )
    WORD_COUNTS = frozenset(
        {
            "word_count",
            "filler_count",
            "question_count",
            "open_question_count",
            "closed_question_count",
        }
    )

    def test_under_a_minute_of_speech_ratios_are_withheld(self) -> None:
        """59.999 s of speech: no ratio and no rate, with the reason; counts and times are there."""
        metrics = metrics_of(diarize=frames.speech(("S1", 0, 30_000), ("S2", 30_000, 59_999)))
        assert withheld(metrics, TOO_SHORT) == self.RATIOS
        assert figure(metrics, "talk_time_s", "S2")["value"] == 29.999
        assert figure(metrics, "question_count", "S1")["value"] == 2
        row = figure(metrics, "talk_ratio", "S1")
        assert (row["value"], row["low"], row["high"]) == (None, None, None)

    def test_a_minute_of_speech_is_enough(self) -> None:
        """60 s exactly."""
        metrics = metrics_of(diarize=frames.speech(("S1", 0, 30_000), ("S2", 30_000, 60_000)))
        assert withheld(metrics, TOO_SHORT) == set()

    def test_speech_at_once_counts_once_for_the_minute(self) -> None:
        """Two voices of 40 s at the same time are 40 s of speech."""
        metrics = metrics_of(diarize=frames.speech(("S1", 0, 40_000), ("S2", 0, 40_000)))
        assert withheld(metrics, TOO_SHORT) == self.RATIOS

    @pytest.mark.parametrize("words", [0.34, None], ids=["unsure", "none"])
    def test_without_sure_words_figures_of_words_are_withheld(self, words: float | None) -> None:
        """A mean probability under the limit, or no words at all; figures of time stay."""
        heard = WORDS_HEARD.with_columns(probability=pl.lit(words, dtype=pl.Float32))
        metrics = metrics_of(transcribe=heard if words else pl.DataFrame(schema=WORDS))
        time_ratios = {"talk_ratio", "median_response_latency_s", "switches_per_hour"}
        assert withheld(metrics, UNSURE_WORDS) == self.RATIOS - time_ratios | self.WORD_COUNTS
        assert figure(metrics, "talk_ratio", "S1")["value"] == pytest.approx(0.625)

    def test_much_speech_without_words_withholds_figures_of_words(self) -> None:
        """Words in only the first 48 s of 93 s: 45 s without are more than three tenths."""
        metrics = metrics_of(transcribe=WORDS_HEARD.head(1))
        assert figure(metrics, "speech_without_words_s")["value"] == 45
        assert withheld(metrics, UNSURE_WORDS) >= self.WORD_COUNTS

    def test_an_unsure_speech_map_withholds_what_is_counted_by_speaker(self) -> None:
        """A mean confidence of 0.7, though one interval is sure; how long speech lasts stays."""
        unsure = pl.when(pl.col("start_ms") == 60_000).then(1.0).otherwise(0.7)
        metrics = metrics_of(diarize=MAP.with_columns(confidence=unsure.cast(pl.Float32)))
        assert withheld(metrics, UNSURE_VOICES) == self.RATIOS | self.WORD_COUNTS
        assert figure(metrics, "talk_time_s", "S1")["value"] == 60

    def test_a_channel_each_is_never_unsure_of_who_speaks(self) -> None:
        """However unsure the voice activity is, the channel says whose speech it is."""
        tracks = (pl.col("speaker") == "S2").cast(pl.UInt8)
        unsure = MAP.with_columns(confidence=pl.lit(0.4, dtype=pl.Float32), track=tracks)
        assert withheld(metrics_of(diarize=unsure), UNSURE_VOICES) == set()

    def test_the_confidence_of_an_interval_counts_by_its_length(self) -> None:
        """60 s at 0.95 and 37 s at 0.6 are 0.817 on average: enough."""
        unsure = pl.when(pl.col("speaker") == "S1").then(0.95).otherwise(0.6)
        metrics = metrics_of(diarize=MAP.with_columns(confidence=unsure.cast(pl.Float32)))
        assert withheld(metrics, UNSURE_VOICES) == set()

    def test_quality_is_never_withheld_for_being_poor(self) -> None:
        """The figures that say why others are withheld are there."""
        metrics = metrics_of(transcribe=pl.DataFrame(schema=WORDS))
        assert figure(metrics, "speech_without_words_s")["value"] == 93
        assert figure(metrics, "doubtful_word_count")["value"] == 0
        assert figure(metrics, "mean_word_probability")["withheld"] == NO_CASES

    def test_a_ratio_without_cases_is_withheld_and_not_nought(self) -> None:
        """Without questions there is no share of open ones, nor reflections per question."""
        metrics = metrics_of(tactics=pl.DataFrame(schema=TACTICS))
        assert withheld(metrics, NO_CASES) == {
            "open_question_share",
            "reflection_to_question_ratio",
            "empathy_share",
        }
        assert figure(metrics, "question_ratio", "S1")["value"] == 0.0


class TestEdges:
    def test_a_silent_call(self) -> None:
        """No speakers, all silence, counts of nought, and the ratios withheld."""
        metrics = metrics_of(
            diarize=pl.DataFrame(schema=SPEECH),
            transcribe=pl.DataFrame(schema=WORDS),
            turns=pl.DataFrame(schema=TURNS),
            tactics=pl.DataFrame(schema=TACTICS),
        )
        assert metrics["speaker"].null_count() == metrics.height
        values = dict(metrics.select("metric", "value").rows())
        assert values == {
            "speech_s": 0,
            "silence_s": 144,
            "longest_silence_s": 0,
            "overlap_s": 0,
            "turn_count": 0,
            "switches_per_hour": None,
            "question_ratio": None,
            "speech_without_words_s": 0,
            "doubtful_word_count": 0,
            "mean_word_probability": None,
        }

    def test_one_speaker_alone(self) -> None:
        """All the talk, no floor to take: no latency, no switches, no overlap."""
        metrics = metrics_of(
            diarize=frames.speech(("S1", 0, 70_000)),
            turns=frames.turns(("S1", 0, 70_000, "so I talk and talk")),
            tactics=pl.DataFrame(schema=TACTICS),
        )
        assert figure(metrics, "talk_ratio", "S1")["value"] == 1.0
        assert figure(metrics, "word_ratio", "S1")["value"] == 1.0
        assert figure(metrics, "median_response_latency_s", "S1")["withheld"] == NO_CASES
        assert figure(metrics, "switches_per_hour")["value"] == 0.0
        assert figure(metrics, "overlap_s")["value"] == 0.0

    def test_who_only_listens_aloud_has_no_turns(self) -> None:
        """A voice of one backchannel: no turns, so no ratio of them; its talk counts."""
        metrics = metrics_of(
            diarize=frames.speech(("S1", 0, 70_000), ("S2", 30_000, 31_000)),
            turns=frames.turns(
                ("S1", 0, 70_000, "so I talk"),
                ("S2", 30_000, 31_000, "mhm"),
                kinds={1: BACKCHANNEL},
            ),
            tactics=pl.DataFrame(schema=TACTICS),
        )
        assert figure(metrics, "turn_count", "S2")["value"] == 0
        assert figure(metrics, "question_ratio", "S2")["withheld"] == NO_CASES
        assert figure(metrics, "talk_ratio", "S2")["value"] == pytest.approx(1 / 71)
        assert figure(metrics, "longest_monologue_s", "S1")["value"] == 70

    def test_a_speaker_without_words(self) -> None:
        """Speech of the map without a turn still has talk time; its counts are nought."""
        metrics = metrics_of(
            turns=frames.turns(("S1", 0, 30_000, "hello")), tactics=pl.DataFrame(schema=TACTICS)
        )
        assert figure(metrics, "talk_time_s", "S2")["value"] == 36
        assert figure(metrics, "word_count", "S2")["value"] == 0
        assert figure(metrics, "longest_monologue_s", "S2")["value"] == 0


class TestSpeechWithoutWords:
    def test_a_word_near_a_stretch_confirms_it(self) -> None:
        """A word ending 200 ms before the stretch is near enough, one 2 s before is not."""
        speech = frames.speech(("S1", 1000, 2000), ("S1", 5000, 6000))
        words = frames.words(("so", 500, 800), ("well", 2500, 3000))
        assert speech_without_words_ms(speech, words) == 1000

    def test_short_stretches_do_not_count(self) -> None:
        """299 ms without a word are no loss, 300 ms are."""
        nothing = pl.DataFrame(schema=WORDS)
        assert speech_without_words_ms(frames.speech(("S1", 0, 299)), nothing) == 0
        assert speech_without_words_ms(frames.speech(("S1", 0, 300)), nothing) == 300

    def test_made_up_words_confirm_nothing(self) -> None:
        """A word that the recogniser made up is as good as none."""
        speech = frames.speech(("S1", 0, 1000))
        words = frames.words(("thanks", 100, 500), doubt=OUTSIDE_SPEECH)
        assert speech_without_words_ms(speech, words) == 1000

    def test_a_word_of_one_track_confirms_no_other(self) -> None:
        """Each track's speech needs words of its own."""
        speech = frames.speech(("S1", 0, 1000), ("S2", 0, 700), tracks={"S2": 1})
        words = frames.words(("hello", 100, 500), track=0)
        assert speech_without_words_ms(speech, words) == 700


SPANS = st.lists(st.tuples(st.integers(0, 140_000), st.integers(1, 4000)), min_size=1, max_size=5)


@settings(max_examples=30, deadline=None)
@given(first=SPANS, second=SPANS)
def test_the_parts_of_a_call_add_up(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    """Speech + silence = duration, talk + talk - overlap = speech, and the ratios make 1."""
    speech = frames.speech(
        *(("S1", start, start + length) for start, length in first),
        *(("S2", start, start + length) for start, length in second),
    )
    metrics = metrics_of(diarize=speech, config=MetricsConfig(min_speech_s=0.0))
    value = {
        (who, metric): number
        for who, metric, number in metrics.filter(pl.col("scope") == "call")
        .select("speaker", "metric", "value")
        .iter_rows()
    }
    talk_s = value["S1", "talk_time_s"] + value["S2", "talk_time_s"]
    assert value[None, "speech_s"] + value[None, "silence_s"] == pytest.approx(144)
    assert talk_s - value[None, "overlap_s"] == pytest.approx(value[None, "speech_s"])
    assert value["S1", "talk_ratio"] + value["S2", "talk_ratio"] == pytest.approx(1)
    for who in ("S1", "S2"):
        row = figure(metrics, "talk_ratio", who)
        assert row["low"] <= row["value"] <= row["high"]


class TestCheck:
    def test_a_figure_that_is_neither_there_nor_withheld_is_refused(self) -> None:
        """And so is one that is both."""
        row = METRICS_OF_THE_CALL.head(1)
        with pytest.raises(ContractError, match="withheld"):
            check(row.with_columns(value=pl.lit(None, dtype=pl.Float64)))
        with pytest.raises(ContractError, match="withheld"):
            check(row.with_columns(withheld=pl.lit(TOO_SHORT)))

    def test_a_figure_that_is_there_twice_is_refused(self) -> None:
        """Each is there once."""
        row = METRICS_OF_THE_CALL.head(1)
        with pytest.raises(ContractError, match="twice"):
            check(pl.concat([row, row]))
