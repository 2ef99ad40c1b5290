"""What a report says of the weights and versions that made it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from pipeline import __version__
from pipeline.config import Config, metrics_version, weights
from pipeline.models.registry import find_weights
from pipeline.stage import Stage
from pipeline.stages.report import ModelFact, ReportConfig

_HEARING = ("faster-whisper", "pyannote.audio", "polars")
_READING = ("py3langid", "polars")


def with_facts(
    report: ReportConfig, *, config: Config, stages: Sequence[Stage], is_heard: bool
) -> ReportConfig:
    """The report's settings with the weights of these stages and the versions installed here.

    `is_heard`: the call comes as audio, and not as a transcript.
    """
    return dataclasses.replace(
        report,
        models=tuple(_model_facts(config, stages)),
        versions=(
            ("parley", __version__),
            ("codebook", str(config.tactics.codebook.version)),
            ("metrics", str(metrics_version())),
            *((name, version(name)) for name in (_HEARING if is_heard else _READING)),
        ),
    )


def _model_facts(config: Config, stages: Sequence[Stage]) -> Iterable[ModelFact]:
    for stage in stages:
        for name in stage.weights(getattr(config, stage.name, None)):
            pinned = find_weights(name, weights=weights())
            yield ModelFact(
                stage=stage.name,
                name=name,
                licence=pinned.licence if pinned else "unknown",
                sha256=pinned.digest if pinned else "",
            )
