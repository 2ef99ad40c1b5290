"""`parley eval`: what it prints and writes, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import builders as build
import pytest
from click.testing import Result
from command_line import parley

from pipeline.apps import scoring

pytest.importorskip("meeteval", reason="meeteval is not here: pip install 'parley[eval]'")

OPTIONS = (
    "--out", "--json", "--group", "--calls", "--work", "--hypotheses", "--speakers", "--config",
    "--set", "--force", "--quiet",
)  # fmt: skip
COMMANDS = ("transcript", "diarization", "metrics", "all")


def truth(lines: tuple[build.Said, ...] = build.CALL) -> dict[str, Any]:
    """The reference of a made-up call, its speakers called Ana and Ben."""
    names = {"S1": "Ana", "S2": "Ben"}
    rows = [
        {"index": number, "speaker": names[one.speaker], "start_s": one.start_ms / 1000,
         "end_s": one.end_ms / 1000, "text": one.text, "kind": one.kind}
        for number, one in enumerate(lines)
    ]  # fmt: skip
    speech = {
        name: [{"start_s": r["start_s"], "end_s": r["end_s"]} for r in rows if r["speaker"] == name]
        for name in names.values()
    }
    return {"duration_s": build.length_ms(lines) / 1000, "turns": rows, "speech": speech}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two recordings of the same call, one a group."""
    build.write_call(tmp_path / "one.wav")
    build.write_call(tmp_path / "two.wav", channels=2)
    (tmp_path / "truth.json").write_text(json.dumps(truth()))
    return write_manifest(
        tmp_path,
        {"id": "one", "audio": "one.wav", "group": "mono", "reference": "truth.json"},
        {"id": "two", "audio": "two.wav", "group": "stereo", "reference": "truth.json"},
    )


def write_manifest(folder: Path, *rows: dict[str, Any]) -> Path:
    """A manifest of these rows."""
    path = folder / "manifest.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def evaluate(*arguments: Path | str) -> Result:
    """Run `parley eval` in this process."""
    return parley("eval", *arguments)


