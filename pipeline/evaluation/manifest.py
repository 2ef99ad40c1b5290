"""The list of recordings to score: manifest.jsonl, one JSON object a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.documents import Node, parse_json, read_text

REFERENCES = ("reference", "rttm", "stm", "seglst")
NO_GROUP = "ungrouped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recording. `references` maps reference, rttm, stm or seglst to a file."""

    id: str
    audio: Path
    references: dict[str, Path]
    group: str = NO_GROUP
    speakers: int | None = None


def read_manifest(path: Path) -> tuple[Entry, ...]:
    """The recordings of a manifest; paths in it are relative to it. Raises InputError."""
    lines = read_text(path).splitlines()
    entries = tuple(
        _entry(parse_json(line, where=f"{path} line {number}"), folder=path.parent)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    if not entries:
        raise InputError(f"{path}: lists no recording; write one JSON object a line")
    twice = {entry.id for entry in entries if [e.id for e in entries].count(entry.id) > 1}
    if twice:
        raise InputError(f"{path}: the id {min(twice)!r} is there twice; ids must differ")
    return entries


def _entry(row: Node, *, folder: Path) -> Entry:
    identity = row.get("id")
    if not identity.name().isprintable() or set(identity.name()) & set("/\\"):
        raise identity.wrong("an id without slashes and control characters")
    references = {kind: folder / row.get(kind).name() for kind in REFERENCES if kind in row}
    if not references:
        raise row.wrong(f"a recording with a reference ({', '.join(REFERENCES)})")
    return Entry(
        id=identity.name(),
        audio=folder / row.get("audio").name(),
        references=references,
        group=row.get("group").name() if "group" in row else NO_GROUP,
        speakers=row.get("speakers").whole() if "speakers" in row else None,
    )


def choose(
    entries: Sequence[Entry], *, groups: Collection[str] = (), calls: int | None = None
) -> tuple[Entry, ...]:
    """The recordings of some groups; of these only `calls`, spread evenly over the list.

    Raises InputError for a group that no recording has.
    """
    known = {entry.group for entry in entries}
    unknown = set(groups) - known
    if unknown:
        names = ", ".join(sorted(known))
        raise InputError(f"no recording is of group {min(unknown)!r}; there are {names}")
    kept = [entry for entry in entries if not groups or entry.group in groups]
    if calls is None or calls >= len(kept):
        return tuple(kept)
    return tuple(kept[number * len(kept) // calls] for number in range(calls))
