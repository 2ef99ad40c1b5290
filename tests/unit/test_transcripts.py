"""Transcripts that people bring: what each format gives, and what hostile files give."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.transcripts.formats import READERS, read_transcript
from pipeline.transcripts.lines import (
    MAX_CHARS_AT_ONCE,
    MAX_TEXT_CHARS,
    MAX_TURNS_AT_ONCE,
    Line,
    Refused,
    dialogues,
    line_of,
)

FIFTY_THOUSAND_WORDS = "negotiate " * 50_000
LONE_SURROGATE = "\ud83d"
TURN = '{"speaker": "Ana", "text": "hello"}'


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Write a file of this name and read it as a transcript."""

    def written(name: str, content: str | bytes) -> list[Line | Refused]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_transcript(path))

    return written


def said(lines: list[Line | Refused]) -> list[tuple[str, str]]:
    """Who said what in the lines that could be read."""
    return [(line.speaker, line.text) for line in lines if isinstance(line, Line)]


def refused(lines: list[Line | Refused]) -> dict[int, str]:
    """The reason for each line that could not be read, by its number."""
    return {line.number: line.reason for line in lines if isinstance(line, Refused)}


# --- JSON lines


def test_jsonl_gives_every_field(read: Any) -> None:
    """All fields are read, and the line is kept as it was."""
    row = {
        "dialogue": "d1", "turn": 4, "speaker": "Ana", "text": "Hi.",
        "start_s": 1.5, "end_s": 2, "mood": "calm",
    }  # fmt: skip
    [line] = read("call.jsonl", json.dumps(row))
    assert line == Line(
        number=1, dialogue="d1", turn=4, speaker="Ana", text="Hi.", start_s=1.5, end_s=2.0,
        given=row,
    )  # fmt: skip


def test_turns_without_numbers_are_counted_for_each_dialogue(read: Any) -> None:
    """Counting starts at 0 with each dialogue, and goes on from a number that is given."""
    rows = [
        {"dialogue": name, "speaker": "Ana", "text": "x"} | turn
        for name, turn in (("a", {}), ("a", {"turn": 7}), ("a", {}), ("b", {}), ("b", {}))
    ]
    lines = read("call.jsonl", "\n".join(map(json.dumps, rows)))
    assert [line.turn for line in lines] == [0, 7, 8, 0, 1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "not JSON"),
        ('{"speaker": "Ana", "text": "cut o', "not JSON: Unterminated string"),
        ("[1, 2]", "not an object but list"),
        ("null", "not an object but NoneType"),
        ('{"speaker": "Ana"}', '"text" is missing'),
        ('{"speaker": "Ana", "text": null}', '"text" is missing'),
        ('{"speaker": "Ana", "text": 5}', '"text" is not text'),
        ('{"text": "hello"}', '"speaker" is missing'),
        ('{"speaker": " ", "text": "hello"}', '"speaker" is missing'),
        ('{"speaker": ["Ana"], "text": "x"}', '"speaker" is neither text nor a whole number'),
        ('{"speaker": true, "text": "x"}', '"speaker" is neither text nor a whole number'),
        ('{"speaker": "A", "text": "x", "dialogue": {}}', '"dialogue" is neither'),
        ('{"speaker": "A", "text": "x", "turn": 1.5}', '"turn" is not a whole number'),
        ('{"speaker": "A", "text": "x", "turn": -1}', '"turn" is not a whole number'),
        ('{"speaker": "A", "text": "x", "turn": 1e300}', '"turn" is not a whole number'),
        ('{"speaker": "A", "text": "x", "turn": "soon"}', '"turn" is not a number'),
        ('{"speaker": "A", "text": "x", "start_s": false}', '"start_s" is not a number'),
        ('{"speaker": "A", "text": "x", "start_s": "nan"}', '"start_s" is not a finite number'),
        ('{"speaker": "A", "text": "x", "start_s": -0.1}', '"start_s" is below 0'),
        ('{"speaker": "A", "text": "x", "start_s": 2, "end_s": 1}', '"end_s" is before "start_s"'),
        ('{"speaker": "A", "text": "x", "start_s": NaN}', "NaN is no number of JSON"),
        ('{"speaker": "A", "text": "x", "else": -Infinity}', "-Infinity is no number of JSON"),
        ('{"speaker": "A", "text": "x", "else": 1e999}', "a number is too large"),
        (f'{{"speaker": "A", "text": "x", "turn": {"9" * 400}}}', '"turn" is not a number, or'),
        (f'{{"speaker": "A", "text": "x", "turn": {"9" * 5000}}}', "more than 1000 digits"),
        ("[" * 100_000, "nested too deeply"),
        (f'{{"speaker": "A", "text": "{"x" * (MAX_TEXT_CHARS + 1)}"}}', "more than 1000000 char"),
        ('{"speaker": "A", "text": "raw \x07 bell"}', "not JSON: Invalid control character"),
    ],
    ids=range(28),
)
def test_a_bad_line_is_named_and_the_rest_read(read: Any, line: str, reason: str) -> None:
    """The line's number and the reason; the lines around it are read."""
    lines = read("call.jsonl", f"{TURN}\n{line}\n{TURN}\n")
    assert [line.number for line in lines] == [1, 2, 3]
    assert reason in refused(lines)[2]
    assert said(lines) == [("Ana", "hello")] * 2


