"""Which of the moments found are shown: the most telling, of both kinds, none twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.stages.moments.finders import Hit
from pipeline.stages.moments.rules import MISSED, STRENGTH, Rulebook
from pipeline.stages.moments.scene import Scene

_SURE = 0.5
"""How much of a score does not depend on how sure the find is: a telling moment found by a rule
of 0.7 goes before a lesser one of 0.9."""
_NEARLY = 0.85
"""Where a rule has been shown already, another one that fits the same exchange takes its place if
it scores at least this share: the same advice twice teaches nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A hit with its score; scores compare within a call only."""

    hit: Hit
    score: float


def ranked(
    hits: Iterable[Hit], *, scene: Scene, rulebook: Rulebook, weights: Mapping[str, float]
) -> list[Ranked]:
    """The moments to show, best first.

    A score is the rule's weight, times what the profile makes of it, times how sure the find is.
    One moment a stretch of the floor, few of one rule, and some of each kind: feedback that
    holds only praise, or only faults, changes nothing.
    """
    scored = [Ranked(hit=hit, score=_score(hit, weights)) for hit in hits]
    best_first = sorted(
        (one for one in scored if one.score >= rulebook.min_score),
        key=_best_first,
    )
    room = {STRENGTH: rulebook.most_strengths, MISSED: rulebook.most_missed}
    chosen: list[Ranked] = []
    of_rule: Counter[str] = Counter()
    taken: set[int] = set()
    places = [scene.stretch_of(one.hit.quote.turn).place for one in best_first]
    here: dict[int, list[Ranked]] = {}
    for stretch, one in zip(places, best_first, strict=True):
        here.setdefault(stretch, []).append(one)
    for stretch, first in zip(places, best_first, strict=True):
        one = _fresh(first, here[stretch], of_rule) if of_rule[first.hit.rule.id] else first
        rule = one.hit.rule
        if stretch in taken or of_rule[rule.id] >= rulebook.most_of_a_rule or not room[rule.kind]:
            continue
        taken.add(stretch)
        of_rule[rule.id] += 1
        room[rule.kind] -= 1
        chosen.append(one)
    return sorted(chosen, key=_best_first)[: rulebook.most]


def _best_first(one: Ranked) -> tuple[float, int, int]:
    return (-one.score, one.hit.quote.turn, one.hit.quote.start_char)


def _fresh(first: Ranked, here: Iterable[Ranked], of_rule: Mapping[str, int]) -> Ranked:
    """The best of the same exchange and kind whose rule was not shown yet; else the first."""
    kind, enough = first.hit.rule.kind, _NEARLY * first.score
    new = (
        one
        for one in here
        if one.hit.rule.kind == kind and one.score >= enough and not of_rule[one.hit.rule.id]
    )
    return next(new, first)


def _score(hit: Hit, weights: Mapping[str, float]) -> float:
    sure = _SURE + (1 - _SURE) * hit.strength
    return hit.rule.weight * weights.get(hit.rule.id, 1.0) * sure
