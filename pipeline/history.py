"""Which analyses of a recording there are: their settings and where their files lie.

One file an output folder, `<store>/recordings/<digest>/<hash of the folder>.json`, so that a
correction knows what was analysed how without being told again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import Config, config_of, settings_of
from pipeline.earlier import checked_document
from pipeline.errors import ConfigError, InputError, StoreError
from pipeline.store import translated, write_atomic

FOLDER = "recordings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One analysis: the recording's path and name, the settings, the folder of its files.

    `earlier` is what its report compares with (see pipeline.earlier), kept as it was: the reports
    that it came from may change or go.
    """

    path: Path
    name: str
    config: Config
    folder: Path
    earlier: Mapping[str, Any] | None = None


def _place(root: Path, digest: str) -> Path:
    return root / FOLDER / digest


def remember(root: Path, digest: str, analysis: Analysis) -> None:
    """Note an analysis, the newest of its folder. Raises StoreError."""
    folder = str(analysis.folder.absolute())
    data = {
        "path": str(analysis.path.absolute()),
        "name": analysis.name,
        "settings": settings_of(analysis.config),
        "folder": folder,
        **({"earlier": analysis.earlier} if analysis.earlier else {}),
    }
    own = hashlib.sha256(folder.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    text = json.dumps(data, ensure_ascii=True, indent=1)
    write_atomic(_place(root, digest) / f"{own}.json", text.encode())


def recall(root: Path, digest: str, *, folder: Path | None = None) -> Analysis | None:
    """The last analysis of a recording, the one of that folder if it is given and known.

    None where the recording has not been analysed with this store. Raises StoreError.
    """
    place = _place(root, digest)
    with translated("read", place):
        notes = sorted(place.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    known = [_read(path) for path in notes]
    wanted = folder.absolute() if folder else None
    own = [one for one in known if one.folder == wanted] or known
    return own[-1] if own else None


def _read(path: Path) -> Analysis:
    try:
        data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Analysis(
            path=Path(data["path"]),
            name=str(data["name"]),
            config=config_of(data["settings"]),
            folder=Path(data["folder"]),
            earlier=checked_document(data["earlier"]) if "earlier" in data else None,
        )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ConfigError,
        InputError,
    ) as err:
        raise StoreError(
            f"{path}: a damaged note of an analysis; delete it and run `parley analyze` again"
        ) from err
