"""The feedback report of an analysed recording, in the form that a person wants to hand on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from pipeline.corrections import read_overlay
from pipeline.documents.content import document
from pipeline.documents.markdown import markdown
from pipeline.documents.printing import pdf
from pipeline.documents.word import word
from pipeline.errors import ConfigError, InputError
from pipeline.relabel import Analysed, current, deaf_bench, find_analysis
from pipeline.run import accounted, publish, results
from pipeline.stages.page import PageConfig
from pipeline.stages.page import run as page
from pipeline.store import Store, translated, write_atomic

FORMATS = ("html", "pdf", "md", "docx", "json")
REPORT, PAGE = "report.json", "report.html"
_MAJOR = "1."
_NO_REPORT = (
    KeyError, TypeError, ValueError, AttributeError, IndexError, StopIteration, ArithmeticError,
    RecursionError, jinja2.TemplateError,
)  # fmt: skip
"""What a document raises that has another shape than a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files that were written, or that are up to date; `notes` are for the person asking."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A report and the files that are stored of it: all of its folder's, or report.json alone.

    `origin` is what must not be written over: the recording, or that report.json.
    """

    report: Mapping[str, Any]
    files: Mapping[str, bytes]
    folder: Path
    origin: Path
    page_config: PageConfig
    is_whole: bool
    notes: tuple[str, ...] = ()


def write_report(
    recording: Path,
    *,
    formats: Sequence[str],
    store: Store,
    out: Path | None = None,
    transcript: bool = False,
) -> Written:
    """Write the report in FORMATS, corrections included; with none see that report.html is so.

    `recording` is the recording, its report's folder, or its report.json. `out` is a folder, or
    the file of the one format; by default the files lie beside the report. `transcript` adds the
    transcript to pdf, md and docx; html and json always hold it. Nothing is heard again. Where
    the results of the analysis are gone, report.json alone is what the files are made of.

    Raises ConfigError for formats and paths that make no sense and where nothing can print a
    PDF, InputError where there is no report, StoreError where nothing can be written.
    """
    wanted = _wanted(formats)
    targets = _targets(wanted, out=out)
    source = _source(recording, store=store)
    if out is None and source.is_whole:
        publish(source.files, folder=source.folder)
    if not wanted:
        return _standing(source)
    paths = tuple(target or source.folder / f"report.{name}"
                  for name, target in zip(wanted, targets, strict=True))  # fmt: skip
    contents = [_content(name, source=source, transcript=transcript) for name in wanted]
    for path, content in zip(paths, contents, strict=True):
        _write(path, content, source=source)
    return Written(paths=paths, notes=source.notes)


def _wanted(formats: Sequence[str]) -> tuple[str, ...]:
    """The formats, each once. Raises ConfigError."""
    for name in formats:
        if name not in FORMATS:
            raise ConfigError(
                f"--format {name}: there is no such format; there are {', '.join(FORMATS)}"
            )
    return tuple(dict.fromkeys(formats))


def _targets(wanted: tuple[str, ...], *, out: Path | None) -> tuple[Path | None, ...]:
    """Where each format goes; None for the report's folder. Raises ConfigError."""
    if out is None:
        return (None,) * len(wanted)
    if not wanted:
        raise ConfigError("--out says where a format goes; name one with --format")
    ending = out.suffix.removeprefix(".").lower()
    if ending not in FORMATS or out.is_dir():
        return tuple(out / f"report.{name}" for name in wanted)
    if wanted != (ending,):
        raise ConfigError(
            f"--out {out} is a file of one format and --format asks for {', '.join(wanted)}; "
            "name a folder, or a file with the format's ending"
        )
    return (out,)


# --- what is written


def _source(path: Path, *, store: Store) -> _Source:
    """The report as its results are stored, else as report.json has it. Raises InputError."""
    try:
        analysed = find_analysis(path, store=store)
    except InputError:
        left = path / REPORT if path.is_dir() else path
        if left.suffix.lower() != ".json" or not left.is_file():
            raise
        return _left(left)
    return _stored(analysed)


def _stored(analysed: Analysed) -> _Source:
    overlay = read_overlay(analysed.store.root, analysed.recording.digest)
    whole, voices_skipped = current(analysed, overlay=overlay)
    with accounted("the report"):
        files = results(whole, bench=deaf_bench(analysed))
    return _Source(
        report=json.loads(files[REPORT]),
        files=files,
        folder=analysed.folder,
        origin=analysed.recording.path,
        page_config=analysed.config.page,
        is_whole=True,
        notes=(_VOICES_SKIPPED,) if voices_skipped else (),
    )


_VOICES_SKIPPED = (
    "who has enrolled changed since the analysis, so names by voice are left out; "
    "`parley analyze` looks at them again"
)
_ALONE = (
    "the results of this analysis are not in the store, so this is made of report.json alone, "
    "as it is"
)


def _left(path: Path) -> _Source:
    """A report of which only report.json is left. Raises InputError."""
    with _reading(path):
        content = path.read_bytes()
        report = json.loads(content)
        version = report["schema_version"]
        if not version.startswith(_MAJOR):
            raise InputError(
                f"{path}: its version is {str(version)[:20]}, and this Parley reads {_MAJOR}x; "
                "use the Parley that it was made with"
            )
    return _Source(
        report=report,
        files={REPORT: content},
        folder=path.parent,
        origin=path,
        page_config=PageConfig(),
        is_whole=False,
        notes=(_ALONE,),
    )


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what a file raises that is no whole report into an InputError."""
    try:
        yield
    except (*_NO_REPORT, OSError) as err:
        raise InputError(
            f"{path}: not a whole report of Parley; run `parley analyze` on the recording again"
        ) from err


def _content(name: str, *, source: _Source, transcript: bool) -> bytes:
    """The report in one format. Raises ConfigError where a PDF cannot be printed."""
    if f"report.{name}" in source.files:
        return source.files[f"report.{name}"]
    with _checked(source):
        if name == "html":
            return page(report=source.report, config=source.page_config).encode("utf-8", "replace")
        if name == "pdf":
            # from the report alone: what a page plays has no place on paper
            sheets = page(
                report=source.report,
                config=source.page_config,
                with_transcript=transcript,
                print_transcript=transcript,
            )
            return pdf(sheets)
        whole = document(source.report, transcript=transcript)
        return markdown(whole).encode("utf-8", "replace") if name == "md" else word(whole)


def _checked(source: _Source) -> contextlib.AbstractContextManager[None]:
    """A wrong shape is the fault of a file that somebody kept, or else ours."""
    return accounted("the report") if source.is_whole else _reading(source.origin)


# --- where it is written


def _standing(source: _Source) -> Written:
    """The page where it lies; written if report.json is all that is left."""
    path = source.folder / PAGE
    if not source.is_whole and not path.is_file():
        write_atomic(path, _content("html", source=source, transcript=True))
    return Written(paths=(path,), notes=source.notes)


def _write(path: Path, content: bytes, *, source: _Source) -> None:
    """Write a file, but never over what all was made of. Raises ConfigError, StoreError."""
    if not _is_origin(path, source=source):
        write_atomic(path, content)
    elif content != source.files[REPORT] or source.is_whole:
        raise ConfigError(f"{path} is what the report is made of; choose another file with --out")


def _is_origin(path: Path, *, source: _Source) -> bool:
    with translated("look at", path):
        return path.exists() and source.origin.exists() and path.samefile(source.origin)
