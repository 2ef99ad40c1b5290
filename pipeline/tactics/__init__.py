"""Tactics by rule: what each turn does in the negotiation, with the quote that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.tactics.assertion import find_assertion
from pipeline.tactics.codebook import Codebook, Tactic, Tag, Utterance
from pipeline.tactics.cues import Finding, Scene
from pipeline.tactics.empathy import find_empathy
from pipeline.tactics.exchange import find_exchange
from pipeline.tactics.questions import find_questions
from pipeline.tactics.reconcile import reconciled
from pipeline.tactics.risk import find_risk
from pipeline.tactics.text import Passage, read_passage

__all__ = ["detect"]

METHOD = "rule"
_HEARD_TURNS = 3
_FINDERS = (find_questions, find_empathy, find_assertion, find_exchange, find_risk)


def detect(utterances: Sequence[Utterance], codebook: Codebook) -> list[Tag]:
    """The tags of a call's turns, sorted by turn and place; backchannels are not among them."""
    tactics = {tactic.id: tactic for tactic in codebook.tactics}
    passages = [read_passage(utterance.text) for utterance in utterances]
    tags: list[Tag] = []
    said: list[frozenset[str]] = []
    for index, utterance in enumerate(utterances):
        scene = _scene(utterances, passages, said, index)
        findings = _findings(scene, tactics) if scene else []
        said.append(frozenset(finding.tactic for finding in findings))
        if scene:
            tags.extend(_tags(utterance, scene.passage, findings))
    return sorted(tags, key=lambda tag: (tag.turn, tag.start_char, tag.end_char, tag.tactic))


def _findings(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    return reconciled([finding for finder in _FINDERS for finding in finder(scene, tactics)])


def _scene(
    utterances: Sequence[Utterance],
    passages: Sequence[Passage],
    said: Sequence[frozenset[str]],
    index: int,
) -> Scene | None:
    if not passages[index].tokens:
        return None
    others = [
        at
        for at in range(index - 1, max(-1, index - 1 - 2 * _HEARD_TURNS), -1)
        if utterances[at].speaker != utterances[index].speaker and passages[at].tokens
    ][:_HEARD_TURNS]
    return Scene(
        passage=passages[index],
        previous=passages[index - 1] if others and others[0] == index - 1 else None,
        heard=tuple(passages[at] for at in others),
        on_table=said[others[0]] if others else frozenset(),
        in_play=frozenset().union(*said[-2 * _HEARD_TURNS :]),
        beside=tuple(passages[at] for at in (index - 1, index + 1) if 0 <= at < len(passages)),
    )


def _tags(utterance: Utterance, passage: Passage, findings: Sequence[Finding]) -> list[Tag]:
    """Findings as tags of the turn's own characters, the same place and tactic once."""
    tags = {}
    for finding in findings:
        start_char, end_char = passage.chars(finding.span)
        tags[finding.tactic, start_char] = Tag(
            turn=utterance.turn,
            tactic=finding.tactic,
            score=finding.score,
            start_char=start_char,
            end_char=end_char,
            method=METHOD,
        )
    return list(tags.values())
