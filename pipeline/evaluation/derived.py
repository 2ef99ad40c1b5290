"""Turns and figures as our own stages make them, from words and speech of known speakers.

The reference goes through the very stages that the result went through, so that a difference is
an error of hearing and never one of definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.evaluation.spoken import Interval, Said, in_order, speakers_of
from pipeline.records import SAMPLE_RATE_HZ, SPEECH, TURN, WORDS, Track
from pipeline.stages import metrics, tactics, turns
from pipeline.stages.metrics import MetricsConfig
from pipeline.stages.tactics import TacticsConfig
from pipeline.stages.turns import TurnsConfig

_SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
_MOST_TRACKS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The settings of the stages that make turns and figures of words and speech."""

    turns: TurnsConfig
    tactics: TacticsConfig
    metrics: MetricsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of a call, with its 90 % interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


Figures = Mapping[tuple[str | None, str], Figure]
"""By (speaker, metric); the speaker is None for the whole call. What was withheld is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What follows from words and speech: the starts of turns, as intervals, and the figures."""

    turns: tuple[Interval, ...]
    figures: Figures


def derive(
    *,
    words: Sequence[Said],
    speech: Sequence[Interval],
    duration_ms: int,
    definitions: Definitions,
) -> Derived:
    """Turns and figures of a call whose words have their speakers.

    Each speaker gets a track, so that no word can change hands on the way.
    """
    names = speakers_of((*speech, *words))[:_MOST_TRACKS]
    tracks = {name: number for number, name in enumerate(names)}
    spoken = word_frame(words, tracks=tracks)
    speech_frame = speech_map((*speech, *_unmapped(words, speech)), tracks=tracks)
    turn_frame = turns.run(transcribe=spoken, diarize=speech_frame, config=definitions.turns)
    tags = tactics.run(
        transcribe=spoken, turns=turn_frame, diarize=speech_frame, config=definitions.tactics
    )
    table = metrics.run(
        audio=_silence(duration_ms),
        diarize=speech_frame,
        transcribe=spoken,
        turns=turn_frame,
        tactics=tags,
        config=definitions.metrics,
    )
    return Derived(turns=turn_intervals(turn_frame), figures=call_figures(table))


def word_frame(words: Iterable[Said], *, tracks: Mapping[str, int]) -> pl.DataFrame:
    """Words as if recognised beyond doubt, schema WORDS."""
    rows = [
        (number, word.start_ms, word.end_ms, word.text, 1.0, tracks[word.speaker], "en", "")
        for number, word in enumerate(in_order(words))
    ]
    return pl.DataFrame(rows, schema=WORDS, orient="row")


def _unmapped(words: Iterable[Said], speech: Iterable[Interval]) -> list[Interval]:
    """The words' own times, for speakers whom the map leaves out altogether."""
    mapped = {interval.speaker for interval in speech}
    return [
        Interval(speaker=w.speaker, start_ms=w.start_ms, end_ms=max(w.end_ms, w.start_ms + 1))
        for w in words
        if w.speaker not in mapped
    ]


def speech_map(intervals: Iterable[Interval], *, tracks: Mapping[str, int]) -> pl.DataFrame:
    """Intervals as a sure speech map, schema SPEECH."""
    rows = [
        (one.start_ms, one.end_ms, one.speaker, 1.0, tracks[one.speaker])
        for one in sorted(intervals, key=lambda one: one.start_ms)
    ]
    return pl.DataFrame(rows, schema=SPEECH, orient="row")


def _silence(duration_ms: int) -> Track:
    """Audio that has a length and takes no memory: the figures need nothing else of it."""
    samples = np.broadcast_to(np.int16(0), (1, duration_ms * _SAMPLES_PER_MS))
    return Track(
        samples=samples,
        channels=1,
        sample_rate_hz=SAMPLE_RATE_HZ,
        codec="",
        container="",
        truncated=False,
    )


def turn_intervals(frame: pl.DataFrame) -> tuple[Interval, ...]:
    """The turns of a TURNS frame, backchannels left out."""
    kept = frame.filter(pl.col("kind") == TURN).select("speaker", "start_ms", "end_ms")
    return tuple(
        Interval(speaker=who, start_ms=start_ms, end_ms=end_ms)
        for who, start_ms, end_ms in kept.iter_rows()
    )


def call_figures(frame: pl.DataFrame) -> Figures:
    """The figures of a METRICS frame that are of the whole call and not withheld."""
    kept = frame.filter((pl.col("scope") == "call") & pl.col("value").is_not_null())
    return {
        (speaker, metric): Figure(value=value, low=low, high=high)
        for speaker, metric, value, low, high in kept.select(
            "speaker", "metric", "value", "low", "high"
        ).iter_rows()
    }