def measured(file: Path, part: str) -> dict[str, float]:
    """The figures of a JSON file over all calls."""
    made = json.loads(file.read_text())
    return {
        one["measure"]: one["value"] for one in made["summaries"][part] if one["group"] == "all"
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_every_option(command: str) -> None:
    """The commands differ in what they measure only."""
    text = evaluate(command, "--help").stdout
    assert all(option in text for option in OPTIONS)


def test_a_call_that_is_heard_exactly_has_no_error(
    manifest: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """Fakes that know the call give WER 0 and the right figures, mono and stereo."""
    done = evaluate("all", manifest, "--json", tmp_path / "out.json")
    assert done.exit_code == 0, done.stderr
    words = measured(tmp_path / "out.json", "transcript")
    assert words["cpwer"] == words["wer"] == words["channel_wer"] == 0
    assert measured(tmp_path / "out.json", "diarization")["der_confusion"] == 0
    figures = measured(tmp_path / "out.json", "metrics")
    assert figures["question_count_error"] == 0
    assert figures["turns_matched"] == 1
    assert figures["talk_ratio_error"] < 0.01


def test_json_has_each_recording_with_the_seconds_of_its_stages(
    manifest: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """Parts and wholes let anybody pool again; stages after the metrics were not run."""
    evaluate("transcript", manifest, "--json", tmp_path / "out.json")
    made = json.loads((tmp_path / "out.json").read_text())
    assert [one["id"] for one in made["recordings"]] == ["one", "two"]
    assert made["recordings"][0]["scores"]["cpwer"] == {
        "value": 0.0, "part": 0, "whole": made["recordings"][0]["scores"]["cpwer"]["whole"]
    }  # fmt: skip
    stages = set(made["recordings"][0]["seconds"])
    assert {"audio", "diarize", "transcribe", "turns", "metrics"} <= stages
    assert not {"report", "page"} & stages
    assert made["versions"]["meeteval"]
    assert list(made["summaries"]) == ["transcript"]


def test_a_second_run_computes_nothing(
    manifest: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """Artefacts are kept in --work, so no stage runs and no model is asked for again."""
    arguments = ("all", manifest, "--work", tmp_path / "work", "--json", tmp_path / "out.json")
    evaluate(*arguments)
    first = (tmp_path / "out.json").read_text()
    fakes.asked.clear()
    evaluate(*arguments)
    again = json.loads((tmp_path / "out.json").read_text())
    assert fakes.asked == []
    assert all(one["seconds"] == {} for one in again["recordings"])
    assert again["summaries"] == json.loads(first)["summaries"]


def test_one_bad_recording_does_not_stop_the_rest(
    manifest: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """What fails is listed on standard error, in the card and the JSON, and in the exit code."""
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    (tmp_path / "bad.json").write_text("{")
    write_manifest(
        tmp_path,
        {"id": "gone", "audio": "gone.wav", "reference": "truth.json"},
        {"id": "bad", "audio": "one.wav", "reference": "bad.json"},
        *rows,
    )
    done = evaluate("all", manifest, "--out", tmp_path / "card.md", "--json", tmp_path / "o.json")
    assert done.exit_code == 3
    assert "gone: " in done.stderr
    assert "bad: " in done.stderr
    made = json.loads((tmp_path / "o.json").read_text())
    assert made["calls"] == 2
    assert set(made["failed"]) == {"gone", "bad"}
    assert "- gone: " in (tmp_path / "card.md").read_text("utf-8")


def test_a_bug_in_one_call_is_its_failure(
    manifest: Path, fakes: build.FakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error while scoring is told as a bug of ours, without what was said."""

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("Thank you for making the time")

    monkeypatch.setattr(scoring, "score", broken)
    done = evaluate("transcript", manifest)
    assert done.exit_code == 5
    assert "ZeroDivisionError" in done.stderr
    assert "Thank you" not in done.stderr


@pytest.mark.parametrize("speakers", [None, "auto"])
def test_the_number_of_speakers_is_the_manifests_unless_set(
    tmp_path: Path, fakes: build.FakeModels, speakers: str | None
) -> None:
    """A call of one speaker by its manifest is diarized as such, unless --speakers says more."""
    build.write_call(tmp_path / "one.wav")
    (tmp_path / "truth.json").write_text(json.dumps(truth()))
    row = {"id": "one", "audio": "one.wav", "speakers": 1, "reference": "truth.json"}
    given = ("--speakers", speakers) if speakers else ()
    evaluate("diarization", write_manifest(tmp_path, row), "--json", tmp_path / "out.json", *given)
    found = measured(tmp_path / "out.json", "diarization")
    assert found["speakers_right"] == (1 if speakers else 0)


def test_groups_and_numbers_of_calls_can_be_chosen(
    manifest: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """--group keeps one group, --calls so many; an unknown group ends in an input error."""
    evaluate("diarization", manifest, "--group", "stereo", "--json", tmp_path / "out.json")
    made = json.loads((tmp_path / "out.json").read_text())
    assert [one["id"] for one in made["recordings"]] == ["two"]
    evaluate("diarization", manifest, "--calls", "1", "--json", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["calls"] == 1
    assert evaluate("diarization", manifest, "--group", "none").exit_code == 3


def test_settings_are_passed_on(manifest: Path, fakes: build.FakeModels) -> None:
    """--set reaches the stages, and a wrong setting is a configuration error."""
    assert evaluate("transcript", manifest, "--set", "transcribe.beam_size=0").exit_code == 2
    assert evaluate("transcript", manifest, "--set", "nonsense").exit_code == 2


def test_without_the_tools_it_says_how_to_get_them(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where meeteval is not installed, the message names the extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "meeteval" else 1)
    done = evaluate("transcript", manifest)
    assert done.exit_code == 2
    assert "needs meeteval; install with: pip install 'parley[eval]'" in done.stderr


def test_an_output_that_cannot_be_written_is_told_before_any_work(
    manifest: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """A file stands where the folder should be: nothing is analysed."""
    (tmp_path / "file").write_text("")
    done = evaluate("transcript", manifest, "--out", tmp_path / "file" / "card.md")
    assert done.exit_code == 6
    assert fakes.asked == []


def test_nothing_said_in_a_call_is_printed(manifest: Path, fakes: build.FakeModels) -> None:
    """Neither the table nor the progress quotes the call."""
    done = evaluate("all", manifest)
    assert not any(one.text in done.stdout + done.stderr for one in build.CALL)


# --- results made elsewhere

SEGMENTS = [
    {"session_id": "any", "speaker": f"P{one.speaker}", "words": one.text,
     "start_time": one.start_ms / 1000, "end_time": one.end_ms / 1000}
    for one in build.CALL
]  # fmt: skip


def test_a_peers_result_is_scored_by_the_same_code(manifest: Path, tmp_path: Path) -> None:
    """SegLST alone gives words, speech and all figures; no model is loaded, no audio opened."""
    (tmp_path / "one.wav").unlink()
    (tmp_path / "one.seglst.json").write_text(json.dumps(SEGMENTS))
    done = evaluate(
        "all", manifest, "--group", "mono", "--hypotheses", tmp_path,
        "--json", tmp_path / "out.json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert measured(tmp_path / "out.json", "transcript")["cpwer"] == 0
    assert measured(tmp_path / "out.json", "diarization")["der"] == 0
    figures = measured(tmp_path / "out.json", "metrics")
    assert figures["talk_ratio_error"] == figures["question_ratio_error"] == 0
    assert "talk_ratio_covered" not in figures


def test_our_own_report_is_scored_too(
    manifest: Path, fakes: build.FakeModels, tmp_path: Path
) -> None:
    """report.json gives the same words and figures as the artefacts it was made of."""
    analysed = parley("analyze", tmp_path / "one.wav", "--out", tmp_path / "reports")
    assert analysed.exit_code == 0
    made = tmp_path / "made"
    made.mkdir()
    (made / "one.json").write_bytes((tmp_path / "reports" / "one" / "report.json").read_bytes())
    arguments = ("all", manifest, "--group", "mono")
    evaluate(*arguments, "--json", tmp_path / "direct.json")
    evaluate(*arguments, "--hypotheses", made, "--json", tmp_path / "report.json")
    for part in ("transcript", "diarization", "metrics"):
        direct = measured(tmp_path / "direct.json", part)
        # The report rounds times to milliseconds and ratios to a few digits.
        assert measured(tmp_path / "report.json", part) == pytest.approx(direct, abs=0.01)


def test_a_missing_result_is_that_recordings_failure(manifest: Path, tmp_path: Path) -> None:
    """The recording without a result is listed; the others are scored."""
    (tmp_path / "one.seglst.json").write_text(json.dumps(SEGMENTS))
    done = evaluate("transcript", manifest, "--hypotheses", tmp_path)
    assert done.exit_code == 3
    assert "two: " in done.stderr
    assert "cpWER" in done.stdout
