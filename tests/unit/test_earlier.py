"""Earlier calls: which reports are taken, what is kept of them, and what a report says of them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import builders as build
import pytest
import report_builder
from click.testing import Result
from command_line import parley, put_fakes
from hypothesis import given
from hypothesis import strategies as st
from test_report import named, report_of

from pipeline.config import load_config, metrics_version
from pipeline.earlier import EarlierCall, checked_document, earlier_document, read_earlier
from pipeline.errors import InputError
from pipeline.plan import plan, read_recording
from pipeline.stages.report_earlier import COMPARED, compared
from pipeline.stages.report_names import Named

DIGESTS = tuple(letter * 64 for letter in "abcdef")
ANA = {"talk_ratio": 0.6, "question_ratio": 0.3}


def written(path: Path, digest: str = DIGESTS[0], **changes: Any) -> Path:
    """A whole report of a recording; `changes` replace top-level keys."""
    document = report_builder.report(
        recording=report_builder.recording(digest=digest),
        versions={"parley": "0.1.0", "codebook": 1, "metrics": metrics_version()},
    )
    document |= changes
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def person(name: str, *, me: bool = False, **figures: float) -> dict[str, Any]:
    """A speaker of an earlier call."""
    return {"name": name, "is_me": me, "figures": figures}


def document(*calls: list[dict[str, Any]]) -> dict[str, Any]:
    """What a report is compared with: a call for each list of speakers."""
    return {
        "calls": [
            {"digest": digest, "name": f"{number}.wav", "speakers": speakers}
            for number, (digest, speakers) in enumerate(zip(DIGESTS, calls, strict=False))
        ]
    }


ME = Named(id="S1", name="Ana", is_me=True)
OTHER = Named(id="S2", name="Ben", is_me=False)


# --- what is read


def test_a_report_is_read_with_its_figures(tmp_path: Path) -> None:
    """Names, who is me, and the compared figures; nothing that was said."""
    (call,) = read_earlier([written(tmp_path / "report.json")])
    assert (call.digest, call.name) == (DIGESTS[0], "salary-call.m4a")
    ana, ben = call.speakers
    assert (ana["name"], ana["is_me"], ben["name"], ben["is_me"]) == ("Ana", True, "Ben", False)
    speaker = report_builder.SPEAKERS[0]
    assert ana["figures"] == {metric: speaker[metric] for metric in COMPARED}
    assert set(call.speakers[0]) == {"name", "is_me", "figures"}


def test_a_withheld_figure_is_not_there(tmp_path: Path) -> None:
    """Null is no 0."""
    thin = report_builder.speaker("S0", "Ana", is_me=True, talk_ratio=None)
    (call,) = read_earlier([written(tmp_path / "report.json", speakers=[thin])])
    assert "talk_ratio" not in call.speakers[0]["figures"]


def test_a_folder_stands_for_its_reports_at_any_depth(tmp_path: Path) -> None:
    """By the name report.json; a file named outright may have any name."""
    written(tmp_path / "out/a/report.json", DIGESTS[0])
    written(tmp_path / "out/deep/er/report.json", DIGESTS[1])
    written(tmp_path / "out/a/notes.json", DIGESTS[2])
    other = written(tmp_path / "last.json", DIGESTS[3])
    found = read_earlier([tmp_path / "out", other, other])
    assert [call.digest for call in found] == [DIGESTS[0], DIGESTS[1], DIGESTS[3]]


def test_a_recording_counts_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of two reports of one recording the first is taken, the other named."""
    one, two = written(tmp_path / "1/report.json"), written(tmp_path / "2/report.json")
    (call,) = read_earlier([tmp_path])
    assert call.path == one
    (line,) = warnings(caplog)
    assert str(two) in line
    assert "of the same recording" in line


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "not JSON"),
    "cut off": ('{"schema_version": "1.4.0", ', "not JSON"),
    "no text": (b"\xff\xfe\x00", "not JSON"),
    "deep": ("[" * 100_000, "not JSON"),
    "many digits": (f'{{"schema_version": {"9" * 5000}}}', "not JSON"),
    "a list": ("[]", "no report"),
    "no report": ('{"name": "x"}', "no report of version 1"),
}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings that were logged."""
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_named_and_left_out(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And the others are read all the same."""
    content, why = BROKEN[kind]
    path = tmp_path / "a" / "report.json"
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    written(tmp_path / "b" / "report.json")
    assert len(read_earlier([tmp_path])) == 1
    (line,) = warnings(caplog)
    assert str(path) in line
    assert why in line


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"schema_version": "2.0.0"}, "version 1"),
        ({"schema_version": "1.x"}, "version 1"),
        ({"schema_version": None}, "version 1"),
        ({"versions": {"metrics": metrics_version() + 1}}, "other definitions"),
        ({"versions": {}}, "damaged"),
        ({"versions": []}, "damaged"),
        ({"recording": None}, "damaged"),
        ({"recording": {"digest": 7, "name": "x"}}, "damaged"),
        ({"speakers": None}, "damaged"),
        ({"speakers": ["Ana"]}, "damaged"),
        ({"speakers": [{"name": "Ana"}]}, "damaged"),
        ({"speakers": [{"name": 7, "is_me": True}]}, "damaged"),
        ({"speakers": [{"name": "Ana", "is_me": "yes"}]}, "damaged"),
        ({"speakers": [{"name": "Ana", "is_me": True, "talk_ratio": "0.6"}]}, "damaged"),
        ({"speakers": [{"name": "Ana", "is_me": True, "talk_ratio": True}]}, "damaged"),
        ({"speakers": [{"name": "Ana", "is_me": True, "talk_ratio": float("nan")}]}, "damaged"),
        ({"speakers": [{"name": "Ana", "is_me": True, "talk_ratio": 10**400}]}, "damaged"),
    ],
)
def test_what_cannot_be_compared_is_left_out(
    changes: dict[str, Any], why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another contract, other definitions, wrong types: the file is named, and why."""
    path = written(tmp_path / "report.json", **changes)
    assert read_earlier([path]) == ()
    (line,) = warnings(caplog)
    assert str(path) in line
    assert why in line


def test_what_is_not_there_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that does not exist, a folder without reports, and what is no file."""
    (tmp_path / "empty").mkdir()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    paths = [tmp_path / "missing.json", tmp_path / "empty", pipe, Path("x" * 5000)]
    assert read_earlier(paths) == ()
    lines = warnings(caplog)
    assert len(lines) == len(paths)
    assert all(any(f"--earlier {path}: " in line for line in lines) for path in paths)


def test_a_name_of_half_a_letter_can_be_written_again(tmp_path: Path) -> None:
    """JSON can spell half of a surrogate pair; it becomes a question mark."""
    people = [report_builder.speaker("S0", "A\ud800", is_me=True)]
    (call,) = read_earlier([written(tmp_path / "report.json", speakers=people)])
    assert call.speakers[0]["name"] == "A?"


# --- the document that is handed on


def call_of(path: str, digest: str) -> EarlierCall:
    """An earlier call."""
    return EarlierCall(path=Path(path), digest=digest, name="x", speakers=(person("Ana", **ANA),))


def test_the_same_recording_is_no_earlier_call(caplog: pytest.LogCaptureFixture) -> None:
    """It is left out and named; where nothing else is left there is nothing to compare with."""
    calls = [call_of("a.json", DIGESTS[0]), call_of("b.json", DIGESTS[1])]
    found = earlier_document(calls, digest=DIGESTS[0])
    assert found
    assert [call["digest"] for call in found["calls"]] == [DIGESTS[1]]
    assert "a.json" in warnings(caplog)[0]
    assert earlier_document(calls[:1], digest=DIGESTS[0]) is None
    assert earlier_document([], digest=DIGESTS[0]) is None


def test_the_order_of_files_changes_nothing() -> None:
    """So that the report has the same key."""
    calls = [call_of("a.json", DIGESTS[1]), call_of("b.json", DIGESTS[2])]
    backwards = earlier_document(calls[::-1], digest=DIGESTS[0])
    assert earlier_document(calls, digest=DIGESTS[0]) == backwards


def test_a_document_survives_being_written() -> None:
    """As JSON, and read back by what checks it."""
    made = earlier_document([call_of("a.json", DIGESTS[1])], digest=DIGESTS[0])
    assert checked_document(json.loads(json.dumps(made))) == made


@pytest.mark.parametrize(
    "data", [None, [], {}, {"calls": 7}, {"calls": [{}]}, {"calls": [{"digest": "a"}]}]
)
def test_a_damaged_document_is_refused(data: Any) -> None:
    """With an error of the tree."""
    with pytest.raises(InputError, match="damaged"):
        checked_document(data)


def test_earlier_calls_are_in_the_key_of_the_report_alone(tmp_path: Path) -> None:
    """Other figures give another report and page; nothing before them changes."""
    recording = read_recording(build.write_call(tmp_path / "call.wav", build.CALL[:2]))
    plans = [
        plan(recording, config=load_config(), earlier=earlier)
        for earlier in (
            None,
            document([person("Ana", talk_ratio=0.6)]),
            document([person("Ana", talk_ratio=0.7)]),
        )
    ]
    keys = [{task.stage.name: task.key for task in one.tasks} for one in plans]
    for name in keys[0]:
        assert len({one[name] for one in keys}) == (3 if name in ("report", "page") else 1), name


# --- what the report says


def test_median_lowest_and_highest_of_each_figure() -> None:
    """Talk ratios 0.5, 0.6 and 0.8; the question ratio is withheld in one call."""
    calls = document(
        [person("Ana", me=True, talk_ratio=0.8, question_ratio=0.2)],
        [person("Cleo", talk_ratio=0.1), person("Ana", me=True, talk_ratio=0.5)],
        [person("A.", me=True, talk_ratio=0.6, question_ratio=0.25)],
    )
    found, unknown = compared(calls, [ME, OTHER])
    assert found == {
        "call_count": 3,
        "figures": {
            "talk_ratio": {"count": 3, "median": 0.6, "low": 0.5, "high": 0.8},
            "question_ratio": {"count": 2, "median": 0.225, "low": 0.2, "high": 0.25},
        },
    }
    assert unknown == []


def test_a_namesake_is_the_same_person_where_nobody_is_marked() -> None:
    """By the name of who this report is for: me, else who spoke first."""
    calls = document([person("Ben", talk_ratio=0.4), person("Ana", talk_ratio=0.6)])
    found, _ = compared(calls, [OTHER, ME])
    assert found
    assert found["figures"]["talk_ratio"]["median"] == 0.6
    nobody = [Named(id="S2", name="Ben", is_me=False), Named(id="S1", name="Ana", is_me=False)]
    found, _ = compared(calls, nobody)
    assert found
    assert found["figures"]["talk_ratio"]["median"] == 0.4


def test_who_is_nowhere_is_left_out_with_a_warning() -> None:
    """The call is named, so is the person; the others are compared with."""
    calls = document([person("Cleo", talk_ratio=0.4)], [person("Ana", me=True, talk_ratio=0.6)])
    found, unknown = compared(calls, [ME])
    assert found
    assert found["call_count"] == 1
    (warning,) = unknown
    assert "0.wav" in warning
    assert "Ana" in warning
    assert compared(document([person("Cleo")]), [ME])[0] is None


def test_a_number_is_no_name() -> None:
    """ "Speaker 1" of two calls need not be one person."""
    numbered = Named(id="S1", name="Speaker 1", is_me=False)
    found, unknown = compared(document([person("Speaker 1", talk_ratio=0.4)]), [numbered])
    assert found is None
    assert len(unknown) == 1


def test_me_of_earlier_calls_is_not_whoever_spoke_first_here() -> None:
    """Nobody is marked in this call: the first speaker may be the other side."""
    found, _ = compared(document([person("Ana", me=True, talk_ratio=0.4)]), [OTHER])
    assert found is None


def test_where_nobody_speaks_nothing_is_compared() -> None:
    """And nothing is to be warned of but that."""
    assert compared(document([person("Ana", me=True)]), []) == (None, [])


def test_the_report_has_them_under_its_contract() -> None:
    """With the key where there is something, without it where not, and the warning in words."""
    calls = document([person("Ana", me=True, **ANA)], [person("Cleo")])
    config = named("Ana", "Ben", me="Ana")
    report = report_of(config, earlier=calls)
    assert report["earlier"]["call_count"] == 1
    assert any("1.wav is not compared with" in one for one in report["quality"]["warnings"])
    assert "earlier" not in report_of(config, earlier=document([person("Cleo")]))
    assert "earlier" not in report_of(config)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(COMPARED), st.floats(-1e6, 1e6), max_size=8), max_size=6
    )
)
def test_each_figure_lies_between_its_ends(figures: list[Mapping[str, float]]) -> None:
    """Counted where it is there; no figure of no call."""
    found, _ = compared(document(*([person("Ana", me=True, **one)] for one in figures)), [ME])
    if not figures:
        assert found is None
        return
    assert found
    assert found["call_count"] == len(figures)
    for metric in COMPARED:
        count = sum(metric in one for one in figures)
        known = found["figures"].get(metric)
        assert (known["count"] if known else 0) == count
        if known:
            assert known["low"] <= known["median"] <= known["high"]