@given(junk=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=5))
def test_any_text_gives_lines_or_reasons(
    junk: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No text makes a reader fail other than with an InputError, and no line is lost silently."""
    folder = tmp_path_factory.mktemp("junk")
    for ending in READERS:
        path = folder / f"call{ending}"
        path.write_bytes("\n".join(junk).encode())
        try:
            lines = list(read_transcript(path))
        except InputError:
            continue
        assert all(isinstance(line, Line | Refused) for line in lines)
        if ending == ".jsonl":
            raw = "\n".join(junk).replace("\r\n", "\n").replace("\r", "\n").split("\n")
            assert len(lines) == sum(bool(row.strip()) for row in raw)


def test_a_reason_never_says_what_was_said(read: Any) -> None:
    """What is in a refused line stays out of the reason: it may be private."""
    words = "my salary is private"
    content = f'{{"speaker": "Ana", "text": "{words}", "start_s": "{words}"}}\n{words}'
    lines = read("call.jsonl", content)
    assert len(refused(lines)) == 2
    assert not any("private" in reason for reason in refused(lines).values())


def test_half_a_surrogate_pair_is_read(read: Any) -> None:
    """A JSON escape of half an emoji is kept as it is."""
    [line] = read("call.jsonl", '{"speaker": "Ana", "text": "ok \\ud83d"}')
    assert line.text == f"ok {LONE_SURROGATE}"


# --- encodings and line ends


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("call.jsonl", '{"speaker": "Zoë", "text": "£120k 🎉"}\n{"speaker": "Ben", "text": ""}\n'),
        ("call.txt", "Zoë: £120k 🎉\nBen: \n"),
        ("call.csv", "speaker,text\nZoë,£120k 🎉\nBen,\n"),
        ("call.tsv", "speaker\ttext\nZoë\t£120k 🎉\nBen\t\n"),
        ("call.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Zoë>£120k 🎉\nBen: \n"),
        ("call.srt", "1\n00:00:01,000 --> 00:00:02,000\nZoë: £120k 🎉\nBen: \n"),
    ],
)
def test_encodings_and_line_ends(
    read: Any, name: str, content: str, end: str, encoding: str
) -> None:
    """Unicode in any of its encodings, marked by its first bytes, with any line ends."""
    raw = content.replace("\n", end).encode(encoding)
    assert said(read(name, raw)) == [("Zoë", "£120k 🎉"), ("Ben", "")]


def test_utf_16_of_either_order(read: Any) -> None:
    """Both byte orders of UTF-16 are read."""
    content = "Ana: hello"
    for mark, encoding in (
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        assert said(read("call.txt", mark + content.encode(encoding))) == [("Ana", "hello")]


def test_bytes_that_are_not_utf_8_are_read_as_windows_1252(read: Any) -> None:
    """Spreadsheets on Windows still save "£" and "’" in its old encoding."""
    content = "speaker,text\nAna,I’d say £90k\n".encode("windows-1252")
    assert said(read("call.csv", content)) == [("Ana", "I’d say £90k")]


# --- plain text


@pytest.mark.parametrize(
    ("line", "speaker", "text", "start_s"),
    [
        ("Ana: hello", "Ana", "hello", None),
        ("Ana: the range: 50 to 60", "Ana", "the range: 50 to 60", None),
        ("Ana: 10:30 suits me", "Ana", "10:30 suits me", None),
        ("[00:01:02] Ana: hello", "Ana", "hello", 62.0),
        ("(01:02) Ana: hello", "Ana", "hello", 62.0),
        ("[00:01:02.500 --> 00:01:04.000] Ana: hello", "Ana", "hello", 62.5),
        ("1:00:02 - Ana: hello", "Ana", "hello", 3602.0),
        ("Ana (01:02): hello", "Ana", "hello", 62.0),
        ("Speaker 1: hello", "Speaker 1", "hello", None),
        ("Dr. O'Neil (buyer): hello", "Dr. O'Neil (buyer)", "hello", None),
        ("You: hello", "You", "hello", None),
        ("安娜: 你好", "安娜", "你好", None),
        ("Ana:", "Ana", "", None),
        ("Ana: ", "Ana", "", None),
        ("Ana: 🎉\x00\x1b[2J", "Ana", "🎉\x00\x1b[2J", None),
        ("Ana: =HYPERLINK(1)", "Ana", "=HYPERLINK(1)", None),
    ],
)
def test_a_named_line(read: Any, line: str, speaker: str, text: str, start_s: float | None) -> None:
    """The name ends at the first colon that a blank follows; a time before or after it is read."""
    [found] = read("call.txt", line)
    assert (found.speaker, found.text, found.start_s) == (speaker, text, start_s)


@pytest.mark.parametrize(
    "wrapped", ["ask for a raise", "10:30 is fine", "my terms are: 50k", "https://a.example: no"]
)
def test_a_line_without_a_name_goes_on(read: Any, wrapped: str) -> None:
    """It belongs to the turn before, also with a colon behind what is part of a sentence."""
    lines = read("call.txt", f"Ana: I want to\n{wrapped}\n\nBen: no")
    assert said(lines) == [("Ana", f"I want to {wrapped}"), ("Ben", "no")]


def test_text_before_the_first_name_is_refused(read: Any) -> None:
    """Titles have no speaker; each is named."""
    lines = read("call.txt", "The call\n\nof Monday\nAna: hi")
    assert refused(lines) == {1: '"speaker" is missing', 3: '"speaker" is missing'}
    assert said(lines) == [("Ana", "hi")]


def test_a_turn_without_end_is_refused(read: Any) -> None:
    """A text without names after the first is one turn, too long; the next turn is read."""
    lines = read("call.txt", "Ana: hi\n" + f"{'word ' * 100}\n" * 4000 + "Ben: no")
    assert refused(lines) == {1: f'"text" has more than {MAX_TEXT_CHARS} characters'}
    assert said(lines) == [("Ben", "no")]


# --- subtitles


def test_vtt(read: Any) -> None:
    """Voices by tag or name, several in a cue; markup, entities, notes and styles are gone."""
    content = (
        "WEBVTT - a call\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE not said\n\n"
        "intro\n00:01.500 --> 00:02.000 align:start\n"
        "<v.loud Ana Silva>Fish &amp; <b>chips</b></v>\n\n"
        "00:02.000 --> 00:03.250\nare <3\n\n"
        "01:00:02.000 --> 01:00:03.000\n<v Ana Silva>Yes</v> <v Ben>No</v>\nCy: maybe: not\n"
    )
    lines = read("call.vtt", content)
    assert [(line.speaker, line.text, line.start_s, line.end_s) for line in lines] == [
        ("Ana Silva", "Fish & chips are <3", 1.5, 3.25),
        ("Ana Silva", "Yes", 3602.0, 3603.0),
        ("Ben", "No", 3602.0, 3603.0),
        ("Cy", "maybe: not", 3602.0, 3603.0),
    ]


def test_srt(read: Any) -> None:
    """Commas in times, dashes before names, italics; a cue without a name goes on."""
    content = (
        "1\n00:00:01,500 --> 00:00:02,000\n- Ana: <i>Hi</i>\n- Ben: {\\an8}Ho\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\nand more\n"
    )
    lines = read("call.srt", content)
    assert [(line.speaker, line.text, line.start_s, line.end_s) for line in lines] == [
        ("Ana", "Hi", 1.5, 2.0),
        ("Ben", "Ho and more", 1.5, 4.0),
    ]


@pytest.mark.parametrize(
    ("cue", "number", "reason"),
    [
        ("00:0x --> 00:03.000\nlost", 6, "times cannot be read"),
        ("00:02.000 -->\nlost", 6, "times cannot be read"),
        ("lost words", 6, "no times"),
        ("00:02.000 --> 00:03.000\nlost\n00:03.000 --> 00:04.000\nlost", 8, "times inside a cue"),
    ],
)
def test_a_bad_cue_is_named_and_the_rest_read(
    read: Any, cue: str, number: int, reason: str
) -> None:
    """Its line and the reason; who goes on after it without a name is not guessed."""
    content = (
        f"WEBVTT\n\n00:01.000 --> 00:02.000\nAna: one\n\n{cue}\n\n"
        "00:05.000 --> 00:06.000\nwho?\n\n00:06.000 --> 00:07.000\nBen: two\n"
    )
    lines = read("call.vtt", content)
    assert said(lines) == [("Ana", "one"), ("Ben", "two")]
    reasons = refused(lines)
    assert reason in reasons.pop(number)
    assert list(reasons.values()) == ['"speaker" is missing']


def test_a_cue_that_ends_before_it_starts_is_refused(read: Any) -> None:
    """Times that run backwards are no times."""
    lines = read("call.vtt", "WEBVTT\n\n00:03.000 --> 00:02.000\nAna: one\n")
    assert refused(lines) == {3: '"end_s" is before "start_s"'}


# --- tables


def test_csv_by_other_names_and_separators(read: Any) -> None:
    """Semicolons, quoted separators and line breaks, times as clock or seconds, more columns."""
    content = (
        "Name;Transcript;Start;End;Turn;note\n"
        'Ana;"a;\nb";0:01:02.5;63;4;k\n\n'
        'Ben;"so ""ok""";64.5;;;'
    )
    first, second = read("call.csv", content)
    assert first.given == {
        "speaker": "Ana", "text": "a;\nb", "start_s": 62.5, "end_s": 63, "turn": 4, "note": "k",
    }  # fmt: skip
    assert (first.number, second.number) == (2, 5)
    assert (second.text, second.turn, second.start_s, second.end_s) == ('so "ok"', 5, 64.5, None)


