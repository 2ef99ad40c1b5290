"""Numbers in a line of tokens, written or spoken, with the tokens that carry them.

Standard number words are text2num's work. Ours is what people say about money and it leaves
apart: "one twenty" for 120, "one oh five", "ninety two and a half", "a couple of", "mid nineties".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from text_to_num import find_numbers

from pipeline.tactics.text import MARKS, Span
from pipeline.tactics.wording import word_set

LARGEST = 1e15
"""Whatever is larger is no amount of anything that people negotiate."""

_DIGITS = re.compile(
    r"(?P<before>[$€£])?(?P<digits>(?!0\d)\d[\d,]*(?:\.\d+)?)(?P<scale>k|mm?)?(?P<after>[%$€£])?$"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_LONGEST_BARE = 9
_SCALES = {
    "k": 1e3,
    "m": 1e6,
    "mm": 1e6,
    "dozen": 12.0,
    "hundred": 1e2,
    "thousand": 1e3,
    "grand": 1e3,
    "million": 1e6,
    "mil": 1e6,
    "billion": 1e9,
}
_WITH_ARTICLE = word_set("dozen couple hundred thousand million billion half")
_VAGUE = word_set("few several many")
_ORDINAL_ENDS = word_set("st nd rd th")
_PENSION_PLAN = frozenset(("401k", ("401", "k"), "403b", ("403", "b")))
_FRACTIONS = {"and a half": 0.5, "and a quarter": 0.25}
_DECADES = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50}
_DECADES |= {"sixties": 60, "seventies": 70, "eighties": 80, "nineties": 90}
_WITHIN_TEN = {"low": 2, "early": 2, "mid": 5, "high": 8, "upper": 8, "late": 8}
_STANDING_FOR_NUMBERS = frozenset(("couple", "dozen", "half", *_WITHIN_TEN))
_OH = frozenset(("oh", "o"))

_DETERMINERS = word_set(
    "no any every some this that which the each a an another my your his her our their"
)
_PHRASE_BREAKS = MARKS | word_set("and or but plus with to for of at is are want need take give")
_AFTER_PRONOUN = word_set("of that who is was more another can could should would might must has")
_COUNTED_BY_ONE = word_set("day week month year hour percent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number and the tokens that say it.

    `mark` is the sign written at it ($, €, £, %), or empty; `scaled` says that thousands or
    millions were named, so that nothing is left to guess; `spoken` that it came as words.
    """

    span: Span
    value: float
    mark: str = ""
    scaled: bool = False
    spoken: bool = False


def read_numbers(tokens: Sequence[str]) -> list[Number]:
    """The numbers of a line of clean tokens, in order, none sharing a token with another."""
    parts = [*_written(tokens), *_spoken(tokens), *_worded(tokens)]
    if not parts:
        return []
    with_fractions = (_with_fraction(part, tokens) for part in sorted(parts, key=_first))
    found: list[Number] = []
    for part in _joined(with_fractions, tokens):
        number = _with_article(_with_scale(part, tokens), tokens)
        if not found or found[-1].span.last < number.span.first:
            found.append(number)
    return [one for one in found if one.value <= LARGEST and not _is_vague(one, tokens)]


def _first(number: Number) -> int:
    return number.span.first


def _at(tokens: Sequence[str], index: int) -> str:
    """The token at a place; empty where there is none."""
    return tokens[index] if 0 <= index < len(tokens) else ""


# --- parts: digits, number words, and words that stand for numbers


def _written(tokens: Sequence[str]) -> Iterator[Number]:
    for index, token in enumerate(tokens):
        match = _DIGITS.match(token) if token[0] in "$€£" or token[0].isdecimal() else None
        value = _digits_value(match) if match else None
        if match is None or value is None:
            continue
        following = _at(tokens, index + 1)
        if following in _ORDINAL_ENDS or following == "s":
            continue
        if (token, following) in _PENSION_PLAN or token in _PENSION_PLAN:
            continue
        scale = _SCALES.get(match["scale"] or "", 1.0)
        yield Number(
            span=Span(first=index, last=index),
            value=value * scale,
            mark=match["before"] or match["after"] or "",
            scaled=scale > 1 or "," in match["digits"],
        )


