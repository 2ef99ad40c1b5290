"""What each turn does: tactics of the codebook, each with the quote that shows it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from pipeline.errors import ContractError
from pipeline.floor import INTERRUPTION_LENGTH_MS, INTERRUPTION_OVERLAP_MS
from pipeline.models.turn_network import load_turn_network
from pipeline.records import ENGLISH, TACTICS, TURN, language_of
from pipeline.stage import Frame, Locate, Place, Progress, Stage
from pipeline.tactics import Learned, detect
from pipeline.tactics.codebook import Codebook, Utterance
from pipeline.tactics.conduct import Heard, Sound, find_conduct
from pipeline.tactics.learned import Classifier, classifier_from


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticsConfig:
    """The codebook, so that a changed rule gives a new key; and the name of the text weights.

    Without a `model` the rules alone speak, and tactics that only the network finds are not
    found. `classifier` is the sha256 of its layers and of what is made of their scores. What an
    interruption is comes from the settings of the metrics, so that tags and figure count the same.
    """

    codebook: Codebook
    model: str = "all-MiniLM-L6-v2"
    classifier: str = ""
    interruption_overlap_ms: int = INTERRUPTION_OVERLAP_MS
    interruption_length_ms: int = INTERRUPTION_LENGTH_MS


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
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    diarize: pl.DataFrame,
    config: TacticsConfig,
    model: Learned | None = None,
    progress: Progress | None = None,  # noqa: ARG001 - done before it could be told
) -> pl.DataFrame:
    """The tags of all turns, schema TACTICS, by turn and place.

    Backchannels carry that tag alone. Where the speech map `diarize` is empty there are no tags
    of conduct. In another language than English there are none: rules and classifier know no
    other.
    """
    if language_of(transcribe) not in (ENGLISH, None):
        return pl.DataFrame(schema=TACTICS)
    heard = _heard(turns)
    utterances = [
        Utterance(turn=one.number, speaker=one.speaker, text=one.text)
        for one in heard
        if one.kind == TURN
    ]
    worded = detect(utterances, config.codebook, model)
    timed = find_conduct(
        heard,
        worded,
        _sounds(diarize),
        min_overlap_ms=config.interruption_overlap_ms,
        min_length_ms=config.interruption_length_ms,
    )
    # stable: what a quote says comes before how it was said
    in_order = sorted([*worded, *timed], key=lambda tag: (tag.turn, tag.start_char, tag.end_char))
    return pl.DataFrame([asdict(tag) for tag in in_order], schema=TACTICS)


def _heard(turns: pl.DataFrame) -> list[Heard]:
    columns = turns.select("turn", "speaker", "start_ms", "end_ms", "text", "kind")
    return [
        Heard(number=turn, speaker=who, start_ms=start_ms, end_ms=end_ms, text=text, kind=kind)
        for turn, who, start_ms, end_ms, text, kind in columns.iter_rows()
    ]


def _sounds(speech: pl.DataFrame) -> list[Sound]:
    return [
        Sound(speaker=who, start_ms=start_ms, end_ms=end_ms)
        for who, start_ms, end_ms in speech.select("speaker", "start_ms", "end_ms").iter_rows()
    ]


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
    version=6,
    inputs=("transcribe", "turns", "diarize"),
    output=Frame(schema=TACTICS, check=check),
    config=TacticsConfig,
    run=run,
    load=load,
    weights=weights,
)
