"""Tactics by a trained network: what a turn says, after what the other side said just before.

The network is a small transformer, tuned by scripts/train_tactics; how it is run is not known
here, it comes as a function. What the rules and the ledger found is among what it sees.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.tactics.codebook import Tag, Utterance
from pipeline.tactics.text import Passage, Span, sentences, trimmed, words

Floats = npt.NDArray[np.float32]
Scores = tuple[Floats, Sequence[Floats]]
Score = Callable[[Sequence[str], Sequence[str], Floats], Scores]
"""Texts, the other side's texts, facts (texts, features) -> scores (texts, tactics), and for each
text what each of its words added to them (words, tactics)."""

METHOD = "learned"
RULE, LEARNED, EITHER = "rule", "learned", "either"
"""Whose tags count for a tactic: what was best on development data."""

WINDOW_WORDS = 48
"""A longer turn is read in windows of so many words; the network was tuned on turns of this size,
and 99 of 100 turns are shorter."""
_MANY_TURNS, _MANY_WORDS = 20, 40
_LOOK_BACK = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the classifier sees of a turn: its words, the other side's last, the rules' finds."""

    text: str
    other: str
    hits: frozenset[str]
    other_hits: frozenset[str]
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """The network and how its scores are read.

    `tactics` is the order of the scores, `hits` that of the rules' finds among the facts; `scale`
    and `shift` calibrate a score to a probability.
    """

    tactics: tuple[str, ...]
    hits: tuple[str, ...]
    modes: Mapping[str, str]
    thresholds: Mapping[str, float]
    scale: Mapping[str, float]
    shift: Mapping[str, float]

    def probabilities(self, scores: Floats) -> Floats:
        """Scores (turns, tactics) as probabilities (Platt scaling)."""
        scale = np.array([self.scale[tactic] for tactic in self.tactics], dtype=np.float32)
        shift = np.array([self.shift[tactic] for tactic in self.tactics], dtype=np.float32)
        likely: Floats = 1 / (1 + np.exp(-np.clip(scores * scale + shift, -30, 30)))
        return likely.astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The trained network, and how its scores are read."""

    classifier: Classifier
    score: Score


def classifier_from(document: str) -> Classifier:
    """The classifier that JSON describes; scripts/train_tactics writes it."""
    facts: dict[str, Any] = json.loads(document)
    return Classifier(
        tactics=tuple(facts["tactics"]),
        hits=tuple(facts["hits"]),
        modes={tactic: one["mode"] for tactic, one in facts["tactics"].items()},
        thresholds={tactic: one["threshold"] for tactic, one in facts["tactics"].items()},
        scale={tactic: one["scale"] for tactic, one in facts["tactics"].items()},
        shift={tactic: one["shift"] for tactic, one in facts["tactics"].items()},
    )


# --- what the network sees


def turns_of(
    utterances: Sequence[Utterance], passages: Sequence[Passage], tags: Iterable[Tag]
) -> list[Turn]:
    """Each turn with what stands before it; `tags` are the rules' and the ledger's."""
    hits: dict[int, set[str]] = {}
    for tag in tags:
        hits.setdefault(tag.turn, set()).add(tag.tactic)
    lines = [plain_line(passage) for passage in passages]
    found = []
    for at, utterance in enumerate(utterances):
        other = _other_before(utterances, at)
        found.append(
            Turn(
                text=lines[at],
                other=lines[other] if other is not None else "",
                hits=frozenset(hits.get(utterance.turn, ())),
                other_hits=frozenset(
                    hits.get(utterances[other].turn, ()) if other is not None else ()
                ),
                place=at,
            )
        )
    return found


def _other_before(utterances: Sequence[Utterance], at: int) -> int | None:
    """The other side's last turn, if it is near."""
    speaker = utterances[at].speaker
    near = range(at - 1, max(-1, at - 1 - _LOOK_BACK), -1)
    return next((one for one in near if utterances[one].speaker != speaker), None)


def plain_line(passage: Passage) -> str:
    """A turn in lower case without fillers and marks: a recogniser's are not to be trusted."""
    return " ".join(words(passage.clean))


