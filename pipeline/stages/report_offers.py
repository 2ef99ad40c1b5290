"""The offer ledger as the report tells it: every line, and what came of each issue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from pipeline.stages.report_figures import rounded, seconds
from pipeline.tactics.codebook import Codebook
from pipeline.tactics.offers.document import is_shrinking
from pipeline.tactics.offers.ledger import AGREED, ANCHOR, CONCESSION, POSITIONS
from pipeline.tactics.offers.moves import LIMIT

Row = Mapping[str, Any]


def offers_document(
    offers: pl.DataFrame, turns: pl.DataFrame, codebook: Codebook
) -> list[dict[str, Any]]:
    """The lines of the ledger, each with its quote and the time of its turn."""
    by_turn = {row["turn"]: row for row in turns.iter_rows(named=True)}
    names = _names(codebook)
    return [_line(row, by_turn[row["turn"]], names) for row in offers.iter_rows(named=True)]


def _names(codebook: Codebook) -> dict[tuple[str, str], str]:
    return {issue.key: issue.name for issue in codebook.issues}


def _name(row: Row, names: Mapping[tuple[str, str], str]) -> str:
    return names.get((row["issue"], row["item"]), "Other")


def _line(row: Row, turn: Row, names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "turn": row["turn"],
        "speaker": row["speaker"],
        "start_s": seconds(turn["start_ms"]),
        "issue": row["issue"],
        "item": row["item"] or None,
        "name": _name(row, names),
        "kind": row["kind"],
        "value": row["value"],
        "high": row["high"],
        "unit": row["unit"] or None,
        "period": row["period"] or None,
        "option": row["option"] or None,
        "exact": row["exact"],
        "rationale": row["rationale"] or None,
        "step": row["step"],
        "gap_share": rounded(row["gap_share"]),
        "toward": row["toward"] or None,
        "standing": row["standing"],
        "text": turn["text"][row["start_char"] : row["end_char"]],
        "start_char": row["start_char"],
        "end_char": row["end_char"],
    }


def outcomes_document(offers: pl.DataFrame, codebook: Codebook) -> list[dict[str, Any]]:
    """Each issue on which someone took a position or accepted a limit: its anchor, moves, end."""
    names = _names(codebook)
    found: dict[tuple[str, str], list[Row]] = {}
    for row in offers.iter_rows(named=True):
        found.setdefault((row["issue"], row["item"]), []).append(row)
    return [
        _outcome(rows, names)
        for rows in found.values()
        if any(row["kind"] in POSITIONS or row["kind"] == AGREED for row in rows)
    ]


def _outcome(rows: Sequence[Row], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    agreed = next((row for row in rows if row["standing"]), None)
    positions = [row for row in rows if row["kind"] in POSITIONS]
    anchor = _anchor(rows, positions)
    speakers = dict.fromkeys(row["speaker"] for row in positions)
    return {
        "issue": anchor["issue"],
        "item": anchor["item"] or None,
        "name": _name(anchor, names),
        "status": "agreed" if agreed else "open",
        "anchor": _position(anchor),
        "agreed": _position(agreed) if agreed else None,
        "speakers": [_moves(speaker, rows) for speaker in speakers],
    }


def _anchor(rows: Sequence[Row], positions: Sequence[Row]) -> Row:
    """The anchor; where nobody took a position, the limit that was accepted."""
    if positions:
        # A corrected anchor stands where it was put right, which may be after the counter.
        return next((row for row in positions if row["kind"] == ANCHOR), positions[0])
    accepted = next(row for row in rows if row["kind"] == AGREED)
    limits = [
        row
        for row in rows
        if (row["kind"], row["speaker"], row["value"])
        == (LIMIT, accepted["toward"], accepted["value"])
    ]
    return next(iter(limits), accepted)


def _position(row: Row) -> dict[str, Any]:
    return {
        "turn": row["turn"],
        "speaker": row["speaker"],
        "value": row["value"],
        "high": row["high"],
        "unit": row["unit"] or None,
        "period": row["period"] or None,
        "option": row["option"] or None,
    }


def _moves(speaker: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Where a speaker began and ended on an issue, and the steps between."""
    own = [row for row in rows if row["speaker"] == speaker and row["kind"] in POSITIONS]
    steps = [row["step"] for row in own if row["kind"] == CONCESSION and row["step"]]
    return {
        "speaker": speaker,
        "first": _position(own[0]),
        "last": _position(own[-1]),
        "concessions": sum(row["kind"] == CONCESSION for row in own),
        "steps": steps,
        "shrinking": is_shrinking(steps),
    }
