"""What is measured, with its definition, and one observation of it in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TRANSCRIPT, DIARIZATION, METRICS = "transcript", "diarization", "metrics"
PARTS = (TRANSCRIPT, DIARIZATION, METRICS)

RATIO: Final = "ratio"
MEDIAN: Final = "median"
TOTAL: Final = "total"
Kind = Literal["ratio", "median", "total"]
Unit = Literal["percent", "s", "ms", "count", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure of merit.

    A ratio pools the calls, sum of parts over sum of wholes; a median is of the calls' own
    values; a total adds them up. `low_is_good` says which end is the worst.
    """

    name: str
    part: str
    title: str
    kind: Kind
    unit: Unit
    definition: str
    low_is_good: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one call adds to a measure: `part` of `whole`; a plain value has a whole of 1."""

    measure: str
    part: float
    whole: float

    @property
    def value(self) -> float | None:
        """The call's own figure; None where there was nothing to be right or wrong about."""
        return self.part / self.whole if self.whole else None


def _rate(name: str, title: str, definition: str) -> Measure:
    return Measure(
        name=name, part=TRANSCRIPT, title=title, kind=RATIO, unit="percent", definition=definition
    )


def _found(name: str, title: str, definition: str) -> Measure:
    return Measure(
        name=name,
        part=TRANSCRIPT,
        title=title,
        kind=RATIO,
        unit="percent",
        definition=definition,
        low_is_good=False,
    )


def _der(name: str, title: str, definition: str) -> Measure:
    return Measure(
        name=name, part=DIARIZATION, title=title, kind=RATIO, unit="percent", definition=definition
    )


def _error(name: str, title: str, unit: Unit, definition: str) -> Measure:
    return Measure(
        name=name, part=METRICS, title=title, kind=MEDIAN, unit=unit, definition=definition
    )


MEASURES: tuple[Measure, ...] = (
    _rate("cpwer", "cpWER", "word errors with the best one-to-one pairing of speakers, over "
          "reference words (meeteval)"),
    _rate("tcpwer", "tcpWER", "the same, where a word counts only within 5 s of its place "
          "(meeteval)"),
    _rate("orcwer", "ORC-WER", "word errors whoever said them: each reference utterance is looked "
          "for in the found speaker that suits it best (meeteval; in calls of more than about "
          "900 words by its greedy search, an upper bound)"),
    _rate("wer", "WER", "word errors of the whole call as one text, words in order of time, so "
          "that words of two who speak at once interleave, in the reference as in the result "
          "(jiwer)"),
    _rate("wer_substitutions", "substituted", "part of WER"),
    _rate("wer_deletions", "deleted", "part of WER"),
    _rate("wer_insertions", "inserted", "part of WER"),
    _rate("channel_wer", "channel WER", "word errors of each channel against its speaker, where "
          "each voice has a channel (jiwer)"),
    _rate("cpwer_minus_wer", "cpWER - WER", "what wrong speakers cost; it may be below 0, since "
          "words in overlap may swap places in WER and not in cpWER"),
    _rate("cpwer_minus_orcwer", "cpWER - ORC-WER", "what wrong speakers cost, free of the order of "
          "words in overlap"),
    _found("numbers_found", "amounts found", "amounts of the reference that are in the transcript "
           "within 10 s, compared by value, each mention for one"),
    _found("numbers_attributed", "at the right speaker", "the same, in the words of the right "
           "speaker; of all amounts"),
    _found("replies_heard", "replies heard", "short replies in whose time, give or take 0.5 s, one "
           "of their words was found, or, where nobody else speaks, any word"),
    _found("replies_attributed", "replies attributed", "of the replies heard, those of which at "
           "least half the words are at the right speaker"),
    _found("replies_mapped", "replies on the map", "short replies of which the speech map gives at "
           "least half to the right speaker; of all replies"),
    _found("fillers_found", "fillers kept", "um, uh and the like of the reference that are in the "
           "transcript"),
    Measure(name="unheard_speech_s", part=TRANSCRIPT, title="speech without words", kind=MEDIAN,
            unit="s", definition="true speech of a call, in stretches of 0.3 s and more, in or "
            "near which no word was found; median of calls"),
    Measure(name="numbers_unread", part=TRANSCRIPT, title="amounts unread", kind=TOTAL,
            unit="count", definition="amounts of the reference that hold no number and were left "
            "out, such as \"a few\""),
    _der("der", "DER", "diarization error rate: missed, false alarm and confused speech over "
         "reference speech; no collar, overlaps included (pyannote.metrics)"),
    _der("der_missed", "missed", "speech of the reference that is not in the result; part of DER"),
    _der("der_false_alarm", "false alarm", "speech in the result that is not in the reference; "
         "part of DER"),
    _der("der_confusion", "confusion", "speech that is given to the wrong speaker; part of DER"),
    _der("jer", "JER", "Jaccard error rate: 1 - shared speech over joint speech, mean of speakers "
         "(pyannote.metrics)"),
    Measure(name="speakers_right", part=DIARIZATION, title="number of speakers right", kind=RATIO,
            unit="percent", definition="calls in which as many speakers were found as speak",
            low_is_good=False),
    _error("talk_ratio_error", "talk ratio", "share", "absolute error of talk_ratio, of the "
           "speaker with the largest; median of calls"),
    Measure(name="talk_ratio_covered", part=METRICS, title="interval covers", kind=RATIO,
            unit="percent", definition="calls in which talk_ratio_interval (90 %) holds the truth "
            "for every speaker", low_is_good=False),
    _error("talk_ratio_width", "interval width", "share", "width of talk_ratio_interval"),
    _error("question_ratio_error", "question ratio", "share", "absolute error of question_ratio, "
           "of the speaker with the largest; median of calls"),
    _error("question_count_error", "question count", "count", "absolute error of question_count, "
           "of the speaker with the largest; median of calls"),
    _error("latency_error_s", "response latency", "s", "absolute error of "
           "median_response_latency_s, of the speaker with the largest; median of calls"),
    _error("turn_start_error_ms", "turn starts", "ms", "how far the start of a turn is from its "
           "place, median of the turns of a call that begin within 2 s of it; median of calls"),
    Measure(name="turns_matched", part=METRICS, title="turns matched", kind=RATIO, unit="percent",
            definition="turns of the reference with a turn of the right speaker that begins "
            "within 2 s", low_is_good=False),
    _error("overlap_error_s", "overlap", "s", "absolute error of overlap_s; median of calls"),
    _error("interruption_count_error", "interruptions", "count", "absolute error of "
           "interruption_count, of the speaker with the largest; median of calls"),
    _error("backchannel_count_error", "backchannels", "count", "absolute error of "
           "backchannel_count, of the speaker with the largest; median of calls"),
    _error("speech_without_words_s", "speech without words", "s", "what the report itself says: "
           "speech of the found map in or near which no word was found; median of calls"),
)  # fmt: skip
BY_NAME = {measure.name: measure for measure in MEASURES}
