"""Empathy: labels, mirrors, paraphrases, acknowledgements and thanks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import (
    BY_CONTEXT,
    LEADS,
    Finding,
    Scene,
    clauses,
    find,
    is_prompted,
    matches,
    touches,
)
from pipeline.tactics.search import match_at, occurs, pattern
from pipeline.tactics.text import Passage, Span, sentences, trimmed, words
from pipeline.tactics.wording import word_set

RISING_MIRROR = 0.8
_MAX_MIRROR_WORDS = 7
_MAX_MIRROR_REST = 3
_MIN_POINTS = 3
_BETWEEN_POINTS = word_set(", ; — and plus but")
_LIGHT = word_set(
    "i you he she it we they me him her us them my your his its our their mine yours a an the this "
    "that these those is are was were am be been being do does did have has had can could will "
    "would should shall may might must not and or but so if then than as at by for from in into "
    "of off on onto out over to up with about just really very too also like well okay yeah yes no "
    "oh right there here what how why when where who which because get got some any all"
)
_AROUND_THANKS = LEADS | word_set("so much very you a lot again")
_SECOND = word_set("you your yours yourself")
_NUMBER = re.compile(
    r"[$€£]?\d|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty"
    r"|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|oh|double)$"
)
_OWN = word_set("i we my our")
_ASKING = word_set(
    "what how why when where who which do does did is are was were am can could would will shall "
    "should have has had may might"
)


def find_empathy(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    """Every tactic of the first set in this family."""
    labels = find(scene, tactics["label"], score=0.8)
    mirrors = _mirrors(scene, tactics["mirror"])
    restated = [] if mirrors else _paraphrases(scene, tactics["paraphrase"], labels)
    return [
        *labels,
        *mirrors,
        *_summaries(scene, tactics["summary"], restated),
        *find(scene, tactics["accusation_audit"], score=0.8),
        *find(scene, tactics["acknowledgement"], score=0.8),
        *_gratitude(scene, tactics["gratitude"]),
    ]


def content_words(passage: Passage) -> frozenset[str]:
    """The stems of the words that carry meaning."""
    return content_stems(words(passage.clean))


def content_stems(said: Iterable[str]) -> frozenset[str]:
    """The stems of those words that carry meaning."""
    return frozenset(_stem(word) for word in said if word not in _LIGHT)


def content_by_stem(said: Iterable[str]) -> dict[str, str]:
    """Those words that carry meaning, in order, each stem with the first word that has it."""
    found: dict[str, str] = {}
    for word in said:
        if word not in _LIGHT:
            found.setdefault(_stem(word), word)
    return found


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word


def _mirrors(scene: Scene, tactic: Tactic) -> list[Finding]:
    passage, previous = scene.passage, scene.previous
    heads = sentences(passage)
    if previous is None or not heads:
        return []
    head = trimmed(passage, heads[0], LEADS)
    said = words(passage.clean_of(head))
    rest = len(words(passage.clean)) - len(words(passage.clean_of(heads[0])))
    rising = passage.tokens[heads[0].last].clean == "?"
    if (
        not said
        or len(said) > _MAX_MIRROR_WORDS
        or rest > _MAX_MIRROR_REST
        or said[0] in _OWN | _ASKING
    ):
        return []
    polite = pattern(tactic.exclusions)
    content = [_stem(w) for w in said if w not in _LIGHT and not polite.fullmatch(w)]
    heard = [_stem(word) for word in words(previous.clean) if word not in _LIGHT]
    if (
        not content
        or not _echoes(content, heard, rising=rising)
        or _is_answer(scene, tactic, said, rising)
    ):
        return []
    last = heads[0].last if rising else head.last
    score = RISING_MIRROR if rising else RISING_MIRROR - 0.1
    return [Finding(tactic=tactic.id, score=score, span=Span(first=head.first, last=last))]


def _echoes(content: list[str], heard: list[str], *, rising: bool) -> bool:
    """Whether all that was said had been heard, with more besides unless the voice rises."""
    known = set(heard)
    return (rising or len(heard) > len(content)) and all(word in known for word in content)


def _is_answer(scene: Scene, tactic: Tactic, said: list[str], rising: bool) -> bool:
    """Whether an echo only answers a question, or reads back a number it was asked to confirm."""
    previous = scene.heard[0]
    if not rising and any(token.clean == "?" for token in previous.tokens[-3:]):
        return True
    numbers = all(_NUMBER.match(word) for word in said if word not in _LIGHT)
    return numbers and (not rising or is_prompted(scene, tactic))


def _paraphrases(scene: Scene, tactic: Tactic, labels: list[Finding]) -> list[Finding]:
    passage = scene.passage
    taken = [label.span for label in labels]
    cued = [s for s in clauses(passage, matches(passage, tactic)) if not touches(s, taken)]
    findings = [Finding(tactic=tactic.id, score=0.8, span=span) for span in cued]
    for sentence in sentences(passage):
        span = trimmed(passage, sentence, LEADS)
        if not touches(span, [*taken, *cued]) and _restates(scene, tactic, sentence):
            findings.append(Finding(tactic=tactic.id, score=BY_CONTEXT, span=span))
    return findings


def _summaries(scene: Scene, tactic: Tactic, restated: list[Finding]) -> list[Finding]:
    """The paraphrases, those of two or more separate points turned into summaries."""
    passage = scene.passage
    cued = bool(matches(passage, tactic))
    found = []
    for finding in restated:
        points = _points(passage, _sentence_of(passage, finding.span))
        several = points >= (2 if cued else _MIN_POINTS)
        name = tactic.id if several else finding.tactic
        found.append(Finding(tactic=name, score=finding.score, span=finding.span))
    if cued and not found:
        spans = [s for s in sentences(passage) if _points(passage, s) >= 2]
        found = [Finding(tactic=tactic.id, score=0.7, span=trimmed(passage, s)) for s in spans[:1]]
    return found


def _sentence_of(passage: Passage, span: Span) -> Span:
    return next((s for s in sentences(passage) if s.first <= span.first <= s.last), span)


def _points(passage: Passage, span: Span) -> int:
    """How many separate points a sentence lists: parts between commas and "and"."""
    parts: list[list[str]] = [[]]
    for token in passage.tokens[span.first : span.last + 1]:
        if token.clean in _BETWEEN_POINTS:
            parts.append([])
        elif token.clean not in _LIGHT and token.clean not in LEADS:
            parts[-1].append(token.clean)
    return sum(bool(part) for part in parts)


def _restates(scene: Scene, tactic: Tactic, sentence: Span) -> bool:
    """Whether a sentence about "you", no question by form, picks up what the other side said."""
    passage = scene.passage
    if not scene.heard or passage.words.isdisjoint(_SECOND):
        return False
    said = words(passage.clean_of(sentence))
    if _SECOND.isdisjoint(said) or not match_at(tactic.context_cues, passage, sentence.first):
        return False
    content = {_stem(word) for word in said if word not in _LIGHT}
    heard = frozenset[str]().union(*(content_words(turn) for turn in scene.heard))
    return bool(content & heard) or _tells_you(said)


def _tells_you(said: list[str]) -> bool:
    """Whether a sentence opens with "so you …": that alone restates."""
    led = [word for word in said if word not in LEADS]
    return "so" in said[: len(said) - len(led) + 1] and bool(led) and led[0] in _SECOND


def _gratitude(scene: Scene, tactic: Tactic) -> list[Finding]:
    found = find(scene, tactic, score=0.9)
    return [] if found and _is_closing(scene, tactic) else found


def _is_closing(scene: Scene, tactic: Tactic) -> bool:
    """Whether the turn is a goodbye and thanks alone."""
    near = (scene.passage, *scene.beside)
    if not any(occurs(tactic.context_cues, passage) for passage in near):
        return False
    without_byes = pattern(tactic.context_cues).sub("", scene.passage.clean)
    rest = words(pattern(tactic.cues).sub("", without_byes))
    return all(word in _AROUND_THANKS for word in rest)
