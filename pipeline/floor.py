"""Who has the floor, and what counts as cutting in: defined once, for figures and for tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

INTERRUPTION_OVERLAP_MS = 300
INTERRUPTION_LENGTH_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn as far as time goes."""

    speaker: str
    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


AnyTurn = TypeVar("AnyTurn", bound=Turn)


def takers(turns: Sequence[AnyTurn]) -> list[AnyTurn]:
    """The turns that take the floor: one that is over before an earlier one ends takes none.

    `turns` are without backchannels, by start.
    """
    taken: list[AnyTurn] = []
    for turn in turns:
        if not taken or turn.end_ms > taken[-1].end_ms:
            taken.append(turn)
    return taken


def transfers(turns: Sequence[AnyTurn]) -> list[tuple[AnyTurn, AnyTurn]]:
    """Pairs of turns in which the floor goes from one speaker to another, by start.

    `turns` are without backchannels, by start.
    """
    return [(one, two) for one, two in pairwise(takers(turns)) if one.speaker != two.speaker]


def interruptions(
    turns: Sequence[AnyTurn], *, min_overlap_ms: int, min_length_ms: int
) -> list[AnyTurn]:
    """The turns begun while another speaks, who then yields.

    Begun at least `min_overlap_ms` before the other's end (less is the usual overlap of a change
    of turns), going on for `min_length_ms` after it; the other's turn is over.
    """
    return [
        two
        for one, two in transfers(turns)
        if one.end_ms - two.start_ms >= min_overlap_ms and two.end_ms - one.end_ms >= min_length_ms
    ]
