"""Manifests and references of every kind: what is read, and what strangers' files may not do."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import load_config
from pipeline.errors import InputError
from pipeline.evaluation.derived import Definitions
from pipeline.evaluation.documents import MAX_BYTES
from pipeline.evaluation.hypothesis import read_hypothesis
from pipeline.evaluation.manifest import Entry, choose, read_manifest
from pipeline.evaluation.reference import Reference, read_reference

SPOKEN = {
    "duration_s": 10.0,
    "speech": {"Ana": [{"start_s": 1.0, "end_s": 3.0}], "Ben": [{"start_s": 2.5, "end_s": 5.0}]},
    "turns": [
        {"index": 0, "speaker": "Ana", "start_s": 1, "end_s": 3, "text": "I want ninety thousand"},
        {"index": 1, "speaker": "Ben", "start_s": 2.5, "end_s": 5, "text": "No."},
    ],
    "numbers": [{"turn": 0, "speaker": "Ana", "spoken": "ninety thousand", "written": ["90,000"]}],
    "short_replies": [
        {"turn": 1, "speaker": "Ben", "start_s": 2.5, "end_s": 5.0, "text": "No."}
    ],
}  # fmt: skip


def write(path: Path, content: Any) -> Path:
    """A file of text, or of JSON for anything else."""
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def reference(tmp_path: Path, content: Any) -> Reference:
    """A reference JSON, read."""
    return read_reference({"reference": write(tmp_path / "r.json", content)}, recording="r")


def changed(**members: Any) -> dict[str, Any]:
    """The reference with other members."""
    return {**SPOKEN, **members}


# --- the manifest


def test_paths_of_a_manifest_are_relative_to_it(tmp_path: Path) -> None:
    """A recording's files lie where the manifest lies; what is optional may be missing."""
    row = {"id": "one", "audio": "a/one.wav", "stm": "b/one.stm", "group": "g", "speakers": 2}
    path = write(tmp_path / "manifest.jsonl", json.dumps(row) + "\n\n")
    assert read_manifest(path) == (
        Entry(
            id="one",
            audio=tmp_path / "a/one.wav",
            references={"stm": tmp_path / "b/one.stm"},
            group="g",
            speakers=2,
        ),
    )


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{", "line 1: not valid JSON"),
        ("[1]", "is not an object"),
        ("[" * 100_000, "not valid JSON"),
        ({"audio": "a.wav", "stm": "a.stm"}, "line 1: id: None is not a text"),
        ({"id": " ", "audio": "a.wav", "stm": "a.stm"}, "is not a name"),
        ({"id": "../x", "audio": "a.wav", "stm": "a.stm"}, "without slashes"),
        ({"id": "a\x1b[2J", "audio": "a.wav", "stm": "a.stm"}, "control characters"),
        ({"id": "a", "stm": "a.stm"}, "audio: None is not a text"),
        ({"id": "a", "audio": "a.wav"}, "reference, rttm, stm, seglst"),
        ({"id": "a", "audio": "a.wav", "stm": "a", "speakers": "two"}, "whole number"),
        ({"id": "a", "audio": "a.wav", "stm": "a", "speakers": True}, "whole number"),
        ("", "lists no recording"),
    ],
)
def test_a_wrong_manifest_is_told_by_line(tmp_path: Path, row: Any, told: str) -> None:
    """Each mistake gives an InputError that names the file and what is expected."""
    path = write(tmp_path / "manifest.jsonl", row)
    with pytest.raises(InputError, match=r"manifest\.jsonl") as error:
        read_manifest(path)
    assert told in str(error.value)


def test_ids_must_differ(tmp_path: Path) -> None:
    """Two recordings of one id would overwrite each other's result."""
    line = json.dumps({"id": "a", "audio": "a.wav", "stm": "a.stm"})
    with pytest.raises(InputError, match="'a' is there twice"):
        read_manifest(write(tmp_path / "m.jsonl", f"{line}\n{line}"))


def test_a_missing_huge_or_binary_file_is_told(tmp_path: Path) -> None:
    """No such file, a file that no reference can be, bytes that are no text, a NUL in the name."""
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    for name in ("none.jsonl", "huge.jsonl", "binary.jsonl", "a\0b.jsonl"):
        with pytest.raises(InputError):
            read_manifest(tmp_path / name)


def entries(*groups: str) -> list[Entry]:
    """Recordings numbered from 0, each of a group."""
    return [
        Entry(id=str(number), audio=Path("a"), references={}, group=group)
        for number, group in enumerate(groups)
    ]


