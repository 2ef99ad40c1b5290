"""The map of one track against that of the same call with a channel for each voice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.records import Samples

from . import engines
from .figures import Row, figure_row
from .material import RealCall, Setup, decoded, write_call

NOISES_DB = (None, 15.0)
"""The call as it is, and with white noise so much softer than its speech."""
Flags = npt.NDArray[np.bool_]


def phantom(call: RealCall, setup: Setup) -> Iterator[Row]:
    """Speech on the mono map where the stereo map of the call has none, and overlap that both have.

    What is heard on each channel by itself is no annotation, but it cannot take noise of the mix
    or one voice for another.
    """
    stereo = decoded(write_call(setup.folder / "stereo.wav", call.samples), folder=setup.folder)
    truth = voices_at(engines.speech_of(stereo), length_ms=stereo.duration_ms)
    for noise_db in NOISES_DB:
        samples = call.mono if noise_db is None else with_noise(call.mono, below_db=noise_db)
        name = "as it is" if noise_db is None else f"white noise {noise_db:g} dB below speech"
        path = write_call(setup.folder / "mono-noise.wav", samples)
        speech = engines.speech_of(decoded(path, folder=setup.folder))
        yield from agreement(voices_at(speech, length_ms=stereo.duration_ms), truth, name=name)


def voices_at(speech: pl.DataFrame, *, length_ms: int) -> npt.NDArray[np.int64]:
    """How many voices speak at each hundredth of a second."""
    changes = np.zeros(length_ms // 10 + 2, dtype=np.int64)
    for start_ms, end_ms in speech.select("start_ms", "end_ms").iter_rows():
        changes[start_ms // 10] += 1
        changes[min(end_ms // 10, len(changes) - 1)] -= 1
    return changes.cumsum()[:-1]


def with_noise(samples: Samples, *, below_db: float) -> Samples:
    """Samples, shape (samples, 1), with white noise below the level of their louder half."""
    level = np.abs(samples.astype(np.float64))
    loud = np.sqrt((samples[level > np.median(level)].astype(np.float64) ** 2).mean())
    noise = np.random.default_rng(7).normal(0, loud * 10 ** (-below_db / 20), samples.shape)
    return (samples + noise).round().clip(-32768, 32767).astype(np.int16)


def agreement(
    found: npt.NDArray[np.int64], truth: npt.NDArray[np.int64], *, name: str
) -> Iterator[Row]:
    """Shares of the true speech and of the true overlap, in percent."""
    speech, overlap, both = truth > 0, truth > 1, found > 1
    yield figure_row(
        f"false alarm against the stereo map of the call, {name}, % of its speech",
        [_percent((found > 0) & ~speech, speech)],
        digits=1,
        more=f"missed {_percent(speech & (found == 0), speech):.1f} %",
    )
    yield figure_row(
        f"overlap found as overlap, {name}, % of the stereo map's",
        [_percent(both & overlap, overlap)],
        digits=1,
        more=f"of {overlap.sum() / 100:.1f} s; {(both & ~overlap).sum() / 100:.1f} s beside it",
    )


def _percent(part: Flags, whole: Flags) -> float:
    return 100 * float(part.sum()) / max(1, int(whole.sum()))
