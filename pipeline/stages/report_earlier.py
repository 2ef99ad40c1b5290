"""This call beside earlier calls of the same person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from pipeline.stages.report_figures import rounded
from pipeline.stages.report_names import Named, is_numbered, main_of

COMPARED = (
    "talk_ratio",
    "question_ratio",
    "open_question_share",
    "median_response_latency_s",
    "empathy_share",
    "reflection_to_question_ratio",
    "longest_monologue_s",
    "questions_per_hour",
)
"""The figures of a speaker that mean the same in calls of any length."""
_UNKNOWN = (
    "The earlier call {call} is not compared with: nobody in it is known to be {name}. Analyse "
    "it again with --names and --me."
)


def compared(
    earlier: Mapping[str, Any], named: Sequence[Named]
) -> tuple[dict[str, Any] | None, list[str]]:
    """The document `earlier` of the person the report is for, and warnings of calls left out.

    `earlier` holds `calls`, each with its `name` and `speakers`, who have `name`, `is_me` and
    `figures`. None where no call is left, or nobody speaks in this one.
    """
    main = main_of(named)
    if main is None:
        return None, []
    found = [(call, _person(call["speakers"], main)) for call in earlier["calls"]]
    own = [figures for _, figures in found if figures is not None]
    unknown = [
        _UNKNOWN.format(call=call["name"], name=main.name)
        for call, figures in found
        if figures is None
    ]
    document = {"call_count": len(own), "figures": _figures(own)} if own else None
    return document, unknown


def _person(speakers: Iterable[Mapping[str, Any]], main: Named) -> Mapping[str, float] | None:
    """The figures of the same person: who is marked as me in both, else who has the same name.

    A name such as "Speaker 1" is nobody's.
    """
    people = list(speakers)
    me = [one for one in people if one["is_me"] and main.is_me]
    namesakes = [one for one in people if one["name"] == main.name and not is_numbered(main.name)]
    same = next(iter([*me, *namesakes]), None)
    return same["figures"] if same else None


def _figures(calls: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """By metric what it was in the calls that have it."""
    values = {metric: [call[metric] for call in calls if metric in call] for metric in COMPARED}
    return {
        metric: {
            "count": len(known),
            "median": rounded(median(known)),
            "low": rounded(min(known)),
            "high": rounded(max(known)),
        }
        for metric, known in values.items()
        if known
    }
