"""A clause of what somebody said, as the other side would say it back.

Rather nothing than something broken: what is a question, an order or a fragment makes no line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.stages.moments.pronouns import Word, joined, swapped, words_of
from pipeline.tactics.search import occurs
from pipeline.tactics.text import Passage, read_passage
from pipeline.tactics.wording import word_set

MAX_WORDS = 16
_LOOK_AHEAD = 40
"""A clause that has no verb in so many words has none."""
_ECHO_WORDS, _SHORT_ECHO_WORDS = 5, 3
_LEADS = word_set(
    "well yes yeah yep no okay ok so and but or because oh look listen honestly frankly then now "
    "sure great good right hm ah however still anyway personally"
) | {
    *("you know", "you see", "i mean", "i think", "i guess", "i suppose", "i would say"),
    *("to be honest", "to be fair", "to be frank", "the thing is", "the truth is"),
    *("the problem is", "i have to say", "i must say", "i feel like", "as you know"),
    *("as i said", "of course", "i will be honest", "i will be honest with you"),
    *("i will be open with you", "let me be honest", "let me be honest with you"),
    *("let me be open with you", "to tell you the truth", "in all honesty", "believe me"),
}
_LONGEST_LEAD = 5
_JOINS = word_set("and but so or because cause although though whereas since")
_OPENS = word_set("if when once unless until")
_PERSONS = word_set("i we you he she they")
_PRONOUNS = word_set("i we you he she it they there this that")
_SHORT_FORM = re.compile(r"(?:i|we|you|he|she|it|they|there|that|this)'(?:m|re|s|d|ll|ve)|im|ive")
_DETERMINERS = word_set(
    "my our your his her their its the a an this these those some every each no all both most many "
    "nobody nobody's everyone everyone's everybody everybody's everything everything's someone "
    "somebody nothing people one two three four five six"
)
_AUXILIARIES = word_set(
    "am is are was were has have had do does did will would can could should may might must isn't "
    "aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't wouldn't can't cannot "
    "couldn't shouldn't"
)
_VERBS = _AUXILIARIES | word_set(
    "need needs want wants wanted keep keeps kept feel feels felt make makes made go goes went get "
    "gets got take takes took put puts leave leaves left say says said told think thinks know "
    "knows hate hates worry worries worried come comes came cost costs run runs ran pay pays paid "
    "set sets work works look looks expect expects hurt hurts pull pulls push pushes stop stops "
    "stands seem seems fell falls rose rises"
)
_IS_SHORT = re.compile(
    r"not|just|a|an|the|really|so|too|very|gone|been|on|in|at|where|what|how|always|never|still|"
    r"hard|tight|tough|worried|left|fixed|out|up|down|my|our|your|\w+ing"
)
_NO_SUBJECT = word_set(
    "sounds looks seems feels makes been got had guess depends thanks thank please let let's lets "
    "not maybe perhaps probably hopefully just to of for with about from by on at in without than "
    "only even also such same who whom which whose how why where and or but if when while until"
)
_NO_VERB = word_set(
    "who that which of for with about from by on at without than and or but if when same the a an"
)
_ASKS = word_set("how why when where who which whose whom")
_OBJECTS = word_set(
    "me us you it them him that the a an my our your this yourself what i we he she they who which"
)
_IMPERSONAL = re.compile(r"(?:it|that|this)(?:'s| is| was| gets| can| would)")
_MISHEARD = re.compile(r"\b([Ww]e|[Yy]ou|I) all (see|do|try|look|think|figure|get back)\b")
"""Recognisers write "we all see" for "we'll see"; said back it would not be understood."""
_GENERIC = re.compile(r"you (?:never know|always|never|know how|can not win|win some)\b")
_CUT_BEFORE = word_set(
    "and but because which who when if for with in on at by since after during about before while "
    "until so through from where"
)
_DANGLING = word_set("and or but because so the a an my your our of to if which who than")
_WANTS_MORE = word_set("worried afraid concerned fear worry know think feel said told sure")
_HEDGES = word_set("maybe perhaps probably hopefully")
_DROPPED = word_set("honestly frankly")
_BE = re.compile(r"(?:.*’(?:re|m|s)|is|are|am|was|were|be|been|got|get|feel|felt)")
_SKIPPED = word_set("just really so very quite pretty kind of sort still all")
_HEADS = word_set("my your our his her their the a an this these those no")


def turned(text: str, *, focus: tuple[str, ...] = ()) -> str:
    """A clause of a text, said back: I for you, you for I. At most MAX_WORDS; else empty.

    The clause in which one of the patterns `focus` occurs, else the first that is a statement.
    """
    found = _clause(read_passage(_MISHEARD.sub(r"\1'll \2", text)), focus)
    return joined(swapped(found), found) if found else ""


def echo(text: str, *, focus: tuple[str, ...] = ()) -> str:
    """The last words of the same clause, or of a fragment, to be said back as a question."""
    passage = read_passage(text)
    words = _clause(passage, focus) or _fragment(passage)
    said = swapped(words)
    start = _echo_start(said)
    return joined(said[start:], words[start:]).strip(" ,")


def _echo_start(said: Sequence[str]) -> int:
    """Where the last words that belong together begin: behind a form of to be, at a noun."""
    count = len(said)
    for at in range(max(1, count - _ECHO_WORDS), count - 1):
        before = at - 1
        while before > 0 and said[before] in _SKIPPED:
            before -= 1
        if said[at] in _HEADS or (said[at] not in _SKIPPED and _BE.fullmatch(said[before])):
            return at
    return 0 if count <= _ECHO_WORDS else count - _SHORT_ECHO_WORDS


def _fragment(passage: Passage) -> list[Word]:
    """The words of the last sentence where it is no question and has no marks within."""
    if not passage.sentences:
        return []
    last = passage.sentences[-1]
    words = words_of(passage, last.first, last.last)
    if words[-1].clean == "?":
        return []
    parts = [part for part in _parts(words) if part and not _is_question(part)]
    return parts[-1] if parts else []


def _clause(passage: Passage, focus: tuple[str, ...]) -> list[Word]:
    """The clause to say back: of the sentences that hold the focus, else of any."""
    spans = [(one.first, one.last) for one in passage.sentences]
    held = [
        span
        for span, one in zip(spans, passage.sentences, strict=True)
        if focus and occurs(focus, passage, passage.clean_of(one))
    ]
    fallback: list[Word] = []
    for first, last in held or spans:
        for found in _statements(words_of(passage, first, last)):
            if not focus or occurs(focus, passage, " ".join(word.clean for word in found)):
                return found
            fallback = fallback or found
    return fallback


def _statements(sentence: Sequence[Word]) -> Iterator[list[Word]]:
    """The statements of a sentence, each cut to its own end."""
    parts = _parts(sentence)
    is_asked = bool(sentence) and sentence[-1].clean == "?"
    for at, part in enumerate(parts):
        is_last = at == len(parts) - 1
        if is_asked and is_last:
            continue
        opened = part and part[0].lower in _OPENS
        if opened and not is_last and _is_statement(parts[at + 1]):
            part = [*part, _COMMA, *parts[at + 1]]
        elif not _is_statement(part) and at and not opened:
            part = [*parts[at - 1], _COMMA, *part]
        short = _cut(part, at_end=is_last)
        if _is_statement(short, opened=bool(opened)) and not _is_filler(short):
            yield short


_COMMA = Word(clean=",", written=",")


def _parts(sentence: Sequence[Word]) -> list[list[Word]]:
    """A sentence cut at its marks, and before “and”, “but” and the like where a clause begins."""
    parts: list[list[Word]] = [[]]
    for at, word in enumerate(sentence):
        is_join = word.lower in _JOINS and _begins(sentence[at + 1 : at + 5])
        if word.is_mark or (is_join and _whole(parts[-1])):
            parts.append([])
        elif word.lower not in _DROPPED:
            parts[-1].append(word)
    led = [_without_leads(part) for part in parts]
    return [part for part in led if part]


def _whole(part: Sequence[Word]) -> bool:
    return _is_statement(_without_leads(part[:_LOOK_AHEAD]))


def _without_leads(part: Sequence[Word]) -> list[Word]:
    kept = list(part)
    while size := _lead(kept):
        kept = kept[size:]
    return kept


def _lead(part: Sequence[Word]) -> int:
    """How many words at the start only lead in: “well”, “you know”."""
    for size in range(min(_LONGEST_LEAD, len(part)), 0, -1):
        if " ".join(word.clean for word in part[:size]) in _LEADS:
            return size
    return 0


def _begins(words: Sequence[Word]) -> bool:
    """Whether a clause of its own begins here, or would behind “then”."""
    rest = words[1:] if words and words[0].lower in ("then", "now", "maybe") else words
    if not rest:
        return False
    first = rest[0].lower
    if first in _PRONOUNS or _SHORT_FORM.fullmatch(first):
        return len(rest) > 1 and not (first in ("that", "this") and not _is_verb(rest, 1))
    verbs = [at for at in range(1, len(rest)) if _is_verb(rest, at)]
    return first in _DETERMINERS and bool(verbs) and rest[verbs[0] - 1].lower != "to"


def _is_verb(words: Sequence[Word], at: int) -> bool:
    """Whether a word is a verb that a subject before it has; “timing’s” where “is” is meant."""
    word = words[at].lower
    if word.endswith("'s") and at + 1 < len(words):
        return bool(_IS_SHORT.fullmatch(words[at + 1].lower))
    return word in _VERBS


def _is_question(part: Sequence[Word]) -> bool:
    """Whether it asks by its order of words."""
    first, behind = (part[0].lower, part[1].lower if len(part) > 1 else "")
    if first == "what" or first.startswith("what'"):
        return behind in _AUXILIARIES or "'" in first
    is_subject = behind in _PRONOUNS or behind in _DETERMINERS
    return first in _ASKS or (first in _AUXILIARIES and is_subject)


def _is_statement(part: Sequence[Word], *, opened: bool = False) -> bool:
    """Whether it has a subject and a verb, in this order."""
    if len(part) < 2 or _is_question(part):
        return False
    if opened:
        return any(word.is_mark for word in part)
    first, behind = part[0].lower, part[1].lower
    if _SHORT_FORM.fullmatch(first):
        return True
    if first in _HEDGES:
        return _is_person(behind) and _is_statement(part[1:])
    if first in ("that", "this"):
        return _is_verb(part, 1) or (behind.endswith("s") and behind not in _DETERMINERS)
    if first in _PRONOUNS:
        return behind not in _NO_VERB or (behind == "and" and first in _PERSONS)
    if first == "what" or first == "me":
        return any(word.lower in _AUXILIARIES for word in part[2:_LOOK_AHEAD]) or behind == "and"
    return _has_verb_behind_noun(part[:_LOOK_AHEAD])


def _is_person(word: str) -> bool:
    return word in _PERSONS or bool(_SHORT_FORM.fullmatch(word))


def _has_verb_behind_noun(part: Sequence[Word]) -> bool:
    """Whether a noun begins it, and a verb of its own comes behind."""
    first = part[0].lower
    relative = any(word.lower in ("who", "which", "that") for word in part[1:3])
    if first in _DETERMINERS or first[0].isdigit():
        begin = 0 if first.endswith("'s") else 1
        verbs = [at for at in range(begin, len(part)) if _is_verb(part, at)]
        return len(verbs) > int(relative)
    if first in _NO_SUBJECT or first in _AUXILIARIES or relative or part[1].lower in _OBJECTS:
        return False
    before = [at for at in range(min(5, len(part))) if _is_auxiliary(part, at)]
    return bool(before) and not any(word.lower in _OBJECTS for word in part[1 : before[0]])


def _is_auxiliary(part: Sequence[Word], at: int) -> bool:
    word = part[at].lower
    return (at > 0 and word in _AUXILIARIES) or (word.endswith("'s") and _is_verb(part, at))


def _is_filler(part: Sequence[Word]) -> bool:
    """Whether it says nothing of them: a polite “I’m afraid”, a saying about everyone."""
    line = " ".join(word.clean for word in part)
    return line in ("i am afraid", "i know", "i see") or bool(_GENERIC.match(line))


def _cut(part: Sequence[Word], *, at_end: bool) -> list[Word]:
    """A clause without what dangles at its end, in no more words than the most."""
    kept = list(part)
    line = " ".join(word.lower for word in kept)
    if _IMPERSONAL.match(line):
        kept = kept[: _place_of(kept, "when", "you")]
    if len(kept) > 3 and [word.clean for word in kept[-2:]] == ["i am", "afraid"]:
        kept = kept[:-2]
    if len(kept) > MAX_WORDS:
        ends = [at for at in range(3, MAX_WORDS + 1) if kept[at].lower in _CUT_BEFORE]
        kept, at_end = kept[: ends[-1]] if ends else [], True
    if not at_end:
        kept = kept[: _place_of(kept, "that", "if")]
    if not at_end and len(kept) > 2 and kept[-1].lower == "that":
        kept = kept[:-1] if kept[-2].lower in _WANTS_MORE else kept
    while kept and (kept[-1].lower in _DANGLING or kept[-1].is_mark):
        kept.pop()
    return kept


def _place_of(words: Sequence[Word], first: str, second: str) -> int:
    """Where two words follow each other; the end where they do not."""
    lower = [word.lower for word in words]
    pairs = list(pairwise(lower))
    return pairs.index((first, second)) if (first, second) in pairs else len(lower)
