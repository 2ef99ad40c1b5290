"""The overlay of corrections: appended, taken back, bound to an analysis, safe for several."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.corrections import (
    MOST_ENTRIES,
    Edit,
    Entry,
    Kind,
    Overlay,
    Resolved,
    correct,
    label_document,
    names_of,
    overlay_path,
    read_overlay,
    turned_document,
    undo,
)
from pipeline.errors import ConfigError, StoreError

DIGEST, TURNS_KEY = "a" * 64, "b" * 64
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def edit(kind: Kind, of: str, to: str) -> Edit:
    """An edit in one short call."""
    return Edit(kind=kind, of=of, to=to)


def add(root: Path, *edits: Edit, turns_key: str = TURNS_KEY) -> Overlay:
    """Add an entry that nothing speaks against."""
    return correct(
        root,
        DIGEST,
        edits=edits,
        author="Ben",
        turns_key=turns_key,
        check=lambda _: None,
        now=NOON,
    )


def take_back(root: Path) -> Overlay:
    """Undo the last entry."""
    return undo(root, DIGEST, author="Ana", turns_key=TURNS_KEY, now=NOON)


def holds(root: Path, *, turns_key: str = TURNS_KEY) -> Resolved:
    """What the file says holds."""
    return read_overlay(root, DIGEST).resolved(turns_key)


def test_without_a_file_there_are_no_corrections(tmp_path: Path) -> None:
    """A recording that nobody corrected has an empty overlay and no documents."""
    assert read_overlay(tmp_path, DIGEST) == Overlay()
    assert turned_document(holds(tmp_path)) is None
    assert label_document(holds(tmp_path)) is None
    assert not list(tmp_path.iterdir())


def test_an_entry_says_who_corrected_what_when(tmp_path: Path) -> None:
    """One line of JSON with number, author, UTC time, the analysis, and the edits."""
    add(tmp_path, edit("name", "S1", "Ana"), edit("turn", "14", "S2"))
    (line,) = overlay_path(tmp_path, DIGEST).read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "number": 1,
        "time": "2026-03-01T12:00:00+00:00",
        "author": "Ben",
        "turns_key": TURNS_KEY,
        "edits": [
            {"kind": "name", "of": "S1", "to": "Ana"},
            {"kind": "turn", "of": "14", "to": "S2"},
        ],
        "undoes": None,
    }


def test_entries_are_added_never_changed(tmp_path: Path) -> None:
    """What was in the file stays its beginning, also after an undo."""
    before = ""
    for step in (
        lambda: add(tmp_path, edit("name", "S1", "Ana")),
        lambda: add(tmp_path, edit("turn", "3", "S2")),
        lambda: take_back(tmp_path),
    ):
        step()
        now = overlay_path(tmp_path, DIGEST).read_text("utf-8")
        assert now.startswith(before)
        assert len(now) > len(before)
        before = now


def test_the_last_word_holds(tmp_path: Path) -> None:
    """A turn and a name corrected twice are as the second correction says."""
    add(tmp_path, edit("turn", "3", "S2"), edit("name", "S1", "Ana"))
    add(tmp_path, edit("turn", "3", "S3"), edit("name", "S1", "Anna"))
    assert holds(tmp_path).turns == ((3, "S3"),)
    assert holds(tmp_path).names == (("S1", "Anna"),)


def test_undo_goes_back_step_by_step(tmp_path: Path) -> None:
    """Each undo takes back the last entry in force; after the last there is none to take back."""
    add(tmp_path, edit("name", "S1", "Ana"))
    add(tmp_path, edit("name", "S1", "Anna"))
    take_back(tmp_path)
    assert holds(tmp_path).names == (("S1", "Ana"),)
    take_back(tmp_path)
    assert holds(tmp_path) == Resolved()
    with pytest.raises(ConfigError, match="no correction to undo"):
        take_back(tmp_path)
    assert len(read_overlay(tmp_path, DIGEST).entries) == 4


def test_after_an_undo_one_corrects_anew(tmp_path: Path) -> None:
    """A new entry after an undo holds, and is what the next undo takes back."""
    add(tmp_path, edit("name", "S1", "Ana"))
    take_back(tmp_path)
    add(tmp_path, edit("name", "S1", "Eva"))
    assert holds(tmp_path).names == (("S1", "Eva"),)
    assert take_back(tmp_path).entries[-1].undoes == 3


def test_merges_follow_each_other(tmp_path: Path) -> None:
    """S4 is S3, then S3 is S1: both are S1, and a name given to S4 is S1's unless S1 has one."""
    add(tmp_path, edit("merge", "S4", "S3"), edit("name", "S4", "Ana"))
    add(tmp_path, edit("merge", "S3", "S1"))
    assert holds(tmp_path).merges == (("S3", "S1"), ("S4", "S1"))
    assert names_of(holds(tmp_path)) == {"S1": "Ana"}
    add(tmp_path, edit("name", "S1", "Eva"))
    assert names_of(holds(tmp_path)) == {"S1": "Eva"}


