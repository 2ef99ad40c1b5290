"""The artefact store: whole or not at all, verified on every read, safe for several writers."""

from __future__ import annotations

import concurrent.futures
import errno
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import StoreError
from pipeline.stage import Document, Frame, Text
from pipeline.store import Store, translated, write_atomic

KEY = "0" * 64
CONTENT = b"what was computed"


def put(store: Store, content: bytes = CONTENT, *, key: str = KEY) -> Path:
    """Store bytes under a key, the way stages are stored."""
    with store.draft(suffix=".bin") as draft:
        draft.write_bytes(content)
        return store.put(stage="toy", key=key, draft=draft, recipe={"stage": "toy"})


def get(store: Store, *, key: str = KEY) -> Path | None:
    """Look the key up."""
    return store.get(stage="toy", key=key, suffix=".bin")


def put_at(root: str, content: bytes) -> bytes:
    """Store from another process and say what lies there after."""
    return put(Store(root=Path(root)), content).read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store whose folder does not exist yet."""
    return Store(root=tmp_path / "store")


# --- what is put is got


def test_what_is_put_is_got(store: Store) -> None:
    """The path that put returns is the one that get finds, with the same bytes."""
    assert get(store) is None
    path = put(store)
    assert get(store) == path
    assert path.read_bytes() == CONTENT
    assert store.has(stage="toy", key=KEY)


def test_keys_and_stages_are_apart(store: Store) -> None:
    """Another key and another stage of the same key are other artefacts."""
    put(store)
    assert get(store, key="1" * 64) is None
    assert store.get(stage="other", key=KEY, suffix=".bin") is None


def test_the_manifest_says_what_was_made(store: Store) -> None:
    """Beside the data stand its recipe, its size and its hash."""
    manifest = json.loads((put(store).parent / "manifest.json").read_text("utf-8"))
    assert manifest["recipe"] == {"stage": "toy"}
    assert manifest["bytes"] == len(CONTENT)
    assert len(manifest["sha256"]) == 64


def test_nothing_is_left_but_artefacts(store: Store) -> None:
    """A finished put leaves no draft, and neither does a draft that was never put."""
    put(store)
    with store.draft(suffix=".bin") as draft:
        draft.write_bytes(b"half")
    assert [path.name for path in store.root.iterdir()] == ["toy"]


def test_a_stage_that_fails_leaves_nothing(store: Store) -> None:
    """An exception while drafting removes the draft and is passed on."""

    def fail() -> None:
        with store.draft(suffix=".bin") as draft:
            draft.write_bytes(b"half")
            raise KeyError("bug")

    with pytest.raises(KeyError):
        fail()
    assert list(store.root.iterdir()) == []


def test_others_cannot_look_into_the_store(store: Store) -> None:
    """A new store is for its owner only: it holds what people said."""
    put(store)
    assert store.root.stat().st_mode & 0o077 == 0


def test_discard_removes_and_forgives(store: Store) -> None:
    """A discarded artefact is gone; discarding what is not there is fine."""
    put(store)
    store.discard(stage="toy", key=KEY)
    store.discard(stage="toy", key=KEY)
    assert get(store) is None


# --- damage


def _flip(data: Path) -> None:
    content = bytearray(data.read_bytes())
    content[3] ^= 1
    data.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a flipped bit": _flip,
    "cut short": lambda data: data.write_bytes(data.read_bytes()[:-1]),
    "emptied": lambda data: data.write_bytes(b""),
    "data gone": lambda data: data.unlink(),
    "manifest gone": lambda data: (data.parent / "manifest.json").unlink(),
    "manifest garbage": lambda data: (data.parent / "manifest.json").write_bytes(b"\xff{"),
    "manifest no object": lambda data: (data.parent / "manifest.json").write_text("[]"),
    "manifest without hash": lambda data: (data.parent / "manifest.json").write_text("{}"),
    "data is a folder": lambda data: (data.unlink(), data.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_counts_as_absent_and_is_replaced(damage: str, store: Store) -> None:
    """Whatever happened to an artefact, it is not served, and the next put makes it whole."""
    DAMAGE[damage](put(store))
    assert get(store) is None
    put(store)
    found = get(store)
    assert found is not None
    assert found.read_bytes() == CONTENT


# --- interruption and company

KILLED_WHILE_DRAFTING = """
import sys, time
from pathlib import Path
from pipeline.store import Store
with Store(root=Path(sys.argv[1])).draft(suffix=".bin") as draft:
    draft.write_bytes(b"half")
    print("drafting", flush=True)
    time.sleep(60)
