"""Exchange: giving on condition, further terms, promises made concrete, favours returned."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.tactics.codebook import Tactic
from pipeline.tactics.cues import Finding, Scene, find

_BY_CUE = ("conditional_trade", "package_option", "commitment_request", "reciprocity")


def find_exchange(scene: Scene, tactics: Mapping[str, Tactic]) -> list[Finding]:
    """What wording alone decides in this family; the ledger adds the rest."""
    return [finding for name in _BY_CUE for finding in find(scene, tactics[name], score=0.8)]
