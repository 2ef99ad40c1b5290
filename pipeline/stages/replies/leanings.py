"""Signs that somebody overdoes empathy or assertiveness, each with the words that show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import polars as pl

from pipeline.stages.replies.call import QUESTIONS, Call, Said
from pipeline.stages.replies.cues import RepliesConfig
from pipeline.tactics.offers.ledger import (
    AGREED,
    CONCESSION,
    COUNTER,
    POSITIONS,
    RETREAT,
    REVISION,
)
from pipeline.tactics.offers.tactics import PREMATURE, UNASKED

OVER_EMPATHY, OVER_ASSERTIVENESS = "over_empathy", "over_assertiveness"
_BY_TAG = {
    PREMATURE: (OVER_EMPATHY, "first_offer_taken"),
    "hedged_ask": (OVER_EMPATHY, "hedged_ask"),
    "threat": (OVER_ASSERTIVENESS, "threat"),
}
_PUT_FORWARD = frozenset(
    {
        *("offer", "direct_ask", "conditional_trade", "package_option", "boundary"),
        *("objective_criteria", "value_statement", "own_need"),
    }
)
"""A proposal, or reasons: what a counter ought to take notice of first."""

_Found = tuple[int, int, int, str, str]
"""(number of the turn, start_char, end_char, toward, signal)."""


def leanings_document(
    call: Call, *, offers: pl.DataFrame, config: RepliesConfig
) -> list[dict[str, Any]]:
    """The signs by turn and place; one of each kind for a quote."""
    rows = offers.rows(named=True)
    by_number = {said.number: said for said in call.turns}
    found = {*_tagged(call), *_early(call, rows), *_unheeding(call, rows, config)}
    return [
        {**call.quote(by_number[number], start, end), "toward": toward, "signal": signal}
        for number, start, end, toward, signal in sorted(found)
        if number in by_number
    ]


def _tagged(call: Call) -> Iterator[_Found]:
    """What single tags show."""
    for said in call.turns:
        for tag in said.tags:
            if tag.tactic in _BY_TAG:
                yield said.number, tag.start_char, tag.end_char, *_BY_TAG[tag.tactic]


def _early(call: Call, rows: Sequence[dict[str, Any]]) -> Iterator[_Found]:
    """Concessions in the first third of the call, or before the other side has moved at all."""
    early = {said.number for said in call.turns if _is_in_first_third(call, said)}
    for place, row in enumerate(rows):
        if row["kind"] == CONCESSION and (
            row["turn"] in early or not any(_moves_for(row, other) for other in rows[:place])
        ):
            yield row["turn"], row["start_char"], row["end_char"], OVER_EMPATHY, "early_concession"


def _moves_for(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether another line is of the other side, on the same issue, and no mere first position."""
    moves = other["kind"] in (CONCESSION, REVISION, AGREED)
    return (
        other["speaker"] != row["speaker"]
        and (other["issue"], other["item"]) == (row["issue"], row["item"])
        and (moves or (other["kind"] in POSITIONS and other["toward"] != ""))
    )


def _is_in_first_third(call: Call, said: Said) -> bool:
    """By when the turn starts; by its number where nobody was heard."""
    if call.heard and said.start_ms is not None:
        return 3 * said.start_ms < call.end_ms
    return 3 * said.number < call.line_count


def _unheeding(
    call: Call, rows: Sequence[dict[str, Any]], config: RepliesConfig
) -> Iterator[_Found]:
    """Counters that take no notice of what the other side has just put forward; one a turn."""
    positions = {row["turn"] for row in rows if row["kind"] in POSITIONS}
    counters: dict[int, tuple[int, int]] = {}
    for row in rows:
        if row["kind"] in (COUNTER, RETREAT) and not row["toward"]:
            counters.setdefault(row["turn"], (row["start_char"], row["end_char"]))
    for before, said in pairwise(call.turns):
        tagged = [(tag.start_char, tag.end_char) for tag in said.tags if tag.tactic == UNASKED]
        put = before.number in positions or before.tactics & _PUT_FORWARD
        if not tagged and said.number in counters and before.speaker != said.speaker and put:
            tagged = [counters[said.number]]
        if tagged and not _heeds(said, config):
            yield said.number, *tagged[0], OVER_ASSERTIVENESS, "unacknowledged_counter"


def _heeds(said: Said, config: RepliesConfig) -> bool:
    """Whether a turn shows empathy, accepts something, or asks."""
    return bool(said.tactics & {*config.empathy, *QUESTIONS, "accept"})
