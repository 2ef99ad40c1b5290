"""Exchange: giving on condition."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import Finding, Scene, find


def find_exchange(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    """Every tactic of the first set in this family."""
    return find(scene, tactics["conditional_trade"], score=0.8)
