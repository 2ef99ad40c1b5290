"""What the commands do and print: results on standard output, the way there on standard error."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.apps.progress import Bars, Lines, Silence
from pipeline.config import Config, store_directory
from pipeline.earlier import read_earlier
from pipeline.errors import ConfigError, InputError, ModelError, PipelineError
from pipeline.executors import local
from pipeline.executors.local import Observer, Outcome
from pipeline.models import quiet_dependencies
from pipeline.models.device import Device, choose_device
from pipeline.models.doctor import examine
from pipeline.models.fetch import fetch
from pipeline.models.registry import Weights, find_weights, shipped_weights
from pipeline.models.weights import locate, models_directory, verify, weights_path
from pipeline.plan import find_recordings, is_transcript
from pipeline.run import Bench, Models
from pipeline.store import Store

STDOUT = Console(markup=False, highlight=False, emoji=False)
STDERR = Console(stderr=True, markup=False, highlight=False, emoji=False)
if not STDOUT.is_terminal:
    STDOUT.width = 110  # a file or a pipe has no width; 80 would fold names


@contextlib.contextmanager
def errors_printed() -> Iterator[None]:
    """Turn an error of the tree into one printed line and its exit code."""
    try:
        yield
    except PipelineError as err:
        STDERR.print(Text(f"parley: {one_line(str(err))}", style="red"), soft_wrap=True)
        sys.exit(err.exit_code)
    except KeyboardInterrupt:
        STDERR.print("parley: stopped; what was finished is kept, the same command goes on")
        sys.exit(130)


def one_line(text: str) -> str:
    """Text that comes from files as one printable line, so that no name can forge output."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def analyze(
    patterns: Sequence[str],
    *,
    config: Config,
    out: Path,
    jobs: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    earlier: Sequence[Path] = (),
) -> int:
    """Analyse recordings, `jobs` at a time, print what came of each, and return the exit code.

    Reports compare with those that `earlier` names, where there are any.
    Lines of a transcript that could not be read are named, and count as an error of input.
    """
    quiet_dependencies()
    log_to(STDERR)
    paths = find_recordings(patterns)
    if not all(map(is_transcript, paths)):  # transcripts have names of their own
        config.report.check_me(config.report.names)
    bench = Bench(store=Store(root=store_directory(config)), models=models_for(config), force=force)
    with watching(quiet=quiet or as_json) as observer:
        outcomes = local.analyze(
            paths,
            config=config,
            out=out,
            bench=bench,
            observer=observer,
            at_once=jobs,
            earlier=read_earlier(earlier),
        )
    if as_json:
        print(json.dumps([_as_json(outcome) for outcome in outcomes], ensure_ascii=True, indent=2))
    elif not quiet:
        _print_summary(outcomes)
    unread = _print_unread(outcomes)
    _print_failures(outcomes)
    return local.exit_code(outcomes) or (InputError.exit_code if unread else 0)


def models_for(config: Config) -> Models:
    """Models that choose their device when the first one is loaded, and say which."""
    chosen: list[Device] = []

    def device() -> Device:
        if not chosen:
            chosen.append(choose_device(config.run.device))
            logging.getLogger("parley").info(chosen[0].reason)
        return chosen[0]

    directory = Path(config.run.models).expanduser() if config.run.models else None

    def find(name: str) -> Path:
        offline = True if config.run.offline else None
        return locate(name, directory=directory, offline=offline, progress=_say)

    return Models(device=device, locate=find)


def _say(message: str) -> None:
    logging.getLogger("parley").info(message)


