"""What every export is made of: a call with its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A report with the frames behind it: WORDS, TURNS and METRICS of records.

    WORDS is empty where only the report is left, and its times are null in a transcript.
    """

    report: Mapping[str, Any]
    words: pl.DataFrame
    turns: pl.DataFrame
    metrics: pl.DataFrame

    @property
    def has_times(self) -> bool:
        """Whether every turn has a start and an end, also where there is no turn."""
        return not (self.turns["start_ms"].has_nulls() or self.turns["end_ms"].has_nulls())

    @property
    def speakers(self) -> tuple[str, ...]:
        """Ids of all speakers: the report's, then any that only turns or tags name."""
        ids = [
            *(one["id"] for one in self.report["speakers"]),
            *self.turns["speaker"],
            *(tag["speaker"] for tag in self.report["tactics"]),
        ]
        return tuple(dict.fromkeys(ids))
