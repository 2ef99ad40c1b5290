"""The tactics that a second reader is asked for: those that meaning decides, not wording."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.tactics.codebook import Tactic

LEARNED = frozenset(
    {
        *("empathy", "rapport", "elicit_preference", "own_need", "no_need", "coordination"),
        *("fairness_appeal", "other_need", "undervalue_partner"),
    }
)
"""No wording decides these: the codebook leaves them to a classifier."""

MEANT = frozenset(
    {
        *("label", "paraphrase", "summary", "acknowledgement", "accusation_audit"),
        *("value_statement", "objective_criteria", "boundary", "alternative"),
        *("commitment_request", "reciprocity", "threat", "irritator", "vague_assurance"),
    }
)
"""These have typical wordings, which rules find, but people do them in words of their own too
("nobody told you, and then the bill came" is a label), and the same words may do something else."""

INTERPRETIVE = LEARNED | MEANT
"""Left out are tactics that can be looked up: forms of question, softeners and conditions (the
grammar), mirrors (the same words), all that amounts and their order decide (offers, acceptance,
the ledger's), tactics of several turns, and those of timing, which no text shows."""


def interpretive(tactics: Iterable[Tactic]) -> tuple[Tactic, ...]:
    """The tactics of a codebook that a second reader is asked for, in the codebook's order."""
    return tuple(tactic for tactic in tactics if tactic.id in INTERPRETIVE)
