"""The artefact store: results under the key of their recipe, atomic and verified.

One folder an artefact, `<root>/<stage>/<key>/`, holding the data and a manifest with its
sha256. An artefact appears by one rename, so a killed run leaves nothing half made; what was
damaged later fails its hash, is removed, and counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError

_CHUNK_BYTES = 1 << 20
_MANIFEST = "manifest.json"
_DRAFT = ".draft-"
_STALE_S = 24 * 3600


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@contextlib.contextmanager
def translated(action: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the file system into a StoreError that says what to do."""
    try:
        yield
    except OSError as err:
        raise StoreError(
            f"cannot {action} {path}: {err.strerror or err}; "
            "check free space and permissions, or choose another folder"
        ) from err


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all. Raises StoreError."""
    with translated("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".parley-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def check_writable(folder: Path) -> None:
    """Make a folder and see that files can be made in it. Raises StoreError."""
    with translated("write to", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".parley-"):
            pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A folder of artefacts. Safe for several processes at once."""

    root: Path

    def _folder(self, stage: str, key: str) -> Path:
        return self.root / stage / key

    def get(self, *, stage: str, key: str, suffix: str) -> Path | None:
        """The path of an artefact whose content matches its manifest, or None.

        A damaged artefact is removed, so that the next `put` replaces it.
        """
        folder = self._folder(stage, key)
        data = folder / f"data{suffix}"
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            if file_sha256(data) == manifest["sha256"]:
                return data
        except FileNotFoundError:
            if not folder.exists():
                return None
        except (OSError, ValueError, KeyError, TypeError):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        return None

    def has(self, *, stage: str, key: str) -> bool:
        """Whether an artefact of that key is there, its content not looked at."""
        return (self._folder(stage, key) / _MANIFEST).is_file()

    @contextlib.contextmanager
    def draft(self, *, suffix: str) -> Iterator[Path]:
        """A path to write an artefact to before `put`; whatever is left is removed after."""
        with translated("write to the artefact store", self.root):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep()
            folder = Path(tempfile.mkdtemp(dir=self.root, prefix=_DRAFT))
        try:
            yield folder / f"data{suffix}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove drafts that a killed run left; a day is longer than any stage takes."""
        for left in self.root.glob(f"{_DRAFT}*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_S:
                    shutil.rmtree(left, ignore_errors=True)

    def put(self, *, stage: str, key: str, draft: Path, recipe: Mapping[str, Any]) -> Path:
        """Move a finished draft to its key, with a manifest; returns the artefact's path.

        Where another process put the same key first, its artefact stays. Raises StoreError.
        """
        target = self._folder(stage, key)
        with translated("write to the artefact store", self.root):
            manifest = {"sha256": _synced_sha256(draft), "bytes": draft.stat().st_size}
            text = json.dumps({**manifest, "recipe": recipe}, indent=1)
            (draft.parent / _MANIFEST).write_text(text, encoding="utf-8")
            _synced_sha256(draft.parent / _MANIFEST)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                draft.parent.rename(target)
            except OSError:
                if not self.has(stage=stage, key=key):
                    raise
        return target / draft.name

    def discard(self, *, stage: str, key: str) -> None:
        """Remove an artefact, if it is there."""
        shutil.rmtree(self._folder(stage, key), ignore_errors=True)


def _synced_sha256(path: Path) -> str:
    """Flush a file to the disk and hash it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return file_sha256(path)
