"""Tactics by a trained classifier: logistic regression on sentence vectors, word and letter runs.

What a turn says decides together with what the other side said just before, and with what the
rules found. The weights are made by scripts/train_tactics.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.tactics.codebook import Tag, Utterance
from pipeline.tactics.text import Passage, Span, sentences, trimmed, words

Floats = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
"""Texts -> (texts, width) vectors."""

METHOD = "learned"
BUCKETS = 1 << 15
RULE, LEARNED, EITHER = "rule", "learned", "either"
"""Whose tags count for a tactic: what was best on development data."""

_LETTERS = (3, 4, 5)
SHARES = (0.7, 0.5, 0.4)
"""How much the words, the letters and the other side's words weigh beside the vectors."""
_HIT_SHARE = 0.5
_MANY_TURNS, _MANY_WORDS = 20, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the classifier sees of a turn: its words, the other side's last, the rules' finds."""

    text: str
    other: str
    hits: frozenset[str]
    other_hits: frozenset[str]
    place: int


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """Weights of all tactics; `hits` is the order in which the rules' finds are laid out.

    `dense` is (features, tactics), `sparse` (3 * BUCKETS, tactics); `scale` and `shift` calibrate
    a score to a probability.
    """

    tactics: tuple[str, ...]
    hits: tuple[str, ...]
    modes: Mapping[str, str]
    thresholds: Mapping[str, float]
    dense: Floats
    sparse: Floats
    idf: Floats
    bias: Floats
    scale: Floats
    shift: Floats

    @cached_property
    def hit_places(self) -> dict[str, int]:
        """Where each rule's find stands among the features."""
        return {name: place for place, name in enumerate(self.hits)}

    def probabilities(self, turns: Sequence[Turn], *, encode: Encode) -> Floats:
        """(turns, tactics): how likely each tactic is in each turn."""
        if not turns:
            return np.zeros((0, len(self.tactics)), dtype=np.float32)
        scores = dense_features(turns, encode=encode, places=self.hit_places) @ self.dense
        for row, turn in enumerate(turns):
            buckets, shares = sparse_features(turn)
            scores[row] += in_shares(buckets, shares * self.idf[buckets]) @ self.sparse[buckets]
        raw = (scores + self.bias) * self.scale + self.shift
        probabilities: Floats = 1 / (1 + np.exp(-np.clip(raw, -30, 30)))
        return probabilities.astype(np.float32)


def classifier_from(tensors: Mapping[str, Any], metadata: Mapping[str, str]) -> Classifier:
    """The classifier that a safetensors file holds; see scripts/train_tactics."""
    facts = json.loads(metadata["classifier"])
    return Classifier(
        tactics=tuple(facts["tactics"]),
        hits=tuple(facts["hits"]),
        modes=facts["modes"],
        thresholds=facts["thresholds"],
        **{
            name: np.asarray(tensors[name], dtype=np.float32)
            for name in ("dense", "sparse", "idf", "bias", "scale", "shift")
        },
    )


# --- what the classifier sees


def turns_of(
    utterances: Sequence[Utterance], passages: Sequence[Passage], tags: Iterable[Tag]
) -> list[Turn]:
    """Each turn with what stands before it; `tags` are the rules'."""
    hits: dict[int, set[str]] = {}
    for tag in tags:
        hits.setdefault(tag.turn, set()).add(tag.tactic)
    found = []
    for at, utterance in enumerate(utterances):
        other = _other_before(utterances, at)
        found.append(
            Turn(
                text=plain_line(passages[at]),
                other=plain_line(passages[other]) if other is not None else "",
                hits=frozenset(hits.get(utterance.turn, ())),
                other_hits=frozenset(
                    hits.get(utterances[other].turn, ()) if other is not None else ()
                ),
                place=at,
            )
        )
    return found


_LOOK_BACK = 6


def _other_before(utterances: Sequence[Utterance], at: int) -> int | None:
    """The other side's last turn, if it is near."""
    speaker = utterances[at].speaker
    near = range(at - 1, max(-1, at - 1 - _LOOK_BACK), -1)
    return next((one for one in near if utterances[one].speaker != speaker), None)


def plain_line(passage: Passage) -> str:
    """A turn in lower case without fillers and marks: a recogniser's are not to be trusted."""
    return " ".join(words(passage.clean))


