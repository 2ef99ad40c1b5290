"""Carrying out a plan: nothing twice, nothing damaged served, every failure of the tree."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders as build
import polars as pl
import pytest

from pipeline.config import Config, load_config
from pipeline.errors import (
    ContractError,
    ModelError,
    StoreError,
    UnreadableAudio,
)
from pipeline.plan import Plan, plan, read_recording
from pipeline.run import Bench, Models, obtain, playback, publish, publish_playback, results
from pipeline.stages import STAGES
from pipeline.store import Store

ALL = [stage.name for stage in STAGES]
PROMISED = {
    "report.html",
    "report.json",
    "transcript.txt",
    "transcript.srt",
    "transcript.vtt",
    "words.ctm",
    "speech.rttm",
    "turns.csv",
    "tactics.csv",
    "offers.csv",
    "metrics.csv",
}


class Log:
    """Hears a bench; `ran` lists the stages that were finished, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, float]] = []

    def __call__(self, stage: str, share: float) -> None:
        self.heard.append((stage, share))

    @property
    def ran(self) -> list[str]:
        return list(dict.fromkeys(stage for stage, _ in self.heard))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with call.wav and a store in which all its stages are done; only copy from it."""
    folder = tmp_path_factory.mktemp("finished")
    call = build.write_call(folder / "call.wav")
    results(planned(call), bench=bench_at(folder))
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished folder to do with as a test likes."""
    shutil.copytree(finished, tmp_path / "work")
    return tmp_path / "work"


def planned(call: Path, config: Config | None = None) -> Plan:
    """The plan of a recording."""
    return plan(read_recording(call), config=config or load_config())


def bench_at(folder: Path, **changes: Any) -> Bench:
    """A bench with fake models and the store of a folder."""
    given = {"store": Store(root=folder / "store"), "models": build.FakeModels()}
    return Bench(**given | changes)


def ran(whole: Plan, folder: Path, **changes: Any) -> list[str]:
    """The stages that run when all files of a recording are wanted."""
    log = Log()
    results(whole, bench=bench_at(folder, listener=log, **changes))
    return log.ran


def with_run(whole: Plan, name: str, run: Callable[..., Any]) -> Plan:
    """The plan with another function for one stage, under the same keys."""
    tasks = tuple(
        dataclasses.replace(task, stage=dataclasses.replace(task.stage, run=run))
        if task.stage.name == name
        else task
        for task in whole.tasks
    )
    return dataclasses.replace(whole, tasks=tasks)


def failing(error: BaseException) -> Callable[..., Any]:
    """A stage's function that fails."""

    def run(**_: Any) -> Any:
        raise error

    return run


# --- what comes out


def test_exactly_the_promised_files_are_made(folder: Path) -> None:
    """A recording's results are the eleven files that the issue names, none of them empty."""
    files = results(planned(folder / "call.wav"), bench=bench_at(folder))
    assert set(files) == PROMISED
    assert all(files.values())


@pytest.mark.parametrize("channels", [1, 2], ids=["mono", "stereo"])
def test_what_was_said_comes_out(channels: int, tmp_path: Path) -> None:
    """From a sound file to report.json, mono or two voices on two channels, every line arrives
    at its speaker and in its place."""
    call = build.write_call(tmp_path / "call.wav", channels=channels)
    config = load_config(settings=["report.all_tags=true"])
    files = results(planned(call, config=config), bench=bench_at(tmp_path))
    report = json.loads(files["report.json"])
    assert [(t["speaker"], t["text"]) for t in report["turns"]] == [
        (one.speaker, one.text) for one in build.CALL
    ]
    for turn, one in zip(report["turns"], build.CALL, strict=True):
        assert turn["start_s"] == pytest.approx(one.start_ms / 1000, abs=0.1)
        assert turn["end_s"] == pytest.approx(one.end_ms / 1000, abs=0.1)
    assert report["recording"]["channels"] == channels
    assert {tag["tactic"] for tag in report["tactics"]} >= {
        t for o in build.CALL for t, _ in o.tags
    }


def test_silence_gives_a_report_that_says_so(tmp_path: Path) -> None:
    """Where nobody speaks all files are made, and the report warns."""
    call = build.write_call(tmp_path / "call.wav", build.NOBODY)
    files = results(planned(call), bench=bench_at(tmp_path))
    report = json.loads(files["report.json"])
    assert set(files) == PROMISED
    assert report["speakers"] == report["turns"] == []
    assert any("No speech" in warning for warning in report["quality"]["warnings"])


# --- nothing twice


def test_the_first_time_every_stage_runs_once(finished: Path, tmp_path: Path) -> None:
    """With an empty store each stage runs, in order; models are asked for by three of them."""
    models = build.FakeModels()
    assert ran(planned(finished / "call.wav"), tmp_path, models=models) == ALL
    assert models.asked == ["diarize", "transcribe", "tactics"]


