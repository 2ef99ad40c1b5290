"""Frames of a few rows, written by hand in milliseconds, for tests of the stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from pipeline.records import SAMPLE_RATE_HZ, SPEECH, TACTICS, TURN, TURNS, WORDS, Samples, Track

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


def speech(*intervals: tuple[str, int, int], tracks: dict[str, int] | None = None) -> pl.DataFrame:
    """A sure speech map of (speaker, start_ms, end_ms); `tracks` says who is on which track."""
    rows = [
        {
            "start_ms": start_ms,
            "end_ms": end_ms,
            "speaker": speaker,
            "confidence": 1.0,
            "track": (tracks or {}).get(speaker, 0),
        }
        for speaker, start_ms, end_ms in sorted(intervals, key=lambda one: one[1:])
    ]
    return pl.DataFrame(rows, schema=SPEECH)


def words(*spoken: tuple[str, int, int], **facts: Any) -> pl.DataFrame:
    """Words of (text, start_ms, end_ms); `facts` replace the other columns of all of them."""
    rows = [
        {"text": text, "start_ms": start_ms, "end_ms": end_ms} for text, start_ms, end_ms in spoken
    ]
    return word_rows(*({**row, **facts} for row in rows))


def word_rows(*rows: dict[str, Any]) -> pl.DataFrame:
    """Words of whole rows, numbered from 0 by start; what a row leaves out is unremarkable."""
    plain = {"probability": 0.9, "track": 0, "language": "en", "doubt": ""}
    ordered = sorted(rows, key=lambda row: row["start_ms"])
    return pl.DataFrame(
        [{"word": number, **plain, **row} for number, row in enumerate(ordered)], schema=WORDS
    )


def turns(*spoken: tuple[str, int, int, str], kinds: dict[int, str] | None = None) -> pl.DataFrame:
    """Turns of (speaker, start_ms, end_ms, text), their words numbered through from 0."""
    rows: list[dict[str, Any]] = []
    first = 0
    for number, (speaker, start_ms, end_ms, text) in enumerate(spoken):
        count = len(text.split())
        rows.append(
            {
                "turn": number,
                "speaker": speaker,
                "start_ms": start_ms,
                "end_ms": end_ms,
                "text": text,
                "words": list(range(first, first + count)),
                "overlap_ms": 0,
                "kind": (kinds or {}).get(number, TURN),
            }
        )
        first += count
    return pl.DataFrame(rows, schema=TURNS)


def tactics(*tags: tuple[int, str] | tuple[int, str, int, int]) -> pl.DataFrame:
    """Tags of (turn, tactic), or with the span of the quote (turn, tactic, start, end)."""
    rows = [
        {
            "turn": tag[0],
            "tactic": tag[1],
            "score": 0.8,
            "start_char": tag[2] if len(tag) == 4 else 0,
            "end_char": tag[3] if len(tag) == 4 else 1,
            "method": "rule",
        }
        for tag in tags
    ]
    return pl.DataFrame(rows, schema=TACTICS)


def track(duration_ms: int, *, tracks: int = 1, truncated: bool = False) -> Track:
    """Silence of some length, as decoded audio."""
    return track_of(
        np.zeros((tracks, duration_ms * SAMPLES_PER_MS), dtype=np.int16), truncated=truncated
    )


def track_of(samples: Samples, *, truncated: bool = False) -> Track:
    """Samples of shape (tracks, samples) as the audio of a wav file."""
    return Track(
        samples=samples,
        channels=len(samples),
        sample_rate_hz=SAMPLE_RATE_HZ,
        codec="pcm_s16le",
        container="wav",
        truncated=truncated,
    )


def nothing_found() -> dict[str, dict[str, list[Any]]]:
    """What the stages behind the figures hand to the report where they find nothing."""
    found = ("questions", "effects", "leanings", "vague_promises", "pace")
    return {"replies": {name: [] for name in found}, "moments": {"moments": []}}
