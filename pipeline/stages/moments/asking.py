"""One's own ask as one plain sentence: what is wanted, in the words it had, without softeners."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.stages.moments.pronouns import Word, words_of
from pipeline.tactics.search import find_all
from pipeline.tactics.text import Passage, read_passage
from pipeline.tactics.wording import word_set

_MODAL = r"(?:could|can|would|will|might|may)"
_FORMS = (
    (r"(?:could|can|may|might) i ask for", "a thing"),
    (rf"{_MODAL} (?P<who>you|we|i)|(?P<whom>you|we|i) (?:could|can|might)", ""),
    (r"possible (?:for (?P<who>you|us|me) )?to", ""),
    (r"(?:hoping|looking|wanting) to", "to "),
    (r"(?:any|a|some) chance of|(?:hoping|looking|asking) for|(?:what|how) about", "a thing"),
    (
        r"i would (?:like|love|appreciate)|i want|i was hoping for",
        "a thing",
    ),
    (
        r"(?:flexibility|room|leeway|movement|wiggle room) (?:on|in|for|with|around)",
        "to talk about ",
    ),
)
"""How an ask begins, and what stands behind “I’d like” in its place; "a thing" is what follows."""
_OF_WHOM = {"you": "you to ", "we": "us to ", "us": "us to ", "i": "to ", "me": "to "}
_GETS = re.compile(r"(?:get|have|getting|having) (?!(?:to|closer|up|back|there|it|in)\b)")
_NO_ASK = re.compile(r"(?:mind|say|see|be|not|also|live|imagine|understand)\b")
_TAIL = re.compile(
    r"\b(?:or something|or so|or anything|if|please|but|because|though|when you|whenever|would be|"
    r"is possible|or not)\b"
)
_TO_THE_LEFT = re.compile(
    r"(?:\b(?:an?|the|my) (?:[^ ]+ ){1,3}?(?:of|at|to be) |\b(?P<closer>closer to ))"
    r"(?:around |about |roughly )?$"
)
_TO_THE_RIGHT = re.compile(
    r"(?:(?:days?|weeks?|months?|years?|hours?|percent|euros?|dollars?|pounds?|thousand)(?: |$))?"
    r"(?:to pay(?: |$))?"
    r"(?:(?:of|off|from|per|a|an|each) (?:the |a |an |my )?(?!bit\b|lot\b|little\b)[a-z]+(?: |$))?"
    r"(?:(?:a|per) (?:year|month|week|day|hour)(?: |$))?"
)
_ROUGHLY = word_set("around about roughly approximately")
_DANGLING = word_set("and or the a an of to for with on in at")
_MAX_WORDS = 16


def plain_ask(
    text: str, *, softeners: tuple[str, ...], figure: tuple[int, int] | None = None
) -> str:
    """“I’d like …” of what a text asks for, without a full stop; empty where that is not plain.

    `figure` is the span of the amount that is asked for, which then leads.
    """
    passage = read_passage(text)
    soft = _soft(passage, softeners)
    for span in passage.sentences:
        spots = [at for at in range(span.first, span.last + 1) if at not in soft]
        spoken = words_of(passage, span.first, span.last)
        words = [spoken[at - span.first] for at in spots]
        wish = _wish(words)
        if figure is not None and not (wish.startswith("to ") and text[slice(*figure)] in wish):
            tokens = [passage.tokens[at] for at in spots]
            inside = [
                at for at, one in enumerate(tokens) if one.start < figure[1] and figure[0] < one.end
            ]
            wish = _amount(words, first=inside[0], last=inside[-1]) if inside else ""
        if wish:
            return f"I’d like {wish}"
    return ""


def _soft(passage: Passage, softeners: tuple[str, ...]) -> set[int]:
    """The tokens that soften; the “like” of “I’d like” is what is meant."""
    found: set[int] = set()
    for match in find_all(softeners, passage):
        span = passage.span_of(match)
        found.update(range(span.first, span.last + 1))
    return {at for at in found if passage.tokens[at].clean != "like" or not _is_wish(passage, at)}


def _is_wish(passage: Passage, at: int) -> bool:
    return any(one.clean.endswith("would") for one in passage.tokens[max(0, at - 3) : at])


def _clean(words: Sequence[Word]) -> tuple[str, list[int]]:
    """The words in one line, and where each of them begins in it."""
    places, place = [], 0
    for word in words:
        places.append(place)
        place += len(word.clean) + 1
    return " ".join(word.clean for word in words), places


def _shown(words: Sequence[Word]) -> str:
    text = "".join(
        (word.gap if at and not word.is_mark else "") + word.written
        for at, word in enumerate(words)
    )
    return text.replace("'", "’")


def _amount(words: Sequence[Word], *, first: int, last: int) -> str:
    """An amount with the words around it that belong to it: its noun, its unit, its rate."""
    line, places = _clean(words)
    left = _TO_THE_LEFT.search(line[: places[first]])
    begin = first if left is None else places.index(left.start())
    start = places[last] + len(words[last].clean) + 1
    right = _TO_THE_RIGHT.match(line[start:])
    end = last + 1 + len(right[0].split() if right else ())
    kept = [word for word in words[begin:end] if word.lower not in _ROUGHLY and not word.is_mark]
    return ("to get " if left and left["closer"] else "") + _shown(kept)


def _wish(words: Sequence[Word]) -> str:
    """What is wished for where no amount is named, of the last ask that says what."""
    line, places = _clean(words)
    found = [
        (match, form)
        for pattern, form in _FORMS
        for match in re.finditer(rf"\b(?:{pattern}) ", line)
    ]
    for match, form in sorted(found, key=lambda one: -one[0].start()):
        begin = next((at for at, place in enumerate(places) if place >= match.end()), len(words))
        rest = _rest(words[begin:])
        if rest and not _NO_ASK.match(_clean(rest)[0]):
            return _completed(rest, form or _opening(match))
    return ""


def _opening(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return _OF_WHOM[groups.get("who") or groups.get("whom") or "i"]


def _completed(rest: Sequence[Word], form: str) -> str:
    """The wish: to get a thing is to like the thing."""
    gets = _GETS.match(_clean(rest)[0])
    if form in ("to ", "a thing"):
        form = "" if gets or form == "a thing" else form
        rest = rest[1:] if gets else rest
    return form + _shown(rest)


def _rest(words: Sequence[Word]) -> list[Word]:
    """The words up to the end of the clause, without what softens its end."""
    end = next((at for at, word in enumerate(words) if word.is_mark), len(words))
    line, places = _clean(words[:end])
    tail = _TAIL.search(line)
    kept = [
        word for word, at in zip(words[:end], places, strict=True) if not tail or at < tail.start()
    ]
    while kept and kept[-1].lower in _DANGLING:
        kept.pop()
    return kept if 0 < len(kept) <= _MAX_WORDS else []
