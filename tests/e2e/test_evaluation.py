"""The demo call through `parley eval`, with real weights: the figures stay within their bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import DemoCall
from typer.testing import CliRunner

from pipeline.apps.cli import app

pytest.importorskip("meeteval", reason="meeteval is not here: pip install 'parley[eval]'")
pytestmark = pytest.mark.e2e

AT_MOST = {
    # clean synthetic voices; by call: cpWER was measured at 0.059 (mono) and 0.066 (stereo)
    "cpwer": 0.12, "tcpwer": 0.12, "orcwer": 0.12, "wer": 0.12, "wer_insertions": 0.03,
    "cpwer_minus_orcwer": 0.02, "der": 0.15, "der_confusion": 0.02, "jer": 0.15,
    "talk_ratio_error": 0.02, "question_ratio_error": 0.1, "question_count_error": 2,
    "latency_error_s": 0.3, "turn_start_error_ms": 250,
}  # fmt: skip
AT_LEAST = {
    "numbers_found": 0.9, "numbers_attributed": 0.9, "speakers_right": 1.0, "turns_matched": 0.85,
}  # fmt: skip


def reference(demo: DemoCall) -> dict[str, Any]:
    """The demo call's reference, its backchannels as short replies."""
    replies = [
        {"turn": turn["index"], **{k: turn[k] for k in ("speaker", "start_s", "end_s", "text")}}
        for turn in demo.reference["turns"]
        if turn["kind"] == "backchannel"
    ]
    return {**demo.reference, "short_replies": replies}


@pytest.fixture(scope="module")
def measured(
    demo_call: DemoCall, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Any]:
    """What `parley eval all` writes about the demo call, mono and stereo."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / "reference.json").write_text(json.dumps(reference(demo_call)), encoding="utf-8")
    rows = [
        {"id": name, "group": name, "audio": str(audio), "reference": "reference.json"}
        for name, audio in (("mono", demo_call.mono), ("stereo", demo_call.stereo))
    ]
    manifest = folder / "manifest.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    done = CliRunner().invoke(
        app,
        ["eval", "all", str(manifest), "--out", str(folder / "evaluation.md"),
         "--json", str(folder / "evaluation.json"), "--work", str(folder / "work"),
         "--set", f"run.models={models}", "--set", "run.device=cpu"],
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    made: dict[str, Any] = json.loads((folder / "evaluation.json").read_text("utf-8"))
    return {**made, "card": (folder / "evaluation.md").read_text("utf-8")}


@pytest.mark.parametrize("call", ["mono", "stereo"])
def test_the_figures_of_the_demo_call_are_within_bounds(
    measured: Mapping[str, Any], call: str
) -> None:
    """Each measure that has a bound keeps it, and none of them is missing."""
    scores = next(one["scores"] for one in measured["recordings"] if one["id"] == call)
    values = {name: score["value"] for name, score in scores.items()}
    assert {name: values[name] for name, bound in AT_MOST.items() if values[name] > bound} == {}
    assert {name: values[name] for name, bound in AT_LEAST.items() if values[name] < bound} == {}


def test_stereo_words_are_at_their_channels_speaker(measured: Mapping[str, Any]) -> None:
    """With one voice a channel, cpWER is the WER of the channels: no word changes hands."""
    scores = next(one["scores"] for one in measured["recordings"] if one["id"] == "stereo")
    assert scores["cpwer"]["part"] == scores["channel_wer"]["part"]


def test_the_card_shows_both_groups_and_the_versions(measured: Mapping[str, Any]) -> None:
    """A table a part, with a row for each group, and the tools that counted."""
    assert measured["card"].count("| mono |") == measured["card"].count("| stereo |") == 3
    assert "- meeteval " in measured["card"]
    assert {"audio", "diarize", "transcribe"} <= set(measured["recordings"][0]["seconds"])
