"""Figures of a transcript: all of words, turns and tags, none of time; and other languages."""

from __future__ import annotations

from typing import Any

import frames
import polars as pl
import pytest

from pipeline.config import shipped_codebook
from pipeline.records import SPEECH, TACTICS, TURNS, WORDS
from pipeline.stages import metrics, offers, tactics
from pipeline.stages.metrics import MetricsConfig, check, run_unheard
from pipeline.stages.metrics.gates import FEW_WORDS, NO_AUDIO, NO_WORD_BREAKS, OTHER_LANGUAGE
from pipeline.stages.offers import OffersConfig
from pipeline.stages.tactics import TacticsConfig

CONFIG = MetricsConfig(families=(("open_question", "inquiry"), ("offer", "assertion")))
TURNS_TAKEN = frames.turns(
    ("S1", 0, 0, "What matters most to you?"),
    ("S2", 0, 0, "um I need ninety" + " word" * 131),
    ("S1", 0, 0, "We can offer eighty." + " word" * 6),
).with_columns(pl.lit(None, pl.UInt32).alias("start_ms"), pl.lit(None, pl.UInt32).alias("end_ms"))
"""5 + 135 + 10 words: 150, as many as 60 s of speech have."""
TAGS = frames.tactics((0, "open_question"), (2, "offer"))
HEARD = {
    *("talk_time_s", "talk_ratio", "longest_monologue_s", "median_response_latency_s"),
    *("interruption_count", "backchannel_count", "words_per_minute", "questions_per_hour"),
    *("speech_s", "silence_s", "longest_silence_s", "overlap_s", "switches_per_hour"),
    *("speech_without_words_s", "doubtful_word_count", "mean_word_probability"),
}
TAGGED = {
    *("question_count", "open_question_count", "closed_question_count", "question_ratio"),
    *("open_question_share", "reflection_to_question_ratio", "empathy_share", "empathy_rate"),
    *("inquiry_rate", "assertion_rate", "exchange_rate", "risk_rate", "filler_count"),
}


def words(count: int, language: str = "en") -> pl.DataFrame:
    """Words of a transcript: without times."""
    row = {"start_ms": 0, "end_ms": 0, "language": language, "probability": 1.0}
    spoken = frames.word_rows(*({**row, "text": f"w{number}"} for number in range(count)))
    return spoken.with_columns(
        pl.lit(None, pl.UInt32).alias("start_ms"), pl.lit(None, pl.UInt32).alias("end_ms")
    )


def table(count: int = 150, language: str = "en", **changes: Any) -> pl.DataFrame:
    """The figures of the transcript above."""
    inputs = {"turns": TURNS_TAKEN, "tactics": TAGS, **changes}
    found = run_unheard(transcribe=words(count, language), config=CONFIG, **inputs)
    check(found)
    return found


def values(found: pl.DataFrame, speaker: str | None, scope: str = "call") -> dict[str, float]:
    """The figures that are there, by metric."""
    rows = found.filter(
        pl.col("speaker").eq_missing(pl.lit(speaker)), pl.col("scope") == scope,
        pl.col("value").is_not_null(),
    )  # fmt: skip
    return dict(rows.select("metric", "value").iter_rows())


def reasons(found: pl.DataFrame, *, scope: str = "call") -> dict[str, set[str]]:
    """The metrics withheld by reason."""
    rows = found.filter(pl.col("withheld") != "", pl.col("scope") == scope)
    grouped: dict[str, set[str]] = {}
    for metric, reason in rows.select("metric", "withheld").iter_rows():
        grouped.setdefault(reason, set()).add(metric)
    return grouped


def test_words_turns_and_tags_are_counted() -> None:
    """As in a recording."""
    found = table()
    one, two, call = values(found, "S1"), values(found, "S2"), values(found, None)
    assert (one["word_count"], two["word_count"]) == (15, 135)
    assert (one["word_ratio"], two["word_ratio"]) == (15 / 150, 135 / 150)
    assert (one["turn_count"], two["turn_count"], call["turn_count"]) == (2, 1, 3)
    assert (one["open_question_count"], one["question_ratio"]) == (1, 1 / 2)
    assert (one["inquiry_rate"], one["assertion_rate"]) == (5, 5)
    assert two["filler_count"] == 1
    assert call["question_ratio"] == 1 / 3


