"""Tables as CSV, Parquet and Excel, and a call out of its report alone, read back."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import polars as pl
import pytest
import report_builder as build
from export_calls import ODD, TABLES, call_of, hostile_call, written
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.exports import tables
from pipeline.stages.exports.call import Call
from pipeline.stages.exports.formats import FORMATS
from pipeline.stages.exports.restored import read_report, restored
from pipeline.stages.exports.typed import typed_tables
from pipeline.stages.exports.workbook import CELL_UNITS, workbook


def sheets_of(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each sheet, as openpyxl reads them."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_tables_are_the_same_in_every_format(tmp_path: Path) -> None:
    """CSV, Parquet and Excel hold the same tables of the same rows."""
    call = call_of()
    frames = typed_tables(call)
    assert tuple(frames) == TABLES
    written(call, "csv", tmp_path)
    written(call, "parquet", tmp_path)
    sheets = sheets_of(FORMATS["xlsx"].files(call)[""])
    assert tuple(sheets) == TABLES
    for name, frame in frames.items():
        assert pl.read_parquet(tmp_path / f"{name}.parquet").equals(frame)
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == frame.height == len(sheets[name]) - 1
        assert list(sheets[name][0]) == frame.columns
    assert [row["quote"] for row in frames["tactics"].iter_rows(named=True)] == [
        tag["quote"] for tag in call.report["tactics"]
    ]


def test_tables_of_an_export_are_those_of_an_analysis() -> None:
    """turns.csv, tactics.csv, offers.csv and metrics.csv have the same bytes."""
    call = call_of()
    files = FORMATS["csv"].files(call)
    assert files["turns.csv"].decode() == tables.turns_csv(call.report, turns=call.turns)
    assert files["tactics.csv"].decode() == tables.tactics_csv(call.report)
    assert files["offers.csv"].decode() == tables.offers_csv(call.report)
    assert files["metrics.csv"].decode() == tables.metrics_csv(call.report, metrics=call.metrics)


def test_findings_have_their_tables() -> None:
    """Moments, questions with what they got back, and effects, each with its speaker."""
    call = call_of()
    frames = typed_tables(call)
    for name in ("moments", "questions", "effects"):
        assert frames[name]["speaker_id"].to_list() == [o["speaker"] for o in call.report[name]]
    replies = [one["reply"] or {} for one in call.report["questions"]]
    assert frames["questions"]["reply_turn"].to_list() == [one.get("turn") for one in replies]
    assert frames["questions"]["reply_new_words"].dtype == pl.List(pl.String)


def test_reports_without_findings_have_empty_tables() -> None:
    """Reports before 1.4 have no lists of questions and effects."""
    call = call_of()
    old = {key: v for key, v in call.report.items() if key not in ("questions", "effects")}
    frames = typed_tables(
        Call(report=old, words=call.words, turns=call.turns, metrics=call.metrics)
    )
    assert (frames["questions"].height, frames["effects"].height) == (0, 0)
    assert frames["effects"].columns[0] == "tactic"


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """In CSV and Excel what begins like one has an apostrophe; in Excel it is text by type too."""
    call = hostile_call()
    book = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].files(call)[""]))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    for content in FORMATS["csv"].files(call).values():
        texts += [
            cell for row in csv.reader(io.StringIO(content.decode(), newline="")) for cell in row
        ]
    starts = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
    numbers = re.compile(r"-?\d+(\.\d+)?")
    assert not [t for t in texts if t.lstrip().startswith(starts) and not numbers.fullmatch(t)]
    assert any(text.startswith("'=cmd") for text in texts)


def test_parquet_keeps_texts_as_they_are(tmp_path: Path) -> None:
    """Programs read it: an apostrophe more would be one in the data."""
    call = hostile_call()
    folder = written(call, "parquet", tmp_path)
    texts = pl.read_parquet(folder / "turns.parquet")["text"].to_list()
    assert texts == [turn["text"] for turn in call.report["turns"]]


@pytest.mark.parametrize(
    "text",
    ["{=1+1}", "{=cmd|' /C calc'!A0}", "https://example.org", "mailto:a@b.c", "0012", "x\ty"],
)
def test_texts_are_texts_in_excel(text: str) -> None:
    """Also what its writer takes for an array formula, a link or a number."""
    book = openpyxl.load_workbook(io.BytesIO(workbook({"turns": pl.DataFrame({"text": [text]})})))
    cell = book["turns"]["A2"]
    assert (cell.data_type, cell.hyperlink) == ("s", None)
    assert cell.value == text.replace("\t", " ")


def test_excel_limits_are_kept() -> None:
    """A cell holds 32,767 units of UTF-16, a sheet so many rows; the rest is cut, or goes on."""
    long = pl.DataFrame({"text": ["x" * CELL_UNITS, "y" * (CELL_UNITS + 1), "😀" * 20_000]})
    rows = sheets_of(workbook({"turns": long}))["turns"]
    read = [str(row[0]) for row in rows[1:]]
    assert read[0] == "x" * CELL_UNITS
    assert read[1] == "y" * (CELL_UNITS - 1) + "…"
    assert all(len(text.encode("utf-16-le")) <= 2 * CELL_UNITS for text in read)
    many = pl.DataFrame({"turn": list(range(7))})
    sheets = sheets_of(workbook({"turns": many}, sheet_rows=4))
    assert {name: [row[0] for row in rows] for name, rows in sheets.items()} == {
        "turns": ["turn", 0, 1, 2],
        "turns 2": ["turn", 3, 4, 5],
        "turns 3": ["turn", 6],
    }


def test_excel_has_a_frozen_header_and_readable_widths() -> None:
    """The header stays in sight; no column is wider than a screen."""
    book = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].files(call_of())[""]))
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert all(5 < column.width < 70 for column in sheet.column_dimensions.values())
        assert sheet["A1"].font.bold


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_report_gives_the_same_bytes(format_: str) -> None:
    """No clock and no chance is in a file."""
    assert FORMATS[format_].files(call_of()) == FORMATS[format_].files(call_of())


@given(st.lists(ODD, min_size=2, max_size=2), ODD)
def test_odd_names_and_texts_are_written_in_every_format(names: list[str], text: str) -> None:
    """Whatever people are called and say, each file can be made and is UTF-8."""
    lines = (
        build.line("S0", text or "-", 0.0, 1.0, ("offer", text or "-")),
        build.line("S1", "Yes.", 0.5, 2.0),
    )
    call = call_of(
        lines,
        speakers=[build.speaker("S0", names[0]), build.speaker("S1", names[1])],
        recording=build.recording(name=text),
    )
    report = read_report(json.dumps(call.report))
    whole = Call(
        report=report, words=call.words, turns=restored(report).turns, metrics=call.metrics
    )
    for one in FORMATS.values():
        for name, content in one.files(whole).items():
            if not name.endswith(".parquet") and one.ending != ".xlsx":
                content.decode("utf-8")
    ElementTree.fromstring(FORMATS["elan"].files(whole)[""])  # noqa: S314 - our own file


# --- a report alone


def test_a_report_alone_gives_its_turns_and_figures() -> None:
    """Turns as they were, no words; figures with their units, intervals and reasons."""
    report = build.full_report()
    report["quality"]["withheld"] = [
        {"scope": "S1", "metric": "empathy_share", "reason": "too few tags"}
    ]
    report["speakers"][1]["empathy_share"] = None
    call = restored(report)
    frame = typed_tables(call)
    whole = typed_tables(call_of())["turns"]
    assert frame["turns"].equals(whole)
    assert call.words.is_empty()
    figures = {
        (row["scope"], row["speaker"], row["metric"]): row
        for row in call.metrics.iter_rows(named=True)
    }
    talk = figures["call", "S0", "talk_ratio"]
    assert (talk["value"], talk["low"], talk["high"], talk["unit"]) == (
        0.5062,
        0.481,
        0.532,
        "share",
    )
    withheld = figures["call", "S1", "empathy_share"]
    assert (withheld["value"], withheld["withheld"]) == (None, "too few tags")
    assert figures["first", "S0", "empathy_rate"]["unit"] == "per_10_turns"
    assert figures["call", None, "silence_s"]["value"] == 23.1
    assert figures["call", "S0", "questions_per_hour"]["unit"] == "per_hour"


@pytest.mark.parametrize("text", ["", "[]", "3", '{"a": NaN}', "{", '"x"', "[" * 100_000])
def test_what_is_no_report_is_refused(text: str) -> None:
    """Text that is no object, or holds what is no number."""
    with pytest.raises((ValueError, RecursionError)):
        read_report(text)


def test_halves_of_characters_do_not_survive_reading() -> None:
    """JSON may escape them, and no file can hold them."""
    assert read_report('{"a": "x\\ud83d", "b": "\\ud83d\\ude00"}') == {"a": "x?", "b": "😀"}


def test_a_long_call_is_tiled_in_order() -> None:
    """Words in any order of turns come out sorted."""
    chance = random.Random(5)
    lines = [build.line("S0", f"w{n} v{n}", n, n + 1.0) for n in range(50)]
    chance.shuffle(lines)
    call = call_of(tuple(lines))
    text = FORMATS["textgrid"].files(call)[""].decode()
    words: Mapping[int, str] = dict(enumerate(re.findall(r'text = "(\w+)" ', text)))
    assert [word for word in words.values() if word.startswith("w")] == [f"w{n}" for n in range(50)]
