"""A call as its figures are counted: what each speaker said and when, and whose turn it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from pipeline.floor import Turn
from pipeline.records import TURN, speakers_of
from pipeline.spans import Span, length_ms
from pipeline.stages.metrics import wording

MS_PER_HOUR = 3_600_000


@dataclass(frozen=True, kw_only=True)
class Voice:
    """What one speaker said and when; `tags` are (turn, tactic)."""

    name: str
    spans: Sequence[tuple[Span, float]]
    turns: pl.DataFrame
    tags: Sequence[tuple[int, str]]

    @cached_property
    def talk_ms(self) -> int:
        return length_ms([span for span, _ in self.spans])

    @cached_property
    def own_turns(self) -> pl.DataFrame:
        return self.turns.filter(pl.col("kind") == TURN)

    @cached_property
    def word_count(self) -> int:
        return int(self.turns["words"].list.len().sum())

    @cached_property
    def question_count(self) -> int:
        return wording.tag_count(self.tags, wording.QUESTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the figures are counted from; `thirds` says which third of the call a turn is in."""

    duration_ms: int
    voices: tuple[Voice, ...]
    floor: tuple[Turn, ...]
    families: Mapping[str, str]
    thirds: Mapping[int, int]

    @property
    def spans(self) -> list[Span]:
        return [span for voice in self.voices for span, _ in voice.spans]

    def per_hour(self, count: float) -> float | None:
        return wording.share(count * MS_PER_HOUR, self.duration_ms)


def call_of(
    *,
    duration_ms: int,
    speech: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    families: Mapping[str, str],
) -> Call:
    """The call as its speakers have it, by first speech; `families` maps tactics to families.

    Turns without times stand nowhere in time; thirds of the call then are thirds of its turns.
    """
    thirds = _thirds(turns, duration_ms=duration_ms)
    turns = turns.with_columns(pl.col("start_ms", "end_ms").fill_null(0))
    tagged = tactics.join(turns.select("turn", "speaker"), on="turn", maintain_order="left")
    floor = turns.filter(pl.col("kind") == TURN).select("speaker", "start_ms", "end_ms")
    return Call(
        duration_ms=duration_ms,
        voices=tuple(
            Voice(
                name=name,
                spans=[
                    ((start_ms, end_ms), confidence)
                    for start_ms, end_ms, confidence in speech.filter(pl.col("speaker") == name)
                    .select("start_ms", "end_ms", "confidence")
                    .iter_rows()
                ],
                turns=turns.filter(pl.col("speaker") == name),
                tags=tagged.filter(pl.col("speaker") == name).select("turn", "tactic").rows(),
            )
            for name in speakers_of(speech=speech, turns=turns)
        ),
        floor=tuple(
            Turn(speaker=who, start_ms=start, end_ms=end) for who, start, end in floor.rows()
        ),
        families=families,
        thirds=thirds,
    )


def _thirds(turns: pl.DataFrame, *, duration_ms: int) -> dict[int, int]:
    """Each turn's third, 0 to 2, by its start; by its number where there is no audio."""
    timed = duration_ms > 0
    places = turns["start_ms"] if timed else turns["turn"]
    whole = duration_ms if timed else max(1, turns.height)
    return {
        turn: min(2, 3 * place // whole) for turn, place in zip(turns["turn"], places, strict=True)
    }
