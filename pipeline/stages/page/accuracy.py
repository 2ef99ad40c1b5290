"""How often tags are right, in words: beside each tactic, and what is not shown for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.stages.page import wording

_HUNDRED = 100
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """A tactic's precision: a few words for the table, and the whole of it for the tooltip."""

    short: str
    long: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A tactic that was found and is not shown."""

    name: str
    count: str
    accuracy: Accuracy


def accuracies(report: Mapping[str, Any]) -> dict[str, Accuracy]:
    """The precision of each tactic of the report; of none in reports before 1.3."""
    return {
        entry["tactic"]: accuracy(entry) for entry in report["codebook"] if "precision" in entry
    }


def hidden(report: Mapping[str, Any]) -> tuple[Hidden, ...]:
    """The tactics whose tags are not shown; none in reports before 1.3."""
    return tuple(
        Hidden(
            name=wording.capitalised(wording.name_of(entry["name"])),
            count=wording.counted(entry["tag_count"], "tag"),
            accuracy=accuracy(entry),
        )
        for entry in report.get("hidden_tactics", ())
    )


def accuracy(entry: Mapping[str, Any]) -> Accuracy:
    """In words what an entry says of a tactic's precision."""
    if entry["precision"] is None:
        return Accuracy(
            short=NOT_MEASURED,
            long="How often these tags are right was not measured: no test data judges them.",
        )
    right, low, high = (
        _of_100(entry[key]) for key in ("precision", "precision_low", "precision_high")
    )
    return Accuracy(
        short=_short(entry["precision"], entry["support"]),
        long=f"Right {right} of 100 times (90{wording.NBSP}% interval {low} to {high}), "
        f"on {wording.counted(entry['support'], 'find')} in test data.",
    )


def _short(precision: float, support: int) -> str:
    """The finds themselves where they are few: "10 of 10" does not claim what "100 of 100" does."""
    if support < _HUNDRED:
        return f"{round(precision * support)} of {support} right"
    return f"{_of_100(precision)} of 100 right"


def _of_100(share: float) -> int:
    """A share in a hundred; what is not nothing or all is never shown so."""
    return round(100 * share) if share in (0, 1) else min(max(round(100 * share), 1), 99)
