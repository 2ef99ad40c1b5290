"""What end-to-end tests share: analyses of one session, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from analyses import Analysis, Analyze
from chromium import ARGUMENTS, CHROMIUM

from pipeline.config import load_config
from pipeline.models.device import choose_device
from pipeline.models.weights import locate
from pipeline.plan import plan, read_recording
from pipeline.records import SAMPLE_RATE_HZ, Track
from pipeline.run import Bench, Models, results
from pipeline.stages import playback
from pipeline.store import Store


@pytest.fixture(scope="session")
def analyze(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Analyze:
    """Analyse a recording with settings; what was computed once in this session is kept."""
    store = Store(root=tmp_path_factory.mktemp("artefacts"))

    def find(name: str) -> Path:
        return locate(name, directory=models, offline=True)

    loaded = {
        device: Models(device=lambda device=device: choose_device(device), locate=find)
        for device in ("cpu", "cuda")
    }

    def run(path: Path, *settings: str, device: str = "cpu", force: bool = False) -> Analysis:
        ran: dict[str, None] = {}
        bench = Bench(
            store=store,
            models=loaded[device],
            listener=lambda stage, _: ran.update({stage: None}),
            force=force,
        )
        made = results(
            plan(read_recording(path), config=load_config(settings=settings)), bench=bench
        )
        return Analysis(files=made, ran=tuple(ran))

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The system's Chromium; a module has its own, since two drivers cannot run at once."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the Python package playwright is not installed (extra: dev)"
    )
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def noise_mp3(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three minutes of faint noise to play: where it plays from is asked of the player."""
    noise = np.random.default_rng(0).normal(0, 200, (1, 180 * SAMPLE_RATE_HZ)).astype(np.int16)
    track = Track(
        samples=noise,
        channels=1,
        sample_rate_hz=SAMPLE_RATE_HZ,
        codec="pcm",
        container="wav",
        truncated=False,
    )
    out = tmp_path_factory.mktemp("sound") / "call.mp3"
    playback.run(audio=track, out=out, config=playback.PlaybackConfig())
    return out.read_bytes()
