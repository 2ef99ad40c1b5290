"""Moments worth a second look: what worked, and what was missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.stage import Document, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentsConfig:
    """Which moments are looked for."""


def run(
    *,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    offers: pl.DataFrame,
    config: MomentsConfig,
) -> dict[str, Any]:
    """A list `moments` of every speaker's, as report.json has them, by speaker and rank."""
    return {"moments": []}


STAGE = Stage(
    name="moments",
    version=1,
    inputs=("transcribe", "turns", "tactics", "offers"),
    output=Document(),
    config=MomentsConfig,
    run=run,
)
