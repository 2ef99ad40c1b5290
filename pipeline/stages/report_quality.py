"""What a reader of the report must know before trusting its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from pipeline.records import ENGLISH, OTHER_LANGUAGE, REPETITION, Track, language_of
from pipeline.stages.report_figures import Figures

LOW_WORD_PROBABILITY = 0.6
WORDLESS_SHARE = 0.1
"""Below the one and above the other, a reader is warned; base on clean calls has 0.8 and 0.02."""
_IGNORED = (
    "Corrections were made to another analysis of this recording, with other settings or another "
    "version of Parley, and do not hold here: {}. Make them again with parley relabel."
)


def quality_document(
    figures: Figures,
    *,
    audio: Track | None,
    transcript: Mapping[str, Any] | None,
    words: pl.DataFrame,
    speakers: int,
    names_given: int,
    reasons: Mapping[str, str],
    ignored: int,
    further: Sequence[str] = (),
) -> dict[str, Any]:
    """How far the figures can be trusted: what was doubted, withheld, or is to be warned of.

    `speakers` counts those of the call; `reasons` are the words for each reason to withhold;
    `ignored` counts the corrections that were made to another analysis; `further` are warnings of
    others.
    """
    rows = figures.withheld.select("scope", "speaker", "metric", "withheld").iter_rows()
    return {
        "speech_without_words_s": figures.value("speech_without_words_s"),
        "mean_word_probability": figures.value("mean_word_probability"),
        "doubtful_word_count": figures.count("doubtful_word_count"),
        "warnings": [
            *(_read(transcript, speakers=speakers) if transcript else ()),
            *(_sound(audio, speakers=speakers) if audio else ()),
            *_names(speakers=speakers, given=names_given),
            *(_recognition(figures, words) if audio else ()),
            *_language(words),
            *([_IGNORED.format(ignored)] if ignored else []),
            *further,
        ],
        "withheld": [
            {
                "scope": speaker or "call",
                "metric": metric if scope == "call" else f"{metric} ({scope} third)",
                "reason": reasons.get(reason, reason),
            }
            for scope, speaker, metric, reason in rows
        ],
    }


def _sound(audio: Track, *, speakers: int) -> Iterable[str]:
    """What is to be known of the recording and its voices."""
    if audio.truncated:
        yield "The file is damaged or cut off; the report covers what could be decoded."
    if not speakers:
        yield "No speech was found in this recording."
    elif speakers == 1:
        yield "Only one voice was found; shares between speakers mean nothing here."


def _read(transcript: Mapping[str, Any], *, speakers: int) -> Iterable[str]:
    """What is to be known of a transcript."""
    unread = transcript["unread"]
    if unread:
        first = f"line {unread[0]['line']}: {unread[0]['reason']}"
        count = transcript["unread_count"]
        lines = "One line" if count == 1 else f"{count} lines"
        yield f"{lines} of the transcript could not be read and are left out ({first})."
    if transcript["times_left_out"]:
        yield "The times in the transcript are left out: some are missing or out of order."
    if speakers == 1:
        yield "Only one speaker is named; shares between speakers mean nothing here."


def _names(*, speakers: int, given: int) -> Iterable[str]:
    if speakers < given:
        yield f"{given} names were given, {speakers} voices were found."


def _recognition(figures: Figures, words: pl.DataFrame) -> Iterable[str]:
    """How sure the recogniser was of the words."""
    doubts = words["doubt"]
    probability = figures.value("mean_word_probability")
    wordless_s = figures.value("speech_without_words_s")
    if probability is not None and probability < LOW_WORD_PROBABILITY:
        yield "The recogniser was unsure of many words; check quotes against the recording."
    if wordless_s > WORDLESS_SHARE * max(1.0, figures.value("speech_s")):
        yield f"For {wordless_s:.0f} s of speech no words were recognised."
    if (doubts == OTHER_LANGUAGE).any():
        yield "The speech sounds like another language than the one set; try --language auto."
    if (doubts == REPETITION).any():
        yield "Some words were left out because the recogniser repeated itself."


def _language(words: pl.DataFrame) -> Iterable[str]:
    if language_of(words) not in (ENGLISH, None):
        yield "Tactics are recognised in English only, and so are offers; here they are withheld."
