"""Promises nobody can be held to, and whether the other side had them made concrete."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import polars as pl

from pipeline.stages.replies.call import QUESTIONS, Call, Said
from pipeline.stages.replies.cues import RepliesConfig
from pipeline.tactics.codebook import Tag
from pipeline.tactics.offers.amounts import read_amounts
from pipeline.tactics.offers.moves import MENTION, REJECT
from pipeline.tactics.search import occurs
from pipeline.tactics.text import read_passage

VAGUE = "vague_assurance"
_WITHIN_TURNS = 2
_ASKING = frozenset((*QUESTIONS, "follow_up_question"))


def promises_document(
    call: Call, *, offers: pl.DataFrame, config: RepliesConfig
) -> list[dict[str, Any]]:
    """The vague promises in order; of two requests the one that got something firm."""
    named = set(offers.filter(~pl.col("kind").is_in([MENTION, REJECT]))["turn"])
    return [
        {**call.quote(said, tag.start_char, tag.end_char), **_outcome(call, at, named, config)}
        for at, said in enumerate(call.turns)
        for tag in said.tags
        if tag.tactic == VAGUE
    ]


def _outcome(call: Call, at: int, named: set[int], config: RepliesConfig) -> dict[str, Any]:
    """Who asked to have the promise of a turn made concrete, and whether it was."""
    requests = [said for said in _next_turns(call, at) if _requests(said, config)]
    pinned = [said for said in requests if _is_firm(call.replies.get(said.number), named, config)]
    request = next(iter([*pinned, *requests]), None)
    return {"request_turn": request.number if request else None, "pinned": bool(pinned)}


def _next_turns(call: Call, at: int) -> Iterator[Said]:
    """The other side's next turns."""
    promising = call.turns[at].speaker
    others = (said for said in call.turns[at + 1 :] if said.speaker != promising)
    return islice(others, _WITHIN_TURNS)


def _requests(said: Said, config: RepliesConfig) -> bool:
    """Whether a turn asks for a commitment, or asks on for who, when or how much."""
    follow_ups = [tag for tag in said.tags if tag.tactic == "follow_up_question"]
    return "commitment_request" in said.tactics or any(
        _is_about(tag, follow_ups)
        and occurs(config.request, read_passage(said.text[tag.start_char : tag.end_char]))
        for tag in said.tags
        if tag.tactic in _ASKING
    )


def _is_about(question: Tag, follow_ups: list[Tag]) -> bool:
    return any(
        question.start_char < other.end_char and other.start_char < question.end_char
        for other in follow_ups
    )


def _is_firm(answer: Said | None, named: set[int], config: RepliesConfig) -> bool:
    """Whether an answer says when, how much or a plain yes, and nothing in it is vague."""
    if answer is None or VAGUE in answer.tactics or occurs(config.vague, answer.passage):
        return False
    return (
        "accept" in answer.tactics
        or answer.number in named
        or occurs(config.concrete, answer.passage)
        or any(amount.unit or amount.scaled for amount in read_amounts(answer.passage))
    )
