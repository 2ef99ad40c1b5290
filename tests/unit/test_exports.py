"""The files beside the report: each format's own rules, with harmless and hostile content."""

from __future__ import annotations

import csv
import io
import re

import polars as pl
import pytest
import report_builder as build

from pipeline.records import METRICS, SPEECH, TURNS, WORDS
from pipeline.stages.exports import export_files
from pipeline.stages.exports.subtitles import CUE_CHARACTERS, CUE_MS, Word, pieces_of
from pipeline.stages.exports.tables import OFFER_COLUMNS, harmless

NAMES = {
    "transcript.txt", "transcript.srt", "transcript.vtt", "words.ctm", "speech.rttm", "turns.csv",
    "tactics.csv", "offers.csv", "metrics.csv",
}  # fmt: skip
HOSTILE = "=cmd|' /C calc'!A0\n--> <v Eve>{\\an8}&;;\t\u2028\u202ex"


def _files(lines: tuple[build.Line, ...] = build.CALL, **changes: object) -> dict[str, str]:
    return export_files(
        report=build.report(lines=lines, **changes),
        words=build.words(lines),
        speech=build.speech(lines),
        turns=build.turns(lines),
        metrics=build.metrics(),
    )


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return _files()


@pytest.fixture(scope="module")
def hostile() -> dict[str, str]:
    line = build.line("S0", HOSTILE, 0.0, 2.0, ("offer", HOSTILE))
    return _files(
        (line, build.line("S1", f"@SUM(1) {HOSTILE}", 1.0, 3.0)),
        speakers=[build.speaker("S0", HOSTILE), build.speaker("S1", HOSTILE)],
        recording=build.recording(name=f";;{HOSTILE}"),
        offers=[{"turn": 0, "speaker": "S0", "issue": "-1+1", "value": -5, "text": "+1"}],
    )


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_file_is_there_and_the_same_each_time(written: dict[str, str]) -> None:
    assert written.keys() == NAMES
    assert _files() == written


def test_text_has_a_line_a_turn(written: dict[str, str]) -> None:
    lines = written["transcript.txt"].splitlines()
    assert len(lines) == len(build.CALL)
    assert lines[1] == "[00:04] Ana: I'm well, thank you. I was really glad to get your message."
    assert lines[3] == "[00:13] Ana (backchannel): Mm-hm."


def test_srt_is_numbered_and_timed(written: dict[str, str]) -> None:
    blocks = written["transcript.srt"].strip().split("\n\n")
    assert blocks[0].splitlines() == [
        "1",
        "00:00:00,600 --> 00:00:04,300",
        "Ben: Hi Ana, thanks for making the time today. How are you doing?",
    ]
    assert [block.splitlines()[0] for block in blocks] == [
        str(number) for number in range(1, len(blocks) + 1)
    ]


def test_vtt_names_its_voices(written: dict[str, str]) -> None:
    assert written["transcript.vtt"].startswith(
        "WEBVTT\n\n00:00:00.600 --> 00:00:04.300\n"
        "<v Ben>Hi Ana, thanks for making the time today. How are you doing?</v>\n\n"
    )


def test_cues_fit_a_screen_and_lose_no_word(written: dict[str, str]) -> None:
    said = re.findall("<v [^>]+>(.*)</v>", written["transcript.vtt"])
    assert max(map(len, said)) <= CUE_CHARACTERS
    words = sorted(" ".join(said).split())
    assert words == sorted(" ".join(one.text for one in build.CALL).split())


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ([("a" * 100, 0, 100), ("b", 100, 200)], [1, 1]),
        ([("a" * 42, 0, 100), ("b" * 41, 100, 200), ("c", 200, 300)], [2, 1]),
        ([("a", 0, CUE_MS), ("b", CUE_MS, CUE_MS + 1)], [1, 1]),
        ([("a", 0, CUE_MS - 1), ("b", CUE_MS - 1, CUE_MS)], [2]),
        ([], []),
    ],
)
def test_pieces(words: list[tuple[str, int, int]], sizes: list[int]) -> None:
    given = [Word(text=text, start_ms=start, end_ms=end) for text, start, end in words]
    assert [len(piece) for piece in pieces_of(given)] == sizes


def test_a_cue_is_never_without_time() -> None:
    files = _files((build.line("S0", "Yes.", 1.0, 1.0),))
    assert "00:00:01.000 --> 00:00:01.001" in files["transcript.vtt"]


def test_times_beyond_an_hour() -> None:
    files = _files((build.line("S0", "Yes.", 3661.5, 3662.0),))
    assert "01:01:01.500 --> 01:01:02.000" in files["transcript.vtt"]
    assert files["transcript.txt"].startswith("[1:01:01] Ana")


def test_a_word_may_be_written_with_blanks_around() -> None:
    lines = (build.line("S0", "Yes. No.", 0.0, 1.0),)
    words = build.words(lines).with_columns(pl.concat_str(pl.lit(" "), "text").alias("text"))
    files = export_files(
        report=build.report(lines=lines),
        words=words,
        speech=build.speech(lines),
        turns=build.turns(lines),
        metrics=build.metrics(),
    )
    assert ">Yes. No.<" in files["transcript.vtt"]
    assert files["words.ctm"].splitlines()[1] == "salary-call.m4a 1 0.500 0.500 No. 0.900"


