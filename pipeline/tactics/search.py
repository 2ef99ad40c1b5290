"""Cues searched for: of a list only those that the words of a turn leave possible are tried.

What is found is what one pattern of all cues (`pattern`) would find. Most turns leave no cue of a
list possible, and then nothing is searched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import Lock
from typing import TypeVar

from pipeline.tactics.needs import DIGIT, Needs, Pieces, needs_of
from pipeline.tactics.text import Passage

_Key = TypeVar("_Key")
_Known = TypeVar("_Known")
_MOST_REMEMBERED = 20_000
"""So many words, or combinations of needs, are remembered before what is known is dropped."""


@lru_cache(maxsize=1024)
def pattern(cues: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all cues, matching whole tokens only; without cues it never matches."""
    return _compiled("|".join(cues)) if cues else re.compile(r"(?!)")


def _compiled(cue: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{cue})(?:(?!\S)|(?<= ))")


def find_all(cues: tuple[str, ...], passage: Passage) -> list[re.Match[str]]:
    """The matches of the cues on the clean line, from left to right, none overlapping another."""
    searcher = _searcher(cues)
    possible = searcher.possible(passage)
    return searcher.found(possible, passage) if possible else []


def occurs(cues: tuple[str, ...], passage: Passage, part: str | None = None) -> bool:
    """Whether a cue matches anywhere, or in a part of the clean line that holds whole tokens."""
    text = passage.clean if part is None else part
    return any(cue.pattern.search(text) for cue in _searcher(cues).possible(passage))


def may_occur(cues: tuple[str, ...], passage: Passage) -> bool:
    """Whether the words of the clean line leave it possible that a cue matches."""
    return bool(_searcher(cues).possible(passage))


def match_at(cues: tuple[str, ...], passage: Passage, index: int) -> re.Match[str] | None:
    """The match of the cues that starts with a token."""
    return _searcher(cues).match_at(passage, index)


@lru_cache(maxsize=64)
def beginner(lists: tuple[tuple[str, ...], ...]) -> Callable[[str], bool]:
    """What tells of a token whether a cue of any of the lists may begin with it."""
    searchers = [_searcher(cues) for cues in lists]
    known: dict[str, bool] = {}

    def may_begin(token: str) -> bool:
        may = known.get(token)
        if may is None:
            may = any(searcher.begun_by(token) for searcher in searchers)
            _remember(known, token, may)
        return may

    return may_begin


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What is known of needs at one time: the bits that words or parts of words meet."""

    size: int = 0
    whole: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    met: dict[str, int] = field(default_factory=dict)

    def met_by(self, word: str) -> int:
        met = self.met.get(word)
        if met is None:
            padded = f" {word} "
            met = self.whole.get(padded, 0)
            if any(char.isdecimal() for char in word):
                met |= self.parts.get(DIGIT, 0)
            for part, bits in self.parts.items():
                if part in padded:
                    met |= bits
            _remember(self.met, word, met)
        return met


class _Lexicon:
    """Which needs of the cues in use each word meets: a bit a need.

    It is a cache of what `holds` says, and grows as lists of cues come into use. A state once
    made is not added to, so that threads see needs and words that belong together.
    """

    def __init__(self) -> None:
        self._state = _State()
        self._growing = Lock()

    def add(self, needs: Sequence[Pieces]) -> int:
        """Take in needs; the place of the first one's bit."""
        with self._growing:
            state = self._state
            whole, parts = dict(state.whole), dict(state.parts)
            for bit, pieces in enumerate(needs, start=state.size):
                for piece in pieces:
                    is_whole = piece != DIGIT and piece[0] == piece[-1] == " "
                    known = whole if is_whole else parts
                    known[piece] = known.get(piece, 0) | 1 << bit
            self._state = _State(size=state.size + len(needs), whole=whole, parts=parts)
            return state.size

    def met_by(self, word: str) -> int:
        """The needs that a word meets."""
        return self._state.met_by(word)

    def met(self, passage: Passage) -> int:
        """The needs that a passage meets."""
        state = self._state
        met = passage.needs_met.get(state.size)
        if met is None:
            met = 0
            for word in passage.words:
                met |= state.met_by(word)
            passage.needs_met[state.size] = met
        return met


_LEXICON = _Lexicon()


@dataclass(frozen=True, kw_only=True)
class _Cue:
    """A cue on its own; `needs` are its bits among those of its list.

    Of them `first` is what its first word has to meet.
    """

    text: str
    needs: int = 0
    first: int = 0

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return _compiled(self.text)


