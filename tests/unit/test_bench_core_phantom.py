"""What scripts/bench_core says of the mono map of a call against its stereo map."""

from __future__ import annotations

import sys
from pathlib import Path

import frames
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from core_bench.phantom import agreement, voices_at, with_noise


def test_voices_are_counted_at_each_hundredth() -> None:
    """One from 100 ms, two from 300 to 400 ms, none from 500 ms on."""
    speech = frames.speech(("S1", 100, 400), ("S2", 300, 500))
    assert voices_at(speech, length_ms=700)[:60:10].tolist() == [0, 1, 1, 2, 1, 0]


def test_false_alarm_and_overlap_are_shares_of_the_truth() -> None:
    """Of 4 s of speech 1 s is found beside it and 1 s missed; of 1 s of overlap half is found."""
    truth = np.repeat([0, 1, 2, 1, 0], [100, 200, 100, 100, 100])
    found = np.repeat([0, 1, 2, 1, 1, 0], [200, 150, 50, 0, 200, 0])
    alarm, overlap = (row.cells() for row in agreement(found, truth, name="a call"))
    assert alarm[1].startswith("25.0")
    assert "missed 25.0 %" in alarm[1]
    assert overlap[1].startswith("50.0")


def test_noise_is_below_the_speech() -> None:
    """20 dB below 1000 is 100."""
    samples = np.full((80_000, 1), 1000, dtype=np.int16)
    samples[::2] = -1001
    noise = with_noise(samples, below_db=20.0).astype(int) - samples
    assert noise.std() == pytest.approx(100, rel=0.03)
