"""What is measured on: the real call, pyannote's telephone clip, and calls made of the real one."""

from __future__ import annotations

import dataclasses
import os
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import InputError
from pipeline.records import SAMPLE_RATE_HZ, Samples, Track
from pipeline.stages import audio

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PARLEY_EVAL_DATA") or ROOT.parent / "shared" / "data")
CALL_RATE_HZ = 8000
WARM_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a run was asked for. `folder` is for scratch; the rest are options of bench_core."""

    folder: Path
    runs: int = 3
    seconds: float | None = None
    batch_seconds: float = 120.0
    long_minutes: float = 120.0
    manifest: Path | None = None
    calls: int = 4
    models: tuple[str, ...] = ("tiny.en", "base")


@dataclass(frozen=True, slots=True, kw_only=True)
class RealCall:
    """The real two-person call: `samples` is int16, shape (samples, 2), agent then caller."""

    samples: Samples

    @property
    def mono(self) -> Samples:
        """Both added up, shape (samples, 1)."""
        both = self.samples.astype(np.int32).sum(axis=1, keepdims=True)
        return both.clip(-32768, 32767).astype(np.int16)

    @property
    def duration_s(self) -> float:
        return len(self.samples) / CALL_RATE_HZ


def repair_folder() -> Path:
    """Where the real call lies. Raises InputError where the evaluation data is not here."""
    folder = DATA / "audio" / "auto_repair_40"
    if not folder.is_dir():
        raise InputError(
            f"the real call is not here (no folder {folder.name} in the evaluation data); "
            "set PARLEY_EVAL_DATA to the folder of the evaluation data"
        )
    return folder


def real_call(setup: Setup) -> RealCall:
    """The real call, or as much of it as was asked for. Raises InputError."""
    folder = repair_folder()
    agent, caller = (_samples(folder / f"{name}.wav") for name in ("agent", "caller"))
    length = min(len(agent), len(caller))
    if setup.seconds is not None:
        length = min(length, round(setup.seconds * CALL_RATE_HZ))
    return RealCall(samples=np.stack([agent[:length], caller[:length]], axis=1))


def _samples(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, CALL_RATE_HZ):
            raise InputError(f"{path.name}: not mono of 16 bits at 8 kHz; fetch the data again")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def write_call(path: Path, samples: Samples) -> Path:
    """Write int16 samples of shape (samples, channels) at 8 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(CALL_RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def turned(samples: Samples, *, count: int, length: int) -> list[Samples]:
    """Calls that differ and sound alike: each begins at another place and goes round the end."""
    offsets = [number * len(samples) // count for number in range(count)]
    return [repeated(np.roll(samples, -offset, axis=0), length=length) for offset in offsets]


def repeated(samples: Samples, *, length: int) -> Samples:
    """So many samples, the call again and again."""
    times = -(-length // len(samples))
    return np.concatenate([samples] * times)[:length]


def telephone_clip() -> Path:
    """pyannote's own telephone clip; beside it lies its RTTM."""
    import pyannote.audio

    return Path(pyannote.audio.__file__).parent / "sample" / "sample.wav"


def decoded(path: Path, *, folder: Path) -> Track:
    """A recording as the audio stage gives it."""
    out = folder / f"{path.stem}.track"
    audio.run(recording=path, out=out, config=audio.AudioConfig())
    return audio.read_track(out)


def as_mono(track: Track) -> Track:
    """A track with all its voices in one."""
    mean = track.samples.mean(axis=0, dtype=np.float32, keepdims=True)
    return dataclasses.replace(track, samples=mean.astype(np.int16))


def start_of(track: Track, *, seconds: float = WARM_S) -> Track:
    """The first seconds of a track."""
    return dataclasses.replace(track, samples=track.samples[:, : round(seconds * SAMPLE_RATE_HZ)])


def floats(track: Track) -> npt.NDArray[np.float32]:
    """The first voice of a track in [-1, 1], as faster-whisper takes it."""
    return np.asarray(track.samples[0], dtype=np.float32) / 32768


def duration_s(track: Track) -> float:
    """The length of a track."""
    return track.duration_ms / 1000


def silent(*_: Any) -> None:
    """Listens to progress and does nothing with it."""


def joined(texts: Sequence[str]) -> str:
    """Texts of segments as one."""
    return " ".join(text.strip() for text in texts)
