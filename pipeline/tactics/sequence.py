"""Tactics that the order of turns decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import Finding, clauses, matches
from pipeline.tactics.search import occurs
from pipeline.tactics.text import Passage

POSITIVE_CLOSE, BAIT_AND_SWITCH, DEFEND_ATTACK = (
    "positive_close",
    "bait_and_switch",
    "defend_attack",
)
_NO_WITHIN_TURNS = 4
_BAIT_WITHIN_TURNS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A turn that holds words, with what wording found in it; `index` is its place in the call."""

    index: int
    speaker: str
    passage: Passage
    findings: tuple[Finding, ...]

    @property
    def tactics(self) -> frozenset[str]:
        """The ids of what was found."""
        return frozenset(finding.tactic for finding in self.findings)


def find_sequences(
    turns: Sequence[Spoken], tactics: Mapping[str, Tactic]
) -> Iterator[tuple[int, Finding]]:
    """What the order of turns shows, each with the index of its turn."""
    fights = [_fights(turn, tactics[DEFEND_ATTACK]) for turn in turns]
    baits = [occurs(tactics[BAIT_AND_SWITCH].prompt_cues, turn.passage) for turn in turns]
    for at, turn in enumerate(turns):
        yield from _closes(turns, at, tactics[POSITIVE_CLOSE])
        yield from _baits(turns, at, baits, tactics[BAIT_AND_SWITCH])
        beside = [other for other in (at - 1, at + 1) if 0 <= other < len(turns)]
        if any(fights[other] and turns[other].speaker != turn.speaker for other in beside):
            yield from ((turn.index, finding) for finding in fights[at][:1])


def _closes(turns: Sequence[Spoken], at: int, tactic: Tactic) -> Iterator[tuple[int, Finding]]:
    """Thanks and an interest in staying in touch, after the other side said no."""
    turn = turns[at]
    if all(finding.tactic != "gratitude" for finding in turn.findings):
        return
    refused = any(
        other.speaker != turn.speaker
        and ("reject" in other.tactics or occurs(tactic.prompt_cues, other.passage))
        for other in turns[max(0, at - _NO_WITHIN_TURNS) : at]
    )
    if refused:
        yield from _first(turn, tactic)


def _baits(
    turns: Sequence[Spoken], at: int, baits: Sequence[bool], tactic: Tactic
) -> Iterator[tuple[int, Finding]]:
    """An ask for the job by one who had asked for nothing but advice (`baits`)."""
    before = range(max(0, at - _BAIT_WITHIN_TURNS), at)
    if any(baits[other] and turns[other].speaker == turns[at].speaker for other in before):
        yield from _first(turns[at], tactic)


def _first(turn: Spoken, tactic: Tactic) -> Iterator[tuple[int, Finding]]:
    for span in list(clauses(turn.passage, matches(turn.passage, tactic)))[:1]:
        yield turn.index, Finding(tactic=tactic.id, score=0.7, span=span)


def _fights(turn: Spoken, tactic: Tactic) -> list[Finding]:
    """Blame or defence in a turn; it counts only beside one of the other side."""
    return [
        Finding(tactic=tactic.id, score=0.7, span=span)
        for span in clauses(turn.passage, matches(turn.passage, tactic))
    ]
