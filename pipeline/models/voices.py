"""Which voice of a call speaks in each stretch: embeddings of any stretch from one pass of CAM++.

CAM++ ends by taking mean and deviation of its frames over time. So the network reads the speech
of a call once, in blocks of 2 s, and the sums of its frames give the embedding of every stretch
that is asked for, long or short, at no further cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models.embedding import VoiceNetwork
from pipeline.records import SAMPLE_RATE_HZ, Samples

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.int64]

BLOCK_S = 2.0
"""Longer blocks mix two voices in the network's sense of context; shorter ones give it none."""
BLOCK_SAMPLES = int(BLOCK_S * SAMPLE_RATE_HZ)
_BLOCKS_AT_ONCE = 16
_PASSES = 10
_FEWEST = 6
"""Embeddings, one each half second: somebody heard for less is no speaker of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Some blocks of speech: (first, last + 1) samples of the pieces of each, in order."""

    pieces: tuple[tuple[tuple[int, int], ...], ...]

    def waveforms(self, samples: Samples) -> npt.NDArray[np.float32]:
        """In [-1, 1], shape (blocks, BLOCK_SAMPLES); one too short begins again."""
        rows = [
            np.resize(np.concatenate([samples[a:b] for a, b in block]), BLOCK_SAMPLES)
            for block in self.pieces
        ]
        waveforms = np.stack(rows).astype(np.float32)
        waveforms /= 32768
        return waveforms

    def times_s(self, frames: int) -> Floats:
        """The time in the call of each frame, NaN where a block began again."""
        inside = (np.arange(frames) + 0.5) * BLOCK_SAMPLES / frames
        times = np.full((len(self.pieces), frames), np.nan)
        for row, block in zip(times, self.pieces, strict=True):
            lengths = np.cumsum([0] + [b - a for a, b in block])
            piece = np.searchsorted(lengths, inside, side="right") - 1
            known = piece < len(block)
            starts = np.array([a for a, _ in block])
            row[known] = (starts[piece[known]] + inside[known] - lengths[piece[known]]) / (
                SAMPLE_RATE_HZ
            )
        return times.reshape(-1)


