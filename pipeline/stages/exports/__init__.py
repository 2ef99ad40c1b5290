"""The files beside the report: the same call for players, spreadsheets and scoring tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipeline.stages.exports import scoring, subtitles, tables


def export_files(
    *,
    report: Mapping[str, Any],
    words: pl.DataFrame,
    speech: pl.DataFrame,
    turns: pl.DataFrame,
    metrics: pl.DataFrame,
) -> dict[str, str]:
    """Each file's name with its text (to be written as UTF-8, line ends untouched).

    The frames are WORDS, SPEECH, TURNS and METRICS of records; names come from the report. Of a
    call that is known by its transcript alone there are no files of what was heard, and no
    subtitles where its turns have no times.
    """
    files = {"transcript.txt": subtitles.plain_text(report, turns=turns)}
    if not turns["end_ms"].has_nulls():
        cues = subtitles.cues(report, turns=turns, words=words)
        files |= {"transcript.srt": subtitles.srt(cues), "transcript.vtt": subtitles.vtt(cues)}
    if report.get("transcript") is None:
        files |= {
            "words.ctm": scoring.ctm(report, words=words),
            "speech.rttm": scoring.rttm(report, speech=speech),
        }
    return {
        **files,
        "turns.csv": tables.turns_csv(report, turns=turns),
        "tactics.csv": tables.tactics_csv(report),
        "offers.csv": tables.offers_csv(report),
        "metrics.csv": tables.metrics_csv(report, metrics=metrics),
    }


__all__ = ["export_files"]
