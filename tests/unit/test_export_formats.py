"""What `parley export` writes, read back with the readers of others: nobody and no tag is lost."""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import openpyxl
import polars as pl
import pympi
import pytest
import report_builder as build
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import METRICS, TURNS, WORDS
from pipeline.stages.exports import tables
from pipeline.stages.exports.call import Call
from pipeline.stages.exports.formats import FORMATS
from pipeline.stages.exports.naming import file_stem, labels
from pipeline.stages.exports.restored import read_report, restored
from pipeline.stages.exports.tiers import Interval, joined, layers, tiled
from pipeline.stages.exports.typed import typed_tables
from pipeline.stages.exports.workbook import CELL_UNITS, workbook

HOSTILE = (
    "=cmd|' /C calc'!A0\n--> <v Eve>{\\an8}&;;\t\u2028\u202ex\x00\x0b\ufffe\uffff]]>\"\"_x0041_"
    "\N{FULLWIDTH EQUALS SIGN}../..\\x"
)
TABLES = ("turns", "tactics", "offers", "metrics", "moments", "questions", "effects")
ODD = st.text(max_size=30) | st.sampled_from(
    [HOSTILE, "../../etc/passwd", "C:\\x", "", " ", ".", "..", "a" * 10_000, '"', "report.json"]
)


def call_of(lines: tuple[build.Line, ...] = build.CALL, **changes: Any) -> Call:
    """A made-up call with everything that a report can hold."""
    report = build.full_report() if lines is build.CALL else build.report(lines=lines)
    return Call(
        report=report | changes,
        words=build.words(lines),
        turns=build.turns(lines),
        metrics=build.metrics(),
    )


def hostile_call() -> Call:
    """Two speakers of one terrible name who say terrible things at the same time."""
    lines = (
        build.line("S0", HOSTILE, 0.0, 2.0, ("offer", HOSTILE), ("label", HOSTILE[:4])),
        build.line("S1", f"\r\t@SUM(1) {HOSTILE}", 1.0, 3.0),
        build.line("S0", "\x00 \x01", 2.5, 2.5),
        build.line("S0", f"-1 {HOSTILE}", 1.5, 2.0, ("offer", HOSTILE)),
        build.line("S1", "x" * 40_000, 3.0, 4.0),
    )
    name = HOSTILE + "n" * 10_000
    return call_of(
        lines,
        speakers=[build.speaker("S0", name), build.speaker("S1", name)],
        recording=build.recording(name=f"../../{HOSTILE}"),
        offers=[{"turn": 0, "speaker": "S0", "issue": "-1+1", "value": -5, "text": "\u3000+1"}],
    )


def written(call: Call, format_: str, folder: Path) -> Path:
    """The file of a format, or its folder."""
    for name, content in FORMATS[format_].files(call).items():
        path = folder / (name or f"call{FORMATS[format_].ending}")
        path.write_bytes(content)
        if not name:
            return path
    return folder


def tags_of(call: Call) -> Counter[tuple[str, str]]:
    """How many tags of each tactic each speaker has."""
    return Counter((tag["speaker"], tag["tactic"]) for tag in call.report["tactics"])


def named(call: Call) -> dict[str, str]:
    """Each speaker's id by the name of their tiers."""
    return {name: one for one, name in labels(call.report, speakers=call.speakers).items()}


# --- subtitles


def cues_read(path: Path) -> list[tuple[float, str]]:
    """Start in seconds and text of each cue, as FFmpeg has them."""
    with av.open(str(path)) as file:
        return [
            (float(packet.pts * packet.time_base), bytes(packet).decode())
            for packet in file.demux()
            if packet.pts is not None
        ]


@pytest.mark.parametrize("format_", ["srt", "vtt"])
def test_subtitles_show_each_tag_in_its_turn(format_: str, tmp_path: Path) -> None:
    """A player sees each speaker's name and, on a line of its own, the tags of the turn."""
    call = call_of()
    cues = cues_read(written(call, format_, tmp_path))
    for tag in call.report["tactics"]:
        turn = call.report["turns"][tag["turn"]]
        name = tag["tactic"].replace("_", " ")
        own = [text for start, text in cues if turn["start_s"] <= start <= turn["end_s"]]
        assert any(re.search(rf"\[.*\b{name}\b.*\]", text.split("\n")[-1]) for text in own)
    speaker = {"srt": "Ben: Hi Ana", "vtt": "<v Ben>Hi Ana"}[format_]
    assert cues[0][1].startswith(speaker)


