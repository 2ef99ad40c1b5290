"""`parley report`: what it writes and where, what it never runs, and how it says what is wrong."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import builders as build
import pytest
import report_builder
from click.testing import Result
from command_line import parley, put_fakes

from pipeline.documents import printing
from pipeline.errors import ConfigError

FAKE_PDF = b"%PDF-1.7 a page"


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


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A report.json of the made-up call, with no store that knows of it."""
    monkeypatch.setenv("PARLEY_STORE", str(tmp_path / "store"))
    path = tmp_path / "kept" / "report.json"
    path.parent.mkdir()
    path.write_text(json.dumps(report_builder.full_report()), encoding="utf-8")
    return path


def report(*arguments: Path | str, code: int = 0) -> Result:
    """Run `parley report` and see how it ends."""
    done = parley("report", *arguments)
    assert done.exit_code == code, done.output
    return done


def put_browser(folder: Path, script: str, patch: pytest.MonkeyPatch) -> Path:
    """A program that stands for a browser: a shell script."""
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    patch.setenv(printing.VARIABLE, str(path))
    return path


# --- a whole analysis


def test_without_a_format_the_page_is_named(folder: Path) -> None:
    """One line: where report.html lies."""
    done = report(folder / "call.wav")
    assert done.stdout.splitlines() == [str(folder / "out/call/report.html")]


@pytest.mark.parametrize("given", ["call.wav", "out/call", "out/call/report.json"])
def test_each_name_of_a_recording_leads_to_its_report(folder: Path, given: str) -> None:
    """The recording, its report's folder and report.json are the same call."""
    done = report(folder / given, "--format", "md")
    assert done.stdout.splitlines() == [str(folder / "out/call/report.md")]
    assert "Ana" in (folder / "out/call/report.md").read_text("utf-8")


def test_a_damaged_or_missing_page_is_mended(folder: Path) -> None:
    """The files beside the report are those of the stored results again."""
    html = (folder / "out/call/report.html").read_bytes()
    (folder / "out/call/report.html").write_text("old", encoding="utf-8")
    report(folder / "call.wav")
    assert (folder / "out/call/report.html").read_bytes() == html
    (folder / "out/call/report.html").unlink()
    report(folder / "call.wav")
    assert (folder / "out/call/report.html").read_bytes() == html


def test_corrections_are_in_every_format(folder: Path) -> None:
    """What `parley relabel` noted stands in the page, the Markdown and report.json."""
    assert parley("relabel", folder / "call.wav", "--speaker", "S1=Zoe").exit_code == 0
    out = folder / "elsewhere"
    report(folder / "call.wav", "--format", "html", "--format", "md", "--format", "json",
           "--out", out)  # fmt: skip
    for name in ("report.html", "report.md", "report.json"):
        assert "Zoe" in (out / name).read_text("utf-8")


