"""Risk: asks hidden in softeners, threats, praise of one's own side, empty promises."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import BY_CONTEXT, Finding, Scene, clauses, find, matches

_BY_CUE = ("hedged_ask", "threat", "vague_assurance")


def find_risk(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    """What wording decides in this family, and praise of an offer of one's own."""
    found = [finding for name in _BY_CUE for finding in find(scene, tactics[name], score=0.8)]
    return [*found, *_irritators(scene, tactics["irritator"], tactics["offer"])]


def _irritators(scene: Scene, tactic: Tactic, offer: Tactic) -> list[Finding]:
    """Praise by name; "that's more than fair" only beside an offer of one's own."""
    plain = find(scene, tactic, score=0.8)
    spans = [] if plain else matches(scene.passage, tactic, tactic.context_cues)
    if not spans or not ("offer" in scene.own_table or matches(scene.passage, offer)):
        return plain
    return [
        Finding(tactic=tactic.id, score=BY_CONTEXT, span=span)
        for span in clauses(scene.passage, spans)
    ]
