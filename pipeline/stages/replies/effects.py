"""What the other side did next after each tactic of each speaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Any

import polars as pl

from pipeline.stages.replies.call import Call, Said
from pipeline.stages.replies.cues import RepliesConfig
from pipeline.tactics.conduct import BACKCHANNEL, INTERRUPTION
from pipeline.tactics.offers.ledger import CONCESSION, POSITIONS
from pipeline.tactics.search import occurs

_NO_MOVES = frozenset((INTERRUPTION, BACKCHANNEL))
"""Conduct that is nothing one does to get an answer, unlike a silence that is held."""
_GIVING = frozenset(("concession", "conditional_trade"))
_NO_PLAIN_YES = frozenset(("reject", "paraphrase", "summary"))
_FEWEST_OTHERS = 3


def effects_document(
    call: Call, *, offers: pl.DataFrame, config: RepliesConfig
) -> list[dict[str, Any]]:
    """Each speaker's tactics, by the first turn that has them."""
    agreeing = {said.number for said in call.turns if agrees(said, config)}
    giving = _giving(call.turns, offers)
    return [
        _effect(call, speaker, tactic, agreeing=agreeing, giving=giving)
        for speaker in call.speakers
        for tactic in _tactics(call.turns, speaker)
    ]


def agrees(said: Said, config: RepliesConfig) -> bool:
    """Whether a turn accepts, or opens with a plain yes."""
    if "accept" in said.tactics:
        return True
    opens = occurs(config.agreement, said.passage)
    return (
        opens
        and not said.tactics & _NO_PLAIN_YES
        and not occurs(config.not_agreement, said.passage)
    )


def _giving(turns: Iterable[Said], offers: pl.DataFrame) -> set[int]:
    """The turns in which somebody concedes, takes the other's position, or gives on condition."""
    moved = offers.filter(
        (pl.col("kind") == CONCESSION)
        | (pl.col("kind").is_in(sorted(POSITIONS)) & (pl.col("toward") != ""))
    )
    return {said.number for said in turns if said.tactics & _GIVING} | set(moved["turn"])


def _tactics(turns: Iterable[Said], speaker: str) -> Iterator[str]:
    """The tactics of a speaker, each once."""
    own = (tag.tactic for said in turns if said.speaker == speaker for tag in said.tags)
    return (tactic for tactic in dict.fromkeys(own) if tactic not in _NO_MOVES)


def _effect(
    call: Call, speaker: str, tactic: str, *, agreeing: set[int], giving: set[int]
) -> dict[str, Any]:
    own = [said for said in call.turns if said.speaker == speaker]
    with_it = [said for said in own if tactic in said.tactics]
    replies = _replies(call, with_it)
    others = _replies(call, [said for said in own if tactic not in said.tactics])
    return {
        "tactic": tactic,
        "speaker": speaker,
        "count": len(with_it),
        "answered_count": len(replies),
        "median_reply_words": _median(len(reply.words) for reply in replies),
        "median_new_words": _median(len(reply.new_words) for reply in replies),
        "other_reply_words": _median(len(reply.words) for reply in others)
        if len(others) >= _FEWEST_OTHERS
        else None,
        "agreement_count": sum(reply.number in agreeing for reply in replies),
        "concession_count": sum(reply.number in giving for reply in replies),
    }


def _replies(call: Call, turns: Sequence[Said]) -> list[Said]:
    found = (call.replies.get(said.number) for said in turns)
    return [reply for reply in found if reply is not None]


def _median(values: Iterable[int]) -> float | None:
    found = list(values)
    return float(median(found)) if found else None
