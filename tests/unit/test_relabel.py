"""`parley relabel`: what it writes again, what it never runs, what it refuses, how it says so."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import builders as build
import jsonschema
import pytest
from click.testing import Result
from command_line import parley, put_fakes

from pipeline.config import load_config
from pipeline.corrections import overlay_path, read_overlay
from pipeline.errors import InputError
from pipeline.plan import plan, read_recording
from pipeline.relabel import find_analysis
from pipeline.store import Store

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
HEARD = ("audio", "diarize", "transcribe", "turns")
"""What no correction runs again."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with call.wav, its store and its report in out/call; only copy from it."""
    folder = tmp_path_factory.mktemp("finished")
    build.write_call(folder / "call.wav")
    with pytest.MonkeyPatch.context() as patch:
        put_fakes(patch)
        patch.setenv("PARLEY_STORE", str(folder / "store"))
        patch.setenv("PARLEY_VOICES", str(folder / "voices"))
        patch.chdir(folder)
        done = parley("analyze", "call.wav", "--out", "out", "--names", "Ana,Ben", "--me", "Ana")
        assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The finished folder, as it was, under the name that its analysis knows; models refused."""
    kept = tmp_path / "kept"
    shutil.copytree(finished, kept)
    monkeypatch.setenv("PARLEY_STORE", str(finished / "store"))
    monkeypatch.setenv("PARLEY_VOICES", str(finished / "voices"))
    # the text encoder may be loaded again; here the rules are alone, as in the first analysis
    monkeypatch.setattr("pipeline.stages.tactics.load_learned", lambda config, *, locate: None)
    yield finished
    shutil.rmtree(finished)
    shutil.copytree(kept, finished)


def relabel(folder: Path, *arguments: str, code: int = 0) -> Result:
    """Run `parley relabel` on the call, and see how it ends."""
    done = parley("relabel", folder / "call.wav", *arguments)
    assert done.exit_code == code, done.output
    return done


def report(folder: Path) -> dict[str, Any]:
    """The call's report, valid."""
    found: dict[str, Any] = json.loads((folder / "out/call/report.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def names(folder: Path) -> dict[str, str]:
    """The speakers' ids and names."""
    return {one["id"]: one["name"] for one in report(folder)["speakers"]}


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of the report."""
    return {path.name: path.read_bytes() for path in (folder / "out/call").iterdir()}


def artefacts(folder: Path) -> dict[str, int]:
    """How many artefacts the store holds of each stage."""
    store = folder / "store"
    return {stage.name: len(list(stage.iterdir())) for stage in store.iterdir() if stage.is_dir()}


# --- what it does


def test_a_name_reaches_every_file(folder: Path) -> None:
    """A renamed speaker has the name in JSON, page, transcript and tables; nobody is analysed."""
    before = artefacts(folder)
    done = relabel(folder, "--speaker", "S2=Benedict", "--author", "Cleo")
    assert names(folder) == {"S1": "Ana", "S2": "Benedict"}
    for name in ("report.html", "transcript.txt", "turns.csv", "speech.rttm"):
        assert b"Benedict" in files_of(folder)[name], name
    after = artefacts(folder)
    changed = {stage for stage, count in after.items() if count != before.get(stage)}
    assert changed == {"report", "page", "corrections"}
    assert "corrected: S2 is called Benedict" in done.stdout
    assert done.stdout.splitlines()[-1] == f"report: {folder}/out/call/report.html"
    assert report(folder)["corrections"][0]["author"] == "Cleo"


def test_a_correction_leaves_the_sound_as_it_lies(folder: Path) -> None:
    """The page still plays call.mp3, which is not made again, though the store has lost it."""
    shutil.rmtree(folder / "store/playback")
    sound = files_of(folder)["call.mp3"]
    relabel(folder, "--speaker", "S2=Benedict")
    assert files_of(folder)["call.mp3"] == sound
    assert b'src="call.mp3"' in files_of(folder)["report.html"]
    assert "playback" not in artefacts(folder)


def test_a_sound_that_was_taken_away_stays_away(folder: Path) -> None:
    """Whoever deleted call.mp3 does not get it back, and the page plays nothing."""
    (folder / "out/call/call.mp3").unlink()
    relabel(folder, "--speaker", "S2=Benedict")
    assert "call.mp3" not in files_of(folder)
    assert b"<audio" not in files_of(folder)["report.html"]


@pytest.mark.usefixtures("fakes")
def test_an_embedded_sound_stays_in_the_corrected_page(folder: Path) -> None:
    """The corrected page plays too, from the store, or from the decoded audio where that has it."""
    assert parley("analyze", folder / "call.wav", "--out", folder / "out", "--audio", "embed",
                  "--quiet").exit_code == 0  # fmt: skip
    assert "call.mp3" not in files_of(folder)
    shutil.rmtree(folder / "store/playback")
    relabel(folder, "--speaker", "S2=Benedict")
    page = files_of(folder)["report.html"]
    assert b'src="data:audio/mpeg;base64,' in page
    assert b"Benedict" in page


def test_a_turn_takes_its_words_and_its_talk_time_along(folder: Path) -> None:
    """Turn 4, 7 s of S1's 32 (of 63), becomes S2's: the talk ratio follows exactly."""
    before = {one["id"]: one for one in report(folder)["speakers"]}
    kept = artefacts(folder)
    relabel(folder, "--turn", "4=S2")
    after = {one["id"]: one for one in report(folder)["speakers"]}
    moved_s = before["S1"]["talk_time_s"] - after["S1"]["talk_time_s"]
    assert moved_s == pytest.approx(7, abs=0.1)
    assert after["S2"]["talk_time_s"] - before["S2"]["talk_time_s"] == pytest.approx(moved_s)
    total_s = sum(one["talk_time_s"] for one in after.values())
    for one in after.values():
        assert one["talk_ratio"] == pytest.approx(one["talk_time_s"] / total_s, abs=1e-4)
    assert after["S2"]["word_count"] == before["S2"]["word_count"] + 10
    for stage in HEARD:
        assert artefacts(folder)[stage] == kept[stage]


def test_joined_turns_are_one(folder: Path) -> None:
    """Turns 3, 4 and 5 are all S2's once 4 is: one turn with the words of the three."""
    before = report(folder)["turns"]
    relabel(folder, "--turn", "4=S2")
    after = report(folder)["turns"]
    assert len(after) == len(before) - 2
    assert after[3]["text"] == " ".join(turn["text"] for turn in before[3:6])
    assert [turn["index"] for turn in after] == list(range(len(after)))


def test_numbers_are_those_of_the_uncorrected_turns(folder: Path) -> None:
    """After turns were joined, turn 6 is still what it was before any correction."""
    text = report(folder)["turns"][6]["text"]
    relabel(folder, "--turn", "4=S2")
    relabel(folder, "--turn", "6=S2")
    (turn,) = (one for one in report(folder)["turns"] if text in one["text"])
    assert turn["speaker"] == "S2"


def test_merging_makes_one_person(folder: Path) -> None:
    """S2 merged into S1: one speaker with all the talk, and a warning that shares mean nothing."""
    relabel(folder, "--merge", "S1,S2")
    (speaker,) = report(folder)["speakers"]
    assert (speaker["id"], speaker["talk_ratio"], speaker["is_me"]) == ("S1", 1.0, True)
    assert len(report(folder)["turns"]) == 1
    assert any("Only one voice" in warning for warning in report(folder)["quality"]["warnings"])


def test_undo_gives_every_file_back_as_it_was(folder: Path) -> None:
    """Two corrections taken back leave the same bytes as no correction; the file remembers all."""
    before = files_of(folder)
    relabel(folder, "--speaker", "S1=Eva")
    relabel(folder, "--turn", "4=S2")
    assert files_of(folder) != before
    relabel(folder, "--undo")
    assert names(folder)["S1"] == "Eva"
    done = relabel(folder, "--undo")
    assert "undone: S1 is called Eva" in done.stdout
    assert files_of(folder) == before
    digest = read_recording(folder / "call.wav").digest
    assert len(read_overlay(folder / "store", digest).entries) == 4


def test_exchanged_names_take_me_along(folder: Path) -> None:
    """--names and --me were given the wrong way round: names exchanged, Ana is still "you"."""
    relabel(folder, "--speaker", "S1=Ben", "--speaker", "S2=Ana")
    assert [(one["name"], one["is_me"]) for one in report(folder)["speakers"]] == [
        ("Ben", False),
        ("Ana", True),
    ]


def test_analysing_again_keeps_corrections(folder: Path, fakes: build.FakeModels) -> None:
    """`parley analyze` on the same recording gives the corrected files, and runs nothing."""
    relabel(folder, "--speaker", "S1=Eva", "--turn", "4=S2")
    corrected = files_of(folder)
    assert fakes.asked == ["tactics"]  # the corrected turns are read anew, nothing is heard
    again = parley(
        "analyze", folder / "call.wav", "--out", folder / "out", "--names", "Ana,Ben", "--me", "Ana"
    )
    assert again.exit_code == 0
    assert files_of(folder) == corrected
    assert fakes.asked == ["tactics"]


def test_another_analysis_has_other_turns(folder: Path, fakes: build.FakeModels) -> None:
    """With other settings the corrections do not hold, the report says so, and none is lost."""
    relabel(folder, "--turn", "4=S2")
    parley("analyze", folder / "call.wav", "--out", folder / "out", "--set", "turns.snap_ms=0")
    warnings = report(folder)["quality"]["warnings"]
    assert any("do not hold here: 1." in warning for warning in warnings)
    assert report(folder)["corrections"] == []


@pytest.mark.parametrize("named", ["call.wav", "out/call", "out/call/report.json"])
def test_a_recording_is_named_by_file_or_report(named: str, folder: Path) -> None:
    """The audio file, the report's folder and report.json all name the recording."""
    assert parley("relabel", folder / named, "--speaker", "S1=Eva").exit_code == 0
    assert names(folder)["S1"] == "Eva"


def test_a_moved_report_is_written_where_it_lies(folder: Path) -> None:
    """A report's folder that was moved is corrected in its new place."""
    (folder / "out" / "call").rename(folder / "moved")
    assert parley("relabel", folder / "moved", "--speaker", "S1=Eva").exit_code == 0
    moved = json.loads((folder / "moved/report.json").read_text("utf-8"))
    assert moved["speakers"][0]["name"] == "Eva"


def test_the_page_tells_of_corrections(folder: Path) -> None:
    """A reader sees that the report was corrected, by whom, and what; hostile names do nothing."""
    evil = "<script>alert(1)</script>"
    relabel(folder, "--speaker", f"S1={evil}", "--author", "<b>Cleo</b>")
    page = files_of(folder)["report.html"].decode()
    assert evil not in page
    assert "<b>Cleo</b>" not in page
    assert "&lt;b&gt;Cleo&lt;/b&gt;" in page
    assert "1 correction by" in page


def test_show_lists_corrections_and_turns(folder: Path) -> None:
    """--show, or no option at all, lists every entry and every turn as corrections number it."""
    relabel(folder, "--turn", "4=S2", "--author", "Cleo")
    relabel(folder, "--undo", "--author", "Dan")
    relabel(folder, "--turn", "0=S2")
    shown = relabel(folder, "--show").stdout
    assert "Cleo: turn 4 was said by S2 (undone)" in shown
    assert "Dan: undo of 1" in shown
    lines = [line.split() for line in shown.splitlines()]
    (first,) = (line for line in lines if line[:1] == ["0"])
    assert first[1:6] == ["0:01", "S1", "→", "S2", "Thank"]
    assert len([line for line in lines if line and line[0].isdecimal()]) == 9
    assert relabel(folder).stdout == shown


# --- what it refuses


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--speaker", "S7=Eva"], "there is no speaker S7 in this call; its speakers: S1, S2"),
        (["--turn", "9=S1"], "there is no turn 9 in this call; they go from 0 to 8"),
        (["--turn", "-1=S1"], "there is no turn -1"),
        (["--turn", "²=S1"], "there is no turn"),
        (["--turn", "x=S1"], "there is no turn x"),
        (["--turn", "4=S7"], "there is no speaker S7"),
        (["--turn", "4"], "write it as --turn 14=S2"),
        (["--merge", "S1,S1"], "S1 cannot be merged with itself"),
        (["--merge", "S1"], "write it as --merge S1,S3"),
        (["--merge", "S1,,S2"], "write it as --merge S1,S3"),
        (["--merge", "S1,S2", "--merge", "S2,S1"], "merged already, the other way round"),
        (["--merge", "S1,S2", "--turn", "4=S2"], "S2 was merged into S1; write S1"),
        (["--speaker", "Eva"], "write it as --speaker S1=Ana"),
        (["--speaker", "=Eva"], "write it as --speaker S1=Ana"),
        (["--speaker", "S1="], "a name is empty"),
        (["--speaker", "S1=a\nb"], "control character"),
        (["--speaker", "S1=" + "x" * 81], "81 characters long; at most 80"),
        (["--speaker", "S1=S2"], "S2 is an id of a speaker, not a name"),
        (["--speaker", "S1=Ben"], "S1 and S2 would both be called Ben"),
        (["--speaker", "S1=BEN"], "--merge S1,S2 if they are one person"),
        (["--speaker", "S1=Eva", "--speaker", "S2=eva"], "would both be called"),
        (["--undo"], "there is no correction to undo"),
        (["--undo", "--speaker", "S1=Eva"], "give it without new ones"),
        (["--speaker", "S1=Eva", "--author", "a\nb"], "--author: write a name"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], message: str, folder: Path) -> None:
    """A clear line on standard error, exit code 2, and nothing written."""
    before = files_of(folder)
    done = relabel(folder, *arguments, code=2)
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert files_of(folder) == before
    assert not overlay_path(folder / "store", read_recording(folder / "call.wav").digest).exists()


def test_a_recording_that_was_not_analysed_is_refused(folder: Path, tmp_path: Path) -> None:
    """Another recording, a folder without a report, a missing file: each says what to do."""
    other = build.write_call(tmp_path / "other.wav", build.CALL[:2])
    (tmp_path / "empty").mkdir()
    for path, message in (
        (other, "other.wav: no stored analysis of this recording; run `parley analyze`"),
        (tmp_path / "empty", "not a report of Parley"),
        (tmp_path / "missing.wav", "there is no such file"),
    ):
        done = parley("relabel", path, "--speaker", "S1=Eva")
        assert (done.exit_code, done.stdout) == (3, "")
        assert message in done.stderr


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"recording": {"digest": 7}}', '{"recording": {"digest": "../../x"}}']
)
def test_a_report_that_is_none_is_refused(text: str, folder: Path) -> None:
    """A report.json without a digest leads nowhere, least of all out of the store."""
    (folder / "out/call/report.json").write_text(text)
    done = parley("relabel", folder / "out" / "call")
    assert done.exit_code == 3
    assert "report.json" in done.stderr


