"""What every test gets: no network, folders of its own, and the data that tests measure against."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pytest_socket import disable_socket

from pipeline.models.registry import shipped_weights
from pipeline.models.weights import models_directory, weights_path

ROOT = Path(__file__).resolve().parents[1]
REAL_MODELS = models_directory()
"""Looked up before any test changes the environment."""

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.load_profile("ci")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Block sockets, except in end-to-end tests (a browser is driven through them)."""
    if item.get_closest_marker("e2e") is None:
        disable_socket(allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _own_folders(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keep tests out of the user's caches, and what the user has set out of the tests.

    End-to-end tests find the real weights; all others find none. Nothing is created here.
    """
    name = sha256(request.node.nodeid.encode()).hexdigest()[:16]
    home = tmp_path_factory.getbasetemp() / f"user-{name}"
    for variable in ("PARLEY_OFFLINE", "FORCE_COLOR", "NO_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PARLEY_STORE", str(home / "artefacts"))
    monkeypatch.setenv("PARLEY_VOICES", str(home / "voices"))
    if request.node.get_closest_marker("e2e"):
        monkeypatch.setenv("PARLEY_MODELS", str(REAL_MODELS))
        return
    monkeypatch.setenv("PARLEY_MODELS", str(home / "models"))
    monkeypatch.setenv("PARLEY_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCall:
    """The committed demo call; `reference` is what its README describes."""

    stereo: Path
    mono: Path
    reference: dict[str, Any]


@pytest.fixture(scope="session")
def demo_call() -> DemoCall:
    """The demo call's audio and its exact reference."""
    folder = ROOT / "tests" / "data" / "demo_call"
    return DemoCall(
        stereo=folder / "demo_call_stereo.ogg",
        mono=folder / "demo_call_mono.ogg",
        reference=json.loads((folder / "reference.json").read_text("utf-8")),
    )


@pytest.fixture(scope="session")
def eval_data() -> Path:
    """The folder of evaluation data, which is not part of the repository."""
    folder = Path(os.environ.get("PARLEY_EVAL_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "audio").is_dir():
        pytest.skip("no evaluation data here; set PARLEY_EVAL_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of weights, all those of a default analysis in it."""
    missing = [
        weights.name
        for weights in shipped_weights()
        if weights.default and not weights_path(weights, REAL_MODELS).exists()
    ]
    if missing:
        pytest.skip(f"no weights {', '.join(missing)} here; run `parley models fetch`")
    return REAL_MODELS
