"""The tables of a call as typed frames: what CSV, Excel and Parquet files hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from pipeline.stages.exports import tables
from pipeline.stages.exports.call import Call

MOMENT_COLUMNS = (
    "rank", "rule", "kind", "name", "turn", "speaker_id", "speaker", "start_s", "end_s", "quote",
    "start_char", "end_char", "reply_turn", "reply_quote", "why", "sources", "suggestion",
    "next_time", "score",
)  # fmt: skip
QUESTION_COLUMNS = (
    "turn", "speaker_id", "speaker", "start_s", "quote", "start_char", "end_char", "kind",
    "calibrated", "follow_up", "reply_turn", "reply_start_s", "reply_latency_s",
    "reply_duration_s", "reply_word_count", "reply_new_word_count", "reply_new_words",
)  # fmt: skip
EFFECT_COLUMNS = (
    "tactic", "speaker_id", "speaker", "count", "answered_count", "median_reply_words",
    "median_new_words", "other_reply_words", "agreement_count", "concession_count",
)  # fmt: skip
_WHOLE = ("turn", "rank", "count")
_FRACTIONS = (
    "score", "value", "low", "high", "step", "gap_share", "median_reply_words",
    "median_new_words", "other_reply_words",
)  # fmt: skip
_FLAGS = ("experimental", "exact", "standing", "calibrated", "follow_up")
_LISTS = ("sources", "reply_new_words")

Row = Mapping[str, Any]


def typed_tables(call: Call) -> dict[str, pl.DataFrame]:
    """Every table by name; lists of a report that has none yet are empty tables."""
    report = call.report

    def listed(key: str, columns: Sequence[str]) -> pl.DataFrame:
        return _frame((_flat(one) for one in report.get(key, ())), columns, report=report)

    turns = tables.turn_rows(call.turns)
    metrics = call.metrics.iter_rows(named=True)
    return {
        "turns": _frame(turns, tables.TURN_COLUMNS, report=report),
        "tactics": listed("tactics", tables.TACTIC_COLUMNS),
        "offers": listed("offers", tables.OFFER_COLUMNS),
        "metrics": _frame(metrics, tables.METRIC_COLUMNS, report=report),
        "moments": listed("moments", MOMENT_COLUMNS),
        "questions": listed("questions", QUESTION_COLUMNS),
        "effects": listed("effects", EFFECT_COLUMNS),
    }


def _frame(rows: Iterable[Row], columns: Sequence[str], *, report: Row) -> pl.DataFrame:
    """The columns of the rows with their types; what a row does not say is null."""
    named = tables.with_speakers(rows, report=report)
    return pl.DataFrame(
        [[row.get(column) for column in columns] for row in named],
        schema={column: _type(column) for column in columns},
        orient="row",
    )


def _type(column: str) -> pl.DataType | type[pl.DataType]:
    """A column's type, by its name or the unit at the end of it."""
    if column in _FLAGS:
        return pl.Boolean
    if column in _LISTS:
        return pl.List(pl.String)
    if column in _WHOLE or column.endswith(("_count", "_char", "_turn")):
        return pl.Int64
    return pl.Float64 if column in _FRACTIONS or column.endswith("_s") else pl.String


def _flat(one: Row) -> Row:
    """A row whose reply, where it has one, stands in columns of its own."""
    reply = one.get("reply") or {}
    return {**one, **{f"reply_{key}": value for key, value in reply.items()}}
