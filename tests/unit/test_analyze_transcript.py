"""`parley analyze` on transcripts: the report without audio, from each format, by rules alone."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import page_reader
import pytest
from click.testing import Result
from command_line import parley

from pipeline.config import load_config
from pipeline.plan import plan, read_recording
from pipeline.run import Models

SCHEMA = json.loads((files("pipeline") / "schemas" / "report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
RULES = ("--set", "tactics.model=")
LINES = (
    ("Ana", "Thank you for making the time today. What matters most to you in this role?"),
    ("Ben", "I would like to talk about the salary. I was hoping for $120,000 a year, since I "
     "have led three large projects and cut the cost of each of them by a third."),
    ("Ana", "It sounds like pay is what you worry about most. We can offer you $105,000 a year, "
     "and I know that it is less than what you had in mind when you came to us."),
    ("Ben", "How am I supposed to do that with two children and a house? Could you go up to "
     "$115,000? The market rate for this work in our town is higher than what you say."),
    ("Ana", "If you start in March, I could get to $112,000 and add three weeks of vacation, but "
     "the board has put a limit on pay and I can not go above it this year."),
    ("Ben", "That works for me. Okay, deal, $112,000 it is, and thank you for your patience."),
)  # fmt: skip
"""More than 150 words, so that ratios are given."""
GERMAN = (
    "Ana: Guten Tag, ich wollte mit Ihnen über das Gehalt sprechen. Wir bieten 50.000 Euro.\n"
    "Ben: Das ist mir zu wenig, ich hatte an 60.000 Euro gedacht, weil ich viel Erfahrung habe.\n"
)


def clock(seconds: int) -> str:
    """A time of subtitles."""
    return f"00:{seconds // 60:02}:{seconds % 60:02}.000"


def cues(form: str) -> str:
    """The lines as cues of 10 s, written as `form` says."""
    return "\n".join(
        f"{clock(10 * n)} --> {clock(10 * n + 9)}\n{form.format(name=name, text=text)}\n"
        for n, (name, text) in enumerate(LINES)
    )


def table(delimiter: str) -> str:
    """The lines as a table with a header."""
    rows = (f'{name}{delimiter}"{text}"\n' for name, text in LINES)
    return f"speaker{delimiter}text\n" + "".join(rows)


FORMATS = {
    "call.srt": cues("{name}: {text}"),
    "call.vtt": "WEBVTT\n\n" + cues("<v {name}>{text}</v>"),
    "call.txt": "".join(f"{name}: {text}\n" for name, text in LINES),
    "call.jsonl": "".join(json.dumps({"speaker": n, "text": t}) + "\n" for n, t in LINES),
    "call.csv": table(","),
    "call.tsv": table("\t"),
}
TIMED = ("call.srt", "call.vtt")


def analyze(path: Path, *options: str) -> Result:
    """Analyse a transcript by rules alone, its report beside it in out."""
    return parley("analyze", path, "--out", path.parent / "out", *RULES, *options)


def write(folder: Path, name: str, text: str | None = None) -> Path:
    """A transcript, of that text or of the lines above."""
    path = folder / name
    path.write_text(FORMATS[name] if text is None else text, encoding="utf-8")
    return path


def report_in(folder: Path) -> dict[str, Any]:
    """The report of call.*, proved against the contract."""
    report: dict[str, Any] = json.loads((folder / "out/call/report.json").read_text("utf-8"))
    VALIDATOR.validate(report)
    return report


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store of this module, so that what two tests need is made once."""
    folder = tmp_path_factory.mktemp("transcripts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARLEY_STORE", str(folder / "store"))
        yield folder


