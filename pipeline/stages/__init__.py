"""The table of contents: every stage, in an order in which inputs come before their use."""

from __future__ import annotations

from pipeline.stage import File, Stage, Text
from pipeline.stages import audio, diarize, metrics, page, report, tactics, transcribe, turns

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
    version=1,
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
    metrics.STAGE,
    report.STAGE,
    PAGE,
)
