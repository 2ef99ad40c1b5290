"""Every tactic of the codebook is found where it is and left alone where it is not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from conftest import REAL_MODELS

from pipeline.config import load_config
from pipeline.evaluation.corpora import CONDUCT, Judged, cases
from pipeline.models.registry import find_weights, shipped_weights
from pipeline.models.weights import weights_path
from pipeline.stages.tactics import load_learned
from pipeline.tactics import Learned, read_call

pytestmark = pytest.mark.e2e

CONFIG = load_config().tactics
WRITTEN = Path(__file__).parents[1] / "data" / "tactics_cases"
WORDED = sorted(
    tactic.id for tactic in CONFIG.codebook.tactics if tactic.id not in CONDUCT
)  # those of timing: tests/unit/test_tactics_conduct.py
LEAST_FOUND, MOST_FALSE = 0.5, 0.5
"""Bounds that a broken tagger misses; how good it is stands in reports/tactics.md."""


@pytest.fixture(scope="module")
def learned() -> Learned:
    """The shipped network."""
    weights = find_weights(CONFIG.model, weights=shipped_weights())
    assert weights is not None
    folder = weights_path(weights, REAL_MODELS)
    if not folder.exists():
        pytest.skip(f"no weights {weights.name} here; run `parley models fetch {weights.name}`")
    found = load_learned(CONFIG, locate=lambda _: folder)
    assert found is not None
    return found


@cache
def written() -> tuple[Judged, ...]:
    """The hand-written cases; the last turn of each is judged."""
    return tuple(case for path in sorted(WRITTEN.glob("*.toml")) for case in cases(path))


def judged(tactic: str, *, present: bool) -> list[Judged]:
    """The cases in which the tactic is, or surely is not."""
    return [
        case
        for case in written()
        if tactic in (case.present if present else case.absent)[len(case.turns) - 1]
    ]


def share_found(tactic: str, chosen: list[Judged], learned: Learned) -> float:
    """In how many of the cases the last turn is tagged with the tactic."""
    found = [
        any(
            tag.tactic == tactic and tag.turn == len(case.turns) - 1
            for tag in read_call(case.turns, CONFIG.codebook, learned).tags
        )
        for case in chosen
    ]
    return sum(found) / len(found)


@pytest.mark.parametrize("tactic", WORDED)
def test_a_tactic_is_found_where_it_is(tactic: str, learned: Learned) -> None:
    """In at least half of the cases that hold it."""
    assert share_found(tactic, judged(tactic, present=True), learned) >= LEAST_FOUND


@pytest.mark.parametrize("tactic", WORDED)
def test_a_tactic_is_left_alone_where_it_is_not(tactic: str, learned: Learned) -> None:
    """In at least half of the cases that were written to tempt it."""
    assert share_found(tactic, judged(tactic, present=False), learned) <= MOST_FALSE
