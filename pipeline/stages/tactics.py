"""What each turn does: tactics of the codebook, each with the quote that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import polars as pl

from pipeline.errors import ContractError
from pipeline.models.text_encoder import load_text_encoder
from pipeline.records import ENGLISH, TACTICS, TURN, language_of
from pipeline.stage import Frame, Locate, Place, Progress, Stage
from pipeline.tactics import Learned, detect
from pipeline.tactics.codebook import Codebook, Utterance
from pipeline.tactics.learned import Classifier, classifier_from


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticsConfig:
    """The codebook, so that a changed rule gives a new key; and the text encoder's name.

    Without a `model` the rules alone speak, and tactics that only the classifier finds are not
    found. `classifier` is the sha256 of its weights.
    """

    codebook: Codebook
    model: str = "all-MiniLM-L6-v2"
    classifier: str = ""


def weights(config: TacticsConfig) -> tuple[str, ...]:
    """The text encoder, unless the rules are to be alone."""
    return (config.model,) if config.model else ()


def load(
    *,
    config: TacticsConfig,
    device: Place,  # noqa: ARG001 - the encoder is small: it runs on the CPU everywhere
    locate: Locate,
) -> Learned | None:
    """The encoder and the classifier; None for rules alone. Raises ModelError."""
    return load_learned(config, locate=locate)


def load_learned(config: TacticsConfig, *, locate: Locate) -> Learned | None:
    """As load, where no stage is run. Raises ModelError."""
    if not config.model:
        return None
    return Learned(classifier=shipped_classifier(), encode=load_text_encoder(locate(config.model)))


@cache
def shipped_classifier() -> Classifier:
    """The classifier that comes with the package; scripts/train_tactics makes it."""
    from safetensors import safe_open

    with (
        as_file(files("pipeline") / "weights" / "tactics.safetensors") as path,
        safe_open(path, framework="numpy") as tensors,
    ):
        return classifier_from(
            {name: tensors.get_tensor(name) for name in tensors.keys()},  # noqa: SIM118
            tensors.metadata(),
        )


def run(
    *,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    config: TacticsConfig,
    model: Learned | None = None,
    progress: Progress | None = None,  # noqa: ARG001 - done before it could be told
) -> pl.DataFrame:
    """The tags of all turns, schema TACTICS, by turn and place; backchannels carry none.

    None in another language than English: rules and classifier know no other.
    """
    if language_of(transcribe) not in (ENGLISH, None):
        return pl.DataFrame(schema=TACTICS)
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
    version=4,
    inputs=("transcribe", "turns"),
    output=Frame(schema=TACTICS, check=check),
    config=TacticsConfig,
    run=run,
    load=load,
    weights=weights,
)
