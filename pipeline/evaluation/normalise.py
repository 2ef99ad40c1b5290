"""Texts as scorers compare them: Whisper's English normaliser, and numbers by value."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whisper_normalizer.english import EnglishTextNormalizer

_TIMES = {
    **dict.fromkeys(("k", "thousand", "grand"), 1e3),
    **dict.fromkeys(("m", "million"), 1e6),
    **dict.fromkeys(("bn", "billion"), 1e9),
}
_NUMBER = re.compile(
    r"(?<![\w.])[$£€]?(\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:st|nd|rd|th)?\s?(k|thousand|grand|m|million|bn|billion)?\b"
)
_LONE_ONE = re.compile(r"\bone\b")  # which the normaliser leaves, since it is a pronoun too
_LOOSE_SUFFIX = re.compile(r"(\d)\s?([kK])\b")


@cache
def _normaliser() -> EnglishTextNormalizer:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()


def normalised(text: str) -> str:
    """A text without case, punctuation and fillers, numbers as digits, spellings made one."""
    return " ".join(_normaliser()(text).split())


def values(text: str) -> tuple[float, ...]:
    """The numbers of a text by value, in order: "$105k" and "one hundred five thousand" agree."""
    plain = _LONE_ONE.sub("1", _normaliser()(_LOOSE_SUFFIX.sub(r"\1 thousand", text)))
    return tuple(
        round(float(digits.replace(",", "")) * _TIMES.get(times, 1.0), 6)
        for digits, times in _NUMBER.findall(plain)
    )
