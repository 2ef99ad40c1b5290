"""What pyannote's segmentation hears in windows of 10 s, and what all of them say of a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.models import quiet_dependencies
from pipeline.models.device import usable_cores
from pipeline.models.memory import share_arenas
from pipeline.models.segmentation import load_segmentation
from pipeline.models.stretches import WINDOW_S, first_frames, window_starts
from pipeline.records import SAMPLE_RATE_HZ, Samples
from pipeline.stage import Progress

if TYPE_CHECKING:
    from pyannote.audio import Inference

Given = TypeVar("Given")
Found = TypeVar("Found")
Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.int64]

_BATCH = 8
_SETS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
IN_SET = np.array([[float(voice in members) for voice in range(3)] for members in _SETS])
CHANNEL_STEP_S = 9.0
"""Whether one voice speaks is as sure from windows that hardly overlap: half the step took twice
the time and changed the error on development calls by 0.03 points."""


class Segmenter:
    """pyannote segmentation-3.0; `workers` batches are computed side by side."""

    def __init__(self, *, inference: Inference, workers: int = 1) -> None:
        self._inference = inference
        self._workers = workers

    def sets(self, samples: Samples, starts: Integers, progress: Progress) -> Floats:
        """Probabilities of the sets of speakers, shape (windows, frames, 7).

        `samples` is int16, shape (samples,), 16 kHz; `starts` are the windows' first samples.
        """
        batches = [starts[first : first + _BATCH] for first in range(0, len(starts), _BATCH)]
        scores = side_by_side(
            lambda batch: self._infer(_windows(samples, batch)),
            batches,
            workers=self._workers,
            progress=progress,
        )
        sets: Floats = np.exp(np.concatenate(list(scores)))
        return sets

    def speech_probability(self, samples: Samples) -> Floats:
        """The probability of speech in frames of FRAME_STEP_S, for a voice on its own channel."""
        starts = window_starts(len(samples), CHANNEL_STEP_S)
        return aggregated(self.sets(samples, starts, lambda _share: None), starts)[0]

    def _infer(self, windows: npt.NDArray[np.float32]) -> Floats:
        import torch

        scores: Floats = self._inference.infer(torch.from_numpy(windows)[:, None])
        return scores


def side_by_side(
    work: Callable[[Given], Found],
    batches: Sequence[Given],
    *,
    workers: int,
    progress: Progress,
) -> Iterator[Found]:
    """Do some work on each batch, `workers` at a time, results in order.

    Batches are small, so one core each is faster than all cores on one after the other.
    """
    with ThreadPoolExecutor(workers) as pool:
        for done, result in enumerate(pool.map(work, batches), start=1):
            yield result
            progress(done / len(batches))


def _windows(samples: Samples, starts: Integers) -> npt.NDArray[np.float32]:
    """Windows in [-1, 1], shape (windows, samples); the last is padded with zeros."""
    size = int(WINDOW_S * SAMPLE_RATE_HZ)
    windows = np.zeros((len(starts), size), dtype=np.float32)
    for row, start in zip(windows, starts, strict=True):
        piece = samples[start : start + size]
        row[: len(piece)] = piece
    windows /= 32768
    return windows


def aggregated(sets: Floats, starts: Integers) -> tuple[Floats, Floats]:
    """The probabilities of speech and of overlap in each frame, the windows' middles counting
    most."""
    offsets, count = first_frames(starts), sets.shape[1]
    several = IN_SET.sum(axis=1) > 1
    total = np.zeros((int(offsets[-1]) + count, 2))
    weight = np.zeros((len(total), 1))
    hamming = np.hamming(count)
    for window, offset in zip(sets, offsets, strict=True):
        total[offset : offset + count, 0] += (1 - window[:, 0]) * hamming
        total[offset : offset + count, 1] += window[:, several].sum(axis=1) * hamming
        weight[offset : offset + count, 0] += hamming
    mean = total / np.maximum(weight, 1e-9)
    return mean[:, 0], mean[:, 1]


def load_segmenter(path: Path, *, device: str) -> Segmenter:
    """Load segmentation-3.0 from its safetensors file. Raises ModelError."""
    quiet_dependencies()
    share_arenas()
    import torch
    from pyannote.audio import Inference

    workers = 1
    if device == "cpu":
        workers = usable_cores()
        torch.set_num_threads(1)  # the cores are shared out among the batches
    model = load_segmentation(path, device=device)
    inference = Inference(model, skip_aggregation=True, skip_conversion=True)
    return Segmenter(inference=inference, workers=workers)
