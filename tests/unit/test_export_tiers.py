"""TextGrid and ELAN files, read back by pympi: every turn, word and tag, and nothing overlaps."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pympi
import pytest
import report_builder as build
from export_calls import call_of, hostile_call, named, tags_of, written
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import METRICS, TURNS, WORDS
from pipeline.stages.exports.call import Call
from pipeline.stages.exports.formats import FORMATS
from pipeline.stages.exports.tiers import Interval, joined, layers, tiled


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
