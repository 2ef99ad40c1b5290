"""The figures by speaker: one row a metric, with a plain sentence about the main person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording
from pipeline.stages.page.readings import GROUPS, Metric, Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One speaker's figure: the text to show, or why it is withheld. `detail` stands below."""

    text: str
    detail: str = ""
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One metric for all speakers. `note` is a caution such as “lower bound”."""

    metric: str
    label: str
    note: str
    reading: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


def row_groups(report: Mapping[str, Any]) -> tuple[RowGroup, ...]:
    """Every metric of every speaker, grouped. Nothing when nobody spoke."""
    if not report["speakers"]:
        return ()
    return tuple(
        RowGroup(title=title, rows=tuple(_row(metric, report=report) for metric in metrics))
        for title, metrics in GROUPS
    )


def row(report: Mapping[str, Any], key: str) -> Row:
    """One metric for all speakers."""
    metric = next(one for _, metrics in GROUPS for one in metrics if one.key == key)
    return _row(metric, report=report)


def reading(report: Mapping[str, Any], key: str) -> str:
    """The sentence of one metric about the main person; says so when it is withheld."""
    metric = next(one for _, metrics in GROUPS for one in metrics if one.key == key)
    main = wording.main_person(wording.people(report))
    if main is None:
        return "Nobody spoke."
    speaker = next(one for one in report["speakers"] if one["id"] == main.id)
    if value_of(speaker, key=key) is None:
        return f"Withheld: {withheld_reason(report, scope=main.id, metric=key)}."
    return wording.capitalised(metric.read(main, speaker))


def value_of(speaker: Speaker, *, key: str) -> Any:
    """A speaker's figure, looked up where the contract keeps it; None when withheld."""
    family = key.removesuffix("_rate")
    return speaker["rates"][family] if family in speaker["rates"] else speaker[key]


def withheld_reason(report: Mapping[str, Any], *, scope: str, metric: str) -> str:
    """Why a figure is missing: the speaker's own reason, else the call's."""
    reasons = {
        (one["scope"], one["metric"]): one["reason"] for one in report["quality"]["withheld"]
    }
    found = reasons.get((scope, metric)) or reasons.get(("call", metric))
    return wording.tidy(found).rstrip(".") if found else "not enough to measure"


def _row(metric: Metric, *, report: Mapping[str, Any]) -> Row:
    """One metric across the speakers."""
    main = wording.main_person(wording.people(report))
    withheld = main is None or _is_withheld(report, metric=metric, speaker_id=main.id)
    notes = {one["metric"]: one["note"] for one in report["definitions"]}
    return Row(
        metric=metric.key,
        label=metric.label,
        note=wording.tidy(notes.get(metric.key, "")),
        reading="" if withheld else reading(report, metric.key),
        cells=tuple(_cell(metric, speaker=one, report=report) for one in report["speakers"]),
    )


def _is_withheld(report: Mapping[str, Any], *, metric: Metric, speaker_id: str) -> bool:
    speaker = next(one for one in report["speakers"] if one["id"] == speaker_id)
    return value_of(speaker, key=metric.key) is None


def _cell(metric: Metric, *, speaker: Speaker, report: Mapping[str, Any]) -> Cell:
    """One figure, or the reason that it is withheld; never a zero in its place."""
    value = value_of(speaker, key=metric.key)
    if value is None:
        reason = withheld_reason(report, scope=speaker["id"], metric=metric.key)
        return Cell(text="", withheld=reason)
    return Cell(text=metric.show(value), detail=metric.detail(speaker))


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldGroup:
    """Metrics that are missing for one reason, with whose they are."""

    whose: str
    metrics: tuple[str, ...]
    reason: str


def withheld_groups(report: Mapping[str, Any]) -> tuple[WithheldGroup, ...]:
    """What quality.withheld lists, put together by speaker and reason; by reason where all lack
    the same.
    """
    names = {person.id: person.name for person in wording.people(report)}
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in report["quality"]["withheld"]:
        key = (one["scope"], wording.tidy(one["reason"]).rstrip("."))
        grouped.setdefault(key, []).append(label_of(one["metric"]))
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (scope, reason), metrics in grouped.items():
        alike.setdefault((reason, tuple(metrics)), []).append(names.get(scope, "Whole call"))
    return tuple(
        WithheldGroup(whose=whose, metrics=metrics, reason=reason)
        for (reason, metrics), owners in alike.items()
        for whose in (["Everybody"] if 1 < len(owners) == len(names) else owners)
    )


def label_of(metric: str) -> str:
    """What the page calls a metric."""
    known = {one.key: one.label for _, metrics in GROUPS for one in metrics} | TOTAL_LABELS
    return known.get(metric) or wording.capitalised(wording.tidy(metric).replace("_", " "))


TOTAL_LABELS = {
    "speech_s": "Speech",
    "silence_s": "Silence",
    "longest_silence_s": "Longest silence",
    "overlap_s": "Both at once",
    "turn_count": "Turns",
    "switches_per_hour": "Speaker changes per hour",
}


def totals(report: Mapping[str, Any]) -> tuple[tuple[str, Cell], ...]:
    """The figures of the whole call."""
    shown: dict[str, Callable[[Any], str]] = {
        "turn_count": str,
        "switches_per_hour": lambda rate: str(round(rate)),
    }
    return tuple(
        (label, _total_cell(report, key=key, show=shown.get(key, wording.duration)))
        for key, label in TOTAL_LABELS.items()
    )


def _total_cell(report: Mapping[str, Any], *, key: str, show: Callable[[Any], str]) -> Cell:
    value = report["totals"][key]
    if value is None:
        return Cell(text="", withheld=withheld_reason(report, scope="call", metric=key))
    return Cell(text=show(value))


def call_reading(report: Mapping[str, Any]) -> str:
    """The sentence beside the timeline; leaves out what is withheld."""
    changes, longest = (report["totals"][key] for key in ("switches_per_hour", "longest_silence_s"))
    parts = [
        f"The floor changed hands {round(changes)} times an hour" if changes is not None else "",
        f"the longest silence lasted {wording.seconds(longest)}" if longest is not None else "",
    ]
    said = "; ".join(part for part in parts if part)
    return f"{wording.capitalised(said)}." if said else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a figure means; `note` is a caution."""

    label: str
    definition: str
    note: str


def definitions(report: Mapping[str, Any]) -> tuple[Definition, ...]:
    """The report's definitions, under the names that the page uses."""
    return tuple(
        Definition(label=label_of(one["metric"]), definition=one["definition"], note=one["note"])
        for one in report["definitions"]
    )
