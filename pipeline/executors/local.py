"""Recordings one after the other in this process: one bad recording never stops the rest."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from pipeline.config import Config
from pipeline.corrections import read_overlay
from pipeline.enrolment import enrolled_people
from pipeline.errors import PipelineError
from pipeline.history import Analysis, remember
from pipeline.plan import Plan, plan, read_recording
from pipeline.run import Bench, accounted, publish, results
from pipeline.store import check_writable

_MAX_NAME_BYTES = 100
_DIGEST_LETTERS = 8


class Observer(Protocol):
    """Hears how a batch goes on."""

    def recording_started(self, path: Path, *, number: int, count: int) -> None: ...

    def stage_advanced(self, stage: str, share: float) -> None: ...

    def recording_ended(self, outcome: Outcome) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one recording ended: a report in `folder`, or an error."""

    path: Path
    seconds: float
    folder: Path | None = None
    report: dict[str, Any] | None = None
    error: PipelineError | None = None


def analyze(
    paths: Sequence[Path], *, config: Config, out: Path, bench: Bench, observer: Observer
) -> list[Outcome]:
    """Analyse recordings and write each one's files to a folder of its own under `out`.

    Raises StoreError where `out` cannot be written, before any work is done.
    """
    check_writable(out)
    outcomes: list[Outcome] = []
    taken: dict[Path, str] = {}
    for number, path in enumerate(paths, start=1):
        observer.recording_started(path, number=number, count=len(paths))
        bench.listener = observer.stage_advanced
        outcome = _analyze_one(path, config=config, out=out, bench=bench, taken=taken)
        observer.recording_ended(outcome)
        outcomes.append(outcome)
    return outcomes


def _analyze_one(
    path: Path, *, config: Config, out: Path, bench: Bench, taken: dict[Path, str]
) -> Outcome:
    started = time.monotonic()
    try:
        with accounted("the analysis"):
            recording = read_recording(path)
            whole = plan(
                recording,
                config=config,
                overlay=read_overlay(bench.store.root, recording.digest),
                enrolled=enrolled_people(config),
            )
            folder = _folder(whole, out=out, taken=taken)
            files = results(whole, bench=bench)
            publish(files, folder=folder)
            _remember(whole, config=config, folder=folder, bench=bench)
            report = json.loads(files["report.json"])
    except PipelineError as err:
        return Outcome(path=path, seconds=time.monotonic() - started, error=err)
    return Outcome(path=path, seconds=time.monotonic() - started, folder=folder, report=report)


def _remember(whole: Plan, *, config: Config, folder: Path, bench: Bench) -> None:
    """Note the analysis, so that it can be corrected later without being described again."""
    recording = whole.recording
    analysis = Analysis(path=recording.path, name=recording.name, config=config, folder=folder)
    remember(bench.store.root, recording.digest, analysis)


def _folder(whole: Plan, *, out: Path, taken: dict[Path, str]) -> Path:
    """The folder of a recording: its name, with part of its digest where another has the name."""
    digest = whole.recording.digest
    plain = out / folder_name(whole.recording.name)
    own = plain.with_name(f"{plain.name}-{digest[:_DIGEST_LETTERS]}")
    holder = taken.get(plain) or _digest_in(plain)
    folder = plain if holder in (None, digest) else own
    taken[folder] = digest
    return folder


def _digest_in(folder: Path) -> str | None:
    """The digest of the recording whose report lies in a folder; None where none does."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return str(report["recording"]["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def folder_name(recording_name: str) -> str:
    """A recording's name without suffix as a folder name that is safe on every system.

    Letters, digits, blanks and -_.() of any script stay, everything else becomes an underscore;
    a name over 100 bytes is cut and gets part of its hash.
    """
    stem = Path(recording_name).stem
    kept = "".join(letter if letter.isalnum() or letter in " -_.()" else "_" for letter in stem)
    name = kept.strip(" .") or "recording"
    if name.upper().partition(".")[0] in _RESERVED:
        name = f"_{name}"
    if len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    cut = name.encode()[: _MAX_NAME_BYTES - _DIGEST_LETTERS - 1].decode("utf-8", "ignore")
    return f"{cut}-{sha256(recording_name.encode()).hexdigest()[:_DIGEST_LETTERS]}"


_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{kind}{n}" for kind in ("COM", "LPT") for n in range(1, 10))]
)


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """0 where all went well; the error's code where all errors have the same; else 1."""
    codes = {code for code in _codes(outcomes) if code}
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def _codes(outcomes: Iterable[Outcome]) -> Iterator[int]:
    for outcome in outcomes:
        yield outcome.error.exit_code if outcome.error else 0
