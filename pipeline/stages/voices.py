"""Which speakers of a call sound like somebody who enrolled: names by voice.

In a plan only where somebody has enrolled. Each speaker's voice is the mean of CAM++ embeddings
of what they say alone; it is compared and forgotten, only the likeness is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.errors import ConfigError
from pipeline.models.embedding import Embed, load_embedding
from pipeline.records import SAMPLE_RATE_HZ, Samples, Track
from pipeline.stage import Locate, Place, Progress

Floats = npt.NDArray[np.floating[Any]]
Span = tuple[int, int]
"""(start_ms, end_ms)."""

EMBEDDING = "campplus"
WINDOW_MS = 2000
"""Below about 1 s a CAM++ embedding says little, and above 2 s it costs more than it adds."""
SHORTEST_MS = 1000
LEAST_SPEECH_MS = 3000
"""Who says less than this alone is not named: clips of 2 s of one person came as low as 0.50."""
MOST_WINDOWS = 24
TELEPHONE_HZ, TELEPHONE_DB = 4200.0, -36.0
"""Of all power, what lies above the first: recordings of 16 kHz have -28 to -10 dB there,
telephone calls -62 to -42 dB, whatever sample rate their file claims."""
_BATCH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicesConfig:
    """How much (cosine) a speaker must be like an enrolled voice to be named.

    `telephone_threshold` holds where both were heard through a telephone, since that makes any
    two voices alike. scripts/measure_voices.py prints what the two rest on.
    """

    threshold: float = 0.55
    telephone_threshold: float = 0.7

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= self.telephone_threshold <= 1.0:
            raise ConfigError(
                "voices.threshold must lie above 0, and voices.telephone_threshold between it and 1"
            )


def weights(_config: VoicesConfig) -> tuple[str, ...]:
    """The weights that the stage uses."""
    return (EMBEDDING,)


def load(*, config: VoicesConfig, device: Place, locate: Locate) -> Embed:
    """Load the speaker-embedding network. Raises ModelError."""
    del config
    return load_embedding(locate(EMBEDDING), device=device.kind)


def run(
    *,
    audio: Track,
    diarize: pl.DataFrame,
    enrolled: Mapping[str, Any],
    config: VoicesConfig,
    model: Embed,
    progress: Progress,
) -> dict[str, Any]:
    """The speakers that sound like an enrolled person, one person at most once.

    `enrolled` holds `voices`, each with a `name`, a `vector` of 192 numbers, and whether it was
    heard through a `telephone`. The answer holds `matches`: speaker, name, similarity (the
    cosine), and the threshold that it reaches.
    """
    people = enrolled["voices"]
    speakers = diarize["speaker"].unique(maintain_order=True).to_list()
    likeness: dict[tuple[str, str], tuple[float, float]] = {}
    for number, speaker in enumerate(speakers, start=1):
        windows = speaker_windows(audio.samples, diarize, speaker=speaker)
        if sum(map(len, windows)) >= _sample(LEAST_SPEECH_MS):
            vector, telephone = mean_voice(embeddings(windows, embed=model)), by_telephone(windows)
            for person in people:
                both = telephone and person["telephone"]
                threshold = config.telephone_threshold if both else config.threshold
                similarity = cosine(vector, np.array(person["vector"]))
                likeness[speaker, person["name"]] = (similarity, threshold)
        progress(number / len(speakers))
    return {"matches": best_matches(likeness)}


def by_telephone(windows: Sequence[npt.NDArray[np.float32]]) -> bool:
    """Whether speech was heard through a telephone: next to no power above 4.2 kHz."""
    total = high = 0.0
    for window in windows:
        power = np.abs(np.fft.rfft(window)) ** 2
        total += float(power.sum())
        high += float(power[int(TELEPHONE_HZ * len(window) / SAMPLE_RATE_HZ) :].sum())
    return high < total * 10 ** (TELEPHONE_DB / 10)


def best_matches(
    likeness: Mapping[tuple[str, str], tuple[float, float]],
) -> list[dict[str, Any]]:
    """The pairs of speaker and name from the most alike down, each speaker and name once.

    `likeness` holds for each pair the cosine and the threshold that it must reach.
    """
    ordered = sorted(likeness.items(), key=lambda item: (-item[1][0], item[0]))
    taken: set[tuple[str, str]] = set()
    matches = []
    for (speaker, name), (similarity, threshold) in ordered:
        free = ("speaker", speaker) not in taken and ("name", name) not in taken
        if free and similarity >= threshold:
            taken |= {("speaker", speaker), ("name", name)}
            match = {"speaker": speaker, "name": name, "similarity": round(similarity, 4)}
            matches.append({**match, "threshold": threshold})
    return sorted(matches, key=lambda match: str(match["speaker"]))


def speaker_windows(
    samples: Samples, speech: pl.DataFrame, *, speaker: str
) -> list[npt.NDArray[np.float32]]:
    """What a speaker says alone, in pieces of 1 to 2 s, the longest stretches first."""
    mine = pl.col("speaker") == speaker
    others = speech.filter(~mine).select("start_ms", "end_ms").rows()
    pieces: list[npt.NDArray[np.float32]] = []
    for (track,), own in speech.filter(mine).group_by("track", maintain_order=True):
        spans = own.select("start_ms", "end_ms").rows()
        pieces += windows_of(samples[int(str(track))], alone(spans, others))
    return sorted(pieces, key=len, reverse=True)[:MOST_WINDOWS]


def alone(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The parts of stretches in which no other stretch lies."""
    left = list(spans)
    for other_start, other_end in others:
        left = [
            part
            for start, end in left
            for part in ((start, min(end, other_start)), (max(start, other_end), end))
            if part[0] < part[1]
        ]
    return left


def windows_of(track: Samples, spans: Iterable[Span]) -> list[npt.NDArray[np.float32]]:
    """Pieces of 2 s of the stretches, in [-1, 1]; what is left of a stretch if it has 1 s."""
    pieces: list[npt.NDArray[np.float32]] = []
    for start_ms, end_ms in spans:
        for first_ms in range(start_ms, end_ms - SHORTEST_MS + 1, WINDOW_MS):
            last_ms = min(first_ms + WINDOW_MS, end_ms)
            piece = track[_sample(first_ms) : _sample(last_ms)]
            if len(piece) >= _sample(SHORTEST_MS):
                pieces.append((np.asarray(piece) / 32768).astype(np.float32))
    return pieces


def _sample(time_ms: int) -> int:
    return time_ms * SAMPLE_RATE_HZ // 1000


def embeddings(windows: Sequence[npt.NDArray[np.float32]], *, embed: Embed) -> Floats:
    """The embedding of each window, of unit length, shape (windows, 192), longest first."""
    import torch

    found: list[Floats] = []
    for length in sorted({len(window) for window in windows}, reverse=True):
        same = [window for window in windows if len(window) == length]
        for first in range(0, len(same), _BATCH):
            batch = torch.from_numpy(np.stack(same[first : first + _BATCH]))
            found.extend(embed(batch).numpy())
    vectors = np.array(found, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = vectors / np.maximum(lengths, 1e-12)
    return unit


def mean_voice(vectors: Floats) -> Floats:
    """The mean of unit vectors, at least one, of unit length."""
    mean: Floats = vectors.mean(axis=0)
    unit: Floats = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return unit


def cosine(one: Floats, other: Floats) -> float:
    """How alike two vectors are, -1 to 1."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / max(lengths, 1e-12)
