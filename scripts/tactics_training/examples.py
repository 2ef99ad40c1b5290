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
from typing import Any

from pipeline.errors import InputError
from pipeline.evaluation.corpora import (
    Judged,
    cases,
    casino,
    conversations,
    negochat,
    primock,
)
from pipeline.tactics import read_call
from pipeline.tactics.codebook import Codebook, Utterance
from pipeline.tactics.learned import Turn, facts_of, turns_of
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
    part: str, judged: Judged, codebook: Codebook, hits: tuple[str, ...]
) -> Iterator[Example]:
    turns, found = _read(judged.turns, codebook)
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
                by_rule=found[at],
            )


def _read(
    utterances: tuple[Utterance, ...], codebook: Codebook
) -> tuple[list[Turn], list[frozenset[str]]]:
    """Each turn as the classifier sees it, and what the rules found in it."""
    passages = [read_passage(utterance.text) for utterance in utterances]
    tags = read_call(utterances, codebook).tags
    turns = turns_of(utterances, passages, tags)
    return turns, [turn.hits for turn in turns]


def _unlabelled_casino(corpora: Path) -> Iterator[Judged]:
    for row in _lines(corpora / "casino" / "train.jsonl"):
        if not row["annotated"]:
            said = [(turn["speaker"], turn["text"]) for turn in row["turns"]]
            yield _unjudged("CaSiNo", str(row["dialogue_id"]), said)


def _persuasion(corpora: Path, codebook: Codebook, hits: tuple[str, ...]) -> Iterator[Example]:
    """Persuasion for Good's acts: another task of the same kind, which the teachers learn too."""
    rows = _lines(corpora / "persuasionforgood" / "train.jsonl")
    for dialogue, group in groupby(rows, key=lambda row: str(row["B2"])):
        turns = list(group)
        said = [(str(turn["B4"]), turn["Unit"]) for turn in turns]
        judged = _unjudged("Persuasion", dialogue, said)
        seen, found = _read(judged.turns, codebook)
        for at, turn in enumerate(turns):
            if seen[at].text:
                act = turn.get("er_label_1") or turn.get("ee_label_1")
                yield Example(
                    part=UNLABELLED,
                    dialogue=f"Persuasion {dialogue}",
                    text=seen[at].text,
                    other=seen[at].other,
                    facts=tuple(facts_of(seen[at], hits).tolist()),
                    labels={},
                    by_rule=found[at],
                    auxiliary=f"{'persuader' if turn.get('er_label_1') else 'persuadee'}: {act}",
                )


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


def _lines(path: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as err:
        raise InputError(f"{path.parent.name}: the corpus is not here; give --data") from err
