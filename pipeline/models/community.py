"""Who speaks when, from one track, as pyannote's own community-1 pipeline hears it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies
from pipeline.models.diarization import Interval
from pipeline.records import SAMPLE_RATE_HZ, Samples
from pipeline.stage import Progress


class Community:
    """pyannote's own community-1 pipeline, where its weights are present.

    It gives no probabilities, so every interval carries CONFIDENCE, one minus the diarization
    error that its authors publish for telephone speech, rounded up.
    """

    CONFIDENCE = 0.85

    def __init__(self, pipeline: Callable[..., Any]) -> None:
        self._pipeline = pipeline

    def __call__(
        self, samples: Samples, *, speakers: int | None, step_s: float, progress: Progress
    ) -> list[Interval]:
        """The intervals of each voice, by start; `step_s` is the pipeline's own."""
        import torch

        del step_s
        waveform = torch.from_numpy(samples.astype(np.float32) / 32768)[None]
        output = self._pipeline(
            {"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ, "uri": "recording"},
            num_speakers=speakers,
        )
        progress(1.0)
        length_ms = len(samples) * 1000 // SAMPLE_RATE_HZ
        labels = output.speaker_diarization.labels()
        return [
            Interval(
                start_ms=max(0, round(segment.start * 1000)),
                end_ms=min(length_ms, round(segment.end * 1000)),
                voice=labels.index(label),
                confidence=self.CONFIDENCE,
            )
            for segment, _, label in output.speaker_diarization.itertracks(yield_label=True)
        ]


def load_community(path: Path, *, device: str) -> Community:
    """Load pyannote's community-1 pipeline from its folder. Raises ModelError."""
    quiet_dependencies()
    import torch
    from pyannote.audio import Pipeline

    try:
        pipeline = Pipeline.from_pretrained(path)
    except (OSError, ValueError, RuntimeError) as err:
        raise ModelError(f"{path}: not a pyannote pipeline ({err})") from err
    if pipeline is None:
        raise ModelError(f"{path}: not a pyannote pipeline")
    return Community(pipeline.to(torch.device(device)))
