"""CSV tables (RFC 4180) that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from pipeline.stages.exports.naming import names, printable

TURN_COLUMNS = (
    "turn", "speaker_id", "speaker", "start_s", "end_s", "kind", "overlap_s", "word_count", "text",
)  # fmt: skip
TACTIC_COLUMNS = (
    "turn", "speaker_id", "speaker", "tactic", "family", "score", "quote", "start_char",
    "end_char", "start_s", "end_s", "method", "experimental",
)  # fmt: skip
OFFER_COLUMNS = (
    "turn", "speaker_id", "speaker", "start_s", "issue", "item", "kind", "value", "high", "unit",
    "period", "option", "exact", "rationale", "step", "gap_share", "standing", "text",
    "start_char", "end_char",
)  # fmt: skip
METRIC_COLUMNS = (
    "scope", "speaker_id", "speaker", "metric", "value", "low", "high", "unit", "withheld",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")

Row = Mapping[str, Any]


def turns_csv(report: Row, *, turns: pl.DataFrame) -> str:
    """One row a turn or backchannel; times in seconds."""
    rows = (
        _with_speaker(row, report=report)
        | {
            "start_s": _seconds(row["start_ms"]),
            "end_s": _seconds(row["end_ms"]),
            "overlap_s": _seconds(row["overlap_ms"]),
            "word_count": len(row["words"]),
        }
        for row in turns.iter_rows(named=True)
    )
    return table(rows, columns=TURN_COLUMNS)


def _seconds(time_ms: int | None) -> float | None:
    return None if time_ms is None else time_ms / 1000


def tactics_csv(report: Row) -> str:
    """One row a tag."""
    return table(
        (_with_speaker(tag, report=report) for tag in report["tactics"]), columns=TACTIC_COLUMNS
    )


def offers_csv(report: Row) -> str:
    """One row a line of the ledger; what it does not say is empty."""
    return table(
        (_with_speaker(offer, report=report) for offer in report["offers"]), columns=OFFER_COLUMNS
    )


def metrics_csv(report: Row, *, metrics: pl.DataFrame) -> str:
    """One row a figure; where it is withheld, the value is empty and the reason given."""
    rows = (_with_speaker(row, report=report) for row in metrics.iter_rows(named=True))
    return table(rows, columns=METRIC_COLUMNS)


def _with_speaker(row: Row, *, report: Row) -> dict[str, Any]:
    """The row with the speaker's id and name; both empty for figures of the whole call."""
    speaker_id = row.get("speaker")
    shown = names(report).get(speaker_id, speaker_id) if speaker_id else None
    return {**row, "speaker_id": speaker_id, "speaker": shown}


def table(rows: Iterable[Row], *, columns: Sequence[str]) -> str:
    """The columns of the rows as CSV, the header first, also when there is no row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Text made harmless, nothing for None, numbers as they are."""
    return harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """The text on one line, with an apostrophe before what a spreadsheet would calculate."""
    line = printable(text)
    return f"'{line}" if line.lstrip().startswith(FORMULA_STARTS) else line
