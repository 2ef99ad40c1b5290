"""Which of two channels carry which voices, judged by their levels and their likeness.

Everything is judged on frames of 20 ms: shorter than a syllable, so turns are kept apart, and
long enough that a level means something at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from pipeline.records import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from pipeline.stages.audio import AudioConfig

Floats = npt.NDArray[np.float64]
Sources = Literal["left", "right", "mix", "mix_inverted", "two_voices"]

_FRAME = SAMPLE_RATE_HZ // 50
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Energies of 20 ms frames, full scale = 1: `power` (frames, 2), `cross` (frames,)."""

    power: Floats
    cross: Floats

    @property
    def decibels(self) -> Floats:
        """Levels in dBFS, shape (frames, 2)."""
        return 10.0 * np.log10(self.power + _TINY)

    @property
    def likeness(self) -> float:
        """Correlation of the channels over the whole recording, -1 to 1; 0 when one is empty."""
        scale = float(np.sqrt(np.prod(self.power.sum(axis=0))))
        return float(self.cross.sum()) / scale if scale > _TINY else 0.0


def voice_sources(blocks: Iterable[Samples], *, config: AudioConfig) -> Sources:
    """Decide what two channels hold; each block is int16, shape (samples, 2).

    Blocks come one after the other, so that a long call is never all in memory; all but the
    last hold whole frames (a multiple of 320 samples).

    In this order: a channel that is silent or steady noise is dropped; channels that are
    copies of each other, scaled or inverted, are mixed; channels that each carry a voice of
    their own are kept apart; everything else (a room in stereo, music) is mixed. When in
    doubt the answer is to mix, which loses nothing: diarization then tells the voices apart.
    """
    levels = _levels(blocks)
    if (lone := _lone_channel(levels, config)) is not None:
        return lone
    if abs(levels.likeness) < config.copy_correlation and _two_voices(levels, config):
        return "two_voices"
    # Mixing channels of opposite polarity would cancel what they share.
    return "mix_inverted" if levels.likeness < config.inverted_correlation else "mix"


def mixed(pairs: Samples, *, inverted: bool) -> Samples:
    """The mean of two channels, the second one turned over first if `inverted`."""
    left, right = pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)
    both = left - right if inverted else left + right
    mean: Samples = np.clip(both >> 1, -32768, 32767).astype(np.int16)
    return mean


def _levels(blocks: Iterable[Samples]) -> Levels:
    """Frame energies of all blocks in order."""
    found = [_block_levels(block) for block in blocks]
    return Levels(
        power=np.concatenate([power for power, _ in found]),
        cross=np.concatenate([cross for _, cross in found]),
    )


def _block_levels(block: Samples) -> tuple[Floats, Floats]:
    """Energies of one block's frames; an unfinished frame counts only where it is the only one."""
    frame = min(_FRAME, len(block))
    whole = block[: len(block) // frame * frame]
    frames = whole.reshape(-1, frame, 2).astype(np.float32) / 32768.0
    power = np.square(frames).mean(axis=1, dtype=np.float64)
    return power, (frames[:, :, 0] * frames[:, :, 1]).mean(axis=1, dtype=np.float64)


def _lone_channel(levels: Levels, config: AudioConfig) -> Sources | None:
    """The channel that holds everything, if the other is silent or steady noise."""
    quiet, loud = np.percentile(levels.decibels, [10.0, 99.9], axis=0)
    empty = (loud < config.silent_dbfs) | (loud - quiet < config.noise_range_db)
    if empty[0] == empty[1]:
        return None
    return "right" if empty[0] else "left"


def _two_voices(levels: Levels, config: AudioConfig) -> bool:
    """Whether mostly one channel at a time is active, and each of them has its share.

    What each channel always holds (its noise floor) is taken off first, or noise would hide
    how far apart the channels are.
    """
    floor = np.percentile(levels.power, 10.0, axis=0)
    above = np.maximum(levels.power - 2.0 * floor, 1e-9)
    louder = 10.0 * np.log10(above.max(axis=1))
    stands_out = (levels.power / (floor + 1e-10)).max(axis=1) > 8.0
    active = stands_out & (louder > np.percentile(louder, 99.0) - config.active_range_db)
    lead = 10.0 * np.log10(above[:, 0] / above[:, 1])[active]
    leads = np.array([(lead > config.separation_db).sum(), (lead < -config.separation_db).sum()])
    separated = float(leads.sum()) >= config.separated_share * max(lead.size, 1)
    heard = leads.min() >= max(config.voice_share * lead.size, config.voice_min_ms / 20)
    return bool(separated and heard)
