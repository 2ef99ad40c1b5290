"""CTM and RTTM: the files that speech-recognition and diarization scorers read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipeline.records import WITHHELD_DOUBTS
from pipeline.stages.exports.naming import speaker_tokens, token


def ctm(report: Mapping[str, Any], *, words: pl.DataFrame) -> str:
    """One line a word: recording, channel (from 1), start, length, word, probability.

    Words that the recogniser made up, which are in no turn, stand as comments (";;") with the
    reason, so that they are on record and no scorer counts them.
    """
    recording = token(report["recording"]["name"])
    rows = words.sort("track", "start_ms", "word").iter_rows(named=True)
    return "".join(
        f"{_comment(row['doubt'])}{recording} {row['track'] + 1} {_span(row)} "
        f"{token(row['text'])} {row['probability']:.3f}\n"
        for row in rows
        if row["text"].strip()
    )


def _comment(doubt: str) -> str:
    return f";; {doubt}: " if doubt in WITHHELD_DOUBTS else ""


def rttm(report: Mapping[str, Any], *, speech: pl.DataFrame) -> str:
    """One SPEAKER line an interval of the speech map, on the channel (from 1) it is heard on."""
    recording, speakers = token(report["recording"]["name"]), speaker_tokens(report)
    return "".join(
        f"SPEAKER {recording} {row['track'] + 1} {_span(row)} <NA> <NA> "
        f"{speakers.get(row['speaker'], token(row['speaker']))} <NA> <NA>\n"
        for row in speech.sort("start_ms", "end_ms", "speaker").iter_rows(named=True)
    )


def _span(row: Mapping[str, Any]) -> str:
    """Start and length in seconds."""
    return f"{row['start_ms'] / 1000:.3f} {(row['end_ms'] - row['start_ms']) / 1000:.3f}"
