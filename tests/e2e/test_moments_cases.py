"""Moments of talks that nobody tuned the rules on, tagged by the shipped classifier."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_config
from pipeline.evaluation.moments import (
    Counts,
    Definitions,
    case_counts,
    found_moments,
    talk_score,
)
from pipeline.models.weights import locate
from pipeline.stages.tactics import load_learned

pytestmark = pytest.mark.e2e

DATA = Path(__file__).parents[1] / "data" / "moments_cases"


def read(name: str) -> dict[str, Any]:
    """A file of cases."""
    return tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def definitions(models: Path) -> Definitions:
    """The settings as shipped, for a talk of no particular kind."""
    config = load_config()
    network = load_learned(
        config.tactics, locate=lambda name: locate(name, directory=models, offline=True)
    )
    return Definitions(
        tactics=config.tactics,
        offers=config.offers,
        replies=config.replies,
        moments=config.moments,
        model=network,
    )


def test_short_cases_are_found_and_near_misses_let_be(definitions: Definitions) -> None:
    """Of the cases not seen, two thirds or more are found, and nine finds in ten are right."""
    counts = sum(
        (
            case_counts(case, found_moments(case, definitions, only=case["rule"]))
            for case in read("held_out")["case"]
        ),
        Counts(),
    )
    assert counts.precision is not None
    assert counts.recall is not None
    assert counts.recall >= 0.67
    assert counts.precision >= 0.9


def test_what_is_shown_of_a_whole_talk_is_there(definitions: Definitions) -> None:
    """Three of four shown moments are annotated, and more than half of all are shown."""
    scores = [talk_score(talk, found_moments(talk, definitions)) for talk in read("talks")["talk"]]
    assert sum(one.shown_right for one in scores) >= 0.75 * sum(one.shown for one in scores)
    assert sum(one.planted_found for one in scores) >= 0.55 * sum(one.planted for one in scores)
    assert all(one.shown <= 7 for one in scores)
