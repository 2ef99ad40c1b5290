"""Short talks with their tags and ledger set by hand, and what the rules find in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.config import shipped_rulebook
from pipeline.evaluation.moments import frames_of
from pipeline.records import OFFERS, TACTICS
from pipeline.stages.moments.finders import Hit, Search, find
from pipeline.stages.moments.rules import Rule
from pipeline.stages.moments.scene import Scene, scene_of

BOOK = shipped_rulebook()
RULES = {rule.id: rule for rule in BOOK.rules}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A turn: {1.3} in its text is a pause of so many seconds.

    `tags` are tactics, of the whole turn or, as "tactic: quote", of a part; `ledger` is
    (kind, issue, value, quote).
    """

    speaker: str
    text: str
    tags: tuple[str, ...] = ()
    ledger: tuple[tuple[str, str, float | None, str], ...] = ()
    kind: str = "turn"


def line(speaker: str, text: str, *tags: str, **facts: Any) -> Line:
    """A line in one short call."""
    return Line(speaker=speaker, text=text, tags=tags, **facts)


def talk(*lines: Line, gaps_s: Sequence[float] = (), timed: bool = True) -> dict[str, pl.DataFrame]:
    """The frames transcribe, turns, tactics and offers of the lines."""
    frames = frames_of([(one.speaker, one.text) for one in lines], gaps_s)
    kinds = pl.Series("kind", [one.kind for one in lines], dtype=pl.String)
    turns = frames["turns"].with_columns(kinds)
    words = frames["transcribe"]
    if not timed:
        no_times = [pl.lit(None, pl.UInt32).alias(name) for name in ("start_ms", "end_ms")]
        turns, words = turns.with_columns(no_times), words.with_columns(no_times)
    texts = turns["text"].to_list()
    return {
        "transcribe": words,
        "turns": turns,
        "tactics": pl.DataFrame(
            [_tag(at, texts[at], tag) for at, one in enumerate(lines) for tag in one.tags],
            schema=TACTICS,
        ),
        "offers": pl.DataFrame(
            [_offer(at, one.speaker, texts[at], row) for at, one in enumerate(lines)
             for row in one.ledger],
            schema=OFFERS,
        ),
    }  # fmt: skip


def _tag(turn: int, text: str, tag: str) -> dict[str, Any]:
    tactic, _, quote = tag.partition(": ")
    start = text.index(quote) if quote else 0
    return {
        "turn": turn,
        "tactic": tactic,
        "score": 0.8,
        "start_char": start,
        "end_char": start + len(quote) if quote else len(text),
        "method": "rule",
    }


def _offer(
    turn: int, speaker: str, text: str, row: tuple[str, str, float | None, str]
) -> dict[str, Any]:
    kind, issue, value, quote = row
    texts = dict.fromkeys(("item", "unit", "period", "option", "rationale", "toward"), "")
    return {
        **dict.fromkeys(OFFERS),
        **texts,
        "turn": turn,
        "speaker": speaker,
        "issue": issue,
        "kind": kind,
        "value": value,
        "standing": False,
        "start_char": text.index(quote),
        "end_char": text.index(quote) + len(quote),
    }


def scene(*lines: Line, gaps_s: Sequence[float] = (), timed: bool = True) -> Scene:
    """The lines as the rules see them."""
    return scene_of(**talk(*lines, gaps_s=gaps_s, timed=timed))


def search(
    *lines: Line,
    gaps_s: Sequence[float] = (),
    promises: Sequence[Mapping[str, Any]] = (),
    timed: bool = True,
) -> Search:
    """A look at the lines for A's moments."""
    return Search(
        scene=scene(*lines, gaps_s=gaps_s, timed=timed),
        me="A",
        rulebook=BOOK,
        vague_promises=promises,
    )


def hits(looked: Search, rule: Rule | str) -> list[Hit]:
    """What a rule finds."""
    return list(find(looked, RULES[rule] if isinstance(rule, str) else rule))


def quotes(looked: Search, rule: str) -> list[str]:
    """The quotes of what a shipped rule finds."""
    return [looked.scene.quote(hit.quote) for hit in hits(looked, rule)]


def promise(turn: int, quote: str, text: str, **facts: Any) -> dict[str, Any]:
    """A vague promise of B's, as the stage replies gives it."""
    start = text.index(quote)
    return {
        "turn": turn,
        "speaker": "B",
        "quote": quote,
        "start_char": start,
        "end_char": start + len(quote),
        "request_turn": None,
        "pinned": False,
    } | facts
