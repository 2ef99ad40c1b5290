"""Export a recording's report, as it stands now, for the tools of researchers and coaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polars.exceptions import PolarsError

from pipeline.corrections import read_overlay
from pipeline.errors import ConfigError, InputError, ModelError
from pipeline.history import recall
from pipeline.plan import read_recording
from pipeline.relabel import current, deaf_bench, find_analysis
from pipeline.run import accounted, made, publish
from pipeline.stages.exports.call import Call
from pipeline.stages.exports.formats import FORMATS
from pipeline.stages.exports.naming import file_stem
from pipeline.stages.exports.restored import read_report, restored
from pipeline.store import Store, translated

EVERY = "all"
REPORT = "report.json"
_FILE_ENDINGS = {one.ending.lower() for one in FORMATS.values() if not one.is_folder}
_VOICES_SKIPPED = (
    "who has enrolled changed since the analysis, so names by voice are left out; "
    "`parley analyze` looks at them again"
)
_NO_REPORT = (
    *(KeyError, IndexError, TypeError, ValueError, AttributeError),
    *(OverflowError, RecursionError, PolarsError),
)
"""What reading and writing raise where a report.json is not what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written, in order: files, and folders of files; `notes` say what was not."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A call, what its files are called and where they go, and what was analysed.

    `report` is the report.json where nothing else is left of the call.
    """

    call: Call
    stem: str
    folder: Path
    recording: Path
    report: Path | None = None
    notes: tuple[str, ...] = ()


def export(
    recording: Path, *, formats: Sequence[str], store: Store, out: Path | None = None
) -> Exported:
    """Write a report in formats of FORMATS, or in all of them, corrections included.

    `recording` is the recording, its report's folder, or its report.json; `out` is the folder to
    write to, the report's by default, or, for one format of one file, the file. Nothing is heard
    again; where the results of the analysis are gone, report.json is exported as it is.

    Raises ConfigError for formats and paths that make no sense, InputError where there is no
    report or it has no times for a format that needs them, StoreError where nothing can be
    written.
    """
    wanted = _wanted(formats)
    source = _source(recording, store=store)
    chosen = _possible(wanted, call=source.call, every=EVERY in formats)
    with translated("write to", out or source.folder):
        targets = _targets(chosen, source=source, out=out)
    contents = _contents(chosen, source=source)  # all of them, before anything is written
    for target, content in zip(targets, contents, strict=True):
        _write(target, content)
    return Exported(paths=targets, notes=tuple(_notes(wanted, chosen=chosen, source=source)))


def _wanted(formats: Sequence[str]) -> tuple[str, ...]:
    """The formats by name, each once. Raises ConfigError."""
    for name in formats:
        if name != EVERY and name not in FORMATS:
            raise ConfigError(
                f"--format {name}: there is no such format; there are {_listed(FORMATS)}, "
                f"and {EVERY} for all of them"
            )
    if not formats:
        raise ConfigError(f"name a format with --format: {_listed(FORMATS)}, or {EVERY}")
    return tuple(FORMATS if EVERY in formats else dict.fromkeys(formats))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _possible(wanted: tuple[str, ...], *, call: Call, every: bool) -> tuple[str, ...]:
    """The formats that the call can be written in. Raises InputError where one was asked for."""
    timeless = tuple(name for name in wanted if not FORMATS[name].needs_times)
    if call.has_times or timeless == wanted:
        return wanted
    if not every:
        needy = _listed(name for name in wanted if FORMATS[name].needs_times)
        left = _listed(name for name, one in FORMATS.items() if not one.needs_times)
        raise InputError(
            f"this call is known by a transcript without times, which {needy} needs; "
            f"formats without times are {left}"
        )
    return timeless


# --- what is exported


def _source(path: Path, *, store: Store) -> _Source:
    """The call as its results are stored, else as its report.json tells. Raises InputError."""
    try:
        return _stored(path, store=store)
    except (InputError, ModelError):
        report = _report_left(path, store=store)
        if report is None:
            raise
    return _restored(report, recording=path)


def _stored(path: Path, *, store: Store) -> _Source:
    analysed = find_analysis(path, store=store)
    overlay = read_overlay(store.root, analysed.recording.digest)
    whole, voices_skipped = current(analysed, overlay=overlay)
    with accounted("the export"):
        found = made(whole, bench=deaf_bench(analysed))
    return _Source(
        call=Call(**{name: found[name] for name in ("report", "words", "turns", "metrics")}),
        stem=file_stem(found["report"]),
        folder=analysed.folder,
        recording=analysed.recording.path,
        notes=(_VOICES_SKIPPED,) if voices_skipped else (),
    )


def _report_left(path: Path, *, store: Store) -> Path | None:
    """The report.json of a recording, of a folder, or that one itself, if there is one."""
    if path.is_dir() or path.suffix.lower() == ".json":
        report = path / REPORT if path.is_dir() else path
        return report if report.is_file() else None
    digest = read_recording(path).digest
    known = recall(store.root, digest)
    if known is None or not (known.folder / REPORT).is_file():
        return None
    report = known.folder / REPORT
    return report if _is_of(report, digest=digest) else None  # it may be of another by now


def _is_of(report: Path, *, digest: str) -> bool:
    with _whole_report(report):
        return bool(_read(report)["recording"]["digest"] == digest)


def _restored(report: Path, *, recording: Path) -> _Source:
    """A call from its report alone. Raises InputError where that is not a whole one."""
    with _whole_report(report):
        call = restored(_read(report))
        stem = file_stem(call.report)
    return _Source(call=call, stem=stem, report=report, folder=report.parent, recording=recording)


def _read(report: Path) -> dict[str, Any]:
    try:
        return read_report(report.read_text(encoding="utf-8"))
    except OSError as err:
        raise InputError(
            f"{report}: cannot be read ({err.strerror}); check the path and its permissions"
        ) from err


@contextmanager
def _whole_report(report: Path) -> Iterator[None]:
    """Whatever a report.json that is none brings about becomes an InputError."""
    try:
        yield
    except _NO_REPORT as err:
        raise InputError(
            f"{report}: not a whole report of Parley ({type(err).__name__}); "
            "run `parley analyze` on the recording again"
        ) from err


# --- what is written


def _targets(chosen: Sequence[str], *, source: _Source, out: Path | None) -> tuple[Path, ...]:
    """Where each format goes. Raises ConfigError for a path that is not for it."""
    if out and _is_file_name(out, chosen=chosen):
        targets = [out]
    else:
        folder = out or source.folder
        targets = [folder / f"{source.stem}{FORMATS[name].ending}" for name in chosen]
    for target in targets:
        if target.exists() and source.recording.exists() and target.samefile(source.recording):
            raise ConfigError(
                f"{target}: is what was analysed, and would be lost; choose another --out"
            )
    return tuple(targets)


def _is_file_name(out: Path, *, chosen: Sequence[str]) -> bool:
    """Whether `out` is the name of the one file wanted; any other file's is a mistake."""
    ending = out.suffix.lower()
    if out.is_dir() or ending not in _FILE_ENDINGS:
        return False
    if [FORMATS[name].ending.lower() for name in chosen] != [ending]:
        raise ConfigError(
            f"--out {out}: names a file of one format; with --format {_listed(chosen)} "
            "give a folder, or a name with the ending of that format"
        )
    return True


def _contents(chosen: Sequence[str], *, source: _Source) -> list[Mapping[str, bytes]]:
    """The files of each format. Raises InputError where report.json is not a whole report."""
    trusted = accounted("the export")
    with trusted if source.report is None else _whole_report(source.report):
        return [FORMATS[name].files(source.call) for name in chosen]


def _write(target: Path, content: Mapping[str, bytes]) -> None:
    """Write a file, or a folder of files, each file whole or not at all. Raises StoreError."""
    if "" in content:
        publish({target.name: content[""]}, folder=target.parent)
    else:
        publish(content, folder=target)


def _notes(wanted: Sequence[str], *, chosen: Sequence[str], source: _Source) -> Iterator[str]:
    """What to say besides."""
    yield from source.notes
    if skipped := [name for name in wanted if name not in chosen]:
        yield f"left out {_listed(skipped)}: this call is known by a transcript without times"
    if source.report:
        yield (
            f"made from {source.report.name} as it is, since the results of the analysis are not "
            "stored here any more; `parley analyze` on the recording brings them back"
        )
    timed = [name for name in chosen if FORMATS[name].uses_word_times]
    if source.report and timed:
        yield f"words have the times of their turns in {_listed(timed)}"
