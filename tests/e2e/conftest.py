"""What end-to-end tests share: analyses of one session, and a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from analyses import Analysis, Analyze

from pipeline.config import load_config
from pipeline.models.device import choose_device
from pipeline.models.weights import locate
from pipeline.plan import plan, read_recording
from pipeline.run import Bench, Models, results
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
