"""Many calls as one figure: pooled or median, with a 90 % bootstrap interval over calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.evaluation.measures import BY_NAME, MEASURES, MEDIAN, RATIO, Measure, Observed

Floats = npt.NDArray[np.float64]

SEED = 20_260
RESAMPLES = 2000
QUANTILES = (0.05, 0.95)
EVERYTHING = "all"
MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScore:
    """What was measured in one call, by name of the measure; `seconds` are by stage."""

    id: str
    group: str
    duration_ms: int
    observed: tuple[Observed, ...]
    seconds: Mapping[str, float]

    def of(self, measure: str) -> Observed | None:
        """The observation of a measure, if the call has one."""
        return next((one for one in self.observed if one.measure == measure), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A measure over the calls that give it.

    `low` to `high` is the 90 % interval; None for a single call, or where samples of the calls
    hold nothing to count. `worst` is the value of the worst call and `worst_call` its id.
    """

    measure: Measure
    group: str
    value: float
    low: float | None
    high: float | None
    worst: float
    worst_call: str
    calls: int
    hours: float


def summarise(scores: Sequence[CallScore], *, part: str) -> tuple[Summary, ...]:
    """Each measure of a part over all calls, then over those of each group."""
    groups = list(dict.fromkeys(score.group for score in scores))
    chosen = {EVERYTHING: list(scores)}
    if len(groups) > 1:
        chosen |= {group: [one for one in scores if one.group == group] for group in groups}
    return tuple(
        summary
        for group, members in chosen.items()
        for summary in _summaries(members, group=group, part=part)
    )


def _summaries(scores: Iterable[CallScore], *, group: str, part: str) -> Iterator[Summary]:
    calls = list(scores)
    for measure in MEASURES:
        giving = [(call, call.of(measure.name)) for call in calls if measure.part == part]
        found = [(call, one) for call, one in giving if one is not None]
        if any(one.value is not None for _, one in found):
            yield _summary(measure, found, group=group)


def _summary(
    measure: Measure, found: Sequence[tuple[CallScore, Observed]], *, group: str
) -> Summary:
    own = [(one.value, call.id) for call, one in found if one.value is not None]
    worst, worst_call = (max if measure.low_is_good else min)(own)
    parts = np.array([one.part for _, one in found], dtype=np.float64)
    wholes = np.array([one.whole for _, one in found], dtype=np.float64)
    low, high = _interval(measure, parts, wholes)
    return Summary(
        measure=measure,
        group=group,
        value=float(_statistic(measure, parts[None], wholes[None])[0]),
        low=low,
        high=high,
        worst=worst,
        worst_call=worst_call,
        calls=len(found),
        hours=sum(call.duration_ms for call, _ in found) / MS_PER_HOUR,
    )


def _interval(measure: Measure, parts: Floats, wholes: Floats) -> tuple[float | None, float | None]:
    """The 90 % percentile interval of the statistic over calls drawn with replacement."""
    if len(parts) < 2:
        return None, None
    drawn = np.random.default_rng(SEED).integers(len(parts), size=(RESAMPLES, len(parts)))
    values = _statistic(measure, parts[drawn], wholes[drawn])
    if not np.isfinite(values).all():
        return None, None
    low, high = np.quantile(values, QUANTILES)
    return float(low), float(high)


def _statistic(measure: Measure, parts: Floats, wholes: Floats) -> Floats:
    """The measure of each sample; rows are samples, columns calls."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.kind == RATIO:
            ratio: Floats = parts.sum(axis=1) / wholes.sum(axis=1)
            return ratio
        values = parts / wholes
    found: Floats = np.median(values, axis=1) if measure.kind == MEDIAN else values.sum(axis=1)
    return found


def as_json(summary: Summary) -> dict[str, Any]:
    """A summary as plain data."""
    return {
        "measure": summary.measure.name,
        "group": summary.group,
        "unit": summary.measure.unit,
        "value": summary.value,
        "low": summary.low,
        "high": summary.high,
        "worst": summary.worst,
        "worst_call": summary.worst_call,
        "calls": summary.calls,
        "hours": round(summary.hours, 4),
    }


def score_as_json(score: CallScore) -> dict[str, Any]:
    """What one call gave, as plain data; parts and wholes, so that anybody can pool them."""
    return {
        "id": score.id,
        "group": score.group,
        "duration_s": score.duration_ms / 1000,
        "seconds": {stage: round(seconds, 3) for stage, seconds in score.seconds.items()},
        "scores": {
            one.measure: {"value": one.value, "part": one.part, "whole": one.whole}
            for one in score.observed
            if one.measure in BY_NAME
        },
    }
