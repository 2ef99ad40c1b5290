"""Which figures of a call are withheld, and why: what they rest on is too thin, or is not there."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline import floor
from pipeline.records import ENGLISH, language_of
from pipeline.spans import length_ms
from pipeline.stages.metrics import wording
from pipeline.stages.metrics.call import Call

TOO_SHORT, UNSURE_WORDS, UNSURE_VOICES = "too_short", "unsure_words", "unsure_voices"
NO_CASES, NO_AUDIO, FEW_WORDS = "no_cases", "no_audio", "few_words"
OTHER_LANGUAGE, NO_WORD_BREAKS = "other_language", "no_word_breaks"
WORDS_PER_S = 2.5
"""The usual pace of talk, 150 words a minute: what a transcript has in the place of seconds."""
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo", "dz"})
"""Languages whose transcripts put no blanks between words; a recogniser's words are divided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsConfig:
    """When figures are withheld, what an interruption is, and the families of tactics.

    Ratios and rates need `min_speech_s` of speech in the call; figures of words and tags need
    words of `min_word_probability` on average, and words in all but `max_wordless_share` of the
    speech; whatever is counted by speaker needs a speech map of `min_map_confidence` on average
    where speakers share a track.
    `families` pairs each tactic with its family.
    """

    min_speech_s: float = 60.0
    min_word_probability: float = 0.35
    max_wordless_share: float = 0.3
    min_map_confidence: float = 0.75
    interruption_overlap_ms: int = floor.INTERRUPTION_OVERLAP_MS
    interruption_length_ms: int = floor.INTERRUPTION_LENGTH_MS
    families: tuple[tuple[str, str], ...] = ()


_TIME_RATIOS = frozenset({"talk_ratio", "median_response_latency_s", "switches_per_hour"})
_HEARD = frozenset(
    {
        *_TIME_RATIOS,
        *("talk_time_s", "longest_monologue_s", "interruption_count", "backchannel_count"),
        *("words_per_minute", "questions_per_hour"),
        *("speech_s", "silence_s", "longest_silence_s", "overlap_s"),
        *("speech_without_words_s", "doubtful_word_count", "mean_word_probability"),
    }
)
"""What is known of sound alone. Backchannels are told from turns by their length and place."""
_PLAIN_COUNTS = frozenset({"word_count", "filler_count"})
_PLAIN_RATIOS = frozenset({"word_ratio", "words_per_minute"})
_TAG_COUNTS = frozenset({"question_count", "open_question_count", "closed_question_count"})
_TAG_RATIOS = frozenset(
    {
        "question_ratio",
        "open_question_share",
        "questions_per_hour",
        "reflection_to_question_ratio",
        "empathy_share",
        *wording.FAMILIES,
    }
)
_WORD_COUNTS = _PLAIN_COUNTS | _TAG_COUNTS
_WORD_RATIOS = _PLAIN_RATIOS | _TAG_RATIOS


def heard_gates(
    call: Call, words: pl.DataFrame, *, wordless_ms: int, shared: bool, config: MetricsConfig
) -> dict[str, str]:
    """The metrics that are withheld in a recorded call, with the reason.

    `shared`: speakers share a track, so that who speaks had to be found out.
    """
    gates = _language_gates(words)
    speech_ms = length_ms(call.spans)
    probability = words["probability"].mean()
    sure = isinstance(probability, float) and probability >= config.min_word_probability
    if speech_ms and (not sure or wordless_ms > config.max_wordless_share * speech_ms):
        gates |= dict.fromkeys(_WORD_COUNTS | _WORD_RATIOS, UNSURE_WORDS)
    if speech_ms and shared and _map_confidence(call) < config.min_map_confidence:
        gates |= dict.fromkeys(_TIME_RATIOS | _WORD_COUNTS | _WORD_RATIOS, UNSURE_VOICES)
    if speech_ms < config.min_speech_s * 1000:
        gates |= dict.fromkeys(_TIME_RATIOS | _WORD_RATIOS, TOO_SHORT)
    return gates


def read_gates(words: pl.DataFrame, *, config: MetricsConfig) -> dict[str, str]:
    """The metrics that are withheld where there is a transcript and no audio, with the reason."""
    gates: dict[str, str] = {}
    if words.height < config.min_speech_s * WORDS_PER_S:
        gates |= dict.fromkeys(_WORD_RATIOS, FEW_WORDS)
    if language_of(words) in _UNSPACED:
        gates |= dict.fromkeys(_PLAIN_COUNTS | _PLAIN_RATIOS, NO_WORD_BREAKS)
    return gates | _language_gates(words) | dict.fromkeys(_HEARD, NO_AUDIO)


def _language_gates(words: pl.DataFrame) -> dict[str, str]:
    """What rests on tactics, which are recognised in English only; fillers are English too."""
    if language_of(words) in (ENGLISH, None):
        return {}
    return dict.fromkeys({"filler_count", *_TAG_COUNTS, *_TAG_RATIOS}, OTHER_LANGUAGE)


def _map_confidence(call: Call) -> float:
    """The mean confidence of the speech map, each interval counting by its length."""
    spans = [
        (end_ms - start_ms, confidence)
        for voice in call.voices
        for (start_ms, end_ms), confidence in voice.spans
    ]
    return sum(ms * confidence for ms, confidence in spans) / sum(ms for ms, _ in spans)
