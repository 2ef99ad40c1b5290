"""From a clip of somebody talking to their voice, or the reason why it cannot be taken."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.models.activity import Activity, track_speech
from pipeline.models.embedding import Embed
from pipeline.records import Track
from pipeline.stages import audio
from pipeline.stages.voices import Floats, by_telephone, cosine, embeddings, mean_voice, windows_of

LEAST_SPEECH_S = 5.0
MOST_WINDOWS = 30
"""A minute of speech: more does not make a voice better known."""
ONE_VOICE = 0.5
"""Two parts of one voice were at least 0.52 alike, two voices at most 0.29, and 0.47 where both
were synthetic and on the telephone."""
MINORITY_SHARE = 0.2
"""Of a clip's windows: fewer that sound different are a cough or a laugh."""


def decoded(clip: Path, *, config: Config) -> Track:
    """A clip's sound, in memory. Raises UnreadableAudio, NoAudioTrack, TooLong."""
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:
        out = Path(folder) / "clip.safetensors"
        audio.run(recording=clip, out=out, config=config.audio)
        track = audio.read_track(out)
        return Track(
            samples=np.array(track.samples),
            channels=track.channels,
            sample_rate_hz=track.sample_rate_hz,
            codec=track.codec,
            container=track.container,
            truncated=track.truncated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """The voice of a clip: `vector` has shape (192,) and unit length."""

    vector: Floats
    speech_s: float
    telephone: bool


def clip_voice(track: Track, *, activity: Activity, embed: Embed) -> Voice:
    """The voice of a clip of one person.

    Raises InputError where there are under 5 s of speech, or clearly two voices.
    """
    if track.samples.shape[0] > 1:
        raise InputError("the clip has a voice on each channel; give one with one person alone")
    spans = [(s.start_ms, s.end_ms) for s in track_speech(track.samples[0], activity)]
    speech_s = sum(end - start for start, end in spans) / 1000
    windows = windows_of(track.samples[0], spans)
    windows = sorted(windows, key=len, reverse=True)[:MOST_WINDOWS]
    if speech_s < LEAST_SPEECH_S or not windows:
        raise InputError(
            f"the clip holds {speech_s:.1f} s of speech, and at least {LEAST_SPEECH_S:.0f} s are "
            "needed; give a longer one, 20 s is good"
        )
    vectors = embeddings(windows, embed=embed)
    if two_voices(vectors):
        raise InputError("two voices are heard in the clip; give one with one person alone")
    return Voice(vector=mean_voice(vectors), speech_s=speech_s, telephone=by_telephone(windows))


def two_voices(vectors: Floats) -> bool:
    """Whether windows, unit vectors of shape (windows, 192), are of two clearly different voices.

    The windows are dealt out to the two that are least alike; the parts are compared.
    """
    likeness = vectors @ vectors.T
    one, other = np.unravel_index(int(likeness.argmin()), likeness.shape)
    first = likeness[one] >= likeness[other]
    share = min(first.mean(), 1 - first.mean())
    if share < MINORITY_SHARE:
        return False
    return cosine(mean_voice(vectors[first]), mean_voice(vectors[~first])) < ONE_VOICE
