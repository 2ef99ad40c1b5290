"""Rooms, noise and codecs change how a composed call sounds, never when anything is said."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from eval_calls.compose import Line
from eval_calls.degrade import (
    CODECS,
    Conditions,
    add_at,
    cross,
    draw_conditions,
    in_room,
    lag_of,
    make_noise,
    render,
)
from eval_calls.sounds import RATE_HZ, Sound

LIMIT = 800
PLAIN = Conditions(
    rate_hz=8_000, codec="none", noise="white", snr_db=40.0, level_difference_db=0.0, quieter=0
)


def speech_like(seconds: float, *, rate_hz: int, seed: int = 1) -> np.ndarray:
    """Noise in syllables of irregular length, in the telephone band."""
    dice = np.random.default_rng(seed)
    noise = dice.standard_normal(round(seconds * rate_hz))
    smooth = np.convolve(noise, np.ones(4) / 4, "same")
    syllables = np.repeat(dice.random(round(seconds * 8) + 1) ** 2, rate_hz // 8)[: len(smooth)]
    return smooth * syllables * 0.3


def spoken(speaker: int, *, at_s: float, seconds: float = 1.0) -> Line:
    """A line of speech-like noise from that second."""
    samples = speech_like(seconds, rate_hz=RATE_HZ, seed=speaker + 5)
    sound = Sound(samples=samples, text="hello", speech=((0.0, seconds),))
    return Line(speaker=speaker, kind="turn", parts=((at_s, sound),))


def rms(samples: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(samples**2)))


def rendered(lines: list[Line], *, layout: str, conditions: Conditions) -> np.ndarray:
    """A 6 s call."""
    return render(lines, duration_s=6.0, layout=layout, conditions=conditions, babble=[], seed=3)


@pytest.mark.parametrize("codec", sorted(CODECS))
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_codecs_delay_nothing(codec: str, rate_hz: int) -> None:
    """After the round trip the cross-correlation with what went in peaks at lag 0."""
    if codec == "mulaw" and rate_hz != 8_000:
        pytest.skip("G.711 is defined at 8 kHz only")
    clean = speech_like(3.0, rate_hz=rate_hz)
    decoded = CODECS[codec](clean, rate_hz)
    assert len(decoded) == len(clean)
    assert lag_of(decoded, like=clean, limit=LIMIT) == 0
    assert np.corrcoef(decoded, clean)[0, 1] > 0.5


@pytest.mark.parametrize("shift", [-37, 0, 120])
def test_a_lag_is_found_to_the_sample(shift: int) -> None:
    """A signal moved by n samples has a lag of n."""
    clean = speech_like(1.0, rate_hz=8_000)
    moved = np.zeros(len(clean))
    add_at(moved, clean, start=shift)
    assert lag_of(moved, like=clean, limit=LIMIT) == shift


def test_noise_lies_at_the_signal_to_noise_ratio() -> None:
    """In the line's band, noise lies snr_db under the level of speech where somebody speaks."""
    lines = [spoken(0, at_s=1.0), spoken(1, at_s=3.0)]
    (quiet,) = rendered(lines, layout="mono", conditions=replace(PLAIN, snr_db=10.0))
    (clean,) = rendered(lines, layout="mono", conditions=replace(PLAIN, snr_db=60.0))
    noise = rms(quiet[5 * 8000 : 6 * 8000 - 400])
    speech = rms(np.r_[clean[8000:16000], clean[24000:32000]])
    assert 20 * np.log10(speech / noise) == pytest.approx(10.0, abs=0.5)


def test_stereo_has_one_voice_a_channel_and_crosstalk_at_its_level_and_delay() -> None:
    """The other channel's voice arrives 50 ms late and 30 dB lower."""
    voices = [speech_like(2.0, rate_hz=RATE_HZ), np.zeros(2 * RATE_HZ)]
    conditions = replace(PLAIN, crosstalk_db=-30.0, crosstalk_delay_ms=50.0)
    first, second = cross(voices, conditions=conditions)
    assert np.array_equal(first, voices[0])
    assert lag_of(second, like=voices[0], limit=LIMIT * 2) == 800
    assert 20 * np.log10(rms(second) / rms(first)) == pytest.approx(-30.0, abs=0.5)


def test_the_quieter_speaker_is_lower_by_the_difference() -> None:
    """Six decibels between the channels of a stereo call."""
    lines = [spoken(0, at_s=1.0), spoken(1, at_s=3.0)]
    conditions = replace(PLAIN, level_difference_db=6.0, quieter=1, snr_db=60.0)
    loud, quiet = rendered(lines, layout="stereo", conditions=conditions)
    ratio = rms(loud[8000:16000]) / rms(quiet[24000:32000])
    assert 20 * np.log10(ratio) == pytest.approx(6.0, abs=0.7)


def test_a_room_keeps_the_direct_sound_in_place() -> None:
    """An impulse stays the largest sample; its tail falls 60 dB in the reverberation time."""
    impulse = np.zeros(RATE_HZ)
    impulse[100] = 1.0
    conditions = replace(PLAIN, rt60_s=0.4, direct_to_reverb_db=6.0)
    echoed = in_room(impulse, conditions=conditions, dice=np.random.default_rng(1))
    assert np.argmax(np.abs(echoed)) == 100
    assert 10 * np.log10(np.sum(echoed[101:] ** 2)) == pytest.approx(-6.0, abs=0.1)
    early, late = echoed[101:1701], echoed[101 + 4800 : 1701 + 4800]
    assert 20 * np.log10(rms(early) / rms(late)) == pytest.approx(45.0, abs=3.0)


@pytest.mark.parametrize("noise", ["white", "pink", "hum", "babble"])
def test_noises_have_a_level_of_one(noise: str) -> None:
    """Each kind is scaled to a root mean square of 1, so that the ratio means the same."""
    conditions = replace(PLAIN, noise=noise)
    sources = [speech_like(1.0, rate_hz=RATE_HZ, seed=seed) for seed in range(3)]
    made = make_noise(conditions, length=16_000, dice=np.random.default_rng(2), babble=sources)
    assert len(made) == 16_000
    assert rms(made) == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_samples() -> None:
    """Rendering twice is the same to the last sample, noise and codec included."""
    lines = [spoken(0, at_s=1.0), spoken(1, at_s=1.5)]
    conditions = replace(PLAIN, codec="opus12", rt60_s=0.3, direct_to_reverb_db=10.0, snr_db=15.0)
    once = rendered(lines, layout="mono", conditions=conditions)
    again = rendered(lines, layout="mono", conditions=conditions)
    assert np.array_equal(once, again)
    assert np.abs(once).max() <= 1.0


def test_noisy_calls_are_noisy_and_similar_levels_similar() -> None:
    """Draws keep to the ranges of their group."""
    for seed in range(50):
        noisy = draw_conditions("noisy-mono", similar_level=True, dice=random.Random(seed))
        assert 5 <= noisy.snr_db <= 10
        assert noisy.level_difference_db <= 2
        assert noisy.crosstalk_db is None
        stereo = draw_conditions("real-stereo", similar_level=False, dice=random.Random(seed))
        assert 10 <= stereo.snr_db <= 35
        assert stereo.crosstalk_db is None or -40 <= stereo.crosstalk_db <= -25
