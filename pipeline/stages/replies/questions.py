"""Every question, and what it got back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.stages.replies.call import QUESTIONS, Call, Said, seconds
from pipeline.tactics.codebook import Tag

_KINDS = {"open_question": "open", "closed_question": "closed"}
_MOST_WORDS = 8


def questions_document(call: Call) -> list[dict[str, Any]]:
    """The questions in order; a quote with several tags once, of the kind that is surest."""
    return [
        {
            **call.quote(said, tag.start_char, tag.end_char),
            "kind": _KINDS[tag.tactic],
            "calibrated": _carries(said, tag, "calibrated_question"),
            "follow_up": _carries(said, tag, "follow_up_question"),
            "reply": _reply(call, said),
        }
        for said in call.turns
        for tag in _questions(said)
    ]


def _questions(said: Said) -> list[Tag]:
    """The question tags of a turn by place; of those that share words the surest, open first."""
    found = sorted(
        (tag for tag in said.tags if tag.tactic in _KINDS),
        key=lambda tag: (-tag.score, QUESTIONS.index(tag.tactic), tag.start_char),
    )
    return sorted(_apart(found), key=lambda tag: tag.start_char)


def _apart(tags: Iterable[Tag]) -> Iterator[Tag]:
    """The tags that share no words with one before them."""
    kept: list[Tag] = []
    for tag in tags:
        if not any(_overlap(tag, other) for other in kept):
            kept.append(tag)
            yield tag


def _overlap(one: Tag, other: Tag) -> bool:
    return one.start_char < other.end_char and other.start_char < one.end_char


def _carries(said: Said, question: Tag, tactic: str) -> bool:
    return any(tag.tactic == tactic and _overlap(tag, question) for tag in said.tags)


def _reply(call: Call, asked: Said) -> dict[str, Any] | None:
    """What the other side says next; its length and what passed before it as far as was heard."""
    reply = call.replies.get(asked.number)
    if reply is None:
        return None
    start_ms, end_ms = (reply.start_ms, reply.end_ms) if call.heard else (None, None)
    return {
        "turn": reply.number,
        "speaker": reply.speaker,
        "start_s": seconds(reply.start_ms),
        "latency_s": seconds(_between(asked.end_ms, start_ms)),
        "duration_s": seconds(_between(start_ms, end_ms)),
        "word_count": len(reply.words),
        "new_word_count": len(reply.new_words),
        "new_words": list(reply.new_words[:_MOST_WORDS]),
    }


def _between(earlier_ms: int | None, later_ms: int | None) -> int | None:
    return None if earlier_ms is None or later_ms is None else later_ms - earlier_ms