def test_a_cleared_store_says_to_analyse_again(folder: Path) -> None:
    """Where the words are gone, a correction recognises nothing: it says what to do."""
    shutil.rmtree(folder / "store" / "transcribe")
    assert "run `parley analyze`" in relabel(folder, "--speaker", "S1=Eva", code=3).stderr


def test_damaged_words_are_not_recognised_again(folder: Path) -> None:
    """A damaged artefact is no reason to load a model: the error says to analyse again."""
    data = next((folder / "store" / "transcribe").rglob("data.*"))
    data.write_bytes(data.read_bytes()[:-1])
    assert "run `parley analyze`" in relabel(folder, "--turn", "4=S2", code=3).stderr


def test_a_damaged_overlay_stops_an_analysis_with_its_reason(folder: Path) -> None:
    """`parley analyze` does not go on as if nobody had corrected anything."""
    relabel(folder, "--speaker", "S1=Eva")
    path = overlay_path(folder / "store", read_recording(folder / "call.wav").digest)
    path.write_text("{}\n")
    done = parley("analyze", folder / "call.wav", "--out", folder / "out")
    assert done.exit_code == 6
    assert "line 1: not a correction" in done.stderr


def test_a_damaged_note_of_an_analysis_is_named(folder: Path) -> None:
    """What is no note of an analysis is a clear error."""
    for note in (folder / "store" / "recordings").rglob("*.json"):
        note.write_text("[]")
    assert "damaged note of an analysis" in relabel(folder, "--show", code=6).stderr