def test_a_tag_stands_on_the_cue_in_which_it_ends() -> None:
    """20 s of talk are three cues or more; the tag of the first words is on the first of them."""
    text = "Could you do that? " + "We have talked about it for long. " * 6
    lines = (build.line("S0", text.strip(), 0.0, 20.0, ("open_question", "Could you do that?")),)
    call = call_of(lines)
    call.report["tactics"][0].update(start_s=0.0, end_s=2.0)
    blocks = FORMATS["srt"].files(call)[""].decode().strip().split("\n\n")
    assert len(blocks) >= 3
    assert [block.endswith("[open question]") for block in blocks] == [True] + [False] * (
        len(blocks) - 1
    )


def test_hostile_text_breaks_no_subtitle(tmp_path: Path) -> None:
    """Each cue has its time, its words and at most a line of tags; no markup but our own."""
    call = hostile_call()
    srt = FORMATS["srt"].files(call)[""].decode()
    for block in srt.strip().split("\n\n"):
        assert re.fullmatch(r"\d+\n[\d:,]+ --> [\d:,]+\n[^<>{}\n]+(\n\[[^<>{}\n]+\])?", block)
    vtt = FORMATS["vtt"].files(call)[""].decode()
    cue = r"[\d:.]+ --> [\d:.]+\n<v [^<>\n]+>[^<>\n]+</v>(\n<c[\w.]+>\[[^<>\n]+\]</c>)?"
    for block in vtt.removeprefix("WEBVTT\n\n").strip().split("\n\n"):
        assert re.fullmatch(cue, block), block[:200]
    assert len(cues_read(written(call, "vtt", tmp_path))) == vtt.count(" --> ")


# --- tiers


def grid_of(call: Call, folder: Path) -> dict[str, list[tuple[float, float, str]]]:
    """The tiers of the TextGrid, as pympi reads them."""
    grid = pympi.Praat.TextGrid(str(written(call, "textgrid", folder)))
    return {tier.name: sorted(tier.get_intervals()) for tier in grid.get_tiers()}


@pytest.mark.parametrize("make", [call_of, hostile_call])
def test_textgrid_tiers_have_no_gap_and_no_overlap(make: Any, tmp_path: Path) -> None:
    """Each tier goes from 0 to the end of the call, as Praat demands."""
    tiers = grid_of(make(), tmp_path)
    ends = {intervals[-1][1] for intervals in tiers.values()}
    assert len(ends) == 1
    for intervals in tiers.values():
        assert intervals[0][0] == 0
        assert all(a[1] == b[0] for a, b in itertools.pairwise(intervals))
        assert all(start < end for start, end, _ in intervals)


def test_textgrid_holds_every_turn_word_and_tag(tmp_path: Path) -> None:
    """Each by its speaker, with its times."""
    call = call_of()
    tiers = grid_of(call, tmp_path)
    assert set(tiers) == {f"{n}{k}" for n in ("Ana", "Ben") for k in ("", " words", " tactics")}
    for turn in call.report["turns"]:
        name = {"S0": "Ana", "S1": "Ben"}[turn["speaker"]]
        assert (turn["start_s"], turn["end_s"], turn["text"]) in tiers[name]
    for tag in call.report["tactics"]:
        name = {"S0": "Ana", "S1": "Ben"}[tag["speaker"]]
        inside = [
            text
            for start, end, text in tiers[f"{name} tactics"]
            if tag["start_s"] <= start and end <= tag["end_s"]
        ]
        assert inside
        assert all(tag["tactic"] in text.split("; ") for text in inside)
    words = [text for name in ("Ana", "Ben") for *_, text in tiers[f"{name} words"] if text]
    assert Counter(words) == Counter(" ".join(one.text for one in build.CALL).split())


def test_textgrid_of_a_silent_recording_is_one(tmp_path: Path) -> None:
    """A tier with nothing in it, as long as the recording."""
    call = Call(
        report=build.silent_report(),
        words=pl.DataFrame(schema=WORDS),
        turns=pl.DataFrame(schema=TURNS),
        metrics=pl.DataFrame(schema=METRICS),
    )
    assert grid_of(call, tmp_path) == {"turns": [(0, 168, "")]}


def elan_of(call: Call, folder: Path) -> pympi.Elan.Eaf:
    """The EAF, as pympi reads it."""
    return pympi.Elan.Eaf(str(written(call, "elan", folder)))


