"""Voices that people enrolled, one file each, in a folder that only their user can read.

Nothing here is ever written but by `enrol`; deleting an enrolment removes its file.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.config import Config, voices_directory
from pipeline.errors import ConfigError, StoreError
from pipeline.store import translated, write_atomic

VECTOR_LENGTH = 192
NAME_LENGTH = 80
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A person's voice: the mean embedding of a clip, with what made it.

    `date` is UTC in ISO 8601, `speech_s` how much speech the clip held, `weights` and `sha256`
    the network; `vector` has unit length, `telephone` says whether the clip came through one.
    """

    name: str
    date: str
    speech_s: float
    weights: str
    sha256: str
    vector: tuple[float, ...]
    telephone: bool


def checked_name(text: str) -> str:
    """A person's name as it is kept, blanks around it removed. Raises ConfigError."""
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise ConfigError("a name is empty; write one, such as Ana")
    if not name.isprintable():
        raise ConfigError("a name holds a control character; write it on one line, as plain text")
    if len(name) > NAME_LENGTH:
        raise ConfigError(f"a name is {len(name)} characters long; at most {NAME_LENGTH} fit")
    if name[0] in "Ss" and name[1:].isdecimal():
        raise ConfigError(f"{name} is an id of a speaker, not a name; choose another name")
    return name


def same_name(one: str, other: str) -> bool:
    """Whether two names would be taken for one: capitals and the form of letters don't count."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _path(folder: Path, name: str) -> Path:
    """A name's file; hashed, since a name may hold anything, and files should not tell it."""
    return folder / f"{hashlib.sha256(_folded(name).encode()).hexdigest()[:32]}.json"


def enrol(folder: Path, enrolment: Enrolment) -> bool:
    """Keep an enrolment; returns whether it took the place of an older one. Raises StoreError."""
    path = _path(folder, enrolment.name)
    with translated("write to", folder):
        folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        folder.chmod(_PRIVATE_FOLDER)
    replaced = path.exists()
    text = json.dumps({**asdict(enrolment), "vector": list(enrolment.vector)}, indent=1)
    write_atomic(path, (text + "\n").encode())
    with translated("protect", path):
        path.chmod(_PRIVATE_FILE)
    return replaced


def delete(folder: Path, name: str) -> None:
    """Remove a person's enrolment for good. Raises ConfigError where there is none, StoreError."""
    path = _path(folder, name)
    with translated("delete", path):
        if not path.is_file():
            known = ", ".join(one.name for one in enrolments(folder)) or "nobody"
            raise ConfigError(f"{name} is not enrolled; enrolled: {known}")
        with path.open("rb+") as file:  # overwritten first, where the file system works in place
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def enrolments(folder: Path) -> tuple[Enrolment, ...]:
    """Everybody who is enrolled, by name. Raises StoreError for a damaged file."""
    if not folder.is_dir():
        return ()
    with translated("read", folder):
        paths = sorted(folder.glob("*.json"))
    return tuple(sorted((_read(path) for path in paths), key=lambda one: _folded(one.name)))


def _read(path: Path) -> Enrolment:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        vector = tuple(float(value) for value in data["vector"])
        enrolment = Enrolment(**{**data, "vector": vector})
        if not _is_sound(enrolment):
            raise _damaged(path)
    except (OSError, ValueError, KeyError, TypeError, ConfigError, RecursionError) as err:
        raise _damaged(path) from err
    return enrolment


def _damaged(path: Path) -> StoreError:
    return StoreError(f"{path}: a damaged enrolment; delete the file and enrol that person again")


def _is_sound(enrolment: Enrolment) -> bool:
    """Whether an enrolment is of the right types, its name a name, its vector a voice."""
    texts = (enrolment.name, enrolment.date, enrolment.weights, enrolment.sha256)
    vector = enrolment.vector
    whole = len(vector) == VECTOR_LENGTH and all(map(math.isfinite, vector)) and any(vector)
    timed = isinstance(enrolment.speech_s, int | float)
    typed = (
        timed
        and isinstance(enrolment.telephone, bool)
        and all(isinstance(text, str) for text in texts)
    )
    return whole and typed and checked_name(enrolment.name) == enrolment.name


def enrolment_of(
    name: str,
    *,
    vector: Sequence[float],
    telephone: bool,
    speech_s: float,
    weights: str,
    sha256: str,
) -> Enrolment:
    """An enrolment made now."""
    return Enrolment(
        name=name,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        speech_s=round(speech_s, 1),
        weights=weights,
        sha256=sha256,
        vector=tuple(round(float(value), 6) for value in vector),
        telephone=telephone,
    )


def enrolled_document(people: Sequence[Enrolment], *, sha256: str) -> Mapping[str, Any] | None:
    """The voices that a call is compared with: those of these weights; None if there are none."""
    voices = [
        {"name": one.name, "vector": list(one.vector), "telephone": one.telephone}
        for one in people
        if one.sha256 == sha256
    ]
    return {"voices": voices} if voices else None


def enrolled_people(config: Config) -> tuple[Enrolment, ...]:
    """Everybody enrolled in the folder that the settings name. Raises StoreError."""
    return enrolments(voices_directory(config))
