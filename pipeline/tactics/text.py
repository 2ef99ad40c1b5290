"""A turn made ready for cues: words cleaned of what speech and recognisers add, offsets kept.

Cues read `Passage.clean`, a line of tokens with one blank between any two; a match there is
carried back to the turn's own text through its tokens. Contractions are written out,
fillers and restarts are left out, so one cue serves "what's" and "what is", "I- I, um, want" and
"I want".

The sentence splitter is our own, since those of libraries do not fit speech. sentencex 1.0, the
best kept of them, takes "no." for an abbreviation of number and does not cut before a word in
lower case, as recognisers write: "said no. I'd take 90" and "ok. i think 95" stay whole. pysbd has
had no release since 2021 and takes milliseconds a sentence; blingfire is a native library without
wheels for every platform. All trust the full stops that a recogniser invents or loses, so the cuts
that matter here (a question that starts in the middle of an unpunctuated run) would be home-made
in any case. The network's tokenizer is a library's (tokenizers).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.tactics.wording import clean_word, word_set

MAX_CLAUSE_TOKENS = 40
MARKS = word_set(". ? ! , ; —")
STOPS = word_set(". ? !")
BREAKS = word_set("; —")

_TOKEN = re.compile(
    r"(?P<abbreviation>\b(?:mr|mrs|ms|dr|vs|etc|[ap]\.m|e\.g|i\.e|u\.s|u\.k)\.)"
    r"|(?P<number>[$€£]?\d++(?:[.,:/]\d++)*+(?:%|[$€£]|(?:k|m|mm)\b)?)"
    r"|(?P<word>[^\W\d_]++(?:'[^\W\d_]++)*+\d*+)"
    r"|(?P<mark>\?[?!]*+|![?!]*+|\.++|…++|,|;|:|--++|—|–|(?<![^\W_])-|-(?![^\W_]))",
    re.IGNORECASE,
)
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})
_FILLERS = word_set("um uh er erm ah hmm mm mhm uhm hm em eh umm uhh mmm unk")
_ASIDES = ("you know", "i mean", "like", "kind of", "sort of", "i guess", "well", "actually")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token: `clean` is how cues see it (maybe several words), the span is the turn's."""

    clean: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Tokens first..last, both inside, of a passage."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A turn's text, its tokens, and the clean line with the place of each token in it.

    `needs_met` remembers what search.py found out about the words.
    """

    text: str
    tokens: tuple[Token, ...]
    clean: str
    places: tuple[int, ...]
    needs_met: dict[int, int] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def words(self) -> frozenset[str]:
        """The different words and marks of the clean line."""
        return frozenset(self.clean.split(" "))

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """As the function of that name gives them."""
        return _split(self)

    def token_at(self, place: int) -> int:
        """The token that covers a place of the clean line."""
        return max(0, bisect_right(self.places, place) - 1)

    def span_of(self, match: re.Match[str]) -> Span:
        """The tokens that a match on the clean line covers; a match must not be empty."""
        return Span(first=self.token_at(match.start()), last=self.token_at(match.end() - 1))

    def chars(self, span: Span) -> tuple[int, int]:
        """The characters of the turn's own text that a span covers."""
        return self.tokens[span.first].start, self.tokens[span.last].end

    def clean_of(self, span: Span) -> str:
        """The clean text of a span."""
        last = self.tokens[span.last]
        return self.clean[self.places[span.first] : self.places[span.last] + len(last.clean)]


def read_passage(text: str) -> Passage:
    """Clean a turn's text for the cues, keeping the way back to it."""
    tokens = _without_restarts(_without_asides(_without_fillers(list(_tokens(text)))))
    cleans = [token.clean for token in tokens]
    places, place = [], 0
    for clean in cleans:
        places.append(place)
        place += len(clean) + 1
    return Passage(text=text, tokens=tuple(tokens), clean=" ".join(cleans), places=tuple(places))


def sentences(passage: Passage) -> Sequence[Span]:
    """The sentences by their stops, the stop included; an unpunctuated turn is one sentence."""
    return passage.sentences


