"""How often tags are right, in the report: each tactic's figure, and what is not shown for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import polars as pl

from pipeline.tactics.codebook import Codebook
from pipeline.tactics.measured import Measured


def shown_tags(tactics: pl.DataFrame, *, experimental: Set[str], all_tags: bool) -> pl.DataFrame:
    """The tags that the report has: all of them, or those that are not experimental."""
    if all_tags:
        return tactics
    return tactics.filter(~pl.col("tactic").is_in(sorted(experimental)))


_SHOWN_BY = {
    "first_offer_taken": "premature_acceptance",
    "hedged_ask": "hedged_ask",
    "threat": "threat",
}
"""The tactic that a leaning rests on alone, by signal."""


def shown_replies(
    replies: Mapping[str, Any], *, experimental: Set[str], all_tags: bool
) -> dict[str, Any]:
    """What the report has of replies: effects, leanings and promises follow the tags it shows."""
    if all_tags:
        return dict(replies)
    promises = [] if "vague_assurance" in experimental else replies["vague_promises"]
    return {
        **replies,
        "effects": [one for one in replies["effects"] if one["tactic"] not in experimental],
        "leanings": [
            one for one in replies["leanings"] if _SHOWN_BY.get(one["signal"]) not in experimental
        ],
        "vague_promises": promises,
    }


def precision_document(tactic: str, measured: Iterable[Measured]) -> dict[str, Any]:
    """A tactic's precision on test data; null throughout where it was not measured."""
    one = next((one for one in measured if one.tactic == tactic), None)
    return {
        "precision": one.precision if one else None,
        "precision_low": one.precision_low if one else None,
        "precision_high": one.precision_high if one else None,
        "support": one.support if one else None,
    }


def hidden_document(
    tactics: pl.DataFrame,
    shown: pl.DataFrame,
    codebook: Codebook,
    measured: Iterable[Measured],
) -> list[dict[str, Any]]:
    """The tactics whose tags were found and are not shown, with how many tags that are."""
    kept = set(shown["tactic"])
    counts: Mapping[str, int] = dict(tactics.group_by("tactic").len().iter_rows())
    figures = tuple(measured)
    return [
        {
            "tactic": tactic.id,
            "family": tactic.family,
            "name": tactic.name,
            "tag_count": counts[tactic.id],
            **precision_document(tactic.id, figures),
        }
        for tactic in codebook.tactics
        if tactic.id in counts and tactic.id not in kept
    ]
