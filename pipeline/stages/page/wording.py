"""How the page says things: names, times, shares and plurals, in plain English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NBSP = "\u00a0"
NAME_LENGTH = 48
LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "tr": "Turkish",
    "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A speaker as the page names them."""

    id: str
    name: str
    is_me: bool

    @property
    def subject(self) -> str:
        """Who did it, at the start of a sentence."""
        return "You" if self.is_me else isolated(self.name)

    @property
    def possessive(self) -> str:
        """Whose it was, inside a sentence."""
        return "your" if self.is_me else f"{isolated(self.name)}’s"


def people(report: Mapping[str, Any]) -> tuple[Person, ...]:
    """The speakers of a report, in its order."""
    return tuple(
        Person(id=one["id"], name=name_of(one["name"]), is_me=one["is_me"])
        for one in report["speakers"]
    )


def is_heard(report: Mapping[str, Any]) -> bool:
    """Whether the report is of a recording; if not, of a transcript that somebody brought."""
    return report.get("transcript") is None


def main_person(everyone: Sequence[Person]) -> Person | None:
    """Whom the sentences are about: the reader where known, else who spoke first."""
    return next((one for one in everyone if one.is_me), everyone[0] if everyone else None)


def plain(text: str) -> str:
    """The text with what no document may hold replaced, character by character.

    Offsets into the text stay right: every character becomes exactly one.
    """
    return _NO_CHARACTER.sub("\ufffd", _CONTROLS.sub(" ", text))


def name_of(text: str) -> str:
    """A name fit for one line: blanks joined, direction marks removed, cut when very long."""
    name = " ".join(tidy(text).split()) or "unnamed"
    return shortened(name, length=NAME_LENGTH)


def tidy(text: str) -> str:
    """A sentence fit to stand inside another: plain, without direction marks."""
    return _BIDI_CONTROLS.sub("", plain(text))


def shortened(text: str, *, length: int) -> str:
    """The text, or its beginning and an ellipsis where it is longer than `length`."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def isolated(text: str) -> str:
    """The text between direction isolates: a right-to-left name leaves the sentence alone."""
    return f"\u2068{text}\u2069"


def capitalised(sentence: str) -> str:
    """The sentence with a capital first letter, the rest unchanged."""
    return sentence[:1].upper() + sentence[1:]


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss from an hour on; cut, not rounded, as a player shows it."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def place(turn: int, start_s: float | None) -> str:
    """Where something is said: the time, or where there is none the number of its turn."""
    return f"turn {turn}" if start_s is None else clock(start_s)


def percent(share: float) -> str:
    """A share as a whole percentage; what is not nothing or all is never shown so."""
    if 0 < share < 0.005:
        return f"under 1{NBSP}%"
    if 0.995 <= share < 1:
        return f"over 99{NBSP}%"
    return f"{round(share * 100)}{NBSP}%"


def percent_range(interval: Sequence[float] | None) -> str:
    """An interval of shares, `58–66 %`; empty where there is none."""
    if interval is None:
        return ""
    low, high = (round(bound * 100) for bound in interval)
    return f"{low}–{high}{NBSP}%"


def decimal(number: float) -> str:
    """One digit after the point, with a true minus sign."""
    return f"{number:.1f}".replace("-0.0", "0.0").replace("-", "−")


def seconds(number: float) -> str:
    """Seconds with one digit and the unit."""
    return f"{decimal(number)}{NBSP}s"


def duration(number: float) -> str:
    """Seconds to the tenth under a minute, a clock from there on."""
    return seconds(number) if number < 60 else clock(number)


def counted(number: int, noun: str) -> str:
    """`1 question`, `3 questions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def language_name(code: str | None) -> str:
    """The English name of a language code, or the code itself."""
    return "no speech recognised" if code is None else LANGUAGES.get(code, plain(code))