# --- the command line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with call.wav, a store of its own, and models that understand tones."""
    build.write_call(tmp_path / "call.wav")
    put_fakes(monkeypatch)
    monkeypatch.setenv("PARLEY_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("PARLEY_VOICES", str(tmp_path / "voices"))
    return tmp_path


def analysed(folder: Path, *arguments: Path | str) -> tuple[Result, dict[str, Any]]:
    """What `parley analyze` prints, and its report."""
    done = parley("analyze", folder / "call.wav", "--out", folder / "out", "--names", "Ana,Ben",
                  "--me", "Ana", *arguments)  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return done, json.loads((folder / "out/call/report.json").read_text("utf-8"))


def test_analyze_compares_and_relabel_keeps_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two paths; a broken report is a warning; gone reports do not change a corrected one."""
    one = written(folder / "old/1/report.json", DIGESTS[0])
    two = written(folder / "two.json", DIGESTS[1])
    (folder / "old/broken").mkdir()
    broken = folder / "old/broken/report.json"
    broken.write_text("{", encoding="utf-8")
    done, report = analysed(folder, "--earlier", folder / "old", "--earlier", two)
    assert report["earlier"]["call_count"] == 2
    median = report_builder.SPEAKERS[0]["talk_ratio"]
    assert report["earlier"]["figures"]["talk_ratio"]["median"] == median
    assert f"--earlier {broken}: left out" in done.stderr.replace("\n", "")
    for path in (one, two, broken):
        path.unlink()
    monkeypatch.setattr("pipeline.stages.tactics.load_learned", lambda config, *, locate: None)
    corrected = parley("relabel", folder / "call.wav", "--speaker", "S2=Benedict")
    assert corrected.exit_code == 0, corrected.output
    again = json.loads((folder / "out/call/report.json").read_text("utf-8"))
    assert again["speakers"][1]["name"] == "Benedict"
    assert again["earlier"] == report["earlier"]


def test_a_report_of_the_same_call_is_left_out(folder: Path) -> None:
    """The folder of reports may be the one that is written to."""
    analysed(folder)
    done, report = analysed(folder, "--earlier", folder / "out")
    assert "earlier" not in report
    assert "the recording that is analysed now" in done.stderr.replace("\n", " ")


def test_a_damaged_note_of_earlier_calls_is_told(folder: Path) -> None:
    """As any other damaged note: with the file's name and exit code 6."""
    analysed(folder, "--earlier", written(folder / "old.json"))
    (note,) = (folder / "store" / "recordings").rglob("*.json")
    data = json.loads(note.read_text("utf-8")) | {"earlier": {"calls": [{}]}}
    note.write_text(json.dumps(data), encoding="utf-8")
    done = parley("relabel", folder / "call.wav", "--show")
    assert done.exit_code == 6
    assert "damaged note" in done.stderr
