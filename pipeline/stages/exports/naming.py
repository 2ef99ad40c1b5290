"""Names and texts made fit for formats in which a line or a blank ends a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HALVES = re.compile("[\ud800-\udfff]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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
