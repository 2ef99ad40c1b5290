"""The contract of a stage: what goes in, what comes out, and the key of its result."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from pipeline.errors import ContractError

Progress = Callable[[float], None]
"""Called with the share of the stage's work that is done, 0 to 1."""

Locate = Callable[[str], Path]
"""From the name of a set of weights to the verified folder or file that holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An output that is a polars frame of `schema`, stored as Parquet.

    `check` raises ContractError for what a schema cannot say.
    """

    schema: pl.Schema
    check: Callable[[pl.DataFrame], None]
    suffix: str = ".parquet"

    def save(self, value: Any, path: Path) -> None:
        """Check the frame and write it."""
        if not isinstance(value, pl.DataFrame) or value.schema != self.schema:
            found = value.schema if isinstance(value, pl.DataFrame) else type(value).__name__
            raise ContractError(f"a stage returned {found}, its contract says {self.schema}")
        self.check(value)
        content = io.BytesIO()
        value.write_parquet(content)
        path.write_bytes(content.getvalue())

    def read(self, path: Path) -> pl.DataFrame:
        """Read the frame back, all of it in memory."""
        return pl.read_parquet(path, memory_map=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An output that is a JSON object, stored as UTF-8 text with sorted lines."""

    suffix: str = ".json"

    def save(self, value: Any, path: Path) -> None:
        """Write the object; NaN and infinity are refused, since JSON has neither."""
        try:
            text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
        except ValueError as err:
            raise ContractError(f"a stage returned what JSON cannot hold: {err}") from err
        path.write_text(text + "\n", encoding="utf-8", errors="replace")

    def read(self, path: Path) -> dict[str, Any]:
        """Read the object back."""
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An output that is text, stored as UTF-8."""

    suffix: str

    def save(self, value: Any, path: Path) -> None:
        """Write the text; lone surrogates become question marks."""
        path.write_text(value, encoding="utf-8", errors="replace", newline="")

    def read(self, path: Path) -> str:
        """Read the text back."""
        return path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An output too large for memory: `run` writes it to the path it is given as `out`."""

    suffix: str
    read: Callable[[Path], Any]


Output = Frame | Document | Text | File


Run = Callable[..., Any]
"""A stage's pure function: keyword arguments only, named after `Stage.inputs`."""


class Place(Protocol):
    """Where models run: `kind` is cpu or cuda, `compute_type` is ctranslate2's."""

    @property
    def kind(self) -> str: ...

    @property
    def compute_type(self) -> str: ...


class Load(Protocol):
    """Loads what a stage keeps between recordings; the only place that imports a model library."""

    def __call__(self, *, config: Any, device: Place, locate: Locate) -> Any: ...


def no_weights(_config: Any) -> tuple[str, ...]:
    """The stage uses no weights."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A pure function from named artefacts to one artefact.

    `run` takes `inputs` and `config` by keyword; with a `load` also `model` and `progress`;
    with a File output also `out`. `weights` names the weights a config needs, whose sha256 goes
    into the key. Raise `version` whenever the same inputs may give another output.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    output: Output
    config: type
    run: Run
    load: Load | None = None
    weights: Callable[[Any], tuple[str, ...]] = no_weights
    gpus: float = 0.0


def recipe(
    *, stage: Stage, config: Any, weights: Mapping[str, str], inputs: Mapping[str, str]
) -> dict[str, Any]:
    """Everything that decides a stage's result, as plain data.

    `weights` maps names to sha256, `inputs` maps input names to their keys.
    """
    return {
        "stage": stage.name,
        "version": stage.version,
        "config": dataclasses.asdict(config),
        "weights": dict(weights),
        "inputs": dict(inputs),
    }


def recipe_key(what: Mapping[str, Any]) -> str:
    """The sha256 of a recipe's canonical JSON, as 64 hexadecimal digits."""
    canonical = json.dumps(what, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