@pytest.fixture(autouse=True)
def _store(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_STORE", str(home / "store"))


# --- each format


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_report(name: str, tmp_path: Path) -> None:
    """Tactics, offers, and figures of words; those of time withheld; the page says so."""
    done = analyze(write(tmp_path, name), "--me", "Ben")
    assert done.exit_code == 0, done.stderr
    report = report_in(tmp_path)
    assert [(one["name"], one["is_me"]) for one in report["speakers"]] == [
        ("Ana", False),
        ("Ben", True),
    ]
    assert [turn["text"] for turn in report["turns"]] == [text for _, text in LINES]
    assert {"label", "open_question", "accept"} <= {tag["tactic"] for tag in report["tactics"]}
    (salary,) = [one for one in report["outcomes"] if one["issue"] == "salary"]
    assert (salary["status"], salary["agreed"]["value"]) == ("agreed", 112_000)
    for one in report["speakers"]:
        assert one["word_ratio"] is not None
        assert one["talk_ratio"] is one["median_response_latency_s"] is None
    assert set(report["totals"].values()) - {None} == {6, report["totals"]["question_ratio"]}
    page = page_reader.read((tmp_path / "out/call/report.html").read_text("utf-8"))
    assert "a transcript has no audio" in page.words
    assert not page.find("section", id="timeline")
    assert report["transcript"]["timed"] is (name in TIMED)


def test_a_report_is_a_transcript_too(tmp_path: Path) -> None:
    """Names, turns and finds of the second report are those of the first."""
    assert analyze(write(tmp_path, "call.txt")).exit_code == 0
    first = tmp_path / "out/call/report.json"
    again = analyze(first)
    assert again.exit_code == 0, again.stderr
    one, two = (
        json.loads(path.read_text("utf-8"))
        for path in (first, first.parent / "out/report/report.json")
    )
    VALIDATOR.validate(two)
    for key in ("speakers", "turns", "tactics", "offers", "outcomes", "totals"):
        assert two[key] == one[key]


def test_no_weights_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that hears is loaded; with the rules alone, no model at all."""
    asked: list[str] = []
    monkeypatch.setattr(Models, "get", lambda _, task: asked.append(task.stage.name))
    assert analyze(write(tmp_path, "call.txt"), "--force").exit_code == 0
    assert asked == ["tactics"]  # whose model then is None


# --- files and figures


def test_the_files_beside_the_report(tmp_path: Path) -> None:
    """What was never heard has no file; what has no times has no subtitles."""
    plain = {"report.html", "report.json", "transcript.txt", "turns.csv", "tactics.csv",
             "offers.csv", "metrics.csv"}  # fmt: skip
    for name, names in (
        ("call.txt", plain),
        ("call.srt", plain | {"transcript.srt", "transcript.vtt"}),
    ):
        folder = tmp_path / name[5:]
        folder.mkdir()
        assert analyze(write(folder, name)).exit_code == 0
        assert {path.name for path in (folder / "out/call").iterdir()} == names
    text = (tmp_path / "txt/out/call/transcript.txt").read_text("utf-8")
    assert text.startswith("Ana: Thank you")
    subtitles = (tmp_path / "srt/out/call/transcript.srt").read_text("utf-8")
    assert subtitles.startswith("1\n00:00:00,000 --> 00:00:09,000\nAna: Thank you")
    with (tmp_path / "txt/out/call/turns.csv").open(encoding="utf-8", newline="") as file:
        assert {row["start_s"] for row in csv.DictReader(file)} == {""}


def test_the_page_names_turns_by_number_where_there_are_no_times(tmp_path: Path) -> None:
    """And by the time of their captions where there are."""
    shown = {}
    for name in ("call.txt", "call.srt"):
        assert analyze(write(tmp_path, name)).exit_code == 0
        page = page_reader.read((tmp_path / "out/call/report.html").read_text("utf-8"))
        shown[name] = [one.words for one in page.find("a", class_="time")][:2]
        (tmp_path / "out/call/report.json").unlink()  # the folder is free for the next
    assert shown == {"call.txt": ["turn 0", "turn 1"], "call.srt": ["0:00", "0:10"]}


def test_the_summary_says_how_the_words_are_shared(tmp_path: Path) -> None:
    """In the column of the talk ratio, by name of what it is."""
    done = analyze(write(tmp_path, "call.txt"))
    assert "% of words" in done.stdout


# --- names


def test_names_given_go_before_those_of_the_transcript(tmp_path: Path) -> None:
    """In order of first turn, as for a recording."""
    done = analyze(write(tmp_path, "call.txt"), "--names", "Cleo,Dan", "--me", "Dan")
    assert done.exit_code == 0, done.stderr
    assert [one["name"] for one in report_in(tmp_path)["speakers"]] == ["Cleo", "Dan"]


def test_me_must_be_in_the_transcript(tmp_path: Path) -> None:
    """The message says who is."""
    done = analyze(write(tmp_path, "call.txt"), "--me", "Eve")
    assert done.exit_code == 2
    assert "Eve is not among the names (Ana, Ben)" in done.stderr


# --- what is wrong with the file


def test_unreadable_lines_are_named_and_the_rest_is_analysed(tmp_path: Path) -> None:
    """As in `parley tag`, with exit code 3; the report says so too, and so does a second run."""
    path = write(tmp_path, "call.jsonl", FORMATS["call.jsonl"] + 'nope\n{"speaker": "Ana"}\n')
    for _ in range(2):
        done = analyze(path)
        assert done.exit_code == 3
        assert "call.jsonl, line 7: not JSON" in done.stderr
        assert 'call.jsonl, line 8: "text" is missing' in done.stderr
    report = report_in(tmp_path)
    assert len(report["turns"]) == 6
    assert report["transcript"]["unread_line_count"] == 2
    assert any("2 lines of the transcript" in one for one in report["quality"]["warnings"])


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("call.txt", "", "nobody says anything"),
        ("call.jsonl", "nope\n", "line 1: not JSON"),
        ("call.jsonl", '{"speaker": "A", "text": "x", "dialogue": 1}\n'
         '{"speaker": "A", "text": "x", "dialogue": 2}\n', "holds 2 dialogues"),
        ("call.json", '{"a": 1}', "not a report.json of Parley"),
    ],
    ids=["empty", "malformed", "dialogues", "other json"],
)  # fmt: skip
def test_what_cannot_be_reported_on_ends_with_3(
    name: str, text: str, why: str, tmp_path: Path
) -> None:
    """One line says which file and why; nothing is written."""
    done = analyze(write(tmp_path, name, text))
    assert done.exit_code == 3
    assert why in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "out").iterdir())


def test_one_bad_transcript_stops_no_other(tmp_path: Path) -> None:
    """As with recordings: the exit code is that of the errors."""
    bad = write(tmp_path, "bad.txt", "")
    good = write(tmp_path, "call.txt")
    done = parley("analyze", bad, good, "--out", tmp_path / "out", *RULES)
    assert done.exit_code == 3
    assert report_in(tmp_path)["speakers"]


HOSTILE = "<script>document.title='taken'</script>\u202e\x00=1+1"
UNUSUAL = {
    "one speaker": ("Ana: Hello there.\nAna: Is anybody in?\n", 1),
    "ten speakers": ("".join(f"P{n % 10}: What do you want?\n" for n in range(30)), 10),
    "a long turn": ("Ana: " + "so it goes on and " * 10_000 + "\nBen: No.\n", 2),
    "no words": ("Ana: ...\nBen: ♪ 😀\n", 2),
    "hostile": (f"{HOSTILE}: {HOSTILE} What do you want?\nBen: $5\n", 2),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_transcripts_have_a_report(case: str, tmp_path: Path) -> None:
    """Valid, with a page in which nothing of the text is markup."""
    text, speakers = UNUSUAL[case]
    done = analyze(write(tmp_path, "call.txt", text))
    assert done.exit_code == 0, done.stderr
    assert len(report_in(tmp_path)["speakers"]) == speakers
    page = (tmp_path / "out/call/report.html").read_text("utf-8")
    assert "<script>document" not in page


def test_windows_text_is_read(tmp_path: Path) -> None:
    """As spreadsheets save it: £ and ’ are what they were."""
    path = tmp_path / "call.txt"
    path.write_bytes("Ana: It’s £5.\nBen: No.\n".encode("windows-1252"))
    assert analyze(path).exit_code == 0
    assert report_in(tmp_path)["turns"][0]["text"] == "It’s £5."


# --- another language


def test_another_language_has_no_tactics(tmp_path: Path) -> None:
    """Withheld with the reason in report, page and summary; words are counted."""
    done = analyze(write(tmp_path, "call.txt", GERMAN))
    assert done.exit_code == 0, done.stderr
    report = report_in(tmp_path)
    assert report["recording"]["language"] == "de"
    assert report["tactics"] == report["offers"] == []
    assert [one["word_count"] for one in report["speakers"]] == [14, 16]
    assert [one["question_count"] for one in report["speakers"]] == [None, None]
    assert "English only" in done.stdout
    page = page_reader.read((tmp_path / "out/call/report.html").read_text("utf-8"))
    assert "this call is in German" in page.one("section", id="tactics").words


# --- corrections and keys


def test_a_transcript_can_be_corrected(tmp_path: Path) -> None:
    """A name, a turn, and a merge with its undo, as in a recording."""
    path = write(tmp_path, "call.txt", FORMATS["call.txt"] + "Cy: I agree.\n")
    assert analyze(path).exit_code == 0
    done = parley("relabel", path, "--speaker", "S1=Anna", "--turn", "1=S1")
    assert done.exit_code == 0, done.stderr
    report = report_in(tmp_path)
    assert report["speakers"][0]["name"] == "Anna"
    # turns 0 to 2 are hers now, and nobody else speaks between: one turn
    assert [turn["speaker"] for turn in report["turns"]] == ["S1", "S2", "S1", "S2", "S3"]
    assert report["turns"][0]["text"] == " ".join(text for _, text in LINES[:3])
    assert parley("relabel", path, "--merge", "S2,S3").exit_code == 0
    assert len(report_in(tmp_path)["speakers"]) == 2
    assert parley("relabel", path, "--undo").exit_code == 0
    assert len(report_in(tmp_path)["speakers"]) == 3
    shown = parley("relabel", tmp_path / "out" / "call", "--show")
    assert shown.exit_code == 0
    assert "S2 → S1" in shown.stdout
    assert "I agree." in shown.stdout


def test_a_name_of_the_transcript_is_taken(tmp_path: Path) -> None:
    """Two people of one name could not be told apart."""
    path = write(tmp_path, "call.txt")
    assert analyze(path).exit_code == 0
    done = parley("relabel", path, "--speaker", "S1=Ben")
    assert done.exit_code == 2
    assert "would both be called Ben" in done.stderr


def test_the_ending_of_the_name_is_part_of_the_key(tmp_path: Path) -> None:
    """The same bytes, read as something else, are something else."""
    keys = set()
    for name in ("call.txt", "call.srt"):
        recording = read_recording(write(tmp_path, name, "Ana: Hello\n"))
        keys.add(plan(recording, config=load_config()).task("transcript").key)
    assert len(keys) == 2


def test_reading_a_transcript_imports_no_torch() -> None:
    """Neither does guessing its language: both are read by people who have no audio."""
    code = (
        "import sys, pipeline.stages.transcript, pipeline.transcripts.language as language;"
        "language.language_of_text(['x' * 200]);"
        "sys.exit(bool({'torch', 'faster_whisper'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
