"""Questions, found with and without question marks, one finding a question.

Cues are tried wherever a clause may start; context cues, which carry their own inversion ("do
you", "what would it"), also in the middle of a run that a recogniser left without marks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import (
    COORDINATORS,
    LEADS,
    Finding,
    Scene,
    find,
    starts_clause,
)
from pipeline.tactics.search import beginner, match_at, occurs, pattern
from pipeline.tactics.text import MARKS, MAX_CLAUSE_TOKENS, Passage, Span, sentences, words
from pipeline.tactics.wording import word_set

OPEN, CLOSED, CALIBRATED = "open_question", "closed_question", "calibrated_question"
ASKED, RISING = 0.9, 0.7

_AUX = "(?:is|are|was|were|do|does|did|have|has|had|can|could|would|will|should)"
_WHO = "(?:i|you|we|they|he|she|it|that|there)"
_TAIL = re.compile(
    rf"(?:(?:, )?{_AUX} not {_WHO}|, {_AUX} {_WHO}"
    r"|, (?:right|correct|is that right|is that correct)"
    r"|(?:, )?(?:right|correct|yeah|yes|no|okay|huh|eh|is that right|is that correct)(?= \?))"
    r"(?: [.?!])?$"
)
_EMBEDDERS = word_set(
    "know knew understand see saw remember sure tell told asked ask explain show wonder wondering "
    "decide find figure what how why where when who which whether if that than as nor neither "
    "i we they he she it to will would can could must "
    "not only whatever whoever because depending about of on matter care forget realize"
)
_FRAGMENT_WORDS = 3
_EMPTY_SENTENCES = (
    "really|you know|what|huh|pardon|pardon me|excuse me|eh|i see|correct|all right|thank you"
    "|thanks|you know what|you see|i am sorry|sorry what|is it|oh really|know what i mean"
)
_EMPTY = frozenset(_EMPTY_SENTENCES.split("|"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Where a question starts, which kind it is, and the first token after its cue."""

    index: int
    tactic: str
    after: int


