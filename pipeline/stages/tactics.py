"""What each turn does: tactics of the codebook, each with the quote that shows it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.errors import ContractError
from pipeline.records import TACTICS, TURN
from pipeline.stage import Frame, Stage
from pipeline.tactics import detect
from pipeline.tactics.codebook import Codebook, Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticsConfig:
    """The codebook, so that a changed rule gives a new key."""

    codebook: Codebook


def run(*, turns: pl.DataFrame, config: TacticsConfig) -> pl.DataFrame:
    """The tags of all turns, schema TACTICS, by turn and place; backchannels carry none."""
    utterances = [
        Utterance(turn=turn, speaker=speaker, text=text)
        for turn, speaker, text in turns.filter(pl.col("kind") == TURN)
        .select("turn", "speaker", "text")
        .iter_rows()
    ]
    rows = [
        {
            "turn": tag.turn,
            "tactic": tag.tactic,
            "score": tag.score,
            "start_char": tag.start_char,
            "end_char": tag.end_char,
            "method": tag.method,
        }
        for tag in detect(utterances, config.codebook)
    ]
    return pl.DataFrame(rows, schema=TACTICS)


def check(tactics: pl.DataFrame) -> None:
    """Sorted by turn, every span has a length, scores between 0 and 1. Raises ContractError."""
    if not tactics["turn"].is_sorted():
        raise ContractError("tags are not sorted by turn")
    if (tactics["start_char"] >= tactics["end_char"]).any():
        raise ContractError("a tag quotes nothing")
    if not tactics["score"].is_between(0, 1).all():
        raise ContractError("a score lies outside 0 to 1")


STAGE = Stage(
    name="tactics",
    version=2,
    inputs=("turns",),
    output=Frame(schema=TACTICS, check=check),
    config=TacticsConfig,
    run=run,
)
