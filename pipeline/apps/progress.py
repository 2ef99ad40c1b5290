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
from pipeline.stages import PLAYBACK, STAGES

EXPECTED_SHARES = {
    "audio": 0.04, "diarize": 0.25, "transcribe": 0.65, "page": 0.03, "playback": 0.03,
}  # fmt: skip
"""Of a recording's time on two cores; stages that are not named take next to none."""


def _name(path: Path) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in path.name)


class Silence:
    """Says nothing."""

    def recording_started(self, path: Path, *, number: int, count: int) -> None:
        """Say nothing."""

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None:
        """Say nothing."""

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None:
        """Say nothing."""


class Lines:
    """A plain line for each stage that was run, with the seconds since the recording began.

    Of several recordings each line says which it is about, as two may be worked on at once.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started_s: dict[int, float] = {}
        self._label: dict[int, str] = {}
        self._latest = 0

    def recording_started(self, path: Path, *, number: int, count: int) -> None:
        """Name the recording."""
        self._latest = number
        self._started_s[number] = time.monotonic()
        self._label[number] = f"[{number}/{count}]" if count > 1 else " "
        self._console.print(f"[{number}/{count}] {_name(path)}", soft_wrap=True)

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None:
        """Say that a stage is done."""
        if share >= 1.0:
            self._say(f"{stage} done", number)

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None:
        """Say how it ended."""
        self._say("failed" if outcome.error else "finished", number)

    def _say(self, text: str, number: int | None) -> None:
        about = self._latest if number is None else number
        seconds = time.monotonic() - self._started_s[about]
        self._console.print(f"{self._label[about]} {text} ({seconds:.1f} s)")


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
        self._tasks: dict[int, TaskID] = {}
        self._latest = 0

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
        self._latest = number
        self._tasks[number] = self._progress.add_task(
            name, total=1.0, count=f"{number}/{count}", stage="starting"
        )

    def stage_advanced(self, stage: str, share: float, *, number: int | None = None) -> None:
        """Move the bar to where the stage stands."""
        done = sum(EXPECTED_SHARES.get(name, 0.0) for name in _stages_before(stage))
        now = done + share * EXPECTED_SHARES.get(stage, 0.0)
        self._progress.update(self._task(number), completed=now, stage=stage)

    def recording_ended(self, outcome: Outcome, *, number: int | None = None) -> None:
        """Fill the bar, or say that it failed."""
        task = self._task(number)
        if outcome.error:
            self._progress.update(task, stage="failed")
            self._progress.stop_task(task)
        else:
            self._progress.update(task, completed=1.0, stage="done")

    def _task(self, number: int | None) -> TaskID:
        return self._tasks[self._latest if number is None else number]


def _stages_before(stage: str) -> list[str]:
    names = [*(one.name for one in STAGES), PLAYBACK.name]
    if stage not in names:
        stage = "tactics"  # stages of some plans only are quick, and run about then
    return names[: names.index(stage)]
