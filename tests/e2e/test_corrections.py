"""Correcting the demo call, and naming its voices, with real weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DemoCall

from pipeline.config import load_config
from pipeline.enrolment_clip import decoded

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("models")]

HEARD = ("audio", "diarize", "transcribe", "turns", "voices")


class Shell:
    """Runs `parley` in a process of its own, with a store and voices of its own."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        self.store = folder / "store"
        self.voices = folder / "voices"

    def __call__(self, *arguments: Path | str, code: int = 0) -> subprocess.CompletedProcess[str]:
        program = "from pipeline.apps.cli import main; main()"
        here = {"PARLEY_STORE": str(self.store), "PARLEY_VOICES": str(self.voices)}
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | here | {"PARLEY_OFFLINE": "1"},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def report(self, name: str) -> dict[str, Any]:
        """The report of a call."""
        report: dict[str, Any] = json.loads((self.out / name / "report.json").read_text("utf-8"))
        return report

    def heard(self) -> dict[str, set[str]]:
        """The keys of what models and turns made."""
        return {stage: {path.name for path in (self.store / stage).glob("*")} for stage in HEARD}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """One store for all tests here, so that the call is recognised once."""
    return Shell(tmp_path_factory.mktemp("corrections"))


def cut(source: Path, out: Path, *, channel: int, seconds: tuple[float, float]) -> Path:
    """A stretch of one channel as a WAV file."""
    first, last = (round(16_000 * second) for second in seconds)
    samples = decoded(source, config=load_config()).samples[channel, first:last]
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.ascontiguousarray(samples).tobytes())
    return out


def test_a_call_is_enrolled_named_and_corrected(
    demo_call: DemoCall, shell: Shell, tmp_path: Path
) -> None:
    """Maria, enrolled from her channel, is named in the mono call; corrections go first, run
    nothing that hears, take talk time along, and are undone without a trace."""
    clip = cut(demo_call.stereo, tmp_path / "maria.wav", channel=0, seconds=(0, 60))
    shell("enrol", "Maria", clip)
    shell("analyze", demo_call.mono, "--out", shell.out)
    name = demo_call.mono.stem
    report = shell.report(name)
    (match,) = report["voice_matches"]
    assert (match["name"], match["used"]) == ("Maria", True)
    assert match["similarity"] >= match["threshold"] == 0.7
    (maria,) = (one for one in report["speakers"] if one["name"] == "Maria")
    truth = next(s for s in demo_call.reference["speakers"] if s["name"] == "Maria")
    assert maria["talk_ratio"] == pytest.approx(truth["talk_ratio"], abs=0.03)
    page = (shell.out / name / "report.html").read_text("utf-8")
    assert f"(voice match {match['similarity']:.2f})" in page
    before = shell.heard()
    files = {path.name: path.read_bytes() for path in (shell.out / name).iterdir()}

    turn = next(t for t in report["turns"] if t["speaker"] != maria["id"] and t["kind"] == "turn")
    length_s = turn["end_s"] - turn["start_s"]
    started = time.monotonic()
    done = shell("relabel", demo_call.mono, "--turn", f"{turn['index']}={maria['id']}")
    assert time.monotonic() - started < 30, "no model is loaded; 30 s allow for a busy machine"
    assert f"turn {turn['index']} was said by {maria['id']}" in done.stdout
    moved = next(s for s in shell.report(name)["speakers"] if s["id"] == maria["id"])
    gained_s = moved["talk_time_s"] - maria["talk_time_s"]
    assert 0.5 * length_s <= gained_s <= length_s + 0.01
    assert moved["talk_ratio"] > maria["talk_ratio"]

    shell("relabel", shell.out / name, "--speaker", f"{maria['id']}=Marie")
    assert "Marie" in [one["name"] for one in shell.report(name)["speakers"]]
    assert shell.report(name)["voice_matches"][0]["used"] is False
    shell("relabel", demo_call.mono, "--undo")
    shell("relabel", demo_call.mono, "--undo")
    assert shell.heard() == before
    again = {path.name: path.read_bytes() for path in (shell.out / name).iterdir()}
    assert again == files


def test_two_voices_and_short_clips_are_not_enrolled(
    demo_call: DemoCall, shell: Shell, tmp_path: Path
) -> None:
    """The mono call holds two voices, four seconds too little; nothing is kept of either."""
    kept = set(shell.voices.glob("*"))
    assert "two voices" in shell("enrol", "Both", demo_call.mono, code=3).stderr
    short = cut(demo_call.stereo, tmp_path / "short.wav", channel=0, seconds=(5, 9))
    assert "at least 5 s are needed" in shell("enrol", "Short", short, code=3).stderr
    assert set(shell.voices.glob("*")) == kept


def test_a_relabelling_imports_no_model_library(shell: Shell, demo_call: DemoCall) -> None:
    """What recognises is not even imported."""
    program = (
        "import sys; from pipeline.apps.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    shell("analyze", demo_call.mono, "--out", shell.out)
    done = subprocess.run(
        [sys.executable, "-c", program, "relabel", str(demo_call.mono), "--speaker", "S1=Eva"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PARLEY_STORE": str(shell.store), "PARLEY_VOICES": str(shell.voices)},
    )
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "polars" in loaded
    assert not {"torch", "pyannote", "faster_whisper", "ctranslate2"} & loaded
    shell("relabel", demo_call.mono, "--undo")