@pytest.mark.parametrize("text", ["=1+1", "+44 20", "-5", "@SUM(A1)", "'=1"])
def test_formulas_in_a_table_are_text(read: Any, text: str) -> None:
    """What a spreadsheet would calculate is kept as it was said."""
    assert said(read("call.csv", f"speaker,text\nAna,{text}\n")) == [("Ana", text)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Ana,I want 50,000 dollars", "more cells than the first line names"),
        ("Ana", '"text" is missing'),
        (",hello", '"speaker" is missing'),
        ('Ana,"No" he said', "not a row"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_read(read: Any, row: str, reason: str) -> None:
    """No cell is cut off or moved silently."""
    lines = read("call.csv", f"speaker,text\nAna,hi\n{row}\nBen,no\n")
    assert reason in refused(lines)[3]
    assert said(lines) == [("Ana", "hi"), ("Ben", "no")]


def test_a_quote_that_is_never_closed_is_named(read: Any) -> None:
    """What it swallowed is not taken for a turn."""
    lines = read("call.csv", 'speaker,text\nAna,hi\nBen,"open\nAna,gone\n')
    assert list(refused(lines)) == [3]
    assert said(lines) == [("Ana", "hi")]


@pytest.mark.parametrize("content", ["", "\n\n", "who,when\nAna,now\n", '"', "speaker\nAna\n"])
def test_a_table_without_the_columns_is_refused(read: Any, content: str) -> None:
    """The error names what the first line must hold."""
    with pytest.raises(InputError, match=r"first line must name a column .*\"text\""):
        read("call.csv", content)


# --- report.json


def report(**changes: object) -> dict[str, Any]:
    """A report as far as it is read."""
    turns = [
        {"index": 0, "speaker": "S1", "start_s": 0.5, "end_s": 2.0, "kind": "turn", "text": "Hi."},
        {"index": 1, "speaker": "S2", "start_s": 2, "end_s": 3, "kind": "backchannel", "text": "m"},
    ]
    speakers = [{"id": "S1", "name": "Ana"}, {"id": "S2", "name": None}]
    return {"speakers": speakers, "turns": turns} | changes


def test_report_gives_its_turns_with_names(read: Any) -> None:
    """Turns with numbers, times and kind; a speaker without a name by id."""
    lines = read("report.json", json.dumps(report()))
    assert said(lines) == [("Ana", "Hi."), ("S2", "m")]
    assert [line.given["kind"] for line in lines] == ["turn", "backchannel"]
    assert (lines[0].turn, lines[0].start_s, lines[0].end_s) == (0, 0.5, 2.0)


def test_two_speakers_of_one_name_stay_two(read: Any) -> None:
    """Where names do not tell speakers apart, their ids do."""
    speakers = [{"id": "S1", "name": "Ana"}, {"id": "S2", "name": "Ana"}]
    lines = read("report.json", json.dumps(report(speakers=speakers)))
    assert [speaker for speaker, _ in said(lines)] == ["S1", "S2"]


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", "7", "[" * 100_000, '{"turns": NaN}',
     json.dumps(report(turns=5)), json.dumps(report(turns=[{}])),
     json.dumps(report(speakers=[[]])), json.dumps(report(speakers=[{"id": []}])),
     json.dumps(report(speakers=[]))],
    ids=range(12),
)  # fmt: skip
def test_other_json_is_no_report(read: Any, content: str) -> None:
    """A clear error, whatever the JSON holds."""
    with pytest.raises(InputError, match=r"not a report\.json of Parley"):
        read("report.json", content)


# --- any format


@pytest.mark.parametrize("ending", [".jsonl", ".txt", ".csv", ".tsv", ".srt", ".vtt"])
def test_a_turn_of_fifty_thousand_words(read: Any, ending: str) -> None:
    """It is read whole in every format."""
    text = FIFTY_THOUSAND_WORDS.strip()
    head = {
        ".csv": "speaker,text\nAna,", ".tsv": "speaker\ttext\nAna\t",
        ".srt": "1\n00:00:01,000 --> 00:00:02,000\nAna: ",
        ".vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>",
    }  # fmt: skip
    row = json.dumps({"speaker": "Ana", "text": text})
    content = row if ending == ".jsonl" else head.get(ending, "Ana: ") + text
    assert said(read(f"call{ending}", content)) == [("Ana", text)]


@pytest.mark.parametrize("start", ["<v ", "<", "{\\", "Ana", "[0:", "&", " ", "<v A>"])
@pytest.mark.parametrize("ending", [".txt", ".vtt"])
def test_patterns_take_no_time_on_hostile_text(read: Any, ending: str, start: str) -> None:
    """Half a million characters that almost match are read at once, not in hours."""
    content = "WEBVTT\n\n00:01.000 --> 00:02.000\nAna: x" if ending == ".vtt" else "Ana: x"
    content += "\n" + start * (500_000 // len(start))
    assert isinstance(read(f"call{ending}", content)[0], Line)


@pytest.mark.parametrize("ending", [".jsonl", ".txt", ".srt", ".vtt"])
def test_an_empty_file_has_no_turns(read: Any, ending: str) -> None:
    """Nothing in, nothing out."""
    assert read(f"call{ending}", "") == []


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    """The error lists the endings that are known."""
    with pytest.raises(InputError, match=r"call\.docx: not a transcript.*\.jsonl.*\.vtt"):
        read_transcript(tmp_path / "call.docx")


def test_a_missing_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """Also a name that no file system takes."""
    for name in ("gone.jsonl", "x" * 5000 + ".jsonl"):
        with pytest.raises(InputError, match="cannot be read: "):
            read_transcript(tmp_path / name)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is no transcript, whatever its name."""
    (tmp_path / "calls.jsonl").mkdir()
    with pytest.raises(InputError, match="a folder or a device, not a file"):
        read_transcript(tmp_path / "calls.jsonl")


# --- dialogues


def turns(count: int, *, dialogue: str = "d", text: str = "hi") -> Iterator[Line]:
    """Some turns of a dialogue."""
    for number in range(count):
        yield line_of(
            {"dialogue": dialogue, "speaker": "Ana", "text": text}, number=number, turn=number
        )


def test_dialogues_come_as_they_follow(read: Any) -> None:
    """Neighbours of one id are one dialogue; an id that comes again is another."""
    lines = [line for name in "aba" for line in turns(2, dialogue=name)]
    assert [[line.dialogue for line in part] for part in dialogues(lines)] == [
        ["a", "a"], ["b", "b"], ["a", "a"],
    ]  # fmt: skip


def test_a_very_long_dialogue_comes_in_parts() -> None:
    """No part has more turns or characters than memory is meant to hold, and no turn is lost."""
    many = [len(part) for part in dialogues(turns(MAX_TURNS_AT_ONCE + 5))]
    assert many == [MAX_TURNS_AT_ONCE, 5]
    text = "x" * (MAX_CHARS_AT_ONCE // 4)
    assert [len(part) for part in dialogues(turns(9, text=text))] == [4, 4, 1]
