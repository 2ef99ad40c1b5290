"""Who speaks when, from one track: segmentation, then a voice for each stretch of speech.

pyannote's segmentation says where somebody speaks, where two do, and where the voice may change;
which voice it is in each stretch, the embedding of that stretch decides. Segmentation alone
takes two similar voices for one as often as not, while 1 s of speech is enough for CAM++ to tell
them apart: so a stretch that is long enough stands for itself, and what segmentation thought of
its window only decides for the short ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models.activity import runs
from pipeline.models.device import usable_cores
from pipeline.models.embedding import VoiceNetwork, load_voice_network
from pipeline.models.segmenter import IN_SET, Segmenter, aggregated, side_by_side
from pipeline.models.speech_frames import (
    FRAME_CENTRE_S,
    FRAME_STEP_S,
    SHORTEST_S,
    SpeechFrames,
    frame_ms,
    speech_frames,
)
from pipeline.models.stretches import (
    Stretch,
    find_stretches,
    window_starts,
)
from pipeline.models.voices import Blocks, Sums, blocks_of, centroids
from pipeline.records import SAMPLE_RATE_HZ, Samples
from pipeline.stage import Progress

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.int64]

KNOWN_BY_ITSELF_S = 1.0
UNKNOWN_BELOW_S = 0.2
"""Below the second the embedding of a stretch is noise, from the first on it is trusted."""
LOCAL_VOICE_WEIGHT = 0.1
"""What the window's opinion counts beside a cosine: 0.2 brings the confusions of the window back,
0.05 and less leaves short stretches to chance (composed development calls, telephone clip)."""
CERTAIN_LEAD = 0.15
DISTRUST = 40.0
"""The window's opinion counts less by so much times the share of sure stretches in which it is
wrong: nothing at one in forty. In calls of similar voices it is wrong in one of five, in others
never; this halved the confusion on composed development calls."""
SHARED_VOICE_MARGIN = 0.15
"""How much more alike (cosine) two voices of one window must be to count as the same one."""
CLUSTER_S = 0.5
CLUSTER_WIDTH = 3
"""Voices are found among embeddings of 1.5 s, one each 0.5 s."""
CLUSTER_THRESHOLD = 0.6
"""Cosine distance at which voices are two: lower finds three on the telephone clip, higher one
on the demo call."""
MAX_VOICES = 8
MOST_CLUSTERED = 800
CERTAIN_MARGIN = 0.1
"""A lead as large as the window's opinion is nearly three to one: a judgement, not calibrated."""
_CHANNELS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Speech of one voice; `confidence` is the mean probability of that voice speaking."""

    start_ms: int
    end_ms: int
    voice: int
    confidence: float


class Diarizer:
    """pyannote segmentation-3.0 and CAM++; `workers` batches are computed side by side."""

    def __init__(self, *, segmenter: Segmenter, network: VoiceNetwork, workers: int = 1) -> None:
        self._segmenter = segmenter
        self._network = network
        self._workers = workers

    def __call__(
        self, samples: Samples, *, speakers: int | None, step_s: float, progress: Progress
    ) -> list[Interval]:
        """The intervals of each voice, by start.

        `samples` is int16, shape (samples,), 16 kHz; `speakers` None finds the number;
        `step_s` is how far apart the windows of 10 s start.
        """
        starts = window_starts(len(samples), step_s)
        sets = self._segmenter.sets(samples, starts, lambda share: progress(0.4 * share))
        speech, overlap = aggregated(sets, starts)
        frames = speech_frames(samples, probability=speech, overlap=overlap)
        if not frames.speech.any():
            return []
        stretches = find_stretches(frames, sets @ IN_SET > 0.5, starts)
        voices = self._voices(
            samples, frames, stretches, speakers, lambda share: progress(0.4 + 0.6 * share)
        )
        voices = _settled(stretches, voices)
        end_ms = len(samples) * 1000 // SAMPLE_RATE_HZ
        return _intervals(frames, stretches, voices, end_ms=end_ms)

    def _voices(
        self,
        samples: Samples,
        frames: SpeechFrames,
        stretches: Sequence[Stretch],
        speakers: int | None,
        progress: Progress,
    ) -> Floats:
        """How well each voice of the call fits each stretch, shape (stretches, voices)."""
        if speakers == 1:
            return np.ones((len(stretches), 1))
        own, bins = self._sums(samples, frames, stretches, progress)
        few = _evenly(_long_enough(bins.joined(CLUSTER_WIDTH)), MOST_CLUSTERED)
        centres = centroids(
            few.embeddings(self._network),
            voices=speakers,
            threshold=CLUSTER_THRESHOLD,
            most=MAX_VOICES,
        )
        likeness = own.embeddings(self._network) @ centres.T
        votes = self._local(stretches, own, centres)
        weight = LOCAL_VOICE_WEIGHT * _window_trust(stretches, likeness, votes)
        return _trusted(stretches, likeness) + weight * votes

    def _sums(
        self,
        samples: Samples,
        frames: SpeechFrames,
        stretches: Sequence[Stretch],
        progress: Progress,
    ) -> tuple[Sums, Sums]:
        """The network's sums over each stretch, and over each CLUSTER_S of one voice's speech."""
        stretch_at = np.full(len(frames.speech), -1)
        for number, stretch in enumerate(stretches):
            stretch_at[stretch.first : stretch.last] = number
        bin_at = (np.arange(len(frames.speech)) * FRAME_STEP_S / CLUSTER_S).astype(np.int64)
        alone = frames.speech & ~frames.overlap
        bin_at = np.where(alone if alone.any() else frames.speech, bin_at, -1)
        own = Sums.empty(len(stretches), _CHANNELS)
        bins = Sums.empty(int(bin_at.max()) + 1, _CHANNELS)
        speech = [(_sample(a), min(len(samples), _sample(b))) for a, b in runs(frames.speech)]

        def read(blocks: Blocks) -> tuple[Integers, Floats]:
            network_frames = self._network.frames(blocks.waveforms(samples))
            times_s = blocks.times_s(network_frames.shape[2])
            known = ~np.isnan(times_s)
            at = ((times_s[known] - FRAME_CENTRE_S) / FRAME_STEP_S).astype(np.int64)
            rows = network_frames.transpose(0, 2, 1).reshape(-1, _CHANNELS)
            return np.clip(at, 0, len(stretch_at) - 1), rows[known]

        blocks = blocks_of(speech)
        for at, rows in side_by_side(read, blocks, workers=self._workers, progress=progress):
            own.add(stretch_at[at], rows)
            bins.add(bin_at[at], rows)
        return own, bins

    def _local(self, stretches: Sequence[Stretch], own: Sums, centres: Floats) -> Floats:
        """Which voice of the call the window takes each stretch for, shape (stretches, voices).

        A local voice is known by all that it says alone near its anchor, and differs from the
        other voices of its window unless it sounds just like one of them.
        """
        solo = [s.anchor * 3 + s.local[0] if len(s.local) == 1 else -1 for s in stretches]
        sums = Sums.empty(3 * (stretches[-1].anchor + 1), _CHANNELS)
        sums.take(np.array(solo), own)
        likeness = sums.embeddings(self._network) @ centres.T
        likeness[sums.frames < 2] = 0.0
        voice_of = _voices_of_anchors(stretches, likeness)
        votes = np.zeros((len(stretches), len(centres)))
        for number, stretch in enumerate(stretches):
            votes[number, [voice_of[local] for local in _locals(stretch)]] = 1.0
        return votes


def _locals(stretch: Stretch) -> list[int]:
    """The names of a stretch's local voices in the whole call."""
    return [stretch.anchor * 3 + voice for voice in stretch.local]


