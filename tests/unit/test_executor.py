"""A batch: one bad recording stops no other, and no report ever takes another one's place."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import builders as build
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import load_config
from pipeline.errors import (
    ConfigError,
    ContractError,
    InputError,
    ModelError,
    PipelineError,
    StoreError,
    UnreadableAudio,
)
from pipeline.executors.local import Outcome, analyze, exit_code, folder_name
from pipeline.run import Bench, publish
from pipeline.stages.exports import export_files
from pipeline.store import Store

ODD_NAMES = {
    "quotes": """it's a "call".wav""",
    "newline": "first line\nsecond line.wav",
    "emoji": "call 📞🎉.wav",
    "markup": "<script>alert(1)<.wav",
    "255 bytes": "é" * 125 + "x.wav",
    "dots": "...wav",
    "reserved": "con.wav",
    "no text": os.fsdecode(b"caf\xe9.wav"),
}


class Log:
    """Writes down what it hears of a batch."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int, int]] = []
        self.stages: list[str] = []
        self.ended: list[Outcome] = []

    def recording_started(self, path: Path, *, number: int, count: int) -> None:
        self.started.append((path.name, number, count))

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None:
        if share == 0.0:
            self.stages.append(stage)

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None:
        self.ended.append(outcome)


class FailingModels(build.FakeModels):
    """Fakes that fail once a model is asked for, until `failures` are used up."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__(lines=build.NOBODY)
        self.failures = list(failures)

    def get(self, task: Any) -> Any:
        if task.stage.load is not None and self.failures:
            raise self.failures.pop(0)
        return super().get(task)


def silence(path: Path, *, seconds: int = 2) -> Path:
    """A recording in which nobody speaks; each length is another recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    quiet = (build.said("S1", "", seconds - 1, seconds - 1),)
    return build.write_call(path, quiet)


def batch(
    paths: Sequence[Path], tmp_path: Path, *, models: Any = None, log: Log | None = None
) -> list[Outcome]:
    """Analyse recordings to tmp_path/out with the store of tmp_path."""
    fakes = models or build.FakeModels(lines=build.NOBODY)
    bench = Bench(store=Store(root=tmp_path / "store"), models=fakes)
    return analyze(
        paths, config=load_config(), out=tmp_path / "out", bench=bench, observer=log or Log()
    )


def folders(tmp_path: Path) -> list[str]:
    """The names of the folders under tmp_path/out."""
    return sorted(path.name for path in (tmp_path / "out").iterdir())


def digest_in(folder: Path | None) -> str:
    """Whose report lies in a folder."""
    assert folder is not None
    report = json.loads((folder / "report.json").read_text("utf-8"))
    return str(report["recording"]["digest"])


def _one_failed(outcomes: Sequence[Outcome]) -> tuple[Outcome, Outcome]:
    """Of two outcomes the failed one and the other; which it is may be chance, as both run."""
    failed, analysed = sorted(outcomes, key=lambda outcome: outcome.error is None)
    assert analysed.report is not None
    return failed, analysed


# --- one bad recording


def test_one_bad_recording_stops_no_other(tmp_path: Path) -> None:
    """Missing, empty and disguised files fail with their reason; those around them finish."""
    paths = [
        silence(tmp_path / "a.wav"),
        tmp_path / "missing.wav",
        tmp_path / "empty.wav",
        tmp_path / "text.wav",
        silence(tmp_path / "b.wav", seconds=3),
    ]
    paths[2].touch()
    paths[3].write_text("Dear diary, this is no sound.")
    log = Log()
    outcomes = batch(paths, tmp_path, log=log)
    assert [type(outcome.error) for outcome in outcomes] == [
        type(None),
        UnreadableAudio,
        UnreadableAudio,
        UnreadableAudio,
        type(None),
    ]
    assert [outcome.path for outcome in outcomes] == paths
    assert folders(tmp_path) == ["a", "b"]
    assert sorted(outcome.path for outcome in log.ended) == sorted(paths)
    assert log.started == [(path.name, number, 5) for number, path in enumerate(paths, start=1)]
    assert exit_code(outcomes) == 3


@pytest.mark.parametrize("error", [ModelError("m"), StoreError("s"), KeyError("bug")])
def test_a_failure_inside_a_stage_is_that_recordings_own(error: Exception, tmp_path: Path) -> None:
    """Whatever a stage raises, the next recording is analysed."""
    paths = [silence(tmp_path / "a.wav"), silence(tmp_path / "b.wav", seconds=3)]
    failed, analysed = _one_failed(batch(paths, tmp_path, models=FailingModels(error)))
    kind = type(error) if isinstance(error, PipelineError) else ContractError
    assert type(failed.error) is kind
    assert folders(tmp_path) == [analysed.path.stem]


@pytest.mark.parametrize("place", ["pipeline.run.export_files", "pipeline.executors.local.publish"])
def test_a_bug_outside_the_stages_is_that_recordings_own(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception while files are made or written stops no batch either."""
    calls: list[int] = []
    real = {"pipeline.run.export_files": export_files}.get(place, publish)

    def fail_first(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("bug")
        return real(*arguments, **options)

    monkeypatch.setattr(place, fail_first)
    paths = [silence(tmp_path / "a.wav"), silence(tmp_path / "b.wav", seconds=3)]
    failed, _ = _one_failed(batch(paths, tmp_path))
    assert type(failed.error) is ContractError


def test_an_out_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    """It is refused with its name before a stage runs, not after hours of work."""
    (tmp_path / "out").write_text("in the way")
    log = Log()
    with pytest.raises(StoreError) as caught:
        batch([silence(tmp_path / "a.wav")], tmp_path, log=log)
    assert str(tmp_path / "out") in str(caught.value)
    assert caught.value.exit_code == 6
    assert log.stages == []


def test_a_second_run_repeats_nothing(tmp_path: Path) -> None:
    """After a batch in which one failed, the next run works on that one only."""
    paths = [silence(tmp_path / "a.wav"), silence(tmp_path / "b.wav", seconds=3)]
    batch(paths, tmp_path, models=FailingModels(ModelError("no memory")))
    log = Log()
    outcomes = batch(paths, tmp_path, log=log)
    assert exit_code(outcomes) == 0
    assert "audio" not in log.stages
    assert log.stages.count("diarize") == 1


# --- exit codes


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([], 0),
        ([None], 0),
        ([None, UnreadableAudio("")], 3),
        ([UnreadableAudio(""), InputError("")], 3),
        ([ConfigError("")], 2),
        ([ModelError(""), None], 4),
        ([StoreError("")], 6),
        ([UnreadableAudio(""), StoreError("")], 1),
    ],
)
def test_the_exit_code_tells_what_failed(errors: list[PipelineError | None], code: int) -> None:
    """0 where nothing failed, the errors' own code where they agree, else 1: never 0."""
    outcomes = [Outcome(path=Path("x"), seconds=0.0, error=error) for error in errors]
    assert exit_code(outcomes) == code


