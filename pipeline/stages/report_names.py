"""What the report calls each speaker: corrected, given, recognised by voice, or by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NUMBERED = "Speaker "


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A speaker with the name to show; `by_voice` where the name comes from an enrolled voice."""

    id: str
    name: str
    is_me: bool
    by_voice: bool = False


def named(
    speakers: Sequence[str],
    *,
    positional: Sequence[str],
    me: str,
    labels: Mapping[str, Any] | None,
    voices: Mapping[str, Any] | None,
) -> list[Named]:
    """The speakers with their names, the first that there is of each.

    A corrected name, one given in order of first speech, one of an enrolled voice, "Speaker 1".
    A voice's name is not used where somebody else has it already. `me` is an id or a name; a name
    is that of whoever has it after the corrections, and if nobody does, of who had it before.
    """
    corrected: Mapping[str, str] = labels["names"] if labels else {}
    members = _members(speakers, labels)
    places = {speaker: _place(speaker, number) for number, speaker in enumerate(speakers)}
    given = {
        speaker: corrected.get(speaker) or _at(positional, place)
        for speaker, place in places.items()
    }
    mine = _mine(me, members=members, given=given, positional=positional)
    heard = _by_voice(members, taken=set(given.values()), voices=voices, given=given)
    return [
        Named(
            id=speaker,
            name=given[speaker] or heard.get(speaker) or f"{_NUMBERED}{places[speaker] + 1}",
            is_me=speaker == mine,
            by_voice=speaker in heard,
        )
        for speaker in speakers
    ]


def main_of(named_speakers: Sequence[Named]) -> Named | None:
    """Whom the report is for: who is marked as me, else who spoke first."""
    return next((one for one in named_speakers if one.is_me), next(iter(named_speakers), None))


def is_numbered(name: str) -> bool:
    """Whether a name is only a number, which says nothing of who that is in another call."""
    return name.startswith(_NUMBERED) and name.removeprefix(_NUMBERED).isdecimal()


def _members(
    speakers: Sequence[str], labels: Mapping[str, Any] | None
) -> dict[str, tuple[str, ...]]:
    """Each speaker with the voices that were merged into them, themselves first."""
    merges = labels["merges"] if labels else []
    return {
        speaker: (speaker, *(of for of, into in merges if into == speaker)) for speaker in speakers
    }


def _place(speaker: str, number: int) -> int:
    """The place of a speaker by first speech before any correction, from 0: S1 is the first."""
    return int(speaker[1:]) - 1 if speaker[:1] == "S" and speaker[1:].isdecimal() else number


def _at(positional: Sequence[str], place: int) -> str:
    return positional[place] if 0 <= place < len(positional) else ""


def _by_voice(
    members: Mapping[str, Sequence[str]],
    *,
    taken: set[str],
    voices: Mapping[str, Any] | None,
    given: Mapping[str, str],
) -> dict[str, str]:
    """The names of enrolled voices, of those who have no other; the most alike goes first."""
    matches = sorted(voices["matches"] if voices else [], key=lambda match: -match["similarity"])
    heard: dict[str, str] = {}
    for match in matches:
        own = next((who for who, all_ in members.items() if match["speaker"] in all_), None)
        free = own is not None and not given[own] and own not in heard
        if own is not None and free and match["name"] not in taken:
            heard[own] = match["name"]
            taken = {*taken, match["name"]}
    return heard


def _mine(
    me: str,
    *,
    members: Mapping[str, Sequence[str]],
    given: Mapping[str, str],
    positional: Sequence[str],
) -> str | None:
    """The speaker that `me` means, or None."""
    if not me:
        return None
    by_id = (who for who, all_ in members.items() if me in all_)
    by_name = (who for who in members if given[who] == me)
    before = (
        who
        for who, all_ in members.items()
        if me in {_at(positional, _place(one, -1)) for one in all_}
    )
    return next((who for found in (by_id, by_name, before) for who in found), None)


def voice_matches(
    named_speakers: Sequence[Named], voices: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The matches of enrolled voices, each with whether the report uses its name."""
    used = {one.name for one in named_speakers if one.by_voice}
    return [
        {
            "speaker": match["speaker"],
            "name": match["name"],
            "similarity": match["similarity"],
            "threshold": match["threshold"],
            "used": match["name"] in used,
        }
        for match in voices["matches"]
    ]
