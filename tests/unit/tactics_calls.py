"""Short calls for the tests of tactics: turns as text, two speakers taking turns."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pipeline.tactics import detect
from pipeline.tactics.codebook import Tag, Utterance, codebook_from_toml

CODEBOOK_FILE = Path(__file__).resolve().parents[2] / "configs" / "tactics.toml"
CODEBOOK = codebook_from_toml(tomllib.loads(CODEBOOK_FILE.read_text("utf-8")))


def call_of(*texts: str) -> list[Utterance]:
    """Turns of Ana and Ben, Ana first."""
    return [
        Utterance(turn=turn, speaker=("Ana", "Ben")[turn % 2], text=text)
        for turn, text in enumerate(texts)
    ]


def tags_of(*texts: str) -> list[Tag]:
    """The tags of the last turn of a call."""
    return [tag for tag in detect(call_of(*texts), CODEBOOK) if tag.turn == len(texts) - 1]


def tactics_of(*texts: str) -> set[str]:
    """The tactics of the last turn of a call."""
    return {tag.tactic for tag in tags_of(*texts)}


def quotes_of(tactic: str, *texts: str) -> list[str]:
    """The quotes that carry a tactic in the last turn of a call."""
    tags = [tag for tag in tags_of(*texts) if tag.tactic == tactic]
    return [texts[-1][tag.start_char : tag.end_char] for tag in tags]