# --- folders


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES.keys())
def test_odd_names_get_a_folder_and_a_report(name: str, tmp_path: Path) -> None:
    """A recording of any name gets one folder right under out, and the report says its name."""
    outcomes = batch([silence(tmp_path / name)], tmp_path)
    assert outcomes[0].error is None
    assert len(folders(tmp_path)) == 1
    report = json.loads(
        (tmp_path / "out" / folders(tmp_path)[0] / "report.json").read_text("utf-8")
    )
    assert report["recording"]["name"] == os.fsencode(name).decode("utf-8", "replace")


def test_two_recordings_of_one_name_keep_both_reports(tmp_path: Path) -> None:
    """The second gets part of its digest in its folder's name, today and in later runs."""
    one = silence(tmp_path / "x" / "call.wav")
    other = silence(tmp_path / "y" / "call.wav", seconds=3)
    first, second = batch([one, other], tmp_path)
    assert first.folder == tmp_path / "out" / "call"
    assert digest_in(first.folder) != digest_in(second.folder)
    assert second.folder is not None
    assert second.folder.name == f"call-{digest_in(second.folder)[:8]}"
    again = batch([other, one], tmp_path)
    assert [outcome.folder for outcome in again] == [second.folder, first.folder]


def test_suffixes_do_not_mix_reports(tmp_path: Path) -> None:
    """call.wav and call.mp3 are two recordings: neither report replaces the other."""
    paths = [silence(tmp_path / "call.wav"), silence(tmp_path / "call.mp3", seconds=3)]
    digests = {digest_in(outcome.folder) for outcome in batch(paths, tmp_path)}
    assert len(digests) == len(folders(tmp_path)) == 2


def test_the_same_recording_keeps_its_folder(tmp_path: Path) -> None:
    """Analysed again, a recording's report replaces its own older one."""
    path = silence(tmp_path / "call.wav")
    assert batch([path], tmp_path)[0].folder == batch([path], tmp_path)[0].folder
    assert folders(tmp_path) == ["call"]


def test_a_damaged_report_is_replaced(tmp_path: Path) -> None:
    """A folder whose report.json cannot be read is taken, and its report is whole again."""
    path = silence(tmp_path / "call.wav")
    (tmp_path / "out" / "call").mkdir(parents=True)
    (tmp_path / "out" / "call" / "report.json").write_text('{"recording": ')
    outcomes = batch([path], tmp_path)
    assert len(digest_in(outcomes[0].folder)) == 64
    assert folders(tmp_path) == ["call"]


def test_nothing_but_the_report_lies_in_the_folder(tmp_path: Path) -> None:
    """No temporary file is left beside the twelve."""
    outcomes = batch([silence(tmp_path / "call.wav")], tmp_path)
    assert outcomes[0].folder is not None
    assert len(list(outcomes[0].folder.iterdir())) == 12


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("call.wav", "call"),
        ("Anruf mit Zoë (2).mp3", "Anruf mit Zoë (2)"),
        ("交渉.m4a", "交渉"),
        ("2024-01-31 10.30.wav", "2024-01-31 10.30"),
        ("a/b\\c:d*e?f.wav", None),
        ("<script>.wav", "_script_"),
        ("line\nbreak\ttab\x00.wav", "line_break_tab_"),
        ("trailing. .wav", "trailing"),
        (".wav", None),
        ("....", "recording"),
        ("", "recording"),
        ("CON.wav", "_CON"),
        ("com1.backup.wav", "_com1.backup"),
        ("LPT9", "_LPT9"),
        ("console.wav", "console"),
    ],
)
def test_folder_names_are_safe_and_readable(name: str, folder: str | None) -> None:
    """What people wrote stays as far as every system allows it."""
    found = folder_name(name)
    assert folder is None or found == folder
    assert not set(found) & set('/\\:*?"<>|\n\t\x00')


def test_long_names_are_cut_and_stay_apart() -> None:
    """Names that differ only after 100 bytes get folders that differ."""
    one, other = folder_name("x" * 200 + "1.wav"), folder_name("x" * 200 + "2.wav")
    assert one != other
    assert one[:80] == other[:80]


@given(st.text(max_size=300))
def test_every_name_gives_a_usable_folder(name: str) -> None:
    """Any text gives one path component of 1 to 100 bytes that is no special name."""
    found = folder_name(name)
    assert 1 <= len(found.encode()) <= 100
    assert Path(found).name == found
    assert found not in (".", "..")
    assert found == found.strip(" .")
    assert found.isprintable()
