"""Who is who, and what is matched with what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pipeline.evaluation.spoken import Interval

if TYPE_CHECKING:
    from pyannote.core import Annotation

One = TypeVar("One")
Other = TypeVar("Other")
_NEVER = 1e9


def annotation(intervals: Iterable[Interval]) -> Annotation:
    """Intervals as pyannote's annotation, those of a speaker that touch made one."""
    from pyannote.core import Annotation, Segment

    found = Annotation()
    for number, one in enumerate(intervals):
        found[Segment(one.start_ms / 1000, one.end_ms / 1000), number] = one.speaker
    return found.support()


def map_speakers(
    reference: Sequence[Interval], hypothesis: Sequence[Interval]
) -> Mapping[str, str]:
    """From reference speakers to those found: one to one, so that most speech is shared.

    The optimal mapping of pyannote.metrics; who shares no speech with anybody is left out.
    """
    from pyannote.metrics.diarization import DiarizationErrorRate

    if not reference or not hypothesis:
        return {}
    mapping = DiarizationErrorRate().optimal_mapping(annotation(reference), annotation(hypothesis))
    return {truth: found for found, truth in mapping.items()}


def match(
    ones: Sequence[One], others: Sequence[Other], *, cost: Callable[[One, Other], float | None]
) -> dict[int, int]:
    """The one-to-one matching with most pairs, and of these the cheapest; None forbids a pair.

    From positions in `ones` to positions in `others`.
    """
    from scipy.optimize import linear_sum_assignment

    if not ones or not others:
        return {}
    table = [[_finite(cost(one, other)) for other in others] for one in ones]
    costs: np.ndarray[Any, np.dtype[np.float64]] = np.array(table)
    rows, columns = linear_sum_assignment(costs)
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if costs[row, column] < _NEVER
    }


def _finite(cost: float | None) -> float:
    return _NEVER if cost is None else cost
