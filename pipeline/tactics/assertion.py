"""Assertion: offers and the answers to them, limits, alternatives, and appeals to data."""

from __future__ import annotations

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
)
from pipeline.tactics.search import may_occur, pattern
from pipeline.tactics.text import sentences, trimmed

_QUESTIONS = frozenset({"open_question", "closed_question"})
_PROPOSALS = frozenset({"offer", "conditional_trade", "hedged_ask"})
_OPENING_TOKENS = 12


def find_assertion(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    """Every tactic of the first set in this family."""
    offers = _offers(scene, tactics["offer"])
    return [
        *offers,
        *_by_cue(scene, tactics, ("direct_ask", "value_statement", "objective_criteria")),
        *_by_cue(scene, tactics, ("boundary", "alternative")),
        *_answers(scene, tactics["accept"], tactics["reject"], offers),
    ]


def _by_cue(scene: Scene, tactics: Mapping[str, Tactic], names: Iterable[str]) -> list[Finding]:
    return [finding for name in names for finding in find(scene, tactics[name], score=0.8)]


def _offers(scene: Scene, tactic: Tactic) -> list[Finding]:
    found = find(scene, tactic, score=0.8)
    passage = scene.passage
    if found or not may_occur(tactic.context_cues, passage):
        return found
    asked = bool(scene.on_table & _QUESTIONS) and is_prompted(scene, tactic)
    if not (asked or scene.in_play & _PROPOSALS):
        return []
    for sentence in sentences(passage)[:2]:
        span = trimmed(passage, sentence, LEADS)
        if pattern(tactic.context_cues).fullmatch(passage.clean_of(span)):
            return [Finding(tactic=tactic.id, score=BY_CONTEXT, span=span)]
    return []


def _answers(scene: Scene, accept: Tactic, reject: Tactic, offers: list[Finding]) -> list[Finding]:
    """Accept and reject: by their own cues anywhere, by an answer's words after a proposal."""
    proposed = bool(scene.on_table & _PROPOSALS) or is_prompted(scene, accept)
    rejects = _answer(scene, reject, proposed=proposed)
    accepts = _answer(scene, accept, proposed=proposed and not offers)
    refused = {finding.span.first for finding in rejects}
    return [*(a for a in accepts if a.span.first not in refused), *rejects]


def _answer(scene: Scene, tactic: Tactic, *, proposed: bool) -> list[Finding]:
    passage = scene.passage
    plain = clauses(passage, matches(passage, tactic))
    findings = [Finding(tactic=tactic.id, score=0.8, span=span) for span in plain]
    if findings or not proposed:
        return findings
    spans = matches(passage, tactic, tactic.context_cues)
    opening = [span for span in spans if span.first < _OPENING_TOKENS][:1]
    return [
        Finding(tactic=tactic.id, score=BY_CONTEXT, span=span) for span in clauses(passage, opening)
    ]
