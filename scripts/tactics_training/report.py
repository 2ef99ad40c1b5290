"""What cross-validation says, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.evaluation.corpora import CASINO_LABELS

from .choosing import Choice, Floats, folded_f1
from .examples import CASINO, NEGOCHAT, Example

_FOLDED = {
    CASINO: tuple(CASINO_LABELS.values()),
    NEGOCHAT: ("offer", "accept", "reject"),
}


def folded(
    examples: Sequence[Example], labels: Sequence[str], scores: Floats
) -> dict[str, dict[str, float]]:
    """F1 by corpus and label, each fold with the thresholds that are best on the others."""
    return {
        part: {
            tactic: folded_f1(tactic, part, scores[:, labels.index(tactic)], examples)
            for tactic in tactics
        }
        for part, tactics in _FOLDED.items()
    }


def report(
    choices: Sequence[Choice],
    examples: Sequence[Example],
    labels: Sequence[str],
    scores: Floats,
    teachers: Floats,
) -> str:
    """Cross-validation on the corpora, then what was chosen for each tactic."""
    shipped, taught = (folded(examples, labels, given) for given in (scores, teachers))
    lines = [
        "# Training of the classifier of tactics",
        "",
        f"Printed by `scripts/train_tactics`. {len(examples)} examples.",
        "",
        "## Five folds over the training parts of the corpora",
        "",
        "Each turn scored by a network that never saw its dialogue; each fold with the thresholds",
        "that are best on the other four. *Teachers* are several networks together, which is not",
        "what is shipped.",
    ]
    for part, own in shipped.items():
        lines += ["", f"### {part}", "", "| tactic | F1 | F1 of the teachers |", "|---|---|---|"]
        lines += [f"| {one} | {f1:.2f} | {taught[part][one]:.2f} |" for one, f1 in own.items()]
        means = (np.mean(list(one.values())) for one in (own, taught[part]))
        lines.append("| **mean** | **{:.3f}** | {:.3f} |".format(*means))
    return "\n".join([*lines, *_chosen(choices)]) + "\n"


def _chosen(choices: Sequence[Choice]) -> list[str]:
    lines = [
        "",
        "## What was chosen for each tactic",
        "",
        "F1 with the one threshold that is shipped, on scores of the folds. Thresholds and modes",
        "were chosen on these figures, so they are a little flattering; those to believe are in",
        "tactics.md.",
        "",
        "| tactic | data | rules | network | either | chosen | threshold | judged | present |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [
        f"| {choice.tactic} | {part.name} | {part.rule:.2f} | {part.learned:.2f} | "
        f"{part.either:.2f} | {choice.mode} | {choice.threshold:.2f} | {part.judged} | "
        f"{part.present} |"
        for choice in choices
        for part in choice.parts
    ]
