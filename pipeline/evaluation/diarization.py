"""Who spoke when: DER and JER by pyannote.metrics, without a collar, overlaps included."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.evaluation.alignment import annotation
from pipeline.evaluation.hypothesis import Hypothesis
from pipeline.evaluation.measures import Observed
from pipeline.evaluation.reference import Reference
from pipeline.evaluation.spoken import speakers_of

_PARTS = {
    "der_missed": "missed detection",
    "der_false_alarm": "false alarm",
    "der_confusion": "confusion",
}


def score_diarization(
    reference: Reference, hypothesis: Hypothesis, *, duration_ms: int
) -> Iterator[Observed]:
    """The diarization error with its parts, JER, and whether the number of speakers is right."""
    if reference.speech is None:
        return
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

    truth, found = annotation(reference.speech), annotation(hypothesis.speech)
    whole = Timeline([Segment(0, duration_ms / 1000)])
    der = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    parts = der(truth, found, uem=whole, detailed=True)
    wrong_s = sum(parts[part] for part in _PARTS.values())
    yield Observed(measure="der", part=wrong_s, whole=parts["total"])
    for measure, part in _PARTS.items():
        yield Observed(measure=measure, part=parts[part], whole=parts["total"])
    jer = JaccardErrorRate()(truth, found, uem=whole, detailed=True)
    yield Observed(measure="jer", part=jer["speaker error"], whole=jer["speaker count"])
    right = len(speakers_of(reference.speech)) == len(speakers_of(hypothesis.speech))
    yield Observed(measure="speakers_right", part=int(right), whole=1)