def _split(passage: Passage) -> tuple[Span, ...]:
    found, first = [], 0
    for index, token in enumerate(passage.tokens):
        if token.clean in STOPS:
            if index > first:
                found.append(Span(first=first, last=index))
            first = index + 1
    if first < len(passage.tokens):
        found.append(Span(first=first, last=len(passage.tokens) - 1))
    return tuple(found)


def words(clean: str) -> list[str]:
    """The words of a clean text, without its marks."""
    return [word for word in clean.split(" ") if word and word not in MARKS]


def trimmed(passage: Passage, span: Span, leads: frozenset[str] = frozenset()) -> Span:
    """The span without marks at its ends and without leading words such as "so" and "well"."""
    first, last = span.first, span.last
    while last > first and passage.tokens[last].clean in MARKS:
        last -= 1
    while first < last and ((clean := passage.tokens[first].clean) in MARKS or clean in leads):
        first += 1
    return Span(first=first, last=last)


def _tokens(text: str) -> Iterator[Token]:
    straight = text.translate(_STRAIGHT)
    for match in _TOKEN.finditer(straight):
        clean = _clean_mark(match[0]) if match.lastgroup == "mark" else clean_word(match[0])
        yield Token(clean=clean, start=match.start(), end=match.end())


def _clean_mark(mark: str) -> str:
    if "?" in mark:
        return "?"
    if mark in ("...", "..", "…"):
        return ","
    return {"!": "!", ".": ".", ",": ",", ";": ";", ":": "—"}.get(mark[0], "—")


def _without_fillers(tokens: list[Token]) -> list[Token]:
    """Drop "um" and the commas around it: those mark the hesitation, not a clause."""
    if _FILLERS.isdisjoint([token.clean for token in tokens]):
        return tokens
    kept: list[Token] = []
    after_filler = False
    for token in tokens:
        if token.clean in _FILLERS:
            if kept and kept[-1].clean == "," and len(kept) > 1:
                kept.pop()
            after_filler = True
            continue
        if not (after_filler and token.clean in (",", "—")):
            kept.append(token)
        after_filler = False
    return kept


def _without_asides(tokens: list[Token]) -> list[Token]:
    """Drop "you know", "I mean" and the like where commas set them off on both sides."""
    if [token.clean for token in tokens].count(",") < 2:
        return tokens
    kept: list[Token] = []
    index = 0
    while index < len(tokens):
        size = _aside_size(tokens, index)
        if size:
            index += size
        else:
            kept.append(tokens[index])
            index += 1
    return kept


def _aside_size(tokens: list[Token], index: int) -> int:
    """How many tokens the aside that starts at this comma takes, its last comma included."""
    if tokens[index].clean != ",":
        return 0
    for size in (2, 3):
        if index + size < len(tokens) and tokens[index + size].clean == ",":
            inside = " ".join(token.clean for token in tokens[index + 1 : index + size])
            return size + 1 if inside in _ASIDES else 0
    return 0


def _without_restarts(tokens: list[Token]) -> list[Token]:
    """Drop the first of two like runs of one to three words: "do you- do you think"."""
    if len({token.clean for token in tokens}) == len(tokens):
        return tokens
    kept: list[Token] = []
    said: list[str] = []
    for token in tokens:
        is_near = token.clean in said[-4:]
        kept.append(token)
        said.append(token.clean)
        for size in (1, 2, 3) if is_near else ():
            if _repeats(said, size):
                restart = slice(_restart_start(said, size), len(said) - size)
                del kept[restart], said[restart]
                break
    return kept


def _restart_start(said: list[str], size: int) -> int:
    middle = len(said) - size
    gap = 1 if middle > 0 and said[middle - 1] in ("—", ",") else 0
    return middle - gap - size


def _repeats(said: list[str], size: int) -> bool:
    start = _restart_start(said, size)
    if len(said) < 2 * size or start < 0:
        return False
    new = said[len(said) - size :]
    again = new == said[start : start + size]
    return again and not any(word in MARKS or word[0].isdigit() for word in new)
