"""Names and texts made fit for formats in which a line or a blank ends a field."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any

LABEL_CHARACTERS = 80
STEM_BYTES = 100

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HALVES = re.compile("[\ud800-\udfff]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NO_CHARACTERS = dict.fromkeys(map(ord, "\ufffe\uffff"), "\ufffd")
_ANALYSIS_WRITES = ("", "report", "transcript")


def names(report: Mapping[str, Any]) -> dict[str, str]:
    """Each speaker's id with the name to show, on one line."""
    return {one["id"]: one_line(one["name"]) or one["id"] for one in report["speakers"]}


def printable(text: str) -> str:
    """The text, character for character, without controls and halves of characters."""
    return _HALVES.sub("\ufffd", _CONTROLS.sub(" ", text))


def one_line(text: str) -> str:
    """The text on one line: blanks joined, direction marks removed."""
    return " ".join(_BIDI_CONTROLS.sub("", printable(text)).split())


def token(text: str) -> str:
    """The text as one field of a file whose fields are separated by blanks.

    `;` at the start would make the line a comment.
    """
    joined = "_".join(one_line(text).split())
    return re.sub("^;+", "_", joined) or "_"


def speaker_tokens(report: Mapping[str, Any]) -> dict[str, str]:
    """Each speaker's id with a token of their own, also where two have one name."""
    tokens: dict[str, str] = {}
    for speaker_id, name in names(report).items():
        plain = token(name)
        taken = plain in tokens.values()
        tokens[speaker_id] = f"{plain}_{token(speaker_id)}" if taken else plain
    return tokens


def plain_line(text: str) -> str:
    """The text on one line that XML can hold too: without the two characters that are none."""
    return one_line(text.translate(_NO_CHARACTERS))


def labels(report: Mapping[str, Any], *, speakers: Iterable[str]) -> dict[str, str]:
    """Each speaker's id with a short name that nobody else has, for what names must tell apart."""
    shown = names(report)
    found: dict[str, str] = {}
    for speaker in speakers:
        name = plain_line(shown.get(speaker, speaker))[:LABEL_CHARACTERS].strip() or "Speaker"
        found[speaker] = unlike(name, taken=found.values())
    return found


def unlike(name: str, *, taken: Collection[str]) -> str:
    """The name, with a number from 2 where it is taken, whatever the case of its letters."""
    folded = {other.casefold() for other in taken}
    others = (f"{name} ({number})" for number in count(2))
    return next(one for one in chain([name], others) if one.casefold() not in folded)


def file_stem(report: Mapping[str, Any]) -> str:
    """What files of a recording are called, from its name without the ending.

    Letters, digits, and `-._ ` between them: nothing that means something in a path or a shell
    stays, so no name leads out of the folder. Names of files that an analysis writes are avoided.
    """
    whole = re.split(r"[/\\]", plain_line(report["recording"]["name"]))[-1]
    letters = re.sub(r"[^\w.\- ]+", "_", PurePosixPath(whole).stem)
    short = letters.encode()[:STEM_BYTES].decode(errors="ignore").strip("-._ ")
    return "call" if short.casefold() in _ANALYSIS_WRITES else short
