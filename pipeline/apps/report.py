"""`parley report`: write the report in the formats asked for, and print where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.apps.console import STDERR, STDOUT, log_to, one_line
from pipeline.config import Config, store_directory
from pipeline.reporting import write_report
from pipeline.store import Store


def report(
    recording: Path,
    *,
    formats: Sequence[str],
    out: Path | None,
    transcript: bool,
    config: Config,
) -> None:
    """Write the files; each path is a line of standard output, notes go to standard error."""
    log_to(STDERR)
    written = write_report(
        recording,
        formats=formats,
        store=Store(root=store_directory(config)),
        out=out,
        transcript=transcript,
    )
    for note in written.notes:
        STDERR.print(f"note: {one_line(note)}", soft_wrap=True)
    for path in written.paths:
        STDOUT.print(one_line(str(path)), soft_wrap=True)