def blocks_of(speech: Sequence[tuple[int, int]]) -> list[Blocks]:
    """Stretches of speech, as (first, last + 1) samples, in blocks of BLOCK_SAMPLES."""
    blocks: list[tuple[tuple[int, int], ...]] = []
    pieces: list[tuple[int, int]] = []
    room = BLOCK_SAMPLES
    for first, last in speech:
        while first < last:
            end = min(last, first + room)
            pieces.append((first, end))
            room -= end - first
            first = end
            if room == 0:
                blocks.append(tuple(pieces))
                pieces, room = [], BLOCK_SAMPLES
    if pieces:
        blocks.append(tuple(pieces))
    return [
        Blocks(pieces=tuple(blocks[at : at + _BLOCKS_AT_ONCE]))
        for at in range(0, len(blocks), _BLOCKS_AT_ONCE)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of each stretch: how many frames of the network, their sum and their sum of squares."""

    frames: Floats
    first: Floats
    second: Floats

    @classmethod
    def empty(cls, stretches: int, channels: int) -> Sums:
        return cls(
            frames=np.zeros(stretches),
            first=np.zeros((stretches, channels), dtype=np.float32),
            second=np.zeros((stretches, channels), dtype=np.float32),
        )

    def add(self, stretches: Integers, frames: Floats) -> None:
        """Count frames, shape (frames, channels), to their stretches; -1 counts nowhere."""
        known = stretches >= 0
        stretches, frames = stretches[known], frames[known]
        starts = np.flatnonzero(np.diff(stretches, prepend=-1))
        if not len(starts):
            return
        # frames of a stretch lie side by side: summed at once they take a third of the time
        np.add.at(self.frames, stretches[starts], np.diff(starts, append=len(stretches)))
        np.add.at(self.first, stretches[starts], np.add.reduceat(frames, starts))
        np.add.at(self.second, stretches[starts], np.add.reduceat(frames**2, starts))

    def embeddings(self, network: VoiceNetwork) -> Floats:
        """Of unit length, shape (stretches, 192); without meaning below two frames."""
        count = np.maximum(self.frames, 2)[:, None]
        mean = self.first / count
        variance = np.maximum(self.second / count - mean**2, 0) * count / (count - 1)
        return unit(network.pooled(np.concatenate([mean, np.sqrt(variance)], axis=1)))

    def take(self, stretches: Integers, sums: Sums) -> None:
        """Count whole stretches of other sums to these; -1 counts nowhere."""
        known = stretches >= 0
        np.add.at(self.frames, stretches[known], sums.frames[known])
        np.add.at(self.first, stretches[known], sums.first[known])
        np.add.at(self.second, stretches[known], sums.second[known])

    def of(self, stretches: Integers) -> Sums:
        """The sums of some of the stretches."""
        return Sums(
            frames=self.frames[stretches],
            first=self.first[stretches],
            second=self.second[stretches],
        )

    def joined(self, width: int) -> Sums:
        """The sums of each `width` neighbouring stretches."""
        return Sums(
            frames=_moving(self.frames[:, None], width)[:, 0],
            first=_moving(self.first, width),
            second=_moving(self.second, width),
        )


def _moving(values: Floats, width: int) -> Floats:
    """Sums of `width` neighbouring rows; of all rows where there are fewer."""
    width = min(width, len(values))
    parts = [values[at : len(values) - width + 1 + at] for at in range(width)]
    total: Floats = np.sum(parts, axis=0)
    return total


def unit(vectors: Floats) -> Floats:
    """Vectors at length 1."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Floats = vectors / np.maximum(lengths, 1e-9)
    return scaled


ONE_VOICE = 0.75
"""Cosine of the halves of one voice: at least that in 56 of 58 voices of composed development
calls, and in 2 of 34 calls of two."""


def centroids(embeddings: Floats, *, voices: int | None, threshold: float, most: int) -> Floats:
    """The mean embedding of each voice, shape (voices, 192), of unit length.

    `voices` None finds the number: that of the clusters more than `threshold` (cosine distance)
    apart that hold a twentieth of all and some seconds of speech, 1 to `most`; and two where that
    finds one and the halves of it are less alike than ONE_VOICE.
    """
    from scipy.cluster.hierarchy import linkage

    if len(embeddings) < 2:
        return unit(embeddings.mean(axis=0, keepdims=True))
    tree = linkage(embeddings, method="average", metric="cosine")
    count = voices or min(most, _count(tree, len(embeddings), threshold))
    centres = _best_fit(embeddings, tree, min(count, len(embeddings)))
    if voices is None and count == 1 and most > 1:
        halves = _best_fit(embeddings, tree, 2)
        return halves if _are_two(embeddings, halves) else centres
    return centres


def _are_two(embeddings: Floats, halves: Floats) -> bool:
    """Whether the halves of what was taken for one voice are two."""
    if len(halves) < 2 or float(halves[0] @ halves[1]) >= ONE_VOICE:
        return False
    sizes = np.bincount((embeddings @ halves.T).argmax(axis=1), minlength=2)
    return bool(sizes.min() >= _fewest(len(embeddings)))


def _fewest(size: int) -> float:
    """How many embeddings make a voice."""
    return max(_FEWEST, size / 20)


def _count(tree: Floats, size: int, threshold: float) -> int:
    from scipy.cluster.hierarchy import fcluster

    sizes = np.bincount(fcluster(tree, threshold, "distance"))
    return max(1, int((sizes >= _fewest(size)).sum()))


def _best_fit(embeddings: Floats, tree: Floats, count: int) -> Floats:
    """Of the cuts of the tree, with their largest clusters as a start, what fits all best.

    A cut into `count` may spend one cluster on a cough; cutting further and going on from the
    largest, by spherical k-means, does not.
    """
    from scipy.cluster.hierarchy import fcluster

    fits = []
    for clusters in range(count, min(count + 10, len(embeddings)) + 1):
        labels = fcluster(tree, clusters, "maxclust")
        sizes = np.bincount(labels)
        if (sizes > 0).sum() >= count:
            start = [
                embeddings[labels == label].mean(axis=0) for label in np.argsort(-sizes)[:count]
            ]
            fits.append(_k_means(embeddings, unit(np.stack(start))))
    if not fits:
        return unit(embeddings.mean(axis=0, keepdims=True))
    return max(fits, key=lambda centres: float((embeddings @ centres.T).max(axis=1).mean()))


def _k_means(embeddings: Floats, centres: Floats) -> Floats:
    """Spherical k-means: each centre moves to the mean of what is nearest to it."""
    for _ in range(_PASSES):
        nearest = (embeddings @ centres.T).argmax(axis=1)
        centres = unit(
            np.stack(
                [
                    embeddings[nearest == k].mean(axis=0) if (nearest == k).any() else centre
                    for k, centre in enumerate(centres)
                ]
            )
        )
    return centres
