"""The top of the page: the call in five figures, what went best, and one thing to try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import figures, wording
from pipeline.stages.page.wording import NBSP

HEADLINES = (
    "talk_ratio",
    "question_ratio",
    "open_question_share",
    "median_response_latency_s",
    "empathy_share",
)
UNHEARD_HEADLINES = (
    "word_ratio",
    "question_ratio",
    "open_question_share",
    "reflection_to_question_ratio",
    "empathy_share",
)
"""Of a transcript, which has no times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One of the five figures: the main person's, with its interval, and the others' below it.

    `earlier` compares with the person's earlier calls, where there are any.
    """

    metric: str
    label: str
    text: str
    interval: str
    withheld: str
    earlier: str
    others: tuple[str, ...]


def headlines(report: Mapping[str, Any]) -> tuple[Headline, ...]:
    """The figures that open the report; none when nobody spoke."""
    everyone = wording.people(report)
    main = wording.main_person(everyone)
    if main is None:
        return ()
    place = everyone.index(main)
    rows = {row.metric: row for group in figures.row_groups(report) for row in group.rows}
    keys = HEADLINES if wording.is_heard(report) else UNHEARD_HEADLINES
    return tuple(
        Headline(
            metric=key,
            label=rows[key].label,
            text=rows[key].cells[place].text,
            interval=_interval(report["speakers"][place], key),
            withheld=rows[key].cells[place].withheld,
            earlier=_earlier(report, key, value=report["speakers"][place][key], person=main),
            others=tuple(
                f"{wording.isolated(person.name)}: {cell.text or 'withheld'}"
                for person, cell in zip(everyone, rows[key].cells, strict=True)
                if person != main
            )[:3],
        )
        for key in keys
    )


def _interval(speaker: Mapping[str, Any], key: str) -> str:
    """The 90 % interval in words; empty where there is none, or in reports before 1.4."""
    found = speaker.get("intervals", {}).get(key)
    return f"{_range(key, *found)}" if found and speaker[key] is not None else ""


def _range(key: str, low: float, high: float) -> str:
    """Two figures of a metric as a range in its unit."""
    if key in _SHARES:
        return wording.percent_range((low, high))
    unit = f"{NBSP}s" if key.endswith("_s") else ""
    return f"{wording.decimal(low)} to {wording.decimal(high)}{unit}"


_SHARES = frozenset(
    {"talk_ratio", "word_ratio", "question_ratio", "open_question_share", "empathy_share"}
)


def _earlier(
    report: Mapping[str, Any], key: str, *, value: float | None, person: wording.Person
) -> str:
    """How the figure stands to those of the person's earlier calls."""
    found = report.get("earlier", {}).get("figures", {}).get(key)
    if not found or value is None:
        return ""
    show = _shown(key)
    calls = wording.counted(found["count"], "earlier call")
    if found["count"] == 1:
        return f"{show(found['median'])} in {person.possessive} {calls.removeprefix('1 ')}"
    within = f"{show(found['median'])} in {calls}, {_range(key, found['low'], found['high'])}"
    if value > found["high"]:
        return f"{within}: now higher than in any"
    return f"{within}: now lower than in any" if value < found["low"] else within


def _shown(key: str) -> Callable[[float], str]:
    if key in _SHARES:
        return wording.percent
    return wording.seconds if key.endswith("_s") else wording.decimal
