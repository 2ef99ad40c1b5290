"""The offer ledger of a call: who put which number or term on the table, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.errors import ContractError
from pipeline.records import ENGLISH, OFFERS, TURN, language_of
from pipeline.stage import Frame, Stage
from pipeline.tactics.codebook import Codebook, Tag, Utterance
from pipeline.tactics.offers.document import outcomes
from pipeline.tactics.offers.ledger import Entry, build_ledger
from pipeline.tactics.offers.moves import read_moves
from pipeline.tactics.offers.tactics import METHOD


@dataclass(frozen=True, slots=True, kw_only=True)
class OffersConfig:
    """The codebook, which also says what can be negotiated."""

    codebook: Codebook


def run(
    *,
    transcribe: pl.DataFrame,
    turns: pl.DataFrame,
    tactics: pl.DataFrame,
    config: OffersConfig,
) -> pl.DataFrame:
    """The ledger, schema OFFERS, in the order in which things were said.

    It rests on the tags of wording alone, not on those that a ledger gave rise to. Empty in
    another language than English, whose numbers would be misread.
    """
    if language_of(transcribe) not in (ENGLISH, None):
        return pl.DataFrame(schema=OFFERS)
    utterances = [
        Utterance(turn=turn, speaker=speaker, text=text)
        for turn, speaker, text in turns.filter(pl.col("kind") == TURN)
        .select("turn", "speaker", "text")
        .iter_rows()
    ]
    worded = tactics.filter(pl.col("method") != METHOD)
    tags = [Tag(**row) for row in worded.iter_rows(named=True)]
    entries = build_ledger(read_moves(utterances, tags, config.codebook))
    return pl.DataFrame(_rows(entries), schema=OFFERS)


def _rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    standing = {id(outcome.agreed) for outcome in outcomes(entries) if outcome.agreed}
    return [_row(entry, standing=id(entry) in standing) for entry in entries]


def _row(entry: Entry, *, standing: bool) -> dict[str, Any]:
    move, thing = entry.move, entry.move.thing
    return {
        "turn": move.turn,
        "speaker": move.speaker,
        "issue": thing.issue,
        "item": thing.item,
        "kind": entry.kind,
        "value": thing.value,
        "high": thing.high,
        "unit": thing.unit,
        "period": thing.period,
        "option": thing.option,
        "exact": entry.exact,
        "rationale": move.rationale,
        "step": entry.step,
        "gap_share": entry.gap_share,
        "toward": entry.toward,
        "standing": standing,
        "start_char": move.start_char,
        "end_char": move.end_char,
    }


def check(offers: pl.DataFrame) -> None:
    """Sorted by turn, every line quotes something and says a finite value or an option.

    Raises ContractError.
    """
    if not offers["turn"].is_sorted():
        raise ContractError("the ledger is not sorted by turn")
    if (offers["start_char"] >= offers["end_char"]).any():
        raise ContractError("a line of the ledger quotes nothing")
    if (offers["value"].is_null() & (offers["option"] == "")).any():
        raise ContractError("a line of the ledger has neither value nor option")
    numbers = offers.select("value", "high", "step", "gap_share")
    if not numbers.fill_null(0.0).select(pl.all_horizontal(pl.all().is_finite().all())).item():
        raise ContractError("a number of the ledger is out of bounds: not finite")
    if (offers["gap_share"] < 0).any() or (offers["step"] < 0).any():
        raise ContractError("a number of the ledger is out of bounds: a step or share below 0")


STAGE = Stage(
    name="offers",
    version=3,
    inputs=("transcribe", "turns", "tactics"),
    output=Frame(schema=OFFERS, check=check),
    config=OffersConfig,
    run=run,
)
