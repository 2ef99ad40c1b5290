"""The figures of the report, by speaker and of the call, as its document has them."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.stages.report_names import Named

_SPEAKER_COUNTS = (
    "turn_count",
    "word_count",
    "question_count",
    "open_question_count",
    "closed_question_count",
    "interruption_count",
    "backchannel_count",
    "filler_count",
)
_SPEAKER_FIGURES = (
    "talk_time_s",
    "talk_ratio",
    "word_ratio",
    "question_ratio",
    "open_question_share",
    "questions_per_hour",
    "reflection_to_question_ratio",
    "longest_monologue_s",
    "median_response_latency_s",
    "words_per_minute",
    "empathy_share",
)
_TOTALS = (
    "speech_s",
    "silence_s",
    "longest_silence_s",
    "overlap_s",
    "switches_per_hour",
    "question_ratio",
)
_RATES = ("empathy", "inquiry", "assertion", "exchange", "risk")
_THIRDS = ("first", "middle", "last")


class Figures:
    """METRICS by (scope, speaker, metric); `withheld` are the rows that have no value."""

    def __init__(self, metrics: pl.DataFrame) -> None:
        self._rows = {
            (row["scope"], row["speaker"], row["metric"]): row
            for row in metrics.iter_rows(named=True)
        }
        self.withheld = metrics.filter(pl.col("withheld") != "")

    def value(self, metric: str, *, speaker: str | None = None, scope: str = "call") -> Any:
        """A figure of a speaker, or of the whole call; None where it is withheld."""
        return rounded(self._rows[scope, speaker, metric]["value"])

    def count(self, metric: str, *, speaker: str | None = None) -> int | None:
        """A figure that is a whole number; None where it is withheld."""
        value = self._rows["call", speaker, metric]["value"]
        return None if value is None else round(value)

    def intervals(self, *, speaker: str) -> dict[str, list[float]]:
        """The 90 % intervals over the whole call, by metric."""
        return {
            metric: [rounded(row["low"]), rounded(row["high"])]
            for (scope, who, metric), row in self._rows.items()
            if scope == "call" and who == speaker and row["low"] is not None
        }

    def interval(self, metric: str, *, speaker: str) -> list[float] | None:
        """The ends of a figure's 90 % interval; None where it has none."""
        row = self._rows["call", speaker, metric]
        return None if row["low"] is None else [rounded(row["low"]), rounded(row["high"])]


def rounded(value: float | None) -> Any:
    """Four digits: far below any uncertainty here, and stable between machines."""
    return None if value is None else round(value, 4)


def seconds(time_ms: int | None) -> float | None:
    """Milliseconds as seconds; None where a time is not known."""
    return None if time_ms is None else time_ms / 1000


def speaker_document(named: Named, *, figures: Figures) -> dict[str, Any]:
    """A speaker with all figures that the report has of one."""
    speaker = named.id
    return {
        "id": speaker,
        "name": named.name,
        "is_me": named.is_me,
        **{metric: figures.value(metric, speaker=speaker) for metric in _SPEAKER_FIGURES},
        "talk_ratio_interval": figures.interval("talk_ratio", speaker=speaker),
        **{metric: figures.count(metric, speaker=speaker) for metric in _SPEAKER_COUNTS},
        "rates": {family: figures.value(f"{family}_rate", speaker=speaker) for family in _RATES},
        "balance_by_thirds": [
            {
                rate: figures.value(rate, speaker=speaker, scope=third)
                for rate in ("empathy_rate", "assertion_rate")
            }
            for third in _THIRDS
        ],
        "intervals": figures.intervals(speaker=speaker),
    }


def totals_document(figures: Figures) -> dict[str, Any]:
    """The figures of the call as a whole."""
    return {
        **{name: figures.value(name) for name in _TOTALS},
        "turn_count": figures.count("turn_count"),
    }
