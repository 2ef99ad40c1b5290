"""Progress: whatever is told by turns about two recordings stays with its own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.apps.progress import Bars, Lines
from pipeline.errors import ModelError
from pipeline.executors.local import Observer, Outcome

GOOD = Outcome(path=Path("a.wav"), seconds=1.0)
BAD = Outcome(path=Path("b.wav"), seconds=1.0, error=ModelError("no memory"))


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that lines are timed with."""
    made = Clock()
    monkeypatch.setattr("pipeline.apps.progress.time", made)
    return made


def console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    """A console and what is written to it."""
    text = io.StringIO()
    return Console(file=text, width=100, force_terminal=terminal, markup=False), text


def two_at_once(observer: Observer, clock: Clock | None = None) -> None:
    """Two recordings whose stages take turns; the second begins 10 s later, and fails."""
    observer.recording_started(Path("a.wav"), number=1, count=2)
    if clock:
        clock.now_s = 10.0
    observer.recording_started(Path("b.wav"), number=2, count=2)
    if clock:
        clock.now_s = 12.0
    observer.stage_advanced("audio", 1.0, number=1)
    observer.stage_advanced("audio", 0.5, number=2)
    observer.stage_advanced("audio", 1.0, number=2)
    observer.recording_ended(BAD, number=2)
    observer.stage_advanced("diarize", 1.0, number=1)
    observer.recording_ended(GOOD, number=1)


def test_lines_of_two_recordings_can_be_told_apart(clock: Clock) -> None:
    """Each line begins with the number of its recording and has the seconds since its start."""
    written, text = console()
    two_at_once(Lines(written), clock)
    assert text.getvalue().splitlines() == [
        "[1/2] a.wav",
        "[2/2] b.wav",
        "[1/2] audio done (12.0 s)",
        "[2/2] audio done (2.0 s)",
        "[2/2] failed (2.0 s)",
        "[1/2] diarize done (12.0 s)",
        "[1/2] finished (12.0 s)",
    ]


def test_lines_of_a_single_recording_bear_no_number(clock: Clock) -> None:
    """There is nothing to tell apart; who works on one at a time need not say which."""
    written, text = console()
    lines = Lines(written)
    lines.recording_started(Path("a.wav"), number=1, count=1)
    clock.now_s = 3.0
    lines.stage_advanced("audio", 1.0)
    lines.recording_ended(GOOD)
    assert text.getvalue().splitlines() == [
        "[1/1] a.wav",
        "  audio done (3.0 s)",
        "  finished (3.0 s)",
    ]


def test_without_a_number_the_latest_recording_is_meant(clock: Clock) -> None:
    """One after the other: each line is about the recording that started last."""
    written, text = console()
    lines = Lines(written)
    for number, outcome in ((1, GOOD), (2, BAD)):
        lines.recording_started(outcome.path, number=number, count=2)
        lines.recording_ended(outcome)
    assert text.getvalue().splitlines() == [
        "[1/2] a.wav",
        "[1/2] finished (0.0 s)",
        "[2/2] b.wav",
        "[2/2] failed (0.0 s)",
    ]


def test_each_recording_moves_its_own_bar() -> None:
    """The first bar is full although the second failed in between, and the other way round."""
    written, text = console(terminal=True)
    with Bars(written) as bars:
        two_at_once(bars)
    last = [line for line in text.getvalue().splitlines() if "/2" in line][-2:]
    assert "1/2" in last[0]
    assert "100%" in last[0]
    assert "done" in last[0]
    assert "2/2" in last[1]
    assert "4%" in last[1]
    assert "failed" in last[1]
