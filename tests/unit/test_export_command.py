"""`parley export`: what it exports, where to, what it refuses, and what it never touches."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import builders as build
import pympi
import pytest
import report_builder
from click.testing import Result
from command_line import parley, put_fakes

from pipeline.stages.exports.formats import FORMATS

NAMES = {
    "call.srt", "call.vtt", "call.TextGrid", "call.eaf", "call-convokit", "call-csv",
    "call-parquet", "call.xlsx",
}  # fmt: skip
RULES = ("--set", "tactics.model=")
TIMELESS = "Ana: What matters most to you?\nBen: The salary. I want $90,000.\n"
TIMED = "1\n00:00:00,000 --> 00:00:02,000\nAna: What matters most to you?\n\n" + (
    "2\n00:00:02,500 --> 00:00:05,000\nBen: The salary. I want $90,000.\n"
)


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
    monkeypatch.setattr("pipeline.stages.tactics.load_learned", lambda config, *, locate: None)
    yield finished
    shutil.rmtree(finished)
    shutil.copytree(kept, finished)


def export(recording: Path, *arguments: str | Path, code: int = 0) -> Result:
    """Run `parley export`, and see how it ends."""
    done = parley("export", recording, *arguments)
    assert done.exit_code == code, done.output
    return done


def names_in(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}


def transcript(folder: Path, name: str, text: str, patch: pytest.MonkeyPatch) -> Path:
    """A transcript, analysed by rules alone into out/ beside it."""
    patch.setenv("PARLEY_STORE", str(folder / "store"))
    path = folder / name
    path.write_text(text, encoding="utf-8")
    done = parley("analyze", path, "--out", folder / "out", *RULES)
    assert done.exit_code == 0, done.stderr
    return path


# --- what it exports


@pytest.mark.parametrize("what", ["call.wav", "out/call", "out/call/report.json"])
def test_all_formats_go_beside_the_report(what: str, folder: Path) -> None:
    """By the recording, its report's folder, or its report.json; paths are printed."""
    before = names_in(folder / "out/call")
    done = export(folder / what, "--format", "all")
    assert names_in(folder / "out/call") - before == NAMES
    printed = [line.removeprefix("exported: ") for line in done.stdout.splitlines()]
    assert {Path(one).name for one in printed} == NAMES
    assert all(Path(one).exists() for one in printed)


