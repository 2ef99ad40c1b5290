"""CSV tables (RFC 4180) that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    return table(with_speakers(turn_rows(turns), report=report), columns=TURN_COLUMNS)


def turn_rows(turns: pl.DataFrame) -> Iterator[Row]:
    """TURNS as rows with times in seconds and the number of words."""
    for row in turns.iter_rows(named=True):
        yield row | {
            "start_s": _seconds(row["start_ms"]),
            "end_s": _seconds(row["end_ms"]),
            "overlap_s": _seconds(row["overlap_ms"]),
            "word_count": len(row["words"]),
        }


def _seconds(time_ms: int | None) -> float | None:
    return None if time_ms is None else time_ms / 1000


def tactics_csv(report: Row) -> str:
    """One row a tag."""
    return table(with_speakers(report["tactics"], report=report), columns=TACTIC_COLUMNS)


def offers_csv(report: Row) -> str:
    """One row a line of the ledger; what it does not say is empty."""
    return table(with_speakers(report["offers"], report=report), columns=OFFER_COLUMNS)


def metrics_csv(report: Row, *, metrics: pl.DataFrame) -> str:
    """One row a figure; where it is withheld, the value is empty and the reason given."""
    rows = metrics.iter_rows(named=True)
    return table(with_speakers(rows, report=report), columns=METRIC_COLUMNS)


def with_speakers(rows: Iterable[Row], *, report: Row) -> Iterator[Row]:
    """The rows with the speaker's id and name; both empty for figures of the whole call."""
    shown = names(report)
    for row in rows:
        speaker_id = row.get("speaker")
        speaker = shown.get(speaker_id, speaker_id) if speaker_id else None
        yield {**row, "speaker_id": speaker_id, "speaker": speaker}


def table(rows: Iterable[Row], *, columns: Sequence[str]) -> str:
    """The columns of the rows as CSV, the header first, also when there is no row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def cell(value: Any) -> Any:
    """Text made harmless, lists as one text, nothing for None, numbers as they are."""
    text = "; ".join(value) if isinstance(value, list) else value
    return harmless(text) if isinstance(text, str) else text


def harmless(text: str) -> str:
    """The text on one line, with an apostrophe before what a spreadsheet would calculate."""
    line = printable(text)
    return f"'{line}" if line.lstrip().startswith(FORMULA_STARTS) else line