def test_some_calls_are_spread_over_the_manifest() -> None:
    """Two of four are the first and the third, not the first two, so that groups are mixed."""
    chosen = choose(entries("a", "a", "b", "b"), calls=2)
    assert [entry.id for entry in chosen] == ["0", "2"]


def test_groups_are_chosen_by_name() -> None:
    """Only recordings of the groups are left; an unknown group is an error that lists them."""
    assert [entry.id for entry in choose(entries("a", "b", "a"), groups=["b"])] == ["1"]
    with pytest.raises(InputError, match=r"'c'; there are a, b"):
        choose(entries("a", "b"), groups=["c"])


@given(count=st.integers(1, 50), calls=st.integers(1, 60))
def test_as_many_calls_as_asked_for(count: int, calls: int) -> None:
    """The calls chosen are that many, or all, each once."""
    chosen = choose(entries(*["g"] * count), calls=calls)
    assert len({entry.id for entry in chosen}) == len(chosen) == min(count, calls)


# --- reference JSON


def test_a_reference_json_gives_all_it_has(tmp_path: Path) -> None:
    """Times become milliseconds; a number's place is that of its words in the turn."""
    read = reference(tmp_path, SPOKEN)
    assert read.duration_ms == 10_000
    assert read.speakers == ("Ana", "Ben")
    assert read.numbers is not None
    assert read.numbers[0].forms == ("ninety thousand", "90,000")
    # "I want ninety thousand": 19 letters in 2 s, of which "ninety thousand" are the last 14.
    assert read.numbers[0].said.start_ms == 1000 + 2000 * 5 // 19
    assert read.numbers[0].said.end_ms == 3000
    assert read.fillers is None


def test_words_without_times_are_spread_over_their_turn(tmp_path: Path) -> None:
    """Each word gets time by its letters: "No." has all of its turn."""
    read = reference(tmp_path, SPOKEN)
    assert read.words is not None
    assert [word.text for word in read.words] == ["I", "want", "ninety", "thousand", "No."]
    assert (read.words[-1].start_ms, read.words[-1].end_ms) == (2500, 5000)


def test_explicit_figures_are_kept_by_speaker_and_call(tmp_path: Path) -> None:
    """`figures` gives figures outright; those under "call" belong to nobody."""
    told = {"Ana": {"talk_ratio": 0.5}, "call": {"overlap_s": 2, "unknown": None}}
    read = reference(tmp_path, changed(figures=told))
    assert read.figures == {("Ana", "talk_ratio"): 0.5, (None, "overlap_s"): 2.0}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "not valid JSON"),
        ("null", "is not an object"),
        ({}, "neither who spoke when nor what"),
        (changed(words=[{"text": "a", "start_s": 0}]), "words[0]: end_s: None is not a number"),
        (changed(words=[{"text": 1, "start_s": 0, "end_s": 1, "speaker": "Ana"}]), "not a text"),
        (changed(words={"a": 1}), "words: {'a': 1} is not a list"),
        ('{"duration_s": NaN}', "duration_s: nan is not a number"),
        ('{"duration_s": 1e999}', "duration_s: inf is not a number"),
        (changed(duration_s=-1), "a time from 0"),
        (changed(duration_s=True), "not a number"),
        (changed(speech={"Ana": [{"start_s": 3, "end_s": 1}]}), "end_s is before start_s"),
        (changed(speech=[1]), "is not an object"),
        (changed(speech={"Ana": [{"start_s": 1, "end_s": 2}]}), "'Ben' has words but no speech"),
        (changed(numbers=[{"turn": 7, "speaker": "Ana", "spoken": "x"}]), "index of a turn"),
        (changed(numbers=[{"turn": 0, "speaker": "", "spoken": "x"}]), "is not a name"),
        (changed(figures={"Ana": {"talk_ratio": "much"}}), "'much' is not a number"),
    ],
)
def test_a_wrong_reference_is_told_by_place(tmp_path: Path, content: Any, told: str) -> None:
    """Each mistake gives an InputError that says where in the file it is."""
    with pytest.raises(InputError) as error:
        reference(tmp_path, content)
    assert told in str(error.value)


@given(
    content=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*SPOKEN, "words", "speaker", "start_s", "end_s"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_no_json_at_all_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, content: Any
) -> None:
    """Whatever a file holds, it is read or refused with an InputError."""
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with contextlib.suppress(InputError):
        read_reference({"reference": path}, recording="any")


