"""Speech on channels of their own: leaks of the other channel, people near by, pauses; made up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.models.channels import ECHO_HUNDREDTHS, channel_speech
from pipeline.models.speech_frames import FRAME_CENTRE_S, FRAME_STEP_S
from pipeline.records import SAMPLE_RATE_HZ, Samples

LENGTH_S = 60
LOUD, SOFT = 5000.0, 250.0
Part = tuple[float, float]
Signal = npt.NDArray[np.float64]


def hears_everything(samples: Samples) -> Signal:
    """A segmentation that takes every sound for speech, however soft."""
    count = int(len(samples) / SAMPLE_RATE_HZ / FRAME_STEP_S)
    at = ((np.arange(count) * FRAME_STEP_S + FRAME_CENTRE_S) * SAMPLE_RATE_HZ).astype(int)
    near = [np.abs(samples[max(0, one - 800) : one + 800]).max(initial=0) for one in at]
    return 0.95 * (np.array(near) > 3)


def voice(*parts: Part, level: float = LOUD, seed: int = 7) -> Signal:
    """Noise at (start_s, end_s) that rises and falls as syllables do, else silence."""
    rng = np.random.default_rng(seed)
    count = LENGTH_S * SAMPLE_RATE_HZ
    syllables = np.repeat(rng.uniform(-14, 0, LENGTH_S * 6), SAMPLE_RATE_HZ // 6 + 1)[:count]
    speaking = np.zeros(count)
    for start_s, end_s in parts:
        speaking[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)] = 1.0
    return rng.normal(0, level, count) * 10 ** (syllables / 20) * speaking


def softer(signal: Signal, by_db: float) -> Signal:
    """The signal at a lower level."""
    return signal * 10 ** (-by_db / 20)


def late(signal: Signal, delay_ms: float) -> Signal:
    """The signal some time later."""
    shift = round(delay_ms * SAMPLE_RATE_HZ / 1000)
    return np.concatenate([np.zeros(shift), signal[: len(signal) - shift]])


def crowd(level: float) -> Signal:
    """People near by: as loud all along, and each rises and falls for themselves."""
    return sum(
        (voice((0, LENGTH_S), level=level, seed=seed) for seed in range(20, 25)),
        start=np.zeros(LENGTH_S * SAMPLE_RATE_HZ),
    )


def found(left: Signal, right: Signal) -> list[list[Part]]:
    """The speech of both channels in seconds."""
    samples = np.clip(np.stack([left, right]), -32768, 32767).astype(np.int16)
    return [
        [(s.start_ms / 1000, s.end_ms / 1000) for s in stretches]
        for stretches in channel_speech(samples, hears_everything)
    ]


def near(*parts: Part) -> list[Any]:
    """The same times within 0.15 s."""
    return [pytest.approx(part, abs=0.15) for part in parts]


ANA, BEN = voice((5, 20), (40, 50)), voice((25, 35), seed=8)


@pytest.mark.parametrize("leak_db", [12, 15, 20, 30])
@pytest.mark.parametrize("delay_ms", [0, 80, 10 * ECHO_HUNDREDTHS - 50])
def test_a_leak_is_taken_out(leak_db: float, delay_ms: float) -> None:
    """Each channel holds the other voice, softer and later, which would be speech by itself."""
    left, right = found(
        ANA + softer(late(BEN, delay_ms), leak_db), BEN + softer(late(ANA, delay_ms), leak_db)
    )
    assert left == near((5, 20), (40, 50))
    assert right == near((25, 35))


def test_both_talking_at_once_is_kept() -> None:
    """From 15 s to 20 s both are loud on their own channels; of 15 s, softest syllables may go."""
    ana, ben = voice((5, 20)), voice((15, 30), seed=8)
    left, right = found(ana + softer(ben, 15), ben + softer(ana, 15))
    assert [(parts[0][0], parts[-1][1]) for parts in (left, right)] == near((5, 20), (15, 30))
    for parts in (left, right):
        assert sum(end_s - start_s for start_s, end_s in parts) > 13.5


def test_a_soft_voice_next_to_a_loud_one_is_kept() -> None:
    """26 dB softer on its channel, alone and while the loud one talks."""
    left, right = found(voice((5, 20)), voice((15, 30), level=SOFT, seed=8))
    assert left == near((5, 20))
    assert right == near((15, 30))


def test_people_near_by_are_not_the_speaker() -> None:
    """Voices 15 dB below Ben's all along, as at the next desk: of 50 s of them, shreds are left."""
    left, right = found(ANA, BEN + crowd(LOUD * 10 ** (-15 / 20) / 5**0.5))
    assert left == near((5, 20), (40, 50))
    inside = sum(end_s - start_s for start_s, end_s in right if 24.9 < start_s < 35.1)
    assert inside > 9.5
    assert sum(end_s - start_s for start_s, end_s in right) - inside < 2.5


def test_a_leak_into_the_channel_of_who_hardly_talks() -> None:
    """Who says 2 s in a minute, 3 % of it, has no more speech for the leak of 40 s."""
    ana, ben = voice((5, 45)), voice((50, 52), seed=8)
    left, right = found(ana, ben + softer(ana, 15))
    assert left == near((5, 45))
    assert right == near((50, 52))


def test_a_leak_into_the_channel_of_who_never_talks() -> None:
    """All that is on a channel is the other's voice: there is no speech on it."""
    left, right = found(ANA, softer(ANA, 15))
    assert left == near((5, 20), (40, 50))
    assert right == []


def test_pauses_that_segmentation_fills_are_taken_out() -> None:
    """0.5 s of silence, which the segmentation here shrinks by a tenth, are a pause."""
    left, _ = found(voice((5, 10), (10.5, 15)), BEN)
    assert left == near((5, 10), (10.5, 15))


def test_silence_on_both() -> None:
    """No speech on either channel."""
    assert found(voice(), voice()) == [[], []]


@pytest.mark.parametrize("length", [1, 399, 400, 1600, 16_000])
@pytest.mark.parametrize("loud", [(0, 0), (0, 1), (1, 1)])
def test_very_short_calls(length: int, loud: tuple[int, int]) -> None:
    """From one sample to a second, whichever channel has a sound: an answer, within the call."""
    samples = np.stack([voice((0, 60)) * loud[0], voice((0, 60), seed=8) * loud[1]])
    short = samples[:, :length].astype(np.int16)

    def certain(_channel: Samples) -> Signal:
        return np.full(589, 0.95)

    for stretches in channel_speech(short, certain):
        assert all(0 <= s.start_ms < s.end_ms <= length // 16 for s in stretches)


def test_each_stretch_knows_how_sure_segmentation_was() -> None:
    """The mean probability in it."""
    samples = np.stack([ANA, BEN]).astype(np.int16)
    for stretches in channel_speech(samples, lambda one: hears_everything(one) * 0.8 / 0.95):
        assert [s.confidence for s in stretches] == pytest.approx([0.8] * len(stretches), abs=0.02)
