"""The table of contents: every stage, in an order in which inputs come before their use."""

from __future__ import annotations

from pipeline.records import SPEECH, TURNS
from pipeline.stage import Document, File, Frame, Stage, Text
from pipeline.stages import (
    audio,
    corrections,
    diarize,
    metrics,
    offers,
    page,
    report,
    tactics,
    transcribe,
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
    version=4,
    inputs=("report",),
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
OPTIONAL_STAGES: tuple[Stage, ...] = (CORRECTED_SPEECH, CORRECTED_TURNS, VOICES)
"""Stages of plans with corrections, or with enrolled voices; they come after turns."""