def test_thirds_are_thirds_of_the_turns() -> None:
    """Three turns, one in each: the question in the first, the offer in the last."""
    found = table()
    assert values(found, "S1", "first")["inquiry_rate"] == 10
    assert values(found, "S1", "last")["assertion_rate"] == 10
    assert "inquiry_rate" not in values(found, "S1", "middle")


def test_what_needs_sound_is_withheld() -> None:
    """All of it for that reason, and nothing else for it."""
    assert reasons(table())[NO_AUDIO] == HEARD


def test_times_of_captions_change_no_figure() -> None:
    """They say when to read."""
    timed = TURNS_TAKEN.with_columns(
        pl.Series("start_ms", [0, 9_000, 50_000], dtype=pl.UInt32),
        pl.Series("end_ms", [8_000, 49_000, 60_000], dtype=pl.UInt32),
    )
    assert table(turns=timed).equals(table())


def test_ratios_need_words() -> None:
    """149 words are fewer than 60 s of speech have; counts stand."""
    found = reasons(table(149))
    assert found[FEW_WORDS] >= {"word_ratio", "question_ratio", "empathy_rate"}
    assert not found[FEW_WORDS] & {"word_count", "question_count", "turn_count"}
    assert FEW_WORDS not in reasons(table(150))


def test_another_language_has_no_figures_of_tags() -> None:
    """Words are counted all the same."""
    found = table(150, "de")
    assert reasons(found)[OTHER_LANGUAGE] == TAGGED
    assert values(found, "S2")["word_count"] == 135
    assert values(found, "S2")["word_ratio"] == 0.9


def test_a_language_without_blanks_has_no_words_to_count() -> None:
    """A turn would be one word."""
    found = reasons(table(150, "zh"))[NO_WORD_BREAKS]
    assert found == {"word_count", "word_ratio"}


def test_a_recording_in_another_language_has_none_either() -> None:
    """The recogniser says so there; figures of time and words stand."""
    heard = frames.words(("Hallo", 0, 400), ("Ben", 500, 900), language="de")
    found = metrics.run(
        audio=frames.track(70_000),
        diarize=frames.speech(("S1", 0, 65_000), tracks={"S1": 0}),
        transcribe=heard,
        turns=frames.turns(("S1", 0, 65_000, "Hallo Ben")),
        tactics=pl.DataFrame(schema=TACTICS),
        config=MetricsConfig(max_wordless_share=1.0),
    )
    check(found)
    assert reasons(found)[OTHER_LANGUAGE] == TAGGED | {"questions_per_hour"}
    assert {"talk_ratio", "word_count", "words_per_minute"} <= values(found, "S1").keys()


@pytest.mark.parametrize(("language", "some"), [("en", True), ("de", False)])
def test_tactics_and_offers_are_found_in_english(language: str, some: bool) -> None:
    """In another language none, be the words as they may."""
    codebook = shipped_codebook()
    turns = frames.turns(("S1", 0, 1, "What matters most to you? I can offer you $90,000."))
    spoken = words(10, language)
    tags = tactics.run(
        transcribe=spoken,
        turns=turns,
        diarize=pl.DataFrame(schema=SPEECH),
        config=TacticsConfig(codebook=codebook),
    )
    ledger = offers.run(
        transcribe=spoken, turns=turns, tactics=tags, config=OffersConfig(codebook=codebook)
    )
    assert [tags.is_empty(), ledger.is_empty()] == [not some, not some]


def test_nobody_has_no_figures_of_speakers() -> None:
    """An empty call gives a table all the same."""
    found = run_unheard(
        transcribe=pl.DataFrame(schema=WORDS),
        turns=pl.DataFrame(schema=TURNS),
        tactics=pl.DataFrame(schema=TACTICS),
        config=CONFIG,
    )
    check(found)
    assert found["speaker"].null_count() == found.height
