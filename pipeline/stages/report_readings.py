"""The readings of a profile that apply to a call: each figure and tactic as its sources take it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from pipeline.stages.report_figures import Figures
from pipeline.tactics.profiles import FIGURE, METRICS, Profile, Reading

_SHARES = frozenset(
    ("talk_ratio", "word_ratio", "question_ratio", "open_question_share", "empathy_share")
)


def profile_document(profile: Profile, *, culture: str, role: str) -> dict[str, Any]:
    """What readings and moments are made for."""
    return {
        "profile": profile.id,
        "culture": culture,
        "role": None if role == "none" else role,
        "name": profile.name,
        "description": profile.description,
    }


def users_of(tactics: pl.DataFrame, turns: pl.DataFrame) -> dict[str, set[str]]:
    """Who used each tactic of TACTICS."""
    used: dict[str, set[str]] = {}
    pairs = tactics.join(turns.select("turn", "speaker"), on="turn").select("tactic", "speaker")
    for tactic, speaker in pairs.iter_rows():
        used.setdefault(tactic, set()).add(speaker)
    return used


def readings_document(
    profile: Profile,
    *,
    figures: Figures,
    speaker: str | None,
    tactics: Mapping[str, Collection[str]],
) -> list[dict[str, Any]]:
    """The readings of `speaker`'s figures, and of the tactics that occur.

    `tactics` has the speakers of each. A metric that is withheld has none. A reading of a tactic
    that holds for one role holds where that speaker used it.
    """
    values = {metric: figures.value(metric, speaker=speaker) for metric in METRICS if speaker}
    return [
        _document(reading, value=values.get(reading.id), speaker=speaker)
        for reading in profile.readings
        if _applies(reading, value=values.get(reading.id), speaker=speaker, tactics=tactics)
    ]


def _applies(
    reading: Reading,
    *,
    value: float | None,
    speaker: str | None,
    tactics: Mapping[str, Collection[str]],
) -> bool:
    if reading.about == "metric":
        return reading.holds(value)
    users = tactics.get(reading.id, ())
    return speaker in users if reading.role else bool(users)


def _document(reading: Reading, *, value: float | None, speaker: str | None) -> dict[str, Any]:
    is_own = reading.about == "metric" or bool(reading.role)
    return {
        "about": reading.about,
        "id": reading.id,
        "speaker": speaker if is_own else None,
        "lens": reading.lens,
        "stance": reading.stance,
        "text": reading.text.replace(FIGURE, _figure(reading.id, value)),
        "source": reading.source,
        "setting": reading.setting,
    }


def _figure(metric: str, value: float | None) -> str:
    """A metric's value in words: 43 %, 0.7 s, 5."""
    if value is None:
        return ""
    if metric in _SHARES:
        return f"{value:.0%}".replace("%", " %")
    if metric.endswith("_s"):
        return f"{value:.1f} s"
    return f"{value:.0f}" if metric.endswith("_count") else f"{value:.1f}"
