"""How a batch goes on: bars on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pipeline.executors.local import Outcome
from pipeline.stages import OPTIONAL_STAGES, STAGES

EXPECTED_SHARES = {"audio": 0.04, "diarize": 0.25, "transcribe": 0.66, "page": 0.03}
"""Of a recording's time on two cores; stages that are not named take next to none."""


def _name(path: Path) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in path.name)


class Silence:
    """Says nothing."""

    def recording_started(self, path: Path, *, number: int, count: int) -> None:
        """Say nothing."""

    def stage_advanced(self, stage: str, share: float) -> None:
        """Say nothing."""

    def recording_ended(self, outcome: Outcome) -> None:
        """Say nothing."""


class Lines:
    """A plain line for each stage that was run, with the seconds since the recording began."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started_s = 0.0

    def recording_started(self, path: Path, *, number: int, count: int) -> None:
        """Name the recording."""
        self._started_s = time.monotonic()
        self._console.print(f"[{number}/{count}] {_name(path)}", soft_wrap=True)

    def stage_advanced(self, stage: str, share: float) -> None:
        """Say that a stage is done."""
        if share >= 1.0:
            self._say(f"  {stage} done")

    def recording_ended(self, outcome: Outcome) -> None:
        """Say how it ended."""
        self._say("  failed" if outcome.error else "  finished")

    def _say(self, text: str) -> None:
        self._console.print(f"{text} ({time.monotonic() - self._started_s:.1f} s)")


class Bars:
    """A bar for each recording with its stage, elapsed and remaining time."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[stage]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = TaskID(0)
        self._before: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def recording_started(self, path: Path, *, number: int, count: int) -> None:
        """Begin a bar."""
        name = Text(_name(path)).plain[:40]
        self._task = self._progress.add_task(
            name, total=1.0, count=f"{number}/{count}", stage="starting"
        )

    def stage_advanced(self, stage: str, share: float) -> None:
        """Move the bar to where the stage stands."""
        done = sum(EXPECTED_SHARES.get(name, 0.0) for name in _stages_before(stage))
        now = done + share * EXPECTED_SHARES.get(stage, 0.0)
        self._progress.update(self._task, completed=now, stage=stage)

    def recording_ended(self, outcome: Outcome) -> None:
        """Fill the bar, or say that it failed."""
        if outcome.error:
            self._progress.update(self._task, stage="failed")
            self._progress.stop_task(self._task)
        else:
            self._progress.update(self._task, completed=1.0, stage="done")


def _stages_before(stage: str) -> list[str]:
    if stage in {one.name for one in OPTIONAL_STAGES}:
        stage = "tactics"  # they are run before it
    names = [one.name for one in STAGES]
    return names[: names.index(stage)]
