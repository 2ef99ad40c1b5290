"""Subtitles and the ConvoKit corpus of `parley export`, and how its files are called."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import av
import pytest
import report_builder as build
from export_calls import ODD, call_of, hostile_call, tags_of, written
from hypothesis import given

from pipeline.stages.exports.call import Call
from pipeline.stages.exports.formats import FORMATS
from pipeline.stages.exports.naming import file_stem

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
