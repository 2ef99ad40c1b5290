"""Everything that may train, as examples: what is seen of a turn, and what is known of it.

Our own written cases and conversations, CaSiNo, NegoChat, Persuasion for Good and PriMock57; the
development cases, which choose thresholds and train nothing; and turns of CaSiNo that nobody
labelled, from which the smaller network learns what the larger ones think.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from pipeline.evaluation.corpora import (
    Judged,
    cases,
    casino,
    conversations,
    corpus_lines,
    negochat,
    primock,
)
from pipeline.tactics import read_call
from pipeline.tactics.codebook import Codebook, Utterance
from pipeline.tactics.learned import facts_of, turns_of
from pipeline.tactics.text import read_passage

OWN, TALK, DEV, CASINO, NEGOCHAT = "own", "talk", "dev", "CaSiNo", "NegoChat"
BACKGROUND, UNLABELLED = "background", "unlabelled"
JUDGED = (OWN, TALK, CASINO, NEGOCHAT)
"""Parts in which people looked for the tactics, and on which folds are scored."""
NOT_IN_CONSULTATIONS = frozenset(
    {
        *("threat", "irritator", "bait_and_switch", "defend_attack", "accusation_audit"),
        *("concession", "premature_acceptance", "counter_without_question", "package_option"),
        *("value_statement", "objective_criteria", "alternative", "reciprocity", "boundary"),
        *("positive_close", "conditional_trade", "fairness_appeal", "undervalue_partner"),
        *("hedged_ask", "commitment_request", "no_oriented_question", "coordination"),
    }
)
"""Tactics of negotiation that a doctor and a patient have no use for: recorded talk in which they
are absent shows the classifier how rare they are."""
FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A turn with its labels; `auxiliary` is the act that Persuasion for Good calls it.

    `facts` is what the network sees beside the words, `by_rule` what the rules found.
    """

    part: str
    dialogue: str
    text: str
    other: str
    facts: tuple[float, ...]
    labels: Mapping[str, bool]
    by_rule: frozenset[str]
    auxiliary: str = ""

    @property
    def fold(self) -> int:
        """The fold of its dialogue, the same in every run."""
        return int(hashlib.sha256(self.dialogue.encode()).hexdigest(), 16) % FOLDS


def read_examples(
    corpora: Path, root: Path, *, codebook: Codebook, hits: tuple[str, ...]
) -> list[Example]:
    """All examples, in the order of their parts. Raises InputError where a corpus is missing."""
    written = root / "scripts" / "tactics_training"
    dev = root / "tests" / "data" / "tactics_cases" / "dev.toml"
    parts: list[tuple[str, Iterable[Judged]]] = [
        *((OWN, cases(path)) for path in sorted((written / "cases").glob("*.toml"))),
        *((TALK, conversations(path)) for path in sorted((written / "talks").glob("*.toml"))),
        (DEV, cases(dev)),
        (CASINO, casino(corpora, part="train")),
        (NEGOCHAT, negochat(corpora)),
        (BACKGROUND, primock(corpora, absent=NOT_IN_CONSULTATIONS)),
        (UNLABELLED, _unlabelled_casino(corpora)),
    ]
    found = [
        example
        for part, dialogues in parts
        for dialogue in dialogues
        for example in _examples(part, dialogue, codebook, hits)
    ]
    return [*found, *_persuasion(corpora, codebook, hits)]


def write_examples(examples: Iterable[Example], path: Path) -> None:
    """Examples as compressed JSON lines, for a machine that has the network's libraries alone."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for example in examples:
            row = {**asdict(example), "by_rule": sorted(example.by_rule), "fold": example.fold}
            file.write(json.dumps(row) + "\n")


def _examples(
    part: str,
    judged: Judged,
    codebook: Codebook,
    hits: tuple[str, ...],
    *,
    acts: Mapping[int, str] | None = None,
) -> Iterator[Example]:
    """The judged turns that hold words; `acts` are what another corpus calls each turn."""
    passages = [read_passage(utterance.text) for utterance in judged.turns]
    turns = turns_of(judged.turns, passages, read_call(judged.turns, codebook).tags)
    for at in sorted({*judged.present, *judged.absent}):
        if turns[at].text:
            yield Example(
                part=part,
                dialogue=f"{judged.part} {judged.dialogue}",
                text=turns[at].text,
                other=turns[at].other,
                facts=tuple(facts_of(turns[at], hits).tolist()),
                labels={
                    **dict.fromkeys(judged.present.get(at, ()), True),
                    **dict.fromkeys(judged.absent.get(at, ()), False),
                },
                by_rule=turns[at].hits,
                auxiliary=acts[at] if acts else "",
            )


def _unlabelled_casino(corpora: Path) -> Iterator[Judged]:
    for row in corpus_lines(corpora / "casino" / "train.jsonl"):
        if not row["annotated"]:
            said = [(turn["speaker"], turn["text"]) for turn in row["turns"]]
            yield _unjudged("CaSiNo", str(row["dialogue_id"]), said)


def _persuasion(corpora: Path, codebook: Codebook, hits: tuple[str, ...]) -> Iterator[Example]:
    """Persuasion for Good's acts: another task of the same kind, which the teachers learn too."""
    rows = corpus_lines(corpora / "persuasionforgood" / "train.jsonl")
    for dialogue, group in groupby(rows, key=lambda row: str(row["B2"])):
        turns = list(group)
        judged = _unjudged(
            "Persuasion", dialogue, [(str(turn["B4"]), turn["Unit"]) for turn in turns]
        )
        acts = {at: _act(turn) for at, turn in enumerate(turns)}
        yield from _examples(UNLABELLED, judged, codebook, hits, acts=acts)


def _act(turn: Mapping[str, str]) -> str:
    if turn.get("er_label_1"):
        return f"persuader: {turn['er_label_1']}"
    return f"persuadee: {turn.get('ee_label_1')}"


def _unjudged(part: str, dialogue: str, said: list[tuple[str, str]]) -> Judged:
    """A dialogue of which all turns count and none was judged."""
    return Judged(
        part=part,
        dialogue=dialogue,
        turns=tuple(
            Utterance(turn=place, speaker=speaker, text=text)
            for place, (speaker, text) in enumerate(said)
        ),
        present=dict.fromkeys(range(len(said)), frozenset[str]()),
        absent={},
    )
