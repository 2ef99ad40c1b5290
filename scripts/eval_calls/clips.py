"""Utterances of real people, cut from recordings whose text is known (clips.toml)."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from eval_calls.sounds import RATE_HZ, Samples, Sound, change_speed, sound_of_clip

CLIPS = Path(__file__).with_name("clips.toml")
FADE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One utterance: where it lies in which file, and the words spoken in it."""

    file: str
    text: str
    start_s: float = 0.0
    end_s: float | None = None
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A real voice with its utterances; `speed` other than 1 makes somebody else of it."""

    name: str
    sex: str
    clips: tuple[Clip, ...]
    speed: float = 1.0


def people_for(part: str) -> tuple[Person, ...]:
    """The real voices of the "test" or "dev" set."""
    people = tomllib.loads(CLIPS.read_text(encoding="utf-8"))["person"]
    return tuple(
        Person(
            name=person["name"],
            sex=person["sex"],
            clips=tuple(Clip(**clip) for clip in person["clip"]),
        )
        for person in people
        if person["set"] == part
    )


def cut_clip(clip: Clip, *, speed: float, audio: Path) -> Sound:
    """The clip's audio with its speech found by energy. Raises OSError where it is missing."""
    samples = read_audio(audio / clip.file)[clip.channel]
    end = None if clip.end_s is None else round(clip.end_s * RATE_HZ)
    cut = fade_edges(samples[round(clip.start_s * RATE_HZ) : end])
    return change_speed(sound_of_clip(cut, text=clip.text), factor=speed)


def fade_edges(samples: Samples) -> Samples:
    """The samples without a click at either edge."""
    length = round(FADE_S * RATE_HZ)
    slope = np.linspace(0.0, 1.0, length)
    gain = np.concatenate([slope, np.ones(len(samples) - 2 * length), slope[::-1]])
    return samples * gain


@functools.lru_cache(maxsize=64)
def read_audio(path: Path) -> Samples:
    """A file's channels at RATE_HZ: shape (channels, samples), in [-1, 1]."""
    with av.open(str(path)) as source:
        layout = source.streams.audio[0].layout.name
        to_rate = av.AudioResampler(format="fltp", layout=layout, rate=RATE_HZ)
        frames = [*source.decode(audio=0), None]
        parts = [part.to_ndarray() for frame in frames for part in to_rate.resample(frame)]
    return np.concatenate(parts, axis=1).astype(np.float64)
