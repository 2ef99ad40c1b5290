"""Limits: the numbers that a speaker will not go past, which are no positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.tactics.codebook import LIMIT_GROUP, Codebook, Tag
from pipeline.tactics.cues import touches
from pipeline.tactics.offers.issues import Thing
from pipeline.tactics.search import find_all
from pipeline.tactics.text import STOPS, Passage, Span
from pipeline.tactics.wording import word_set

_MAX_LIST_TOKENS = 7
_CLAUSE_WORDS = word_set("i you we they he she it that which but because if so is are was were not")


def limits_among(
    passage: Passage, things: Sequence[Thing], tags: Sequence[Tag], codebook: Codebook
) -> set[int]:
    """Which of a turn's things are limits: of a boundary's numbers the one in its words.

    So are those listed with it: "I cannot go above 115,000 and 20 days" puts up neither.
    """
    found: set[int] = set()
    boundaries = [(tag.start_char, tag.end_char) for tag in tags if tag.tactic == "boundary"]
    worded = list(_worded(passage, codebook)) if boundaries else []
    for at, thing in enumerate(things if worded else ()):
        start, end = passage.chars(thing.span)
        is_bounded = any(first < end and start < last for first, last in boundaries)
        goes_on = at - 1 in found and is_listed(passage, things, at)
        if thing.value is not None and is_bounded and (goes_on or touches(thing.span, worded)):
            found.add(at)
    return found


def _worded(passage: Passage, codebook: Codebook) -> Iterator[Span]:
    """Where the numbers stand that the words of a boundary make a limit.

    Each cue is searched for itself: in one pattern the groups would have one name.
    """
    for cue in codebook.limits:
        for match in find_all((cue,), passage):
            start, end = match.span(LIMIT_GROUP)
            yield Span(first=passage.token_at(start), last=passage.token_at(end - 1))


def is_listed(passage: Passage, things: Sequence[Thing], index: int) -> bool:
    """Whether a thing goes on with a list from the one before it."""
    tokens = passage.tokens[things[index - 1].span.last + 1 : things[index].span.first]
    between = [token.clean for token in tokens]
    joined = any(word in (",", "and", "with", "plus") for word in between)
    plain = not any(word in STOPS or word in _CLAUSE_WORDS for word in between)
    return joined and plain and len(between) <= _MAX_LIST_TOKENS
