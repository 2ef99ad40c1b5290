"""Two channels become two tracks when each carries a voice of its own, else one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from audio_files import decoded, write_wav

from pipeline.records import SAMPLE_RATE_HZ
from pipeline.stages.audio import AudioConfig
from pipeline.stages.audio_channels import mixed, voice_sources

Wave = npt.NDArray[np.float64]

_SECONDS = 60


def voice(*, seed: int, first: bool, overlap_s: float = 0.3) -> Wave:
    """Something that comes and goes like speech: syllables of noise, in turns of 3 s.

    The first voice speaks in even turns, the second in odd ones, with a little overlap.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(_SECONDS * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    syllables = np.clip(np.sin(2 * np.pi * 4 * times + seed) + 0.4, 0, None)
    place = (times + (0 if first else 3)) % 6
    speaking = (place < 3 + overlap_s) & (times > 0.1)
    coloured = np.convolve(rng.normal(size=times.size), np.ones(4) / 4, mode="same")
    return np.asarray(coloured * syllables * speaking * 0.15)


A, B = voice(seed=1, first=True), voice(seed=2, first=False)


def noise(*, level_db: float, seed: int = 9) -> Wave:
    """White noise at a level in dBFS."""
    return np.random.default_rng(seed).normal(size=A.size) * 10 ** (level_db / 20)


def stereo(left: Wave, right: Wave) -> npt.NDArray[np.int16]:
    """Two channels as int16, shape (samples, 2)."""
    return (np.clip(np.stack([left, right], axis=1), -1, 1) * 32767).astype(np.int16)


def minutes(pairs: npt.NDArray[np.int16]) -> list[npt.NDArray[np.int16]]:
    """The same in blocks, as a long call comes."""
    return np.array_split(pairs, range(0, len(pairs), 320 * 1000)[1:])


def echo(wave: Wave, *, delay_ms: int, level_db: float) -> Wave:
    """The wave a little later and quieter."""
    delay = delay_ms * SAMPLE_RATE_HZ // 1000
    return np.concatenate([np.zeros(delay), wave[:-delay]]) * 10 ** (level_db / 20)


def panned(wave: Wave, *, decibels: float) -> npt.NDArray[np.float64]:
    """The wave on two channels, the left one louder by so many decibels."""
    return np.stack([wave * 10 ** (decibels / 40), wave * 10 ** (-decibels / 40)])


def room(wave: Wave, *, seed: int, near_left: bool) -> npt.NDArray[np.float64]:
    """The wave as two microphones of one room hear it: delays and their own reverberation."""
    rng = np.random.default_rng(seed)
    length = SAMPLE_RATE_HZ // 5
    responses = rng.normal(size=(2, length)) * np.exp(-np.arange(length) / 800.0) * 0.1
    responses[0 if near_left else 1, 10] += 1.0
    responses[1 if near_left else 0, 25] += 0.8
    size = wave.size + length
    spectrum = np.fft.rfft(wave, size)[None, :] * np.fft.rfft(responses, size, axis=1)
    return np.asarray(np.fft.irfft(spectrum, size, axis=1)[:, : wave.size])


_XT = 10 ** (-15 / 20)
_ECHO_A, _ECHO_B = (echo(wave, delay_ms=120, level_db=-18) for wave in (A, B))

CASES = {
    "one voice a channel": (A, B, "two_voices"),
    "with crosstalk at -15 dB": (A + _XT * B, B + _XT * A, "two_voices"),
    "with crosstalk and echo": (A + _XT * B + _ECHO_B, B + _XT * A + _ECHO_A, "two_voices"),
    "with noise": (A + noise(level_db=-45), B + noise(level_db=-42, seed=8), "two_voices"),
    "one side 20 dB quieter": (A, 0.1 * B, "two_voices"),
    "one side turned over": (A + _XT * B, -B - _XT * A, "two_voices"),
    "one side says little": (A, B * (np.arange(B.size) < 9 * SAMPLE_RATE_HZ), "two_voices"),
    "mono twice": (A + B, A + B, "mix"),
    "mono twice, one quieter": (A + B, 0.3 * (A + B), "mix"),
    "mono twice, separate noise": (
        A + B + noise(level_db=-45),
        A + B + noise(level_db=-45, seed=8),
        "mix",
    ),
    "mono twice, turned over": (A + B, -A - B, "mix_inverted"),
    "panned 3 dB apart": (*(panned(A, decibels=3) + panned(B, decibels=-3)), "mix"),
    "panned 6 dB apart": (*(panned(A, decibels=6) + panned(B, decibels=-6)), "mix"),
    "a room": (*(room(A, seed=1, near_left=True) + room(B, seed=2, near_left=False)), "mix"),
    "right is silent": (A, 0 * A, "left"),
    "left is silent": (0 * A, A, "right"),
    "right is noise": (A, noise(level_db=-45), "left"),
    "left is hum": (0.02 * np.sin(np.arange(A.size) * 2 * np.pi * 50 / 16_000), A, "right"),
    "both are silent": (0 * A, 0 * A, "mix"),
    "both are noise": (noise(level_db=-45), noise(level_db=-40, seed=8), "mix"),
}


@pytest.mark.parametrize("case", CASES)
def test_two_channels_are_judged(case: str) -> None:
    """Separate voices stay apart; copies, rooms and panned mixes are mixed; noise is dropped."""
    left, right, expected = CASES[case]
    assert voice_sources(minutes(stereo(left, right)), config=AudioConfig()) == expected


def test_turned_over_channels_do_not_cancel() -> None:
    """A copy of opposite polarity is turned back before mixing, so the voice stays."""
    pairs = stereo(A, -A)
    assert np.abs(mixed(pairs, inverted=True)).max() == pytest.approx(np.abs(pairs).max(), abs=2)


def test_mixing_does_not_overflow() -> None:
    """The loudest samples of both signs mix to themselves."""
    pairs = np.array([[32767, 32767], [-32768, -32768], [32767, -32768]], np.int16)
    assert mixed(pairs, inverted=False).tolist() == [32767, -32768, -1]
    assert mixed(pairs, inverted=True).tolist() == [0, 0, 32767]


def test_swapping_the_channels_swaps_the_tracks(tmp_path: Path) -> None:
    """Each track is its channel, bit by bit, in the order of the file."""
    for name, pair in (("a.wav", stereo(A, B)), ("b.wav", stereo(B, A))):
        track = decoded(write_wav(tmp_path / name, pair), tmp_path)
        assert track.channels == 2
        assert np.array_equal(track.samples, pair.T)


def test_a_mono_recording_in_two_channels_is_one_track(tmp_path: Path) -> None:
    """The duplicate is dropped and the samples stay as they were."""
    pair = stereo(A, A)
    track = decoded(write_wav(tmp_path / "a.wav", pair), tmp_path)
    assert (track.samples.shape[0], track.channels) == (1, 2)
    assert np.array_equal(track.samples[0], pair[:, 0])


@pytest.mark.parametrize("samples", [1, 100, 320, 321, 5_000])
def test_very_short_recordings_are_judged(samples: int) -> None:
    """Less than a frame, a frame, a little more: always an answer."""
    pairs = stereo(A[8_000 : 8_000 + samples], B[8_000 : 8_000 + samples])
    assert voice_sources([pairs], config=AudioConfig()) in {"left", "right", "mix", "mix_inverted"}
