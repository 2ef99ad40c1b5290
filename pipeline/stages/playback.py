"""Audio -> the call as people hear it: one small MP3 that every browser plays and seeks in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import StoreError
from pipeline.records import SAMPLE_RATE_HZ, Samples, Track
from pipeline.stage import File, Stage

BIT_RATE = 32_000
"""Speech at 16 kHz stays clear; 14 MB an hour."""
_BLOCK = SAMPLE_RATE_HZ * 60
_FRAME = 576
_BITEXACT = 1 << 23
"""AV_CODEC_FLAG_BITEXACT: no version of libav among the bytes."""
_MUXER = {"id3v2_version": "0", "write_id3v1": "0", "fflags": "+bitexact"}
"""No tags: neither dates nor encoders, nor anything of the recording."""
_FAST = {"compression_level": "7"}
"""LAME's -q 7: half the time of its default, and nothing that speech at this rate loses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackConfig:
    """Nothing to set: what plays must play everywhere."""


def run(*, audio: Track, out: Path, config: PlaybackConfig) -> None:  # noqa: ARG001 - contract
    """Write the tracks, mixed to one, to `out` as MP3: 16 kHz, a constant 32 kbit/s.

    MP3 since browsers without proprietary codecs play it too; a constant rate since browsers find
    a time in it by proportion, so that a word sounds at its time. The encoder's delay stands in
    the first frame, from which players take it off. The same samples give the same bytes. Raises
    StoreError when `out` cannot be written.
    """
    import av

    try:
        # the muxer goes back to the first frame at the end, so it needs a file it can seek in
        with out.open("wb") as file, av.open(file, "w", format="mp3", options=_MUXER) as container:
            _encode(audio.samples, container)
    except (OSError, av.FFmpegError) as err:
        raise StoreError(
            f"The sound of the call cannot be written to {out.parent}: {err.strerror or err}. "
            "Free some space (15 MB an hour), choose another folder, or leave it out "
            "with --audio none."
        ) from err


def _encode(samples: Samples, container: Any) -> None:
    stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE_HZ, options=_FAST)
    encoder = stream.codec_context
    encoder.layout, encoder.format, encoder.bit_rate = "mono", "s16p", BIT_RATE
    encoder.flags |= _BITEXACT
    for number, block in enumerate(_mixed_blocks(samples)):
        container.mux(stream.encode(_frame(block, start=number * _BLOCK)))
    container.mux(stream.encode(None))


def _frame(block: Samples, *, start: int) -> Any:
    """Samples as the encoder takes them; `start` is where they stand in the call."""
    import av

    frame = av.AudioFrame.from_ndarray(block[None], format="s16p", layout="mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
    frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
    return frame


def _mixed_blocks(samples: Samples) -> Iterator[Samples]:
    """The mean of the tracks, a minute at a time; a frame of silence where there is nothing."""
    for start in range(0, samples.shape[1], _BLOCK):
        block = samples[:, start : start + _BLOCK]
        yield np.ascontiguousarray(block.mean(axis=0).astype(np.int16))
    if not samples.shape[1]:
        yield np.zeros(_FRAME, dtype=np.int16)


def read(path: Path) -> bytes:
    """The MP3 whole: at most 58 MB, for the longest call that is analysed."""
    return path.read_bytes()


STAGE = Stage(
    name="playback",
    version=1,
    inputs=("audio",),
    output=File(suffix=".mp3", read=read),
    config=PlaybackConfig,
    run=run,
)
