"""The table of contents: every stage, in an order in which inputs come before their use."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.records import METRICS, SPEECH, TURNS, WORDS
from pipeline.stage import Document, File, Frame, Stage, Text
from pipeline.stages import (
    audio,
    corrections,
    diarize,
    metrics,
    moments,
    offers,
    page,
    playback,
    replies,
    report,
    tactics,
    transcribe,
    transcript,
    turns,
    voices,
)

AUDIO = Stage(
    name="audio",
    version=1,
    inputs=("recording",),
    output=File(suffix=".safetensors", read=audio.read_track),
    config=audio.AudioConfig,
    run=audio.run,
)
PAGE = Stage(
    name="page",
    version=9,
    inputs=("report", "transcribe", "turns"),
    output=Text(suffix=".html"),
    config=page.PageConfig,
    run=page.run,
)
STAGES: tuple[Stage, ...] = (
    AUDIO,
    diarize.STAGE,
    transcribe.STAGE,
    turns.STAGE,
    tactics.STAGE,
    offers.STAGE,
    metrics.STAGE,
    replies.STAGE,
    moments.STAGE,
    report.STAGE,
    PAGE,
)

CORRECTED_SPEECH = Stage(
    name="corrected_speech",
    version=1,
    inputs=("corrections", "diarize", "turns"),
    output=Frame(schema=SPEECH, check=diarize.check),
    config=corrections.CorrectionsConfig,
    run=corrections.corrected_speech,
)
CORRECTED_TURNS = Stage(
    name="corrected_turns",
    version=1,
    inputs=("corrections", "turns", "transcribe", "corrected_speech"),
    output=Frame(schema=TURNS, check=turns.check),
    config=corrections.CorrectionsConfig,
    run=corrections.corrected_turns,
)
VOICES = Stage(
    name="voices",
    version=1,
    inputs=("audio", "diarize", "enrolled"),
    output=Document(),
    config=voices.VoicesConfig,
    run=voices.run,
    load=voices.load,
    weights=voices.weights,
)
PLAYBACK = playback.STAGE
OPTIONAL_STAGES: tuple[Stage, ...] = (CORRECTED_SPEECH, CORRECTED_TURNS, VOICES, PLAYBACK)
"""Stages of plans with corrections, with enrolled voices, or whose page plays the call; they come
after turns."""

TRANSCRIPT = Stage(
    name="transcript",
    version=1,
    inputs=("recording",),
    output=Document(),
    config=transcript.TranscriptConfig,
    run=transcript.run,
)
TRANSCRIPT_SPEECH = Stage(
    name="transcript_speech",
    version=1,
    inputs=("transcript",),
    output=Frame(schema=SPEECH, check=diarize.check),
    config=transcript.TranscriptConfig,
    run=transcript.speech,
)
TRANSCRIPT_WORDS = Stage(
    name="transcript_words",
    version=1,
    inputs=("transcript",),
    output=Frame(schema=WORDS, check=transcribe.check),
    config=transcript.TranscriptConfig,
    run=transcript.words,
)
TRANSCRIPT_TURNS = Stage(
    name="transcript_turns",
    version=1,
    inputs=("transcript",),
    output=Frame(schema=TURNS, check=turns.check),
    config=transcript.TranscriptConfig,
    run=transcript.turns,
)
TRANSCRIPT_METRICS = Stage(
    name="transcript_metrics",
    version=2,
    inputs=("transcribe", "turns", "tactics"),
    output=Frame(schema=METRICS, check=metrics.check),
    config=metrics.MetricsConfig,
    run=metrics.run_unheard,
)
TRANSCRIPT_STAGES: Mapping[str, Stage] = {
    "diarize": TRANSCRIPT_SPEECH,
    "transcribe": TRANSCRIPT_WORDS,
    "turns": TRANSCRIPT_TURNS,
    "metrics": TRANSCRIPT_METRICS,
}
"""What stands in a transcript's plan, after TRANSCRIPT, for the stages that need audio."""
