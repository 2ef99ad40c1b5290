"""The sound that the page plays: small, the same bytes each time, each moment at its time."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.records import SAMPLE_RATE_HZ, Samples, Track
from pipeline.stages.playback import PlaybackConfig, read, run


def track(samples: Samples) -> Track:
    """Samples as a recording's decoded audio."""
    return Track(
        samples=samples,
        channels=len(samples),
        sample_rate_hz=SAMPLE_RATE_HZ,
        codec="secret-codec",
        container="secret-container",
        truncated=False,
    )


def mp3(samples: Samples, folder: Path) -> bytes:
    """What the stage writes for these samples."""
    run(audio=track(samples), out=folder / "call.mp3", config=PlaybackConfig())
    return read(folder / "call.mp3")


def heard(content: bytes) -> np.ndarray:
    """The samples that a player gets out of an MP3, between -1 and 1."""
    with av.open(io.BytesIO(content)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def bursts(*, at_s: tuple[float, ...], length_s: float, loud: int = 16_000) -> Samples:
    """Tones of 0.1 s that begin at these times, in faint noise."""
    noise = np.random.default_rng(0).normal(0, 60, round(length_s * SAMPLE_RATE_HZ))
    tone = loud * np.sin(2 * np.pi * 1000 * np.arange(1600) / SAMPLE_RATE_HZ)
    for begin_s in at_s:
        begin = round(begin_s * SAMPLE_RATE_HZ)
        noise[begin : begin + len(tone)] += tone
    return noise.astype(np.int16)


def onsets_s(samples: np.ndarray) -> list[float]:
    """When tones begin: where it is loud and was not in the 0.2 s before."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() / 2)
    return [float(loud[0] / 16_000), *(loud[1:][np.diff(loud) > 3200] / 16_000).tolist()]


def test_a_tone_is_heard_when_it_was_recorded(tmp_path: Path) -> None:
    """The encoder's delay is taken off: tones stand within 10 ms, also minutes into a call."""
    at_s = (0.5, 59.95, 61.0, 130.25)
    found = onsets_s(heard(mp3(bursts(at_s=at_s, length_s=150)[None], tmp_path)))
    assert found == pytest.approx(at_s, abs=0.01)


def test_a_browser_that_seeks_by_proportion_finds_the_tone(tmp_path: Path) -> None:
    """At a constant rate a time is a place in the file: decoding from there on is in time."""
    content = mp3(bursts(at_s=(120.0,), length_s=240)[None], tmp_path)
    frame_bytes = 144  # 576 samples of 16 kHz at 32 kbit/s
    start_frame = round(119 * SAMPLE_RATE_HZ / 576)
    tail = content[len(content) % frame_bytes + start_frame * frame_bytes :]
    assert onsets_s(heard(tail[tail.index(b"\xff\xf3") :])) == pytest.approx([1.0], abs=0.1)


def test_it_is_small_and_says_nothing_of_the_recording(tmp_path: Path) -> None:
    """32 kbit/s, mono, 16 kHz; no tag, no facts of the file, no version of a library.

    LAME fills the bits that it has no use for with its name; that is no tag.
    """
    content = mp3(bursts(at_s=(1.0,), length_s=60)[None], tmp_path)
    assert len(content) == pytest.approx(60 * 4000, rel=0.01)
    assert not any(word in content for word in (b"ID3", b"TAG", b"secret", b"Lavc"))
    with av.open(io.BytesIO(content)) as file:
        stream = file.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("mp3float", 16_000, 1)
        assert not file.metadata


def test_the_same_sound_gives_the_same_bytes(tmp_path: Path) -> None:
    """No clock and no chance is in it."""
    samples = bursts(at_s=(1.0,), length_s=5)[None]
    assert mp3(samples, tmp_path) == mp3(samples.copy(), tmp_path)


def test_both_voices_are_heard(tmp_path: Path) -> None:
    """Of two tracks each one sounds, at its time; mixing them clips nothing."""
    tracks = np.stack(
        [
            bursts(at_s=(1.0, 3.0), length_s=5, loud=32_000),
            bursts(at_s=(2.0, 3.0), length_s=5, loud=32_000),
        ]
    )
    sound = heard(mp3(tracks, tmp_path))
    peaks = [np.abs(sound[second * 16_000 :][:1600]).max() for second in (1, 2, 3)]
    assert peaks == pytest.approx([0.5, 0.5, 1.0], abs=0.1)


@settings(max_examples=8)
@given(length=st.integers(min_value=0, max_value=3000), tracks=st.integers(1, 2))
def test_any_length_can_be_played(
    tmp_path_factory: pytest.TempPathFactory, length: int, tracks: int
) -> None:
    """Nothing at all, one sample, half a frame: the file is sound and not shorter than the call."""
    content = mp3(np.zeros((tracks, length), np.int16), tmp_path_factory.mktemp("any"))
    assert len(heard(content)) >= length


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the file cannot be made the error says where, and how to go without."""
    out = tmp_path / "gone" / "call.mp3"
    with pytest.raises(StoreError, match=r"gone: No such file.*--audio none"):
        run(audio=track(np.zeros((1, 1600), np.int16)), out=out, config=PlaybackConfig())
