"""Moments worth a second look: what worked, and what was missed, of every speaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.records import ENGLISH, language_of
from pipeline.stage import Document, Stage
from pipeline.stages.moments.finders import Hit, Search, find
from pipeline.stages.moments.ranking import Ranked, ranked
from pipeline.stages.moments.rules import Rulebook, rulebook_from_toml
from pipeline.stages.moments.scene import Place, Scene, scene_of
from pipeline.stages.moments.suggestions import suggestion_for

CLIP_AFTER_MS = 1_500
MAX_CLIP_MS = 30_000
"""A clip goes on to the end of what it got, and a little more; never so long that nobody listens
to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentsConfig:
    """The rules, and what a profile makes of each: a factor by rule, 1 where it says nothing."""

    rulebook: Rulebook = Rulebook(version=0, rules=(), words=())  # noqa: RUF009 - frozen
    weights: tuple[tuple[str, float], ...] = ()


def run(
    *,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    offers: pl.DataFrame,
    replies: Mapping[str, Any],
    config: MomentsConfig,
) -> dict[str, Any]:
    """A list `moments` of every speaker's, as report.json has them, by speaker and rank.

    Empty in another language than English, whose tactics are not known.
    """
    if language_of(transcribe) not in (ENGLISH, None):
        return {"moments": []}
    scene = scene_of(transcribe=transcribe, turns=turns, tactics=tactics, offers=offers)
    return {
        "moments": [
            moment
            for speaker in scene.speakers
            for moment in _moments(
                Search(
                    scene=scene,
                    me=speaker,
                    rulebook=config.rulebook,
                    vague_promises=replies["vague_promises"],
                ),
                weights=dict(config.weights),
            )
        ]
    }


def _moments(search: Search, *, weights: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """One speaker's moments, best first."""
    rulebook = search.rulebook
    hits = [hit for rule in rulebook.rules for hit in find(search, rule)]
    chosen = ranked(hits, scene=search.scene, rulebook=rulebook, weights=weights)
    for rank, one in enumerate(chosen, start=1):
        yield _moment(search, one, rank=rank)


def _moment(search: Search, one: Ranked, *, rank: int) -> dict[str, Any]:
    hit, scene, rule = one.hit, search.scene, one.hit.rule
    return {
        "rank": rank,
        "rule": rule.id,
        "kind": rule.kind,
        "name": rule.name,
        "speaker": search.me,
        **_quoted(scene, hit.quote),
        "start_char": hit.quote.start_char,
        "end_char": hit.quote.end_char,
        "end_s": _clip_end_s(scene, hit),
        "reply": _reply(scene, hit.reply),
        "why": rule.why,
        "sources": list(rule.sources),
        "suggestion": suggestion_for(search, hit),
        "next_time": rule.next_time,
        "score": round(one.score, 4),
    }


def _quoted(scene: Scene, place: Place) -> dict[str, Any]:
    start_ms, _ = scene.times_ms(place)
    return {
        "turn": place.turn,
        "start_s": None if start_ms is None else start_ms / 1000,
        "quote": scene.quote(place),
    }


def _reply(scene: Scene, place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"speaker": scene.stretch_of(place.turn).speaker, **_quoted(scene, place)}


def _clip_end_s(scene: Scene, hit: Hit) -> float | None:
    """Where the clip of a moment ends: behind the reply, else behind the turn after the quote."""
    start_ms, end_ms = scene.times_ms(hit.quote)
    if start_ms is None or end_ms is None:
        return None
    last = hit.reply or _next_turn(scene, hit.quote)
    until_ms = scene.times_ms(last)[1] if last else None
    wanted_ms = max(end_ms, until_ms or 0) + CLIP_AFTER_MS
    return min(wanted_ms, start_ms + MAX_CLIP_MS) / 1000


def _next_turn(scene: Scene, quote: Place) -> Place | None:
    at = scene.stretch_of(quote.turn).place + 1
    if at >= len(scene.stretches):
        return None
    said = scene.stretches[at].turns[0]
    return Place(turn=said.number, start_char=0, end_char=len(said.row["text"]))


STAGE = Stage(
    name="moments",
    version=3,
    inputs=("transcribe", "turns", "tactics", "offers", "replies"),
    output=Document(),
    config=MomentsConfig,
    run=run,
)

__all__ = ["STAGE", "MomentsConfig", "Rulebook", "rulebook_from_toml", "run"]
