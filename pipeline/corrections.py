"""What people corrected in a recording's report: an overlay beside the artefacts.

One file a recording, `<store>/corrections/<digest>.jsonl`, one line an entry: who corrected what,
when. Entries are only ever added; an undo is an entry too. Ids of speakers and numbers of turns
are those of the uncorrected call, so each entry names the analysis that it was made for, by the
key of its turns; it holds for no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from pipeline.errors import ConfigError, StoreError
from pipeline.store import translated, write_atomic

FOLDER = "corrections"
MOST_ENTRIES = 10_000
_WAIT_S = 30.0

Kind = Literal["name", "turn", "merge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One thing put right.

    name: speaker `of` is called `to`. turn: turn number `of` was said by speaker `to`. merge:
    speaker `of` is speaker `to`.
    """

    kind: Kind
    of: str
    to: str

    def __str__(self) -> str:
        """The edit in words."""
        words = {"name": "{} is called {}", "turn": "turn {} was said by {}", "merge": "{} is {}"}
        return words[self.kind].format(self.of, self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the overlay: edits made at once, or, without edits, an undo of entry `undoes`.

    `number` counts from 1, `time` is UTC in ISO 8601, `turns_key` names the analysis.
    """

    number: int
    time: str
    author: str
    turns_key: str
    edits: tuple[Edit, ...] = ()
    undoes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What holds for an analysis: the last word on each turn, merge and name, and its entries.

    `ignored` counts the entries in force that were made for another analysis.
    """

    turns: tuple[tuple[int, str], ...] = ()
    merges: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    entries: tuple[Entry, ...] = ()
    ignored: int = 0

    def root(self, speaker: str) -> str:
        """The speaker that a speaker is after all merges."""
        return dict(self.merges).get(speaker, speaker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """All entries of a recording, in the order in which they were made."""

    entries: tuple[Entry, ...] = field(default=())

    def in_force(self) -> tuple[Entry, ...]:
        """The entries that nobody has taken back; no undo is among them."""
        undone = {entry.undoes for entry in self.entries}
        return tuple(e for e in self.entries if e.edits and e.number not in undone)

    def resolved(self, turns_key: str) -> Resolved:
        """What holds for the analysis whose turns have that key."""
        entries = tuple(e for e in self.in_force() if e.turns_key == turns_key)
        edits = [edit for entry in entries for edit in entry.edits]
        last = {(edit.kind, edit.of): edit.to for edit in edits}
        merges = _roots({of: to for (kind, of), to in last.items() if kind == "merge"})
        return Resolved(
            turns=tuple(sorted((int(of), to) for (kind, of), to in last.items() if kind == "turn")),
            merges=tuple(sorted(merges.items())),
            names=tuple(sorted((of, to) for (kind, of), to in last.items() if kind == "name")),
            entries=entries,
            ignored=len(self.in_force()) - len(entries),
        )


def _roots(merges: Mapping[str, str]) -> dict[str, str]:
    """Each merged speaker with the one it is in the end."""
    roots = {}
    for speaker, into in merges.items():
        seen = {speaker}  # a file that people edited may go round in circles
        while into in merges and into not in seen:
            seen.add(into)
            into = merges[into]
        roots[speaker] = into
    return roots


def overlay_path(root: Path, digest: str) -> Path:
    """The file of a recording's corrections in a store's folder."""
    return root / FOLDER / f"{digest}.jsonl"


def read_overlay(root: Path, digest: str) -> Overlay:
    """The corrections of a recording, none where there is no file. Raises StoreError."""
    path = overlay_path(root, digest)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Overlay()
    except UnicodeDecodeError as err:
        raise StoreError(f"{path}: not UTF-8 text; {_MEND}") from err
    except OSError as err:
        raise StoreError(f"{path}: cannot be read ({err.strerror}); check permissions") from err
    lines = enumerate(text.splitlines(), start=1)
    return Overlay(entries=tuple(_parsed(line, number=number, path=path) for number, line in lines))


_MEND = "mend that line, or move the file away to go on without its corrections"


def _parsed(line: str, *, number: int, path: Path) -> Entry:
    """A line as an entry. Raises StoreError."""
    try:
        data = json.loads(line)
        entry = Entry(
            number=data["number"],
            time=data["time"],
            author=data["author"],
            turns_key=data["turns_key"],
            edits=tuple(_edit(one) for one in data["edits"]),
            undoes=data["undoes"],
        )
        _require(_is_sound(entry, number=number))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise StoreError(f"{path}, line {number}: not a correction; {_MEND}") from err
    return entry


def _is_sound(entry: Entry, *, number: int) -> bool:
    """Whether an entry is of the right types, and in its place."""
    texts = (entry.time, entry.author, entry.turns_key)
    earlier = entry.undoes is None or entry.undoes in range(1, number)
    return entry.number == number and earlier and all(isinstance(text, str) for text in texts)


def _require(sound: bool) -> None:
    if not sound:
        raise ValueError("a wrong number or type")


def _edit(data: Mapping[str, Any]) -> Edit:
    kind, of, to = data["kind"], data["of"], data["to"]
    fits = kind in ("name", "turn", "merge") and isinstance(of, str) and isinstance(to, str)
    _require(fits and (kind != "turn" or _is_number(of)))
    return Edit(kind=kind, of=of, to=to)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _line(entry: Entry) -> str:
    data = {
        "number": entry.number,
        "time": entry.time,
        "author": entry.author,
        "turns_key": entry.turns_key,
        "edits": [{"kind": e.kind, "of": e.of, "to": e.to} for e in entry.edits],
        "undoes": entry.undoes,
    }
    return json.dumps(data, ensure_ascii=True) + "\n"


def correct(
    root: Path,
    digest: str,
    *,
    edits: Sequence[Edit],
    author: str,
    turns_key: str,
    check: Callable[[Resolved], None],
    now: datetime | None = None,
) -> Overlay:
    """Add edits as one entry; `check` is shown what would hold and may raise ConfigError.

    Two processes at once both get their entry in. Raises StoreError.
    """
    with _locked(root, digest):
        before = read_overlay(root, digest)
        entry = _entry(before, author=author, turns_key=turns_key, now=now, edits=tuple(edits))
        after = Overlay(entries=(*before.entries, entry))
        check(after.resolved(turns_key))
        _write(root, digest, after)
    return after


def undo(
    root: Path, digest: str, *, author: str, turns_key: str, now: datetime | None = None
) -> Overlay:
    """Take back the last entry in force of this analysis, as a new entry.

    Raises ConfigError where there is none, StoreError.
    """
    with _locked(root, digest):
        before = read_overlay(root, digest)
        entries = before.resolved(turns_key).entries
        if not entries:
            raise ConfigError("there is no correction to undo; `parley relabel RECORDING --show`")
        last = entries[-1].number
        entry = _entry(before, author=author, turns_key=turns_key, now=now, undoes=last)
        after = Overlay(entries=(*before.entries, entry))
        _write(root, digest, after)
    return after


def _entry(
    before: Overlay,
    *,
    author: str,
    turns_key: str,
    now: datetime | None,
    edits: tuple[Edit, ...] = (),
    undoes: int | None = None,
) -> Entry:
    """The next entry of an overlay."""
    if len(before.entries) >= MOST_ENTRIES:
        raise ConfigError(f"this recording has {MOST_ENTRIES} corrections already; no more fit")
    return Entry(
        number=len(before.entries) + 1,
        time=(now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        author=author,
        turns_key=turns_key,
        edits=edits,
        undoes=undoes,
    )


@contextmanager
def _locked(root: Path, digest: str) -> Iterator[None]:
    """Alone with a recording's corrections. Raises StoreError after half a minute of waiting."""
    path = overlay_path(root, digest)
    with translated("write to", path.parent):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(path.with_suffix(".lock"), timeout=_WAIT_S)
    try:
        with translated("lock", path):
            lock.acquire()
    except StoreError as err:
        if not isinstance(err.__cause__, Timeout):
            raise
        raise StoreError(
            f"{path}: another process is writing corrections; try again when it has ended"
        ) from err
    try:
        yield
    finally:
        lock.release()


def _write(root: Path, digest: str, overlay: Overlay) -> None:
    content = "".join(_line(entry) for entry in overlay.entries)
    write_atomic(overlay_path(root, digest), content.encode())


def turned_document(resolved: Resolved) -> dict[str, Any] | None:
    """What moves turns and merges voices, as the corrected stages take it; None if nothing."""
    if not resolved.turns and not resolved.merges:
        return None
    return {
        "turns": [list(pair) for pair in resolved.turns],
        "merges": [list(pair) for pair in resolved.merges],
    }


def names_of(resolved: Resolved) -> dict[str, str]:
    """The names given to speakers, by id after all merges; a speaker's own name goes first."""
    given = dict(resolved.names)
    return {resolved.root(of): given.get(resolved.root(of), to) for of, to in resolved.names}


def label_document(resolved: Resolved) -> dict[str, Any] | None:
    """What the report says of corrections and names, as its stage takes it; None if nothing."""
    if not resolved.entries and not resolved.ignored:
        return None
    return {
        "names": names_of(resolved),
        "merges": [list(pair) for pair in resolved.merges],
        "entries": [
            {
                "time": entry.time,
                "author": entry.author,
                "changes": [str(edit) for edit in entry.edits],
            }
            for entry in resolved.entries
        ],
        "ignored": resolved.ignored,
    }
