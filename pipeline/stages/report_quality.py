"""What a reader of the report must know before trusting its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from pipeline.records import OTHER_LANGUAGE, REPETITION, Track
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
    audio: Track,
    speech: pl.DataFrame,
    words: pl.DataFrame,
    names_given: int,
    reasons: Mapping[str, str],
    ignored: int,
) -> dict[str, Any]:
    """How far the figures can be trusted: what was doubted, withheld, or is to be warned of.

    `reasons` are the words for each reason to withhold; `ignored` counts the corrections that
    were made to another analysis.
    """
    rows = figures.withheld.select("scope", "speaker", "metric", "withheld").iter_rows()
    return {
        "speech_without_words_s": figures.value("speech_without_words_s"),
        "mean_word_probability": figures.value("mean_word_probability"),
        "doubtful_word_count": figures.count("doubtful_word_count"),
        "warnings": [
            *_warnings(figures, audio=audio, speech=speech, words=words, names_given=names_given),
            *([_IGNORED.format(ignored)] if ignored else []),
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


def _warnings(
    figures: Figures, *, audio: Track, speech: pl.DataFrame, words: pl.DataFrame, names_given: int
) -> Iterable[str]:
    """What a reader must know before trusting the figures, in plain sentences."""
    doubts = words["doubt"]
    probability = figures.value("mean_word_probability")
    wordless_s = figures.value("speech_without_words_s")
    speakers = speech["speaker"].n_unique()
    if audio.truncated:
        yield "The file is damaged or cut off; the report covers what could be decoded."
    if speech.is_empty():
        yield "No speech was found in this recording."
    elif speakers == 1:
        yield "Only one voice was found; shares between speakers mean nothing here."
    if speakers < names_given:
        yield f"{names_given} names were given, {speakers} voices were found."
    if probability is not None and probability < LOW_WORD_PROBABILITY:
        yield "The recogniser was unsure of many words; check quotes against the recording."
    if wordless_s > WORDLESS_SHARE * max(1.0, figures.value("speech_s")):
        yield f"For {wordless_s:.0f} s of speech no words were recognised."
    if (doubts == OTHER_LANGUAGE).any():
        yield "The speech sounds like another language than the one set; try --language auto."
    if (doubts == REPETITION).any():
        yield "Some words were left out because the recogniser repeated itself."
    if words.height and words["language"].mode(maintain_order=True)[0] != "en":
        yield "Tactics are recognised in English only."