def test_an_export_is_of_the_report_as_corrected(folder: Path) -> None:
    """A corrected name, and a turn that was somebody else's, are so in what is exported."""
    for arguments in (("--speaker", "S2=Benedict"), ("--turn", "4=S2")):
        assert parley("relabel", folder / "call.wav", *arguments).exit_code == 0
    before = {p.name: p.read_bytes() for p in (folder / "out/call").iterdir()}
    export(folder / "call.wav", "--format", "csv", "--format", "elan")
    report = json.loads(before["report.json"])
    with (folder / "out/call/call-csv/turns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {one["id"]: one["name"] for one in report["speakers"]}
    assert "Benedict" in names.values()
    assert [(row["speaker"], row["text"]) for row in rows] == [
        (names[turn["speaker"]], turn["text"]) for turn in report["turns"]
    ]
    eaf = pympi.Elan.Eaf(str(folder / "out/call/call.eaf"))
    assert {"Ana", "Benedict", "Benedict words"} <= set(eaf.get_tier_names())
    for name, content in before.items():
        assert (folder / "out/call" / name).read_bytes() == content, name


def test_words_have_their_own_times(folder: Path) -> None:
    """Those of the recogniser, as words.ctm has them."""
    export(folder / "call.wav", "--format", "textgrid")
    grid = pympi.Praat.TextGrid(str(folder / "out/call/call.TextGrid"))
    words = [
        (round(start * 1000), text)
        for name in ("Ana words", "Ben words")
        for start, _, text in grid.get_tier(name).get_intervals()
        if text
    ]
    ctm = (folder / "out/call/words.ctm").read_text("utf-8").splitlines()
    spoken = [line.split(" ") for line in ctm if not line.startswith(";;")]
    assert sorted(words) == sorted((round(float(one[2]) * 1000), one[4]) for one in spoken)


def test_nothing_is_run_again(folder: Path) -> None:
    """An export adds nothing to the store."""
    before = sorted(path for path in (folder / "store").rglob("*") if path.is_file())
    export(folder / "call.wav", "--format", "all")
    assert sorted(path for path in (folder / "store").rglob("*") if path.is_file()) == before


# --- where to


def test_out_is_a_folder_or_the_one_file(folder: Path, tmp_path: Path) -> None:
    """A folder is made; a name with the format's ending is the file, whatever its case."""
    export(folder / "call.wav", "--format", "srt", "--format", "csv", "--out", tmp_path / "a/b")
    assert names_in(tmp_path / "a/b") == {"call.srt", "call-csv"}
    export(folder / "call.wav", "--format", "textgrid", "--out", tmp_path / "mine.textgrid")
    assert (tmp_path / "mine.textgrid").read_text("utf-8").startswith('File type = "ooTextFile"')
    export(folder / "call.wav", "--format", "xlsx", "--out", tmp_path / "march.2026")
    assert names_in(tmp_path / "march.2026") == {"call.xlsx"}


@pytest.mark.parametrize(
    ("formats", "out"), [(["srt"], "x.vtt"), (["srt", "vtt"], "x.srt"), (["csv"], "x.xlsx")]
)
def test_a_file_of_another_format_is_refused(
    formats: list[str], out: str, folder: Path, tmp_path: Path
) -> None:
    """Rather than a folder of that name."""
    options = [option for name in formats for option in ("--format", name)]
    done = export(folder / "call.wav", *options, "--out", tmp_path / out, code=2)
    assert "names a file of one format" in done.stderr
    assert not (tmp_path / out).exists()


def test_what_was_analysed_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """call.srt beside call.srt would be its end."""
    path = transcript(tmp_path, "call.srt", TIMED, monkeypatch)
    for out in (tmp_path, path):
        done = export(path, "--format", "srt", "--out", out, code=2)
        assert "would be lost" in done.stderr
    assert path.read_text("utf-8") == TIMED


def test_a_folder_that_cannot_be_written_to_says_so(folder: Path, tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "taken").write_text("")
    done = export(folder / "call.wav", "--format", "csv", "--out", tmp_path / "taken", code=6)
    assert "choose another folder" in done.stderr


def test_a_name_too_long_for_a_folder_says_so(folder: Path, tmp_path: Path) -> None:
    """Rather than an error of Python."""
    done = export(folder / "call.wav", "--format", "csv", "--out", tmp_path / ("x" * 300), code=6)
    assert "cannot write" in done.stderr


def test_an_unknown_format_is_named_with_those_there_are(folder: Path) -> None:
    """And nothing is written."""
    done = export(folder / "call.wav", "--format", "docx", "--format", "csv", code=2)
    assert all(name in done.stderr for name in ("docx", *FORMATS, "all"))
    assert not NAMES & names_in(folder / "out/call")


# --- transcripts


def test_without_times_there_are_only_formats_that_need_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format asked for is refused with those that remain; with `all` it is left out."""
    path = transcript(tmp_path, "call.txt", TIMELESS, monkeypatch)
    done = export(path, "--format", "srt", "--format", "csv", code=3)
    assert "without times" in done.stderr
    assert "convokit, csv, parquet, xlsx" in done.stderr
    assert not NAMES & names_in(tmp_path / "out/call")
    done = export(path, "--format", "all")
    assert "note: left out srt, vtt, textgrid, elan" in done.stdout
    left = {"call-convokit", "call-csv", "call-parquet", "call.xlsx"}
    assert names_in(tmp_path / "out/call") & NAMES == left


def test_a_timed_transcript_has_turns_and_no_word_tiers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its captions say when turns are, not words; no recording is named, as there is none."""
    path = transcript(tmp_path, "call.srt", TIMED, monkeypatch)
    export(path, "--format", "elan")
    eaf = pympi.Elan.Eaf(str(tmp_path / "out/call/call.eaf"))
    tiers = {name for name in eaf.get_tier_names() if not name.endswith(")")}
    assert tiers == {"Ana", "Ana tactics", "Ben", "Ben tactics"}
    assert eaf.get_annotation_data_for_tier("Ana")[0][:3] == (
        0, 2000, "What matters most to you?",
    )  # fmt: skip
    assert eaf.get_linked_files() == []


# --- a report alone


def report_alone(folder: Path, patch: pytest.MonkeyPatch, **changes: Any) -> Path:
    """A report.json, and a store that knows nothing of it."""
    patch.setenv("PARLEY_STORE", str(folder / "no store"))
    path = folder / "got" / "report.json"
    path.parent.mkdir()
    path.write_text(json.dumps(report_builder.full_report() | changes), encoding="utf-8")
    return path


def test_a_report_alone_is_exported_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a note, in every format; words have no times of their own then."""
    path = report_alone(tmp_path, monkeypatch)
    for what in (path, path.parent):
        done = export(what, "--format", "all")
        assert "note: made from report.json as it is" in done.stdout
        assert "words have the times of their turns in srt, vtt, textgrid, elan" in done.stdout
    stem = {name.replace("call", "salary-call", 1) for name in NAMES}
    assert names_in(path.parent) == stem | {"report.json"}
    grid = pympi.Praat.TextGrid(str(path.parent / "salary-call.TextGrid"))
    assert [tier.name for tier in grid.get_tiers()] == ["Ana", "Ana tactics", "Ben", "Ben tactics"]


def test_when_the_store_was_emptied_the_report_is_left(folder: Path) -> None:
    """By the recording too while the store remembers where its report lies, and not after."""
    for stage in (folder / "store").iterdir():
        if stage.name != "recordings":
            shutil.rmtree(stage)
    done = export(folder / "call.wav", "--format", "convokit")
    assert "note: made from report.json as it is" in done.stdout
    assert (folder / "out/call/call-convokit/utterances.jsonl").is_file()
    shutil.rmtree(folder / "store")
    done = export(folder / "call.wav", "--format", "convokit", code=3)
    assert "parley analyze" in done.stderr


def test_another_recordings_report_is_not_taken_for_this_ones(folder: Path) -> None:
    """Where the folder of the report has that of another recording by now."""
    shutil.rmtree(folder / "store/turns")
    path = folder / "out/call/report.json"
    path.write_text(json.dumps(report_builder.full_report()), encoding="utf-8")
    export(folder / "call.wav", "--format", "csv", code=3)


@pytest.mark.parametrize(
    "changes",
    [
        {"turns": None},
        {"turns": [1]},
        {"turns": [{"index": 0}]},
        {"speakers": "x"},
        {"speakers": [{"id": 3, "name": []}]},
        {"tactics": {"a": 1}},
        {"tactics": [{"turn": "x"}]},
        {"recording": []},
        {"recording": {"name": 5, "digest": "ab" * 32, "duration_s": None}},
        {"quality": {}},
        {"codebook": [0]},
        {"totals": 5},
        {"questions": [{"reply": 7}]},
        {"moments": [[]]},
        {"offers": 5},
    ],
)
def test_a_damaged_report_is_refused(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its path and what to do, and nothing is written; never as a bug of ours."""
    path = report_alone(tmp_path, monkeypatch, **changes)
    done = export(path, "--format", "all", code=3)
    assert "report.json" in done.stderr
    assert names_in(path.parent) == {"report.json"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"turns": NaN}', b"[" * 10**5]
)
def test_a_file_that_is_no_report_is_refused(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is."""
    path = report_alone(tmp_path, monkeypatch)
    path.write_bytes(content)
    export(path.parent, "--format", "csv", code=3)


def test_times_that_cannot_be_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the call, or after the end of all days."""
    for number, time_s in enumerate((-5.0, 1e300, "soon")):
        (tmp_path / str(number)).mkdir()
        turns = report_builder.full_report()["turns"]
        turns[0]["start_s"] = time_s
        path = report_alone(tmp_path / str(number), monkeypatch, turns=turns)
        export(path, "--format", "srt", code=3)


@pytest.mark.parametrize(
    "name", ["../../../evil", "/etc/evil", "..", "a/../../b", "C:\\evil", "\x00"]
)
def test_names_lead_nowhere_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of the recording and of speakers that look like paths write nothing outside."""
    report = report_builder.full_report()
    report["recording"]["name"] = f"{name}.wav"
    for one in report["speakers"]:
        one["name"] = name
    path = report_alone(tmp_path, monkeypatch, **report)
    before = {one for one in tmp_path.rglob("*") if path.parent not in one.parents}
    export(path, "--format", "all", "--out", path.parent / "in" / "here")
    after = {one for one in tmp_path.rglob("*") if path.parent not in one.parents}
    assert before == after
    assert len(names_in(path.parent / "in" / "here")) == len(FORMATS)


def test_nothing_that_was_said_is_printed(folder: Path) -> None:
    """Paths and notes only."""
    done = export(folder / "call.wav", "--format", "all")
    report = json.loads((folder / "out/call/report.json").read_text("utf-8"))
    assert not any(turn["text"] in done.output for turn in report["turns"])


def test_a_recording_never_analysed_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, a folder without a report, and no file at all."""
    monkeypatch.setenv("PARLEY_STORE", str(tmp_path / "store"))
    build.write_call(tmp_path / "new.wav")
    for what in ("new.wav", ".", "none.wav", "none.json"):
        done = export(tmp_path / what, "--format", "csv", code=3)
        assert what.strip(".") in done.stderr
