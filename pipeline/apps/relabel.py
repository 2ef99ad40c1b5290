"""`parley relabel`: read what is to be corrected, have it done, and print what holds now."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.table import Table

from pipeline import relabel as corrected
from pipeline.apps.console import STDOUT, one_line
from pipeline.config import Config, store_directory
from pipeline.corrections import Edit, Kind, Overlay, Resolved
from pipeline.errors import ConfigError
from pipeline.relabel import Analysed, Relabelled, find_analysis
from pipeline.store import Store

_AUTHOR_LENGTH = 80
_SHOWN_CHARACTERS = 60


def relabel(
    recording: Path,
    *,
    speakers: Sequence[str],
    turns: Sequence[str],
    merges: Sequence[str],
    author: str | None,
    undo: bool,
    show: bool,
    config: Config,
) -> None:
    """Correct a recording's report, or show its corrections where nothing is to be corrected."""
    edits = edits_of(speakers=speakers, turns=turns, merges=merges)
    if undo and edits:
        raise ConfigError("--undo takes back the last correction; give it without new ones")
    analysed = find_analysis(recording, store=Store(root=store_directory(config)))
    if undo:
        _print_done(corrected.take_back(analysed, author=_author(author)))
    elif edits:
        _print_done(corrected.relabel(analysed, edits=edits, author=_author(author)))
    if show or not (undo or edits):
        _print_state(analysed)


def edits_of(
    *, speakers: Sequence[str], turns: Sequence[str], merges: Sequence[str]
) -> tuple[Edit, ...]:
    """The edits that options spell: S1=Ana, 14=S2, and S1,S3. Raises ConfigError."""
    return (
        *(_pair(text, kind="name", form="--speaker S1=Ana") for text in speakers),
        *(_pair(text, kind="turn", form="--turn 14=S2") for text in turns),
        *(edit for text in merges for edit in _merges(text)),
    )


def _pair(text: str, *, kind: Kind, form: str) -> Edit:
    of, equals, to = text.partition("=")
    if not equals or not of.strip():
        raise ConfigError(f"{one_line(text)}: write it as {form}")
    return Edit(kind=kind, of=of.strip(), to=to.strip())


def _merges(text: str) -> Iterator[Edit]:
    into, *others = [part.strip() for part in text.split(",")]
    if not into or not all(others) or not others:
        raise ConfigError(f"{one_line(text)}: write it as --merge S1,S3; S3 then becomes S1")
    for other in others:
        yield Edit(kind="merge", of=other, to=into)


def _author(given: str | None) -> str:
    """Who corrects: the one named, else the user of this machine. Raises ConfigError."""
    author = (given or "").strip() or _user()
    if not author.isprintable() or len(author) > _AUTHOR_LENGTH:
        raise ConfigError(f"--author: write a name of at most {_AUTHOR_LENGTH} plain characters")
    return author


def _user() -> str:
    try:
        return one_line(getpass.getuser())[:_AUTHOR_LENGTH]
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return "unknown"


def _print_done(done: Relabelled) -> None:
    """What holds now, and where the report lies."""
    last = done.overlay.entries[-1]
    if last.undoes:
        taken = done.overlay.entries[last.undoes - 1]
        STDOUT.print(f"undone: {_words(taken.edits)}", soft_wrap=True)
    else:
        STDOUT.print(f"corrected: {_words(last.edits)}", soft_wrap=True)
    for speaker in done.report["speakers"]:
        talk = _talk(speaker)
        STDOUT.print(f"  {speaker['id']}: {one_line(speaker['name'])}, {talk}", soft_wrap=True)
    if done.voices_skipped:
        STDOUT.print(
            "note: who has enrolled changed since the analysis, so names by voice are left out; "
            "`parley analyze` looks at them again",
            soft_wrap=True,
        )
    STDOUT.print(f"report: {one_line(str(done.folder))}/report.html", soft_wrap=True)


def _talk(speaker: Mapping[str, Any]) -> str:
    """How much somebody says: of the time, or else of the words."""
    if speaker["talk_ratio"] is not None:
        return f"talks {100 * speaker['talk_ratio']:.0f} %"
    if speaker["word_ratio"] is not None:
        return f"{100 * speaker['word_ratio']:.0f} % of the words"
    return "talk ratio withheld"


def _words(edits: Sequence[Edit]) -> str:
    return one_line("; ".join(map(str, edits)))


def _print_state(analysed: Analysed) -> None:
    """Every correction ever made, then the turns as corrections number them."""
    overlay, resolved = corrected.history_of(analysed)
    turns: pl.DataFrame = analysed.stored("turns")
    _print_entries(overlay, resolved)
    _print_turns(turns, resolved)


def _print_entries(overlay: Overlay, resolved: Resolved) -> None:
    undone = {entry.undoes for entry in overlay.entries}
    for entry in overlay.entries:
        what = f"undo of {entry.undoes}" if entry.undoes else _words(entry.edits)
        state = " (undone)" if entry.number in undone else ""
        who = f"{entry.number}. {one_line(entry.time)} {one_line(entry.author)}"
        STDOUT.print(f"{who}: {what}{state}", soft_wrap=True)
    if not overlay.entries:
        STDOUT.print("no corrections")
    if resolved.ignored:
        STDOUT.print(f"note: {resolved.ignored} of them were made to another analysis, not to this")


def _print_turns(turns: pl.DataFrame, resolved: Resolved) -> None:
    """A line for each uncorrected turn; a speaker that was corrected after an arrow."""
    moved = dict(resolved.turns)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("turn", justify="right")
    table.add_column("at", justify="right")
    table.add_column("speaker", no_wrap=True)
    table.add_column("words", no_wrap=True, overflow="ellipsis")
    for number, speaker, start_ms, text in turns.select(
        "turn", "speaker", "start_ms", "text"
    ).iter_rows():
        now = resolved.root(moved.get(number, speaker))
        shown = speaker if now == speaker else f"{speaker} → {now}"
        at = "–" if start_ms is None else f"{start_ms // 60_000}:{start_ms // 1000 % 60:02}"
        table.add_row(str(number), at, shown, one_line(text)[:_SHOWN_CHARACTERS])
    STDOUT.print(table)
