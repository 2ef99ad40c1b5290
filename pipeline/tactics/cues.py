"""Cues at work: patterns compiled once, matches carried to clauses, findings with a score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.search import find_all, occurs
from pipeline.tactics.text import BREAKS, MAX_CLAUSE_TOKENS, STOPS, Passage, Span, trimmed
from pipeline.tactics.wording import word_set

# A finding of this score rests on its place in the talk, not on a cue of its own.
BY_CONTEXT = 0.6
COORDINATORS = word_set("and but so because or")
LEADS = (
    COORDINATORS
    | word_set(
        "well okay yeah yes no now then right oh ah hey hi hello please sorry great good fine sure "
        "just also like actually basically honestly plus anyway again maybe perhaps cool nice "
        "interesting exactly obviously first next finally"
    )
    | {"all right"}
)
_CLAUSE_ENDS = STOPS | BREAKS
_PRONOUNS = word_set(
    "i you we they he she it there let if what how why when where who can could do"
)
_SUBJECTS = _PRONOUNS | word_set("that this these those would does did is are will my your our the")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A tactic found in the turn in hand, not yet a tag: `span` counts tokens."""

    tactic: str
    score: float
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A turn and what a rule may look at around it.

    `previous` is the turn right before when the other side spoke it; `heard` holds the other
    side's last turns, latest first; `on_table` names the tactics of its last turn, `in_play`
    those of both sides' last turns; `beside` holds the turns right before and after, whoever
    spoke them.
    """

    passage: Passage
    previous: Passage | None = None
    heard: tuple[Passage, ...] = ()
    on_table: frozenset[str] = frozenset()
    in_play: frozenset[str] = frozenset()
    own_table: frozenset[str] = frozenset()
    beside: tuple[Passage, ...] = ()


def matches(passage: Passage, tactic: Tactic, cues: tuple[str, ...] | None = None) -> list[Span]:
    """Where the tactic's cues (or those given) match and no exclusion overlaps them."""
    found = find_all(tactic.cues if cues is None else cues, passage)
    if not found:
        return []
    barred = [match.span() for match in find_all(tactic.exclusions, passage)]
    return [
        passage.span_of(match)
        for match in found
        if not any(start < match.end() and match.start() < end for start, end in barred)
    ]


def clauses(passage: Passage, spans: Iterable[Span]) -> Iterator[Span]:
    """The clause around each span, every clause once."""
    last = -1
    for span in spans:
        clause = clause_around(passage, span)
        if clause.first > last:
            yield clause
            last = clause.last


def clause_around(passage: Passage, span: Span) -> Span:
    """The clause that holds the span, without its lead-in words and closing mark."""
    first, last = span.first, span.last
    lowest = max(0, first - MAX_CLAUSE_TOKENS // 2)
    highest = min(len(passage.tokens) - 1, last + MAX_CLAUSE_TOKENS // 2)
    while first > lowest and not starts_clause(passage, first):
        first -= 1
    while last < highest and not starts_clause(passage, last + 1):
        last += 1
    led = trimmed(passage, Span(first=first, last=last), LEADS)
    return Span(first=min(led.first, span.first), last=max(led.last, _unmarked(passage, span)))


def starts_clause(passage: Passage, index: int) -> bool:
    """Whether a clause starts at this token: after a stop, or with "and I", "but you", …"""
    if index == 0 or passage.tokens[index - 1].clean in _CLAUSE_ENDS:
        return True
    word = passage.tokens[index].clean
    if word not in COORDINATORS or index + 1 >= len(passage.tokens):
        return False
    # "and the bonus" more often goes on with a list than with a clause.
    subjects = _PRONOUNS if word in ("and", "or") else _SUBJECTS
    return passage.tokens[index + 1].clean.partition(" ")[0] in subjects


def find(scene: Scene, tactic: Tactic, *, score: float) -> list[Finding]:
    """The tactic wherever its own cues find it, one finding a clause."""
    passage = scene.passage
    spans = matches(passage, tactic)
    if not spans:
        return []
    return [
        Finding(tactic=tactic.id, score=score, span=clause) for clause in clauses(passage, spans)
    ]


def is_prompted(scene: Scene, tactic: Tactic) -> bool:
    """Whether the other side's last turn holds one of the tactic's prompts."""
    return bool(scene.heard and occurs(tactic.prompt_cues, scene.heard[0]))


def touches(span: Span, others: Iterable[Span]) -> bool:
    """Whether the span shares a token with any other."""
    return any(span.first <= other.last and other.first <= span.last for other in others)


def _unmarked(passage: Passage, span: Span) -> int:
    return trimmed(passage, span).last
