"""The command line: what it prints where, and what it exits with."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import builders as build
import pytest
from click.testing import Result
from command_line import parley
from rich.console import Console

from pipeline.errors import ModelError
from pipeline.models.registry import shipped_weights
from pipeline.run import Models
from pipeline.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "pyannote", "faster_whisper", "ctranslate2", "numpy", "polars", "av", "altair"}
HOSTILE = "evil\n[red]parley: all is well\x1b[2J\u202e :fire:.wav"
OPTIONS = (
    "--out", "--config", "--set", "--speakers", "--names", "--me", "--language", "--model",
    "--device", "--audio", "--all-tags", "--earlier", "--force", "--json", "--quiet",
)  # fmt: skip


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """A recording that the fakes understand."""
    return build.write_call(tmp_path / "call.wav", build.CALL[:2])


def analyze(*arguments: Path | str, out: Path) -> Result:
    """Run `parley analyze` with an output folder."""
    return parley("analyze", *arguments, "--out", out)


def parley_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, as it is run from a shell."""
    program = "import sys; from pipeline.apps.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


# --- help and version


def test_help_imports_nothing_heavy() -> None:
    """`parley --help` answers without torch, numpy, polars or any model library."""
    program = (
        "import sys\n"
        "from pipeline.apps.cli import main\n"
        "sys.argv = ['parley', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text, _, modules = done.stdout.strip().rpartition("\n")
    assert "analyze" in text
    assert "typer" in modules.split()
    assert not HEAVY & set(modules.split())


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import pipeline` loads no model library."""
    program = "import sys, pipeline; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_the_issue_is_there(option: str) -> None:
    """`parley analyze --help` lists each promised option."""
    assert option in parley("analyze", "--help").stdout


def test_version_is_that_of_the_project() -> None:
    """`parley --version` prints the version that pyproject.toml names."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    done = parley("--version")
    assert (done.exit_code, done.stdout) == (0, f"parley {version}\n")


@pytest.mark.parametrize(
    "arguments", [["analyze"], ["nonsense"], ["analyze", "x.wav", "--nonsense"]]
)
def test_a_wrong_command_line_exits_with_2(arguments: list[str]) -> None:
    """What cannot be parsed is a configuration error, told on standard error."""
    done = parley(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr


# --- analyze: the sound


@pytest.mark.usefixtures("fakes")
def test_the_sound_lies_beside_the_page_until_it_is_not_wanted(call: Path, tmp_path: Path) -> None:
    """call.mp3 is there by default; another way to play removes it again, as it may be private."""
    report = tmp_path / "out/call"
    for audio, linked in (("link", True), ("none", False), ("link", True), ("embed", False)):
        done = analyze(call, "--audio", audio, out=tmp_path / "out")
        assert done.exit_code == 0, done.stderr
        assert (report / "call.mp3").is_file() is linked
        page = (report / "report.html").read_text("utf-8")
        assert ("<audio" in page) is (audio != "none")
    assert 'src="data:audio/mpeg;base64,' in page


def test_another_way_to_play_is_refused(call: Path, tmp_path: Path) -> None:
    """A word that is none of the three is a configuration error that names them."""
    done = analyze(call, "--audio", "loud", out=tmp_path / "out")
    assert done.exit_code == 2
    assert "page.audio: 'loud' is not one of embed, link, none" in done.stderr


# --- analyze: what is printed


def test_the_summary_is_on_standard_output(
    call: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """The table names each speaker, and the last line says where the report lies."""
    done = analyze(call, "--names", "Ana,Ben", "--me", "Ana", out=tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "Ana (you)" in done.stdout
    assert "Ben" in done.stdout
    assert done.stdout.splitlines()[-1] == f"report: {tmp_path}/out/call/report.html"
    assert (tmp_path / "out" / "call" / "report.html").is_file()


def test_progress_is_plain_lines_on_standard_error(
    call: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """Without a terminal each stage gets one line, the recording a first and a last one."""
    lines = analyze(call, out=tmp_path / "out").stderr.splitlines()
    assert lines[0] == "[1/1] call.wav"
    names = [*(stage.name for stage in STAGES), "playback"]
    assert [line.split()[:2] for line in lines[1:-1]] == [[name, "done"] for name in names]
    assert lines[-1].split()[0] == "finished"
    assert "\x1b" not in "".join(lines)


def test_a_terminal_gets_a_bar_for_each_recording(
    call: Path, fakes: build.FakeModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal each recording has a bar that ends as done or failed; its name is no markup."""
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, markup=False, highlight=False)
    monkeypatch.setattr("pipeline.apps.console.STDERR", terminal)
    text = tmp_path / "[red]x[bold].wav"
    text.write_text("no sound")
    analyze(call, text, out=tmp_path / "out")
    last = [line for line in screen.getvalue().splitlines() if "100%" in line or "failed" in line]
    assert any("1/2" in line and "call.wav" in line and "done" in line for line in last)
    assert any("2/2" in line and "[red]x[bold].wav" in line for line in last)


def test_json_is_all_of_standard_output(
    call: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """With --json standard output is one JSON document, with an entry for each recording."""
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    done = analyze(call, text, "--json", out=tmp_path / "out")
    good, bad = json.loads(done.stdout)
    assert done.exit_code == 3
    assert (good["status"], good["error"]) == ("ok", None)
    assert good["folder"] == str(tmp_path / "out" / "call")
    assert [speaker["id"] for speaker in good["speakers"]] == ["S1", "S2"]
    assert (bad["status"], bad["folder"]) == ("failed", None)
    assert bad["error"]["kind"] == "UnreadableAudio"
    assert bad["error"]["message"]


def test_jobs_are_recordings_at_a_time(call: Path, fakes: build.FakeModels, tmp_path: Path) -> None:
    """One at a time is a choice; none at a time is none, said before any work."""
    done = analyze(call, "--jobs", "1", out=tmp_path / "out")
    assert done.exit_code == 0
    none = analyze(call, "--jobs", "0", out=tmp_path / "none")
    assert none.exit_code == 2
    assert "--jobs" in none.stderr
    assert not (tmp_path / "none").exists()


def test_quiet_says_nothing_when_all_is_well(
    call: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """With --quiet a success prints nothing at all."""
    done = analyze(call, "--quiet", out=tmp_path / "out")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_quiet_still_tells_of_failures(fakes: build.FakeModels, tmp_path: Path) -> None:
    """With --quiet a failure is one line on standard error."""
    done = analyze(tmp_path / "missing.wav", "--quiet", out=tmp_path / "out")
    assert (done.exit_code, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "missing.wav: there is no such file" in done.stderr


def test_the_last_lines_say_what_failed_and_why(
    call: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """After a batch the failures come last, each with its path, its reason and what to do."""
    done = analyze(tmp_path / "missing.wav", call, out=tmp_path / "out")
    assert done.exit_code == 3
    assert f"report: {tmp_path}/out/call/report.html" in done.stdout
    head, reason = done.stderr.splitlines()[-2:]
    assert head == "1 of 2 recordings failed:"
    assert reason.startswith(f"parley: {tmp_path}/missing.wav: ")
    assert reason.endswith("check the path")


def test_the_second_time_no_stage_is_run(
    call: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """The same command again prints the same, and no stage on the way there."""
    first, second = (analyze(call, out=tmp_path / "out") for _ in range(2))
    assert first.stdout == second.stdout
    assert fakes.asked == ["diarize", "transcribe", "tactics"]
    assert not [line for line in second.stderr.splitlines() if "done" in line]


def test_force_runs_every_stage_again(call: Path, fakes: build.FakeModels, tmp_path: Path) -> None:
    """With --force the models are asked once more."""
    analyze(call, out=tmp_path / "out")
    analyze(call, "--force", out=tmp_path / "out")
    assert fakes.asked == ["diarize", "transcribe", "tactics"] * 2


def test_options_are_settings(call: Path, fakes: build.FakeModels, tmp_path: Path) -> None:
    """An option wins over --set, which wins over the file."""
    file = tmp_path / "mine.toml"
    file.write_text("[report]\nnames = ['X', 'Y']\n[diarize]\nspeakers = 1\n")
    done = analyze(
        *(call, "--json", "--config", file, "--set", "diarize.speakers=3"),
        *("--speakers", "2", "--set", "report.names=Ana,Ben"),
        out=tmp_path / "out",
    )
    assert [one["name"] for one in json.loads(done.stdout)[0]["speakers"]] == ["Ana", "Ben"]


# --- hostile names


def test_a_hostile_name_cannot_forge_lines(fakes: build.FakeModels, tmp_path: Path) -> None:
    """Newlines, escapes, direction marks and markup of a file's name are printed harmlessly."""
    path = tmp_path / HOSTILE
    path.write_text("no sound")
    done = analyze(path, out=tmp_path / "out")
    assert done.exit_code == 3
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["[1/1]", "failed", "parley:"]
    assert not set("\x1b\u202e") & set(done.stderr)
    first, _, last = done.stderr.splitlines()
    assert all("[red]parley: all is well" in line and ":fire:" in line for line in (first, last))


def test_a_hostile_name_of_a_good_recording_is_printed_harmlessly(
    fakes: build.FakeModels, tmp_path: Path
) -> None:
    """The summary, too, shows one line for the report, and no control character."""
    path = build.write_call(tmp_path / HOSTILE)
    done = analyze(path, out=tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert not set("\x1b\u202e") & set(done.output)
    assert len([line for line in done.stdout.splitlines() if line.startswith("report:")]) == 1
    assert not [line for line in done.output.splitlines() if line.startswith("[red]")]


def test_long_messages_stay_on_one_line(fakes: build.FakeModels, tmp_path: Path) -> None:
    """A path longer than a terminal is wide is not broken, so that it can be copied."""
    path = tmp_path / ("deep" * 20) / ("name" * 40 + ".wav")
    done = analyze(path, "--quiet", out=tmp_path / "out")
    assert str(path) in done.stderr.splitlines()[0]


# --- exit codes


def config_file(tmp_path: Path) -> str:
    """A settings file with a misspelt key."""
    (tmp_path / "bad.toml").write_text("[diarize]\nspeaker = 2\n")
    return str(tmp_path / "bad.toml")


def test_an_unknown_setting_exits_with_2_and_a_hint(call: Path, tmp_path: Path) -> None:
    """A misspelt setting, typed or in a file, is one line that names the real one."""
    for arguments in (["--set", "diarize.speaker=2"], ["--config", config_file(tmp_path)]):
        done = analyze(call, *arguments, out=tmp_path / "out")
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
        assert "did you mean diarize.speakers?" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speakers", "many"],
        ["--device", "tpu"],
        ["--me", "Ana"],
        ["--language", "klingon!"],
        ["--set", "turns.snap_ms"],
        ["--config", "missing.toml"],
    ],
)
def test_wrong_options_exit_with_2(arguments: list[str], call: Path, tmp_path: Path) -> None:
    """A wrong value is one line on standard error, before anything is run."""
    done = analyze(call, *arguments, out=tmp_path / "out")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("parley: ")
    assert done.stderr.count("\n") == 1


def test_a_folder_without_recordings_exits_with_3(tmp_path: Path) -> None:
    """An empty folder and a pattern without a match are input errors."""
    for pattern in (tmp_path, tmp_path / "*.wav"):
        assert analyze(pattern, out=tmp_path / "out").exit_code == 3


def test_missing_weights_exit_with_4_and_the_command(call: Path, tmp_path: Path) -> None:
    """Offline and without weights, the error says which command fetches them."""
    done = analyze(call, "--device", "cpu", out=tmp_path / "out")
    assert done.exit_code == 4
    assert "parley models fetch segmentation-3.0" in done.stderr.splitlines()[-1]


def test_cuda_that_is_not_there_exits_with_4(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--device cuda without a GPU is an error that offers the CPU."""
    monkeypatch.setattr("pipeline.models.device._loads", lambda _: False)
    done = analyze(call, "--device", "cuda", out=tmp_path / "out")
    assert done.exit_code == 4
    assert "device = cpu" in done.stderr.splitlines()[-1]


def test_a_bug_exits_with_5(call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception is one line that asks for a report, and no traceback."""

    def bug(*_: Any) -> None:
        raise KeyError("start_ms")

    monkeypatch.setattr(Models, "get", bug)
    done = analyze(call, out=tmp_path / "out")
    assert done.exit_code == 5
    assert "please report this" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.output


def test_an_unwritable_out_exits_with_6(
    call: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """An out folder that cannot be made is a store error."""
    (tmp_path / "file").touch()
    done = analyze(call, out=tmp_path / "file" / "out")
    assert done.exit_code == 6
    assert "choose another folder" in done.stderr


def test_different_failures_exit_with_1(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where recordings failed for different reasons no single code fits."""

    def no_engine(*_: Any) -> None:
        raise ModelError("the engine failed")

    monkeypatch.setattr(Models, "get", no_engine)
    assert analyze(call, tmp_path / "missing.wav", out=tmp_path / "out").exit_code == 1


def test_stopping_is_said_in_a_line(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends with 130, as shells expect, and says that the work is kept."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Models, "get", stop)
    done = analyze(call, out=tmp_path / "out")
    assert done.exit_code == 130
    assert "what was finished is kept" in done.stderr


def test_exit_code_and_streams_hold_in_a_process_of_its_own(tmp_path: Path) -> None:
    """What tests see in this process is what a shell sees: code, stdout and stderr."""
    done = parley_process("analyze", str(tmp_path / "missing.wav"), "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)[0]["error"]["kind"] == "UnreadableAudio"
    assert len(done.stderr.splitlines()) == 1


def test_json_is_ascii_whatever_the_terminal(tmp_path: Path) -> None:
    """Names of any script leave as JSON escapes: no terminal's encoding can break the output."""
    done = parley_process(
        "analyze", str(tmp_path / "отсутствует 📞.wav"), "--json", PYTHONIOENCODING="ascii"
    )
    assert "отсутствует 📞" in json.loads(done.stdout)[0]["path"]


# --- models and doctor


def test_models_list_names_all_weights(tmp_path: Path) -> None:
    """Each known set of weights has a line with its licence; none is here."""
    done = parley("models", "list")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    for weights in shipped_weights():
        (line,) = [line for line in lines if line.split()[:1] == [weights.name]]
        assert weights.licence in line
        assert line.split()[-1] == "no"
    assert lines[-1] == f"folder: {os.environ['PARLEY_MODELS']}"


def test_models_verify_without_weights_exits_with_4() -> None:
    """Every file that an analysis needs is listed as missing, and what to run is said."""
    done = parley("models", "verify")
    assert done.exit_code == 4
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"missing"}
    assert "parley models fetch" in done.stderr


def test_models_fetch_knows_only_what_is_listed() -> None:
    """An unknown name is a configuration error that lists the known ones."""
    done = parley("models", "fetch", "nonsense")
    assert done.exit_code == 2
    assert all(weights.name in done.stderr for weights in shipped_weights())


def test_doctor_prints_one_line_for_each_check() -> None:
    """Each line is ok or a problem with what to do; missing weights make it fail."""
    done = parley("doctor")
    rows = [line.partition(":")[0].split(maxsplit=1) for line in done.stdout.splitlines()]
    assert {status for status, _ in rows} == {"ok", "problem"}
    names = [name for _, name in rows]
    assert len(names) == len(set(names))
    assert {"Python", "CPU", "GPU", "FFmpeg", "disk", "telemetry"} <= set(names)
    assert {f"weights {weights.name}" for weights in shipped_weights()} <= set(names)
    assert all("->" in line for line in done.stdout.splitlines() if line.startswith("problem"))
    assert done.exit_code == 1