# --- the exchange formats

STM = """;; a comment
call 1 Ana 0.0 2.0 <o,f0,female> hello there
call 1 Ben 2.0 3.0 yes
other 1 Eva 0.0 9.0 not of this call
"""
RTTM = """SPKR-INFO call 1 <NA> <NA> <NA> unknown Ana <NA> <NA>
SPEAKER call 1 0.5 1.5 <NA> <NA> Ana <NA> <NA>
SPEAKER call 1 2.0 1.0 <NA> <NA> Ben <NA> <NA>
SPEAKER other 1 0.0 9.0 <NA> <NA> Eva <NA> <NA>
"""
SEGLST = [
    {"session_id": "call", "speaker": "Ana", "words": "hello there", "start_time": "0.0",
     "end_time": 2},
    {"session_id": "call", "speaker": 7, "words": "yes", "start_time": 2, "end_time": 3},
    {"session_id": "other", "speaker": "Eva", "words": "no", "start_time": 0, "end_time": 9},
]  # fmt: skip


def test_stm_and_rttm_together_are_a_reference(tmp_path: Path) -> None:
    """Words come from the STM, the map from the RTTM, both of this recording only."""
    files = {"stm": write(tmp_path / "a.stm", STM), "rttm": write(tmp_path / "a.rttm", RTTM)}
    read = read_reference(files, recording="call")
    assert read.words is not None
    assert [(w.speaker, w.text, w.start_ms, w.end_ms) for w in read.words] == [
        ("Ana", "hello", 0, 1000), ("Ana", "there", 1000, 2000), ("Ben", "yes", 2000, 3000),
    ]  # fmt: skip
    assert read.speech is not None
    assert [(i.speaker, i.start_ms, i.end_ms) for i in read.speech] == [
        ("Ana", 500, 2000), ("Ben", 2000, 3000),
    ]  # fmt: skip


def test_a_file_of_one_recording_may_name_it_as_it_likes(tmp_path: Path) -> None:
    """The name inside a file counts only where there are several."""
    path = write(tmp_path / "a.stm", "some_other_name 1 Ana 0 1 hello")
    read = read_reference({"stm": path}, recording="call")
    assert read.words is not None
    assert [word.text for word in read.words] == ["hello"]


def test_seglst_is_read_with_numbers_as_texts(tmp_path: Path) -> None:
    """Times may be texts and speakers numbers, as meeteval writes them."""
    path = write(tmp_path / "a.seglst.json", SEGLST)
    read = read_reference({"seglst": path}, recording="call")
    assert read.words is not None
    assert [word.speaker for word in read.words] == ["Ana", "Ana", "7"]
    assert read.speech is None


@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        ("stm", "call 1 Ana 0.0", "line 1: 'call 1 Ana 0.0' is not a line of 5 fields"),
        ("stm", "call 1 Ana x 2 hello", "field 4: 'x' is not a number"),
        ("stm", "call 1 Ana 2 1 hello", "is not a time after the start"),
        ("stm", "c 1 A 0 1 IGNORE_TIME_SEGMENT_IN_SCORING", "a region that can be scored"),
        ("stm", "a 1 A 0 1 x\nb 1 A 0 1 x", "call is not one"),
        ("rttm", "SPEAKER call 1 0 -1 <NA> <NA> A", "a time from 0"),
        ("rttm", "SPEAKER call 1 0", "a line of 8 fields"),
        ("seglst", "{}", "is not a list"),
        ("seglst", '[{"speaker": null, "words": "", "start_time": 0, "end_time": 0}]', "a text"),
        ("seglst", '[{"speaker": "A", "start_time": 0, "end_time": 0}]', "words: None"),
    ],
)
def test_a_wrong_exchange_file_is_told_by_line(
    tmp_path: Path, kind: str, content: str, told: str
) -> None:
    """Each mistake gives an InputError that names the line."""
    path = write(tmp_path / f"a.{kind}", content)
    with pytest.raises(InputError) as error:
        read_reference({kind: path}, recording="call")
    assert told in str(error.value)


def test_no_ready_made_result_is_told(tmp_path: Path) -> None:
    """Where neither kind of result is there, the error names both."""
    config = load_config()
    definitions = Definitions(turns=config.turns, tactics=config.tactics, metrics=config.metrics)
    with pytest.raises(InputError, match=r"call\.json: there is no such file, nor call\.seglst"):
        read_hypothesis(tmp_path, recording="call", definitions=definitions)