# --- keys


def correct_from_another_process(folder: str, names: list[str]) -> None:
    """Relabel the call, name after name."""
    for name in names:
        assert parley("relabel", f"{folder}/call.wav", "--speaker", f"S1={name}").exit_code == 0


def test_two_people_at_once_lose_nothing(folder: Path) -> None:
    """Two processes correct the same call: all entries are kept, and the report is whole."""
    context = multiprocessing.get_context("spawn")
    given = [["Eva", "Ida"], ["Uma", "Zoe"]]
    workers = [
        context.Process(target=correct_from_another_process, args=(str(folder), names))
        for names in given
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    digest = read_recording(folder / "call.wav").digest
    entries = read_overlay(folder / "store", digest).entries
    assert sorted(entry.edits[0].to for entry in entries) == ["Eva", "Ida", "Uma", "Zoe"]


def test_without_corrections_a_plan_is_what_it_was(folder: Path) -> None:
    """An overlay whose entries were all taken back changes no key and adds no stage."""
    recording = read_recording(folder / "call.wav")
    before = plan(recording, config=load_config())
    relabel(folder, "--turn", "4=S2")
    relabel(folder, "--undo")
    overlay = read_overlay(folder / "store", recording.digest)
    assert overlay.entries
    assert plan(recording, config=load_config(), overlay=overlay) == before


def test_a_correction_changes_keys_only_from_where_it_enters(folder: Path) -> None:
    """A name changes the report; a moved turn what is made of turns; neither what was heard."""
    recording = read_recording(folder / "call.wav")
    config = find_analysis(folder / "call.wav", store=Store(root=folder / "store")).config
    before = plan(recording, config=config)

    def changed(*arguments: str) -> set[str]:
        relabel(folder, *arguments)
        after = plan(
            recording,
            config=config,
            overlay=read_overlay(folder / "store", recording.digest),
        )
        relabel(folder, "--undo")
        old = {task.key for task in before.tasks}
        return {task.stage.name for task in after.tasks if task.key not in old}

    assert changed("--speaker", "S1=Eva") == {"report", "page"}
    assert changed("--turn", "4=S2") == {
        "corrected_speech", "corrected_turns", "tactics", "offers", "metrics", "replies",
        "moments", "report", "page",
    }  # fmt: skip


def test_the_analysis_is_found_with_its_settings(folder: Path) -> None:
    """What was given to `parley analyze` need not be given again."""
    found = find_analysis(folder / "call.wav", store=Store(root=folder / "store"))
    assert found.config == load_config(settings=["report.names=Ana,Ben", "report.me=Ana"])
    assert found.folder == folder / "out" / "call"
    with pytest.raises(InputError, match="no stored analysis"):
        find_analysis(folder / "call.wav", store=Store(root=folder / "elsewhere"))
