"""The benchmark of a batch: the same calls on both sides, nothing kept from run to run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import builders as build
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from core_bench import speed
from core_bench.material import CALL_RATE_HZ, RealCall, Setup

from pipeline.errors import ModelError
from pipeline.executors.local import Outcome


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    """One timed run on calls of 2 s, cut from a made-up call of 16 s; no models."""
    length = 16 * CALL_RATE_HZ
    samples = np.arange(2 * length, dtype=np.int16).reshape(length, 2)
    monkeypatch.setattr(speed, "real_call", lambda _: RealCall(samples=samples))
    monkeypatch.setattr(speed.engines, "kept_models", build.FakeModels)
    return Setup(folder=tmp_path, runs=1, batch_seconds=2.0)


def test_both_sides_analyse_the_same_eight_calls(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch of eight against eight of one, each run with an empty store."""
    seen: list[tuple[list[bytes], Path]] = []

    def analyze(paths: Sequence[Path], *, bench: Any, **_: Any) -> list[Outcome]:
        bench.store.root.mkdir(exist_ok=True)
        seen.append(([path.read_bytes() for path in paths], bench.store.root))
        return [Outcome(path=path, seconds=0.0) for path in paths]

    monkeypatch.setattr(speed, "analyze", analyze)
    (row,) = speed.batch(setup)
    assert row.bound == "at least 1.1"
    warm, timed = seen[:3], seen[3:]
    assert [len(calls) for calls, _ in warm] == [2, 1, 1]
    assert [len(calls) for calls, _ in timed] == [8] + [1] * 8
    together, alone = timed[0][0], [calls[0] for calls, _ in timed[1:]]
    assert alone == together
    assert len(set(together)) == 8
    assert len({store for _, store in seen}) == 4
    assert not any(store.exists() for _, store in seen)


def test_a_batch_that_fails_gives_no_figure(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first error of a recording ends the measurement: half a batch is no throughput."""

    def analyze(paths: Sequence[Path], **_: Any) -> list[Outcome]:
        return [Outcome(path=path, seconds=0.0, error=ModelError("m")) for path in paths]

    monkeypatch.setattr(speed, "analyze", analyze)
    with pytest.raises(ModelError):
        next(speed.batch(setup))
