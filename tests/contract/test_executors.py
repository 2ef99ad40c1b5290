"""What every way of running a batch promises: the same files, whatever runs beside whatever."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import builders as build
import pytest

from pipeline.config import load_config
from pipeline.errors import ModelError, PipelineError
from pipeline.executors.local import Outcome, analyze
from pipeline.history import FOLDER as HISTORY
from pipeline.run import Bench
from pipeline.store import Store

AT_ONCE = (1, 2, 3)


class Log:
    """Counts the stages that are run."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def recording_started(self, path: Path, *, number: int, count: int) -> None: ...

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None:
        if share == 1.0:
            self.ran.append(stage)

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None: ...


class Fragile(build.FakeModels):
    """Models without memory for a recording; `task.inputs` names it by the key of its audio."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = ""

    def get(self, task: Any) -> Any:
        if task.stage.name == "diarize":
            self.refused = self.refused or task.inputs["audio"]
            if task.inputs["audio"] == self.refused:
                raise ModelError("no memory")
        return super().get(task)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five recordings: mono, stereo, without speech, one of a name that is taken, and a copy."""
    folder = tmp_path_factory.mktemp("calls")
    (folder / "other").mkdir()
    copy = folder / "copy.wav"
    paths = [
        build.write_call(folder / "mono.wav", build.CALL[:4]),
        build.write_call(folder / "stereo.wav", build.CALL[:3], channels=2),
        build.write_call(folder / "silent.wav", build.NOBODY),
        build.write_call(folder / "other" / "mono.wav", build.CALL[:2]),
        copy,
    ]
    copy.write_bytes(paths[0].read_bytes())
    return paths


def batch(
    paths: list[Path], folder: Path, *, at_once: int, observer: Any = None, **bench: Any
) -> list[Outcome]:
    """Analyse recordings to folder/out with the store folder/store."""
    given = {"store": Store(root=folder / "store"), "models": build.FakeModels()}
    return analyze(
        paths,
        config=load_config(),
        out=folder / "out",
        bench=Bench(**given | bench),
        observer=observer or Log(),
        at_once=at_once,
    )


def contents(folder: Path) -> Mapping[str, bytes]:
    """Every file under a folder; not the notes of where the reports lie, which name the folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and HISTORY not in path.parts
    }


@pytest.fixture(scope="module")
def expected(calls: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The files of the reports and the artefacts of a batch done one after the other."""
    folder = tmp_path_factory.mktemp("one-by-one")
    assert [one.error for one in batch(calls, folder, at_once=1)] == [None] * len(calls)
    return contents(folder)


@pytest.mark.parametrize("force", [False, True], ids=["new", "force"])
@pytest.mark.parametrize("at_once", AT_ONCE[1:])
def test_files_are_the_same_however_many_at_a_time(
    at_once: int,
    force: bool,
    calls: list[Path],
    expected: Mapping[str, bytes],
    tmp_path: Path,
) -> None:
    """Every report and every artefact has the same name and the same bytes."""
    outcomes = batch(calls, tmp_path, at_once=at_once, force=force)
    assert [one.path for one in outcomes] == calls
    assert contents(tmp_path) == expected


@pytest.mark.parametrize("at_once", AT_ONCE)
def test_a_restart_repeats_nothing(at_once: int, calls: list[Path], tmp_path: Path) -> None:
    """After a batch in which one failed only what that one lacks is made."""
    first, again = Log(), Log()
    outcomes = batch(calls, tmp_path, at_once=at_once, models=Fragile(), observer=first)
    errors: list[PipelineError | None] = [one.error for one in outcomes]
    failed = {one.path.read_bytes() for one in outcomes if one.error}
    assert {type(error) for error in errors} == {ModelError, type(None)}
    assert len(failed) == 1
    assert [one.error for one in batch(calls, tmp_path, at_once=at_once, observer=again)] == [
        None
    ] * len(calls)
    assert "audio" not in again.ran
    assert again.ran.count("diarize") == 1
    assert first.ran.count("diarize") == 3
    assert not list((tmp_path / "store").glob(".draft-*"))