def test_merges_in_a_circle_come_to_an_end() -> None:
    """A file edited by hand into a circle is read without going round for ever."""
    circle = tuple(edit("merge", a, b) for a, b in (("S1", "S2"), ("S2", "S3"), ("S3", "S1")))
    entry = Entry(number=1, time="", author="", turns_key=TURNS_KEY, edits=circle)
    assert len(Overlay(entries=(entry,)).resolved(TURNS_KEY).merges) == 3


def test_corrections_hold_for_their_analysis_only(tmp_path: Path) -> None:
    """Turns of another analysis have other numbers: its corrections are counted, not applied."""
    add(tmp_path, edit("turn", "3", "S2"))
    other = holds(tmp_path, turns_key="c" * 64)
    assert (other.turns, other.ignored) == ((), 1)
    assert turned_document(other) is None
    document = label_document(other)
    assert document is not None
    assert (document["ignored"], document["names"]) == (1, {})


def test_names_alone_move_nothing(tmp_path: Path) -> None:
    """A renaming makes no document for the stages before the report."""
    add(tmp_path, edit("name", "S1", "Ana"))
    assert turned_document(holds(tmp_path)) is None
    document = label_document(holds(tmp_path))
    assert document is not None
    assert document["entries"][0]["changes"] == ["S1 is called Ana"]


def test_a_refused_entry_leaves_no_trace(tmp_path: Path) -> None:
    """Where the check refuses, nothing is written."""

    def refuse(_: Resolved) -> None:
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        correct(
            tmp_path, DIGEST, edits=(edit("name", "S1", "Ana"),), author="Ben",
            turns_key=TURNS_KEY, check=refuse,
        )  # fmt: skip
    assert not overlay_path(tmp_path, DIGEST).exists()


GOOD = {
    "number": 1, "time": "t", "author": "a", "turns_key": "k", "undoes": None,
    "edits": [{"kind": "name", "of": "S1", "to": "Ana"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "[" * 100_000,
        json.dumps({}),
        json.dumps(GOOD | {"number": 2}),
        json.dumps(GOOD | {"author": 7}),
        json.dumps(GOOD | {"undoes": 1}),
        json.dumps(GOOD | {"undoes": "1"}),
        json.dumps(GOOD | {"edits": 7}),
        json.dumps(GOOD | {"edits": [7]}),
        json.dumps(GOOD | {"edits": [{"kind": "drop", "of": "S1", "to": "x"}]}),
        json.dumps(GOOD | {"edits": [{"kind": "name", "of": "S1"}]}),
        json.dumps(GOOD | {"edits": [{"kind": "turn", "of": "x", "to": "S1"}]}),
        json.dumps(GOOD | {"edits": [{"kind": "turn", "of": "9" * 5000, "to": "S1"}]}),
        json.dumps(GOOD | {"edits": [{"kind": "turn", "of": "-1", "to": "S1"}]}),
    ],
    ids=range(18),
)
def test_a_damaged_file_is_a_clear_error(line: str, tmp_path: Path) -> None:
    """What is no correction is named by file and line, and said to be mended or moved away."""
    path = overlay_path(tmp_path, DIGEST)
    path.parent.mkdir()
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(StoreError, match=r"aaa\.jsonl, line 1: not a correction; mend"):
        read_overlay(tmp_path, DIGEST)


def test_a_file_that_is_no_text_is_a_clear_error(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are a StoreError."""
    path = overlay_path(tmp_path, DIGEST)
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match="not UTF-8"):
        read_overlay(tmp_path, DIGEST)


def test_there_is_an_end_to_corrections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More entries than anybody makes are refused, so that no loop fills the disk."""
    assert MOST_ENTRIES >= 1000
    monkeypatch.setattr("pipeline.corrections.MOST_ENTRIES", 2)
    add(tmp_path, edit("name", "S1", "Ana"))
    take_back(tmp_path)
    with pytest.raises(ConfigError, match="no more fit"):
        add(tmp_path, edit("name", "S1", "Ana"))


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Three processes that add ten entries each leave thirty, numbered in order."""
    program = (
        "import sys; from pathlib import Path; from pipeline.corrections import Edit, correct\n"
        "for n in range(10):\n"
        "    correct(Path(sys.argv[1]), 'a' * 64, author=sys.argv[2], turns_key='k',\n"
        "        edits=(Edit(kind='name', of='S1', to=f'{n}'),), check=lambda _: None)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "abc"
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]
    entries = read_overlay(tmp_path, DIGEST).entries
    assert [entry.number for entry in entries] == list(range(1, 31))
    for name in "abc":
        own = [entry.edits[0].to for entry in entries if entry.author == name]
        assert own == [str(n) for n in range(10)]


def test_only_the_user_reads_corrections(tmp_path: Path) -> None:
    """Names are personal: the folder is closed to others."""
    add(tmp_path / "store", edit("name", "S1", "Ana"))
    assert overlay_path(tmp_path / "store", DIGEST).parent.stat().st_mode & 0o077 == 0