def _voices_of_anchors(stretches: Sequence[Stretch], likeness: Floats) -> dict[int, int]:
    """The voice of the call for each local voice; `likeness` has a row for each local voice."""
    voice_of: dict[int, int] = {}
    for _, here in groupby(stretches, key=lambda stretch: stretch.anchor):
        present = sorted({local for stretch in here for local in _locals(stretch)})
        if present:
            voice_of |= zip(present, _best_choice(likeness[present]), strict=True)
    return voice_of


def _sample(frame: int) -> int:
    """The first sample that stands for a frame."""
    return round((frame * FRAME_STEP_S + FRAME_CENTRE_S) * SAMPLE_RATE_HZ)


def _long_enough(sums: Sums) -> Sums:
    """The stretches that hold most of what the fullest hold, so that their voice is clear."""
    return sums.of(np.flatnonzero(sums.frames >= 0.6 * sums.frames.max()))


def _evenly(sums: Sums, most: int) -> Sums:
    """At most so many of the stretches, from all parts of the call."""
    count = len(sums.frames)
    return sums.of(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def _best_choice(likeness: Floats) -> tuple[int, ...]:
    """The cluster of each local voice; `likeness` has shape (local voices, clusters)."""
    voices, count = likeness.shape

    def value(choice: tuple[int, ...]) -> float:
        shared = voices - len(set(choice))
        total = sum(likeness[voice, cluster] for voice, cluster in enumerate(choice))
        return float(total - SHARED_VOICE_MARGIN * shared)

    return max(product(range(count), repeat=voices), key=value)


def _window_trust(stretches: Sequence[Stretch], likeness: Floats, votes: Floats) -> float:
    """How far the windows' opinions can be trusted, 0 to 1: as they agree with the embeddings of
    stretches long enough to be known by themselves."""
    if likeness.shape[1] < 2:
        return 1.0
    best, second = np.sort(likeness, axis=1)[:, ::-1][:, :2].T
    lengths_s = np.array([stretch.length_s for stretch in stretches])
    alone = np.array([len(stretch.local) == 1 and not stretch.overlap for stretch in stretches])
    sure = alone & (lengths_s >= KNOWN_BY_ITSELF_S) & (best - second > CERTAIN_LEAD)
    if not sure.any():
        return 1.0
    wrong = (votes.argmax(axis=1) != likeness.argmax(axis=1))[sure]
    return max(0.0, 1.0 - DISTRUST * float(np.average(wrong, weights=lengths_s[sure])))


def _trusted(stretches: Sequence[Stretch], likeness: Floats) -> Floats:
    """The likeness of each stretch to each voice, less the shorter the stretch is."""
    lengths_s = np.array([stretch.length_s for stretch in stretches])
    trust = (lengths_s - UNKNOWN_BELOW_S) / (KNOWN_BY_ITSELF_S - UNKNOWN_BELOW_S)
    weighted: Floats = (np.clip(trust, 0, 1) * np.maximum(lengths_s, 1))[:, None] * likeness
    return weighted


def _settled(stretches: Sequence[Stretch], fit: Floats) -> Floats:
    """The fit with flickers, shorter than anything said, going with what they touch."""
    settled = fit.copy()
    for number, stretch in enumerate(stretches):
        if stretch.overlap or stretch.length_s >= SHORTEST_S:
            continue
        if number and stretches[number - 1].last == stretch.first:
            settled[number] = settled[number - 1]
        elif number + 1 < len(stretches) and stretches[number + 1].first == stretch.last:
            settled[number] = fit[number + 1]
    return settled


def _intervals(
    frames: SpeechFrames, stretches: Sequence[Stretch], fit: Floats, *, end_ms: int
) -> list[Interval]:
    """Stretches given to their voices, neighbours of one voice joined, by start.

    Where two speak at once the second best has the stretch too; what fits two voices alike goes
    to who spoke before.
    """
    certainty = np.zeros((len(frames.speech), fit.shape[1]))
    before = 0
    for stretch, fits in zip(stretches, fit, strict=True):
        order = np.argsort(-fits, kind="stable")
        best = before if fits[before] >= fits[order[0]] else int(order[0])
        chosen = [best, *(int(k) for k in order if k != best)][: 1 + stretch.overlap]
        sure = _certainty(fits, chosen)
        certainty[stretch.first : stretch.last, chosen] = sure
        before = best
    certainty *= frames.probability[:, None]
    found = []
    for voice, column in enumerate(certainty.T):
        for first, last in runs(column > 0):
            start_ms, stop_ms = frame_ms(first), min(frame_ms(last), end_ms)
            if start_ms < stop_ms:
                confidence = float(column[first:last].mean())
                found.append(
                    Interval(start_ms=start_ms, end_ms=stop_ms, voice=voice, confidence=confidence)
                )
    return sorted(found, key=lambda interval: (interval.start_ms, interval.voice))


def _certainty(fits: Floats, chosen: Sequence[int]) -> float:
    """How probable it is that the best voice is the right one, from its lead on the next."""
    if len(fits) < 2 or len(chosen) > 1:
        return 1.0
    best, second = np.sort(fits)[::-1][:2]
    return float(1 / (1 + np.exp(-(best - second) / CERTAIN_MARGIN)))


def load_diarizer(*, segmenter: Segmenter, embedding: Path, device: str) -> Diarizer:
    """Load CAM++ from its safetensors file. Raises ModelError."""
    return Diarizer(
        segmenter=segmenter,
        network=load_voice_network(embedding, device=device),
        workers=usable_cores() if device == "cpu" else 1,
    )
