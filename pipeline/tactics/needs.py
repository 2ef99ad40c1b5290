"""What a cue needs: pieces of words without which its pattern cannot match.

Derived from the parsed pattern. A turn that lacks them need not be searched, and most turns lack
them. Whatever is not understood counts as matching anything, so that a derivation can only be
too cautious.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import Any

from pipeline.tactics.wording import word_set

DIGIT = "\ue000"
"""Stands for any decimal digit in a piece. Cues are plain text: none holds it."""
_GAP = "\ue001"
"""Stands for anything, or nothing."""
_MOST_STRINGS = 600
_MOST_CHOICES = 16
_RARE, _COMMON = 1, 1000
_COMMON_WORDS = word_set(
    "i you he she it we they me us him her them my your our his its their a an the this that these "
    "those is are was were am be been do does did have has had can could will would should may "
    "might must not and or but so if then than as at by for from in into of on out over to up "
    "with about just really what how why when where who which get got some any all there no yes "
    "okay yeah well like think need want good . ? ! , ; —"
)

_parser: Any = import_module("re._parser")
_codes: Any = import_module("re._constants")
_LITERAL = _codes.LITERAL
_BRANCH, _REPEAT = _codes.BRANCH, _codes.MAX_REPEAT
_REPEATS = (_codes.MAX_REPEAT, _codes.MIN_REPEAT, _codes.POSSESSIVE_REPEAT)
_ZERO_WIDTH = (_codes.ASSERT, _codes.ASSERT_NOT, _codes.AT)
_DIGITS = (_codes.CATEGORY, _codes.CATEGORY_DIGIT)

Item = tuple[Any, Any]
"""An operation of a parsed pattern and its argument."""
Pieces = frozenset[str]
"""Of these at least one must be in a word, which has a blank at either end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a text must hold for a cue to match: a piece of each of `words`.

    `first` are the pieces of which the first word of a match must hold one; None where any word
    will do. `apart`: the cue means the same alone as beside others, having no groups of its own.
    """

    words: tuple[Pieces, ...] = ()
    first: Pieces | None = None
    apart: bool = True


def needs_of(cue: str) -> Needs:
    """What the cue needs, as `pattern` compiles it: whole tokens of a clean line.

    Raises re.error for what is no regular expression.
    """
    parsed = _parser.parse(cue)
    if parsed.state.flags & ~re.UNICODE or parsed.state.groups > 1:
        return Needs(apart=False)
    row = _row_of(parsed)
    words, first = _pieces(row, closed=True, ends=True), _first(row)
    return Needs(words=tuple(dict.fromkeys(words)), first=first)


def holds(word: str, pieces: Iterable[str]) -> bool:
    """Whether a word holds one of the pieces."""
    padded = f" {word} "
    has_digit = any(char.isdecimal() for char in word)
    return any(has_digit if piece == DIGIT else piece in padded for piece in pieces)


def _row_of(parsed: Any) -> list[Item]:
    """A parsed pattern as a row: groups opened, letters put together up to each blank.

    What only looks and takes nothing is left out. A branch holds rows, a repeat how often at
    least and at most, and a row.
    """
    row: list[Item] = []
    for code, argument in parsed.data:
        if code is _LITERAL:
            _add_letter(row, chr(argument))
        elif code is _codes.SUBPATTERN and not argument[1] and not argument[2]:
            row += _row_of(argument[3])
        elif code is _codes.ATOMIC_GROUP:
            row += _row_of(argument)
        elif code is _BRANCH:
            row.append((_BRANCH, [_row_of(alternative) for alternative in argument[1]]))
        elif code in _REPEATS:
            row.append((_REPEAT, (argument[0], argument[1], _row_of(argument[2]))))
        elif code not in _ZERO_WIDTH:
            row.append((code, argument))
    return row


def _add_letter(row: list[Item], letter: str) -> None:
    if row and row[-1][0] is _LITERAL and row[-1][1][-1] != " ":
        row[-1] = (_LITERAL, row[-1][1] + letter)
    else:
        row.append((_LITERAL, letter))


# --- strings: all that an item can match, where that is a short list


def _strings(item: Item) -> frozenset[str] | None:
    """All that an item matches; None where that is too much, or unknown."""
    code, argument = item
    if code is _LITERAL:
        return frozenset({argument})
    if code is _codes.IN:
        return _choices(argument)
    if code is _BRANCH:
        return _united(_row(alternative) for alternative in argument)
    if code is _REPEAT and argument[1] <= 2:
        once = _row(argument[2])
        return _united(_times(once, times) for times in range(argument[0], argument[1] + 1))
    return None


def _choices(argument: Sequence[Item]) -> frozenset[str] | None:
    """The characters of a class."""
    if all(code is _LITERAL for code, _ in argument) and len(argument) <= _MOST_CHOICES:
        return frozenset(chr(char) for _, char in argument)
    return frozenset({DIGIT}) if [*argument] == [_DIGITS] else None


def _row(items: Iterable[Item]) -> frozenset[str] | None:
    strings: frozenset[str] | None = frozenset({""})
    for item in items:
        strings = _joined(strings, _strings(item))
    return strings


def _times(once: frozenset[str] | None, times: int) -> frozenset[str] | None:
    strings: frozenset[str] | None = frozenset({""})
    for _ in range(times):
        strings = _joined(strings, once)
    return strings


def _joined(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    if left is None or right is None or len(left) * len(right) > _MOST_STRINGS:
        return None
    return frozenset([one + other for one in left for other in right])


def _united(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: set[str] = set()
    for part in parts:
        if part is None or len(found) > _MOST_STRINGS:
            return None
        found |= part
    return frozenset(found)


# --- pieces that a whole row of items needs


def _pieces(items: Sequence[Item], *, closed: bool, ends: bool) -> list[Pieces]:
    """What the row needs; `closed`: a word starts at its start, `ends`: one ends at its end."""
    needed: list[Pieces] = []
    so_far = frozenset({" " if closed else _GAP})
    for at, item in enumerate(items):
        strings = _joined(so_far, _strings(item))
        if strings is None:
            is_closed = all(string.endswith(" ") for string in so_far)
            after = items[at + 1 :]
            needed += _chosen(so_far if is_closed else _ended(so_far, _GAP))
            needed += _inside(item, closed=is_closed, ends=_starts_blank(after, ends=ends))
            strings = frozenset({" " if is_closed and _ends_blank(item) else _GAP})
        if all(string.endswith(" ") for string in strings):
            needed += _chosen(strings)
            strings = frozenset({" "})
        so_far = strings
    return needed + _chosen(_ended(so_far, " " if ends else _GAP))


def _ended(strings: Iterable[str], end: str) -> frozenset[str]:
    return frozenset(string if string.endswith(" ") else string + end for string in strings)


def _inside(item: Item, *, closed: bool, ends: bool) -> list[Pieces]:
    """What an item needs whose strings are too many to list."""
    code, argument = item
    if code is _BRANCH:
        parts = [_pieces(part, closed=closed, ends=ends) for part in argument]
        if all(parts):
            return [frozenset[str]().union(*(min(part, key=_commonness) for part in parts))]
    if code is _REPEAT and argument[0] > 0:
        return _pieces(argument[2], closed=closed, ends=ends and argument[1] == 1)
    return [frozenset({DIGIT})] if code is _codes.IN and [*argument] == [_DIGITS] else []


def _chosen(strings: Iterable[str]) -> list[Pieces]:
    """One need: of each string the piece that says most; none where a string has no piece.

    All pieces are needed where there is one string alone.
    """
    pieces = [list(_words_in(string)) for string in strings]
    if not all(pieces):
        return []
    if len(pieces) == 1:
        return [frozenset({piece}) for piece in pieces[0]]
    return [
        frozenset(min(own, key=lambda piece: (_one_commonness(piece), piece)) for own in pieces)
    ]


def _words_in(string: str) -> Iterator[str]:
    """The pieces of a string: its words, open at an end where something unknown joins them."""
    for match in re.finditer("[^ ]+", string):
        left, right = match.start() > 0, match.end() < len(string)
        yield from _parts(" " * left + match[0] + " " * right)


def _parts(word: str) -> Iterator[str]:
    """A word cut at what is unknown in it; a digit stands for itself."""
    for part in word.split(_GAP):
        if DIGIT in part:
            yield DIGIT
        elif part.strip(" "):
            yield part


def _commonness(pieces: Iterable[str]) -> int:
    """How often some word of a turn will hold one of the pieces, roughly."""
    return sum(_one_commonness(piece) for piece in pieces)


def _one_commonness(piece: str) -> int:
    if piece == DIGIT:
        return _RARE
    is_whole = piece.startswith(" ") and piece.endswith(" ")
    is_common = piece.strip(" ") in _COMMON_WORDS if is_whole else len(piece.strip(" ")) < 4
    return _COMMON if is_common else _RARE


# --- where an item begins and ends with a blank, so that words beside it are whole


def _starts_blank(items: Sequence[Item], *, ends: bool) -> bool:
    """Whether a blank, or the end of a word, is all that can come next."""
    if not items:
        return ends
    (code, argument), after = items[0], items[1:]
    if code is _BRANCH:
        return all(_starts_blank([*one, *after], ends=ends) for one in argument)
    if code is _REPEAT:
        skipped = argument[0] > 0 or _starts_blank(after, ends=ends)
        return skipped and _starts_blank([*argument[2], *after], ends=ends)
    return bool(code is _LITERAL and argument[0] == " ")


def _ends_blank(item: Item) -> bool:
    """Whether an item that comes after a blank leaves one, whatever it matches."""
    code, argument = item
    if code is _BRANCH:
        return all(_row_ends_blank(one) for one in argument)
    if code is _REPEAT:
        return _row_ends_blank(argument[2])
    return bool(code is _LITERAL and argument[-1] == " ")


def _row_ends_blank(items: Sequence[Item]) -> bool:
    if not items:
        return True
    is_optional = items[-1][0] is _REPEAT and items[-1][1][0] == 0
    return _ends_blank(items[-1]) and (not is_optional or _row_ends_blank(items[:-1]))


# --- the word that a match begins with


def _first(items: Sequence[Item]) -> Pieces | None:
    """Pieces of the first word; None where it can be any word."""
    done, begun = _first_words(items, frozenset({" "}))
    words = done | {word + " " for word in begun}
    parts = [list(_parts(word)) for word in words]
    if not all(parts) or len(words) > _MOST_STRINGS:
        return None
    return frozenset(min(pieces, key=lambda piece: -len(piece)) for pieces in parts)


def _first_words(
    items: Iterable[Item], begun: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """First words that are whole (or unknown from some letter on), and those just begun."""
    done: frozenset[str] = frozenset()
    for item in items:
        if not begun or len(begun) > _MOST_STRINGS:
            break
        ended, begun = _after_item(item, begun)
        done |= ended
    return (
        (done | _ended(begun, _GAP), frozenset()) if len(begun) > _MOST_STRINGS else (done, begun)
    )


def _after_item(item: Item, begun: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    code, argument = item
    strings = _strings(item)
    if strings is not None:
        return _cut(frozenset(one + other for one, other in product(begun, strings)))
    if code is _BRANCH:
        parts = [_first_words(one, begun) for one in argument]
        return (
            frozenset[str]().union(*(part[0] for part in parts)),
            frozenset[str]().union(*(part[1] for part in parts)),
        )
    if code is _REPEAT:
        done, more = _first_words(argument[2], begun)
        return done | {word + _GAP for word in more}, begun if argument[0] == 0 else frozenset()
    return frozenset(word + _GAP for word in begun), frozenset()


def _cut(strings: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The first words of those strings that hold a whole one, and the other strings."""
    strings = frozenset(strings)
    begun = frozenset(string for string in strings if " " not in string[1:])
    done = (string[: string.index(" ", 1) + 1] for string in strings - begun)
    return frozenset(word if word.strip(" ") else _GAP for word in done), begun
