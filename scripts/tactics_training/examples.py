"""Everything that may train: our own written examples, CaSiNo and NegoChat; and dev cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.evaluation.corpora import Judged, cases, casino, negochat, primock
from pipeline.tactics import read_call
from pipeline.tactics.codebook import Codebook
from pipeline.tactics.learned import Turn, turns_of
from pipeline.tactics.text import read_passage

OWN, DEV, CASINO, NEGOCHAT = "own", "dev", "CaSiNo", "NegoChat"
BACKGROUNDS = ("PriMock57", "NegoChat", "CaSiNo train")
"""Talk of which not every tactic was judged; how its dialogues begin their ids."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A judged turn: what the classifier sees, what is known of it, what the rules found."""

    part: str
    dialogue: str
    turn: Turn
    labels: Mapping[str, bool]
    by_rule: frozenset[str]


def read_examples(corpora: Path, root: Path, *, codebook: Codebook) -> list[Example]:
    """All examples; those of the part `dev` choose thresholds and train nothing."""
    own = sorted((root / "scripts" / "tactics_training" / "cases").glob("*.toml"))
    parts: list[tuple[str, Iterable[Judged]]] = [
        *((OWN, cases(path)) for path in own),
        (DEV, cases(root / "tests" / "data" / "tactics_cases" / "dev.toml")),
        (CASINO, casino(corpora, part="train")),
        (NEGOCHAT, negochat(corpora)),
        # judged with our own examples, so that thresholds see how rare a tactic is
        (OWN, primock(corpora, absent=NOT_IN_CONSULTATIONS)),
    ]
    return [
        example
        for part, dialogues in parts
        for dialogue in dialogues
        for example in _examples(part, dialogue, codebook)
    ]


def _examples(part: str, judged: Judged, codebook: Codebook) -> list[Example]:
    passages = [read_passage(utterance.text) for utterance in judged.turns]
    tags = read_call(judged.turns, codebook).tags
    turns = turns_of(judged.turns, passages, tags)
    found: dict[int, set[str]] = {}
    for tag in tags:
        found.setdefault(tag.turn, set()).add(tag.tactic)
    return [
        Example(
            part=part,
            dialogue=f"{judged.part} {judged.dialogue}",
            turn=turns[at],
            labels={
                **dict.fromkeys(judged.present.get(at, ()), True),
                **dict.fromkeys(judged.absent.get(at, ()), False),
            },
            by_rule=frozenset(found.get(at, ())),
        )
        for at in sorted({*judged.present, *judged.absent})
        if turns[at].text
    ]


def is_judged(example: Example, tactic: str) -> bool:
    """Whether people looked for the tactic; that it is taken to be absent is no judgement."""
    return tactic in example.labels and not (
        example.dialogue.startswith("PriMock57") and tactic in NOT_IN_CONSULTATIONS
    )