def annotations(eaf: pympi.Elan.Eaf, kind: str, speaker: str) -> list[tuple[int, int, str]]:
    """What all tiers of a kind hold of a speaker, by the name that tiers give them."""
    tiers = eaf.get_tier_ids_for_linguistic_type(kind)
    own = [t for t in tiers if eaf.get_parameters_for_tier(t)["PARTICIPANT"] == speaker]
    return [one[:3] for tier in own for one in eaf.get_annotation_data_for_tier(tier)]


@pytest.mark.parametrize("make", [call_of, hostile_call])
def test_elan_holds_every_turn_and_tag_with_its_times(make: Any, tmp_path: Path) -> None:
    """Also where two people have one name, and where one speaks twice at a time."""
    call = make()
    eaf = elan_of(call, tmp_path)
    assert len(named(call)) == 2
    for name, speaker in named(call).items():
        turns = [turn for turn in call.report["turns"] if turn["speaker"] == speaker]
        times = [(round(1000 * one["start_s"]), round(1000 * one["end_s"])) for one in turns]
        read = annotations(eaf, "turns", name)
        assert Counter(start for start, *_ in read) == Counter(start for start, _ in times)
        tags = Counter(text for *_, text in annotations(eaf, "tactics", name))
        assert tags == Counter({t: n for (who, t), n in tags_of(call).items() if who == speaker})


@pytest.mark.parametrize("make", [call_of, hostile_call])
def test_elan_is_sound_in_structure(make: Any, tmp_path: Path) -> None:
    """Parts in the order of the schema, ids once, references that exist, tiers without overlaps."""
    path = written(make(), "elan", tmp_path)
    root = ElementTree.parse(path).getroot()  # noqa: S314 - our own file
    order = [
        *("HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LANGUAGE"),
        "CONTROLLED_VOCABULARY",
    ]
    found = [element.tag for element in root]
    assert found == sorted(found, key=order.index)
    slots = {one.get("TIME_SLOT_ID"): int(one.get("TIME_VALUE")) for one in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    entries = {one.get("CVE_ID"): one[0].text for one in root.iter("CV_ENTRY_ML")}
    types = {one.get("LINGUISTIC_TYPE_ID") for one in root.iter("LINGUISTIC_TYPE")}
    names = [tier.get("TIER_ID") for tier in root.iter("TIER")]
    assert len(set(names)) == len(names)
    ids = [one.get("ANNOTATION_ID") for one in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(ids)) == len(ids)
    for tier in root.iter("TIER"):
        assert tier.get("LINGUISTIC_TYPE_REF") in types
        last = 0
        for one in tier.iter("ALIGNABLE_ANNOTATION"):
            start, end = slots[one.get("TIME_SLOT_REF1")], slots[one.get("TIME_SLOT_REF2")]
            assert last <= start < end
            last = end
            if tier.get("LINGUISTIC_TYPE_REF") == "tactics":
                assert entries[one.get("CVE_REF")] == one[0].text


def test_elan_names_the_recording_beside_it_and_no_other_place() -> None:
    """A relative address of one part, whatever the name of the recording."""
    for name, url in (
        ("my call.m4a", "./my%20call.m4a"),
        ("/etc/passwd", "./passwd"),
        ("..\\..\\x.wav", "./x.wav"),
    ):
        text = FORMATS["elan"].files(call_of(recording=build.recording(name=name)))[""].decode()
        media = ElementTree.fromstring(text).find("HEADER/MEDIA_DESCRIPTOR")  # noqa: S314
        assert media is not None
        assert media.get("MEDIA_URL") == media.get("RELATIVE_MEDIA_URL") == url


intervals = st.lists(
    st.builds(
        lambda start, length, label: Interval(start_ms=start, end_ms=start + length, label=label),
        st.integers(0, 60),
        st.integers(1, 30),
        st.sampled_from("abc"),
    ),
    max_size=12,
).map(lambda found: tuple(sorted(found, key=lambda one: (one.start_ms, one.end_ms))))


@given(intervals)
def test_layers_lose_nothing_and_hold_no_overlap(given_: tuple[Interval, ...]) -> None:
    """Every interval is in one layer, as it was."""
    found = layers(given_)
    assert Counter(one for layer in found for one in layer) == Counter(given_)
    for layer in found:
        assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(layer))


