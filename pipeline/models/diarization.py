"""Who speaks when, from one track: segmentation, speaker embeddings, clustering.

pyannote.audio's parts, composed here (its SpeakerDiarization insists on a PLDA model even for
agglomerative clustering), with three changes for speed, and for the long steps that give it:
embeddings come from at most 2 s of a voice's own speech in a window, batched by length; windows
are averaged over soft scores with a Hamming weight, since only two overlap at the longest step;
and two voices of one window may share a cluster where they sound much more alike than not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies
from pipeline.models.activity import runs
from pipeline.models.embedding import Embed, load_embedding
from pipeline.models.segmentation import load_segmentation
from pipeline.records import SAMPLE_RATE_HZ, Samples
from pipeline.stage import Progress

if TYPE_CHECKING:
    from pyannote.audio import Inference

Floats = npt.NDArray[np.floating[Any]]

WINDOW_S = 10.0
FRAME_STEP_S = 0.016875
FRAME_CENTRE_S = 0.0619375 / 2
EMBEDDING_LENGTHS_S = (2.0, 1.5, 1.0, 0.5)
"""Below about 0.4 s of speech a CAM++ embedding is noise; above 2 s it costs more than it adds."""
SHARED_VOICE_MARGIN = 0.3
"""How much more alike (cosine) two voices of one window must be to count as the same one."""
CLUSTER_THRESHOLD = 0.75
MAX_VOICES = 8
_SOLO_TO_CLUSTER_SHARE = 0.1
_SEGMENTATION_BATCH = 8
_EMBEDDING_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Speech of one voice; `confidence` is the mean probability of that voice speaking."""

    start_ms: int
    end_ms: int
    voice: int
    confidence: float


class Diarizer:
    """pyannote segmentation-3.0 and CAM++ with agglomerative clustering."""

    def __init__(self, *, inference: Inference, embed: Embed) -> None:
        self._inference = inference
        self._embed = embed
        classes = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
        self._powerset = np.array([[float(v in c) for v in range(3)] for c in classes])

    def __call__(
        self, samples: Samples, *, speakers: int | None, step_s: float, progress: Progress
    ) -> list[Interval]:
        """The intervals of each voice, by start.

        `samples` is int16, shape (samples,), 16 kHz; `speakers` None finds the number;
        `step_s` is how far apart the windows of 10 s start.
        """
        starts = _window_starts(len(samples), step_s)
        soft = self._segment(samples, starts, lambda share: progress(0.4 * share))
        hard = self._hard(soft)
        if not hard.any():
            return []
        embeddings = self._embeddings(
            samples, starts, hard, lambda share: progress(0.4 + 0.6 * share)
        )
        centroids = _centroids(embeddings, hard, speakers=speakers)
        clusters = _assign(embeddings, active=np.asarray(hard.any(axis=1)), centroids=centroids)
        return _intervals(_activity(soft, clusters, starts), end_ms=_length_ms(samples))

    def _segment(
        self, samples: Samples, starts: npt.NDArray[np.int64], progress: Progress
    ) -> Floats:
        """Log-probabilities of the sets of speakers, shape (windows, frames, 7)."""
        batches = []
        for first in range(0, len(starts), _SEGMENTATION_BATCH):
            window = _windows(samples, starts[first : first + _SEGMENTATION_BATCH])
            batches.append(self._infer(window))
            progress(min(1.0, (first + _SEGMENTATION_BATCH) / len(starts)))
        scores = np.exp(np.concatenate(batches))
        soft: Floats = scores @ self._powerset
        return soft

    def _infer(self, windows: npt.NDArray[np.float32]) -> Floats:
        import torch

        scores: Floats = self._inference.infer(torch.from_numpy(windows)[:, None])
        return scores

    def _hard(self, soft: Floats) -> npt.NDArray[np.bool_]:
        """Whether each local voice is active, shape (windows, frames, 3)."""
        active: npt.NDArray[np.bool_] = soft > 0.5
        return active

    def _embeddings(
        self,
        samples: Samples,
        starts: npt.NDArray[np.int64],
        hard: npt.NDArray[np.bool_],
        progress: Progress,
    ) -> Floats:
        """One embedding for each local voice, NaN where it speaks too little alone."""
        import torch

        embeddings = np.full((*hard.shape[::2], 192), np.nan)
        jobs = list(_solo_speech(samples, starts, hard))
        done = 0
        for length_s in EMBEDDING_LENGTHS_S:
            same = [job for job in jobs if len(job[2]) == int(length_s * SAMPLE_RATE_HZ)]
            for first in range(0, len(same), _EMBEDDING_BATCH):
                batch = same[first : first + _EMBEDDING_BATCH]
                waveforms = torch.from_numpy(np.stack([job[2] for job in batch]))
                for (window, voice, _), vector in zip(
                    batch, self._embed(waveforms).numpy(), strict=True
                ):
                    embeddings[window, voice] = vector
                done += len(batch)
                progress(done / len(jobs))
        return embeddings


