"""A transcript in the place of audio: what is read of it, and the records made of that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.records import SPEECH
from pipeline.stages import transcribe
from pipeline.stages import turns as turns_stage
from pipeline.stages.transcript import (
    MAX_SPEAKERS,
    TranscriptConfig,
    run,
    speech,
    turns,
    words,
    words_of,
)

CONFIG = TranscriptConfig(format="txt")


def read(folder: Path, text: str | bytes, *, name: str = "call.txt") -> dict[str, Any]:
    """What is read of a file with that content."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return run(recording=path, config=CONFIG)


def rows(*lines: dict[str, Any]) -> str:
    """Lines of JSON."""
    return "".join(json.dumps(line) + "\n" for line in lines)


def said(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Who says what."""
    return [(turn["speaker"], turn["text"]) for turn in document["turns"]]


def times(document: dict[str, Any]) -> list[tuple[int | None, int | None]]:
    """When, in milliseconds."""
    return [(turn["start_ms"], turn["end_ms"]) for turn in document["turns"]]


# --- what is read


def test_speakers_are_numbered_by_first_turn(tmp_path: Path) -> None:
    """The first is S1; a turn lasts until somebody else speaks."""
    found = read(tmp_path, "Ana: Hello.\nBen: Hi.\nBen: How are you?\nAna: Fine.\n")
    assert found["speakers"] == ["Ana", "Ben"]
    assert said(found) == [("S1", "Hello."), ("S2", "Hi. How are you?"), ("S1", "Fine.")]
    assert (found["format"], found["language"], found["unread"]) == ("txt", "en", [])


def test_blanks_are_single_and_turns_without_words_are_left_out(tmp_path: Path) -> None:
    """So that the words joined by blanks are the text."""
    lines = rows(
        {"speaker": " Ana  B. ", "text": " a\t b\u00a0 \n c "},
        {"speaker": "Ben", "text": "  "},
        {"speaker": "Ana B.", "text": "d"},
    )
    found = read(tmp_path, lines, name="call.jsonl")
    assert (found["speakers"], said(found)) == (["Ana B."], [("S1", "a b c d")])


def test_halves_of_characters_are_replaced(tmp_path: Path) -> None:
    """JSON can hold half a surrogate pair, UTF-8 can not."""
    found = read(tmp_path, '{"speaker": "A", "text": "x \\ud800 y"}', name="call.jsonl")
    assert said(found) == [("S1", "x ? y")]


def test_captions_have_times(tmp_path: Path) -> None:
    """A turn of two cues goes from the start of the first to the end of the last."""
    text = (
        "1\n00:00:01,000 --> 00:00:02,500\nAna: Hello\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\nAna: there.\n\n"
        "3\n00:00:05,000 --> 00:00:06,000\nBen: Hi.\n"
    )
    found = read(tmp_path, text, name="call.srt")
    assert found["timed"] is True
    assert times(found) == [(1000, 4000), (5000, 6000)]


def test_a_start_alone_is_a_time(tmp_path: Path) -> None:
    """The end is not made up."""
    found = read(tmp_path, "[00:01] Ana: Hi.\n[00:04] Ben: Hello.\n")
    assert (found["timed"], times(found)) == (True, [(1000, None), (4000, None)])


@pytest.mark.parametrize(
    "starts_s",
    [(5, 1), (1, None), (None, 1), (1, 1e15)],
    ids=["backwards", "second missing", "first missing", "too large"],
)
def test_times_that_cannot_be_used_are_left_out(
    starts_s: tuple[float | None, ...], tmp_path: Path
) -> None:
    """All of them, and the document says so."""
    lines = [{"speaker": f"P{n}", "text": "x", "start_s": at} for n, at in enumerate(starts_s)]
    found = read(tmp_path, rows(*lines), name="call.jsonl")
    assert (found["timed"], found["times_left_out"]) == (False, True)
    assert times(found) == [(None, None)] * 2


def test_a_transcript_without_times_has_none_left_out(tmp_path: Path) -> None:
    """There is nothing to say of them."""
    found = read(tmp_path, "Ana: Hi.\n")
    assert (found["timed"], found["times_left_out"]) == (False, False)


def test_backchannels_of_our_own_files_stay_what_they_are(tmp_path: Path) -> None:
    """transcript.txt marks them behind the name, report.json has their kind."""
    text = "[00:01] Ana: So I think\n[00:02] Ben (backchannel): mhm\n[00:03] Ana: yes.\n"
    found = read(tmp_path, text)
    assert found["speakers"] == ["Ana", "Ben"]
    assert [turn["kind"] for turn in found["turns"]] == ["turn", "backchannel", "turn"]


def test_lines_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """With number and reason, in the order of the file; the rest is read."""
    text = '{"speaker": "A", "text": "x"}\nnope\n{"speaker": "B"}\n{"speaker": "B", "text": "y"}\n'
    found = read(tmp_path, text, name="call.jsonl")
    assert [one["line"] for one in found["unread"]] == [2, 3]
    assert found["unread_count"] == 2
    assert said(found) == [("S1", "x"), ("S2", "y")]


def test_many_unreadable_lines_are_counted(tmp_path: Path) -> None:
    """The first 20 are told, all are counted."""
    found = read(tmp_path, "nope\n" * 1000 + '{"speaker": "A", "text": "x"}', name="call.jsonl")
    assert [one["line"] for one in found["unread"]] == list(range(1, 21))
    assert found["unread_count"] == 1000


def test_a_name_too_long_is_no_name(tmp_path: Path) -> None:
    """It would stand in every row of every table."""
    lines = rows({"speaker": "x" * 201, "text": "a"}, {"speaker": "y" * 200, "text": "b"})
    found = read(tmp_path, lines, name="call.jsonl")
    assert (found["unread_count"], said(found)) == (1, [("S1", "b")])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("call.txt", "", "nobody says anything"),
        ("call.srt", "\n\n\n", "nobody says anything"),
        ("call.txt", "Ana:\nBen:\n", "nobody says anything"),
        ("call.jsonl", "{\n[1]\n", "no turn can be read.*line 1: not JSON.*line 2: not an object"),
        ("call.txt", "just some words\n", "line 1: .speaker. is missing; a turn needs a name"),
        ("call.json", "{}", "not a report.json of Parley"),
        ("call.csv", "a,b\n1,2\n", "must name a column"),
        ("call.jsonl", rows(*({"speaker": "A", "text": "x", "dialogue": n} for n in range(3))),
         "holds 3 dialogues.*parley tag"),
        ("call.txt", "".join(f"P{n}: x\n" for n in range(MAX_SPEAKERS + 1)), "speakers"),
        ("call.txt", "A: x\nB: y\n" * 10_001, "longer than 20000 turns.*parley tag"),
    ],
    ids=["empty", "blank", "silent", "malformed", "nameless", "not ours", "no columns",
         "dialogues", "speakers", "long"],
)  # fmt: skip
def test_what_is_no_transcript_of_a_call_is_refused(
    name: str, content: str, why: str, tmp_path: Path
) -> None:
    """The message names the file, the reason and what to do."""
    with pytest.raises(InputError, match=why):
        read(tmp_path, content, name=name)


def test_any_bytes_are_read_or_refused(tmp_path: Path) -> None:
    """A file that is no text ends in an error of the tree, or in turns."""
    with pytest.raises(InputError):
        read(tmp_path, bytes(range(256)) * 50)


# --- the records


def test_the_records_fit_each_other(tmp_path: Path) -> None:
    """Every word in exactly one turn, no times made up, nobody heard."""
    document = read(tmp_path, "Ana: Well — I want it ...\nBen: 5 %\n")
    spoken = words(transcript=document, config=CONFIG)
    found = turns(transcript=document, config=CONFIG)
    transcribe.check(spoken)
    turns_stage.check(found)
    assert spoken["text"].to_list() == ["Well —", "I", "want", "it ...", "5 %"]
    assert found["words"].to_list() == [[0, 1, 2, 3], [4]]
    assert spoken["start_ms"].null_count() == 5
    assert found["overlap_ms"].null_count() == 2
    assert set(spoken["language"]) == {"en"}
    assert speech(transcript=document, config=CONFIG).equals(pl.DataFrame(schema=SPEECH))


def test_a_turn_of_fifty_thousand_words_is_read(tmp_path: Path) -> None:
    """Each of them counts."""
    document = read(tmp_path, "Ana: " + "word " * 50_000 + "\nBen: ok\n")
    assert words(transcript=document, config=CONFIG).height == 50_001


@given(st.text(max_size=200).map(lambda text: " ".join(text.split())))
def test_words_joined_by_blanks_are_the_text(text: str) -> None:
    """As in the turns of a recording: offsets of quotes rest on it."""
    assert " ".join(words_of(text)) == text
