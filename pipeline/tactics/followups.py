"""Follow-up questions: questions that ask more about what the other side just said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import Finding, Scene, touches
from pipeline.tactics.empathy import content_stems
from pipeline.tactics.search import occurs
from pipeline.tactics.text import Span, words

FOLLOW_UP = "follow_up_question"
_MIN_HEARD_WORDS = 3
_PROPOSALS = frozenset({"offer", "hedged_ask", "direct_ask", "conditional_trade"})


def find_follow_ups(
    scene: Scene, tactics: Mapping[str, Tactic], found: Sequence[Finding]
) -> list[Finding]:
    """The questions of a turn that are tied to the other side's last turn.

    Tied by a content word said there, by a pronoun that points at it, or by being too short to
    mean anything alone. An offer put as a question is none.
    """
    if scene.previous is None or len(words(scene.previous.clean)) < _MIN_HEARD_WORDS:
        return []
    proposed = [finding.span for finding in found if finding.tactic in _PROPOSALS]
    return [
        Finding(tactic=FOLLOW_UP, score=0.7, span=question.span)
        for question in found
        if question.tactic in ("open_question", "closed_question")
        and not touches(question.span, proposed)
        and _is_tied(scene, tactics[FOLLOW_UP], question.span)
    ]


def _is_tied(scene: Scene, tactic: Tactic, span: Span) -> bool:
    clean = scene.passage.clean_of(span)
    if occurs(tactic.exclusions, scene.passage, clean) or scene.previous is None:
        return False
    if occurs(tactic.cues, scene.passage, clean):
        return True
    shared = content_stems(words(clean)) & content_stems(words(scene.previous.clean))
    return bool(shared)
