"""Tactics by rule: what each turn does in the negotiation, with the quote that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.tactics.assertion import find_assertion
from pipeline.tactics.codebook import Codebook, Tactic, Tag, Utterance
from pipeline.tactics.cues import Finding, Scene
from pipeline.tactics.empathy import find_empathy
from pipeline.tactics.exchange import find_exchange
from pipeline.tactics.followups import find_follow_ups
from pipeline.tactics.learned import METHOD as LEARNED
from pipeline.tactics.learned import Classifier, Learned, decides, with_learned
from pipeline.tactics.offers.ledger import Entry, build_ledger
from pipeline.tactics.offers.moves import read_moves
from pipeline.tactics.offers.tactics import ledger_tags
from pipeline.tactics.questions import find_questions
from pipeline.tactics.reconcile import reconciled
from pipeline.tactics.risk import find_risk
from pipeline.tactics.sequence import Spoken, find_sequences
from pipeline.tactics.text import Passage, read_passage

__all__ = ["Learned", "Reading", "detect", "read_call"]

METHOD = "rule"
_HEARD_TURNS = 3
_FINDERS = (find_questions, find_empathy, find_assertion, find_exchange, find_risk)
_NO_TACTICS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found in a call: its tags, sorted by turn and place, and its ledger."""

    tags: tuple[Tag, ...]
    entries: tuple[Entry, ...]


def detect(
    utterances: Sequence[Utterance], codebook: Codebook, learned: Learned | None = None
) -> list[Tag]:
    """The tags of a call's turns, sorted by turn and place; backchannels are not among them."""
    return list(read_call(utterances, codebook, learned).tags)


def read_call(
    utterances: Sequence[Utterance], codebook: Codebook, learned: Learned | None = None
) -> Reading:
    """Tags and ledger: wording first, turn by turn; then what order and the ledger show.

    Without a classifier (`learned`) the rules alone speak.
    """
    passages = [read_passage(utterance.text) for utterance in utterances]
    worded = _worded(utterances, passages, codebook)
    said = read_moves(utterances, worded, codebook, passages=passages)
    entries = build_ledger(said)
    ruled = ledger_tags(said, entries)
    if learned:
        worded = with_learned(utterances, passages, worded, ruled, learned=learned)
        said = read_moves(utterances, worded, codebook, passages=passages)
        entries = build_ledger(said)
        ruled = _agreed(ledger_tags(said, entries), worded, learned.classifier)
    return Reading(tags=_sorted(worded, ruled), entries=tuple(entries))


def _agreed(ruled: Sequence[Tag], found: Sequence[Tag], classifier: Classifier) -> list[Tag]:
    """The ledger's tags without those that the network, which decides, did not find."""
    known = {(tag.turn, tag.tactic) for tag in found}
    return [
        tag
        for tag in ruled
        if not decides(tag.tactic, classifier) or (tag.turn, tag.tactic) in known
    ]


def _sorted(worded: Sequence[Tag], ruled: Sequence[Tag]) -> tuple[Tag, ...]:
    """All tags by turn and place; of one tactic in a turn the narrower quote.

    That is the wording's, then the ledger's, then the network's.
    """
    by_ledger = {(tag.turn, tag.tactic) for tag in ruled}
    kept = [
        tag for tag in worded if tag.method != LEARNED or (tag.turn, tag.tactic) not in by_ledger
    ]
    known = {(tag.turn, tag.tactic) for tag in kept}
    tags = [*kept, *(tag for tag in ruled if (tag.turn, tag.tactic) not in known)]
    unique = {(tag.turn, tag.tactic, tag.start_char): tag for tag in reversed(tags)}
    return tuple(
        sorted(
            unique.values(), key=lambda tag: (tag.turn, tag.start_char, tag.end_char, tag.tactic)
        )
    )


def _worded(
    utterances: Sequence[Utterance], passages: Sequence[Passage], codebook: Codebook
) -> list[Tag]:
    """What wording and the order of turns show."""
    tactics = {tactic.id: tactic for tactic in codebook.tactics}
    said: list[frozenset[str]] = []
    spoken: list[Spoken] = []
    for index, utterance in enumerate(utterances):
        scene = _scene(utterances, passages, said, index)
        findings = _findings(scene, tactics) if scene else []
        said.append(frozenset(finding.tactic for finding in findings))
        if scene:
            spoken.append(
                Spoken(
                    index=index,
                    speaker=utterance.speaker,
                    passage=scene.passage,
                    findings=tuple(findings),
                )
            )
    found = [(turn.index, finding) for turn in spoken for finding in turn.findings]
    found += find_sequences(spoken, tactics)
    return [_tag(utterances[index], passages[index], finding) for index, finding in found]


def _findings(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    found = reconciled([finding for finder in _FINDERS for finding in finder(scene, tactics)])
    return [*found, *find_follow_ups(scene, tactics, found)]


def _scene(
    utterances: Sequence[Utterance],
    passages: Sequence[Passage],
    said: Sequence[frozenset[str]],
    index: int,
) -> Scene | None:
    if not passages[index].tokens:
        return None
    before = range(index - 1, max(-1, index - 1 - 2 * _HEARD_TURNS), -1)
    speaker = utterances[index].speaker
    others = [at for at in before if utterances[at].speaker != speaker and passages[at].tokens][
        :_HEARD_TURNS
    ]
    own = [at for at in before if utterances[at].speaker == speaker and passages[at].tokens]
    return Scene(
        passage=passages[index],
        previous=passages[index - 1] if others and others[0] == index - 1 else None,
        heard=tuple(passages[at] for at in others),
        on_table=said[others[0]] if others else _NO_TACTICS,
        in_play=_NO_TACTICS.union(*said[-2 * _HEARD_TURNS :]),
        own_table=said[own[0]] if own else _NO_TACTICS,
        beside=tuple(passages[at] for at in (index - 1, index + 1) if 0 <= at < len(passages)),
    )


def _tag(utterance: Utterance, passage: Passage, finding: Finding) -> Tag:
    """A finding as a tag of the turn's own characters."""
    start_char, end_char = passage.chars(finding.span)
    return Tag(
        turn=utterance.turn,
        tactic=finding.tactic,
        score=finding.score,
        start_char=start_char,
        end_char=end_char,
        method=METHOD,
    )
