"""What each turn does: tactics of the codebook, each with the quote that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from pipeline.errors import ContractError
from pipeline.models.turn_network import load_turn_network
from pipeline.records import TACTICS, TURN
from pipeline.stage import Frame, Locate, Place, Progress, Stage
from pipeline.tactics import Learned, detect
from pipeline.tactics.codebook import Codebook, Utterance
from pipeline.tactics.learned import Classifier, classifier_from


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticsConfig:
    """The codebook, so that a changed rule gives a new key; and the name of the text weights.

    Without a `model` the rules alone speak, and tactics that only the network finds are not
    found. `classifier` is the sha256 of its layers and of what is made of their scores.
    """

    codebook: Codebook
    model: str = "all-MiniLM-L6-v2"
    classifier: str = ""


def weights(config: TacticsConfig) -> tuple[str, ...]:
    """The text weights, unless the rules are to be alone."""
    return (config.model,) if config.model else ()


def load(
    *,
    config: TacticsConfig,
    device: Place,  # noqa: ARG001 - the network is small: it runs on the CPU everywhere
    locate: Locate,
) -> Learned | None:
    """The network and how its scores are read; None for rules alone. Raises ModelError."""
    return load_learned(config, locate=locate)


def load_learned(config: TacticsConfig, *, locate: Locate) -> Learned | None:
    """As load, where no stage is run. Raises ModelError."""
    if not config.model:
        return None
    layers = (files("pipeline") / "weights" / "tactics.onnx").read_bytes()
    return Learned(
        classifier=shipped_classifier(),
        score=load_turn_network(locate(config.model), layers),
    )


@cache
def shipped_classifier() -> Classifier:
    """How the shipped network's scores are read; scripts/train_tactics writes it."""
    document = files("pipeline") / "weights" / "tactics.json"
    return classifier_from(document.read_text("utf-8"))


def run(
    *,
    turns: pl.DataFrame,
    config: TacticsConfig,
    model: Learned | None = None,
    progress: Progress | None = None,  # noqa: ARG001 - done before it could be told
) -> pl.DataFrame:
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
        for tag in detect(utterances, config.codebook, model)
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
    version=3,
    inputs=("turns",),
    output=Frame(schema=TACTICS, check=check),
    config=TacticsConfig,
    run=run,
    load=load,
    weights=weights,
)