def log_to(console: Console) -> None:
    """Print the project's own log lines; those of libraries are left where they are."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            console.print(one_line(record.getMessage()), style="dim", soft_wrap=True)

    logger = logging.getLogger("parley")
    logger.handlers = [Handler()]
    logger.setLevel(logging.INFO)
    logger.propagate = False


@contextlib.contextmanager
def watching(*, quiet: bool) -> Iterator[Observer]:
    if quiet:
        logging.getLogger("parley").setLevel(logging.WARNING)
        yield Silence()
    elif STDERR.is_terminal:
        with Bars(STDERR) as bars:
            yield bars
    else:
        yield Lines(STDERR)


def _as_json(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "path": str(outcome.path).encode("utf-8", "replace").decode(),
        "status": "failed" if error else "ok",
        "folder": str(outcome.folder) if outcome.folder else None,
        "seconds": round(outcome.seconds, 2),
        "error": {"kind": type(error).__name__, "message": str(error)} if error else None,
        "recording": outcome.report["recording"] if outcome.report else None,
        "speakers": outcome.report["speakers"] if outcome.report else [],
    }


def _print_summary(outcomes: Sequence[Outcome]) -> None:
    """A table with a line for each speaker, then where each report lies."""
    done = [outcome for outcome in outcomes if outcome.report]
    if not done:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("recording", "speaker"):
        table.add_column(title, overflow="fold")
    for title in ("talk", "90 % interval", "questions", "in turns", "longest", "latency"):
        table.add_column(title, justify="right")
    for outcome in done:
        for row in _summary_rows(outcome.report or {}):
            table.add_row(*row)
    STDOUT.print(table)
    for outcome in done:
        for warning in (outcome.report or {})["quality"]["warnings"]:
            STDOUT.print(f"note: {one_line(warning)}", soft_wrap=True)
        STDOUT.print(f"report: {one_line(str(outcome.folder))}/report.html", soft_wrap=True)


def _summary_rows(report: dict[str, Any]) -> Iterator[list[str]]:
    name = one_line(report["recording"]["name"])
    for speaker in report["speakers"]:
        yield [
            name,
            one_line(speaker["name"]) + (" (you)" if speaker["is_me"] else ""),
            _talk(speaker),
            "-".join(_percent(share) for share in speaker["talk_ratio_interval"] or []) or "–",
            _shown(speaker["question_count"], "{:.0f}"),
            _percent(speaker["question_ratio"]),
            _shown(speaker["longest_monologue_s"], "{:.0f} s"),
            _shown(speaker["median_response_latency_s"], "{:.1f} s"),
        ]
    if not report["speakers"]:
        yield [name, "nobody speaks", *["–"] * 6]


def _talk(speaker: dict[str, Any]) -> str:
    """The share of the talking time; that of the words where there are no times."""
    if speaker["talk_ratio"] is None and speaker["word_ratio"] is not None:
        return f"{_percent(speaker['word_ratio'])} of words"
    return _percent(speaker["talk_ratio"])


def _percent(share: float | None) -> str:
    return _shown(None if share is None else 100 * share, "{:.0f} %")


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _print_unread(outcomes: Sequence[Outcome]) -> int:
    """Name the lines of transcripts that could not be read; returns how many there are."""
    count = 0
    for outcome in outcomes:
        found = (outcome.report or {}).get("transcript")
        if not found:
            continue
        for one in found["unread_lines"]:
            text = f"{outcome.path.name}, line {one['line']}: {one['reason']}"
            STDERR.print(one_line(text), soft_wrap=True)
        if more := found["unread_line_count"] - len(found["unread_lines"]):
            STDERR.print(f"… and {more} more lines")
        count += found["unread_line_count"]
    return count


def _print_failures(outcomes: Sequence[Outcome]) -> None:
    """The last lines: which recordings failed, and each one's reason."""
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed and len(outcomes) > 1:
        STDERR.print(f"{len(failed)} of {len(outcomes)} recordings failed:", style="red")
    for outcome in failed:
        why = str(outcome.error).removeprefix(f"{outcome.path}: ")
        line = f"parley: {one_line(str(outcome.path))}: {one_line(why)}"
        STDERR.print(Text(line, style="red"), soft_wrap=True)


def list_models() -> None:
    """Print the known weights and whether they are here."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "kind", "licence", "size", "used by default", "here"):
        table.add_column(title)
    for weights in shipped_weights():
        here = weights_path(weights, models_directory()).exists()
        table.add_row(
            weights.name,
            weights.kind,
            weights.licence,
            f"{weights.bytes / 1e6:.0f} MB",
            "yes" if weights.default else "no",
            "yes" if here else "no",
        )
    STDOUT.print(table)
    STDOUT.print(f"folder: {models_directory()}", soft_wrap=True)


def fetch_models(names: Sequence[str]) -> None:
    """Fetch weights by name, or those of a default analysis. Raises ModelError, ConfigError."""
    log_to(STDERR)
    wanted = [_known(name) for name in names] or [w for w in shipped_weights() if w.default]
    fetched = fetch(wanted, models_directory(), _say)
    for weights in wanted:
        state = "fetched and verified" if weights.name in fetched else "was here already"
        STDOUT.print(f"{weights.name}: {state}")


def _known(name: str) -> Weights:
    weights = find_weights(name, weights=shipped_weights())
    if weights is None:
        names = ", ".join(w.name for w in shipped_weights())
        raise ConfigError(f"there are no weights named {name}; known are {names}")
    return weights


def verify_models() -> int:
    """Hash every file that is here; returns the exit code. Missing optional weights are fine."""
    wrong = 0
    for weights in shipped_weights():
        for file in verify(weights, models_directory()):
            wrong += file.state == "wrong" or (file.state == "missing" and weights.default)
            STDOUT.print(f"{file.state:8}{weights.name}/{file.path.name}", soft_wrap=True)
    if wrong:
        STDERR.print("parley: run `parley models fetch` to replace what is wrong or missing")
    return ModelError.exit_code if wrong else 0


def doctor() -> int:
    """Print one line for each thing looked at; returns 1 when there is a problem."""
    checks = examine()
    for check in checks:
        remedy = f" -> {check.remedy}" if check.remedy else ""
        line = f"{check.status:8}{check.name}: {check.detail}{remedy}"
        STDOUT.print(one_line(line), soft_wrap=True)
    return int(any(check.status == "problem" for check in checks))