def find_questions(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    """Questions of every kind; a calibrated one is tagged open as well."""
    passage = scene.passage
    found = find(scene, tactics["no_oriented_question"], score=0.8)
    for sentence in sentences(passage):
        for finding in _in_sentence(passage, sentence, tactics):
            found.append(finding)
            if finding.tactic == OPEN and _is_calibrated(passage, finding.span, tactics):
                found.append(Finding(tactic=CALIBRATED, score=0.8, span=finding.span))
    return found


def _in_sentence(passage: Passage, sentence: Span, tactics: Mapping[str, Tactic]) -> list[Finding]:
    tail = _tail_start(passage, sentence)
    starts = _starts(passage, sentence, tail, tactics)
    if starts:
        return _cut(passage, sentence, starts)
    rising = passage.tokens[sentence.last].clean == "?"
    if (rising or tail <= sentence.last) and not _is_rhetorical(passage, sentence, tactics):
        span = _last_clause(passage, sentence, tail)
        return [Finding(tactic=CLOSED, score=RISING, span=span)]
    return []


def _is_calibrated(passage: Passage, span: Span, tactics: Mapping[str, Tactic]) -> bool:
    return occurs(tactics[CALIBRATED].cues, passage, passage.clean_of(span))


def _tail_start(passage: Passage, sentence: Span) -> int:
    """The first token of a tag such as ", right?" or "isn't it"; past the end without one."""
    first = max(sentence.first, sentence.last - 5)
    match = _TAIL.search(passage.clean_of(Span(first=first, last=sentence.last)))
    if not match:
        return sentence.last + 1
    tail = passage.token_at(passage.places[first] + match.start())
    body = words(passage.clean_of(Span(first=sentence.first, last=max(sentence.first, tail - 1))))
    led = [word for word in body if word not in LEADS]
    return tail if len(led) > 1 else sentence.last + 1


def _starts(
    passage: Passage, sentence: Span, tail: int, tactics: Mapping[str, Tactic]
) -> list[_Start]:
    starts: list[_Start] = []
    may_begin = beginner(_lists(tactics))
    index = sentence.first
    while index < min(tail, sentence.last + 1):
        start = None
        if may_begin(passage.tokens[index].clean):
            start = _start_at(passage, sentence, index, tactics, starts)
        if start and _is_restart(passage, starts, start):
            starts.pop()
        if start and start.tactic:
            starts.append(start)
        index = max(index + 1, start.after if start else 0)
    return starts


def _start_at(
    passage: Passage,
    sentence: Span,
    index: int,
    tactics: Mapping[str, Tactic],
    starts: Sequence[_Start],
) -> _Start | None:
    if passage.tokens[index].clean in MARKS:
        return None
    at_clause = _may_start(passage, sentence, index)
    if starts and not _may_follow(passage, index, starts[-1]):
        return None
    for tactic in (tactics[OPEN], tactics[CLOSED]):
        excluded = match_at(tactic.exclusions, passage, index) if at_clause else None
        if excluded:
            return _Start(index=index, tactic="", after=passage.span_of(excluded).last + 1)
    for tactic in (tactics[OPEN], tactics[CLOSED]):
        match = _match_at(passage, index, tactic, at_clause=at_clause)
        if match:
            after = passage.span_of(match).last + 1
            return _Start(index=index, tactic=tactic.id, after=after)
    return None


def _lists(tactics: Mapping[str, Tactic]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        cues
        for tactic in (tactics[OPEN], tactics[CLOSED])
        for cues in (tactic.cues, tactic.context_cues, tactic.exclusions)
    )


def _match_at(
    passage: Passage, index: int, tactic: Tactic, *, at_clause: bool
) -> re.Match[str] | None:
    if at_clause:
        match = match_at(tactic.cues, passage, index)
        if match:
            return match
    elif passage.tokens[index - 1].clean.rpartition(" ")[2] in _EMBEDDERS:
        return None
    return match_at(tactic.context_cues, passage, index)


def _may_start(passage: Passage, sentence: Span, index: int) -> bool:
    """Whether a clause may start here: first, after a mark, a coordinator or lead-in words."""
    before = index - 1
    if before < sentence.first:
        return True
    word = passage.tokens[before].clean
    if word in MARKS or word in COORDINATORS:
        return True
    return word in LEADS and _may_start(passage, sentence, before) if index < 8 else False


def _may_follow(passage: Passage, index: int, last: _Start) -> bool:
    """Whether a second question may start inside the sentence of a first one."""
    before = passage.tokens[index - 1].clean
    if before in MARKS or before in COORDINATORS:
        return before != "or"
    return index - last.index > _FRAGMENT_WORDS


def _is_restart(passage: Passage, starts: Sequence[_Start], start: _Start) -> bool:
    """Whether the last question was broken off after a word or two and begun again here."""
    if not starts or start.index - starts[-1].index > _FRAGMENT_WORDS + 1:
        return False
    return passage.tokens[start.index - 1].clean in MARKS


def _cut(passage: Passage, sentence: Span, starts: Sequence[_Start]) -> list[Finding]:
    """One finding a start, up to the next start or the end of its sentence."""
    findings = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        last = following.index - 1 if following else sentence.last
        span = Span(first=start.index, last=_question_end(passage, start, last))
        if not _is_broken_off(passage, span, start):
            tactic = OPEN if not following and _trails_off(passage, last) else start.tactic
            findings.append(Finding(tactic=tactic, score=ASKED, span=span))
    return findings


def _trails_off(passage: Passage, last: int) -> bool:
    """Whether a question ends in "or …": the answer is left open (AnnoMI counts it so)."""
    while last > 0 and passage.tokens[last].clean in MARKS:
        last -= 1
    return passage.tokens[last].clean == "or"


def _is_broken_off(passage: Passage, span: Span, start: _Start) -> bool:
    """Whether no more than the first words of a question were said, without a question mark."""
    if passage.tokens[span.last].clean == "?" or span.last >= start.after:
        return False
    return span.last - span.first < _FRAGMENT_WORDS - 1


def _question_end(passage: Passage, start: _Start, last: int) -> int:
    """The last token of a question; without a question mark it ends with its clause."""
    if passage.tokens[last].clean == "?":
        return last
    for index in range(min(start.after, last) + 1, last + 1):
        long = index - start.index > MAX_CLAUSE_TOKENS
        if long or (starts_clause(passage, index) and passage.tokens[index].clean != "or"):
            last = index - 1
            break
    while last > start.index and passage.tokens[last].clean in MARKS | COORDINATORS:
        last -= 1
    return last


def _is_rhetorical(passage: Passage, sentence: Span, tactics: Mapping[str, Tactic]) -> bool:
    """Whether a sentence asks nothing: "right?", "you know what?", "how are you?"."""
    said = [word for word in words(passage.clean_of(sentence)) if word not in LEADS]
    if not said or " ".join(said) in _EMPTY:
        return True
    bare = " ".join(said)
    barred = tactics[OPEN].exclusions + tactics[CLOSED].exclusions
    match = pattern(barred).match(bare)
    return match is not None and match.end() >= len(bare)


def _last_clause(passage: Passage, sentence: Span, tail: int) -> Span:
    """The last clause of a sentence, lead-in words left out, its mark kept."""
    first = min(tail, sentence.last) - 1
    while first > sentence.first and not starts_clause(passage, first):
        first -= 1
    first = max(first, sentence.first)
    while first < sentence.last - 1 and passage.tokens[first].clean in LEADS | MARKS:
        first += 1
    last = sentence.last
    if passage.tokens[last].clean in MARKS - {"?"} and last > first:
        last -= 1
    return Span(first=first, last=last)
