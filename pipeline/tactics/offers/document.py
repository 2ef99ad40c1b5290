"""What came of each issue, and the ledger as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipeline.tactics.offers.comparing import is_same
from pipeline.tactics.offers.ledger import AGREED, ANCHOR, CONCESSION, POSITIONS, Entry

SHRINKING = 0.75
"""A step counts as shrunk below this share of the one before. Ackerman's plan in Voss (2016) goes
65, 85, 95, 100 % of the target: steps of 20, 10 and 5, each half of the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An issue at the end of the call.

    `agreed` is the acceptance that stands, or None while the issue is open. `steps` are each
    speaker's changes in order, `shrinking` the speakers whose steps kept getting smaller (see
    SHRINKING).
    """

    issue: str
    item: str
    entries: tuple[Entry, ...]
    agreed: Entry | None
    shrinking: tuple[str, ...] = ()

    @property
    def anchor(self) -> Entry | None:
        """The first position on the issue."""
        return next((entry for entry in self.entries if entry.kind == ANCHOR), None)


def outcomes(entries: Iterable[Entry]) -> list[Outcome]:
    """The issues on which anyone took a position or accepted a limit, by their first line."""
    by_key: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        by_key.setdefault(entry.move.thing.key, []).append(entry)
    return [
        Outcome(
            issue=issue,
            item=item,
            entries=tuple(own),
            agreed=_standing(own),
            shrinking=_shrinking(own),
        )
        for (issue, item), own in by_key.items()
        if any(entry.kind in POSITIONS or entry.kind == AGREED for entry in own)
    ]


def _standing(entries: Sequence[Entry]) -> Entry | None:
    """The last acceptance, if nobody took another position after it.

    Who takes up the other side's position as their own has accepted it, whatever the words.
    """
    agreed: Entry | None = None
    for entry in entries:
        if entry.kind == AGREED or (entry.toward and entry.kind in POSITIONS):
            agreed = entry
        elif (
            agreed and entry.kind in POSITIONS and not is_same(entry.move.thing, agreed.move.thing)
        ):
            agreed = None
    return agreed


def _shrinking(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Speakers with two or more concessions, each clearly smaller than the one before."""
    steps: dict[str, list[float]] = {}
    for entry in entries:
        if entry.kind == CONCESSION and entry.step:
            steps.setdefault(entry.move.speaker, []).append(entry.step)
    return tuple(speaker for speaker, own in steps.items() if is_shrinking(own))


def is_shrinking(steps: Sequence[float]) -> bool:
    """Whether there are two or more steps, each clearly smaller than the one before."""
    pairs = pairwise(steps)
    return len(steps) > 1 and all(later <= SHRINKING * earlier for earlier, later in pairs)


# --- as plain data


def ledger_document(
    entries: Sequence[Entry], *, turns: Sequence[int], texts: Sequence[str]
) -> dict[str, Any]:
    """Every line of the ledger with its quote, and what came of each issue.

    `turns` are the transcript's own numbers of its turns, `texts` what was said in them.
    """
    return {
        "offers": [entry_document(entry, turns=turns, texts=texts) for entry in entries],
        "outcomes": [_outcome(outcome, turns) for outcome in outcomes(entries)],
    }


def entry_document(entry: Entry, *, turns: Sequence[int], texts: Sequence[str]) -> dict[str, Any]:
    """A line of the ledger; what does not apply is null."""
    move, thing = entry.move, entry.move.thing
    return {
        "turn": turns[move.turn],
        "speaker": move.speaker,
        "issue": thing.issue,
        "item": thing.item or None,
        "kind": entry.kind,
        "value": thing.value,
        "high": thing.high,
        "unit": thing.unit or None,
        "period": thing.period or None,
        "option": thing.option or None,
        "exact": entry.exact,
        "rationale": move.rationale or None,
        "step": entry.step,
        "gap_share": entry.gap_share,
        "toward": entry.toward or None,
        "text": texts[move.turn][move.start_char : move.end_char],
        "start_char": move.start_char,
        "end_char": move.end_char,
    }


def _outcome(outcome: Outcome, turns: Sequence[int]) -> dict[str, Any]:
    agreed = outcome.agreed
    return {
        "issue": outcome.issue,
        "item": outcome.item or None,
        "status": "agreed" if agreed else "open",
        "turn": turns[agreed.move.turn] if agreed else None,
        "value": agreed.move.thing.value if agreed else None,
        "option": (agreed.move.thing.option or None) if agreed else None,
        "shrinking": list(outcome.shrinking),
    }
