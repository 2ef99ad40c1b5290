"""How far the figures of a report are off, each against the same figure of the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from pipeline.evaluation.alignment import match
from pipeline.evaluation.derived import Definitions, Derived, Figure, Figures, derive
from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.measures import Observed
from pipeline.evaluation.reference import Reference
from pipeline.evaluation.spoken import Interval

TURN_NEAR_MS = 2000
_OF_SPEECH = ("talk_ratio", "overlap_s")
_OF_WORDS = ("question_ratio", "question_count")
_OF_BOTH = ("median_response_latency_s", "interruption_count", "backchannel_count")
_ERRORS = {
    "talk_ratio": "talk_ratio_error",
    "question_ratio": "question_ratio_error",
    "question_count": "question_count_error",
    "median_response_latency_s": "latency_error_s",
    "interruption_count": "interruption_count_error",
    "backchannel_count": "backchannel_count_error",
}
_COUNTS = ("question_count", "interruption_count", "backchannel_count", "talk_ratio")
"""Figures of which somebody who was not found has none at all, which is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """Both sides of a call; `speakers` leads from reference speakers to those found."""

    truth: Figures
    found: Figures
    names: tuple[str, ...]
    speakers: Mapping[str, str]

    def pairs(self, metric: str) -> list[tuple[Figure, Figure]]:
        """A figure of every speaker on both sides, where both have it."""
        both = ((self.truth.get((name, metric)), self._found(name, metric)) for name in self.names)
        return [(true, found) for true, found in both if true and found]

    def _found(self, name: str, metric: str) -> Figure | None:
        if name not in self.speakers:
            return Figure(value=0.0) if metric in _COUNTS else None
        return self.found.get((self.speakers[name], metric))


def score_figures(
    reference: Reference,
    hypothesis: Hypothesis,
    *,
    speakers: Mapping[str, str],
    duration_ms: int,
    definitions: Definitions,
) -> Iterator[Observed]:
    """The errors of all figures that the reference can give."""
    derived = derive(
        words=reference.words or (),
        speech=reference.speech or (),
        duration_ms=duration_ms,
        definitions=definitions,
    )
    truth = _truth(reference, derived)
    call = _Call(truth=truth, found=hypothesis.figures, names=reference.speakers, speakers=speakers)
    yield from _speaker_errors(call)
    yield from _interval(call)
    yield from _call_figures(call)
    if reference.words is not None and reference.speech is not None:
        yield from _turns(derived.turns, hypothesis.turns, speakers=speakers)


def _truth(reference: Reference, derived: Derived) -> Figures:
    """The figures that the reference is good for: none of words without words, nor of speech."""
    good = {
        *(_OF_SPEECH if reference.speech is not None else ()),
        *(_OF_WORDS if reference.words is not None else ()),
        *(_OF_BOTH if reference.words is not None and reference.speech is not None else ()),
    }
    given = {key: Figure(value=value) for key, value in reference.figures.items()}
    return {key: one for key, one in derived.figures.items() if key[1] in good} | given


def _speaker_errors(call: _Call) -> Iterator[Observed]:
    """The error of the speaker with the largest one, for each figure that speakers have."""
    for metric, measure in _ERRORS.items():
        errors = [abs(found.value - true.value) for true, found in call.pairs(metric)]
        if errors:
            yield Observed(measure=measure, part=max(errors), whole=1)


def _interval(call: _Call) -> Iterator[Observed]:
    """Whether the 90 % interval of each speaker's talk ratio holds the truth, and its width."""
    found = [
        (true.value, found.low, found.high)
        for true, found in call.pairs("talk_ratio")
        if found.low is not None and found.high is not None
    ]
    if found:
        inside = all(low <= value <= high for value, low, high in found)
        widths = [high - low for _, low, high in found]
        yield Observed(measure="talk_ratio_covered", part=int(inside), whole=1)
        yield Observed(measure="talk_ratio_width", part=max(widths), whole=1)


def _call_figures(call: _Call) -> Iterator[Observed]:
    true, found = call.truth.get((None, "overlap_s")), call.found.get((None, "overlap_s"))
    if true and found:
        error_s = abs(found.value - true.value)
        yield Observed(measure="overlap_error_s", part=error_s, whole=1)
    wordless = call.found.get((None, "speech_without_words_s"))
    if wordless:
        yield Observed(measure="speech_without_words_s", part=wordless.value, whole=1)


def _turns(
    truth: tuple[Interval, ...], found: tuple[Interval, ...], *, speakers: Mapping[str, str]
) -> Iterator[Observed]:
    """How far the starts of turns are off, and how many turns begin where one was found to."""

    def apart_ms(one: Interval, other: Interval) -> float | None:
        distance_ms = abs(one.start_ms - other.start_ms)
        same = speakers.get(one.speaker) == other.speaker
        return distance_ms if same and distance_ms <= TURN_NEAR_MS else None

    pairs = match(truth, found, cost=apart_ms)
    distances_ms = [abs(truth[a].start_ms - found[b].start_ms) for a, b in pairs.items()]
    yield Observed(measure="turns_matched", part=len(pairs), whole=len(truth))
    if distances_ms:
        yield Observed(measure="turn_start_error_ms", part=median(distances_ms), whole=1)
