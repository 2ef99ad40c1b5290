"""What speakers are called in the report: corrected, given, by voice, by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.stages.report_names import named, voice_matches


def labels(*names: tuple[str, str], merges: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """A document of corrections as the report takes it."""
    return {"names": dict(names), "merges": list(merges), "entries": [], "ignored": 0}


def voices(*matches: tuple[str, str, float]) -> dict[str, Any]:
    """A document of voices as the report takes it."""
    rows = [
        {"speaker": who, "name": name, "similarity": like, "threshold": 0.5}
        for who, name, like in matches
    ]
    return {"matches": rows}


def called(*speakers: str, **given: Any) -> list[str]:
    """The names of the speakers."""
    settings = {"positional": (), "me": "", "labels": None, "voices": None} | given
    return [one.name for one in named(speakers, **settings)]


def mine(*speakers: str, **given: Any) -> list[str]:
    """The ids of who is me."""
    settings = {"positional": (), "labels": None, "voices": None} | given
    return [one.id for one in named(speakers, **settings) if one.is_me]


def test_the_first_name_there_is_counts() -> None:
    """Corrected before given before heard before numbered."""
    names = called(
        "S1", "S2", "S3", "S4",
        positional=("Ann", "Ben"),
        labels=labels(("S1", "Ana")),
        voices=voices(("S1", "Wrong", 0.9), ("S2", "Wrong too", 0.8), ("S3", "Cem", 0.7)),
    )  # fmt: skip
    assert names == ["Ana", "Ben", "Cem", "Speaker 4"]


def test_names_stay_with_their_speakers_when_the_order_changes() -> None:
    """After turn 0 moved, S2 speaks first: names given by first speech are still S1's and S2's."""
    assert called("S2", "S1", positional=("Ana", "Ben"), labels=labels()) == ["Ben", "Ana"]
    assert called("S2", "S1", labels=labels()) == ["Speaker 2", "Speaker 1"]


def test_a_voice_yields_to_a_name_that_somebody_has() -> None:
    """Where S1 was told to be Ana, S2 is not Ana by voice."""
    told = labels(("S1", "Ana"))
    assert called("S1", "S2", labels=told, voices=voices(("S2", "Ana", 0.9))) == [
        "Ana",
        "Speaker 2",
    ]


def test_a_merged_voice_names_who_it_became() -> None:
    """S3's voice is Ana's; with S3 being S1, S1 is Ana."""
    told = labels(merges=[("S3", "S1")])
    assert called("S1", "S2", labels=told, voices=voices(("S3", "Ana", 0.7))) == [
        "Ana",
        "Speaker 2",
    ]


@pytest.mark.parametrize(
    ("me", "told", "expected"),
    [
        ("Ana", labels(), ["S1"]),
        ("Ana", labels(("S1", "Ben"), ("S2", "Ana")), ["S2"]),
        ("Ana", labels(("S1", "Anna")), ["S1"]),
        ("S2", labels(("S2", "Ana")), ["S2"]),
        ("S3", labels(merges=[("S3", "S1")]), ["S1"]),
        ("", labels(("S1", "Ana")), []),
    ],
    ids=["as given", "exchanged", "spelt anew", "by id", "merged", "nobody"],
)
def test_me_is_found_after_corrections(me: str, told: dict[str, Any], expected: list[str]) -> None:
    """--names Ana,Ben: whom --me means, before and after corrections."""
    assert mine("S1", "S2", positional=("Ana", "Ben"), me=me, labels=told) == expected


def test_matches_say_whether_they_were_used() -> None:
    """Both matches are reported; only the one that named somebody is marked."""
    heard = voices(("S1", "Ana", 0.71), ("S2", "Ben", 0.6))
    speakers = named(["S1", "S2"], positional=(), me="", labels=labels(("S2", "Cem")), voices=heard)
    assert [(one["name"], one["used"]) for one in voice_matches(speakers, heard)] == [
        ("Ana", True),
        ("Ben", False),
    ]
