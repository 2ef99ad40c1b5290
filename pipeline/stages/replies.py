"""What each turn got back: replies to questions, effects of tactics, promises left vague, pace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.stage import Document, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesConfig:
    """How replies are read."""


def run(
    *,
    diarize: pl.DataFrame,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    offers: pl.DataFrame,
    config: RepliesConfig,
) -> dict[str, Any]:
    """Lists `questions`, `effects`, `leanings`, `vague_promises` and `pace`, as report.json."""
    return {"questions": [], "effects": [], "leanings": [], "vague_promises": [], "pace": []}


STAGE = Stage(
    name="replies",
    version=1,
    inputs=("diarize", "transcribe", "turns", "tactics", "offers"),
    output=Document(),
    config=RepliesConfig,
    run=run,
)
