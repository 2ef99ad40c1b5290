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
        key=lambda one: (-one.score, one.hit.quote.turn, one.hit.quote.start_char),
    )
    room = {STRENGTH: rulebook.most_strengths, MISSED: rulebook.most_missed}
    chosen: list[Ranked] = []
    of_rule: Counter[str] = Counter()
    taken: set[int] = set()
    for one in best_first:
        rule, stretch = one.hit.rule, scene.stretch_of(one.hit.quote.turn).place
        if stretch in taken or of_rule[rule.id] >= rulebook.most_of_a_rule or not room[rule.kind]:
            continue
        taken.add(stretch)
        of_rule[rule.id] += 1
        room[rule.kind] -= 1
        chosen.append(one)
    return chosen[: rulebook.most]


def _score(hit: Hit, weights: Mapping[str, float]) -> float:
    sure = _SURE + (1 - _SURE) * hit.strength
    return hit.rule.weight * weights.get(hit.rule.id, 1.0) * sure
