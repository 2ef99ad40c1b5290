"""Weights are found by name, offline too, and damage is noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from toy_weights import CONTENT, index, sha256, toy

from pipeline.errors import ModelError
from pipeline.models import fetch, weights
from pipeline.models.weights import is_offline, locate, models_directory, verify


def test_locate_fetches_what_is_missing_then_only_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Online, missing weights are fetched; from then on nothing is downloaded or hashed."""
    fetched: list[str] = []
    monkeypatch.setattr(
        weights,
        "fetch",
        lambda items, folder, progress: fetched.extend(
            fetch.fetch(items, folder, progress, download=index([]))
        ),
    )
    found = locate("toy", kind="whisper", directory=tmp_path, registry=[toy()], offline=False)
    assert (found, fetched) == (tmp_path / "toy", ["toy"])
    monkeypatch.setattr(weights, "sha256_of", lambda path: pytest.fail("hashed again"))
    assert locate("toy", directory=tmp_path, registry=[toy()], offline=True) == found
    assert fetched == ["toy"]


def test_offline_names_what_is_missing_and_the_command(tmp_path: Path) -> None:
    """Offline, missing weights are an error with the file, the folder and the command."""
    with pytest.raises(ModelError) as caught:
        locate("toy", directory=tmp_path, registry=[toy()], offline=True)
    for text in ("model.bin, config.json", str(tmp_path), "parley models fetch toy"):
        assert text in str(caught.value)


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    """A file changed after it was verified is hashed again and refused, with both hashes."""
    fetch.fetch([toy()], tmp_path, download=index([]))
    locate("toy", directory=tmp_path, registry=[toy()], offline=True)
    (tmp_path / "toy" / "model.bin").write_bytes(b"damaged")
    with pytest.raises(ModelError) as caught:
        locate("toy", directory=tmp_path, registry=[toy()], offline=True)
    for text in ("model.bin", sha256(CONTENT), sha256(b"damaged"), "parley models fetch toy"):
        assert text in str(caught.value)


def test_verify_always_hashes(tmp_path: Path) -> None:
    """Damage that leaves size and time as they were is found by `verify`, and then by `locate`."""
    fetch.fetch([toy()], tmp_path, download=index([]))
    path = tmp_path / "toy" / "model.bin"
    assert [state.state for state in verify(toy(), tmp_path)] == ["ok", "ok"]
    before = path.stat()
    path.write_bytes(bytes(len(CONTENT)))
    weights.os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [state.state for state in verify(toy(), tmp_path)] == ["wrong", "ok"]
    with pytest.raises(ModelError, match="damaged"):
        locate("toy", directory=tmp_path, registry=[toy()], offline=True)
    path.unlink()
    assert [state.state for state in verify(toy(), tmp_path)] == ["missing", "ok"]


def test_an_explicit_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """A path that exists is used without asking the registry; a bare name is never a path."""
    folder = tmp_path / "mine"
    folder.mkdir()
    assert locate(str(folder), registry=[], offline=True) == folder.resolve()
    with pytest.raises(ModelError, match="no weights at"):
        locate(str(tmp_path / "gone"), registry=[], offline=False)


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    """Asking whisper's place for an embedding is an error before anything loads."""
    with pytest.raises(ModelError, match="for whisper, not for embedding"):
        locate("toy", kind="embedding", directory=tmp_path, registry=[toy()], offline=True)


@pytest.mark.parametrize("name", ["large-v3-turbo", "pyannote/speaker-diarization-community-1"])
def test_the_hub_is_not_reached_offline(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline, a hub's name that is not in the hub's own cache is an error with the command."""
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=f"parley models fetch {name}"):
        locate(name, directory=tmp_path, registry=[], offline=True)


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    """A name that nobody knows points to the list of those known."""
    with pytest.raises(ModelError, match="parley models list"):
        locate("no-such-model", directory=tmp_path, registry=[], offline=True)
    with pytest.raises(ModelError, match="parley models list"):
        locate("x", kind="embedding", directory=tmp_path, registry=[], offline=True)


def test_environment_decides_folder_and_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """PARLEY_MODELS, XDG_CACHE_HOME, PARLEY_OFFLINE and HF_HUB_OFFLINE are honoured."""
    assert models_directory({"PARLEY_MODELS": "/m", "XDG_CACHE_HOME": "/c"}) == Path("/m")
    assert models_directory({"XDG_CACHE_HOME": "/c"}) == Path("/c/parley/models")
    assert models_directory({}) == Path.home() / ".cache" / "parley" / "models"
    assert is_offline({"PARLEY_OFFLINE": "1"})
    assert is_offline({"HF_HUB_OFFLINE": "true"})
    assert not is_offline({"PARLEY_OFFLINE": "0"})


def test_nothing_heavy_is_imported() -> None:
    """Importing every module of models that is not a network definition loads no torch."""
    code = (
        "import sys, pipeline.models.weights, pipeline.models.fetch, pipeline.models.embedding, "
        "pipeline.models.segmentation, pipeline.models.device, pipeline.models.doctor\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "torch",
        "pyannote",
        "faster_whisper",
        "ctranslate2",
        "huggingface_hub",
        "av",
        "polars",
    }
    assert not heavy & set(done.stdout.split())