def test_the_second_time_nothing_runs(folder: Path) -> None:
    """With a full store no stage runs and no model is asked for, and the files are the same."""
    models = build.FakeModels()
    whole = planned(folder / "call.wav")
    assert ran(whole, folder, models=models) == []
    assert models.asked == []
    first, second = (results(whole, bench=bench_at(folder)) for _ in range(2))
    assert first == second


def test_a_changed_rule_runs_tactics_and_what_follows(folder: Path) -> None:
    """Another codebook touches no model: recognition and turns are taken from the store."""
    config = load_config()
    book = dataclasses.replace(
        config.tactics.codebook, tactics=config.tactics.codebook.tactics[::-1]
    )
    other = dataclasses.replace(config, tactics=dataclasses.replace(config.tactics, codebook=book))
    assert ran(planned(folder / "call.wav", other), folder) == [
        "tactics",
        "offers",
        "metrics",
        "replies",
        "moments",
        "report",
        "page",
    ]


@pytest.mark.parametrize(
    ("setting", "stages"),
    [
        ("report.names=Ana,Ben", ["report", "page"]),
        ("report.all_tags=true", ["report", "page"]),
        ("page.quotes_per_tactic=1", ["page"]),
        ("transcribe.beam_size=2", ALL[2:]),
        ("run.device=cuda", []),
    ],
)
def test_a_changed_setting_runs_what_it_reaches(
    setting: str, stages: list[str], folder: Path
) -> None:
    """Only the stage of the setting and what follows from it runs again."""
    config = load_config(settings=[setting])
    assert ran(planned(folder / "call.wav", config), folder) == stages


def test_the_same_bytes_under_another_name_are_the_same_recording(folder: Path) -> None:
    """A renamed recording keeps all model work; only the report, which names it, is new."""
    renamed = (folder / "call.wav").rename(folder / "renamed.wav")
    assert ran(planned(renamed), folder) == ["report", "page"]


def test_force_makes_everything_once_more_and_nothing_twice(folder: Path) -> None:
    """With force each stage runs once, though many stages take its result; then all is stored."""
    log = Log()
    bench = bench_at(folder, force=True, listener=log)
    before = results(planned(folder / "call.wav"), bench=bench_at(folder))
    assert results(planned(folder / "call.wav"), bench=bench) == before
    assert [stage for stage, share in log.heard if share == 0.0] == ALL
    assert ran(planned(folder / "call.wav"), folder) == []


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_artefact_is_rebuilt_and_nothing_else(name: str, folder: Path) -> None:
    """A flipped byte in one artefact runs that stage again and no other; the files are right."""
    whole = planned(folder / "call.wav")
    before = results(whole, bench=bench_at(folder))
    damage(next((folder / "store" / name).rglob("data.*")))
    log = Log()
    bench = bench_at(folder, listener=log)
    obtain(name, plan=whole, bench=bench)
    assert log.ran == [name]
    assert results(whole, bench=bench) == before


def damage(data: Path) -> None:
    """Flip a byte in the middle."""
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 0xFF
    data.write_bytes(content)


def test_after_a_failure_the_next_run_goes_on(finished: Path, tmp_path: Path) -> None:
    """What was done before a stage failed is kept: the next run begins with that stage."""
    whole = planned(finished / "call.wav")
    broken = with_run(whole, "transcribe", failing(ModelError("engine failed")))
    with pytest.raises(ModelError):
        results(broken, bench=bench_at(tmp_path))
    assert ran(whole, tmp_path) == ALL[2:]


# --- failures


def test_errors_of_the_tree_pass_as_they_are(folder: Path, tmp_path: Path) -> None:
    """A stage's own error arrives unchanged."""
    error = UnreadableAudio("call.wav: damaged")
    whole = with_run(planned(folder / "call.wav"), "audio", failing(error))
    with pytest.raises(UnreadableAudio) as caught:
        results(whole, bench=bench_at(tmp_path))
    assert caught.value is error


@pytest.mark.parametrize("error", [KeyError("start_ms"), ZeroDivisionError(), TypeError("None")])
def test_any_other_exception_is_a_bug_of_ours(
    error: Exception, folder: Path, tmp_path: Path
) -> None:
    """An unexpected exception becomes a ContractError that names the stage and keeps its cause."""
    whole = with_run(planned(folder / "call.wav"), "turns", failing(error))
    with pytest.raises(ContractError, match=r"stage turns .*please report this") as caught:
        results(whole, bench=bench_at(folder / "new"))
    assert caught.value.__cause__ is error


def test_no_memory_is_no_bug(folder: Path) -> None:
    """Where memory runs out the error says what to do, and asks for no report."""
    whole = with_run(planned(folder / "call.wav"), "audio", failing(MemoryError()))
    with pytest.raises(StoreError, match="memory; close other programs"):
        results(whole, bench=bench_at(folder / "new"))


