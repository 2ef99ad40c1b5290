"""One call: everything that its reference allows to measure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pipeline.errors import ConfigError
from pipeline.evaluation.alignment import map_speakers
from pipeline.evaluation.derived import Definitions
from pipeline.evaluation.diarization import score_diarization
from pipeline.evaluation.figures import score_figures
from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.measures import DIARIZATION, METRICS, TRANSCRIPT, Observed
from pipeline.evaluation.recall import (
    score_amounts,
    score_fillers,
    score_replies,
    score_unheard,
)
from pipeline.evaluation.reference import Reference
from pipeline.evaluation.spoken import Interval, Said, last_ms
from pipeline.evaluation.transcript import score_words

TOOLS = {
    TRANSCRIPT: ("meeteval", "jiwer", "whisper_normalizer", "pyannote.metrics"),
    DIARIZATION: ("pyannote.metrics",),
    METRICS: ("pyannote.metrics",),
}
"""The libraries that each part counts with, by their names in imports."""


def need_tools(parts: Collection[str]) -> None:
    """See that the libraries are here. Raises ConfigError, saying how to install them."""
    from importlib.util import find_spec

    missing = [tool for part in parts for tool in TOOLS[part] if find_spec(tool) is None]
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise ConfigError(f"scoring needs {names}; install with: pip install 'parley[eval]'")


def score(
    reference: Reference,
    hypothesis: Hypothesis,
    *,
    parts: Collection[str],
    definitions: Definitions,
) -> tuple[Observed, ...]:
    """The observations of a call, of the parts asked for."""
    return tuple(_score(reference, hypothesis, parts=parts, definitions=definitions))


def duration_of(reference: Reference, hypothesis: Hypothesis) -> int:
    """How long the call is, in milliseconds: the reference knows, else the recording does."""
    last = last_ms(reference.words or (), reference.speech or ())
    return reference.duration_ms or max(hypothesis.duration_ms, last)


def _score(
    reference: Reference,
    hypothesis: Hypothesis,
    *,
    parts: Collection[str],
    definitions: Definitions,
) -> Iterator[Observed]:
    truth = reference.speech if reference.speech is not None else _spans(reference.words or ())
    speakers = map_speakers(truth, hypothesis.speech or _spans(hypothesis.words))
    duration_ms = duration_of(reference, hypothesis)
    if TRANSCRIPT in parts:
        yield from score_words(reference, hypothesis)
        yield from score_amounts(reference, hypothesis, speakers=speakers)
        yield from score_replies(reference, hypothesis, speakers=speakers)
        yield from score_fillers(reference, hypothesis)
        yield from score_unheard(reference, hypothesis)
    if DIARIZATION in parts:
        yield from score_diarization(reference, hypothesis, duration_ms=duration_ms)
    if METRICS in parts:
        yield from score_figures(
            reference,
            hypothesis,
            speakers=speakers,
            duration_ms=duration_ms,
            definitions=definitions,
        )


def _spans(words: Sequence[Said]) -> list[Interval]:
    """The words' own times, where there is no speech map."""
    return [
        Interval(speaker=word.speaker, start_ms=word.start_ms, end_ms=word.end_ms)
        for word in words
        if word.start_ms < word.end_ms
    ]