class _Searcher:
    """A list of cues, made ready."""

    def __init__(self, cues: tuple[str, ...]) -> None:
        needs = [needs_of(cue) for cue in cues]
        if all(need.apart for need in needs):
            self._cues, found = _with_bits(cues, needs)
        else:
            self._cues, found = (_Cue(text="|".join(cues)),), []
        self.needs = found
        self._place = _LEXICON.add(found)
        self._mask = (1 << len(found)) - 1
        self._possible: dict[int, tuple[_Cue, ...]] = {}
        self._begun_by: dict[str, tuple[_Cue, ...]] = {}

    def possible(self, passage: Passage) -> tuple[_Cue, ...]:
        """The cues all of whose needs the passage meets, in order."""
        met = _LEXICON.met(passage) >> self._place & self._mask
        cues = self._possible.get(met)
        if cues is None:
            cues = tuple([cue for cue in self._cues if cue.needs & met == cue.needs])
            _remember(self._possible, met, cues)
        return cues

    def found(self, cues: Sequence[_Cue], passage: Passage) -> list[re.Match[str]]:
        """The matches of those cues, which are among its own."""
        found = [matches for cue in cues if (matches := list(cue.pattern.finditer(passage.clean)))]
        if len(found) < 2:
            return found[0] if found else []
        return _merged([matches[0] for matches in found], passage.clean)

    def begun_by(self, token: str) -> tuple[_Cue, ...]:
        """The cues that can begin with the first word of a token."""
        cues = self._begun_by.get(token)
        if cues is None:
            met = _LEXICON.met_by(token.partition(" ")[0]) >> self._place & self._mask
            cues = tuple([cue for cue in self._cues if cue.first & met == cue.first])
            _remember(self._begun_by, token, cues)
        return cues

    def match_at(self, passage: Passage, index: int) -> re.Match[str] | None:
        cues = self.begun_by(passage.tokens[index].clean)
        if not cues:
            return None
        met = _LEXICON.met(passage) >> self._place & self._mask
        place = passage.places[index]
        for cue in cues:
            if cue.needs & met == cue.needs:
                match = cue.pattern.match(passage.clean, place)
                if match:
                    return match
        return None


@lru_cache(maxsize=64)
def list_searcher(lists: tuple[tuple[str, ...], ...]) -> ListSearcher:
    """What searches for each of these lists."""
    return ListSearcher(lists)


class ListSearcher:
    """Several lists of cues, each found for itself; those that are possible are looked up once."""

    def __init__(self, lists: tuple[tuple[str, ...], ...]) -> None:
        self._searchers = [_searcher(cues) for cues in lists]
        needs = [need for searcher in self._searchers for need in searcher.needs]
        self._place = _LEXICON.add(needs)
        self._mask = (1 << len(needs)) - 1
        self._possible: dict[int, tuple[int, ...]] = {}

    def find_all(self, passage: Passage) -> Iterator[tuple[int, re.Match[str]]]:
        """The matches of each list on the clean line, with the list's place among them."""
        met = _LEXICON.met(passage) >> self._place & self._mask
        lists = self._possible.get(met)
        if lists is None:
            lists = tuple([at for at, one in enumerate(self._searchers) if one.possible(passage)])
            _remember(self._possible, met, lists)
        for at in lists:
            searcher = self._searchers[at]
            for match in searcher.found(searcher.possible(passage), passage):
                yield at, match


@lru_cache(maxsize=1024)
def _searcher(cues: tuple[str, ...]) -> _Searcher:
    return _Searcher(cues)


def _with_bits(
    cues: Sequence[str], needs: Sequence[Needs]
) -> tuple[tuple[_Cue, ...], list[Pieces]]:
    """Each cue with the bits of its needs, and the needs in the order of their bits."""
    ready: list[_Cue] = []
    found: list[Pieces] = []
    for cue, need in zip(cues, needs, strict=True):
        needed = need.words if need.first is None else (need.first, *need.words)
        lowest = 1 << len(found)
        found += needed
        first = 0 if need.first is None else lowest
        ready.append(_Cue(text=cue, needs=(1 << len(found)) - lowest, first=first))
    return tuple(ready), found


def _remember(known: dict[_Key, _Known], key: _Key, value: _Known) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value


def _merged(firsts: Sequence[re.Match[str]], text: str) -> list[re.Match[str]]:
    """The matches of several cues as one pattern has them: the leftmost, of these the first cue's.

    Each cue goes on behind what was taken. `firsts` are their first matches, in the cues' order.
    """
    upcoming: list[re.Match[str] | None] = list(firsts)
    found: list[re.Match[str]] = []
    while left := [match for match in upcoming if match]:
        match = min(left, key=_start)
        found.append(match)
        place = max(match.end(), match.start() + 1)
        upcoming = [
            one.re.search(text, place) if one and one.start() < place else one for one in upcoming
        ]
    return found


def _start(match: re.Match[str]) -> int:
    return match.start()