"""
KILLED_BEFORE_THE_RENAME = """
import sys, time
from pathlib import Path
from pipeline.store import Store
store = Store(root=Path(sys.argv[1]))
Path.rename = lambda self, target: (print("renaming", flush=True), time.sleep(60))
with store.draft(suffix=".bin") as draft:
    draft.write_bytes(b"whole, but not in its place")
    store.put(stage="toy", key="0" * 64, draft=draft, recipe={})
"""


@pytest.mark.parametrize("program", [KILLED_WHILE_DRAFTING, KILLED_BEFORE_THE_RENAME])
def test_a_killed_writer_leaves_nothing_half_made(program: str, store: Store) -> None:
    """Killed at any moment before the rename, nothing lies under the key, and a put succeeds."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(store.root)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    assert not store.has(stage="toy", key=KEY)
    assert get(store) is None
    assert put(store).read_bytes() == CONTENT


def test_the_first_of_two_writers_wins(store: Store) -> None:
    """Two drafts of one key: the second put returns the first's artefact and leaves no draft."""
    with store.draft(suffix=".bin") as one, store.draft(suffix=".bin") as other:
        one.write_bytes(b"first")
        other.write_bytes(b"second")
        for draft in (one, other):
            path = store.put(stage="toy", key=KEY, draft=draft, recipe={})
            assert path.read_bytes() == b"first"
    assert [path.name for path in store.root.iterdir()] == ["toy"]


def test_processes_can_put_the_same_key(store: Store) -> None:
    """Several processes that put one key at once all end with the same, whole artefact."""
    contents = [bytes([number]) * 100_000 for number in range(8)]
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn) as pool:
        found = set(pool.map(put_at, [str(store.root)] * len(contents), contents))
    path = get(store)
    assert path is not None
    assert found == {path.read_bytes()}
    assert path.read_bytes() in contents


# --- no room, no rights


def _under_a_file(tmp_path: Path) -> Path:
    """A folder that nobody can make, root neither."""
    (tmp_path / "file").write_text("not a folder")
    return tmp_path / "file" / "store"


def test_a_root_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    """The error names the folder and says what to do; looking up finds nothing."""
    root = _under_a_file(tmp_path)
    assert get(Store(root=root)) is None
    with pytest.raises(StoreError, match="check free space and permissions") as caught:
        put(Store(root=root))
    assert str(root) in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_root_without_permission_is_a_store_error(tmp_path: Path) -> None:
    """A folder that may not be written gives the same error."""
    root = tmp_path / "locked"
    root.mkdir(mode=0o500)
    with pytest.raises(StoreError, match="permissions"):
        put(Store(root=root))


def _no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_a_store_error_and_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space while flushing an artefact: StoreError, no draft, no artefact; then it works."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _no_room)
        with pytest.raises(StoreError, match="No space left"):
            put(store)
    assert list(store.root.iterdir()) == []
    assert put(store).read_bytes() == CONTENT


def _nothing(_frame: pl.DataFrame) -> None:
    """A check that finds nothing."""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize(
    ("output", "value"),
    [
        (Frame(schema=pl.Schema({"a": pl.Int64}), check=_nothing), pl.DataFrame({"a": [1]})),
        (Document(), {"a": "b" * 100_000}),
        (Text(suffix=".txt"), "b" * 100_000),
    ],
    ids=["frame", "document", "text"],
)
def test_outputs_tell_of_a_full_disk(output: Frame | Document | Text, value: object) -> None:
    """Each kind of output, written where there is no room, gives a StoreError, not a bug report."""
    with pytest.raises(StoreError), translated("write to", Path("/dev/full")):
        output.save(value, Path("/dev/full"))


# --- files of reports


def test_an_atomic_file_is_whole_or_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the new content cannot be flushed the old file stays, and no temporary one."""
    path = tmp_path / "folder" / "report.json"
    write_atomic(path, b"old")
    monkeypatch.setattr(os, "fsync", _no_room)
    with pytest.raises(StoreError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in path.parent.iterdir()] == ["report.json"]


def test_an_atomic_file_can_be_read_by_others(tmp_path: Path) -> None:
    """A report is an ordinary file, though its temporary one was private."""
    write_atomic(tmp_path / "report.html", b"x")
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o644


def test_a_moved_store_goes_on(store: Store, tmp_path: Path) -> None:
    """Artefacts name no path: a store that was moved serves what it has."""
    put(store)
    shutil.move(store.root, tmp_path / "moved")
    assert get(Store(root=tmp_path / "moved")) is not None