def _length_ms(samples: Samples) -> int:
    return len(samples) * 1000 // SAMPLE_RATE_HZ


def _window_starts(length: int, step_s: float) -> npt.NDArray[np.int64]:
    """First samples of windows that together cover the track."""
    step = round(step_s * SAMPLE_RATE_HZ)
    beyond = max(0, length - int(WINDOW_S * SAMPLE_RATE_HZ))
    return np.arange(0, beyond + step, step) if beyond else np.zeros(1, dtype=np.int64)


def _windows(samples: Samples, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Windows in [-1, 1], shape (windows, samples); the last is padded with zeros."""
    size = int(WINDOW_S * SAMPLE_RATE_HZ)
    windows = np.zeros((len(starts), size), dtype=np.float32)
    for row, start in zip(windows, starts, strict=True):
        piece = samples[start : start + size]
        row[: len(piece)] = piece
    windows /= 32768
    return windows


def _solo_speech(
    samples: Samples, starts: npt.NDArray[np.int64], hard: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, int, npt.NDArray[np.float32]]]:
    """(window, voice, waveform): the middle of what each local voice says alone."""
    solo = hard & (hard.sum(axis=2, keepdims=True) == 1)
    frame_of = (np.arange(int(WINDOW_S * SAMPLE_RATE_HZ)) * hard.shape[1]) // int(
        WINDOW_S * SAMPLE_RATE_HZ
    )
    for window, start in enumerate(starts):
        waveform = _windows(samples, np.array([start]))[0]
        for voice in np.flatnonzero(solo[window].any(axis=0)):
            speech = waveform[solo[window, :, voice][frame_of]]
            length = _embedding_length(len(speech))
            if length:
                first = (len(speech) - length) // 2
                yield window, int(voice), speech[first : first + length]


def _embedding_length(available: int) -> int:
    """The longest of the batched lengths that fits, in samples; 0 where none does."""
    lengths = [int(length_s * SAMPLE_RATE_HZ) for length_s in EMBEDDING_LENGTHS_S]
    return next((length for length in lengths if length <= available), 0)


def _centroids(embeddings: Floats, hard: npt.NDArray[np.bool_], *, speakers: int | None) -> Floats:
    """The mean embedding of each voice of the call, shape (voices, 192).

    Clustered are voices that speak alone for a tenth of their window; where there are none,
    every embedding counts.
    """
    solo = (hard & (hard.sum(axis=2, keepdims=True) == 1)).mean(axis=1)
    known = ~np.isnan(embeddings).any(axis=2)
    long_enough = known & (solo >= _SOLO_TO_CLUSTER_SHARE)
    train = embeddings[long_enough] if long_enough.any() else embeddings[known]
    if len(train) == 0:
        return np.ones((1, embeddings.shape[2]))
    labels = _cluster(train, speakers=speakers)
    return np.stack([train[labels == label].mean(axis=0) for label in np.unique(labels)])


def _cluster(vectors: Floats, *, speakers: int | None) -> npt.NDArray[np.int64]:
    """pyannote's agglomerative clustering of embeddings, shape (vectors,) of labels."""
    from pyannote.audio.pipelines.clustering import AgglomerativeClustering

    clustering = AgglomerativeClustering(metric="cosine").instantiate(
        {"method": "centroid", "threshold": CLUSTER_THRESHOLD, "min_cluster_size": 12}
    )
    count = None if speakers is None else min(speakers, len(vectors))
    labels: npt.NDArray[np.int64] = clustering.cluster(
        vectors.copy(),
        min_clusters=count or 1,
        max_clusters=count or min(MAX_VOICES, len(vectors)),
        num_clusters=count,
    )
    return labels


def _assign(
    embeddings: Floats, *, active: npt.NDArray[np.bool_], centroids: Floats
) -> npt.NDArray[np.int64]:
    """The voice of the call for each local voice, shape (windows, 3); -1 where inactive.

    Within a window, the choice with the highest sum of cosines wins, less a margin for each
    local voice that shares a cluster with another.
    """
    unit = embeddings / np.linalg.norm(embeddings, axis=2, keepdims=True)
    likeness = np.nan_to_num(unit @ _unit(centroids).T, nan=0.0)
    clusters = np.full(active.shape, -1, dtype=np.int64)
    for window, present in enumerate(active):
        voices = np.flatnonzero(present)
        if len(voices):
            clusters[window, voices] = _best_choice(likeness[window, voices])
    return clusters


def _unit(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def _best_choice(likeness: Floats) -> tuple[int, ...]:
    """The cluster of each local voice; `likeness` has shape (local voices, clusters)."""
    voices, count = likeness.shape

    def value(choice: tuple[int, ...]) -> float:
        shared = voices - len(set(choice))
        total = sum(likeness[voice, cluster] for voice, cluster in enumerate(choice))
        return float(total - SHARED_VOICE_MARGIN * shared)

    return max(product(range(count), repeat=voices), key=value)


def _activity(
    soft: Floats, clusters: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
) -> Floats:
    """The probability of each voice of the call speaking, shape (frames, voices)."""
    frames = soft.shape[1]
    offsets = np.round(starts / SAMPLE_RATE_HZ / FRAME_STEP_S).astype(int)
    total = np.zeros((offsets[-1] + frames, int(clusters.max()) + 1))
    weight = np.zeros((len(total), 1))
    hamming = np.hamming(frames)[:, None]
    for window, offset in enumerate(offsets):
        scores = np.zeros((frames, total.shape[1]))
        for voice, cluster in enumerate(clusters[window]):
            if cluster >= 0:
                scores[:, cluster] = np.maximum(scores[:, cluster], soft[window, :, voice])
        total[offset : offset + frames] += scores * hamming
        weight[offset : offset + frames] += hamming
    activity: Floats = total / np.maximum(weight, 1e-9)
    return activity


def _intervals(activity: Floats, *, end_ms: int) -> list[Interval]:
    """Stretches in which a voice is more likely speaking than not, by start."""
    found = []
    for voice in range(activity.shape[1]):
        for first, last in runs(activity[:, voice] > 0.5):
            start_ms, stop_ms = _frame_ms(first), min(_frame_ms(last), end_ms)
            if start_ms < stop_ms:
                confidence = float(activity[first:last, voice].mean())
                found.append(
                    Interval(start_ms=start_ms, end_ms=stop_ms, voice=voice, confidence=confidence)
                )
    return sorted(found, key=lambda interval: (interval.start_ms, interval.voice))


def _frame_ms(frame: int) -> int:
    return round((frame * FRAME_STEP_S + FRAME_CENTRE_S) * 1000)


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
        labels = output.speaker_diarization.labels()
        return [
            Interval(
                start_ms=max(0, round(segment.start * 1000)),
                end_ms=min(_length_ms(samples), round(segment.end * 1000)),
                voice=labels.index(label),
                confidence=self.CONFIDENCE,
            )
            for segment, _, label in output.speaker_diarization.itertracks(yield_label=True)
        ]


def load_diarizer(*, segmentation: Path, embedding: Path, device: str) -> Diarizer:
    """Load segmentation-3.0 and CAM++ from their safetensors files. Raises ModelError."""
    quiet_dependencies()
    from pyannote.audio import Inference

    model = load_segmentation(segmentation, device=device)
    inference = Inference(model, skip_aggregation=True, skip_conversion=True)
    return Diarizer(inference=inference, embed=load_embedding(embedding, device=device))


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
