"""Pickled PyTorch checkpoints, read without running anything in them, kept as safetensors.

A PyTorch checkpoint is a zip file with a pickle inside, and a pickle may call anything it
names. Here the few names that the checkpoints of `configs/models.toml` use are bound to
harmless stand-ins, and any other name is refused, so neither torch nor pyannote.audio is
needed to read one and nothing outside this file can be executed.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError

Arrays = dict[str, npt.NDArray[Any]]

_MAX_BYTES = 1 << 30
_MAX_HEADER_BYTES = 100 << 20  # what the format's own readers accept
_PLAIN = (str, int, float, bool, type(None))
_NAMES = {np.dtype("<f4"): "F32", np.dtype("<i8"): "I64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Named arrays, and the plain settings that were saved beside them (JSON types only)."""

    arrays: Arrays
    settings: dict[str, Any]


class _Record:
    """Stands for any class of the checkpoint's author: keeps the state, does nothing."""

    def __init__(self, *values: object) -> None:
        self.values = values


@dataclass(frozen=True, slots=True)
class _Storage:
    """Stands for one of torch's storage types; frozen, so no pickle can change it."""

    dtype: str


def _tensor(
    storage: npt.NDArray[Any],
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    *_: object,
) -> npt.NDArray[Any]:
    """Stands for torch._utils._rebuild_tensor_v2; only contiguous tensors are accepted."""
    expected = tuple(prod(size[axis + 1 :]) for axis in range(len(size)))
    contiguous = all(n == 1 or s == e for n, s, e in zip(size, stride, expected, strict=True))
    stop = offset + prod(size)
    if not contiguous or offset < 0 or stop > storage.size:
        raise pickle.UnpicklingError("a tensor does not fit its storage")
    return storage[offset:stop].reshape(size)


_ALLOWED: Mapping[tuple[str, str], Callable[..., object] | _Storage] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): _Storage("<f4"),
    ("torch", "LongStorage"): _Storage("<i8"),
    ("torch.torch_version", "TorchVersion"): _Record,
    ("pyannote.audio.core.task", "Specifications"): _Record,
    ("pyannote.audio.core.task", "Problem"): _Record,
    ("pyannote.audio.core.task", "Resolution"): _Record,
}


class _Allowed(pickle.Unpickler):
    """An unpickler that knows the names of `_ALLOWED` and no other."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str, /) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError as err:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed") from err

    def persistent_load(self, pid: Any) -> Any:
        match pid:
            case ("storage", _Storage() as storage, str() as key, str(), int() as count):
                data = self._archive.read(f"{self._root}/data/{key}")
                return np.frombuffer(data, storage.dtype, count)
        raise pickle.UnpicklingError("an unknown kind of stored object")


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a PyTorch checkpoint: its arrays by name, and its hyper-parameters.

    Understands a bare state dict and one kept under "state_dict" by Lightning. Raises
    ModelError for anything that is not such a file, or that names anything not allow-listed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            content = _Allowed(archive, _root(archive)).load()
    except (pickle.UnpicklingError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as err:
        raise ModelError(f"{path.name}: not a checkpoint that may be read: {err}") from err
    except (AttributeError, IndexError, EOFError, RecursionError) as err:
        raise ModelError(f"{path.name}: damaged checkpoint") from err
    state = content.get("state_dict", content) if isinstance(content, dict) else {}
    arrays = {str(k): v for k, v in state.items() if isinstance(v, np.ndarray)}
    if not arrays or len(arrays) != len(state):
        raise ModelError(f"{path.name}: the checkpoint holds something other than arrays")
    return Checkpoint(arrays=arrays, settings=_settings(content))


def _root(archive: zipfile.ZipFile) -> str:
    """The folder inside the archive that holds data.pkl; refuses archives that unpack huge."""
    if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
        raise zipfile.BadZipFile("the archive is larger than any weights in use")
    roots = [name.removesuffix("/data.pkl") for name in archive.namelist() if "/data.pkl" in name]
    if len(roots) != 1:
        raise zipfile.BadZipFile("the archive holds no data.pkl")
    return roots[0]


def _settings(content: Mapping[str, Any]) -> dict[str, Any]:
    """The plain part of what stands beside the weights: hyper-parameters, specifications."""
    found = {"hyper_parameters": content.get("hyper_parameters", {})}
    about = content.get("pyannote.audio")
    if isinstance(about, dict) and isinstance(about.get("specifications"), _Record):
        found["specifications"] = vars(about["specifications"])
    return {name: _plain(value) for name, value in found.items() if value}


def _plain(value: Any) -> Any:
    """Dictionaries, lists and scalars of a value; everything else in it is left out."""
    if isinstance(value, dict):
        kept = {str(k): v for k, v in value.items() if isinstance(v, (*_PLAIN, dict, list, tuple))}
        return {name: _plain(item) for name, item in kept.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value if isinstance(item, _PLAIN)]
    return value


def safetensors_bytes(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as a safetensors file; the same checkpoint always gives the same bytes.

    Written here and not by the safetensors library because the sha256 of the result is pinned
    in configs/models.toml, and the library may order or pad its header differently one day.
    """
    entries: dict[str, Any] = {"__metadata__": {"settings": _json(checkpoint.settings)}}
    blobs: list[bytes] = []
    offset = 0
    for name, array in sorted(checkpoint.arrays.items(), key=lambda x: (-x[1].itemsize, x[0])):
        blob = np.ascontiguousarray(array).tobytes()
        entries[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    header = _json(entries).encode()
    header += b" " * (-len(header) % 8)
    return b"".join([len(header).to_bytes(8, "little"), header, *blobs])


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def read_settings(path: Path) -> dict[str, Any]:
    """The settings kept in a safetensors file of `safetensors_bytes`; empty when it has none.

    Raises ValueError for a file that is no safetensors file, OSError where it cannot be read.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _MAX_HEADER_BYTES:
            raise ValueError("no safetensors file")
        header = json.loads(file.read(length))
    settings: dict[str, Any] = json.loads(header.get("__metadata__", {}).get("settings", "{}"))
    return settings