def dense_features(turns: Sequence[Turn], *, encode: Encode, places: Mapping[str, int]) -> Floats:
    """(turns, features): vectors of the turn and of the other side's, the finds, the place.

    There must be a turn.
    """
    texts = list(dict.fromkeys(text for turn in turns for text in (turn.text, turn.other)))
    row = {text: at for at, text in enumerate(texts)}
    vectors = encode(texts)
    own = vectors[[row[turn.text] for turn in turns]]
    other = vectors[[row[turn.other] for turn in turns]]
    found = np.stack([_facts(turn, places) for turn in turns])
    return np.concatenate([own, other[:, : other.shape[1] // 2], found], axis=1)


def _facts(turn: Turn, places: Mapping[str, int]) -> Floats:
    found = np.zeros(2 * len(places) + 4, dtype=np.float32)
    for shift, hits in ((0, turn.hits), (len(places), turn.other_hits)):
        for hit in hits:
            if hit in places:
                found[shift + places[hit]] = _HIT_SHARE
    length = len(turn.text.split())
    found[-4:] = (
        turn.place == 0,
        turn.place <= 1,
        min(turn.place, _MANY_TURNS) / _MANY_TURNS,
        min(length, _MANY_WORDS) / _MANY_WORDS,
    )
    return found


def sparse_features(turn: Turn) -> tuple[npt.NDArray[np.int64], Floats]:
    """The buckets of a turn's words, letters and of the other side's words, with damped counts.

    Words are runs of one and two, letters runs of three to five within words; the third part
    holds the other side's single words.
    """
    own, other = turn.text.split(), turn.other.split()
    pairs = (f"{one} {two}" for one, two in pairwise(own))
    runs = (
        f" {word} "[start : start + size]
        for word in own
        for size in _LETTERS
        for start in range(len(word) + 3 - size)
    )
    counts: dict[int, int] = {}
    for part, found in enumerate(([*own, *pairs], runs, other)):
        for text in found:
            bucket = part * BUCKETS + zlib.crc32(text.encode()) % BUCKETS
            counts[bucket] = counts.get(bucket, 0) + 1
    buckets = np.fromiter(counts, dtype=np.int64, count=len(counts))
    damped = 1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))
    return buckets, damped.astype(np.float32)


def in_shares(buckets: npt.NDArray[np.int64], weights: Floats) -> Floats:
    """The weights of each of the three parts, scaled to the length that SHARES gives it."""
    scaled = weights.copy()
    for part, share in enumerate(SHARES):
        own = buckets // BUCKETS == part
        length = float(np.linalg.norm(weights[own]))
        scaled[own] *= share / length if length else 0.0
    return scaled


# --- tags


def learned_tags(
    utterances: Sequence[Utterance],
    passages: Sequence[Passage],
    tags: Sequence[Tag],
    *,
    classifier: Classifier,
    encode: Encode,
) -> list[Tag]:
    """The tags of rules and classifier together, each tactic by whom it was better found."""
    turns = turns_of(utterances, passages, tags)
    said = [at for at, turn in enumerate(turns) if turn.text]
    likely = classifier.probabilities([turns[at] for at in said], encode=encode)
    by_rule = {(tag.turn, tag.tactic) for tag in tags}
    found = [
        (at, column, float(likely[row, column]))
        for row, at in enumerate(said)
        for column, tactic in enumerate(classifier.tactics)
        if likely[row, column] >= classifier.thresholds[tactic]
        and _counts(utterances[at].turn, tactic, classifier, by_rule)
    ]
    spans = _quotes(found, turns, passages, classifier=classifier, encode=encode)
    kept = [tag for tag in tags if classifier.modes.get(tag.tactic, RULE) != LEARNED]
    return kept + [
        _tag(utterances[at], passages[at], classifier.tactics[column], score, span)
        for (at, column, score), span in zip(found, spans, strict=True)
    ]


def _counts(
    turn: int, tactic: str, classifier: Classifier, by_rule: AbstractSet[tuple[int, str]]
) -> bool:
    """Whether the classifier has a say on a tactic, and the rules have not said it already."""
    mode = classifier.modes.get(tactic, RULE)
    return mode == LEARNED or (mode == EITHER and (turn, tactic) not in by_rule)


def _quotes(
    found: Sequence[tuple[int, int, float]],
    turns: Sequence[Turn],
    passages: Sequence[Passage],
    *,
    classifier: Classifier,
    encode: Encode,
) -> list[Span]:
    """For each find the sentence of its turn in which it is likeliest."""
    parts: dict[int, list[Span]] = {
        at: _sentences(passages[at]) for at in dict.fromkeys(at for at, _, _ in found)
    }
    alone = [(at, span) for at, spans in parts.items() if len(spans) > 1 for span in spans]
    lines = [
        replace(turns[at], text=" ".join(words(passages[at].clean_of(span)))) for at, span in alone
    ]
    likely = classifier.probabilities(lines, encode=encode) if lines else None
    first = {at: row for row, (at, _) in reversed(list(enumerate(alone)))}
    return [
        parts[at][int(np.argmax(likely[first[at] : first[at] + len(parts[at]), column]))]
        if likely is not None and at in first
        else parts[at][0]
        for at, column, _ in found
    ]


def _sentences(passage: Passage) -> list[Span]:
    """The sentences of a turn without the marks at their ends; the whole turn where it has none."""
    whole = Span(first=0, last=len(passage.tokens) - 1)
    return [trimmed(passage, span) for span in sentences(passage) or [whole]]


def _tag(utterance: Utterance, passage: Passage, tactic: str, score: float, span: Span) -> Tag:
    start_char, end_char = passage.chars(span)
    return Tag(
        turn=utterance.turn,
        tactic=tactic,
        score=round(score, 4),
        start_char=start_char,
        end_char=end_char,
        method=METHOD,
    )
