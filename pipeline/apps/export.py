"""`parley export`: have the report exported, and print what was written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline import exporting
from pipeline.apps.console import STDOUT, one_line
from pipeline.config import Config, store_directory
from pipeline.store import Store


def export(recording: Path, *, formats: Sequence[str], out: Path | None, config: Config) -> None:
    """Export a report in those formats; a line for each file or folder of files."""
    done = exporting.export(
        recording, formats=formats, out=out, store=Store(root=store_directory(config))
    )
    for note in done.notes:
        STDOUT.print(f"note: {one_line(note)}", soft_wrap=True)
    for path in done.paths:
        STDOUT.print(f"exported: {one_line(str(path))}", soft_wrap=True)
