"""What each turn got back: replies to questions, effects of tactics, promises left vague, pace."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.stage import Document, Stage
from pipeline.stages.replies.call import read_call
from pipeline.stages.replies.cues import RepliesConfig, replies_from_toml
from pipeline.stages.replies.effects import effects_document
from pipeline.stages.replies.leanings import leanings_document
from pipeline.stages.replies.pace import pace_document
from pipeline.stages.replies.promises import promises_document
from pipeline.stages.replies.questions import questions_document

__all__ = ["STAGE", "RepliesConfig", "replies_from_toml", "run"]


def run(
    *,
    diarize: pl.DataFrame,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    offers: pl.DataFrame,
    config: RepliesConfig,
) -> dict[str, Any]:
    """Lists `questions`, `effects`, `leanings`, `vague_promises` and `pace`, as report.json.

    All but the pace rest on tactics, and are empty where there are none.
    """
    call = read_call(speech=diarize, words=transcribe, turns=turns, tactics=tactics)
    return {
        "questions": questions_document(call),
        "effects": effects_document(call, offers=offers, config=config),
        "leanings": leanings_document(call, offers=offers, config=config),
        "vague_promises": promises_document(call, offers=offers, config=config),
        "pace": pace_document(speech=diarize, words=transcribe, turns=turns),
    }


STAGE = Stage(
    name="replies",
    version=2,
    inputs=("diarize", "transcribe", "turns", "tactics", "offers"),
    output=Document(),
    config=RepliesConfig,
    run=run,
)