@pytest.mark.parametrize(
    "value",
    [None, pl.DataFrame({"turn": [0]}), build.speech(), build.turns()[::-1]],
    ids=["nothing", "other columns", "another frame", "out of order"],
)
def test_a_broken_promise_is_found_and_not_stored(value: Any, folder: Path) -> None:
    """What does not fit a stage's schema or check is a ContractError, and leaves no artefact."""
    whole = with_run(planned(folder / "call.wav"), "turns", lambda **_: value)
    shutil.rmtree(folder / "store" / "turns")
    with pytest.raises(ContractError):
        results(whole, bench=bench_at(folder, force=False))
    assert not list((folder / "store").glob("turns/*"))
    assert not list((folder / "store").glob(".draft-*"))


def test_stopping_leaves_nothing_half_made(folder: Path) -> None:
    """Ctrl-C in a stage is passed on, and what it had begun is gone."""
    whole = with_run(planned(folder / "call.wav"), "turns", failing(KeyboardInterrupt()))
    shutil.rmtree(folder / "store" / "turns")
    with pytest.raises(KeyboardInterrupt):
        results(whole, bench=bench_at(folder))
    assert not list((folder / "store").glob(".draft-*"))


def test_a_store_that_cannot_be_written_is_a_store_error(folder: Path) -> None:
    """A store below a file: the first stage fails with StoreError."""
    bench = bench_at(folder, store=Store(root=folder / "call.wav" / "store"))
    with pytest.raises(StoreError, match="artefact store"):
        results(planned(folder / "call.wav"), bench=bench)


# --- models and progress


def test_a_model_is_loaded_once_for_many_recordings(folder: Path) -> None:
    """The same stage with the same settings keeps its model; other settings load another."""
    loaded: list[str] = []

    def load(*, config: Any, device: Any, locate: Any) -> str:
        loaded.append(config.model)
        return "model"

    models = Models(device=build.fake_models, locate=Path)
    for setting in ("transcribe.model=base", "transcribe.model=base", "transcribe.model=tiny.en"):
        task = planned(folder / "call.wav", load_config(settings=[setting])).task("transcribe")
        stage = dataclasses.replace(task.stage, load=load)
        assert models.get(dataclasses.replace(task, stage=stage)) == "model"
    assert loaded == ["base", "tiny.en"]


def test_progress_starts_at_nothing_and_ends_with_all(folder: Path, tmp_path: Path) -> None:
    """Each stage is heard of at 0 first and at 1 last, and never goes back."""
    log = Log()
    results(planned(folder / "call.wav"), bench=bench_at(tmp_path, listener=log))
    for stage in ALL:
        shares = [share for name, share in log.heard if name == stage]
        assert (shares[0], shares[-1]) == (0.0, 1.0)
        assert shares == sorted(shares)


# --- publishing


def test_files_are_published_whole(tmp_path: Path) -> None:
    """Every file is written as it is, folders are made, and nothing else is left."""
    files = {"report.json": b"{}", "report.html": b"<!doctype html>"}
    publish(files, folder=tmp_path / "out" / "call")
    written = {path.name: path.read_bytes() for path in (tmp_path / "out" / "call").iterdir()}
    assert written == files


def test_publishing_replaces_an_older_report(tmp_path: Path) -> None:
    """The second report of a recording takes the place of the first."""
    for content in (b"old", b"new"):
        publish({"report.json": content}, folder=tmp_path)
    assert (tmp_path / "report.json").read_bytes() == b"new"


def test_an_unwritable_folder_is_a_store_error(tmp_path: Path) -> None:
    """A folder that cannot be made is named in the error."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="choose another folder"):
        publish({"report.json": b"{}"}, folder=tmp_path / "file" / "out")


# --- the sound beside the page


def test_the_sound_is_made_once_and_only_where_it_is_linked(folder: Path) -> None:
    """Linked, it comes from the audio that is stored; embedded or left out, none lies there."""
    log = Log()
    bench = bench_at(folder, listener=log)
    sounds = {
        audio: playback(
            planned(folder / "call.wav", load_config(settings=[f"page.audio={audio}"])), bench=bench
        )
        for audio in ("link", "embed", "none")
    }
    assert [bool(sound) for sound in sounds.values()] == [True, False, False]
    assert log.ran == ["playback"]


def test_a_recording_of_the_same_name_is_never_touched(tmp_path: Path) -> None:
    """Where the recording itself lies in the report's folder as call.mp3, it stays as it is."""
    recording = tmp_path / "call.mp3"
    recording.write_bytes(b"the only copy")
    for sound in (b"small", None):
        publish_playback(sound, recording=recording, folder=tmp_path)
        assert recording.read_bytes() == b"the only copy"


def test_a_sound_that_is_not_wanted_is_removed(tmp_path: Path) -> None:
    """An earlier sound goes, and where there is none nothing happens."""
    publish_playback(b"small", recording=tmp_path / "call.wav", folder=tmp_path)
    for _ in range(2):
        publish_playback(None, recording=tmp_path / "call.wav", folder=tmp_path)
        assert not list(tmp_path.iterdir())