def facts_of(turn: Turn, hits: Sequence[str]) -> Floats:
    """What is known of a turn beside its words: the finds of both sides, its place and length."""
    length = len(turn.text.split())
    return np.array(
        [
            *(hit in turn.hits for hit in hits),
            *(hit in turn.other_hits for hit in hits),
            turn.place == 0,
            turn.place <= 1,
            min(turn.place, _MANY_TURNS) / _MANY_TURNS,
            min(length, _MANY_WORDS) / _MANY_WORDS,
        ],
        dtype=np.float32,
    )


# --- tags


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """A run of a turn's words: the turn's place among the turns, its first word, its words."""

    at: int
    first: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Find:
    """A tactic in a turn: how likely, and what each word of its window added."""

    at: int
    column: int
    probability: float
    first_word: int
    added: Floats


def with_learned(
    utterances: Sequence[Utterance],
    passages: Sequence[Passage],
    worded: Sequence[Tag],
    ruled: Sequence[Tag],
    *,
    learned: Learned,
) -> list[Tag]:
    """The tags of wording and of the network, each tactic by whom it was better found.

    `ruled` are the tags of the ledger that the rules alone give: the network sees both. Where it
    decides, a rule's tag stays if the network thinks so too: its quote is the narrower one.
    """
    classifier = learned.classifier
    turns = turns_of(utterances, passages, [*worded, *ruled])
    finds = {
        (utterances[find.at].turn, classifier.tactics[find.column]): find
        for find in _finds(turns, learned)
    }
    kept = [
        tag
        for tag in worded
        if not decides(tag.tactic, classifier) or (tag.turn, tag.tactic) in finds
    ]
    known = {(tag.turn, tag.tactic) for tag in kept}
    return kept + [
        _tag(utterances[find.at], passages[find.at], tactic, find)
        for (turn, tactic), find in finds.items()
        if classifier.modes[tactic] != RULE and (turn, tactic) not in known
    ]


def decides(tactic: str, classifier: Classifier) -> bool:
    """Whether a tactic is where the network finds it, whatever rules and ledger say."""
    return classifier.modes.get(tactic, RULE) == LEARNED


def _finds(turns: Sequence[Turn], learned: Learned) -> list[_Find]:
    """What is likely enough, in each turn from the window in which it is likeliest."""
    classifier = learned.classifier
    windows = [window for at, turn in enumerate(turns) for window in _windows(at, turn.text)]
    if not windows:
        return []
    scores, added = learned.score(
        [window.text for window in windows],
        [turns[window.at].other for window in windows],
        np.stack([facts_of(turns[window.at], classifier.hits) for window in windows]),
    )
    likely = classifier.probabilities(scores)
    least = np.array([classifier.thresholds[tactic] for tactic in classifier.tactics])
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for row, column in np.argwhere(likely >= least).tolist():
        key = (windows[row].at, column)
        best[key] = max(best.get(key, (0.0, row)), (float(likely[row, column]), row))
    return [
        _Find(
            at=at,
            column=column,
            probability=probability,
            first_word=windows[row].first,
            added=added[row][:, column],
        )
        for (at, column), (probability, row) in best.items()
    ]


def _windows(at: int, text: str) -> list[_Window]:
    own = text.split()
    return [
        _Window(at=at, first=first, text=" ".join(own[first : first + WINDOW_WORDS]))
        for first in range(0, len(own), WINDOW_WORDS)
    ]


def _tag(utterance: Utterance, passage: Passage, tactic: str, find: _Find) -> Tag:
    start_char, end_char = passage.chars(_quote(passage, find))
    return Tag(
        turn=utterance.turn,
        tactic=tactic,
        score=round(find.probability, 4),
        start_char=start_char,
        end_char=end_char,
        method=METHOD,
    )


def _quote(passage: Passage, find: _Find) -> Span:
    """The sentence whose words added most."""
    spans = sentences(passage) or [Span(first=0, last=len(passage.tokens) - 1)]
    best, most, word = spans[0], -np.inf, 0
    for span in spans:
        last = word + len(words(passage.clean_of(span)))
        inside = find.added[max(0, word - find.first_word) : max(0, last - find.first_word)]
        if inside.size and inside.sum() > most:
            best, most = span, float(inside.sum())
        word = last
    return trimmed(passage, best)
