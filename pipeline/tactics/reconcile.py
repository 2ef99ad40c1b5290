"""Findings of one turn that cannot hold together: the better founded one stays."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from pipeline.tactics.cues import BY_CONTEXT, Finding, touches
from pipeline.tactics.empathy import RISING_MIRROR
from pipeline.tactics.questions import ASKED, CLOSED, OPEN, RISING
from pipeline.tactics.text import Span

_QUESTIONS = frozenset({OPEN, CLOSED})
_REFLECTIONS = frozenset({"label", "paraphrase", "mirror"})
_MOVES = frozenset({"offer", "conditional_trade", "threat", "boundary", "accept", "reject"})


def reconciled(findings: list[Finding]) -> list[Finding]:
    """The findings of a turn without those that another one rules out."""
    return [finding for finding in findings if not _is_ruled_out(finding, findings)]


def _is_ruled_out(finding: Finding, findings: list[Finding]) -> bool:
    by_context = finding.score <= BY_CONTEXT
    if finding.tactic in ("label", "accept"):
        asked = _spans(findings, _QUESTIONS, at_least=ASKED)
        traded = _spans(findings, {"conditional_trade"}, at_least=0.0)
        return touches(finding.span, [*asked, *(traded if finding.tactic == "accept" else ())])
    if finding.tactic == "paraphrase" and by_context:
        asked = _spans(findings, _QUESTIONS, at_least=ASKED)
        moves = _spans(findings, _MOVES, at_least=0.0)
        return touches(finding.span, [*asked, *moves])
    if finding.tactic == "reject" and by_context:
        return touches(finding.span, _spans(findings, {"boundary"}, at_least=0.0))
    if finding.tactic == "offer" and by_context:
        return touches(finding.span, _spans(findings, {"mirror"}, at_least=RISING_MIRROR))
    if finding.tactic == "mirror" and finding.score < RISING_MIRROR:
        return touches(finding.span, _spans(findings, {"offer"}, at_least=0.0))
    if finding.tactic == CLOSED and finding.score == RISING:
        reflections = _spans(findings, _REFLECTIONS, at_least=BY_CONTEXT + 0.1)
        return touches(finding.span, reflections)
    return False


def _spans(
    findings: Iterable[Finding], tactics: AbstractSet[str], *, at_least: float
) -> list[Span]:
    return [f.span for f in findings if f.tactic in tactics and f.score >= at_least]