def test_ctm_and_rttm_have_their_fields(written: dict[str, str]) -> None:
    ctm = [line.split(" ") for line in written["words.ctm"].splitlines()]
    assert {len(fields) for fields in ctm} == {6}
    assert ctm[0] == ["salary-call.m4a", "1", "0.600", "0.308", "Hi", "0.900"]
    rttm = [line.split(" ") for line in written["speech.rttm"].splitlines()]
    assert {len(fields) for fields in rttm} == {10}
    assert written["speech.rttm"].startswith(
        "SPEAKER salary-call.m4a 1 0.600 3.700 <NA> <NA> Ben <NA> <NA>\n"
    )


def test_invented_words_are_on_record_but_not_scored() -> None:
    """They are comments of the CTM, with the reason; only the others are lines of it."""
    lines = (build.line("S0", "Yes. Thanks for watching.", 0.0, 1.0),)
    doubted = pl.when(pl.col("word") > 0).then(pl.lit("repetition")).otherwise(pl.lit(""))
    words = build.words(lines).with_columns(doubted.alias("doubt"))
    files = export_files(
        report=build.report(lines=lines),
        words=words,
        speech=build.speech(lines),
        turns=build.turns(lines),
        metrics=build.metrics(),
    )
    written = files["words.ctm"].splitlines()
    comments = [line for line in written if line.startswith(";; ")]
    assert [line.split()[4] for line in written if line not in comments] == ["Yes."]
    assert [line.split()[1] for line in comments] == ["repetition:"] * 3
    assert "watching." in comments[-1]


def test_tables_hold_what_the_report_holds(written: dict[str, str]) -> None:
    turns, tactics = _rows(written["turns.csv"]), _rows(written["tactics.csv"])
    assert [row["text"] for row in turns] == [one.text for one in build.CALL]
    assert [row["quote"] for row in tactics] == [one["quote"] for one in build.report()["tactics"]]
    assert turns[3] | {"text": ""} == {
        "turn": "3", "speaker_id": "S0", "speaker": "Ana", "start_s": "13.1", "end_s": "13.6",
        "kind": "backchannel", "overlap_s": "0.0", "word_count": "1", "text": "",
    }  # fmt: skip


def test_withheld_figures_have_no_value_but_a_reason(written: dict[str, str]) -> None:
    rows = _rows(written["metrics.csv"])
    assert (rows[2]["value"], rows[2]["withheld"]) == ("", "too short")
    assert (rows[1]["value"], rows[1]["withheld"]) == ("-0.2", "")
    assert (rows[3]["speaker"], rows[3]["value"]) == ("", "23.1")


def test_an_empty_table_has_its_header(written: dict[str, str]) -> None:
    assert written["offers.csv"] == ",".join(OFFER_COLUMNS) + "\r\n"


def test_a_silent_recording_gives_empty_files() -> None:
    files = export_files(
        report=build.silent_report(),
        words=pl.DataFrame(schema=WORDS),
        speech=pl.DataFrame(schema=SPEECH),
        turns=pl.DataFrame(schema=TURNS),
        metrics=pl.DataFrame(schema=METRICS),
    )
    assert files["transcript.vtt"] == "WEBVTT\n\n"
    assert files["transcript.srt"] == files["words.ctm"] == files["speech.rttm"] == ""
    assert all(files[name].count("\r\n") == 1 for name in NAMES if name.endswith(".csv"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", "\n-2+3", "\u2028=1"]
)
def test_formulas_are_made_harmless(text: str) -> None:
    assert harmless(text).startswith("'")


@pytest.mark.parametrize("text", ["Ana", "1 = 1", "a-b", "", "'x", "5"])
def test_other_text_is_left_alone(text: str) -> None:
    assert harmless(text) == text


def test_hostile_cells_stay_one_cell_each(hostile: dict[str, str]) -> None:
    for name in ("turns.csv", "tactics.csv", "offers.csv"):
        for row in _rows(hostile[name]):
            assert None not in row
            texts = (row["speaker"], row.get("text", ""), row.get("quote", ""))
            assert all(text == "" or text.startswith("'") for text in texts)
    (offer,) = _rows(hostile["offers.csv"])
    assert (offer["issue"], offer["value"], offer["text"]) == ("'-1+1", "-5", "'+1")


def test_hostile_text_breaks_no_line_format(hostile: dict[str, str]) -> None:
    assert len(hostile["transcript.txt"].splitlines()) == 2
    ctm, rttm = hostile["words.ctm"].splitlines(), hostile["speech.rttm"].splitlines()
    assert {len(line.split()) for line in ctm} == {6}
    assert {len(line.split()) for line in rttm} == {10}
    assert not any(line.startswith(";") for line in ctm)
    assert len({line.split()[7] for line in rttm}) == 2


def test_hostile_text_breaks_no_subtitle(hostile: dict[str, str]) -> None:
    for line in hostile["transcript.vtt"].splitlines()[2:]:
        assert line == "" or re.fullmatch(r"[\d:.]+ --> [\d:.]+|<v [^<>]+>[^<>]+</v>", line)
    for block in hostile["transcript.srt"].strip().split("\n\n"):
        assert len(block.splitlines()) == 3
        assert not re.search("[<>{}]", block.splitlines()[2])


def test_every_file_can_be_written_as_utf_8() -> None:
    files = _files(speakers=[build.speaker("S0", "A\ud83d"), build.speaker("S1", "\ud83d")])
    for text in files.values():
        text.encode("utf-8")


def test_experimental_tags_are_marked_in_the_table() -> None:
    report = build.report()
    report["tactics"][0]["experimental"] = True
    files = export_files(
        report=report,
        words=build.words(),
        speech=build.speech(),
        turns=build.turns(),
        metrics=build.metrics(),
    )
    marks = [row["experimental"] for row in _rows(files["tactics.csv"])]
    assert marks == ["True"] + ["False"] * (len(report["tactics"]) - 1)