def _digits_value(match: re.Match[str]) -> float | None:
    """The value of written digits; None for a telephone number, or commas that group nothing."""
    digits = match["digits"]
    if "," in digits:
        return float(digits.replace(",", "")) if _GROUPED.match(digits) else None
    is_marked = match["before"] or match["after"]
    longest = 2 * _LONGEST_BARE if is_marked else _LONGEST_BARE
    return float(digits) if len(digits.partition(".")[0]) <= longest else None


class _Word:
    """A token as text2num asks for it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def nt_separated(self, previous: _Word) -> bool:  # noqa: ARG002 - text2num passes it
        return False

    def not_a_number_part(self) -> bool:
        return self._text[0].isdigit()


@lru_cache(maxsize=65_536)
def _is_number_word(token: str) -> bool:
    """Whether a token says a number by itself. What says one with others begins with such."""
    return bool(find_numbers([_Word(token)], "en", threshold=0.0))


def _spoken(tokens: Sequence[str]) -> Iterator[Number]:
    if not any(map(_is_number_word, tokens)):
        return
    places = find_numbers([_Word(token) for token in tokens], "en", threshold=0.0)
    starts = {place.start for place in places if not place.is_ordinal}
    for place in places:
        is_pronoun = place.end not in starts and _is_pronoun(tokens, place.start, place.end)
        if place.is_ordinal or is_pronoun:
            continue
        words, value = tokens[place.start : place.end], float(place.value)
        is_decimal = _at(tokens, place.start - 1) == "point" and value < 100
        yield Number(
            span=Span(first=place.start - is_decimal, last=place.end - 1),
            value=value / (10 if value < 10 else 100) if is_decimal else value,
            scaled=any(word in ("thousand", "million", "billion") for word in words),
            spoken=True,
        )


def _is_pronoun(tokens: Sequence[str], start: int, end: int) -> bool:
    """Whether "one" stands for a thing: "no one", "a better one", "one of them", "which one"."""
    after = _at(tokens, end)
    if tokens[start:end] != ["one"] or after in _COUNTED_BY_ONE or after in _SCALES:
        return False
    if after in _AFTER_PRONOUN:
        return True
    for word in reversed(tokens[max(0, start - 3) : start]):
        if word in _PHRASE_BREAKS:
            return False
        if word in _DETERMINERS:
            return True
    return False


def _worded(tokens: Sequence[str]) -> Iterator[Number]:
    """ "A couple of", "a dozen", "half a", "mid nineties" (or "mid 90s")."""
    for index, word in enumerate(tokens):
        if word not in _STANDING_FOR_NUMBERS:
            continue
        following = _at(tokens, index + 1)
        value, last = None, index
        if word == "couple" and (following in _SCALES or following.endswith("s")):
            value = 2.0
        elif word == "couple" and following == "of":
            value, last = 2.0, index + 1
        elif word == "dozen":
            value = 12.0
        elif word == "half" and _at(tokens, index - 2) != "and":
            value = 0.5 if following in ("a", "percent") else None
            last = index + (following == "a")
        elif word in _WITHIN_TEN:
            value, last = _in_decade(word, tokens, index)
        if value is not None:
            yield Number(span=Span(first=index, last=last), value=value, spoken=True)


def _in_decade(where: str, tokens: Sequence[str], index: int) -> tuple[float | None, int]:
    """Where in a span of ten a value lies: the middle of the nineties is 95, low is 92."""
    following = _at(tokens, index + 1)
    if following in _DECADES:
        return float(_DECADES[following] + _WITHIN_TEN[where]), index + 1
    if following.isdecimal() and len(following) == 2 and _at(tokens, index + 2) == "s":
        return float(int(following) + _WITHIN_TEN[where]), index + 2
    return None, index


# --- parts that people say as one number


def _with_fraction(number: Number, tokens: Sequence[str]) -> Number:
    """ "Two and a half" as 2.5; "ninety two and a half thousand" goes on from there."""
    after = number.span.last + 1
    fraction = _FRACTIONS.get(" ".join(tokens[after : after + 3]))
    if fraction is None or number.value >= 1000:
        return number
    span = Span(first=number.span.first, last=after + 2)
    return replace(number, span=span, value=number.value + fraction)


def _joined(numbers: Iterator[Number], tokens: Sequence[str]) -> list[Number]:
    """Neighbours that are one number, made one."""
    kept: list[Number] = []
    for number in numbers:
        if kept and number.span.first <= kept[-1].span.last:
            continue
        one = _one(kept[-1], number, tokens) if kept else None
        if one:
            kept[-1] = one
        else:
            kept.append(number)
    return kept


def _one(left: Number, right: Number, tokens: Sequence[str]) -> Number | None:
    between = tokens[left.span.last + 1 : right.span.first]
    span = Span(first=left.span.first, last=right.span.last)
    oh = (len(between) == 1 and between[0] in _OH) or tokens[right.span.first] in _OH
    if left.scaled or (between and not oh):
        return None
    if tokens[right.span.first] in _SCALES:
        value = _scaled_up(left.value, right, tokens)
        return replace(left, span=span, value=value, scaled=value >= 1e3) if value else None
    if not (left.spoken and right.spoken):
        return None
    said = _after_oh(left.value, right.value) if oh else _colloquial(left.value, right.value)
    return Number(span=span, value=said, scaled=said >= 1e4, spoken=True) if said else None


def _scaled_up(value: float, right: Number, tokens: Sequence[str]) -> float | None:
    """ "1.2" and "million", "5" and "thousand two hundred"."""
    words = tokens[right.span.first : right.span.last + 1]
    scale = _SCALES[words[0]]
    if all(word in _SCALES for word in words):
        return value * right.value
    return value * scale + right.value - scale if right.value < 2 * scale else None


def _after_oh(left: float, right: float) -> float | None:
    """ "One oh five" is 105."""
    return left * 100 + right if left < 100 and right < 10 else None


def _colloquial(left: float, right: float) -> float | None:
    """What two spoken numbers in a row mean as one: 1 and 20 are 120, 92 and 5 are 92.5."""
    if left != int(left) or right != int(right) or left < 1 or right < 1:
        return None
    if left < 10 and 1e4 <= right < 1e5:
        return left * 1e5 + right  # one, twenty thousand
    if 10 <= left < 1000 and left % 100 and right in range(100, 1000, 100):
        return left * 1e3 + right  # ninety two, five hundred
    if 10 <= right < 100 and (left < 10 or 11 <= left < 100):
        is_guess = left % 10 == 0 and right == left + 10  # "thirty, forty percent"
        return None if is_guess else left * 100 + right
    if 20 <= left < 1000 and (left % 10 or left > 100) and right < 10:
        return left + right / 10  # ninety two, five
    return None


def _with_scale(number: Number, tokens: Sequence[str]) -> Number:
    """Times the "k", "grand" or "mil" that follows."""
    after = number.span.last + 1
    word = _at(tokens, after)
    if number.scaled or number.mark == "%" or word not in _SCALES or number.value >= 1e5:
        return number
    span = Span(first=number.span.first, last=after)
    return replace(number, span=span, value=number.value * _SCALES[word], scaled=True)


def _with_article(number: Number, tokens: Sequence[str]) -> Number:
    """ "A hundred" with its "a"."""
    first = number.span.first
    if tokens[first] not in _WITH_ARTICLE or _at(tokens, first - 1) != "a":
        return number
    return replace(number, span=Span(first=first - 1, last=number.span.last))


def _is_vague(number: Number, tokens: Sequence[str]) -> bool:
    """ "A few thousand" says no number."""
    first = number.span.first
    return tokens[first] in _SCALES and _at(tokens, first - 1) in _VAGUE
