"""The figures of a call: every metric of docs/metrics.md that a single recording gives."""

from __future__ import annotations

import polars as pl

from pipeline.errors import ContractError
from pipeline.records import METRICS
from pipeline.stage import Frame, Stage
from pipeline.stages.metrics.gates import MetricsConfig
from pipeline.stages.metrics.table import run, run_unheard

__all__ = ["STAGE", "MetricsConfig", "run", "run_unheard"]


def check(metrics: pl.DataFrame) -> None:
    """A figure is there or withheld with a reason, and each is there once. Raises ContractError."""
    if metrics.filter(pl.col("value").is_null() != (pl.col("withheld") != "")).height:
        raise ContractError("a metric is neither there nor withheld with a reason")
    if metrics.select("scope", "speaker", "metric").is_duplicated().any():
        raise ContractError("a metric is there twice")


STAGE = Stage(
    name="metrics",
    version=6,
    inputs=("audio", "diarize", "transcribe", "turns", "tactics"),
    output=Frame(schema=METRICS, check=check),
    config=MetricsConfig,
    run=run,
)