@given(intervals)
def test_joined_labels_hold_at_every_moment(given_: tuple[Interval, ...]) -> None:
    """At each millisecond the labels are those of the intervals that cover it."""
    tiles = tiled(joined(given_), end_ms=100)
    assert tiles[0].start_ms == 0
    assert tiles[-1].end_ms == 100
    for tile in tiles:
        covering = {
            o.label for o in given_ if o.start_ms < tile.end_ms and tile.start_ms < o.end_ms
        }
        assert set(filter(None, tile.label.split("; "))) == covering


# --- ConvoKit


def corpus_of(call: Call) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The utterances, and the other files by name, as ConvoKit's loader reads them."""
    files = {name: content.decode() for name, content in FORMATS["convokit"].files(call).items()}
    utterances = [json.loads(line) for line in files.pop("utterances.jsonl").splitlines()]
    return utterances, {name: json.loads(text) for name, text in files.items()}


@pytest.mark.parametrize("make", [call_of, hostile_call])
def test_convokit_holds_every_turn_and_tag(make: Any) -> None:
    """What its loader looks up is there; texts and names are as they were."""
    call = make()
    utterances, files = corpus_of(call)
    assert set(files) == {"speakers.json", "conversations.json", "corpus.json", "index.json"}
    ids = [one["id"] for one in utterances]
    assert [one["reply-to"] for one in utterances] == [None, *ids[:-1]]
    assert (
        {one["conversation_id"] for one in utterances}
        == {ids[0]}
        == set(files["conversations.json"])
    )
    people = {own: one["meta"] for own, one in files["speakers.json"].items()}
    turns = [
        (people[one["speaker"]]["id_in_report"], one["text"], one["timestamp"])
        for one in utterances
    ]
    assert turns == [(t["speaker"], t["text"], t["start_s"]) for t in call.report["turns"]]
    tags = Counter(
        (people[one["speaker"]]["id_in_report"], tag["tactic"])
        for one in utterances
        for tag in one["meta"]["tactics"]
    )
    assert tags == tags_of(call)
    assert {(p["id_in_report"], p["name"], p["is_me"]) for p in people.values()} == {
        (one["id"], one["name"], one["is_me"]) for one in call.report["speakers"]
    }


def test_convokit_indexes_every_key_with_its_types() -> None:
    """ConvoKit refuses nothing and warns of nothing it does not know."""
    utterances, files = corpus_of(call_of())
    index = files["index.json"]
    parts = {
        "utterances-index": [one["meta"] for one in utterances],
        "speakers-index": [one["meta"] for one in files["speakers.json"].values()],
        "conversations-index": [one["meta"] for one in files["conversations.json"].values()],
        "overall-index": [files["corpus.json"]],
    }
    for name, metas in parts.items():
        for meta in metas:
            for key, value in meta.items():
                assert value is None or str(type(value)) in index[name][key]
    assert index["version"] == 1


def test_convokit_ids_of_two_calls_are_not_the_same() -> None:
    """Speaker S0 of one call is somebody else than S0 of another, also inside the findings."""
    one = corpus_of(call_of())[1]
    other = corpus_of(call_of(recording=build.recording(digest="cd" * 32)))[1]
    assert not set(one["speakers.json"]) & set(other["speakers.json"])
    (conversation,) = one["conversations.json"].values()
    assert conversation["meta"]["questions"][0]["speaker"] in one["speakers.json"]


# --- tables


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


# --- names of files


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("call.m4a", "call"),
        ("Ana & Ben, March.wav", "Ana _ Ben_ March"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.b.wav", "a.b"),
        ("..", "call"),
        ("", "call"),
        ("report.wav", "call"),
        ("Transcript.srt", "call"),
        ("交渉.mp3", "交渉"),
        ("é" * 300 + ".wav", "é" * 50),
        ("-rf.wav", "rf"),
        (".hidden", "hidden"),
    ],
)
def test_files_are_called_after_the_recording(name: str, stem: str) -> None:
    """Its name without the ending, of harmless letters, and never one that an analysis writes."""
    assert file_stem({"recording": {"name": name}}) == stem


@given(ODD)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    """The stem is one part of a path, short and visible."""
    stem = file_stem({"recording": {"name": name}})
    assert Path(f"/out/{stem}.srt").resolve().parent == Path("/out")
    assert stem
    assert not stem.startswith(".")
    assert len(stem.encode()) <= 100


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
