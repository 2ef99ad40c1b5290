"""Quotes in the transcript: cut, overlapped, named."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
import report_builder as build
from hypothesis import given
from hypothesis import strategies as st
from page_cases import REPORTS, Case, case_of
from page_reader import Element
from shown_numbers import shows

from pipeline.stages.page.transcript import Label, segments

TEXT = "I hear you, but what would it take to make that work?"
LABELS = {
    name: Label(tactic=name, family=family, name=name, title="")
    for name, family in build.FAMILY.items()
}


@pytest.fixture(scope="module", params=REPORTS)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


def _tag(tactic: str, start: int, end: int) -> dict[str, object]:
    return {
        "tactic": tactic,
        "start_char": start,
        "end_char": end,
        "method": "rule",
        "score": 0.9,
    }


def test_a_text_without_tags_is_one_piece() -> None:
    (piece,) = segments(TEXT, tags=(), labels=LABELS)
    assert (piece.text, piece.covering, piece.ending) == (TEXT, (), ())


def test_an_empty_text_has_no_pieces() -> None:
    assert segments("", tags=[_tag("label", 0, 0)], labels=LABELS) == ()


def test_a_nested_quote_comes_before_the_one_around_it() -> None:
    tags = [_tag("acknowledgement", 0, 30), _tag("open_question", 16, 24)]
    inner = segments(TEXT, tags=tags, labels=LABELS)[1]
    assert [one.tactic for one in inner.covering] == ["open_question", "acknowledgement"]


def test_the_name_stands_behind_the_punctuation() -> None:
    pieces = segments(TEXT, tags=[_tag("acknowledgement", 0, 10)], labels=LABELS)
    assert [(one.text, len(one.covering), len(one.ending)) for one in pieces] == [
        ("I hear you", 1, 0),
        (",", 0, 1),
        (" but what would it take to make that work?", 0, 0),
    ]


offsets = st.integers(min_value=0, max_value=len(TEXT) + 5)
spans = st.lists(st.tuples(st.sampled_from(sorted(LABELS)), offsets, offsets), max_size=6)


@given(spans)
def test_pieces_join_to_the_text_and_name_every_tag_once(
    chosen: list[tuple[str, int, int]],
) -> None:
    tags = [_tag(tactic, min(one, two), max(one, two)) for tactic, one, two in chosen]
    pieces = segments(TEXT, tags=tags, labels=LABELS)
    assert "".join(one.text for one in pieces) == TEXT
    assert all(one.text for one in pieces)
    named = [named.label.tactic for one in pieces for named in one.ending]
    placed = [tag["tactic"] for tag in tags if tag["end_char"]]
    assert sorted(placed) == sorted(named) or len(named) == len(tags)


@given(spans)
def test_a_piece_is_marked_exactly_where_a_quote_covers_it(
    chosen: list[tuple[str, int, int]],
) -> None:
    tags = [_tag(tactic, min(one, two), max(one, two)) for tactic, one, two in chosen]
    pieces = segments(TEXT, tags=tags, labels=LABELS)
    ends = [0]
    for one in pieces:
        ends.append(ends[-1] + len(one.text))
    for piece, (start, end) in zip(pieces, pairwise(ends), strict=True):
        covering = [t for t in tags if t["start_char"] <= start and end <= t["end_char"]]
        assert len(piece.covering) == len(covering)


def test_the_transcript_has_each_turn_and_each_tag_once(case: Case) -> None:
    """The words as they are, the labels of a turn its tags, the time and the speaker its own."""
    tags: dict[int, list[dict[str, Any]]] = {}
    for tag in case.report["tactics"]:
        tags.setdefault(tag["turn"], []).append(tag)
    speakers = [one["id"] for one in case.report["speakers"]]
    items = case.page.one(class_="turns").find("li")
    assert len(items) == len(case.report["turns"]) > 0
    for item, turn in zip(items, case.report["turns"], strict=True):
        assert item.attributes["id"] == f"turn-{turn['index']}"
        assert item.attributes["data-speaker"] == str(speakers.index(turn["speaker"]))
        assert shows(item.one(class_="time").text, turn["start_s"])
        assert _spoken(item.one(class_="said")) == turn["text"]
        labels = [one.attributes["popovertarget"] for one in item.find("button", class_="label")]
        own = tags.get(turn["index"], [])
        assert Counter(labels) == Counter(f"tip-{tag['tactic']}" for tag in own)
        wanted = {tag["tactic"] for tag in own} | {f"family:{tag['family']}" for tag in own}
        assert set(item.attributes["data-tactics"].split()) == wanted


def test_marks_cover_the_quotes_and_labels_say_how_they_were_found(case: Case) -> None:
    for item, turn in zip(
        case.page.one(class_="turns").find("li"), case.report["turns"], strict=True
    ):
        own = [tag for tag in case.report["tactics"] if tag["turn"] == turn["index"]]
        wanted = {at for tag in own for at in range(tag["start_char"], tag["end_char"])}
        flags = [
            not isinstance(piece, str)
            for piece in item.one(class_="said").one("bdi").children
            if isinstance(piece, str) or piece.tag == "mark"
            for _ in (piece if isinstance(piece, str) else piece.text)
        ]
        assert {at for at, is_marked in enumerate(flags) if is_marked} == wanted
        how = [one.attributes["data-how"] for one in item.find("button", class_="label")]
        assert Counter(how) == Counter(f"{tag['method']} {tag['score']:.2g}" for tag in own)


def _spoken(element: Element) -> str:
    """The text without the names of tactics in it."""
    return "".join(
        one if isinstance(one, str) else _spoken(one)
        for one in element.children
        if isinstance(one, str) or one.tag != "button"
    )
