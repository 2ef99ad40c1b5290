"""Risk: asks hidden in softeners, and threats."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import Finding, Scene, find


def find_risk(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    """Every tactic of the first set in this family."""
    return [
        *find(scene, tactics["hedged_ask"], score=0.8),
        *find(scene, tactics["threat"], score=0.8),
    ]