def test_out_elsewhere_leaves_the_reports_folder_alone(folder: Path) -> None:
    """Nothing is written there: it may be read-only, or an archive."""
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*")}
    report(folder / "call.wav", "--format", "md", "--out", folder / "elsewhere")
    assert {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*")} == before


def test_nothing_is_heard_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording itself may be gone, and no model is asked for."""
    (folder / "call.wav").unlink()
    monkeypatch.setattr("pipeline.run.Models.get", lambda *_: pytest.fail("a model was asked for"))
    report(folder / "out/call", "--format", "md")


def test_results_that_are_gone_are_an_error(folder: Path) -> None:
    """A recording whose results were removed is to be analysed again."""
    shutil.rmtree(folder / "store/transcribe")
    done = report(folder / "call.wav", "--format", "md", code=3)
    assert "run `parley analyze` on it first" in done.stderr


def test_the_recording_is_never_written_over(folder: Path) -> None:
    """--out that is the recording is refused."""
    talk = folder / "talk.json"
    talk.write_text('{"speaker": "Ana", "text": "Hello there."}\n', encoding="utf-8")
    shutil.copy(talk, folder / "talk.jsonl")
    assert parley("analyze", folder / "talk.jsonl", "--out", folder / "out").exit_code == 0
    (folder / "talk.json").unlink()
    (folder / "talk.json").symlink_to(folder / "talk.jsonl")
    done = report(folder / "talk.jsonl", "--format", "json", "--out", folder / "talk.json", code=2)
    assert "is what the report is made of" in done.stderr


# --- report.json alone


def test_every_format_is_made_of_report_json_alone(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a note that it is so; report.json stays as it was."""
    monkeypatch.setattr("pipeline.reporting.pdf", lambda _page: FAKE_PDF)
    before = alone.read_bytes()
    formats = [part for name in ("html", "pdf", "md", "docx", "json")
               for part in ("--format", name)]  # fmt: skip
    done = report(alone, *formats)
    names = [Path(line).name for line in done.stdout.splitlines()]
    assert names == ["report.html", "report.pdf", "report.md", "report.docx", "report.json"]
    assert "made of report.json alone" in done.stderr
    assert alone.read_bytes() == before
    assert all((alone.parent / name).stat().st_size for name in names)


def test_a_page_that_lies_there_is_left_as_it_is(alone: Path) -> None:
    """It may hold the call's sound, which report.json has not."""
    page = alone.parent / "report.html"
    page.write_text("with sound", encoding="utf-8")
    assert report(alone).stdout.splitlines() == [str(page)]
    assert page.read_text("utf-8") == "with sound"
    report(alone, "--format", "html")
    assert "Ana" in page.read_text("utf-8")


def test_printing_leaves_the_transcript_out_unless_asked_for(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes to the printer has the figures, and the turns with --transcript alone."""
    pages: list[str] = []
    monkeypatch.setattr("pipeline.reporting.pdf", lambda page: pages.append(page) or FAKE_PDF)
    report(alone, "--format", "pdf")
    report(alone, "--format", "pdf", "--transcript")
    said = "Four days remote is hard, because the team plans together"
    assert [said in page for page in pages] == [False, True]
    assert all("<audio" not in page for page in pages)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "not json", '{"schema_version": 1}', '{"schema_version": "1.4.0"}',
     '{"schema_version": "1.4.0", "speakers": [1]}', "[" * 100_000, "\udc80"],
)  # fmt: skip
def test_what_is_no_report_is_refused(alone: Path, text: str) -> None:
    """A clear error, never a bug of ours, whatever the file holds."""
    alone.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert "not a whole report" in report(alone, "--format", "md", code=3).stderr


@pytest.mark.parametrize(
    "key", ["recording", "speakers", "turns", "tactics", "quality", "codebook", "versions"]
)
@pytest.mark.parametrize("value", [None, 7, "x", [3], {"a": 1}])
def test_a_report_with_a_key_of_another_kind_is_refused_or_told(
    alone: Path, key: str, value: object
) -> None:
    """Either it can be told all the same, or the file is named as the fault."""
    alone.write_text(json.dumps(report_builder.full_report() | {key: value}), encoding="utf-8")
    done = parley("report", alone, "--format", "md", "--format", "docx")
    assert done.exit_code in (0, 3), done.output


def test_another_major_version_is_refused(alone: Path) -> None:
    """Keys may mean something else there."""
    alone.write_text(json.dumps(report_builder.full_report() | {"schema_version": "2.0.0"}))
    assert "its version is 2.0.0" in report(alone, "--format", "md", code=3).stderr


def test_hostile_file_names_cannot_forge_lines(alone: Path) -> None:
    """A path is one printable line."""
    out = alone.parent / "a\nb\x1b[31m"
    assert len(report(alone, "--format", "md", "--out", out).stdout.splitlines()) == 1


# --- options


@pytest.mark.parametrize(
    ("out", "formats", "written"),
    [
        ("new", ["md"], "new/report.md"),
        ("a.md", ["md"], "a.md"),
        ("deep/er/a.DOCX", ["docx"], "deep/er/a.DOCX"),
        ("v1.2", ["md"], "v1.2/report.md"),
    ],
)
def test_out_is_a_file_or_a_folder(alone: Path, out: str, formats: list[str], written: str) -> None:
    """A name that ends as a format is a file, any other a folder."""
    report(alone, *(f"--format={name}" for name in formats), "--out", alone.parent / out)
    assert (alone.parent / written).is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "doc"], "there are html, pdf, md, docx, json"),
        (["--format", "md", "--out", "a.docx"], "a file of one format"),
        (["--format", "md", "--format", "docx", "--out", "a.md"], "a file of one format"),
        (["--out", "folder"], "name one with --format"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    alone: Path, arguments: list[str], words: str
) -> None:
    """Exit 2, before anything is read or written."""
    assert words in report(alone, *arguments, code=2).stderr
    assert [one.name for one in alone.parent.iterdir()] == ["report.json"]


def test_a_folder_that_cannot_be_written_is_an_error(alone: Path) -> None:
    """A file stands in the way of the folder."""
    (alone.parent / "taken").write_text("x", encoding="utf-8")
    report(alone, "--format", "md", "--out", alone.parent / "taken" / "in", code=6)


def test_a_recording_never_analysed_is_an_error(alone: Path) -> None:
    """The way on is `parley analyze`."""
    build.write_call(alone.parent / "new.wav")
    assert "parley analyze" in report(alone.parent / "new.wav", code=3).stderr
    assert "no such file" in report(alone.parent / "none.wav", code=3).stderr


# --- what prints


def test_nothing_to_print_with_says_what_to_install(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an empty PATH and no WeasyPrint; the other formats need neither."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(printing.VARIABLE, raising=False)
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    error = report(alone, "--format", "pdf", "--format", "md", code=2).stderr
    assert "install Chromium or Chrome" in error
    assert "parley[pdf]" in error
    assert [one.name for one in alone.parent.iterdir()] == ["report.json"]


def test_a_named_browser_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names one wants that one, not another."""
    monkeypatch.setenv(printing.VARIABLE, "/no/such/browser")
    with pytest.raises(ConfigError, match="which is no program"):
        printing.find_browser()


def test_the_browser_prints_from_a_profile_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told where to print, and no folder of it is left."""
    script = (
        f'echo "$@" > {tmp_path}/told\n'
        'for one in "$@"; do case $one in\n'
        '--print-to-pdf=*) printf %%PDF- > "${one#*=}";; esac; done'
    )
    put_browser(tmp_path, script, monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert printing.pdf("<p>page</p>").startswith(b"%PDF-")
    told = (tmp_path / "told").read_text("utf-8")
    assert "--disable-background-networking" in told
    assert "--user-data-dir=" in told
    assert not list(tmp_path.glob("parley-*"))


@pytest.mark.parametrize(
    ("is_root", "switches"), [(True, ("--no-sandbox",)), (False, ())], ids=["root", "others"]
)
def test_only_root_prints_without_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, is_root: bool, switches: tuple[str, ...]
) -> None:
    """The sandbox stays wherever Chromium can run in it."""
    monkeypatch.setattr("os.geteuid", lambda: 0 if is_root else 1000)
    assert printing._sandbox_switches() == switches


@pytest.mark.parametrize(
    ("script", "words"),
    [("exit 7", "ended with code 7"), ("true", "made no PDF"), ("sleep 20", "did not print")],
)
def test_a_browser_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    """Which browser, and what else there is."""
    put_browser(tmp_path, f"exec {script}" if script != "exit 7" else script, monkeypatch)
    monkeypatch.setattr(printing, "_TIMEOUT_S", 1)
    with pytest.raises(ConfigError, match=words):
        printing.pdf("<p>page</p>")


def test_charts_have_colours_where_no_variables_are_known() -> None:
    """WeasyPrint reads no variables in SVG; text that looks like one stays."""
    page = printing._coloured('<rect fill="var(--me)"/><p>"var(--me)" var(--me)</p>')
    assert page.startswith('<rect fill="#1d4474"/>')
    assert page.endswith("var(--me)</p>")
