"""How named sources read a figure or a tactic; side by side where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording

STANCES = {"strength": "in its favour", "risk": "against it", "neutral": "it depends"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a source says of something; `setting` is where it was measured, or empty."""

    lens: str
    stance: str
    verdict: str
    text: str
    source: str
    setting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """A tactic with what is said of it."""

    tactic: str
    readings: tuple[Reading, ...]


def of_metrics(report: Mapping[str, Any], *metrics: str) -> tuple[Reading, ...]:
    """The readings of those figures for the main person; none in reports before 1.4."""
    main = wording.main_person(wording.people(report))
    ours = (None, main.id if main else None)
    return tuple(
        _reading(one)
        for one in report.get("readings", ())
        if one["about"] == "metric" and one["id"] in metrics and one["speaker"] in ours
    )


def disagreements(report: Mapping[str, Any]) -> tuple[Views, ...]:
    """The tactics of this call that sources take differently; first those that one warns of."""
    found = [one for one in _by_tactic(report) if _differ(one.readings)]
    return tuple(sorted(found, key=lambda one: all(view.stance != "risk" for view in one.readings)))


def agreements(report: Mapping[str, Any]) -> tuple[Views, ...]:
    """The tactics of this call on which there is one view."""
    return tuple(one for one in _by_tactic(report) if not _differ(one.readings))


def _by_tactic(report: Mapping[str, Any]) -> tuple[Views, ...]:
    """The readings by tactic, of those that the report lists."""
    shown = {tag["tactic"] for tag in report["tactics"]}
    found: dict[str, list[Reading]] = {}
    for one in report.get("readings", ()):
        if one["about"] == "tactic" and one["id"] in shown:
            found.setdefault(one["id"], []).append(_reading(one))
    return tuple(
        Views(tactic=tactic, readings=tuple(dict.fromkeys(readings)))
        for tactic, readings in found.items()
    )


def _differ(readings: Sequence[Reading]) -> bool:
    return len({one.stance for one in readings}) > 1


def _reading(one: Mapping[str, Any]) -> Reading:
    return Reading(
        lens=wording.tidy(one["lens"]),
        stance=one["stance"],
        verdict=STANCES[one["stance"]],
        text=wording.tidy(one["text"]),
        source=wording.tidy(one["source"]).rstrip("."),
        setting=wording.tidy(one["setting"]),
    )
